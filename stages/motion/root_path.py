"""The path of the hips: sideways from the picture, depth from the apparent size, height from the feet that stand.

A camera's focal length is unknown and scales all depth. Standing feet measure it: while a foot stands, the hips move as far as the leg
swings over it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS
from assets.rotation import forward_kinematics
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import STANCE_HALF_WIDTH, compute_hip_drop
from stages.motion.gravity import find_upright_frames
from stages.motion.landmark_track import ANKLES, ELBOWS, HEELS, HIPS, KNEES, SHOULDERS, TOES, WRISTS, LandmarkTrack

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]
_HEADS = dict(zip(JOINTS, build_canonical_skeleton().heads.astype(np.float64), strict=True))
_HIP_MIDDLE = (_HEADS["LeftUpLeg"] + _HEADS["RightUpLeg"]) / 2
_SIZED = [*SHOULDERS, *ELBOWS, *HIPS, *KNEES, *ANKLES]
_USUAL_FOCAL = 0.95
"""Of the picture's longer side: between a phone's 26 mm (0.72) and a short portrait lens of 50 mm (1.4)."""
_SWING_SHARE = 0.62
"""Of the true movement of a leg in depth that landmarks show (bench.capture, tuning films: 0.55 to 0.70)."""
_SURE_DEPTH, _MAX_TRUST = 0.3, 0.5
"""Metres over the focal length that steps in depth must add up to before the feet count, and how much they count at most."""
_MAX_CONTACT_SPEED, _MAX_CARRYING_SPEED = 0.25, 0.55
"""Metres a second in the picture below which an ankle stands, and below which the slower one does: one in the air moves at 1 to 4."""
_MIN_CONTACT_S = 0.1
_CAMERA_HEIGHT = 1.3
"""Metres of a camera in a hand or on a tripod."""
_UNSURE_HEIGHT = 0.03
"""Metres by which the height of the hips errs."""
_DEPTH_GAIN = 1.2
"""By which landmarks show too little depth of feet against hips."""
_SMOOTH_S, _SMOOTH_STANDING_S = 0.12, 0.3
"""Of the apparent size: a hundredth of it is 4 cm at a distance of 4 m, and somebody on the spot would sway by that."""
_MAX_STANDING_DRIFT = 0.12
"""Metres by which the ankles of a standing person may seem to move."""


@dataclass(frozen=True)
class ApparentPath:
    """Where the hips are by the picture alone, in metres of the canonical skeleton."""

    side: Doubles
    """(f,) to the right of the picture's middle."""
    distance: Doubles
    """(f,) from the camera, over the focal length, which is in units of the picture's longer side."""
    metre: Doubles
    """(f,) metres a pixel at the hips."""


def measure_apparent_path(track: LandmarkTrack) -> ApparentPath:
    """The hips' place from where they are in the picture and how large the body is there; `track` as detected, not turned upright."""
    flat = track.image_points[:, _SIZED].astype(np.float64)
    # Picture rows run down: the sign flips.
    solid = track.world_points[:, _SIZED, :2].astype(np.float64) * np.array([1.0, -1.0])
    flat, solid = flat - flat.mean(1, keepdims=True), solid - solid.mean(1, keepdims=True)
    # Pixels a metre: all of the body counts, so that who bends or sits does not seem to walk away.
    scale = np.maximum((flat * solid).sum((1, 2)) / np.maximum((solid * solid).sum((1, 2)), 1e-6), 1.0)
    rough = _measure_size(track) / scale
    still = is_standing(track, rough)
    metre = _smooth(rough, track.times, _SMOOTH_STANDING_S if still else _SMOOTH_S)
    middle = track.image_points[:, HIPS].mean(1).astype(np.float64) - np.array(track.size) / 2
    return ApparentPath(middle[:, 0] * metre, metre * max(track.size), metre)


def is_standing(track: LandmarkTrack, metre: Doubles) -> bool:
    """Whether both ankles stay in place in the picture."""
    low, high = np.percentile(track.image_points[:, ANKLES], (3, 97), axis=0)
    return float((high - low).max() * np.median(metre)) < _MAX_STANDING_DRIFT


def _measure_size(track: LandmarkTrack) -> float:
    """Metres of the canonical skeleton for one metre of the landmarks."""
    pairs = (("LeftArm", "LeftForeArm", SHOULDERS, ELBOWS), ("LeftForeArm", "LeftHand", ELBOWS, WRISTS),
             ("LeftUpLeg", "LeftLeg", HIPS, KNEES), ("LeftLeg", "LeftFoot", KNEES, ANKLES))  # fmt: skip
    ours = sum(float(np.linalg.norm(_HEADS[a] - _HEADS[b])) for a, b, *_ in pairs)
    points = track.world_points
    theirs = sum(float(np.median(np.linalg.norm(points[:, list(a)] - points[:, list(b)], axis=-1))) for *_, a, b in pairs)
    return ours / max(theirs, 1e-3)


def _smooth(values: Doubles, times: Floats, seconds: float) -> Doubles:
    from scipy.ndimage import gaussian_filter1d

    if len(times) < 3:
        return values
    return np.asarray(gaussian_filter1d(values, seconds / float(np.diff(times).mean()), axis=0, mode="nearest"))


