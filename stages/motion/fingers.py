"""Landmarks of a hand -> rotations of its finger joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS
from assets.rotation import from_axis_angle, slerp
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.keyed_poses import curl_fingers, mirror_turn, parse_turn
from stages.motion.landmark_track import LandmarkTrack

_FIRST_LANDMARK = {"Thumb": 1, "Index": 5, "Middle": 9, "Ring": 13, "Pinky": 17}
"""mediapipe's hand landmarks: four per finger from here on; the wrist is 0."""
_MAX_BEND = np.radians([85, 105, 75])
_HEADS = dict(zip(JOINTS, build_canonical_skeleton().heads.astype(np.float64), strict=True))


def solve_fingers(track: LandmarkTrack, side: int) -> dict[str, Floats]:
    """Finger joint -> local rotations (f,4); a hand that is not seen is relaxed."""
    name, sign = ("Left", "Right")[side], (1.0, -1.0)[side]
    relaxed = {joint: parse_turn(spec) for joint, spec in curl_fingers(0.3).items()}
    seen = track.hand_seen[:, side]
    # Nine frames, so that a hand that appears or is lost opens and closes gradually.
    share = np.convolve(np.pad(seen.astype(np.float32), 4, mode="edge"), np.full(9, 1 / 9), "valid")
    turns: dict[str, Floats] = {}
    for finger in _FIRST_LANDMARK:
        for segment in (1, 2, 3):
            joint = f"Hand{finger}{segment}"
            rest = relaxed[joint] if side == 0 else mirror_turn(relaxed[joint])
            rest = np.tile(rest, (len(seen), 1))
            # Fingers of the left hand bend about -Z, its thumb about +Y.
            axis = (0.0, sign, 0.0) if finger == "Thumb" else (0.0, 0.0, -sign)
            measured = from_axis_angle(np.broadcast_to(axis, (len(seen), 3)), _measure_bend(track.hands[:, side], finger, segment))
            turns[f"{name}{joint}"] = slerp(rest, measured, share)
    return turns


def _measure_bend(hand: Floats, finger: str, segment: int) -> NDArray[np.float64]:
    """(f,) radians that the joint bends beyond the bind pose."""
    joint = _FIRST_LANDMARK[finger] + segment - 1
    before = hand[:, joint] - hand[:, 0 if segment == 1 else joint - 1]
    angle = _measure_angle(before, hand[:, joint + 1] - hand[:, joint]) - _measure_rest_bend(finger, segment)
    most = _MAX_BEND[segment - 1] * (0.45 if finger == "Thumb" else 1.0)
    return np.asarray(np.clip(angle, 0, most))


def _measure_rest_bend(finger: str, segment: int) -> float:
    """Radians that the joint is bent in the bind pose; the last bone has no tip, so it takes the bend of the joint before."""
    names = ["LeftHand", *(f"LeftHand{finger}{i}" for i in (1, 2, 3))]
    points = np.array([_HEADS[name] for name in names])
    i = min(segment, 2)
    return float(_measure_angle(points[i] - points[i - 1], points[i + 1] - points[i]))


def _measure_angle(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    cosine = (a * b).sum(-1) / np.maximum(np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), 1e-9)
    # Rounding may take a cosine just beyond 1, whose arccosine is NaN.
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))
