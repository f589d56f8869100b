"""Clips as glTF animations: few keys, small numbers, one clock for the body and one for the face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Skeleton
from assets.artefacts.motion import Clip
from assets.formats.gltf_accessors import BufferBuilder
from assets.rotation import make_continuous, normalize_quaternions

# 0.0006 on a quaternion's part is 0.07 degrees: 1 mm at the foot of a straight leg.
ROTATION_TOLERANCE, TRANSLATION_TOLERANCE_M, WEIGHT_TOLERANCE = 6e-4, 5e-4, 0.012
_MIN_ROTATION = 1e-5
_Rows = NDArray[np.int64]
_Numbers = NDArray[np.float64]
_LEGS = ("UpLeg", "Leg", "Foot", "ToeBase")


@dataclass(frozen=True)
class FrameRanks:
    """How much each frame of a clip tells: what `frame_ranks` says of its tracks."""

    stance: _Numbers
    """(n,) of the hips, the legs and the way, which share one clock so that feet stay where hips and knees agree; in tolerances."""
    free: _Numbers
    """(t,n) of every other joint that moves, radians of a quaternion's part."""
    face: _Numbers
    """(n,) of the weights."""


def add_clips(
    buffers: BufferBuilder, clips: Sequence[Clip], skeleton: Skeleton, faces: Sequence[int], slack: float, ranks: dict[str, FrameRanks]
) -> list[dict[str, Any]]:
    """`animations` of the document; joints are nodes 0..j-1, `faces` the mesh nodes whose weights the face drives.

    `slack` above 1 lets keys be left out that tell less than so many times the usual tolerance; `ranks`, by clip, are
    looked up and put there.

    A joint that rests in every clip has no channel; one that moves in any has at least one key in all, so that no
    clip leaves another's pose behind.
    """
    moved = sorted({int(j) for clip in clips for j in np.flatnonzero(_find_rotated_joints(clip.rotations))})
    return [_build_animation(buffers, clip, skeleton, moved, faces, slack, ranks) for clip in clips]


def _find_rotated_joints(rotations: Floats) -> NDArray[np.bool_]:
    """(j,) True where a joint leaves its bind rotation."""
    moved: NDArray[np.bool_] = np.abs(rotations[..., :3]).max(axis=(0, 2)) > _MIN_ROTATION
    return moved


def _build_animation(
    buffers: BufferBuilder,
    clip: Clip,
    skeleton: Skeleton,
    joints: list[int],
    faces: Sequence[int],
    slack: float,
    ranks: dict[str, FrameRanks],
) -> dict[str, Any]:
    samplers: list[dict[str, int]] = []
    channels: list[dict[str, Any]] = []

    def track(keys: Ints, values: NDArray[Any], nodes: Sequence[int], path: str, *, normalized: bool) -> None:
        clock = buffers.add(clip.times[keys].astype("<f4"), bounds=True)
        samplers.append({"input": clock, "output": buffers.add(values, normalized=normalized)})
        channels.extend({"sampler": len(samplers) - 1, "target": {"node": n, "path": path}} for n in nodes)

    turns = make_continuous(normalize_quaternions(clip.rotations))
    legs = [j for j in joints if skeleton.names[j] == "Hips" or skeleton.names[j].endswith(_LEGS)]
    still = {j for j in joints if np.abs(turns[:, j] - turns[:1, j]).max() < _MIN_ROTATION}
    free = [j for j in joints if j not in legs and j not in still]
    if clip.name not in ranks:
        ranks[clip.name] = _rank_clip(clip, turns[:, legs], turns[:, free])
    told = ranks[clip.name]
    # Slack is kept small here: a foot that slides is seen sooner than an arm that lags.
    stance = _select_frames(told.stance, min(slack, 2.0))
    own = {joint: _select_frames(rank, ROTATION_TOLERANCE * slack) for joint, rank in zip(free, told.free, strict=True)}
    for joint in joints:
        at = stance[:1] if joint in still else own.get(joint, stance)
        track(at, np.rint(turns[at, joint] * 32767).astype("<i2"), [joint], "rotation", normalized=True)
    track(stance, (skeleton.heads[0] + clip.root[stance]).astype("<f4"), [0], "translation", normalized=False)
    if clip.face.shape[1] and faces:
        at = _select_frames(told.face, WEIGHT_TOLERANCE * slack)
        track(at, np.rint(np.clip(clip.face[at], 0, 1) * 255).astype("u1").ravel(), list(faces), "weights", normalized=True)
    # glTF has no word for a clip that repeats: engines and our own gates read it here.
    loops = {"extras": {"loop": True}} if clip.loop else {}
    return {"name": clip.name, "samplers": samplers, "channels": channels} | loops