def find_standing_feet(track: LandmarkTrack, metre: Doubles) -> Mask:
    """(f,2) whether the left and the right foot stand: the ankle does not move in the picture."""
    from scipy.ndimage import binary_closing, binary_opening

    count = len(track.times)
    if count < 5 or is_standing(track, metre):
        return np.ones((count, 2), bool)
    step = float(np.diff(track.times).mean())
    width = max(2, round(_MIN_CONTACT_S / step))
    ankles = track.image_points[:, ANKLES].astype(np.float64)
    speed = np.linalg.norm(np.gradient(ankles, step, axis=0), axis=-1) * metre[:, None]
    # Who walks stands on the slower foot.
    slower = speed <= speed.min(1, keepdims=True)
    still = (speed < _MAX_CONTACT_SPEED) | (slower & (speed < _MAX_CARRYING_SPEED))
    for side in (0, 1):
        closed = binary_closing(np.pad(still[:, side], width, mode="edge"), np.ones(3, bool))
        still[:, side] = binary_opening(closed, np.ones(width, bool))[width:-width]
    return np.asarray(still)


def estimate_focal(track: LandmarkTrack, distance: Doubles, standing: Mask) -> float:
    """Focal length in units of the picture's longer side: the usual one, corrected by how far standing legs swing in depth.

    Args:
        track: turned upright.
        distance, standing: of `measure_apparent_path` and `find_standing_feet`.
    """
    size = _measure_size(track)
    swung, seen = 0.0, 0.0
    for side in (0, 1):
        # Only while the other foot is in the air: the hips then move over this one.
        alone = standing[:, side] & ~standing[:, 1 - side]
        feet = track.world_points[:, [ANKLES[side], HEELS[side], TOES[side]], 2].mean(1).astype(np.float64) * size
        for start, end in find_segments(alone):
            swing, way = feet[start] - feet[end - 1], distance[start] - distance[end - 1]
            swung, seen = swung + float(swing * way), seen + float(way * way)
    if seen < 1e-6:
        return _USUAL_FOCAL
    measured = float(np.clip(swung / seen / _SWING_SHARE, 0.6, 1.7))
    trust = _MAX_TRUST * seen**0.5 / (seen**0.5 + _SURE_DEPTH)
    return float(np.exp(trust * np.log(measured) + (1 - trust) * np.log(_USUAL_FOCAL)))


def find_segments(mask: Mask) -> list[tuple[int, int]]:
    """(start, end) of every run of True; `end` is the frame after it."""
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def solve_root(track: LandmarkTrack, upright: LandmarkTrack, local: Floats) -> tuple[Floats, Mask]:
    """Displacement of the hips (f,3) from the middle of the first frame, and which feet stand (f,2).

    Args:
        track: as detected.
        upright: the same, turned upright.
        local: (f,j,4) solved rotations of the canonical skeleton.
    """
    apparent = measure_apparent_path(track)
    standing = find_standing_feet(track, apparent.metre)
    focal = estimate_focal(upright, apparent.distance, standing)
    skeleton = build_canonical_skeleton()
    still = np.zeros((len(local), 3), np.float32)
    positions = forward_kinematics(skeleton.parents, skeleton.heads, local, still)[0]
    middle = positions[:, [JOINTS.index("LeftUpLeg"), JOINTS.index("RightUpLeg")]].mean(1).astype(np.float64)
    height = _measure_hip_height(track, upright, apparent, focal, standing)
    goal = np.stack([apparent.side, height, -focal * apparent.distance], 1)
    goal[:, [0, 2]] -= goal[0, [0, 2]] - _HIP_MIDDLE[[0, 2]]
    root = goal - middle
    root[:, [0, 2]] -= root[0, [0, 2]]
    return root.astype(np.float32), standing


def _measure_hip_height(track: LandmarkTrack, upright: LandmarkTrack, apparent: ApparentPath, focal: float, standing: Mask) -> Doubles:
    """(f,) metres of the hip joints over the floor.

    From the picture, where heights are exact: by the landmarks' depth a person who stands straight would bend the knees.
    """
    rows = track.image_points[:, :, 1].astype(np.float64)
    above = (rows[:, ANKLES] - rows[:, HIPS].mean(1)[:, None]) * apparent.metre[:, None]
    # Seen from above, a foot in front of the hips is lower in the picture than one below them.
    depth = upright.world_points[:, :, 2].astype(np.float64) * _measure_size(track)
    slope = (_CAMERA_HEIGHT - float(_HEADS["LeftFoot"][1])) / np.maximum(focal * apparent.distance, 1.0)
    above = above - _DEPTH_GAIN * (depth[:, ANKLES] - depth[:, HIPS].mean(1)[:, None]) * slope[:, None]
    # The lower foot carries, unless only the other one stands.
    carried = np.where(standing.any(1), np.where(standing, above, -np.inf).max(1), above.max(1))
    ankle = float(_HEADS["LeftFoot"][1])
    straight = float(_HIP_MIDDLE[1]) - ankle - compute_hip_drop(STANCE_HALF_WIDTH)
    frames = find_upright_frames(upright.world_points)
    if frames.sum() > 2:
        # What the camera's angle and the person's proportions change is the same in all frames.
        carried = carried * float(np.clip(straight / max(np.percentile(carried[frames], 75), 0.1), 0.85, 1.18))
    # Who seems to sink by a centimetre or two stands with straight legs: knees show that, arms and clothes change the apparent size.
    sunk = np.maximum(straight - carried, 0)
    return straight - _smooth(sunk * sunk / (sunk + _UNSURE_HEIGHT), track.times, 0.04) + ankle
