"""The examples are valid, say what they are about, and build."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from assets.formats.bvh import load_bvh
from assets.paths import PROJECT_ROOT
from assets.spec.read import SpecFile, read_spec
from bench.make_stretch import FILE, make_stretch
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


@pytest.mark.slow
@pytest.mark.parametrize("path", SPECS, ids=NAMES)
def test_each_example_builds(path: Path, tmp_path: Path) -> None:
    from assets.bundle import read_manifest
    from flows.engine.assemble import assemble_avatar

    folder = Path(assemble_avatar(str(path), out=str(tmp_path / path.stem), store=str(tmp_path / "store")))
    manifest = read_manifest(folder)
    assert all(check["ok"] for check in manifest["checks"])
    if path.stem == "own_bvh":
        assert (folder / "clips" / "stretch.vrma").is_file()
