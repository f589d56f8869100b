"""Clips as glTF animations: reduced keys, quantised values, and keys at shared times where joints must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import is_hair_joint
from assets.formats.gltf_accessors import BufferBuilder
from assets.joint_frames import compute_joint_frames, to_file_rotations
from assets.rotation import make_continuous, normalize_quaternions

# 0.0006 on a quaternion's component is 0.07 degrees: 1 mm at the foot of a straight leg.
# 0.012 of a weight is three steps of the byte in which it is stored.
ROTATION_TOLERANCE, TRANSLATION_TOLERANCE_M, WEIGHT_TOLERANCE = 6e-4, 5e-4, 0.012
# 0.0024 is 0.28 degrees: 0.4 mm at the tip of a straight finger.
_FINGER_TOLERANCE = 2.4e-3
# 0.008 is 0.9 degrees: 3 mm at the tip of hair of 20 cm, which nobody compares with anything.
_HAIR_TOLERANCE = 8e-3
# A third of an int16 step (1/32767): such a component is stored as 0.
_MIN_ROTATION = 1e-5
_Rows = NDArray[np.int64]
_Numbers = NDArray[np.float64]
_LEGS = ("UpLeg", "Leg", "Foot", "ToeBase")
_ARMS, _FINGERS, _HAIR = ("Shoulder", "Arm", "ForeArm", "Hand"), "Fingers", "Hair"


@dataclass(frozen=True)
class FrameRanks:
    """How much each frame of a clip matters: the results of `rank_frames` for its tracks."""

    stance: _Numbers
    """(n,) of the root motion, the hips and the legs, in tolerances; they share their keys, so that the feet stay in place."""
    free: dict[str, _Numbers]
    """Group of `_group_joints` -> (n,) of its joints that move, in tolerances; a group shares its keys, which are one accessor."""
    face: _Numbers
    """(n,) of the morph weights."""


def add_clips(
    buffers: BufferBuilder,
    clips: Sequence[Clip],
    skeleton: Skeleton,
    morph_nodes: Sequence[int],
    slack: float,
    ranks: dict[str, FrameRanks],
    *,
    extra_weights: int = 0,
) -> list[dict[str, Any]]:
    """`animations` of the document.

    A joint that rests in every clip has no channel; one that moves in any clip has at least one key in all of them, so that no
    clip keeps the pose of the previous one.

    Args:
        skeleton: its joints are nodes 0..j-1.
        morph_nodes: nodes of the meshes whose weights the face drives.
        slack: factor on the tolerances of key reduction.
        ranks: clip name -> ranks; looked up and filled here, since they do not depend on the slack.
        extra_weights: targets of the meshes after those of the face, which no clip moves.
    """
    moved = sorted({int(j) for clip in clips for j in np.flatnonzero(_find_rotated_joints(clip.rotations))})
    targets = _Targets(skeleton, compute_joint_frames(skeleton), moved, morph_nodes, extra_weights)
    return [_build_animation(buffers, clip, targets, slack, ranks) for clip in clips]


@dataclass(frozen=True)
class _Targets:
    """What the animations of a document move."""

    skeleton: Skeleton
    frames: Floats
    """(j,4) of its joints in the file."""
    joints: list[int]
    """Those with channels."""
    morph_nodes: Sequence[int]
    extra_weights: int


def _find_rotated_joints(rotations: Floats) -> NDArray[np.bool_]:
    """(j,) True where a joint leaves its bind rotation."""
    moved: NDArray[np.bool_] = np.abs(rotations[..., :3]).max(axis=(0, 2)) > _MIN_ROTATION
    return moved


def _build_animation(buffers: BufferBuilder, clip: Clip, targets: _Targets, slack: float, ranks: dict[str, FrameRanks]) -> dict[str, Any]:
    skeleton, joints = targets.skeleton, targets.joints
    samplers: dict[tuple[int, int], int] = {}
    channels: list[dict[str, Any]] = []

    def add_channels(keys: Ints, values: NDArray[Any], nodes: Sequence[int], path: str, *, normalized: bool) -> None:
        # A sampler's input must state its bounds (3.11). Interpolation is LINEAR by default, which is slerp for rotations.
        times = buffers.add_accessor(clip.times[keys].astype("<f4"), bounds=True, shared=True)
        output = buffers.add_accessor(values, normalized=normalized, shared=True)
        sampler = samplers.setdefault((times, output), len(samplers))
        channels.extend({"sampler": sampler, "target": {"node": n, "path": path}} for n in nodes)

    # Signs before the key reduction: a flip from q to -q would look like a jump and cost keys.
    rotations = make_continuous(normalize_quaternions(clip.rotations))
    legs = [j for j in joints if skeleton.names[j] == "Hips" or skeleton.names[j].endswith(_LEGS)]
    still = {j for j in joints if np.abs(rotations[:, j] - rotations[:1, j]).max() < _MIN_ROTATION}
    groups = _group_joints(skeleton.names, [j for j in joints if j not in legs and j not in still])
    if clip.name not in ranks:
        ranks[clip.name] = _rank_clip(clip, rotations, legs, groups)
    rank = ranks[clip.name]
    # At most twice the tolerance: a sliding foot is more visible than a lagging arm.
    stance = _select_frames(rank.stance, min(slack, 2.0))
    # The keys above hold in any frames: turning all rotations alike keeps their distances.
    written = make_continuous(to_file_rotations(rotations, skeleton, targets.frames))
    free_keys = {joint: _select_frames(rank.free[name], slack) for name, group in groups.items() for joint in group}
    for joint in joints:
        keys = stance[:1] if joint in still else free_keys.get(joint, stance)
        # snorm16 decodes as max(c / 32767, -1): 32767, not 32768, is 1 (3.11).
        add_channels(keys, np.rint(written[keys, joint] * 32767).astype("<i2"), [joint], "rotation", normalized=True)
    add_channels(stance, (skeleton.heads[0] + clip.root[stance]).astype("<f4"), [0], "translation", normalized=False)
    if clip.face.shape[1] and targets.morph_nodes:
        keys = _select_frames(rank.face, WEIGHT_TOLERANCE * slack)
        # Frame by frame, all targets of a frame together: the order that a weights channel demands.
        weights = np.rint(np.clip(clip.face[keys], 0, 1) * 255).astype("u1")
        weights = np.pad(weights, ((0, 0), (0, targets.extra_weights))).ravel()
        add_channels(keys, weights, list(targets.morph_nodes), "weights", normalized=True)
    # glTF itself cannot mark a looping clip: the verify stage and engines read it from extras.
    loops = {"extras": {"loop": True}} if clip.loop else {}
    written_samplers = [{"input": times, "output": output} for times, output in samplers]
    return {"name": clip.name, "samplers": written_samplers, "channels": channels} | loops


def _group_joints(names: Sequence[str], joints: Sequence[int]) -> dict[str, list[int]]:
    """The joints by limb: trunk and head, each arm, the fingers of each hand, and hair.

    Joints of a limb move together, so that the keys of one are nearly those of all: one accessor of times serves them.
    """
    groups: dict[str, list[int]] = {}
    for joint in joints:
        groups.setdefault(_name_limb(names[joint]), []).append(joint)
    return groups


def _name_limb(joint: str) -> str:
    if is_hair_joint(joint):
        return _HAIR
    side = next((side for side in ("Left", "Right") if joint.startswith(side)), "")
    if f"{side}Hand" in joint and joint != f"{side}Hand":
        return f"{side}{_FINGERS}"
    return f"{side}Arm" if side and joint.endswith(_ARMS) else "Trunk"


def _rank_clip(clip: Clip, rotations: Floats, legs: Sequence[int], groups: Mapping[str, Sequence[int]]) -> FrameRanks:
    # Rotations and metres become comparable in units of their tolerances.
    stance = np.concatenate([_flatten(rotations, legs) / ROTATION_TOLERANCE, clip.root / TRANSLATION_TOLERANCE_M], axis=1)
    loose = {_HAIR: _HAIR_TOLERANCE, f"Left{_FINGERS}": _FINGER_TOLERANCE, f"Right{_FINGERS}": _FINGER_TOLERANCE}
    tolerances = {name: loose.get(name, ROTATION_TOLERANCE) for name in groups}
    free = {name: _flatten(rotations, group) / tolerances[name] for name, group in groups.items()}
    face = np.clip(clip.face, 0, 1)
    return FrameRanks(
        rank_frames(clip.times, stance[:, None], 1.0)[0],
        {name: rank_frames(clip.times, values[:, None], 1.0)[0] for name, values in free.items()},
        rank_frames(clip.times, face[:, None], WEIGHT_TOLERANCE)[0],
    )


def _flatten(rotations: Floats, joints: Sequence[int]) -> Floats:
    """(n, 4 * joints) of the rotations (n,j,4) of some joints."""
    return rotations[:, joints].reshape(len(rotations), -1)


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