def _rank_clip(clip: Clip, legs: Floats, free: Floats) -> FrameRanks:
    stance = np.concatenate([legs.reshape(len(legs), -1) / ROTATION_TOLERANCE, clip.root / TRANSLATION_TOLERANCE_M], axis=1)
    face = np.clip(clip.face, 0, 1)
    return FrameRanks(
        rank_frames(clip.times, stance[:, None], 1.0)[0],
        rank_frames(clip.times, free, ROTATION_TOLERANCE),
        rank_frames(clip.times, face[:, None], WEIGHT_TOLERANCE)[0],
    )


def find_key_frames(times: Floats, values: NDArray[Any], tolerance: float) -> Ints:
    """Ascending frames that tell the whole track (n,c) within the tolerance when joined by straight lines (Ramer-Douglas-Peucker).

    The first and the last frame always stay, so a clip keeps its length.
    """
    return find_key_frames_each(times, values[:, None], tolerance)[0]


def find_key_frames_each(times: Floats, values: NDArray[Any], tolerance: float) -> list[Ints]:
    """`key_frames` of each of the tracks (n,t,c)."""
    return [_select_frames(rank, tolerance) for rank in rank_frames(times, values, tolerance)]


def _select_frames(ranks: _Numbers, tolerance: float) -> Ints:
    return np.flatnonzero(ranks > tolerance).astype(np.int32)


def rank_frames(times: Floats, values: NDArray[Any], least: float) -> _Numbers:
    """(t,n) the tolerance below which each frame of the tracks (n,t,c) is a key: infinite at both ends, 0 where it is under `least`.

    The spans of all tracks are split at the same time. A frame is a key where it and all that split the spans about it
    lie farther from the straight line than the tolerance, hence the least of them.
    """
    frames, tracks = values.shape[:2]
    # A column at a time: numpy takes the largest of a row of four at a twentieth of the speed.
    columns = [np.ascontiguousarray(values[..., c].T) for c in range(values.shape[2])]
    ranks = np.zeros((tracks, frames))
    ranks[:, [0, -1]] = np.inf
    track: _Rows = np.arange(tracks)
    low, high, bound = 0 * track, 0 * track + frames - 1, np.full(tracks, np.inf)
    while (wide := high - low >= 2).any():
        track, low, high, bound = track[wide], low[wide], high[wide], bound[wide]
        middle, miss = _find_farthest_frames(times, columns, track, low, high)
        far = miss > least
        track, low, middle, high, bound = track[far], low[far], middle[far], high[far], np.minimum(bound, miss)[far]
        ranks[track, middle] = bound
        track, bound = np.repeat(track, 2), np.repeat(bound, 2)
        low, high = _interleave(low, middle), _interleave(middle, high)
    return ranks


def _find_farthest_frames(times: Floats, columns: Sequence[NDArray[Any]], track: _Rows, low: _Rows, high: _Rows) -> tuple[_Rows, Floats]:
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


def _interleave(first: _Rows, second: _Rows) -> _Rows:
    """(2n,) first and second in turn."""
    return np.stack([first, second], 1).ravel()
