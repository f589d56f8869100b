"""Clips with the movement of hanging hair in them: simulated on the body of each clip, seamless where it loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Model
from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.hair import HairRig
from assets.artefacts.motion import Clip, Motion
from assets.hair_chains import drop_hair_joints, pad_rotations
from assets.rotation import IDENTITY, forward_kinematics, inverse, make_continuous, multiply, slerp
from stages.render.posing import Pose, to_matrices
from stages.sway.spring_bones import STEP_S, BodyTrack, Doubles, Springs, place_at_rest, simulate, stack_tracks

_SETTLE_S = 1.0
"""In which hair comes to rest in a clip's first pose, before the clip begins."""
_SEAM_S = 0.4
"""At the end of a loop, over which its second round passes into its first."""
_MIN_SWAY_M = 0.008
"""Of the end of a bone, against hair that follows the head like a helmet: a clip with less does not need the bytes."""
_TRAVEL_SIGMA_S = 0.4
"""People walk through still air, and the drag of the simulation is against the world: what is slower than a step is taken out."""


def bake_sway(skeleton: Skeleton, rig: HairRig | None, clips: Sequence[Clip]) -> tuple[Clip, ...]:
    """The clips with rotations of the joints of hair; as they are where no hair hangs.

    Args:
        skeleton: the body's joints, then those of the rig.
        clips: of the body alone.
    """
    if rig is None or not clips:
        return tuple(clips)
    body = drop_hair_joints(skeleton)
    springs = Springs.build(rig, body)
    timelines = [_Timeline.plan(clip) for clip in clips]
    track = stack_tracks([timeline.track_body(body, springs.joints) for timeline in timelines])
    turns, ends = simulate(springs, track)
    sway = np.linalg.norm(ends - place_at_rest(springs, track), axis=-1).max((2, 3))
    local = _to_local(turns, track.rotations[:, :, 0])
    return tuple(_add_hair(timeline, local[:, i], sway[:, i], rig) for i, timeline in enumerate(timelines))


def drop_sway(motion: Motion) -> Motion:
    """The motion of the body alone; inverts `bake_sway`."""
    skeleton = drop_hair_joints(motion.skeleton)
    clips = tuple(replace(clip, rotations=clip.rotations[:, : len(skeleton.names)]) for clip in motion.clips)
    return replace(motion, skeleton=skeleton, clips=clips)


def sway_frames(poses: tuple[Floats, Floats, Floats], fps: float, skeleton: Skeleton, rig: HairRig | None) -> tuple[Floats, Floats, Floats]:
    """Rotations (f,j,4), root (f,3) and face (f,w) of even frames, with hair that moves through all of them."""
    rotations, root, face = poses
    times = (np.arange(len(rotations)) / fps).astype(np.float32)
    return bake_sway(skeleton, rig, [Clip("frames", times, rotations, root, face)])[0].rotations, root, face


def settle_pose(model: Model, pose: Pose) -> Pose:
    """The pose with hair at rest in it; as it is where no hair hangs, or where the pose has hair already."""
    if model.hair_rig is None or len(pose.rotations) == len(model.skeleton.names):
        return pose
    rotations, root, face = (np.stack([value] * 2) for value in (pose.rotations, pose.root, pose.face))
    clip = Clip("pose", np.array([0, STEP_S], np.float32), rotations, root, face)
    return replace(pose, rotations=bake_sway(model.skeleton, model.hair_rig, [clip])[0].rotations[0])


@dataclass(frozen=True)
class _Timeline:
    """Which moment of a clip each step of its simulation shows: a while of its first pose, the clip, and a loop once more."""

    clip: Clip
    moments: Doubles
    """(s,) seconds."""
    start: int
    """Step of the clip's beginning in its last round."""
    round: int
    """Steps of a round."""

    @classmethod
    def plan(cls, clip: Clip) -> _Timeline:
        """Of a whole number of steps a round, so that a loop closes."""
        settle = round(_SETTLE_S / STEP_S)
        length = float(clip.times[-1])
        count = max(1, round(length / STEP_S))
        moments = np.arange(count + 1) * (length / count)
        # A loop's second round begins as its first one ends.
        again = [moments[1:]] if clip.loop else []
        return cls(clip, np.concatenate([np.zeros(settle), moments, *again]), settle + count * len(again), count)

    def track_body(self, skeleton: Skeleton, joints: Sequence[str]) -> BodyTrack:
        """The joints that matter, in each step."""
        clip, chosen = self.clip, [skeleton.names.index(joint) for joint in joints]
        positions, world = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root - _find_travel(clip))
        low, share = _find_frames(clip.times, self.moments)
        high = np.minimum(low + 1, len(clip.times) - 1)
        turns = slerp(world[low][:, chosen], world[high][:, chosen], np.broadcast_to(share[:, None], (len(low), len(chosen))))
        places = positions[low][:, chosen] + share[:, None, None] * (positions[high] - positions[low])[:, chosen]
        matrices = to_matrices(turns.reshape(-1, 4)).reshape(len(low), 1, len(chosen), 3, 3)
        return BodyTrack(matrices.astype(np.float64), places[:, None].astype(np.float64))

    def read(self, values: NDArray[Any], start: int) -> NDArray[Any]:
        """(f,...) values (s,...) of the round that begins at a step, at the clip's own frames."""
        at = start + np.clip(self.clip.times / max(float(self.clip.times[-1]), 1e-9), 0, 1) * self.round
        found: NDArray[Any] = values[np.rint(at).astype(int)]
        return found


