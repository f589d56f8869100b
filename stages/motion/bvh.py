"""BVH files of other houses on our canonical skeleton: names, rest poses, units and the floor are brought to ours."""

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
# Names without side, in lower case and without signs, beside our own, VRM's, Godot's and Unreal's.
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
    """Letters and digits of a name, lower case, without the exporter's prefix, which a colon or a number may end."""
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
    # Daz and CMU call the upper arm a shoulder where they also have a collar; see `mapped`.
    return table | {_normalise_name(joint): joint for joint in JOINTS}


_JOINT_OF_NAME = _build_name_table()


def map_joints(names: tuple[str, ...]) -> dict[str, int]:
    """Our joint -> index in `names`; the first that fits takes the place."""
    found: dict[str, int] = {}
    for i, name in enumerate(names):
        ours = _JOINT_OF_NAME.get(_normalise_name(name))
        # Where a collar took the shoulder's place, what is called shoulder is the upper arm.
        if ours and ours in found and ours.endswith("Shoulder"):
            ours = ours.replace("Shoulder", "Arm")
        if ours and ours not in found:
            found[ours] = i
    # By custom the root is the hips, whatever it is called.
    return found if "Hips" in found else {"Hips": 0, **found}


def read_bvh_clip(path: Path, name: str) -> Clip:
    """The file's movement on the canonical skeleton.

    Raises:
        FormatError: there is no such file, it is not BVH, or it has no arms and legs under names that we know.
    """
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        message = f"the BVH file {path.name} cannot be read"
        raise FormatError(Finding("motion/no-file", message, where=Location(path.name), fix="look at its permissions")) from None
    film = load_bvh(text, path.name)
    found = map_joints(film.names)
    missing = [joint for joint in _REQUIRED_JOINTS if joint not in found]
    if missing:
        message = f"{path.name} has no joint that we know as {', '.join(missing)}"
        raise FormatError(Finding("motion/bvh-names", message, where=Location(path.name), fix="rename its joints to Mixamo's names"))
    _check_rest_pose({joint: film.heads[i] for joint, i in found.items()}, path.name)
    rotations, root = _transfer_motion(film, found)
    return Clip(name, film.times, rotations, root, np.zeros((len(film.times), 0), np.float32), source="bvh")


def _check_rest_pose(heads: dict[str, Floats], file: str) -> None:
    """Raises FormatError where the rest pose is no body that stands somewhere: its joints lie in one point or line."""
    left, up = _measure_body_axes(heads)
    legs = measure_leg(heads)
    if legs <= 0 or np.linalg.norm(np.cross(left, up)) <= 1e-3 * np.linalg.norm(left) * np.linalg.norm(up):
        message = f"hips, arms and legs of {file} lie in one point or line where nothing is turned"
        raise FormatError(Finding("motion/bvh-flat", message, where=Location(file), fix="export it with the skeleton's offsets"))


def _measure_body_axes(heads: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Its left, and up from the hips to the shoulders."""
    left = heads["LeftUpLeg"] - heads["RightUpLeg"]
    up = heads["LeftArm"] + heads["RightArm"] - heads["LeftUpLeg"] - heads["RightUpLeg"]
    return left, up


def _transfer_motion(film: Bvh, found: dict[str, int]) -> tuple[Floats, Floats]:
    """Local rotations (f,j,4) and root way (f,3) on the canonical skeleton."""
    target = build_canonical_skeleton()
    placed, turned = _compute_world_pose(film)
    theirs = {name: film.heads[i] * METRES_PER_UNIT for name, i in found.items()}
    to_rest = _compute_rest_turns(theirs, target)
    world = np.tile(IDENTITY, (len(film.times), len(JOINTS), 1))
    # The file's world may face another way or have Z up: its whole rest is brought round to ours.
    upright = inverse(to_rest["Hips"])
    for joint, (name, parent) in enumerate(zip(JOINTS, target.parents, strict=True)):
        if name in found:
            world[:, joint] = multiply(upright, multiply(turned[:, found[name]], to_rest[name]))
        elif parent >= 0:
            world[:, joint] = world[:, parent]
    # Legs of one length make strides of one length: that settles the file's unit as well.
    scale = measure_leg(dict(zip(JOINTS, target.heads, strict=True))) / measure_leg(theirs) * METRES_PER_UNIT
    places = rotate(upright, placed[:, found["Hips"]]) * scale
    root = places - places[:1] * np.array([1, 0, 1], np.float32)
    ankles = _measure_lowest_ankle(target, to_local(target.parents, world), root)
    root[:, 1] += target.heads[JOINTS.index("LeftFoot"), 1] - ankles
    return make_continuous(to_local(target.parents, world)), root.astype(np.float32)


def _compute_world_pose(film: Bvh) -> tuple[Floats, Floats]:
    """Positions (f,j,3) in the file's unit and turns (f,j,4) of the joints in its world."""
    positions, turns = film.positions.copy(), film.rotations.copy()
    for joint, parent in enumerate(film.parents):
        if parent >= 0:
            turns[:, joint] = multiply(turns[:, parent], film.rotations[:, joint])
            positions[:, joint] = positions[:, parent] + rotate(turns[:, parent], film.positions[:, joint])
    return positions, turns


def _compute_rest_turns(theirs: dict[str, Floats], target: Skeleton) -> dict[str, Floats]:
    """Our joint -> turn (4,) that takes our T-pose of that joint to the file's pose of zero angles."""
    ours = {name: target.heads[JOINTS.index(name)] for name in theirs}
    body = multiply(_compute_body_frame(theirs), inverse(_compute_body_frame(ours)))
    rests: dict[str, Floats] = {}
    for name in JOINTS:
        side = name[:4] if name.startswith("Left") else name[:5] if name.startswith("Right") else ""
        end = next((f"{side}{b}" for a, b in _LIMBS if name == f"{side}{a}" and side), None)
        if end in theirs and name in theirs:
            way = from_two_vectors(rotate(body, ours[end] - ours[name]), theirs[end] - theirs[name])
            rests[name] = multiply(way, body)
        elif "Hand" in name and f"{side}ForeArm" in rests:
            rests[name] = rests[f"{side}ForeArm"]
        else:
            rests[name] = body
    return rests


def _compute_body_frame(heads: dict[str, Floats]) -> Floats:
    """(4,) how the body stands."""
    return from_axes(*_measure_body_axes(heads))


def _measure_lowest_ankle(skeleton: Skeleton, local: Floats, root: Floats) -> float:
    """Metres over the floor of the lowest ankle of the clip (its second percentile, against single bad frames)."""
    feet = [JOINTS.index("LeftFoot"), JOINTS.index("RightFoot")]
    places = forward_kinematics(skeleton.parents, skeleton.heads, local, root)[0][:, feet, 1]
    return float(np.percentile(places.min(1), 2))
