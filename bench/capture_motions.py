"""Movements with known truth for films of capture: eight kinds, each drawn from a random generator.

Feet follow planned steps and stay in place while they stand; the hips are as high as the legs allow; arms, trunk, head and face are keyed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, MORPHS_67
from assets.rotation import forward_kinematics, from_axis_angle, inverse, make_continuous, measure_leg, multiply, rotate, solve_two_bone_ik
from bench.capture_faces import add_blinks, add_speech
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.keyed_poses import REST_TURNS, add_turns, curl_fingers, ease_in_out, interpolate_keys, parse_pose

Doubles = NDArray[np.float64]
_SKELETON = build_canonical_skeleton()
_HEADS = dict(zip(JOINTS, _SKELETON.heads.astype(np.float64), strict=True))
_LEG = measure_leg(_HEADS)
_SWING_SHARE = 0.78
"""Of a step's time that its foot is in the air: 39 % of a cycle, near Perry's 38 %."""
_HEEL_RISE = np.radians(38)
_TOES_UP = np.radians(14)
_LONG_STEP = 0.55
"""Metres of a step in which the foot rolls fully."""
Keys = list[tuple[float, Mapping[str, Floats]]]


@dataclass
class Sketch:
    """What a kind of motion decides; `build_clip` makes a clip of it."""

    times: Floats
    path: Doubles
    """(f,3) x and z of the body over the floor, metres, and its heading, radians about +Y from +Z."""
    swings: list[tuple[float, float, int]] = field(default_factory=list)
    """(start, end, side) of every step, seconds."""
    sink: Doubles | None = None
    """(f,2) metres that the hips go down and back, as in a squat."""
    pitch: Doubles | None = None
    """(f,) radians that the pelvis leans forward."""
    keys: Keys = field(default_factory=list)
    face: Floats | None = None
    stance: float = 0.105
    arm_swing: float = 1.0


def build_clip(name: str, sketch: Sketch) -> Clip:
    """The movement on the canonical skeleton."""
    times, path = sketch.times.astype(np.float64), sketch.path
    rotations = interpolate_keys(sketch.times, sketch.keys or [(0.0, REST_TURNS), (float(times[-1]), REST_TURNS)])
    feet = [_trace_foot(sketch, side) for side in (0, 1)]
    local = [_enter_body_frame(goal, path) for goal, _, _ in feet]
    ahead = local[0][:, 2] - local[1][:, 2]
    _swing_with_steps(rotations, ahead, sketch.arm_swing if sketch.swings else 0.0)
    pitch = np.zeros(len(times)) if sketch.pitch is None else sketch.pitch
    hips = JOINTS.index("Hips")
    rotations[:, hips] = multiply(rotations[:, hips], from_axis_angle((1, 0, 0), pitch))
    root = _place_hips(sketch, local, rotations[:, hips])
    for side in (0, 1):
        _solve_leg(rotations, root, side, local[side], feet[side][1] - path[:, 2], feet[side][2])
    turn = from_axis_angle((0, 1, 0), path[:, 2])
    head = _SKELETON.heads[0]
    moved = rotate(turn, root + head) - head
    moved[:, [0, 2]] += path[:, :2]
    rotations[:, hips] = multiply(turn, rotations[:, hips])
    face = np.zeros((len(times), len(MORPHS_67)), np.float32) if sketch.face is None else sketch.face
    return Clip(name, sketch.times, make_continuous(rotations), moved.astype(np.float32), face)


def _trace_foot(sketch: Sketch, side: int) -> tuple[Doubles, Doubles, Doubles]:
    """(f,3) positions of an ankle, (f,) its heading and (f,) how far its toes point down."""
    times, sign = sketch.times.astype(np.float64), (1, -1)[side]
    swings = [(a, b) for a, b, s in sketch.swings if s == side]
    ends = [0.0, *(b for _, b in swings)]
    starts = [*(a for a, _ in swings), float(times[-1])]
    # A foot stands where the body is in the middle of its stance: there it carries the body above itself.
    middles = [(a + b) / 2 for a, b in zip(ends, starts, strict=True)]
    if swings:
        middles[0], middles[-1] = 0.0, float(times[-1])
    spots = np.stack([np.interp(middles, times, column) for column in sketch.path.T], 1)
    across = np.stack([np.cos(spots[:, 2]), -np.sin(spots[:, 2])], 1)
    # Feet of a walker are closer together than those of somebody standing.
    width = np.full(len(spots), sketch.stance)
    width[1:-1] = 0.075 if np.linalg.norm(np.diff(sketch.path[:, :2], axis=0), axis=1).sum() > 0.6 else sketch.stance
    spots[:, :2] += sign * width[:, None] * across
    place = np.tile(spots[0], (len(times), 1))
    lift, tilt = np.zeros(len(times)), np.zeros(len(times))
    for i, (start, end) in enumerate(swings):
        share = np.clip((times - start) / (end - start), 0, 1)
        place += ease_in_out(share)[:, None] * (spots[i + 1] - spots[i])
        reach = min(1.0, float(np.linalg.norm(spots[i + 1, :2] - spots[i, :2])) / _LONG_STEP)
        lift += (0.03 + 0.02 * reach) * np.sin(np.pi * share) ** 2
        tilt += reach * np.interp(times, [start - 0.16, start, start + 0.35 * (end - start), end - 0.06, end, end + 0.09],
                                  [0, _HEEL_RISE, 0.7 * _HEEL_RISE, -_TOES_UP, -_TOES_UP, 0])  # fmt: skip
    heading = place[:, 2] + sign * np.radians(8)
    offset, height = _roll_foot(tilt)
    goal = np.stack([place[:, 0] + offset * np.sin(heading), height + lift, place[:, 1] + offset * np.cos(heading)], 1)
    return goal, heading, tilt


def _roll_foot(tilt: Doubles) -> tuple[Doubles, Doubles]:
    """(f,) how far the ankle moves along the foot and (f,) its height, when the foot rolls over its ball or its heel."""
    ball = _HEADS["LeftToeBase"] - _HEADS["LeftFoot"]
    ankle = float(_HEADS["LeftFoot"][1])
    up = np.where(tilt > 0, ball[1], -ankle)
    on = np.where(tilt > 0, ball[2], -0.35 * ball[2])
    return on - (up * np.sin(tilt) + on * np.cos(tilt)), ankle + up - (up * np.cos(tilt) - on * np.sin(tilt))


def _enter_body_frame(goal: Doubles, path: Doubles) -> Doubles:
    """(f,3) world positions relative to the body's place and heading."""
    x, z = goal[:, 0] - path[:, 0], goal[:, 2] - path[:, 1]
    c, s = np.cos(path[:, 2]), np.sin(path[:, 2])
    return np.stack([c * x - s * z, goal[:, 1], s * x + c * z], 1)


