"""Where the head faces: by the nose and ears of the body's landmarks in every frame, and by the face model where a face can be seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.rotation import IDENTITY, from_axes, from_axis_angle, inverse, multiply, normalize_vectors, rotate, slerp
from stages.motion.gravity import find_upright_frames
from stages.motion.landmark_track import EARS, HIPS, NOSE, SHOULDERS, LandmarkTrack

Mask = NDArray[np.bool_]
_MAX_HEAD_TURN = np.radians(75)
"""Of a head against the chest; what turns further is the back of a head, on which the face model finds faces as well."""
_NOSE_PITCH = np.radians(10)
"""That the line from the ears to the nose points below the view of a level head (bench.capture, tuning films: 4 to 20 degrees)."""
_MAX_PITCH_CHANGE, _PITCH_SHARE = np.radians(12), 0.7
"""Of the median pitch of upright frames: how much of it is taken for the camera's angle and the shape of the face."""
_FACE_SHARE = 0.5


def measure_chest(points: Floats) -> Floats:
    """(f,4) rotations of the chest by world landmarks (f,33,3): its left and its up."""
    return from_axes(points[:, SHOULDERS[0]] - points[:, SHOULDERS[1]], points[:, SHOULDERS].mean(1) - points[:, HIPS].mean(1))


def find_believable_faces(track: LandmarkTrack, good: Mask) -> Mask:
    """(f,) frames in which a face can be seen where the face model found one."""
    chest = rotate(measure_chest(track.world_points), np.array([0.0, 0, 1]))
    # Level: who bends down with the face to the camera lifts the head against the chest by more than it turns.
    ahead, view = (normalize_vectors(v * np.array([1.0, 0, 1])) for v in (chest, rotate(track.head, np.array([0.0, 0, 1]))))
    return np.asarray(track.face_seen & good & ((ahead * view).sum(1) > np.cos(_MAX_HEAD_TURN)))


def measure_head_width(track: LandmarkTrack) -> NDArray[np.float64]:
    """(f,) pixels between the ears, smaller for a head that is turned away and of which half is seen."""
    from scipy.ndimage import median_filter

    ears, nose = track.image_points[:, EARS].astype(np.float64), track.image_points[:, NOSE]
    across = np.linalg.norm(ears[:, 0] - ears[:, 1], axis=1)
    whole = np.maximum(across, 2 * np.linalg.norm(nose - ears.mean(1), axis=1))
    return np.asarray(median_filter(np.sqrt(across * whole), 15, mode="nearest"))


def measure_heads(track: LandmarkTrack, faces: Mask) -> Floats:
    """(f,4) rotations of the head, level where people usually look.

    Args:
        faces: of `find_believable_faces`.
    """
    ears, nose = track.world_points[:, EARS], track.world_points[:, NOSE]
    side, ahead = ears[:, 0] - ears[:, 1], nose - ears.mean(1)
    upright = find_upright_frames(track.world_points) & track.body_seen
    by_nose = _level(from_axes(side, np.cross(ahead, side)), upright, float(_NOSE_PITCH))
    by_face = _level(track.head, upright & faces, 0.0)
    return slerp(by_nose, by_face, np.where(faces, _FACE_SHARE, 0.0))


def _level(heads: Floats, upright: Mask, usual: float) -> Floats:
    """(f,4) without the constant pitch: the usual one, corrected by that of upright frames."""
    pitch = usual
    if upright.sum() > 4:
        median = float(np.median(-np.arcsin(np.clip(rotate(heads[upright], np.array([0.0, 0, 1]))[:, 1], -1, 1))))
        pitch += _PITCH_SHARE * float(np.clip(median - usual, -_MAX_PITCH_CHANGE, _MAX_PITCH_CHANGE))
    return multiply(heads, from_axis_angle((1.0, 0.0, 0.0), np.array(-pitch)))


def limit_heads(heads: Floats, chest: Floats) -> Floats:
    """(f,4) the heads, turned against the chest by no more than a neck allows."""
    between = multiply(inverse(chest), heads)
    angle = 2 * np.arccos(np.clip(np.abs(between[:, 3]), 0, 1))
    share = np.minimum(1, _MAX_HEAD_TURN / np.maximum(angle, 1e-6))
    return multiply(chest, slerp(np.broadcast_to(IDENTITY, between.shape), between, share))
