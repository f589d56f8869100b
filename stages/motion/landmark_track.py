"""The landmarks of a person in a video, frame by frame: body, hands, face; and which frames are implausible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.rotation import from_axes

Mask = NDArray[np.bool_]
# mediapipe's pose landmarks.
NOSE, EARS, SHOULDERS, ELBOWS, WRISTS = 0, (7, 8), (11, 12), (13, 14), (15, 16)
PINKIES, INDICES = (17, 18), (19, 20)
HIPS, KNEES, ANKLES, HEELS, TOES = (23, 24), (25, 26), (27, 28), (29, 30), (31, 32)
_BODY = [*SHOULDERS, *ELBOWS, *WRISTS, *HIPS, *KNEES, *ANKLES]
_MAX_JUMP = 0.35
"""Of the body's size between neighbouring frames at 30 fps: faster than the throw of an arm."""
_MAX_PALM_TURN = np.radians(30)
"""In a thirtieth of a second, growing with the root of the time: misread hands leap as far in one frame as in four, real palms do not."""
_MAX_LEAP_SHARE = 0.2
"""Of the frames of a hand, above which the whole hand is taken for misread."""


@dataclass(frozen=True)
class LandmarkTrack:
    """One row per frame in every array; rows are meaningless where their mask is False."""

    times: Floats
    """(f,) seconds."""
    body_seen: Mask
    """(f,) a body was detected."""
    image_points: Floats
    """(f,33,2) pose landmarks in the picture, in pixels, x right, y down."""
    world_points: Floats
    """(f,33,3) pose landmarks relative to the hips, metres; x to the right of the picture, y up, z to the camera."""
    hand_seen: Mask
    """(f,2) left and right hand detected at the wrist."""
    hands: Floats
    """(f,2,21,3) hand landmarks, metres, axes as in `world_points`."""
    face_seen: Mask
    """(f,) a face was detected."""
    face: Floats
    """(f,52) weights of ARKIT_52."""
    head: Floats
    """(f,4) rotation of the head, xyzw; identity when it faces the camera."""
    size: tuple[int, int]
    """(w,h) of the picture, px."""
    second_pass: Mask
    """(f,) the body was not detected forwards, but by searching near where it is in other frames."""


def find_plausible_frames(track: LandmarkTrack) -> Mask:
    """(f,) frames whose body fits their neighbours: left and right are not swapped, nothing leaps.

    The model's own `visibility` stays at 1 in both cases (bench.capture), so it is of no use here.
    """
    good = track.body_seen.copy()
    points = track.image_points[:, _BODY]
    scale = max(float(np.median(np.ptp(points[good], axis=1).max(-1))), 1.0) if good.any() else 1.0
    last = -1
    for i in np.flatnonzero(track.body_seen):
        if last >= 0:
            gap = max(float(track.times[i] - track.times[last]) * 30, 1.0)
            step = float(np.median(np.linalg.norm(points[i] - points[last], axis=1)))
            # Pairs of _BODY are left then right: reversing each pair exchanges the sides.
            swapped = points[last].reshape(-1, 2, 2)[:, ::-1].reshape(-1, 2)
            crossed = float(np.median(np.linalg.norm(points[i] - swapped, axis=1)))
            leap = step > _MAX_JUMP * scale * np.sqrt(gap)
            if gap < 15 and (leap or (crossed < step and step > 0.03 * scale)):
                good[i] = False
                continue
        last = int(i)
    return good


def is_hand_steady(track: LandmarkTrack, side: int) -> bool:
    """Whether the palm rotates from frame to frame as real ones do.

    The palm and the back of a small or half hidden hand are often confused, frame by frame; its frames in between are as unreliable
    (bench.hands), so the whole hand is rejected.
    """
    rows = np.flatnonzero(track.hand_seen[:, side])
    if len(rows) < 3:
        return len(rows) > 0
    hand = track.hands[rows, side]
    # mediapipe's hand: 0 wrist, 5, 9 and 17 the knuckles of index, middle and little finger.
    palm = from_axes(hand[:, 9] - hand[:, 0], hand[:, 5] - hand[:, 17])
    angles = 2 * np.arccos(np.clip(np.abs((palm[1:] * palm[:-1]).sum(1)), 0, 1))
    gap = np.maximum(np.diff(track.times[rows]) * 30, 1.0)
    return float(np.mean(angles > _MAX_PALM_TURN * np.sqrt(gap))) < _MAX_LEAP_SHARE


def resample_evenly(times: Floats, values: Floats, good: Mask, new_times: Floats, window: int) -> Floats:
    """Values at `new_times`, interpolated linearly between the good rows, then smoothed by a second-order Savitzky-Golay filter."""
    from scipy.signal import savgol_filter

    flat = values.reshape(len(values), -1)
    if not good.any():
        return np.zeros((len(new_times), *values.shape[1:]), np.float32)
    even = np.stack([np.interp(new_times, times[good], column) for column in flat[good].T], 1)
    if len(new_times) > window:
        even = savgol_filter(even, window, 2, axis=0)
    return even.reshape(len(new_times), *values.shape[1:]).astype(np.float32)


def mask_near(times: Floats, good: Mask, new_times: Floats, reach: float = 0.25) -> Mask:
    """(n,) whether a good row is within `reach` seconds of each new time."""
    if not good.any():
        return np.zeros(len(new_times), bool)
    return np.asarray(np.abs(new_times[:, None] - times[good][None]).min(1) <= reach)