def _find_travel(clip: Clip) -> Floats:
    """(f,3) the slow part of the path over the floor."""
    from scipy.ndimage import gaussian_filter1d

    path = np.asarray(clip.root, np.float64) * [1, 0, 1]
    span = max(float(clip.times[-1]), 1e-6)
    trend = path[:1] + (path[-1:] - path[:1]) * (clip.times[:, None] / span)
    rest, sigma = path - trend, max(_TRAVEL_SIGMA_S * (len(clip.times) - 1) / span, 1e-3)
    if clip.loop and len(rest) > 2:
        # A loop's last frame is its first: once is enough.
        slow = gaussian_filter1d(rest[:-1], sigma, axis=0, mode="wrap")
        slow = np.concatenate([slow, slow[:1]])
    else:
        slow = gaussian_filter1d(rest, sigma, axis=0, mode="nearest")
    return np.asarray(trend + slow, np.float32)


def _find_frames(times: Floats, moments: Doubles) -> tuple[NDArray[np.int64], Doubles]:
    """(s,) the frame before each moment, and how far it is to the next, 0..1."""
    low = np.clip(np.searchsorted(times, moments, side="right") - 1, 0, max(len(times) - 2, 0))
    high = np.minimum(low + 1, len(times) - 1)
    return low, np.clip((moments - times[low]) / np.maximum(times[high] - times[low], 1e-9), 0, 1)


def _add_hair(timeline: _Timeline, local: Floats, sway: Doubles, rig: HairRig) -> Clip:
    """The clip with the rotations of its hair after those of the body.

    Args:
        local: (s,c,k,4) of the bones of all chains.
        sway: (s,) metres from where the head alone would take them.
    """
    clip = timeline.clip
    joints = clip.rotations.shape[1] + sum(len(chain.heads) for chain in rig.chains)
    if sway[timeline.start :][: timeline.round + 1].max() < _MIN_SWAY_M:
        return replace(clip, rotations=pad_rotations(clip.rotations, joints))
    hair = timeline.read(local, timeline.start)
    if clip.loop:
        before = timeline.read(local, timeline.start - timeline.round)
        hair = slerp(hair, before, np.broadcast_to(_weigh_seam(clip.times)[:, None, None], hair.shape[:-1]))
    columns = []
    for i, chain in enumerate(rig.chains):
        columns += [hair[:, i, : len(chain.heads) - 1], np.tile(IDENTITY, (len(clip.times), 1, 1))]
    return replace(clip, rotations=np.concatenate([clip.rotations, make_continuous(np.concatenate(columns, 1))], 1))


def _weigh_seam(times: Floats) -> Doubles:
    """(f,) 0 before the end of a loop .. 1 at it, where the round before the last one is: that one ends as the last one begins."""
    length = float(times[-1])
    share = np.clip(1 - (length - times.astype(np.float64)) / max(min(_SEAM_S, 0.5 * length), 1e-6), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _to_local(turns: Doubles, head: Doubles) -> Floats:
    """(s,m,c,k,4) rotations of bones against the bone before them, the first one's against the head (s,m,3,3)."""
    from scipy.spatial.transform import Rotation

    start = Rotation.from_matrix(head.reshape(-1, 3, 3)).as_quat().reshape(*head.shape[:2], 1, 1, 4)
    parents = np.concatenate([np.broadcast_to(start, (*turns.shape[:3], 1, 4)), turns[..., :-1, :]], 3)
    return multiply(inverse(parents), turns)
