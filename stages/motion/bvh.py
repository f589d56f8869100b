"""BVH files of any origin -> clips on the canonical skeleton: maps joint names, rest poses, units, axes and the floor."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import GODOT_BONES, JOINTS, UNREAL_BONES, VRM_BONES
from assets.errors import Finding, FormatError, Location
from assets.formats.bvh import METRES_PER_UNIT, Bvh, load_bvh
from assets.rotation import (
    IDENTITY,
    forward_kinematics,
    from_axes,
    from_two_vectors,
    inverse,
    make_continuous,
    measure_leg,
    multiply,
    rotate,
    to_local,
)
from stages.motion.canonical_skeleton import build_canonical_skeleton

_LIMBS = (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))
_REQUIRED_JOINTS = tuple(f"{side}{part}" for side in ("Left", "Right") for part in ("Arm", "ForeArm", "UpLeg", "Leg", "Foot"))
# Further names, without side, in lower case and without punctuation, next to Mixamo's, VRM's, Godot's and Unreal's.
_ALIASES = {
    "Hips": ("hip", "pelvis"), "Spine": ("lowerback", "abdomen", "spine0", "torso"),
    "Spine1": ("chest", "spine2of3"), "Spine2": ("chest2", "upperchest", "thorax"),
    "Neck": ("neck1", "neck0"), "Head": ("head1",),
    "Shoulder": ("collar", "clavicle", "clavicula"), "Arm": ("upperarm", "uparm", "humerus", "shldr"),
    "ForeArm": ("lowerarm", "elbow", "lowarm", "radius"), "Hand": ("wrist",),
    "UpLeg": ("upperleg", "thigh", "femur", "upleg", "hip"), "Leg": ("knee", "lowerleg", "shin", "calf", "tibia", "lowleg"),
    "Foot": ("ankle",), "ToeBase": ("toe", "toes", "ball", "toebase"),
}  # fmt: skip


def _normalise_name(name: str) -> str:
    """Letters and digits of a name in lower case, without an exporter's prefix such as `mixamorig2:`."""
    return re.sub(r"^(mixamorig|character)\d*", "", re.sub(r"[^a-z0-9]", "", name.rsplit(":", 1)[-1].lower()))


def _build_name_table() -> dict[str, str]:
    table = {_normalise_name(theirs): ours for names in (UNREAL_BONES, GODOT_BONES, VRM_BONES) for ours, theirs in names.items()}
    for ours, names in _ALIASES.items():
        for name in names:
            if ours in JOINTS:
                table[name] = ours
                continue
            for side, mark in (("Left", "l"), ("Right", "r")):
                spelled = (f"{side.lower()}{name}", f"{mark}{name}", f"{name}{mark}", f"{name}{side.lower()}")
                table |= dict.fromkeys(spelled, f"{side}{ours}")
    # Daz and CMU call the upper arm a shoulder where they also have a collar; see `map_joints`.
    return table | {_normalise_name(joint): joint for joint in JOINTS}


_JOINT_OF_NAME = _build_name_table()


def map_joints(names: tuple[str, ...]) -> dict[str, int]:
    """Joint of JOINTS -> index in `names`; the first match counts."""
    found: dict[str, int] = {}
    for i, name in enumerate(names):
        ours = _JOINT_OF_NAME.get(_normalise_name(name))
        # With a collar, the joint called shoulder is the upper arm.
        if ours and ours in found and ours.endswith("Shoulder"):
            ours = ours.replace("Shoulder", "Arm")
        if ours and ours not in found:
            found[ours] = i
    # By convention the root is the hips, whatever its name.
    return found if "Hips" in found else {"Hips": 0, **found}


def read_bvh_clip(path: Path, name: str) -> Clip:
    """The file's movement on the canonical skeleton.

    Raises:
        FormatError: the file cannot be read, is not BVH, or names no arms and legs in a known way.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot read the BVH file: {error.strerror}"
        raise FormatError(Finding("motion/no-file", message, where=Location(path.name), fix="check its path and permissions")) from None
    film = load_bvh(data, path.name)
    joints = map_joints(film.names)
    missing = [joint for joint in _REQUIRED_JOINTS if joint not in joints]
    if missing:
        message = f"no joint has a known name for {', '.join(missing)}"
        raise FormatError(Finding("motion/bvh-names", message, where=Location(path.name), fix="rename the joints to Mixamo's names"))
    _check_rest_pose({joint: film.heads[i] for joint, i in joints.items()}, path.name)
    rotations, root = _transfer_motion(film, joints)
    return Clip(name, film.times, rotations, root, np.zeros((len(film.times), 0), np.float32), source="bvh")


def _check_rest_pose(heads: dict[str, Floats], file: str) -> None:
    """Raises FormatError where the joints of the rest pose are all in one point or on one line."""
    left, up = _measure_body_axes(heads)
    legs = measure_leg(heads)
    if legs <= 0 or np.linalg.norm(np.cross(left, up)) <= 1e-3 * np.linalg.norm(left) * np.linalg.norm(up):
        message = "hips, arms and legs are in one point or on one line when all angles are 0"
        raise FormatError(Finding("motion/bvh-flat", message, where=Location(file), fix="export the file with the offsets of the skeleton"))


def _measure_body_axes(heads: dict[str, Floats]) -> tuple[Floats, Floats]:
    """The body's left, and its up direction from the hips to the shoulders."""
    left = heads["LeftUpLeg"] - heads["RightUpLeg"]
    up = heads["LeftArm"] + heads["RightArm"] - heads["LeftUpLeg"] - heads["RightUpLeg"]
    return left, up