def _swing_with_steps(rotations: Floats, ahead: Doubles, gain: float) -> None:
    """Arms swing against the feet, pelvis and chest turn against each other; `ahead` is the left foot's lead, metres."""
    from scipy.ndimage import gaussian_filter1d

    lead = gaussian_filter1d(np.clip(ahead, -0.8, 0.8), 2) * gain
    add_turns(rotations, "Hips", y=-9 * lead)
    add_turns(rotations, "Spine1", y=14 * lead)
    for side, sign in (("Left", 1), ("Right", -1)):
        swing = sign * lead
        add_turns(rotations, f"{side}Arm", y=sign * 36 * swing)
        add_turns(rotations, f"{side}ForeArm", y=-sign * np.clip(8 - 20 * swing, 0, 30) * min(gain, 1))


def _place_hips(sketch: Sketch, feet: Sequence[Doubles], hips: Floats) -> Floats:
    """(f,3) displacement of the hips in the body's frame, as high as both standing legs reach."""
    from scipy.ndimage import gaussian_filter1d

    times = sketch.times.astype(np.float64)
    root = np.zeros((len(times), 3))
    high = np.full(len(times), np.inf)
    for side, name in ((0, "Left"), (1, "Right")):
        joint = rotate(hips, _HEADS[f"{name}UpLeg"] - _HEADS["Hips"]) + _HEADS["Hips"]
        level = np.linalg.norm((feet[side] - joint)[:, [0, 2]], axis=1)
        reach = feet[side][:, 1] + np.sqrt(np.maximum((0.996 * _LEG) ** 2 - level**2, 0.05)) - joint[:, 1]
        for start, end, s in sketch.swings:
            if s == side:
                # A foot in the air does not hold the hips down.
                reach = reach + 0.3 * np.clip(4 * np.minimum(times - start, end - times) / (end - start), 0, 1)
        high = np.minimum(high, reach)
    fps = 1 / float(np.diff(times).mean())
    root[:, 1] = np.minimum(gaussian_filter1d(high, 0.07 * fps), high) - 0.006
    left = sum((np.sin(np.pi * np.clip((times - a) / (b - a), 0, 1)) * (1, -1)[s] for a, b, s in sketch.swings), np.zeros(len(times)))
    root[:, 0] = -0.022 * gaussian_filter1d(left, 0.08 * fps)
    if sketch.sink is not None:
        root[:, 1] -= sketch.sink[:, 0]
        root[:, 2] -= sketch.sink[:, 1]
    return root.astype(np.float32)


