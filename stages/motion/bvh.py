"""BVH files of any origin -> clips on the canonical skeleton.

bvh_names.py and bvh_joints.py find the joints, bvh_pose.py what is upright and the rest pose, bvh_spine.py spreads the spine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.errors import Finding, FormatError, Location
from assets.formats.bvh import Bvh, load_bvh
from assets.media_limits import MAX_BVH_BYTES
from assets.rotation import (
    IDENTITY,
    forward_kinematics,
    from_two_vectors,
    inverse,
    make_continuous,
    measure_leg,
    multiply,
    rotate,
    to_local,
)
from stages.motion.bvh_joints import SIDES, JointMap, map_joints
from stages.motion.bvh_pose import (
    LIMBS,
    WorldPose,
    compute_rest_pose,
    find_nearest_axis,
    find_up_axis,
    is_foot_in_line,
    is_own_skeleton,
    is_standing_at_zero,
    measure_angle,
    measure_hip_line,
    measure_trunk,
)
from stages.motion.bvh_spine import OUR_SPINE, spread_spine
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.media_rules import BVH_FIX

_MAX_TRUNK_DEGREES = 35.0
"""Between the mean trunk and the axis taken as up: more is a person who lies or crawls, and up is a guess."""
_MIN_TRUNK = 0.1
"""Length of the trunk of any person in legs; measured ones have 0.5 to 0.7."""
_LEAP_DEGREES = 60.0
"""Of one joint between two frames: an angle that wrapped or a marker that was lost."""
_LIMB_PAIRS = (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))
_TWIST_WORDS = re.compile(r"twist|roll|捩|ねじ|扭")
"""Joints along a bone that turn about it only: they bend nothing."""
_MOVING_DEGREES = 1.0
_STANDING_PERCENTILE = 30
"""Share of the frames, by the height of an ankle, in which its foot counts as standing: in a walk it is 62 % of them."""
_LEVEL_DEGREES, _MAX_SOLE_DEGREES = 8.0, 45.0
"""Tilt of a standing sole that is a difference of rest poses: less is the movement itself, more is a foot that does not stand."""
_MAX_BENT_DEGREES = 120.0
"""The same where the foot continues the shin at zero angles."""
_UP = np.array([0, 1, 0], np.float32)


def read_bvh_clip(path: Path, name: str) -> tuple[Clip, list[str]]:
    """The file's movement on the canonical skeleton, in the heading of the file; and its warnings.

    Raises:
        FormatError: the file cannot be read, is not BVH, or has no arms and legs that can be recognised.
    """
    try:
        if path.stat().st_size > MAX_BVH_BYTES:
            message = f"the BVH file is larger than {MAX_BVH_BYTES // 1_000_000} MB"
            raise FormatError(Finding("motion/too-big", message, location=Location(path.name), limit=MAX_BVH_BYTES, fix=BVH_FIX))
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot read the BVH file: {error.strerror}"
        raise FormatError(Finding("motion/no-file", message, location=Location(path.name), fix="check its path and permissions")) from None
    film = load_bvh(data, path.name)
    found = map_joints(film)
    if found.missing:
        message = f"no joint has a known name for {', '.join(found.missing)}"
        raise FormatError(Finding("motion/bvh-names", message, location=Location(path.name), fix="rename the joints to Mixamo's names"))
    pose = compute_world_pose(film)
    _check_extent(pose, found.joints, path.name)
    own = is_own_skeleton(film.names, film.heads, build_canonical_skeleton())
    # Our own files have +Y up, also where the body lies or stands on its hands.
    up, off = (_UP, 0.0) if own else find_up_axis(pose, found.joints)
    rotations, root = _transfer_motion(film, pose, up, found)
    clip = Clip(name, film.times, rotations, root, np.zeros((len(film.times), 0), np.float32), source="bvh")
    moving = (_measure_range(film.rotations) > _MOVING_DEGREES).tolist()
    warnings = [
        *film.warnings,
        *_list_left_out(film, found, moving),
        *_list_unnamed(film, found, moving),
        *_list_absent(found),
        *_list_leaps(clip),
    ]
    warnings += [] if own else _list_other_up(film, found, up)
    if off > _MAX_TRUNK_DEGREES:
        warnings.append(f"the trunk is on average {off:.0f} degrees off every axis of the file's world, so which way is up is a guess")
    return clip, [f"{path.name}: {warning}" for warning in warnings]


def compute_world_pose(film: Bvh) -> WorldPose:
    """The joints in the file's world."""
    positions, rotations = film.positions.copy(), film.rotations.copy()
    for joint, parent in enumerate(film.parents):
        if parent >= 0:
            rotations[:, joint] = multiply(rotations[:, parent], film.rotations[:, joint])
            positions[:, joint] = positions[:, parent] + rotate(rotations[:, parent], film.positions[:, joint])
    return WorldPose(positions, rotations)


