"""Which way is up in a film: landmarks turned so that who stands upright is upright.

The landmark model leans everybody towards the camera, by 6 to 13 degrees, and a camera that looks down adds its own angle. Both are one
turn about the picture's horizontal, read from upright frames alone: who stays bent stays bent.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.rotation import from_axis_angle, normalize_vectors, rotate
from stages.motion.landmark_track import ANKLES, HIPS, KNEES, SHOULDERS, LandmarkTrack

Mask = NDArray[np.bool_]
_MAX_KNEE_BEND, _MAX_HIP_BEND = np.radians(35), np.radians(30)
"""Of standing legs and of the hips over them, as landmarks show them."""
_USUAL_LEAN = np.radians(10)
"""Of somebody upright, where a film shows nobody upright."""
_STANDING_LEAN = np.radians(1.5)
"""From the ankles to the shoulders of people who stand."""
_MIN_LEAN, _MAX_LEAN = np.radians(-10), np.radians(35)
_MIN_UPRIGHT_FRAMES = 5


def measure_bend(first: Floats, second: Floats) -> NDArray[np.float64]:
    """(...) radians between two directions (...,3)."""
    cosine = (normalize_vectors(first) * normalize_vectors(second)).sum(-1)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def find_upright_frames(points: Floats) -> Mask:
    """(f,) whether legs and trunk (f,33,3) form one line; it does not matter which way is up."""
    hips, knees, ankles, shoulders = (points[:, list(part)] for part in (HIPS, KNEES, ANKLES, SHOULDERS))
    knee = measure_bend(knees - hips, ankles - knees).max(1)
    hip = measure_bend((hips - shoulders).mean(1), (knees - hips).mean(1))
    return np.asarray((knee < _MAX_KNEE_BEND) & (hip < _MAX_HIP_BEND))


def measure_camera_lean(track: LandmarkTrack) -> float:
    """Radians by which all landmarks lean towards the camera."""
    points = track.world_points
    upright = find_upright_frames(points)
    if upright.sum() < _MIN_UPRIGHT_FRAMES:
        return float(_USUAL_LEAN)
    axis = (points[:, SHOULDERS].mean(1) - points[:, ANKLES].mean(1))[upright]
    ahead = np.cross(points[:, SHOULDERS[0]] - points[:, SHOULDERS[1]], (0.0, 1.0, 0.0))[upright]
    # People lean slightly to where they face, whichever way that is.
    own = _STANDING_LEAN * float(np.median(normalize_vectors(ahead)[:, 2]))
    return float(np.clip(np.median(np.arctan2(axis[:, 2], axis[:, 1])) - own, _MIN_LEAN, _MAX_LEAN))


def align_to_gravity(track: LandmarkTrack) -> LandmarkTrack:
    """The track with `world_points` turned upright."""
    # A lean towards +Z is a positive turn about +X; it is undone.
    turn = from_axis_angle((1.0, 0.0, 0.0), np.array(-measure_camera_lean(track)))
    return replace(track, world_points=rotate(turn, track.world_points))