def _solve_leg(rotations: Floats, root: Floats, side: int, goal: Doubles, heading: Doubles, tilt: Doubles) -> None:
    """Solves one leg in the body's frame, in place."""
    name, sign = ("Left", "Right")[side], (1, -1)[side]
    upper, lower, foot, toe = (JOINTS.index(f"{name}{part}") for part in ("UpLeg", "Leg", "Foot", "ToeBase"))
    positions, turns = forward_kinematics(_SKELETON.parents, _SKELETON.heads, rotations, root)
    heads = _SKELETON.heads
    pole = np.array([sign * 0.14, 0, 1.0])
    first, second = solve_two_bone_ik(positions[:, upper], heads[lower] - heads[upper], heads[foot] - heads[lower], goal, pole)
    sole = multiply(from_axis_angle((0, 1, 0), heading), from_axis_angle((1, 0, 0), tilt))
    rotations[:, upper] = multiply(inverse(turns[:, 0]), first)
    rotations[:, lower] = multiply(inverse(first), second)
    rotations[:, foot] = multiply(inverse(second), sole)
    rotations[:, toe] = from_axis_angle((1, 0, 0), -np.clip(tilt, 0, None) * 0.8)


def _plan_steps(start: float, end: float, step_s: float, first: int) -> list[tuple[float, float, int]]:
    """Alternating steps that fill the time."""
    count = max(2, round((end - start) / step_s))
    step = (end - start) / count
    return [(start + i * step, start + (i + _SWING_SHARE) * step, (first + i) % 2) for i in range(count)]


def _travel(times: Doubles, start: float, end: float) -> Doubles:
    """(f,) 0 to 1, accelerating and braking for 0.45 seconds."""
    ramp = 0.45
    speed = np.clip(np.minimum(times - start, end - times) / ramp, 0, 1)
    done = np.r_[0, np.cumsum((speed[1:] + speed[:-1]) / 2 * np.diff(times))]
    return np.asarray(done / max(done[-1], 1e-9))


def _ramp(times: Doubles, *points: tuple[float, float]) -> Doubles:
    """(f,) eased from value to value; points are (seconds, value)."""
    out = np.full(len(times), points[0][1])
    for (a, low), (b, high) in pairwise(points):
        out += (high - low) * ease_in_out((times - a) / (b - a))
    return out


def _make_times(seconds: float, fps: int) -> Floats:
    return (np.arange(round(seconds * fps)) / fps).astype(np.float32)


def _angle(random: np.random.Generator, axis: str, low: float, high: float) -> str:
    return f"{axis}{random.uniform(low, high):.0f}"


def _look(random: np.random.Generator, scale: float = 1.0) -> dict[str, str]:
    """Head and neck of somebody who looks about."""
    yaw, pitch = random.uniform(-24, 24) * scale, random.uniform(-12, 14) * scale
    return {
        "Neck": f"y{0.4 * yaw:.0f} x{0.4 * pitch + 2:.0f}",
        "Head": f"y{0.6 * yaw:.0f} x{0.6 * pitch - 2:.0f} {_angle(random, 'z', -5, 5)}",
    }


