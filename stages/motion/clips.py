"""Our own library of movement: idle, wave, nod, explain, shrug, point, walk. All of it generated, none captured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.rotation import about, forward_kinematics, inverse, multiply, two_bone
from stages.motion.canonical import canonical
from stages.motion.pose import REST, Turns, curl, keyed, pose, turned
from stages.motion.walk import walk

__all__ = ["LIBRARY", "REST", "STANCE", "settled", "stand"]

STANCE = 0.105
"""Metres of an ankle from the middle."""
_TOES_OUT = np.radians(9)
_SOFT = 0.012
"""Metres that the hips hang below straight legs: knees are never locked."""


def _seconds(duration: float, fps: int) -> Floats:
    return np.asarray(np.linspace(0, duration, round(duration * fps) + 1), np.float32)


def idle(fps: int) -> Clip:
    """Eight seconds of standing: weight from foot to foot, a wandering head; ends as it begins (breath is the performance's)."""
    times = _seconds(8.0, fps)
    phase = 2 * np.pi * times / 8

    def drift(degrees: float, late: float, times: int = 1) -> NDArray[np.floating]:
        # Everything starts from REST, so that every gesture can begin and end there too.
        return np.asarray(degrees * (np.sin(times * phase + late) - np.sin(late)))

    rotations = keyed(times, [(0.0, REST), (8.0, REST)])
    sway = np.stack([0.016 * np.sin(phase), 0.002 * (1 - np.cos(2 * phase)), 0.004 * np.sin(2 * phase)], 1)
    turned(rotations, "Hips", z=drift(1.0, 0), y=drift(1.5, 0.4))
    turned(rotations, "Spine1", z=-drift(1.2, -0.2), x=drift(0.5, 0, 2))
    turned(rotations, "Head", y=drift(2.5, 1.1) + drift(1.0, 0, 3), x=drift(0.9, 0.5, 2), z=drift(0.8, 2))
    for side, sign in (("Left", 1), ("Right", -1)):
        turned(rotations, f"{side}Arm", z=sign * drift(0.9, 0.6), x=drift(1.2, sign))
        turned(rotations, f"{side}ForeArm", y=sign * drift(1.4, 1.2 * sign))
    return _clip("idle", times, rotations, sway, loop=True)


def wave(fps: int) -> Clip:
    """The right hand goes up beside the head and swings three times."""
    up = {"Shoulder": "z8", "Arm": "z-26 y-22 x-78", "ForeArm": "y-96", "Hand": "z6 y4", **curl(0.10)}
    out, back = {"Arm": "z-22 y-22 x-78", "ForeArm": "y-74", "Hand": "y10"}, {"Arm": "z-28 y-22 x-78", "ForeArm": "y-112", "Hand": "y-8"}
    keys = [(0.0, REST), (0.75, pose(right=up, middle={"Spine1": "z2", "Head": "z3 y-3"}))]
    for beat in range(3):
        keys += [(1.02 + 0.54 * beat, pose(right=out)), (1.29 + 0.54 * beat, pose(right=back))]
    keys += [(3.4, REST)]
    return _gesture("wave", fps, keys)


def nod(fps: int) -> Clip:
    """Two nods, the second smaller."""
    down, up = pose(middle={"Head": "x9", "Neck": "x7"}), pose(middle={"Head": "x-4", "Neck": "x0"})
    again = pose(middle={"Head": "x5", "Neck": "x5"})
    return _gesture("nod", fps, [(0.0, REST), (0.35, down), (0.65, up), (0.95, again), (1.6, REST)])


_OPEN = {"Shoulder": "z0", "Arm": "x-24 z-66 y14", "ForeArm": "y-82 x-58", "Hand": "z10", **curl(0.16)}
_WIDE = {"Arm": "x-22 y24 z-62 y14", "ForeArm": "y-72 x-70", "Hand": "z16"}


def explain(fps: int) -> Clip:
    """Both hands open before the body, outward on two beats."""
    first, wide = pose(left=_OPEN, right=_OPEN, middle={"Spine1": "x2"}), pose(left=_WIDE, right=_WIDE, middle={"Head": "x2"})
    second = pose(left=_WIDE, right=_OPEN, middle={"Head": "x-1 y4"})
    return _gesture("explain", fps, [(0.0, REST), (0.6, first), (1.05, wide), (1.55, first), (2.05, second), (3.0, REST)])


def shrug(fps: int) -> Clip:
    """Shoulders up, palms out, head aside."""
    arms = {"Shoulder": "z13", "Arm": "x-14 z-66 y16", "ForeArm": "y-78 x-84", "Hand": "z22", **curl(0.12)}
    high = pose(left=arms, right=arms, middle={"Head": "z6 x-2", "Neck": "z3"})
    return _gesture("shrug", fps, [(0.0, REST), (0.55, high), (1.15, high), (2.0, REST)])


def point(fps: int) -> Clip:
    """The right arm shows something beside the character, the eyes' side follows."""
    # The bind's fingers hang a little: a pointing one is stretched past that.
    finger = {"HandIndex1": "z16", "HandIndex2": "z10", "HandIndex3": "z8"}
    arm = {"Shoulder": "z2", "Arm": "y-52 z-12 x-20", "ForeArm": "y-12 x-32", "Hand": "z2", **curl(1.05, 1.2), **finger}
    shown = pose(right=arm, middle={"Spine1": "y-6", "Neck": "y-8", "Head": "y-12"})
    return _gesture("point", fps, [(0.0, REST), (0.7, shown), (1.7, shown), (2.7, REST)])


def _gesture(name: str, fps: int, keys: Sequence[tuple[float, Turns]]) -> Clip:
    """The keys on standing legs."""
    times = _seconds(keys[-1][0], fps)
    rotations = keyed(times, keys)
    return _clip(name, times, rotations, np.zeros((len(times), 3)))


def _clip(name: str, times: Floats, rotations: Floats, sway: NDArray[np.floating], loop: bool = False) -> Clip:
    """The clip with feet planted: legs are solved from the hips' way to where the feet stand."""
    root = (sway - np.array([0, settled(STANCE), 0])).astype(np.float32)
    stand(rotations, root)
    return Clip(name, times, rotations, root, np.zeros((len(times), 0), np.float32), loop=loop)


def settled(stance: float) -> float:
    """Metres that the hips come down when the feet stand `stance` metres from the middle, knees soft."""
    heads = dict(zip(JOINTS, canonical().heads, strict=True))
    hip, ankle = heads["LeftUpLeg"], heads["LeftFoot"]
    length = float(np.linalg.norm(hip - heads["LeftLeg"]) + np.linalg.norm(heads["LeftLeg"] - ankle))
    across = np.array([hip[0] - stance, 0, hip[2] - ankle[2]])
    return _SOFT + float(hip[1] - ankle[1] - np.sqrt(max(length**2 - across @ across, 0.0)))


def stand(rotations: Floats, root: Floats, stance: tuple[float, float] = (STANCE, -STANCE)) -> None:
    """Writes the legs' rotations so that both feet keep their place, left and right at `stance` metres from the middle."""
    skeleton = canonical()
    heads = dict(zip(JOINTS, skeleton.heads, strict=True))
    for side, sign, across in (("Left", 1, stance[0]), ("Right", -1, stance[1])):
        upper, lower, foot = (JOINTS.index(f"{side}{part}") for part in ("UpLeg", "Leg", "Foot"))
        positions, turns = forward_kinematics(skeleton.parents, skeleton.heads, rotations, root)
        goal = heads[f"{side}Foot"].copy()
        goal[0] = across
        pole = np.array([sign * 0.12, 0, 1.0])
        thigh, shin = heads[f"{side}Leg"] - heads[f"{side}UpLeg"], heads[f"{side}Foot"] - heads[f"{side}Leg"]
        first, second = two_bone(positions[:, upper], thigh, shin, np.tile(goal, (len(root), 1)), pole)
        rotations[:, upper] = multiply(inverse(turns[:, JOINTS.index("Hips")]), first)
        rotations[:, lower] = multiply(inverse(first), second)
        rotations[:, foot] = multiply(inverse(second), about((0, 1, 0), np.array(sign * _TOES_OUT)))


LIBRARY: Mapping[str, Callable[[int], Clip]] = {
    "idle": idle, "wave": wave, "nod": nod, "explain": explain, "shrug": shrug, "point": point, "walk": walk,
}  # fmt: skip
