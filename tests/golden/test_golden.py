"""The result of every stage is the golden one of its version; a changed result that kept its version fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.motion import Motion
from assets.paths import get_baked_path
from flows.pipeline.definition import STAGES
from tests.golden import golden as files
from tests.golden.cases import CASES, EXACT, make_motion
from tests.golden.golden import Golden, compare, make_golden, measure_difference, read_golden, write_golden
from tests.golden.update import update

pytestmark = pytest.mark.slow

NEEDS_BAKE = ("identity", "body", "texture", "groom")
PRESENCE = STAGES["presence"]
UPDATE = "python -m tests.golden.update"


def test_every_stage_has_a_case_and_a_golden_result() -> None:
    assert set(CASES) == set(STAGES)
    assert {path.stem for path in files.FOLDER.glob("*.json")} == set(STAGES)


def test_the_golden_results_are_small() -> None:
    assert sum(path.stat().st_size for path in files.FOLDER.iterdir()) < 300_000


@pytest.mark.parametrize("name", STAGES)
def test_a_result_is_the_golden_one_of_its_version(name: str) -> None:
    if name in NEEDS_BAKE and not get_baked_path("body.safetensors").exists():
        pytest.skip("the body model is missing: run `fenshen bake`")
    assert compare(STAGES[name], read_golden(name), CASES[name].run(), CASES[name].tolerance) == ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of golden results of its own, with that of presence."""
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    write_golden("presence", make_golden("presence", CASES["presence"].run()))
    return tmp_path


def perturb(motion: Motion, by: float) -> Motion:
    """The motion with one joint rotated further in one frame."""
    rotations = motion.clips[0].rotations.copy()
    rotations[30, 0, 0] += by
    return replace(motion, clips=(replace(motion.clips[0], rotations=rotations),))


def test_a_changed_result_that_kept_its_version_fails(folder: Path) -> None:
    result = CASES["presence"].run()
    assert isinstance(result, Motion)
    assert compare(PRESENCE, read_golden("presence"), result, EXACT) == ""
    change = compare(PRESENCE, read_golden("presence"), perturb(result, 0.1), EXACT)
    difference = change.split(" by ")[1].split(" ")[0]
    assert change == (
        f"the result of stage presence changed by {difference} (tolerance 0.001): raise its version and run {UPDATE}; "
        "the largest change is in clips.[].rotations"
    )
    assert float(difference) > EXACT


def test_a_raised_version_needs_a_new_golden_result(folder: Path) -> None:
    raised = replace(PRESENCE, version=PRESENCE.version + 1)
    assert compare(raised, read_golden("presence"), make_motion(), EXACT) == (
        f"the golden result of presence is of version {PRESENCE.version}, the stage of version {raised.version}: run {UPDATE}"
    )
    assert compare(PRESENCE, None, make_motion(), EXACT) == f"the stage presence has no golden result: run {UPDATE}"


def test_a_new_version_of_the_stage_that_made_the_input_needs_a_new_golden_result() -> None:
    golden = Golden(PRESENCE.version, {"body": STAGES["body"].version - 1}, {})
    assert compare(PRESENCE, golden, make_motion(), EXACT) == (
        f"the input of the golden result of presence is of another version of body: run {UPDATE}"
    )


def test_update_refuses_a_changed_result_until_its_version_is_raised(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, result = read_golden("presence"), CASES["presence"].run()
    assert isinstance(result, Motion)
    monkeypatch.setitem(CASES, "presence", replace(CASES["presence"], run=lambda: perturb(result, 0.1)))
    assert update("presence").startswith("the result of stage presence changed by ")
    assert read_golden("presence") == before
    monkeypatch.setitem(STAGES, "presence", replace(PRESENCE, version=PRESENCE.version + 1))
    assert update("presence") == ""
    assert read_golden("presence") != before


def test_update_writes_a_missing_result_and_leaves_an_equal_one(folder: Path) -> None:
    file = folder / "presence.json"
    before = file.read_bytes()
    file.unlink()
    assert update("presence") == ""
    assert file.read_bytes() == before
    assert update("presence") == ""
    assert file.read_bytes() == before


@pytest.mark.parametrize(("found", "golden", "difference"), [
    ([3.0, 1.0, 2.0, 4.0], [3.0, 1.0, 2.0, 4.0], 0.0),
    ([3.0, 1.0, 2.0, 4.04], [3.0, 1.0, 2.0, 4.0], 0.01),
    ([101.0, 1.0], [100.0, 1.0], 0.01),
    ([3.0, 1.0], [4.0, 1.0, 2.0], 1.0),
    ("one", "two", 1.0),
])  # fmt: skip
def test_the_difference_is_relative_to_the_largest_number_of_the_field(
    found: list[float] | str, golden: list[float] | str, difference: float
) -> None:
    assert measure_difference({"x": found}, {"x": golden}) == (pytest.approx(difference, abs=1e-9), "x")


def test_a_field_that_only_one_result_has_is_a_difference() -> None:
    assert measure_difference({"x": [1.0, 1.0], "y": "new"}, {"x": [1.0, 1.0]}) == (1.0, "y")
    assert np.isfinite(measure_difference({}, {})[0])
