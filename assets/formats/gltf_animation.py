"""Clips as glTF animations: few keys, small numbers, one clock for the body and one for the face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Skeleton
from assets.artefacts.motion import Clip
from assets.formats.gltf_accessors import Buffers
from assets.rotation import continuous, unit

# 0.0006 on a quaternion's part is 0.07 degrees: 1 mm at the foot of a straight leg.
TURN, MOVE_M, WEIGHT = 6e-4, 5e-4, 0.012
_STILL = 1e-5
_Rows = NDArray[np.int64]
_LEGS = ("UpLeg", "Leg", "Foot", "ToeBase")


def add_clips(
    buffers: Buffers, clips: Sequence[Clip], skeleton: Skeleton, faces: Sequence[int], slack: float = 1.0
) -> list[dict[str, Any]]:
    """`animations` of the document; joints are nodes 0..j-1, `faces` the mesh nodes whose weights the face drives.

    `slack` above 1 lets keys be left out that tell less than so many times the usual tolerance.

    A joint that rests in every clip has no channel; one that moves in any has at least one key in all, so that no
    clip leaves another's pose behind.
    """
    moved = {j for clip in clips for j in np.flatnonzero(_turned(clip.rotations))}
    return [_animation(buffers, clip, skeleton, sorted(int(j) for j in moved), faces, slack) for clip in clips]


def _turned(rotations: Floats) -> NDArray[np.bool_]:
    """(j,) True where a joint leaves its bind rotation."""
    moved: NDArray[np.bool_] = np.abs(rotations[..., :3]).max(axis=(0, 2)) > _STILL
    return moved


def _animation(
    buffers: Buffers, clip: Clip, skeleton: Skeleton, joints: list[int], faces: Sequence[int], slack: float
) -> dict[str, Any]:
    samplers: list[dict[str, int]] = []
    channels: list[dict[str, Any]] = []

    def track(keys: Ints, values: NDArray[Any], nodes: Sequence[int], path: str, *, normalized: bool) -> None:
        clock = buffers.add(clip.times[keys].astype("<f4"), bounds=True)
        samplers.append({"input": clock, "output": buffers.add(values, normalized=normalized)})
        channels.extend({"sampler": len(samplers) - 1, "target": {"node": n, "path": path}} for n in nodes)

    turns = continuous(unit(clip.rotations))
    legs = [j for j in joints if skeleton.names[j] == "Hips" or skeleton.names[j].endswith(_LEGS)]
    stance = _stance_keys(clip, turns, legs, slack)
    still = {j for j in joints if np.abs(turns[:, j] - turns[:1, j]).max() < _STILL}
    free = [j for j in joints if j not in legs and j not in still]
    own = dict(zip(free, key_frames_each(clip.times, turns[:, free], TURN * slack), strict=True))
    for joint in joints:
        at = stance[:1] if joint in still else own.get(joint, stance)
        track(at, np.rint(turns[at, joint] * 32767).astype("<i2"), [joint], "rotation", normalized=True)
    track(stance, (skeleton.heads[0] + clip.root[stance]).astype("<f4"), [0], "translation", normalized=False)
    if clip.face.shape[1] and faces:
        weights = np.clip(clip.face, 0, 1)
        at = key_frames(clip.times, weights, WEIGHT * slack)
        track(at, np.rint(weights[at] * 255).astype("u1").ravel(), list(faces), "weights", normalized=True)
    return {"name": clip.name, "samplers": samplers, "channels": channels}


def _stance_keys(clip: Clip, turns: Floats, legs: list[int], slack: float) -> Ints:
    """Frames that hips and legs keep: one clock, so that feet stay where hips and knees agree."""
    # Slack is kept small here: a foot that slides is seen sooner than an arm that lags.
    flat = np.concatenate([turns[:, legs].reshape(len(turns), -1) / TURN, clip.root / MOVE_M], axis=1)
    return key_frames(clip.times, flat, min(slack, 2.0))


def key_frames(times: Floats, values: NDArray[Any], tolerance: float) -> Ints:
    """Ascending frames that tell the whole track (n,c) within the tolerance when joined by straight lines (Ramer-Douglas-Peucker).

    The first and the last frame always stay, so a clip keeps its length.
    """
    return key_frames_each(times, values[:, None], tolerance)[0]


def key_frames_each(times: Floats, values: NDArray[Any], tolerance: float) -> list[Ints]:
    """`key_frames` of each of the tracks (n,t,c): the spans of all tracks are split at the same time."""
    frames, tracks = values.shape[:2]
    # A column at a time: numpy takes the largest of a row of four at a twentieth of the speed.
    columns = [np.ascontiguousarray(values[..., c].T) for c in range(values.shape[2])]
    kept = np.zeros((tracks, frames), bool)
    kept[:, [0, -1]] = True
    track: _Rows = np.arange(tracks)
    low, high = 0 * track, 0 * track + frames - 1
    while (wide := high - low >= 2).any():
        track, low, high = track[wide], low[wide], high[wide]
        middle, miss = _worst(times, columns, track, low, high)
        far = miss > tolerance
        kept[track[far], middle[far]] = True
        track, low, high = np.repeat(track[far], 2), _paired(low[far], middle[far]), _paired(middle[far], high[far])
    return [np.flatnonzero(row).astype(np.int32) for row in kept]


def _worst(times: Floats, columns: Sequence[NDArray[Any]], track: _Rows, low: _Rows, high: _Rows) -> tuple[_Rows, Floats]:
    """(s,) frame within each span that lies farthest from the straight line between its ends, the first of equals, and how far.

    `columns` holds each number of the tracks, (t,n).
    """
    lengths = high - low - 1
    starts = np.cumsum(lengths) - lengths
    span = np.repeat(np.arange(len(low)), lengths)
    frame = low[span] + 1 + np.arange(len(span)) - starts[span]
    share = (times[frame] - times[low][span]) / np.maximum(times[high] - times[low], 1e-9)[span]
    place, miss = track[span] * len(times) + frame, np.zeros(len(span))
    for column in columns:
        begin, end = column[track, low], column[track, high]
        np.maximum(miss, np.abs(begin[span] + share * (end - begin)[span] - column.ravel()[place]), out=miss)
    most = np.maximum.reduceat(miss, starts)
    hits = np.flatnonzero(miss == most[span])
    _, first = np.unique(span[hits], return_index=True)
    return frame[hits[first]], most


def _paired(first: _Rows, second: _Rows) -> _Rows:
    """(2n,) first and second in turn."""
    return np.stack([first, second], 1).ravel()
