"""Small files that were once read wrong in silence, or refused: tests/data/bvh."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, PARENTS
from assets.formats.bvh import Bvh
from assets.paths import PROJECT_ROOT
from assets.rotation import forward_kinematics, rotate
from stages.motion.bvh import read_bvh_clip
from stages.motion.bvh_joints import map_joints
from stages.motion.bvh_names import find_finger, parse_names
from stages.motion.canonical_skeleton import build_canonical_skeleton

FOLDER = PROJECT_ROOT / "tests" / "data" / "bvh"
HEADS = build_canonical_skeleton().heads


def pose(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    return forward_kinematics(PARENTS, HEADS, clip.rotations, clip.root)


def read(name: str) -> tuple[Clip, list[str]]:
    return read_bvh_clip(FOLDER / f"{name}.bvh", "case")


CASES: dict[str, tuple[float, list[str]]] = {
    "names_daz": (0.001, []), "names_blender": (0.001, []), "names_xsens": (0.001, []), "utf16": (0.001, []), "x_axes": (0.01, []),
    "double_names": (0.001, ["double_names.bvh: several joints are named 'Tip'"]),
    "stopped": (0.001, ["stopped.bvh: the header announces 40 frames, but the file has 31; the recording was stopped"]),
}  # fmt: skip
"""File -> metres from base.bvh that are allowed, and the warnings."""


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_read_as_the_plain_file(name: str) -> None:
    clip, warnings = read(name)
    assert np.abs(pose(clip)[0] - pose(read("base")[0])[0]).max() < CASES[name][0]
    assert warnings == CASES[name][1]


def test_bones_along_x_keep_their_directions_within_5_degrees() -> None:
    ours, true = pose(read("x_axes")[0])[1], pose(read("base")[0])[1]
    assert np.degrees(2 * np.arccos(np.clip(np.abs((ours * true).sum(-1)), 0, 1))).max() < 5


@pytest.mark.parametrize("name", ["bvh_tilt_0", "bvh_tilt_8"])
def test_a_leaning_zero_pose_does_not_tilt_the_floor(name: str) -> None:
    positions, rotations = pose(read(name)[0])
    assert np.ptp(positions[:, 0, 1]) < 0.01
    for joint in ("LeftUpLeg", "LeftLeg", "RightUpLeg", "RightLeg"):
        up = rotate(rotations[:, JOINTS.index(joint)], np.array([0, 1, 0]))
        limb = HEADS[JOINTS.index(joint.replace("UpLeg", "Leg"))] - HEADS[JOINTS.index(joint)]
        allowed = 1 + np.degrees(np.arctan2(np.hypot(limb[0], limb[2]), -limb[1])) if "UpLeg" in joint else 6.5
        assert np.degrees(np.arccos(up[:, 1])).max() < allowed


def make_film(*names: str, parents: tuple[int, ...] = (), length: tuple[float, ...] = ()) -> Bvh:
    """A file of these joints without movement; each is the child of the one before, where no parents are given."""
    count = len(names)
    tree = np.array(parents or range(-1, count - 1), np.int32)
    offsets = np.tile(np.array([0, 1, 0], np.float32), (count, 1)) * np.array(length or [1.0] * count, np.float32)[:, None]
    turns = np.tile(np.array([0, 0, 0, 1], np.float32), (1, count, 1))
    return Bvh(names, tree, offsets, np.zeros(1, np.float32), offsets[None], turns)


LEG = ("Hips", "LThigh", "LShin", "LFoot", "LToe", "RThigh", "RShin", "RFoot", "RToe")
LEG_PARENTS = (-1, 0, 1, 2, 3, 0, 5, 6, 7)
ARMS = ("Chest", "LCollar", "LShldr", "LForeArm", "LHand", "RCollar", "RShldr", "RForeArm", "RHand")
ARM_PARENTS = (0, 9, 10, 11, 12, 9, 14, 15, 16)


def test_a_helper_takes_no_limbs_place() -> None:
    """An IK foot under the hips and a buttock called hip come first in the file."""
    names = (*LEG, *ARMS, "LHip", "LFoot")
    found = map_joints(make_film(*names, parents=(*LEG_PARENTS, *ARM_PARENTS, 0, 0)))
    assert (names[found.joints["LeftUpLeg"]], found.joints["LeftFoot"]) == ("LThigh", 3)


def test_two_characters_in_one_file_are_not_mixed() -> None:
    """Each leg was taken of the character whose leg is longer by a hair."""
    names = ("World", *(f"{who}:{name}" for who in "AB" for name in (*LEG, *ARMS)))
    count = len(LEG) + len(ARMS)
    parents = (-1, *(0 if parent < 0 else parent + 1 + who * count for who in (0, 1) for parent in (*LEG_PARENTS, *ARM_PARENTS)))
    length = tuple(1.1 if name in ("A:LShin", "B:RShin", "B:LForeArm") else 1.0 for name in names)
    found = map_joints(make_film(*names, parents=parents, length=length))
    assert {names[joint][0] for joint in (*found.joints.values(), *found.trunk)} == {"A"}


def test_the_words_of_the_hierarchy_decide_between_ankle_and_foot() -> None:
    """SMPL's ankle is our foot, its foot our toes; a collar makes the joint called shoulder an arm."""
    side = ("Hip", "Knee", "Ankle", "Foot")
    names = ("Pelvis", *(f"L_{p}" for p in side), *(f"R_{p}" for p in side), "Spine1",
             *(f"{s}_{p}" for s in "LR" for p in ("Collar", "Shoulder", "Elbow", "Wrist")))  # fmt: skip
    found = map_joints(make_film(*names, parents=(*LEG_PARENTS, *ARM_PARENTS)))
    assert [names[found.joints[f"Left{p}"]] for p in ("UpLeg", "Leg", "Foot", "ToeBase")] == [f"L_{p}" for p in side]
    assert [names[found.joints[f"Left{p}"]] for p in ("Shoulder", "Arm", "ForeArm", "Hand")] == [
        "L_Collar", "L_Shoulder", "L_Elbow", "L_Wrist"]  # fmt: skip


@pytest.mark.parametrize(("name", "side", "word"), [
    ("lShldr", "Left", "shldr"), ("thigh.R", "Right", "thigh"), ("LeftUpLeg", "Left", "upleg"), ("upperarm_l", "Left", "upperarm"),
    ("rightShoulder", "Right", "shoulder"), ("leftupleg", "Left", "upleg"), ("L5", "", "l5"), ("lowerback", "", "lowerback"),
    ("DEF-hand.L", "Left", "defhand"), ("rknee", "Right", "knee"), ("root", "", "root"), ("ns:rig|LHand", "Left", "hand"),
])  # fmt: skip
def test_a_name_is_a_part_and_a_mark(name: str, side: str, word: str) -> None:
    parsed = parse_names((name, "other", "third"))[0]
    assert (parsed.side, parsed.word) == (side, word)


@pytest.mark.parametrize(("name", "finger"), [
    ("LeftHandThumb1", "Thumb"), ("thumb_01_l", "Thumb"), ("leftLittleProximal", "Pinky"), ("f_index.01.L", "Index"),
    ("L Finger0", "Thumb"), ("L Finger12", "Index"), ("lMid1", "Middle"), ("LeftInHandIndex", ""), ("LeftHandEnd", ""),
    ("leftThumbMetacarpal", "Thumb"), ("leftIndexMetacarpal", ""), ("LeftHand", ""),
])  # fmt: skip
def test_fingers_are_found_in_every_spelling(name: str, finger: str) -> None:
    assert find_finger(parse_names((name, "Hips", "Spine"))[0]) == finger