def _free_arm(random: np.random.Generator) -> dict[str, str]:
    """Any pose of an arm in front of and next to the body."""
    upper = (_angle(random, "y", -45, 8), _angle(random, "z", -72, 40), _angle(random, "x", -40, 15))
    return {"Shoulder": _angle(random, "z", -3, 9), "Arm": " ".join(upper),
            "ForeArm": f"{_angle(random, 'y', -105, -12)} {_angle(random, 'x', -50, 30)}",
            "Hand": f"{_angle(random, 'z', -15, 18)} {_angle(random, 'y', -12, 12)}", **curl_fingers(random.uniform(0.1, 0.8))}  # fmt: skip


def _hang(random: np.random.Generator) -> Mapping[str, Floats]:
    """The rest pose with a person's own way of holding the arms, trunk and head."""
    arm = {"Shoulder": _angle(random, "z", -5, 0), "Arm": f"{_angle(random, 'z', -80, -70)} {_angle(random, 'x', -16, 0)} y4",
           "ForeArm": f"{_angle(random, 'y', -30, -10)} x6", "Hand": "z-2", **curl_fingers(random.uniform(0.2, 0.5))}  # fmt: skip
    return parse_pose(
        left=arm, right=arm, middle={"Spine": _angle(random, "x", -1, 3), "Spine1": "", "Spine2": "x-1", **_look(random, 0.25)}
    )


def make_approach(fps: int, random: np.random.Generator, speed: float = 0.0, distance: float = 0.0) -> Sketch:
    """Walks towards the camera, stands at both ends."""
    speed, distance = speed or random.uniform(1.2, 1.5), distance or random.uniform(2.0, 2.6)
    start = random.uniform(0.15, 0.3)
    end = start + distance / speed + 0.45
    times = _make_times(end + 0.25, fps)
    heading = np.radians(random.uniform(-12, 12))
    along = distance * _travel(times.astype(float), start, end)
    path = np.stack([along * np.sin(heading), along * np.cos(heading), np.full(len(times), heading)], 1)
    rest = _hang(random)
    keys: Keys = [(0.0, rest), (float(times[-1]) / 2, {**rest, **parse_pose(middle=_look(random, 0.5))}), (float(times[-1]), rest)]
    return Sketch(times, path, _plan_steps(start, end, random.uniform(0.58, 0.7) / speed, int(random.integers(2))), keys=keys,
                  arm_swing=random.uniform(0.5, 1.3))  # fmt: skip


def make_far(fps: int, random: np.random.Generator) -> Sketch:
    """Walks up from afar."""
    return make_approach(fps, random, random.uniform(1.7, 2.0), random.uniform(4.2, 5.2))


def make_curve(fps: int, random: np.random.Generator) -> Sketch:
    """Walks along an arc."""
    radius, bow = random.uniform(0.9, 1.5), np.radians(random.uniform(90, 170)) * random.choice([-1, 1])
    speed, start = random.uniform(0.9, 1.2), random.uniform(0.15, 0.3)
    end = start + radius * abs(bow) / speed + 0.45
    times = _make_times(min(end + 0.15, 3.0), fps)
    angle = bow * _travel(times.astype(float), start, end)
    first = np.radians(random.uniform(-50, 50)) - bow / 2
    heading = first + angle
    # The path's derivative is the heading: x' = sin, z' = cos.
    path = np.stack(
        [np.sign(bow) * radius * (np.cos(first) - np.cos(heading)), np.sign(bow) * radius * (np.sin(heading) - np.sin(first)), heading], 1
    )
    rest = _hang(random)
    keys: Keys = [(0.0, rest), (float(times[-1]) / 2, {**rest, **parse_pose(middle=_look(random, 0.6))}), (float(times[-1]), rest)]
    return Sketch(times, path, _plan_steps(start, end, random.uniform(0.45, 0.55) / speed, int(random.integers(2))), keys=keys,
                  arm_swing=random.uniform(0.5, 1.2))  # fmt: skip


