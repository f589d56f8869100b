"""A walk on the spot: the feet's paths over the floor drive the legs by IK; trunk and arms counterbalance them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.rotation import forward_kinematics, from_axis_angle, inverse, make_continuous, multiply, solve_two_bone_ik
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.keyed_poses import REST_TURNS, add_turns, interpolate_keys

Doubles = NDArray[np.float64]
_CYCLE_SECONDS = 1.1
_STANCE_SHARE = 0.62
"""Share of a cycle that a foot is on the floor (Perry, Gait Analysis: 62 %)."""
_FRONT, _REAR = 0.23, -0.27
"""Metres in front of and behind the hips where a foot touches and leaves the floor."""
_ANKLE_OFFSET = 0.07
"""Metres from an ankle to the middle: feet are closer together in walking than in standing."""
_FOOT_LIFT = 0.025
_TOES_OUT = np.radians(7)
# Cycle -> degrees that the foot's tip points down: heel strike, flat, heel rise, push off, swing.
_PITCH = ((0.0, -15.0), (0.09, 0.0), (0.36, 0.0), (0.50, 15.0), (0.62, 46.0), (0.72, 38.0), (0.86, 0.0), (0.95, -14.0), (1.0, -15.0))


def make_walk_clip(fps: int) -> Clip:
    """A cycle of two steps, the left heel striking first; the floor runs backwards under the feet."""
    times = np.linspace(0, _CYCLE_SECONDS, round(_CYCLE_SECONDS * fps) + 1)
    cycle = times / _CYCLE_SECONDS
    rotations = interpolate_keys(times.astype(np.float32), [(0.0, REST_TURNS), (_CYCLE_SECONDS, REST_TURNS)])
    stride, late = np.cos(2 * np.pi * cycle), np.cos(2 * np.pi * (cycle - 0.3))
    root = np.stack([0.016 * late, -0.022 + 0.013 * np.cos(4 * np.pi * (cycle - 0.3)), np.zeros_like(cycle)], 1)
    add_turns(rotations, "Hips", y=-4.5 * stride, z=1.8 * late, x=2.0 + 0 * stride)
    add_turns(rotations, "Spine1", y=6.5 * stride, z=-1.8 * late)
    add_turns(rotations, "Neck", y=-2.0 * stride)
    for side, sign in (("Left", 1), ("Right", -1)):
        swing = sign * np.cos(2 * np.pi * (cycle - 0.04))
        # The arm swings back while the leg of its side moves forward; the elbow bends as it swings to the front.
        add_turns(rotations, f"{side}Arm", y=sign * (19 * swing - 3))
        add_turns(rotations, f"{side}ForeArm", y=-sign * (9 - 11 * swing))
    for side, start in (("Left", 0.0), ("Right", 0.5)):
        _solve_walking_leg(rotations, root.astype(np.float32), side, (cycle - start) % 1)
    rotations = make_continuous(rotations)
    return Clip("walk", times.astype(np.float32), rotations, root.astype(np.float32), np.zeros((len(times), 0), np.float32), loop=True)


def _solve_walking_leg(rotations: Floats, root: Floats, side: str, cycle: Doubles) -> None:
    """Solves one leg in place: the ankle follows the rolling foot, the knee bends forward, the toes stay flat until toe-off."""
    skeleton, sign = build_canonical_skeleton(), 1 if side == "Left" else -1
    upper, lower, foot, toe = (JOINTS.index(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot", "ToeBase"))
    goal, pitch = _trace_ankle(cycle, skeleton.heads[foot], skeleton.heads[toe] - skeleton.heads[foot])
    goal[:, 0] = sign * _ANKLE_OFFSET
    positions, turns = forward_kinematics(skeleton.parents, skeleton.heads, rotations, root)
    heads = skeleton.heads
    first, second = solve_two_bone_ik(
        positions[:, upper], heads[lower] - heads[upper], heads[foot] - heads[lower], goal, np.array([sign * 0.08, 0, 1.0])
    )
    sole = multiply(from_axis_angle((0, 1, 0), np.full(len(pitch), sign * _TOES_OUT)), from_axis_angle((1, 0, 0), pitch))
    rotations[:, upper] = multiply(inverse(turns[:, 0]), first)
    rotations[:, lower] = multiply(inverse(first), second)
    rotations[:, foot] = multiply(inverse(second), sole)
    down = np.clip((0.76 - cycle) / 0.14, 0, 1)
    rotations[:, toe] = from_axis_angle((1, 0, 0), -np.maximum(pitch, 0) * down)


def _trace_ankle(cycle: Doubles, ankle: Floats, ball: Floats) -> tuple[Doubles, Doubles]:
    """(f,3) positions of the ankle and (f,) radians that the foot points down; `ball` is the base of the toes relative to the ankle."""
    from scipy.interpolate import PchipInterpolator

    knots = np.array(_PITCH)
    # Monotonic between knots: a common cubic spline would overshoot where the foot is flat.
    pitch = np.radians(PchipInterpolator(knots[:, 0], knots[:, 1])(cycle))
    # Constant while the foot is on the floor, which runs backwards at this speed: otherwise the foot would slide.
    speed = (_REAR - _FRONT) / _STANCE_SHARE
    share = np.clip((cycle - _STANCE_SHARE) / (1 - _STANCE_SHARE), 0, 1)
    swing = _interpolate_hermite(share, _REAR, _FRONT, speed * (1 - _STANCE_SHARE))
    along = np.where(cycle < _STANCE_SHARE, _FRONT + speed * cycle, swing)
    # The foot rolls over the ball when it points down and over the heel when it points up: that point stays fixed.
    heel = np.array([-ankle[1], -0.35 * ball[2]])
    pivot = np.where(pitch[:, None] > 0, np.array([ball[1], ball[2]]), heel)
    up = pivot[:, 0] * np.cos(pitch) - pivot[:, 1] * np.sin(pitch)
    on = pivot[:, 0] * np.sin(pitch) + pivot[:, 1] * np.cos(pitch)
    height = ankle[1] + pivot[:, 0] - up + _FOOT_LIFT * np.sin(np.pi * share) ** 2
    return np.stack([np.zeros_like(cycle), height, ankle[2] + along + pivot[:, 1] - on], 1), pitch


def _interpolate_hermite(t: Doubles, start: float, end: float, slope: float) -> Doubles:
    """The cubic from `start` to `end` that leaves and arrives with the same slope."""
    return (2 * t**3 - 3 * t**2 + 1) * start + (3 * t**2 - 2 * t**3) * end + (2 * t**3 - 3 * t**2 + t) * slope
