"""Compares a stage's result with its golden file, and writes that file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assets.artefact import Artefact
from flows.pipeline.definition import STAGES
from stages.stage import Stage
from tests.golden.cases import CASES
from tests.golden.summary import Summary, summarise

FOLDER = Path(__file__).resolve().parent / "results"
UPDATE = "python -m tests.golden.update"


@dataclass(frozen=True)
class Golden:
    """The result of a stage when its version was last raised."""

    version: int
    upstream: dict[str, int]
    """Version of each stage that made the input."""
    summary: Summary


def read_golden(name: str) -> Golden | None:
    """None where the stage has no golden file."""
    path = FOLDER / f"{name}.json"
    return Golden(**json.loads(path.read_text("utf-8"))) if path.is_file() else None


def make_golden(name: str, result: Artefact) -> Golden:
    upstream = {stage: STAGES[stage].version for stage in CASES[name].upstream}
    return Golden(STAGES[name].version, upstream, summarise(result))


def write_golden(name: str, golden: Golden) -> None:
    """One line per field of the result, so that a diff shows which ones changed."""
    rows = ",\n".join(f"  {json.dumps(path)}: {json.dumps(leaf, separators=(',', ':'))}" for path, leaf in golden.summary.items())
    head = f'"version": {golden.version}, "upstream": {json.dumps(golden.upstream)}'
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(f'{{{head}, "summary": {{\n{rows}\n}}}}\n', "utf-8")


def compare(stage: Stage[Any], golden: Golden | None, result: Artefact, tolerance: float) -> str:
    """What is wrong, in one sentence; empty where the result is the golden one."""
    if golden is None:
        return f"the stage {stage.name} has no golden result: run {UPDATE}"
    if golden.version != stage.version:
        return f"the golden result of {stage.name} is of version {golden.version}, the stage of version {stage.version}: run {UPDATE}"
    if outdated := [name for name, version in golden.upstream.items() if version != STAGES[name].version]:
        return f"the input of the golden result of {stage.name} is of another version of {', '.join(outdated)}: run {UPDATE}"
    difference, path = measure_difference(summarise(result), golden.summary)
    if difference > tolerance:
        change = f"the result of stage {stage.name} changed by {difference:.2g} (tolerance {tolerance:g})"
        return f"{change}: raise its version and run {UPDATE}; the largest change is in {path}"
    return ""


def measure_difference(found: Summary, golden: Summary) -> tuple[float, str]:
    """The largest relative difference of a field, and its path; 1 for another text, another form, or a field that only one has."""
    paths = sorted(found.keys() | golden.keys())
    return max(((_compare_leaves(found.get(path), golden.get(path)), path) for path in paths), default=(0.0, ""))


def _compare_leaves(found: list[float] | str | None, golden: list[float] | str | None) -> float:
    if not isinstance(found, list) or not isinstance(golden, list):
        return float(found != golden)
    if len(found) != len(golden):
        return 1.0
    count = abs(found[0] - golden[0]) / max(golden[0], 1)
    a, b = np.array(found[1:]), np.array(golden[1:])
    scale = max(float(np.abs(b).max(initial=0)), 1e-3)
    return max(count, float(np.abs(a - b).max(initial=0)) / scale)
