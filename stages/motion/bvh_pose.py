"""What is upright in a BVH file, and how its joints are oriented when the body is in our T-pose.

Neither the file's axes nor its zero angles say so: CMU's zero pose leans by 10 to 18 degrees, LAFAN1's and Bandai Namco's are no pose at
all (every bone along its joint's own X). The motion does: up is the axis of the file's world nearest to the mean trunk. Zero angles count
as a rest pose only where they form a standing body; otherwise the rest is read from the most upright frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Skeleton
from assets.conventions import JOINTS
from assets.rotation import IDENTITY, cross, from_axes, from_two_vectors, inverse, multiply, normalize_vectors, rotate, slerp
from stages.motion.bvh_joints import SIDES, JointMap

LIMBS = (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))
_MIN_THIGH_DEGREES = 150.0
"""Between trunk and thighs at zero angles: less is no standing body."""
_MAX_BEND_DEGREES = 60.0
"""Of a knee or a trunk segment at zero angles."""
_MAX_BODY_DEGREES = 15.0
"""Between the limbs of our bodies and those of the canonical skeleton in T-pose; the presets differ by up to 5."""
_MIN_FOOT_DEGREES = 40.0
"""Between shin and foot at zero angles: less is a foot in line with its shin, as no standing foot is."""
_SNAP_DEGREES = 10.0
"""A hip line this near to an axis at zero angles is that axis: the rest are unequal hip offsets of a measured actor."""
_MAX_SOLE_SLOPE = np.radians(45)
"""Of the line from ankle to ball in a flat foot; the steepest of the houses measured has 40 degrees."""
_MIN_HINGE_SINE = 0.14
"""Sine of 8 degrees: straighter limbs do not show the axis of their hinge."""
_MIN_HINGE_AGREEMENT = 0.8
"""Length of the mean axis over the frames; below that the joint is no hinge."""
# In our T-pose an elbow bends forward about the vertical, a knee backward about the body's left.
_HINGES = {"LeftArm": (0, -1, 0), "RightArm": (0, 1, 0), "LeftUpLeg": (1, 0, 0), "RightUpLeg": (1, 0, 0)}


@dataclass(frozen=True)
class WorldPose:
    """The file's joints in its own world."""

    positions: Floats
    """(f,j,3) in the file's unit."""
    rotations: Floats
    """(f,j,4) xyzw."""


@dataclass(frozen=True)
class RestPose:
    """How the file's joints are oriented when the body is in our T-pose."""

    turns: dict[str, Floats]
    """Joint of JOINTS -> (4,) rotation from our joint's frame to the file's joint's frame."""
    trunk: Floats
    """(n,4) the same for the joints of the trunk."""
    origin: Literal["zero angles", "motion", "own"]
    """Zero angles where they form a standing body, else the most upright frame of the motion; own for a file that Fenshen wrote."""


def make_frame(side: NDArray[np.floating], up: NDArray[np.floating]) -> Floats:
    """(4,) the rotation that brings +X onto `side` and +Y near `up`; some rotation with as much of that as damaged offsets leave."""
    axes = np.eye(3)
    side = side if np.linalg.norm(side) > 1e-6 else np.cross(up, axes[int(np.abs(up).argmin())])
    side = side if np.linalg.norm(side) > 1e-6 else axes[0]
    crossing = np.linalg.norm(np.cross(normalize_vectors(side), normalize_vectors(up)))
    return from_axes(side, up if crossing > 1e-6 else axes[int(np.abs(side).argmin())])


def measure_trunk(positions: Floats, joints: dict[str, int]) -> NDArray[np.floating]:
    """(...,3) from the middle of the hip joints to the middle of the shoulders."""
    left, right, hip_left, hip_right = (positions[..., joints[j], :] for j in ("LeftArm", "RightArm", "LeftUpLeg", "RightUpLeg"))
    return (left + right - hip_left - hip_right) / 2


def measure_hip_line(positions: Floats, joints: dict[str, int]) -> NDArray[np.floating]:
    """(...,3) from the right hip joint to the left one."""
    return positions[..., joints["LeftUpLeg"], :] - positions[..., joints["RightUpLeg"], :]


