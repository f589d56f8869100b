"""Frames of clips that make good pictures: at rest with open eyes, a hand at its highest, the mouth at its widest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import MORPHS_67
from assets.rotation import forward_kinematics
from stages.render.posing import Pose, build_standing_pose

_OPEN_MOUTH_MORPHS = ("jawOpen", "viseme_aa", "viseme_O", "viseme_E")


def find_rest_pose(clips: Sequence[Clip], skeleton: Skeleton) -> Pose:
    """The pose of the idle clip in which the eyes are open widest; arms at the sides without an idle clip."""
    idle = next((clip for clip in clips if clip.name == "idle"), None)
    return extract_pose(idle, int(_measure_eye_closure(idle).argmin())) if idle else build_standing_pose(skeleton)


def extract_pose(clip: Clip, frame: int) -> Pose:
    """The clip's pose in one frame."""
    face = clip.face[frame] if clip.face.shape[1] else np.zeros(len(MORPHS_67), np.float32)
    return Pose(clip.rotations[frame], clip.root[frame], face)


def find_widest_mouth(clip: Clip) -> int:
    """The frame in which the mouth is open widest while the eyes are open."""
    if not clip.face.shape[1]:
        return len(clip.times) // 2
    mouth = clip.face[:, [MORPHS_67.index(name) for name in _OPEN_MOUTH_MORPHS]].max(axis=1)
    # Beyond 0.6 the mouth is open enough, and the eyes decide between frames.
    return int((np.minimum(mouth, 0.6) - 2 * np.maximum(_measure_eye_closure(clip) - 0.1, 0)).argmax())


def find_highest_hand(clip: Clip, skeleton: Skeleton) -> int:
    """The frame in which either hand is highest."""
    hands = [skeleton.names.index("LeftHand"), skeleton.names.index("RightHand")]
    positions, _ = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)
    return int(positions[:, hands, 1].max(1).argmax())


def _measure_eye_closure(clip: Clip) -> Floats:
    """(f,) how far the eyes are shut or look away."""
    if not clip.face.shape[1]:
        return np.zeros(len(clip.times), np.float32)
    names = [i for i, name in enumerate(MORPHS_67) if name.startswith(("eyeBlink", "eyeLook"))]
    shut: Floats = clip.face[:, names].sum(axis=1)
    return shut