def _check_extent(pose: WorldPose, joints: dict[str, int], file: str) -> None:
    """Raises FormatError where the joints of the body are all in one point or on one line."""
    # In doubles: products of lengths in a file's unit may overflow or vanish in float32.
    left, up = (measure(pose.positions, joints).astype(float) for measure in (measure_hip_line, measure_trunk))
    legs = _measure_file_leg(pose, joints)
    across, height = (float(np.median(np.linalg.norm(v, axis=1))) for v in (np.cross(left, up), up))
    if legs <= 0 or across <= 1e-3 * legs * legs or height <= _MIN_TRUNK * legs:
        message = "hips, arms and legs are in one point or on one line"
        raise FormatError(
            Finding("motion/bvh-flat", message, location=Location(file), fix="export the file with the offsets of the skeleton")
        )


def _transfer_motion(film: Bvh, pose: WorldPose, up: Floats, found: JointMap) -> tuple[Floats, Floats]:
    """Local rotations (f,j,4) and root displacement (f,3) on the canonical skeleton."""
    target = build_canonical_skeleton()
    upright = from_two_vectors(up, _UP)
    world = _compute_world_rotations(film, pose, upright, up, found)
    local = to_local(target.parents, world)
    root = _compute_root(pose, upright, found, target, local)
    return make_continuous(local), root


def _compute_world_rotations(film: Bvh, pose: WorldPose, upright: Floats, up: Floats, found: JointMap) -> Floats:
    """(f,j,4) world rotations of our joints, +Y up."""
    target = build_canonical_skeleton()
    rest = compute_rest_pose(film.names, film.heads, pose, up, found, target)
    world = np.tile(IDENTITY, (len(film.times), len(JOINTS), 1))
    trunk = multiply(upright, multiply(pose.rotations[:, list(found.trunk)], rest.trunk))
    for joint, (name, parent) in enumerate(zip(JOINTS, target.parents, strict=True)):
        if name in OUR_SPINE:
            continue
        if name in found.joints:
            # Right to left: our frame to the file's joint, the joint to its world, its world upright.
            world[:, joint] = multiply(upright, multiply(pose.rotations[:, found.joints[name]], rest.turns[name]))
        elif parent >= 0:
            world[:, joint] = world[:, parent]
        if name == "Hips":
            world[:, [JOINTS.index(spine) for spine in OUR_SPINE]] = spread_spine(world[:, joint], trunk)
    if rest.origin == "own":
        return world
    _aim_limbs(world, pose, upright, found, target)
    for side in SIDES:
        in_line = rest.origin == "zero angles" and is_foot_in_line(film.heads, found.joints, side)
        ankles = rotate(upright, pose.positions[:, found.joints[f"{side}Foot"]])[:, 1]
        _level_sole(world, ankles, side, _MAX_BENT_DEGREES if in_line else _MAX_SOLE_DEGREES)
    return world


def _aim_limbs(world: Floats, pose: WorldPose, upright: Floats, found: JointMap, target: Skeleton) -> None:
    """Turns every limb onto the line between its joints: where twist bones share a limb, no single joint has its direction. In place."""
    for side in SIDES:
        for part, end in LIMBS:
            start, stop = (f"{side}{p}" for p in (part, end))
            if stop in found.joints:
                joint = JOINTS.index(start)
                bone = rotate(world[:, joint], target.heads[JOINTS.index(stop)] - target.heads[joint])
                line = rotate(upright, pose.positions[:, found.joints[stop]] - pose.positions[:, found.joints[start]])
                world[:, joint] = multiply(from_two_vectors(bone, line), world[:, joint])


def _level_sole(world: Floats, heights: Floats, side: str, limit: float) -> None:
    """Turns foot and toes so that the sole is level where the ankle (f,) is at its lowest; in place.

    Houses draw the foot bone at slopes from 10 to 40 degrees, and zero angles often mean another foot than a flat one.
    """
    foot, toe = (JOINTS.index(f"{side}{part}") for part in ("Foot", "ToeBase"))
    low = heights <= np.percentile(heights, _STANDING_PERCENTILE)
    normal = rotate(inverse(world[low, foot]), _UP).mean(0)
    tilt = measure_angle(normal, _UP)
    if _LEVEL_DEGREES < tilt < limit:
        turn = from_two_vectors(_UP, normal)
        world[:, [foot, toe]] = multiply(world[:, [foot, toe]], turn)


def _compute_root(pose: WorldPose, upright: Floats, found: JointMap, target: Skeleton, local: Floats) -> Floats:
    """(f,3) displacement of our hips: the middle of the hip joints goes the file's path, scaled by the legs; soles on the floor.

    The middle of the hip joints and not the joint called hips, which every house has at another height.
    """
    legs = [found.joints["LeftUpLeg"], found.joints["RightUpLeg"]]
    ours = [JOINTS.index("LeftUpLeg"), JOINTS.index("RightUpLeg")]
    scale = measure_leg(dict(zip(JOINTS, target.heads, strict=True))) / _measure_file_leg(pose, found.joints)
    path = rotate(upright, pose.positions[:, legs].mean(1)) * scale
    still = forward_kinematics(target.parents, target.heads, local, np.zeros((len(local), 3), np.float32))[0]
    root = path - still[:, ours].mean(1)
    # The path starts above the origin; the height follows from the ankles, below.
    root -= root[:1] * np.array([1, 0, 1], np.float32)
    root[:, 1] += target.heads[JOINTS.index("LeftFoot"), 1] - _measure_lowest_ankle(still, root)
    return np.asarray(root, np.float32)


