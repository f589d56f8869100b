"""A track of landmarks without implausible frames and trembling, at even times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.rotation import IDENTITY, inverse, multiply, normalize_quaternions, prefer_positive_w
from stages.motion.head_pose import find_believable_faces, measure_chest, measure_head_width, measure_heads
from stages.motion.landmark_track import LandmarkTrack, find_plausible_frames, is_hand_steady, mask_near, resample_evenly

_WINDOW = 9
"""Frames of the filter."""
_MIN_HEAD_WIDTH_PX = 25.0
"""Below it lids and lips are one or two pixels wide, and their weights have nothing to do with the face (bench.capture, tuning films:
the correlation with the true lids is 0.96 at 28 px and between -0.3 and 0.5 below 25)."""


def clean_track(track: LandmarkTrack, fps: int) -> tuple[LandmarkTrack, int]:
    """The track at even times, with gaps bridged and points smoothed; and the number of frames rejected."""
    track = _hold_last_body(track)
    good = find_plausible_frames(track)
    count = int(np.floor(float(track.times[-1]) * fps + 1e-3)) + 1
    times = np.asarray(np.arange(count) / fps, np.float32)
    reliable = [track.hand_seen[:, s] & (good if is_hand_steady(track, s) else False) for s in (0, 1)]
    hand = [resample_evenly(track.times, track.hands[:, s], reliable[s], times, 5) for s in (0, 1)]
    near = [mask_near(track.times, reliable[s], times) for s in (0, 1)]
    faces = find_believable_faces(track, good)
    legible = faces & (measure_head_width(track) >= _MIN_HEAD_WIDTH_PX)
    # Against the chest: who turns around carries the head along, also while the face is not seen.
    world_points = resample_evenly(track.times, track.world_points, good, times, _WINDOW)
    relative = prefer_positive_w(multiply(inverse(measure_chest(track.world_points)), measure_heads(track, faces)))
    head = normalize_quaternions(resample_evenly(track.times, relative.astype(np.float32), good, times, _WINDOW) + 1e-9 * IDENTITY)
    cleaned = replace(
        track, times=times, body_seen=np.ones(len(times), bool),
        image_points=resample_evenly(track.times, track.image_points, good, times, _WINDOW),
        world_points=world_points,
        hands=np.stack(hand, 1), hand_seen=np.stack(near, 1),
        face=np.clip(resample_evenly(track.times, track.face, legible, times, 5), 0, 1),
        face_seen=mask_near(track.times, legible, times),
        head=multiply(measure_chest(world_points), head),
    )  # fmt: skip
    return cleaned, int((track.body_seen & ~good).sum())


def _hold_last_body(track: LandmarkTrack) -> LandmarkTrack:
    """The track with the nearest body where none was detected: its empty rows, which nothing reads, have no axes either."""
    seen = np.flatnonzero(track.body_seen)
    if not len(seen):
        return track
    nearest = seen[np.abs(np.arange(len(track.times))[:, None] - seen).argmin(1)]
    return replace(track, world_points=track.world_points[nearest], image_points=track.image_points[nearest])