def _transfer_motion(film: Bvh, joints: dict[str, int]) -> tuple[Floats, Floats]:
    """Local rotations (f,j,4) and root displacement (f,3) on the canonical skeleton."""
    target = build_canonical_skeleton()
    positions, rotations = _compute_world_pose(film)
    theirs = {name: film.heads[i] * METRES_PER_UNIT for name, i in joints.items()}
    to_rest = _compute_rest_turns(theirs, target)
    world = np.tile(IDENTITY, (len(film.times), len(JOINTS), 1))
    # The file may face another direction or have Z up: its rest pose is rotated to face +Z with Y up.
    upright = inverse(to_rest["Hips"])
    for joint, (name, parent) in enumerate(zip(JOINTS, target.parents, strict=True)):
        if name in joints:
            world[:, joint] = multiply(upright, multiply(rotations[:, joints[name]], to_rest[name]))
        elif parent >= 0:
            world[:, joint] = world[:, parent]
    # Strides scale with the length of the legs; this also accounts for the file's unit.
    scale = measure_leg(dict(zip(JOINTS, target.heads, strict=True))) / measure_leg(theirs) * METRES_PER_UNIT
    hips = rotate(upright, positions[:, joints["Hips"]]) * scale
    root = hips - hips[:1] * np.array([1, 0, 1], np.float32)
    ankles = _measure_lowest_ankle(target, to_local(target.parents, world), root)
    root[:, 1] += target.heads[JOINTS.index("LeftFoot"), 1] - ankles
    return make_continuous(to_local(target.parents, world)), root.astype(np.float32)


def _compute_world_pose(film: Bvh) -> tuple[Floats, Floats]:
    """World positions (f,j,3) in the file's unit and world rotations (f,j,4) of the joints."""
    positions, rotations = film.positions.copy(), film.rotations.copy()
    for joint, parent in enumerate(film.parents):
        if parent >= 0:
            rotations[:, joint] = multiply(rotations[:, parent], film.rotations[:, joint])
            positions[:, joint] = positions[:, parent] + rotate(rotations[:, parent], film.positions[:, joint])
    return positions, rotations


def _compute_rest_turns(theirs: dict[str, Floats], target: Skeleton) -> dict[str, Floats]:
    """Joint -> rotation (4,) from the canonical T-pose to the file's rest pose, where all its angles are 0."""
    ours = {name: target.heads[JOINTS.index(name)] for name in theirs}
    body = multiply(_compute_body_frame(theirs), inverse(_compute_body_frame(ours)))
    rests: dict[str, Floats] = {}
    for name in JOINTS:
        side = name[:4] if name.startswith("Left") else name[:5] if name.startswith("Right") else ""
        end = next((f"{side}{b}" for a, b in _LIMBS if name == f"{side}{a}" and side), None)
        if end in theirs and name in theirs:
            bone = from_two_vectors(rotate(body, ours[end] - ours[name]), theirs[end] - theirs[name])
            rests[name] = multiply(bone, body)
        elif "Hand" in name and f"{side}ForeArm" in rests:
            rests[name] = rests[f"{side}ForeArm"]
        else:
            rests[name] = body
    return rests


def _compute_body_frame(heads: dict[str, Floats]) -> Floats:
    """(4,) orientation of the body."""
    return from_axes(*_measure_body_axes(heads))


def _measure_lowest_ankle(skeleton: Skeleton, local: Floats, root: Floats) -> float:
    """Height in metres of the lowest ankle of the clip (its second percentile, to ignore single bad frames)."""
    feet = [JOINTS.index("LeftFoot"), JOINTS.index("RightFoot")]
    heights = forward_kinematics(skeleton.parents, skeleton.heads, local, root)[0][:, feet, 1]
    return float(np.percentile(heights.min(1), 2))
