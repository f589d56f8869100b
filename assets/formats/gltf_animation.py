"""Clips as glTF animations: reduced keys, quantised values, and keys at shared times where joints must agree."""

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

# 0.0006 on a quaternion's component is 0.07 degrees: 1 mm at the foot of a straight leg.
# 0.012 of a weight is three steps of the byte in which it is stored.
ROTATION_TOLERANCE, TRANSLATION_TOLERANCE_M, WEIGHT_TOLERANCE = 6e-4, 5e-4, 0.012
# A third of an int16 step (1/32767): such a component is stored as 0.
_MIN_ROTATION = 1e-5
_Rows = NDArray[np.int64]
_Numbers = NDArray[np.float64]
_LEGS = ("UpLeg", "Leg", "Foot", "ToeBase")


@dataclass(frozen=True)
class FrameRanks:
    """How much each frame of a clip matters: the results of `rank_frames` for its tracks."""

    stance: _Numbers
    """(n,) of the root motion, the hips and the legs, in tolerances; they share their keys, so that the feet stay in place."""
    free: _Numbers
    """(t,n) of every other joint that moves, in units of a quaternion's component."""
    face: _Numbers
    """(n,) of the morph weights."""


def add_clips(
    buffers: BufferBuilder,
    clips: Sequence[Clip],
    skeleton: Skeleton,
    morph_nodes: Sequence[int],
    slack: float,
    ranks: dict[str, FrameRanks],
) -> list[dict[str, Any]]:
    """`animations` of the document.

    A joint that rests in every clip has no channel; one that moves in any clip has at least one key in all of them, so that no
    clip keeps the pose of the previous one.

    Args:
        skeleton: its joints are nodes 0..j-1.
        morph_nodes: nodes of the meshes whose weights the face drives.
        slack: factor on the tolerances of key reduction.
        ranks: clip name -> ranks; looked up and filled here, since they do not depend on the slack.
    """
    moved = sorted({int(j) for clip in clips for j in np.flatnonzero(_find_rotated_joints(clip.rotations))})
    return [_build_animation(buffers, clip, skeleton, moved, morph_nodes, slack, ranks) for clip in clips]


def _find_rotated_joints(rotations: Floats) -> NDArray[np.bool_]:
    """(j,) True where a joint leaves its bind rotation."""
    moved: NDArray[np.bool_] = np.abs(rotations[..., :3]).max(axis=(0, 2)) > _MIN_ROTATION
    return moved


def _build_animation(
    buffers: BufferBuilder,
    clip: Clip,
    skeleton: Skeleton,
    joints: list[int],
    morph_nodes: Sequence[int],
    slack: float,
    ranks: dict[str, FrameRanks],
) -> dict[str, Any]:
    samplers: list[dict[str, int]] = []
    channels: list[dict[str, Any]] = []

    def add_channels(keys: Ints, values: NDArray[Any], nodes: Sequence[int], path: str, *, normalized: bool) -> None:
        # A sampler's input must state its bounds (3.11). Interpolation is LINEAR by default, which is slerp for rotations.
        times = buffers.add_accessor(clip.times[keys].astype("<f4"), bounds=True)
        samplers.append({"input": times, "output": buffers.add_accessor(values, normalized=normalized)})
        channels.extend({"sampler": len(samplers) - 1, "target": {"node": n, "path": path}} for n in nodes)

    # Signs before the key reduction: a flip from q to -q would look like a jump and cost keys.
    rotations = make_continuous(normalize_quaternions(clip.rotations))
    legs = [j for j in joints if skeleton.names[j] == "Hips" or skeleton.names[j].endswith(_LEGS)]
    still = {j for j in joints if np.abs(rotations[:, j] - rotations[:1, j]).max() < _MIN_ROTATION}
    free = [j for j in joints if j not in legs and j not in still]
    if clip.name not in ranks:
        ranks[clip.name] = _rank_clip(clip, rotations[:, legs], rotations[:, free])
    rank = ranks[clip.name]
    # At most twice the tolerance: a sliding foot is more visible than a lagging arm.
    stance = _select_frames(rank.stance, min(slack, 2.0))
    free_keys = {joint: _select_frames(row, ROTATION_TOLERANCE * slack) for joint, row in zip(free, rank.free, strict=True)}
    for joint in joints:
        keys = stance[:1] if joint in still else free_keys.get(joint, stance)
        # snorm16 decodes as max(c / 32767, -1): 32767, not 32768, is 1 (3.11).
        add_channels(keys, np.rint(rotations[keys, joint] * 32767).astype("<i2"), [joint], "rotation", normalized=True)
    add_channels(stance, (skeleton.heads[0] + clip.root[stance]).astype("<f4"), [0], "translation", normalized=False)
    if clip.face.shape[1] and morph_nodes:
        keys = _select_frames(rank.face, WEIGHT_TOLERANCE * slack)
        # Frame by frame, all targets of a frame together: the order that a weights channel demands.
        weights = np.rint(np.clip(clip.face[keys], 0, 1) * 255).astype("u1").ravel()
        add_channels(keys, weights, list(morph_nodes), "weights", normalized=True)
    # glTF itself cannot mark a looping clip: the verify stage and engines read it from extras.
    loops = {"extras": {"loop": True}} if clip.loop else {}
    return {"name": clip.name, "samplers": samplers, "channels": channels} | loops


