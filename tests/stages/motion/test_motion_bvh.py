"""BVH files of other houses on our skeleton: names, rest poses, units and axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.errors import FormatError
from assets.formats.bvh import write
from assets.rotation import about, forward_kinematics, inverse, multiply, rotate, to_local
from stages.motion.bvh import mapped, read_clip
from stages.motion.canonical import canonical
from stages.motion.clips import LIBRARY

WAVE = LIBRARY["wave"](30)
CMU = ("Hips LHipJoint LeftUpLeg LeftLeg LeftFoot LeftToeBase RHipJoint RightUpLeg RightLeg RightFoot RightToeBase LowerBack Spine Spine1 "
       "Neck Neck1 Head LeftShoulder LeftArm LeftForeArm LeftHand RightShoulder RightArm RightForeArm RightHand").split()  # fmt: skip


def places(clip: Clip) -> np.ndarray:
    skeleton = canonical()
    return forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0]


def saved(folder: Path, clip: Clip, skeleton: Skeleton) -> Path:
    path = folder / "clip.bvh"
    path.write_text(write(clip, skeleton))
    return path


def test_our_own_clip_comes_back_as_it_was(tmp_path: Path) -> None:
    back = read_clip(saved(tmp_path, WAVE, canonical()), "mine")
    assert (back.name, back.source, back.face.shape) == ("mine", "bvh", (len(WAVE.times), 0))
    hips = JOINTS.index("Hips")
    ours, theirs = places(WAVE), places(back)
    np.testing.assert_allclose(theirs - theirs[:, [hips]], ours - ours[:, [hips]], atol=2e-3)
    np.testing.assert_allclose(np.diff(theirs[:, hips], axis=0), np.diff(ours[:, hips], axis=0), atol=1e-3)


def test_mixamos_names_another_size_and_a_pose_with_hanging_arms_give_the_same_movement(tmp_path: Path) -> None:
    """The same wave told on a skeleton twice as large, whose arms hang by 45 degrees where all its angles are zero."""
    ours = canonical()
    rest = np.tile(np.array([0, 0, 0, 1], np.float32), (1, len(JOINTS), 1))
    for side, sign in (("Left", -1), ("Right", 1)):
        rest[0, JOINTS.index(f"{side}Arm")] = about((0, 0, sign), np.radians(45))
    heads, hang = forward_kinematics(ours.parents, ours.heads, rest, np.zeros((1, 3)))
    _, world = forward_kinematics(ours.parents, ours.heads, WAVE.rotations, WAVE.root)
    turns = to_local(ours.parents, multiply(world, inverse(hang)))
    skeleton = Skeleton(tuple(f"mixamorig:{name}" for name in JOINTS), ours.parents, (2 * heads[0]).astype(np.float32))
    clip = Clip("wave", WAVE.times, turns, 2 * WAVE.root, WAVE.face)
    back = read_clip(saved(tmp_path, clip, skeleton), "wave")
    hips = JOINTS.index("Hips")
    apart = (places(back) - places(back)[:, [hips]]) - (places(WAVE) - places(WAVE)[:, [hips]])
    assert np.abs(apart).max() < 5e-3


def test_a_file_with_z_up_stands_upright(tmp_path: Path) -> None:
    ours = canonical()
    tip = about((1, 0, 0), np.radians(90))
    _, world = forward_kinematics(ours.parents, ours.heads, WAVE.rotations, WAVE.root)
    turns = to_local(ours.parents, multiply(multiply(tip, world), inverse(tip)))
    skeleton = Skeleton(ours.names, ours.parents, rotate(tip, ours.heads))
    back = read_clip(saved(tmp_path, Clip("wave", WAVE.times, turns, rotate(tip, WAVE.root), WAVE.face), skeleton), "wave")
    hips = JOINTS.index("Hips")
    apart = (places(back) - places(back)[:, [hips]]) - (places(WAVE) - places(WAVE)[:, [hips]])
    assert np.abs(apart).max() < 2e-3


def test_the_names_of_cmu_and_daz_are_known() -> None:
    found = mapped(tuple(CMU))
    assert {ours: CMU[i] for ours, i in found.items() if ours not in CMU} == {}
    assert CMU[found["Spine"]] == "LowerBack"
    daz = ("hip", "abdomen", "chest", "neck", "head", "lCollar", "lShldr", "lForeArm", "lHand", "lThigh", "lShin", "lFoot")
    assert {daz[i]: ours for ours, i in mapped(daz).items()}["lShldr"] == "LeftArm"
    older = ("Hips", "LeftCollar", "LeftShoulder", "LeftElbow", "LeftWrist", "LeftHip", "LeftKnee", "LeftAnkle")
    assert [older[mapped(older)[f"Left{part}"]] for part in ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot")] == list(older[1:])


def test_a_skeleton_without_legs_is_refused_by_name(tmp_path: Path) -> None:
    names = tuple(name.replace("Leg", "Wheel") for name in JOINTS)
    path = saved(tmp_path, WAVE, Skeleton(names, canonical().parents, canonical().heads))
    with pytest.raises(FormatError, match="LeftUpLeg") as caught:
        read_clip(path, "wave")
    assert caught.value.findings[0].code == "motion/bvh-names"


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="nowhere") as caught:
        read_clip(tmp_path / "nowhere.bvh", "wave")
    assert caught.value.findings[0].code == "motion/no-file"
