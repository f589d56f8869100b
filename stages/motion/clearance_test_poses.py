"""Poses in which the clothes of a character must clear its skin: the library's most extreme ones, and what only a user's clip may do:
reaching, bowing, sitting, stepping.

`python -m stages.motion.clearance_test_poses` writes them to assets/test_poses.json, which the model stage reads.
"""

from __future__ import annotations

import json

import numpy as np

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS, mirror_joint
from assets.paths import PROJECT_ROOT
from assets.rotation import prefer_positive_w
from stages.motion.clips import LIBRARY
from stages.motion.keyed_poses import REST_TURNS, JointTurns, interpolate_keys, mirror_turn, parse_pose

POSES_FILE = PROJECT_ROOT / "assets" / "test_poses.json"
_POSE_COUNT, _FRAMES_PER_CLIP, _FPS = 8, 8, 10
_MIN_SEPARATION = 1e-6
_UP = {"Shoulder": "z14", "Arm": "y-14 z60 x-30", "ForeArm": "y-14"}
_AHEAD = {"Shoulder": "y-8", "Arm": "y-82 z-8", "ForeArm": "y-16"}
_ACROSS = {"Shoulder": "y-10", "Arm": "y-100 z-30", "ForeArm": "y-60"}
_BACK = {"Arm": "y26 z-48", "ForeArm": "y-12"}
_SEATED = {"UpLeg": "z8 x-78", "Leg": "x84"}
_LIFTED, _BEHIND = {"UpLeg": "z4 x-52", "Leg": "x70"}, {"UpLeg": "x16", "Leg": "x34"}
_BOWED = {"Spine": "x10", "Spine1": "x10", "Spine2": "x6"}
_ASIDE, _TURNED = {"Spine": "z-7", "Spine1": "z-8", "Head": "z-8"}, {"Spine": "y9", "Spine1": "y10", "Spine2": "y8", "Head": "y30"}
EXTREME_POSES = (
    parse_pose(left=_UP | _LIFTED, right=_UP | _BEHIND), parse_pose(left=_AHEAD | _SEATED, right=_AHEAD | _SEATED, middle=_BOWED),
    parse_pose(left=_UP, right=_ACROSS | _LIFTED, middle=_ASIDE), parse_pose(left=_ACROSS | _BEHIND, right=_BACK | _LIFTED, middle=_TURNED),
)  # fmt: skip
"""The limits of arms, legs and back; asymmetric poses are tested mirrored too."""


def choose_test_poses() -> Floats:
    """(n,j,4) local rotations xyzw: the library's farthest poses, then EXTREME_POSES."""
    return np.concatenate([_choose_farthest(), *(_build_rotations(pose) for pose in EXTREME_POSES)])


def _build_rotations(pose: JointTurns) -> Floats:
    """(1|2,j,4) the pose and, if it is asymmetric, its mirror image; joints that it does not name are at rest."""
    both = (interpolate_keys(np.zeros(1, np.float32), [(0.0, {**REST_TURNS, **side})]) for side in (pose, _mirror_pose(pose)))
    original, mirrored = both
    return original if np.allclose(original, mirrored, atol=1e-5) else np.concatenate([original, mirrored])


def _mirror_pose(turns: JointTurns) -> JointTurns:
    return {mirror_joint(joint): mirror_turn(turn) for joint, turn in turns.items()}


def _choose_farthest() -> Floats:
    """(n,j,4) farthest-point sampling of the library; fingers do not count, as no cloth reaches them."""
    found = np.concatenate([_sample_clip(name) for name in LIBRARY])
    joints = [i for i, name in enumerate(JOINTS) if "Hand" not in name or name in ("LeftHand", "RightHand")]
    turns = prefer_positive_w(found)[:, joints].reshape(len(found), -1)
    distances = np.linalg.norm(turns - np.tile([0, 0, 0, 1], len(joints)), axis=1)
    chosen: list[int] = []
    while len(chosen) < _POSE_COUNT and distances.max() > _MIN_SEPARATION:
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, np.linalg.norm(turns - turns[chosen[-1]], axis=1))
    return np.asarray(found[chosen], np.float32)


def _sample_clip(name: str) -> Floats:
    rotations = LIBRARY[name](_FPS).rotations
    return np.asarray(rotations[np.linspace(0, len(rotations) - 1, _FRAMES_PER_CLIP).round().astype(int)], np.float32)


if __name__ == "__main__":
    table = {"joints": JOINTS, "rotations": choose_test_poses().round(4).tolist()}
    POSES_FILE.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")