def _measure_file_leg(pose: WorldPose, joints: dict[str, int]) -> float:
    return measure_leg({joint: pose.positions[0, i] for joint, i in joints.items()})


def _measure_lowest_ankle(still: Floats, root: Floats) -> float:
    """Height in metres of the lowest ankle of the clip (its second percentile, to ignore single bad frames)."""
    feet = [JOINTS.index("LeftFoot"), JOINTS.index("RightFoot")]
    return float(np.percentile((still[:, feet, 1] + root[:, [1]]).min(1), 2))


def _measure_range(rotations: Floats) -> Floats:
    """(j,) degrees between each joint's first rotation and its furthest one."""
    # q and -q are one rotation, hence the absolute value.
    cosines = np.abs((rotations * rotations[:1]).sum(-1)).min(0)
    return np.asarray(np.degrees(2 * np.arccos(np.clip(cosines, 0, 1))), np.float32)


def _list_left_out(film: Bvh, found: JointMap, moving: Sequence[bool]) -> list[str]:
    """A sentence about joints that move and drive nothing."""
    used = {*found.joints.values(), *found.trunk, *found.neck}
    for joint in list(used):
        while film.parents[joint] >= 0:
            joint = int(film.parents[joint])
            used.add(joint)
    names = [name for i, name in enumerate(film.names) if moving[i] and i not in used]
    if not names:
        return []
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return [f"{len(names)} moving joint{'s have' if len(names) > 1 else ' has'} no counterpart and {'are' if len(names) > 1 else 'is'}"
            f" left out: {shown}"]  # fmt: skip


def _list_unnamed(film: Bvh, found: JointMap, moving: Sequence[bool]) -> list[str]:
    """A sentence about joints of unknown name that bend a limb between two that are known."""
    names = []
    for side, (upper, lower) in product(SIDES, _LIMB_PAIRS):
        joint, end = found.joints.get(f"{side}{lower}", -1), found.joints.get(f"{side}{upper}", -1)
        while joint >= 0 and end >= 0 and (joint := int(film.parents[joint])) not in (end, -1):
            if moving[joint] and not _TWIST_WORDS.search(film.names[joint].lower()):
                names.append(film.names[joint])
    if not names:
        return []
    return [f"{', '.join(names)}: no known name for a joint in the middle of a limb, which is taken as straight there;"
            " rename it as Mixamo does, for example LeftArm"]  # fmt: skip


def _list_absent(found: JointMap) -> list[str]:
    """A sentence about our joints that the file does not drive."""
    absent = [] if found.trunk else ["Spine"]
    absent += [joint for joint in ("Head", "LeftHand", "RightHand") if joint not in found.joints]
    return [f"no joint has a known name for {', '.join(absent)}; {'they follow' if len(absent) > 1 else 'it follows'} the parent"
            ] if absent else []  # fmt: skip


def _list_other_up(film: Bvh, found: JointMap, up: Floats) -> list[str]:
    """A sentence about zero angles that stand along another axis than the movement: a body that lies looks like one of another world."""
    zero = find_nearest_axis(measure_trunk(film.heads, found.joints))
    if not is_standing_at_zero(film.heads, found) or float(zero @ up) > 0:
        return []
    return [f"the body stands along {_name_axis(zero)} at zero angles and along {_name_axis(up)} in the movement, which is taken as up;"
            " one that lies, crawls or stands on its hands is set upright"]  # fmt: skip


def _name_axis(axis: Floats) -> str:
    at = int(np.abs(axis).argmax())
    return f"{'+' if axis[at] > 0 else '-'}{'XYZ'[at]}"


def _list_leaps(clip: Clip) -> list[str]:
    """A sentence about the largest rotation of a joint within one frame, where it is a fault of the recording."""
    if len(clip.times) < 2:
        return []
    # The dot product of unit quaternions is the cosine of half the angle between them.
    cosines = np.abs((clip.rotations[1:] * clip.rotations[:-1]).sum(-1))
    degrees = np.degrees(2 * np.arccos(np.clip(cosines, 0, 1)))
    frame, joint = np.unravel_index(int(degrees.argmax()), degrees.shape)
    if degrees[frame, joint] <= _LEAP_DEGREES:
        return []
    return [f"{JOINTS[joint]} leaps by {degrees[frame, joint]:.0f} degrees within one frame at {clip.times[frame + 1]:.2f} s"]