def make_turn(fps: int, random: np.random.Generator) -> Sketch:
    """Turns its back to the camera and back again, by steps."""
    side, length = random.choice([-1, 1]), random.uniform(1.05, 1.3)
    start = random.uniform(0.15, 0.2)
    middle, again = start + length, start + length + random.uniform(0.1, 0.25)
    times = _make_times(again + length + 0.1, fps)
    half = np.pi * side * _ramp(times.astype(float), (start, 0.0), (middle, 1.0))
    back = np.pi * side * _ramp(times.astype(float), (again, 0.0), (again + length, 1.0))
    heading = half - back if random.random() < 0.5 else half + back
    path = np.stack([0 * heading, 0 * heading, heading], 1)
    step, foot = length / random.integers(4, 6), int(side < 0)
    swings = _plan_steps(start, middle, step, foot) + _plan_steps(again, again + length, step, foot)
    rest = _hang(random)
    keys: Keys = [
        (0.0, rest),
        (middle, {**rest, **parse_pose(left=_free_arm(random), middle=_look(random, 0.4))}),
        (float(times[-1]), rest),
    ]
    return Sketch(times, path, swings, keys=keys, arm_swing=0.3)


def make_squat(fps: int, random: np.random.Generator) -> Sketch:
    """Squats, rises, bends down and stays bent."""
    seconds = random.uniform(2.7, 3.0)
    times = _make_times(seconds, fps)
    t = times.astype(float)
    depth, lean = random.uniform(0.28, 0.45), random.uniform(50, 80)
    first, second, third = 0.15, random.uniform(0.75, 0.85), random.uniform(1.35, 1.45)
    bent = random.uniform(2.0, 2.2)
    down = _ramp(t, (first, 0.0), (second, 1.0), (third, 0.0))
    low = _ramp(t, (third, 0.0), (bent, 1.0))
    sink = np.stack([depth * down + 0.03 * low, 0.12 * down + 0.12 * low], 1)
    pitch = np.radians(24 * down + 0.45 * lean * low)
    rest = _hang(random)
    ahead = {"Arm": f"y{random.uniform(-85, -60):.0f} z{random.uniform(-20, 0):.0f}", "ForeArm": "y-12"}
    hanging = {"Arm": f"z{random.uniform(-70, -55):.0f} y{random.uniform(-60, -35):.0f}", "ForeArm": "y-14"}
    folded = {"Spine": f"x{0.2 * lean:.0f}", "Spine1": f"x{0.2 * lean:.0f}", "Spine2": f"x{0.15 * lean:.0f}", "Neck": "x4", "Head": "x-6"}
    squatting = {"Spine": "x8", "Spine1": "x6", "Spine2": "x2", "Neck": "x-8", "Head": "x-14"}
    keys: Keys = [(0.0, rest), (first, rest), (second, {**rest, **parse_pose(left=ahead, right=ahead, middle=squatting)}), (third, rest),
                  (bent, {**rest, **parse_pose(left=hanging, right=hanging, middle=folded)}),
                  (seconds, {**rest, **parse_pose(left=hanging, right=hanging, middle=folded)})]  # fmt: skip
    return Sketch(times, np.zeros((len(t), 3)), [], sink, pitch, keys, stance=random.uniform(0.11, 0.17))


def make_sit(fps: int, random: np.random.Generator) -> Sketch:
    """Sits down on a stool 0.44 m high and stays seated, looking about."""
    seconds = random.uniform(2.2, 2.5)
    times = _make_times(seconds, fps)
    t = times.astype(float)
    start, seated = random.uniform(0.1, 0.2), random.uniform(1.15, 1.3)
    down = _ramp(t, (start, 0.0), (seated, 1.0))
    lean = _ramp(t, (start, 0.0), ((start + seated) / 2, 1.0), (seated + 0.2, 0.12))
    sink = np.stack([0.40 * down, 0.36 * down], 1)
    rest = _hang(random)
    lap = {
        "Arm": f"z{random.uniform(-68, -60):.0f} y{random.uniform(-34, -24):.0f} x-20",
        "ForeArm": f"y{random.uniform(-62, -48):.0f} x-8",
    }
    seat = {**rest, **parse_pose(left=lap, right=lap, middle={"Spine": "x3", "Spine1": "x2"})}
    keys: Keys = [(0.0, rest), (start, rest), (seated, {**seat, **parse_pose(middle=_look(random, 0.5))}),
                  (seated + 0.5, {**seat, **parse_pose(middle=_look(random))}),
                  (seconds, {**seat, **parse_pose(middle=_look(random))})]  # fmt: skip
    return Sketch(times, np.zeros((len(t), 3)), [], sink, np.radians(34) * lean, keys, stance=random.uniform(0.10, 0.16))


