"""Continual re-training: a challenger replaces the champion only if no measure is worse; every trial is recorded.

The champion registry is a folder with the champions' `weights.json` and the files that `fenshen train` writes, past champions
in `past/NUMBER/`, and `history.json` with a record of every trial. Trials are decided on the validation split: the test split
stays unseen, so that it can still measure a champion.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.errors import Finding, FormatError, SpecError
from assets.store import write_atomic
from assets.strict_json import parse_json
from assets.weights import INDEX_FILE, build_weights_index, read_weights_index
from stages.train.files import BEST_CHECKPOINT, COMPANION_SUFFIXES, HISTORY_FILE, NETS_SUFFIX, PAST_FOLDER, get_run_folder

HIGHER_IS_BETTER = ("precision", "recall", "diversity", "memory")
LOWER_IS_BETTER = (
    "fenshen-frechet",
    "fenshen-kernel",
    "patches",
    "FID",
    "KID",
    "age error",
    "gender error",
    "tone error",
    "impossible",
    "worst",
)
"""Measures that decide. Speed and size do not: the net is the same, and speed depends on the machine's load."""
SUFFICIENT_VALUES: Mapping[str, float] = {"diversity": 1.0, "memory": 0.9}
"""Values beyond which more is not better: as diverse as real people, as far from the training examples as strangers."""


@dataclass(frozen=True)
class MeasureComparison:
    """One measure of a trial."""

    measure: str
    champion: float
    challenger: float
    holds: bool
    """The challenger is at least as good."""


@dataclass(frozen=True)
class ChampionTrial:
    """The result of a trial."""

    number: int
    title: str
    accepted: bool
    why: str
    champion: str
    """sha256 of the champion that was challenged; empty if there was none."""
    challenger: str
    when: str
    rows: tuple[MeasureComparison, ...] = ()


def compare_measures(champion: Mapping[str, float], challenger: Mapping[str, float]) -> tuple[MeasureComparison, ...]:
    """Every deciding measure that is in both reports."""
    names = [name for name in (*LOWER_IS_BETTER, *HIGHER_IS_BETTER) if name in champion and name in challenger]
    return tuple(
        MeasureComparison(name, champion[name], challenger[name], _is_as_good(name, champion[name], challenger[name])) for name in names
    )


def _is_as_good(name: str, champion: float, challenger: float) -> bool:
    return challenger >= min(champion, SUFFICIENT_VALUES.get(name, champion)) if name in HIGHER_IS_BETTER else challenger <= champion


def read_history(registry: Path) -> list[dict[str, Any]]:
    """Every trial and rollback, the oldest first; empty for a new registry. Raises FormatError if the file is not JSON."""
    file = registry / HISTORY_FILE
    try:
        return list(parse_json(file.read_text(encoding="utf-8"))) if file.exists() else []
    except ValueError as error:
        fix = "restore it, or choose another --registry"
        raise FormatError(Finding("champion/broken", f"{file} is not valid JSON: {error}", fix=fix)) from error


def read_trials(registry: Path) -> list[dict[str, Any]]:
    """As read_history, for a listing; raises SpecError if there are no trials."""
    history = read_history(registry)
    if not history:
        fix = "make one with `fenshen retrain`, or correct --registry"
        raise SpecError(Finding("champion/none", f"there are no trials in {registry}", fix=fix))
    return history


def challenge(
    registry: Path, title: str, trained: Path, champion: Mapping[str, float] | None, challenger: Mapping[str, float]
) -> ChampionTrial:
    """Decides a trial of the weights `title` in the folder `trained`, records it, and installs them if they are as good.

    Args:
        champion: the measures of the registry's weights of that title; None if it has none.
        challenger: the measures of the new weights, under the same conditions.
    """
    history = read_history(registry)
    incumbent = read_weights_index(registry).get(title, {})
    rows = compare_measures(champion, challenger) if champion is not None else ()
    worse = [row.measure for row in rows if not row.holds]
    why = "there was no champion" if champion is None else f"worse: {', '.join(worse)}" if worse else "no measure is worse"
    sha256 = str(read_weights_index(trained)[title]["sha256"])
    trial = ChampionTrial(len(history), title, not worse, why, str(incumbent.get("sha256", "")), sha256, _make_timestamp(), rows)
    if trial.accepted:
        if incumbent:
            install(registry, _get_past_folder(registry, trial.number), title)
        install(trained, registry, title)
        if (nets := get_run_folder(trained, title) / BEST_CHECKPOINT).exists():
            write_atomic(registry / f"{title}{NETS_SUFFIX}", nets.read_bytes())
    _write_history(registry, [*history, asdict(trial)])
    return trial


def find_start(registry: Path, title: str) -> Path | None:
    """The file that a challenger starts from: all nets of the champion's run, or else its weights; None without a champion."""
    nets, entry = registry / f"{title}{NETS_SUFFIX}", read_weights_index(registry).get(title)
    return None if entry is None else nets if nets.exists() else registry / str(entry["file"])


def roll_back(registry: Path, title: str) -> ChampionTrial:
    """Restores the previous champion; raises SpecError if there is none."""
    history = read_history(registry)
    undone = {record["undoes"] for record in history if "undoes" in record}
    replacements = [r for r in history if r.get("accepted") and r["title"] == title and r["champion"] and r["number"] not in undone]
    if not replacements:
        fix = "list the trials with `fenshen champion ls`"
        raise SpecError(Finding("champion/first", f"{registry} has no earlier champion of {title}", fix=fix))
    last = replacements[-1]
    install(_get_past_folder(registry, last["number"]), registry, title)
    trial = ChampionTrial(len(history), title, False, f"rolled back to the champion before trial {last['number']}",
                  last["challenger"], last["champion"], _make_timestamp())  # fmt: skip
    _write_history(registry, [*history, {**asdict(trial), "undoes": last["number"]}])
    return trial


def _get_past_folder(registry: Path, number: int) -> Path:
    """The folder of the champion that trial NUMBER replaced."""
    return registry / PAST_FOLDER / str(number)


def _make_timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def format_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows of a trial's `asdict`, formatted for a table."""
    return [
        {"measure": row["measure"], "champion": f"{row['champion']:.4g}", "challenger": f"{row['challenger']:.4g}",
         "holds": "yes" if row["holds"] else "no"}
        for row in rows
    ]  # fmt: skip


def _write_history(registry: Path, history: list[dict[str, Any]]) -> None:
    write_atomic(registry / HISTORY_FILE, (json.dumps(history, indent=1, ensure_ascii=False) + "\n").encode())


def install(source: Path, target: Path, title: str) -> None:
    """Copies weights, card and images; weights.json, which refers to them, is written last."""
    entry = read_weights_index(source)[title]
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{title}{NETS_SUFFIX}").unlink(missing_ok=True)  # of another champion
    for file in (source / f"{title}{suffix}" for suffix in COMPANION_SUFFIXES):
        if file.is_file():
            shutil.copyfile(file, target / file.name)
    write_atomic(target / entry["file"], (source / entry["file"]).read_bytes())
    write_atomic(target / INDEX_FILE, build_weights_index(target, title, entry))