def _rank_clip(clip: Clip, legs: Floats, free: Floats) -> FrameRanks:
    # Rotations and metres become comparable in units of their tolerances.
    stance = np.concatenate([legs.reshape(len(legs), -1) / ROTATION_TOLERANCE, clip.root / TRANSLATION_TOLERANCE_M], axis=1)
    face = np.clip(clip.face, 0, 1)
    return FrameRanks(
        rank_frames(clip.times, stance[:, None], 1.0)[0],
        rank_frames(clip.times, free, ROTATION_TOLERANCE),
        rank_frames(clip.times, face[:, None], WEIGHT_TOLERANCE)[0],
    )


def find_key_frames(times: Floats, values: NDArray[Any], tolerance: float) -> Ints:
    """Ascending frames whose linear interpolation matches the track (n,c) within the tolerance (Ramer-Douglas-Peucker).

    The first and the last frame are always among them, so that a clip keeps its length.
    """
    return find_key_frames_each(times, values[:, None], tolerance)[0]


def find_key_frames_each(times: Floats, values: NDArray[Any], tolerance: float) -> list[Ints]:
    """`find_key_frames` of each of the tracks (n,t,c)."""
    return [_select_frames(rank, tolerance) for rank in rank_frames(times, values, tolerance)]


def _select_frames(ranks: _Numbers, tolerance: float) -> Ints:
    return np.flatnonzero(ranks > tolerance).astype(np.int32)


def rank_frames(times: Floats, values: NDArray[Any], least: float) -> _Numbers:
    """(t,n) the tolerance below which each frame of the tracks (n,t,c) is a key: infinite at both ends, 0 where it is under `least`.

    Ramer-Douglas-Peucker on all tracks at once. A frame is a key if its own distance from the chord and those of all frames that split
    the spans around it exceed the tolerance: its rank is the smallest of these distances.
    """
    frames, tracks = values.shape[:2]
    # One column at a time: reducing rows of four is twenty times slower in numpy.
    columns = [np.ascontiguousarray(values[..., c].T) for c in range(values.shape[2])]
    ranks = np.zeros((tracks, frames))
    ranks[:, [0, -1]] = np.inf
    track: _Rows = np.arange(tracks)
    low, high, bound = 0 * track, 0 * track + frames - 1, np.full(tracks, np.inf)
    while (wide := high - low >= 2).any():
        track, low, high, bound = track[wide], low[wide], high[wide], bound[wide]
        middle, miss = _find_farthest_frames(times, columns, track, low, high)
        split = miss > least
        track, low, middle, high, bound = track[split], low[split], middle[split], high[split], np.minimum(bound, miss)[split]
        ranks[track, middle] = bound
        track, bound = np.repeat(track, 2), np.repeat(bound, 2)
        low, high = _interleave(low, middle), _interleave(middle, high)
    return ranks


def _find_farthest_frames(times: Floats, columns: Sequence[NDArray[Any]], track: _Rows, low: _Rows, high: _Rows) -> tuple[_Rows, Floats]:
    """(s,) frame within each span that is farthest from the chord between its ends, the first of equals, and its distance.

    Args:
        columns: each component of the tracks, (t,n).
    """
    lengths = high - low - 1
    starts = np.cumsum(lengths) - lengths
    span = np.repeat(np.arange(len(low)), lengths)
    frame = low[span] + 1 + np.arange(len(span)) - starts[span]
    # The floor of 1e-9 s keeps two keys of equal time from dividing by zero.
    share = (times[frame] - times[low][span]) / np.maximum(times[high] - times[low], 1e-9)[span]
    index, miss = track[span] * len(times) + frame, np.zeros(len(span))
    for column in columns:
        begin, end = column[track, low], column[track, high]
        np.maximum(miss, np.abs(begin[span] + share * (end - begin)[span] - column.ravel()[index]), out=miss)
    most = np.maximum.reduceat(miss, starts)
    hits = np.flatnonzero(miss == most[span])
    _, first = np.unique(span[hits], return_index=True)
    return frame[hits[first]], most


def _interleave(first: _Rows, second: _Rows) -> _Rows:
    """(2n,) the elements of both, alternately."""
    return np.stack([first, second], 1).ravel()