def make_wave(fps: int, random: np.random.Generator) -> Sketch:
    """Waves one hand, then gesticulates with both."""
    seconds = random.uniform(2.6, 2.9)
    times = _make_times(seconds, fps)
    rest, right = _hang(random), random.random() < 0.6
    up = {"Shoulder": "z9", "Arm": f"{_angle(random, 'z', -55, -10)} {_angle(random, 'y', -25, -5)} {_angle(random, 'x', -75, -60)}",
          "Hand": "z4", **curl_fingers(0.12)}  # fmt: skip
    keys: Keys = [(0.0, rest), (0.2, rest)]
    for i in range(4):
        arm = up | {"ForeArm": f"y{random.uniform(-100, -85) if i % 2 else random.uniform(-125, -110):.0f}"}
        pose = parse_pose(**{"right" if right else "left": arm}, middle=_look(random, 0.4))
        keys.append((0.6 + 0.25 * i, {**rest, **pose}))
    for at in np.arange(1.8, seconds - 0.3, 0.5):
        keys.append((float(at), {**rest, **parse_pose(left=_free_arm(random), right=_free_arm(random), middle=_look(random, 0.7))}))
    keys.append((seconds, rest))
    sink = np.stack([0.01 + 0.006 * np.sin(times * 2.1), 0.01 * np.sin(times * 1.3)], 1)
    return Sketch(times, np.zeros((len(times), 3)), [], sink, None, keys, stance=random.uniform(0.08, 0.16))


def make_talk(fps: int, random: np.random.Generator) -> Sketch:
    """Speaks, blinks, reaches up once and nods."""
    seconds = random.uniform(2.6, 2.9)
    times = _make_times(seconds, fps)
    rest = _hang(random)
    reach = {"Shoulder": "z12", "Arm": f"{_angle(random, 'y', -30, -5)} {_angle(random, 'z', 30, 62)} x-25",
             "ForeArm": _angle(random, "y", -30, -10),
             **curl_fingers(0.15)}  # fmt: skip
    raised = parse_pose(**{str(random.choice(["left", "right"])): reach}, middle=_look(random))
    keys: Keys = [(0.0, rest), (0.3, {**rest, **parse_pose(middle=_look(random))}), (1.0, {**rest, **raised}), (1.2, {**rest, **raised}),
                  (2.0, {**rest, **parse_pose(middle=_look(random))}), (seconds, rest)]  # fmt: skip
    face = np.zeros((len(times), len(MORPHS_67)), np.float32)
    add_speech(face, times, random, 0.4, seconds - 0.6)
    sink = np.stack([0.01 + 0.005 * np.sin(times * 1.7), 0 * times], 1)
    return Sketch(times, np.zeros((len(times), 3)), [], sink, None, keys, face, stance=random.uniform(0.08, 0.16))


MOTIONS: Mapping[str, Callable[[int, np.random.Generator], Sketch]] = {
    "approach": make_approach, "curve": make_curve, "turn": make_turn, "squat": make_squat,
    "sit": make_sit, "wave": make_wave, "far": make_far, "talk": make_talk,
}  # fmt: skip


def make_motion(name: str, fps: int, random: np.random.Generator) -> Clip:
    """One of MOTIONS with blinks, on the canonical skeleton."""
    sketch = MOTIONS[name](fps, random)
    if sketch.face is None:
        sketch.face = np.zeros((len(sketch.times), len(MORPHS_67)), np.float32)
    add_blinks(sketch.face, sketch.times, random)
    return build_clip(name, sketch)
