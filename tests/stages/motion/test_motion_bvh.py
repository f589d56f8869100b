"""BVH files of other houses arrive on our skeleton: names, sizes, worlds and rest poses differ, the movement does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, VRM_BONES
from assets.errors import FormatError
from assets.formats.bvh import write
from assets.rotation import about, forward_kinematics, inverse, multiply, rotate, to_local
from assets.spec.act import ClipSpec, MotionSpec
from stages.motion.bvh import mapped, read_clip
from stages.motion.canonical import canonical
from stages.motion.clips import LIBRARY
from stages.motion.stage import run

WAVE = LIBRARY["wave"](20)
CMU = {"Spine": "LowerBack", "Spine1": "Spine9", "LeftShoulder": "LeftCollar", "LeftArm": "LeftShoulder", "LeftForeArm": "LeftElbow",
       "LeftHand": "LeftWrist", "RightShoulder": "RightCollar", "RightArm": "RightShoulder", "RightForeArm": "RightElbow",
       "RightHand": "RightWrist", "LeftUpLeg": "LeftHip", "LeftLeg": "LeftKnee", "LeftFoot": "LeftAnkle", "LeftToeBase": "LeftToe",
       "RightUpLeg": "RightHip", "RightLeg": "RightKnee", "RightFoot": "RightAnkle", "RightToeBase": "RightToe"}  # fmt: skip
SPELLINGS = {
    "ours": lambda name: name,
    "mixamo": lambda name: f"mixamorig:{name}",
    "vrm": VRM_BONES.__getitem__,
    "motion builder": lambda name: CMU.get(name, name),
}


def places(clip: Clip) -> Floats:
    skeleton = canonical()
    return forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0]


def saved(path: Path, clip: Clip, skeleton: Skeleton) -> Path:
    path.write_bytes(write(clip, skeleton))
    return path


@pytest.mark.parametrize("house", SPELLINGS)
def test_the_names_of_other_houses_are_known(tmp_path: Path, house: str) -> None:
    skeleton = replace(canonical(), names=tuple(SPELLINGS[house](name) for name in JOINTS))
    found = mapped(skeleton.names)
    body = [n for n in JOINTS if "Hand" not in n.removesuffix("Hand") and "Eye" not in n and n not in ("Spine", "Spine1", "Spine2")]
    assert {name: found.get(name) for name in body} == {name: JOINTS.index(name) for name in body}
    clip = read_clip(saved(tmp_path / "x.bvh", WAVE, skeleton), "x")
    limbs = [JOINTS.index(name) for name in body]
    np.testing.assert_allclose(places(clip)[:, limbs], places(WAVE)[:, limbs], atol=0.02)


def test_a_file_in_inches_with_z_up_gives_the_same_movement(tmp_path: Path) -> None:
    turn = about((1, 0, 0), np.pi / 2)
    skeleton = replace(canonical(), heads=rotate(turn, canonical().heads) * 39.37)
    local = multiply(multiply(turn, WAVE.rotations), inverse(turn))
    clip = replace(WAVE, rotations=local, root=rotate(turn, WAVE.root) * 39.37)
    got = read_clip(saved(tmp_path / "z.bvh", clip, skeleton), "z")
    np.testing.assert_allclose(places(got) - places(got)[:, :1], places(WAVE) - places(WAVE)[:, :1], atol=2e-3)


def test_a_file_that_rests_with_hanging_arms_gives_the_same_limbs(tmp_path: Path) -> None:
    ours = canonical()
    rest = np.tile(np.array([0, 0, 0, 1], np.float32), (1, len(JOINTS), 1))
    for side, sign in (("Left", 1), ("Right", -1)):
        rest[0, JOINTS.index(f"{side}Arm")] = about((0, 0, 1), -sign * 1.2)
    heads, turns = forward_kinematics(ours.parents, ours.heads, rest, np.zeros((1, 3)))
    world = forward_kinematics(ours.parents, ours.heads, WAVE.rotations, WAVE.root)[1]
    local = to_local(ours.parents, multiply(world, inverse(turns)))
    got = read_clip(saved(tmp_path / "a.bvh", replace(WAVE, rotations=local), replace(ours, heads=heads[0])), "a")
    np.testing.assert_allclose(places(got), places(WAVE), atol=5e-3)


def test_the_stage_takes_a_bvh_clip_by_its_name(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.bvh", WAVE, canonical())
    motion = run(options=MotionSpec(clips=(ClipSpec(name="hello", bvh=str(path)),)), seed=0)
    clip = next(c for c in motion.clips if c.name == "hello")
    assert (clip.source, len(clip.times)) == ("bvh", len(WAVE.times))
    assert any(source.origin == "w.bvh" for source in motion.sources)


def test_unknown_joints_and_missing_files_are_refused(tmp_path: Path) -> None:
    skeleton = replace(canonical(), names=tuple(f"bone{i}" for i in range(len(JOINTS))))
    with pytest.raises(FormatError, match="Hips"):
        read_clip(saved(tmp_path / "n.bvh", WAVE, skeleton), "n")
    with pytest.raises(FormatError, match="cannot be read"):
        read_clip(tmp_path / "none.bvh", "n")