def find_nearest_axis(direction: NDArray[np.floating]) -> Floats:
    """(3,) of +-X, +-Y, +-Z the one nearest to the direction."""
    axis = np.zeros(3, np.float32)
    largest = int(np.abs(direction).argmax())
    axis[largest] = 1.0 if direction[largest] >= 0 else -1.0
    return axis


def measure_angle(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Degrees between two vectors (3,)."""
    return float(np.degrees(np.arccos(np.clip(normalize_vectors(a) @ normalize_vectors(b), -1, 1))))


def find_up_axis(pose: WorldPose, joints: dict[str, int]) -> tuple[Floats, float]:
    """(3,) the axis of the file's world nearest to the mean trunk, and the degrees between them."""
    mean = normalize_vectors(measure_trunk(pose.positions, joints)).mean(0)
    axis = find_nearest_axis(mean)
    return axis, measure_angle(mean, axis)


def is_standing_at_zero(heads: Floats, found: JointMap) -> bool:
    """Whether zero angles form a body that stands: thighs against the trunk, knees and trunk straight."""
    joints, trunk = found.joints, measure_trunk(heads, found.joints)
    for side in SIDES:
        hip, knee, ankle = (heads[joints[f"{side}{part}"]] for part in ("UpLeg", "Leg", "Foot"))
        if measure_angle(knee - hip, trunk) < _MIN_THIGH_DEGREES or measure_angle(ankle - knee, knee - hip) > _MAX_BEND_DEGREES:
            return False
    chain = heads[[joints["Hips"], *found.trunk, *found.neck]]
    bones = [bone for bone in np.diff(chain, axis=0) if np.linalg.norm(bone) > 1e-3 * np.linalg.norm(trunk)]
    return all(measure_angle(bone, trunk) <= _MAX_BEND_DEGREES for bone in bones) and measure_angle(
        measure_hip_line(heads, joints), heads[joints["LeftArm"]] - heads[joints["RightArm"]]) <= _MAX_BEND_DEGREES  # fmt: skip


def is_foot_in_line(heads: Floats, joints: dict[str, int], side: str) -> bool:
    """Whether the foot continues the shin at zero angles."""
    toe = joints.get(f"{side}ToeBase")
    knee, ankle = (heads[joints[f"{side}{part}"]] for part in ("Leg", "Foot"))
    return toe is not None and measure_angle(heads[toe] - ankle, ankle - knee) < _MIN_FOOT_DEGREES


def is_own_skeleton(names: Sequence[str], heads: Floats, target: Skeleton) -> bool:
    """Whether Fenshen wrote the file: exactly our joints, in our T-pose at zero angles."""
    if sorted(names) != sorted(JOINTS):
        return False
    theirs = dict(zip(names, heads, strict=True))
    ours = dict(zip(JOINTS, target.heads, strict=True))
    bones = [(f"{side}{start}", f"{side}{end}") for side in SIDES for start, end in LIMBS]
    return all(measure_angle(theirs[b] - theirs[a], ours[b] - ours[a]) < _MAX_BODY_DEGREES for a, b in bones)


def compute_rest_pose(names: Sequence[str], heads: Floats, pose: WorldPose, up: Floats, found: JointMap, target: Skeleton) -> RestPose:
    """The rest pose from zero angles where they form a standing body, else from the most upright frame."""
    if is_own_skeleton(names, heads, target):
        # Its joint frames equal our own, whatever the proportions of the body: rotations carry over unchanged.
        return RestPose(dict.fromkeys(JOINTS, IDENTITY), np.tile(IDENTITY, (len(found.trunk), 1)), "own")
    if is_standing_at_zero(heads, found):
        return _read_zero_pose(heads, found, target)
    return _read_upright_frame(pose, up, found, target)


def _read_zero_pose(heads: Floats, found: JointMap, target: Skeleton) -> RestPose:
    """Joints as they are at zero angles, limbs along their bones; the body's axes are those of the file."""
    up = find_nearest_axis(measure_trunk(heads, found.joints))
    left = measure_hip_line(heads, found.joints)
    nearest = find_nearest_axis(left - (left @ up) * up)
    body = make_frame(nearest if measure_angle(left, nearest) < _SNAP_DEGREES else left - (left @ up) * up, up)
    ours = dict(zip(JOINTS, target.heads, strict=True))
    turns = dict.fromkeys(JOINTS, body)
    for side in SIDES:
        for part, end in LIMBS:
            if f"{side}{end}" in found.joints:
                bone = heads[found.joints[f"{side}{end}"]] - heads[found.joints[f"{side}{part}"]]
                turns[f"{side}{part}"] = _aim(body, ours[f"{side}{end}"] - ours[f"{side}{part}"], bone)
        _copy_to_hand(turns, side)
    return RestPose(turns, np.tile(body, (len(found.trunk), 1)), "zero angles")


def _aim(frame: Floats, ours: Floats, theirs: NDArray[np.floating]) -> Floats:
    """The frame with the smallest rotation added that brings our bone onto theirs."""
    return multiply(from_two_vectors(rotate(frame, ours), theirs), frame)


def _copy_to_hand(turns: dict[str, Floats], side: str) -> None:
    """Hand and fingers are in line with the forearm at rest; in place."""
    for joint in JOINTS:
        if joint.startswith(f"{side}Hand"):
            turns[joint] = turns[f"{side}ForeArm"]


def _read_upright_frame(pose: WorldPose, up: Floats, found: JointMap, target: Skeleton) -> RestPose:
    """Our skeleton's pose in the most upright frame, from bone directions, hinges and the floor, relative to the file's joints there."""
    frame = _find_upright_frame(pose, up, found.joints)
    points, joints = pose.positions[frame], found.joints
    hips = _stand(measure_hip_line(points, joints), up)
    chest = _stand(points[joints["LeftArm"]] - points[joints["RightArm"]], up)
    turns = {joint: chest if _is_above_hips(joint) else hips for joint in JOINTS}
    for side in SIDES:
        _solve_limb(turns, pose, frame, found, target, (f"{side}Arm", f"{side}ForeArm", f"{side}Hand"))
        _solve_limb(turns, pose, frame, found, target, (f"{side}UpLeg", f"{side}Leg", f"{side}Foot"))
        _copy_to_hand(turns, side)
    count = len(found.trunk)
    shares = (np.arange(count) + 1) / max(count, 1)
    trunk = slerp(np.tile(hips, (count, 1)), np.tile(chest, (count, 1)), shares)
    theirs = pose.rotations[frame]
    local = {joint: multiply(inverse(theirs[joints[joint]]), turn) for joint, turn in turns.items() if joint in joints}
    for side in SIDES:
        local |= _find_foot_rest(pose, found, target, side, up)
    rest = multiply(inverse(theirs[list(found.trunk)]), trunk) if count else np.zeros((0, 4), np.float32)
    return RestPose(dict.fromkeys(JOINTS, IDENTITY) | local, rest, "motion")


def _stand(left: NDArray[np.floating], up: Floats) -> Floats:
    """(4,) an upright frame with this left."""
    return make_frame(left - (left @ up) * up, up)


def _is_above_hips(joint: str) -> bool:
    return not any(part in joint for part in ("Hips", "UpLeg", "Leg", "Foot", "Toe"))


def _find_upright_frame(pose: WorldPose, up: Floats, joints: dict[str, int]) -> int:
    """The frame in which trunk, thighs and shins deviate least from the vertical."""
    bones = [measure_trunk(pose.positions, joints)]
    for side in SIDES:
        hip, knee, ankle = (pose.positions[:, joints[f"{side}{part}"]] for part in ("UpLeg", "Leg", "Foot"))
        bones += [hip - knee, knee - ankle]
    cosines = np.stack([normalize_vectors(bone) @ up for bone in bones])
    return int(np.arccos(np.clip(cosines, -1, 1)).sum(0).argmin())


def _solve_limb(
    turns: dict[str, Floats], pose: WorldPose, frame: int, found: JointMap, target: Skeleton, chain: tuple[str, str, str]
) -> None:  # fmt: skip
    """World rotations of a limb's two bones: along the bones, rolled so that the hinge is where the movement shows it; in place."""
    start, middle, end = chain
    if end not in found.joints:
        turns[middle] = turns[start] = _aim(turns[start], _get_bone(target, start, middle), _get_span(pose, found, start, middle)[frame])
        return
    first, second = _get_span(pose, found, start, middle), _get_span(pose, found, middle, end)
    hinge = _find_hinge(first, second, pose.rotations[:, found.joints[start]])
    bones = ((start, first[frame], _get_bone(target, start, middle)), (middle, second[frame], _get_bone(target, middle, end)))
    axis = None if hinge is None else rotate(pose.rotations[frame, found.joints[start]], hinge)
    for joint, theirs, ours in bones:
        if axis is None:
            turns[joint] = _aim(turns[joint], ours, theirs)
        else:
            turns[joint] = multiply(make_frame(theirs, axis), inverse(make_frame(ours, np.array(_HINGES[start], np.float32))))


def _get_bone(target: Skeleton, start: str, end: str) -> Floats:
    return np.asarray(target.heads[JOINTS.index(end)] - target.heads[JOINTS.index(start)], np.float32)


def _get_span(pose: WorldPose, found: JointMap, start: str, end: str) -> Floats:
    return pose.positions[:, found.joints[end]] - pose.positions[:, found.joints[start]]


def _find_hinge(first: Floats, second: Floats, rotations: Floats) -> Floats | None:
    """(3,) axis about which the second bone bends, in the frame of the first bone's joint; None where the movement does not show it."""
    # The length of the cross product is the sine of the bend: straighter frames count less in the sum.
    axes = cross(normalize_vectors(first), normalize_vectors(second))
    sines = np.linalg.norm(axes, axis=1)
    bent = sines > _MIN_HINGE_SINE
    if not bent.any():
        return None
    total = rotate(inverse(rotations[bent]), axes[bent]).sum(0)
    return total if np.linalg.norm(total) >= _MIN_HINGE_AGREEMENT * sines[bent].sum() else None


def _measure_sole_slope(pose: WorldPose, found: JointMap, up: Floats) -> float:
    """Radians by which the line from ankle to ball rises in a flat foot: from the lowest heights of both, of the flatter of two feet."""
    slopes = []
    for side in SIDES:
        toe = found.joints.get(f"{side}ToeBase")
        if toe is not None:
            ankle, ball = (float(np.percentile(pose.positions[:, joint] @ up, 5)) for joint in (found.joints[f"{side}Foot"], toe))
            length = float(np.linalg.norm(_get_span(pose, found, f"{side}Foot", f"{side}ToeBase")[0]))
            slopes.append(np.arcsin(np.clip((ball - ankle) / max(length, 1e-9), -1, 1)))
    return float(np.clip(max(slopes, default=0.0), -_MAX_SOLE_SLOPE, 0))


def _find_foot_rest(pose: WorldPose, found: JointMap, target: Skeleton, side: str, up: Floats) -> dict[str, Floats]:
    """Rest of foot and toes, from the frame in which the foot is nearest to level, whatever the slope of the house's foot."""
    if f"{side}ToeBase" not in found.joints:
        return {}
    span = normalize_vectors(_get_span(pose, found, f"{side}Foot", f"{side}ToeBase"))
    slope = _measure_sole_slope(pose, found, up)
    frame = int(np.abs(span @ up - np.sin(slope)).argmin())
    level = normalize_vectors(span[frame] - (span[frame] @ up) * up)
    ours = _get_bone(target, f"{side}Foot", f"{side}ToeBase")
    ahead = _stand(np.cross(up, level), up)
    # Turned out as much as ours is, the flat foot points along `level`.
    ahead = multiply(from_two_vectors(rotate(ahead, np.array([ours[0], 0, ours[2]])), level), ahead)
    foot = multiply(from_two_vectors(level * np.cos(slope) + up * np.sin(slope), span[frame]), ahead)
    parts = (f"{side}Foot", f"{side}ToeBase")
    return {joint: multiply(inverse(pose.rotations[frame, found.joints[joint]]), foot) for joint in parts}
