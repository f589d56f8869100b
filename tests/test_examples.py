"""The examples are valid, say what they are about, and build."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.artefact import Ref
from assets.artefacts.talk import Performance, Speech
from assets.bundle import read_manifest
from assets.formats.bvh import load_bvh
from assets.paths import PROJECT_ROOT
from assets.spec.read import SpecFile, read_spec
from assets.store import LocalStore
from bench.make_stretch import FILE, make_stretch
from flows.engine.assemble import assemble_avatar
from flows.engine.partial_build import run_partial_build
from flows.pipeline.batch import find_specs
from flows.pipeline.bundle_writer import collect_spec_warnings, collect_text_warnings
from flows.pipeline.request import BuildRequest, resolve_request
from flows.pipeline.spec_choices import collect_spec_choices

pytestmark = pytest.mark.slow

FOLDER = PROJECT_ROOT / "examples"
SPECS = find_specs(FOLDER)
NAMES = [path.stem for path in SPECS]


def read(path: Path) -> SpecFile:
    return read_spec(str(path), constraints=collect_spec_choices())


@pytest.mark.parametrize("path", SPECS, ids=NAMES)
def test_each_example_passes_check_without_a_warning(path: Path) -> None:
    file = read(path)
    assert [*collect_text_warnings(file.text), *collect_spec_warnings(file.spec)] == []


@pytest.mark.parametrize("path", SPECS, ids=NAMES)
def test_each_example_begins_with_its_idea(path: Path) -> None:
    first, second = path.read_text(encoding="utf-8").splitlines()[:2]
    assert first.startswith("# One idea: ")
    assert f"`fenshen build examples/{path.name}`" in second


@pytest.mark.parametrize("path", SPECS, ids=NAMES)
def test_each_example_is_ready_to_build(path: Path, tmp_path: Path) -> None:
    assert resolve_request(BuildRequest(str(path), store=tmp_path))[2] == Path("build") / path.stem


def test_the_readme_lists_every_example_and_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert {path.name for path in SPECS} <= set(links)
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_the_examples_in_which_nothing_is_restricted_say_so() -> None:
    assert {path.stem for path in SPECS if read(path).spec.rights.strict} == {"own_lines", "own_bvh"}


def test_the_bvh_is_what_the_script_makes_and_small() -> None:
    committed, made = (load_bvh(data, "stretch.bvh") for data in (FILE.read_bytes(), make_stretch()))
    assert committed.names == made.names
    np.testing.assert_allclose(committed.rotations, made.rotations, atol=1e-4)
    np.testing.assert_allclose(committed.positions, made.positions, atol=1e-3)
    assert FILE.stat().st_size < 100_000


def make(name: str, stage: str, store: Path) -> Ref[Any]:
    return run_partial_build(BuildRequest(str(FOLDER / f"{name}.yaml"), store=store), stage).outcome.ref


def test_the_lines_of_an_example_are_spoken_as_written(tmp_path: Path) -> None:
    speech = LocalStore(tmp_path).get(make("own_lines", "voice", tmp_path), Speech)
    assert set(read(FOLDER / "own_lines.yaml").spec.persona.lines) <= {line.text for line in speech.lines}


def test_the_bvh_of_an_example_becomes_a_clip(tmp_path: Path) -> None:
    performance = LocalStore(tmp_path).get(make("own_bvh", "performance", tmp_path), Performance)
    assert {"stretch", "stroll"} <= {clip.name for clip in performance.clips}


def test_an_example_builds_and_passes_every_gate(tmp_path: Path) -> None:
    folder = Path(assemble_avatar(str(FOLDER / "mandarin_guide.yaml"), out=str(tmp_path / "out"), store=str(tmp_path / "store")))
    assert all(check["ok"] for check in read_manifest(folder)["checks"])
