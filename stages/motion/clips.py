"""The library of clips: idle, wave, nod, explain, shrug, point, walk. All are generated, none is captured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.rotation import forward_kinematics, from_axis_angle, inverse, measure_leg, multiply, solve_two_bone_ik
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.keyed_poses import REST_TURNS, JointTurns, add_turns, curl_fingers, ease_in_out, interpolate_keys, parse_pose
from stages.motion.walk import make_walk_clip

__all__ = ["LIBRARY", "REST_TURNS", "STANCE_HALF_WIDTH", "compute_hip_drop", "solve_standing_legs"]

STANCE_HALF_WIDTH = 0.105
"""Metres from an ankle to the body's middle."""
_TOES_OUT = np.radians(9)
_KNEE_SOFTNESS = 0.012
"""Metres that the hips are lower than with straight legs: knees are never locked."""


def _make_times(duration: float, fps: int) -> Floats:
    return np.asarray(np.linspace(0, duration, round(duration * fps) + 1), np.float32)


def make_idle_clip(fps: int) -> Clip:
    """Eight seconds of standing that loop: the weight shifts between the feet, the head wanders (the presence stage adds breath)."""
    times = _make_times(8.0, fps)
    phase = 2 * np.pi * times / 8

    def drift(degrees: float, late: float, times: int = 1) -> NDArray[np.floating]:
        # Starts and ends at 0, in the rest pose, so that every gesture can begin and end there too.
        return np.asarray(degrees * (np.sin(times * phase + late) - np.sin(late)))

    rotations = interpolate_keys(times, [(0.0, REST_TURNS), (8.0, REST_TURNS)])
    sway = np.stack([0.016 * np.sin(phase), 0.002 * (1 - np.cos(2 * phase)), 0.004 * np.sin(2 * phase)], 1)
    add_turns(rotations, "Hips", z=drift(1.0, 0), y=drift(1.5, 0.4))
    add_turns(rotations, "Spine1", z=-drift(1.2, -0.2), x=drift(0.5, 0, 2))
    add_turns(rotations, "Head", y=drift(2.5, 1.1) + drift(1.0, 0, 3), x=drift(0.9, 0.5, 2), z=drift(0.8, 2))
    for side, sign in (("Left", 1), ("Right", -1)):
        add_turns(rotations, f"{side}Arm", z=sign * drift(0.9, 0.6), x=drift(1.2, sign))
        add_turns(rotations, f"{side}ForeArm", y=sign * drift(1.4, 1.2 * sign))
    return _make_planted_clip("idle", times, rotations, sway, loop=True)


def make_wave_clip(fps: int) -> Clip:
    """The right hand rises in front of the shoulder and swings about a low elbow; the body leans to its other leg."""
    up = {"Shoulder": "z9", "Arm": "z-51 y-21 x-70", "ForeArm": "y-107 x-6", "Hand": "z4 y4", **curl_fingers(0.12)}
    out, back = (
        {"Arm": "z-49 y-21 x-77", "ForeArm": "y-98 x-2", "Hand": "y8 z2"},
        {"Arm": "z-51 y-21 x-63", "ForeArm": "y-118 x-10", "Hand": "y-8 z2"},
    )
    greeting = {"Spine1": "z1.5", "Neck": "z-2", "Head": "x-3 z-5 y-4"}
    keys = [(0.0, REST_TURNS), (0.75, parse_pose(right=up, middle=greeting))]
    for beat in range(3):
        keys += [(1.02 + 0.54 * beat, parse_pose(right=out)), (1.29 + 0.54 * beat, parse_pose(right=back))]
    keys += [(3.4, REST_TURNS)]
    return _make_gesture("wave", fps, keys, lean=0.018)


def make_nod_clip(fps: int) -> Clip:
    """Two nods, the second smaller."""
    down, up = parse_pose(middle={"Head": "x9", "Neck": "x7"}), parse_pose(middle={"Head": "x-4", "Neck": "x0"})
    again = parse_pose(middle={"Head": "x5", "Neck": "x5"})
    return _make_gesture("nod", fps, [(0.0, REST_TURNS), (0.35, down), (0.65, up), (0.95, again), (1.6, REST_TURNS)])


_OPEN_ARM = {"Shoulder": "z0", "Arm": "z-72 y-12 x-19", "ForeArm": "y-80 x-46", "Hand": "z8", **curl_fingers(0.22)}
_WIDE_ARM = {"Arm": "z-64 y-9 x-43", "ForeArm": "y-74 x-58", "Hand": "z14", **curl_fingers(0.14)}


def make_explain_clip(fps: int) -> Clip:
    """Both hands open in front of the body and move outward on two beats."""
    first, wide = (
        parse_pose(left=_OPEN_ARM, right=_OPEN_ARM, middle={"Spine1": "x2"}),
        parse_pose(left=_WIDE_ARM, right=_WIDE_ARM, middle={"Head": "x2"}),
    )
    second = parse_pose(left=_WIDE_ARM, right=_OPEN_ARM, middle={"Head": "x-1 y4"})
    return _make_gesture("explain", fps, [(0.0, REST_TURNS), (0.6, first), (1.05, wide), (1.55, first), (2.05, second), (3.0, REST_TURNS)])


