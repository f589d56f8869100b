"""One true movement in the BVH of 200 houses: each is read within 1 cm and 2 degrees of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, PARENTS
from assets.errors import FormatError
from assets.rotation import forward_kinematics
from stages.motion.bvh import read_bvh_clip
from stages.motion.clip_options import face_forward
from tests.stages.motion.houses import BODY, SKELETON, House, list_houses, make_truth, write_house

TRUTH = make_truth()
HOUSES = list_houses(200)
QUICK = 40
"""Houses of the quick run, in which most pairs of choices appear."""


def measure_errors(clip: Clip, truth: Clip) -> tuple[float, float]:
    """Metres of the joint and degrees of the rotation that are furthest off, both clips facing forward at their start."""
    (ours, turns), (true, true_turns) = (
        forward_kinematics(PARENTS, SKELETON.heads, c.rotations, c.root) for c in (face_forward(clip), face_forward(truth))
    )
    joints = [JOINTS.index(joint) for joint in BODY]
    apart = np.linalg.norm(ours[:, joints] - true[:, joints], axis=-1)
    cosines = np.abs((turns[:, joints] * true_turns[:, joints]).sum(-1))
    return float(apart.max()), float(np.degrees(2 * np.arccos(np.clip(cosines, 0, 1))).max())


def read_house(house: House, folder: Path) -> tuple[Clip, list[str]]:
    path = folder / "house.bvh"
    path.write_bytes(write_house(house, TRUTH))
    return read_bvh_clip(path, "house")


@pytest.mark.parametrize("house", [
    pytest.param(house, marks=() if number < QUICK else pytest.mark.slow, id=f"{number}") for number, house in enumerate(HOUSES)
])  # fmt: skip
def test_a_house_is_read_as_the_truth(house: House, tmp_path: Path) -> None:
    clip, _ = read_house(house, tmp_path)
    metres, degrees = measure_errors(clip, TRUTH)
    assert (metres < 0.01, degrees < 2) == (True, True), (house, metres, degrees)


@pytest.mark.parametrize(("naming", "encoding"), [("chinese", "gb18030"), ("mikumikudance", "cp932"), ("mikumikudance", "utf-16")])
def test_names_in_an_old_encoding_are_read(naming: str, encoding: str, tmp_path: Path) -> None:
    house = next(house for house in HOUSES if house.naming == naming)
    path = tmp_path / "house.bvh"
    path.write_bytes(write_house(house, TRUTH).decode().encode(encoding))
    metres, degrees = measure_errors(read_bvh_clip(path, "house")[0], TRUTH)
    assert (metres < 0.01, degrees < 2) == (True, True), (house, metres, degrees)


def damage(lines: list[str], rng: np.random.Generator) -> list[str]:
    """The lines with one of them lost, repeated elsewhere, emptied of its numbers, or moved to the other side."""
    i, j = rng.integers(len(lines), size=2)
    changes = ("", lines[j], lines[i].replace("Left", "Right").replace("L_", "R_"), "OFFSET 0 0 0" if "OFFSET" in lines[i] else "1")
    return [*lines[:i], changes[rng.integers(4)], *lines[i + 1 :]]


def try_to_read(path: Path) -> tuple[int, Clip | None]:
    """The number of findings, and the clip where the file is read."""
    try:
        return 0, read_bvh_clip(path, "damaged")[0]
    except FormatError as error:
        return len(error.findings), None


def test_a_damaged_file_is_read_or_refused_in_one_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for number in range(60):
        lines = write_house(HOUSES[number], TRUTH).decode().split("\n")
        for _ in range(rng.integers(1, 4)):
            lines = damage(lines, rng)
        (tmp_path / "damaged.bvh").write_text("\n".join(lines))
        findings, clip = try_to_read(tmp_path / "damaged.bvh")
        assert findings == (clip is None)
        if clip is not None:
            np.testing.assert_allclose(np.linalg.norm(clip.rotations, axis=-1), 1, atol=1e-3)
            assert np.isfinite(clip.root).all()