def make_shrug_clip(fps: int) -> Clip:
    """Shoulders up, palms out, head tilted."""
    arms = {"Shoulder": "z13", "Arm": "z-79 y-3 x-56", "ForeArm": "y-81 x-70", "Hand": "z20", **curl_fingers(0.16)}
    high = parse_pose(left=arms, right=arms, middle={"Head": "z6 x-2", "Neck": "z3"})
    return _make_gesture("shrug", fps, [(0.0, REST_TURNS), (0.55, high), (1.15, high), (2.0, REST_TURNS)])


def make_point_clip(fps: int) -> Clip:
    """The right arm points at something to the character's right, and the head follows."""
    # The fingers of the bind pose are slightly bent: a pointing one is stretched further.
    finger = {"HandIndex1": "z16", "HandIndex2": "z10", "HandIndex3": "z8"}
    arm = {"Shoulder": "z4", "Arm": "z-27 y-27 x-59", "ForeArm": "y-22 x12", "Hand": "z4", **curl_fingers(0.95, 1.2), **finger}
    shown = parse_pose(right=arm, middle={"Spine1": "y-6", "Neck": "y-8", "Head": "y-12"})
    return _make_gesture("point", fps, [(0.0, REST_TURNS), (0.7, shown), (1.7, shown), (2.7, REST_TURNS)])


def _make_gesture(name: str, fps: int, keys: Sequence[tuple[float, JointTurns]], lean: float = 0.0) -> Clip:
    """The keys on standing legs; the hips shift `lean` metres to the left during the gesture."""
    times = _make_times(keys[-1][0], fps)
    shift = ease_in_out(times / keys[1][0]) - ease_in_out((times - keys[-2][0]) / (keys[-1][0] - keys[-2][0]))
    sway = np.stack([lean * shift, -0.12 * abs(lean) * shift, 0 * shift], 1)
    return _make_planted_clip(name, times, interpolate_keys(times, keys), sway)


def _make_planted_clip(name: str, times: Floats, rotations: Floats, sway: NDArray[np.floating], loop: bool = False) -> Clip:
    """The clip with planted feet: the legs follow from the motion of the hips."""
    root = (sway - np.array([0, compute_hip_drop(STANCE_HALF_WIDTH), 0])).astype(np.float32)
    solve_standing_legs(rotations, root)
    return Clip(name, times, rotations, root, np.zeros((len(times), 0), np.float32), loop=loop)


def compute_hip_drop(stance: float) -> float:
    """Metres that the hips sink when the feet are `stance` metres from the middle, with soft knees."""
    heads = dict(zip(JOINTS, build_canonical_skeleton().heads, strict=True))
    hip, ankle, length = heads["LeftUpLeg"], heads["LeftFoot"], measure_leg(heads)
    across = np.array([hip[0] - stance, 0, hip[2] - ankle[2]])
    return _KNEE_SOFTNESS + float(hip[1] - ankle[1] - np.sqrt(max(length**2 - across @ across, 0.0)))


def solve_standing_legs(rotations: Floats, root: Floats, stance: tuple[float, float] = (STANCE_HALF_WIDTH, -STANCE_HALF_WIDTH)) -> None:
    """Solves the legs in place so that both feet stay where they are, left and right at `stance` metres from the middle."""
    skeleton = build_canonical_skeleton()
    heads = dict(zip(JOINTS, skeleton.heads, strict=True))
    for side, sign, across in (("Left", 1, stance[0]), ("Right", -1, stance[1])):
        upper, lower, foot = (JOINTS.index(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot"))
        positions, turns = forward_kinematics(skeleton.parents, skeleton.heads, rotations, root)
        goal = heads[f"{side}Foot"].copy()
        goal[0] = across
        # Knees point forward and slightly outward, over the toes.
        pole = np.array([sign * 0.12, 0, 1.0])
        thigh, shin = heads[f"{side}Leg"] - heads[f"{side}UpLeg"], heads[f"{side}Foot"] - heads[f"{side}Leg"]
        first, second = solve_two_bone_ik(positions[:, upper], thigh, shin, np.tile(goal, (len(root), 1)), pole)
        rotations[:, upper] = multiply(inverse(turns[:, JOINTS.index("Hips")]), first)
        rotations[:, lower] = multiply(inverse(first), second)
        # The inverse of the shin's world rotation keeps the sole level whatever the leg does.
        rotations[:, foot] = multiply(inverse(second), from_axis_angle((0, 1, 0), np.array(sign * _TOES_OUT)))


LIBRARY: Mapping[str, Callable[[int], Clip]] = {
    "idle": make_idle_clip, "wave": make_wave_clip, "nod": make_nod_clip, "explain": make_explain_clip,
    "shrug": make_shrug_clip, "point": make_point_clip, "walk": make_walk_clip,
}  # fmt: skip
