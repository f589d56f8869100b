"""Houses: one true movement written as the BVH files of exporters that agree on nothing.

A house chooses the axes of its world and of its zero pose, names, zero pose, unit, Euler order, length of the spine and what is around
the hips. The truth is known, so that whatever a reader makes of the file can be measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.spatial.transform import Rotation

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, PARENTS
from assets.rotation import forward_kinematics, from_two_vectors, slerp, to_local
from stages.motion.canonical_skeleton import build_canonical_skeleton

SKELETON = build_canonical_skeleton()
FRAMES = 24
BODY = tuple(j for j in JOINTS if "Hand" not in j.removesuffix("Hand") and "Eye" not in j)
"""Every joint but fingers and eyes."""

AXES: dict[str, tuple[str, str]] = {  # world, zero pose: the turn from ours as x, y, z degrees
    "y up": ("", ""), "z up": ("x90", "x90"), "z up, zero y up": ("x90", ""), "y up, back": ("y180", "y180"), "x up": ("z-90", "z-90"),
    "z up, facing x": ("x90 y90", "x90 y90"), "y down, zero y up": ("x180", ""),
}  # fmt: skip
ORDERS = ("ZXY", "XYZ", "YXZ", "ZYX", "YZX", "XZY")
UNITS = {"metres": 1.0, "centimetres": 100.0, "inches": 39.37}
ZERO_POSES = ("T", "A", "hanging", "leaning", "bones along x", "sitting")
ROOTS = ("hips", "reference above", "moving reference", "hip joints", "twist bones", "helpers first")
SPINES = (1, 2, 3, 4, 6)

Spell = Callable[[str, str], str]
"""(Left, Right or "", part) -> the house's name."""
_PARTS = ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "ToeBase", "Hips", "Neck", "Head")


def _spell(pattern: str, parts: str, middle: str = "", left: str = "L", right: str = "R") -> Spell:
    words = dict(zip(_PARTS, parts.split(), strict=True))

    def spell(side: str, part: str) -> str:
        word = words.get(part, part)
        mark = {"Left": left, "Right": right, "": ""}[side]
        return pattern.format(mark=mark, word=word) if side else (middle or "{word}").format(word=word)

    return spell


_OURS = "Shoulder Arm ForeArm Hand UpLeg Leg Foot ToeBase Hips Neck Head"
NAMES: dict[str, Spell] = {
    "mixamo": _spell("mixamorig:{mark}{word}", _OURS, "mixamorig:{word}", "Left", "Right"),
    "motion builder": _spell("{mark}{word}", "Collar Shoulder Elbow Wrist Hip Knee Ankle Toe Hips Neck Head", "", "Left", "Right"),
    "daz": _spell("{mark}{word}", "Collar Shldr ForeArm Hand Thigh Shin Foot Toe hip neck head", "", "l", "r"),
    "blender": _spell("{word}.{mark}", "shoulder upper_arm forearm hand thigh shin foot toe hips neck head"),
    "blender _L": _spell("{word}_{mark}", "Shoulder UpperArm LowerArm Hand UpperLeg LowerLeg Foot Toes Hips Neck Head"),
    "biped": _spell("Bip01 {mark} {word}", "Clavicle UpperArm Forearm Hand Thigh Calf Foot Toe0 Pelvis Neck Head", "Bip01 {word}"),
    "valve": _spell("ValveBiped.Bip01_{mark}_{word}", "Clavicle UpperArm Forearm Hand Thigh Calf Foot Toe0 Pelvis Neck1 Head1",
                    "ValveBiped.Bip01_{word}"),
    "vroid": _spell("J_Bip_{mark}_{word}", "Shoulder UpperArm LowerArm Hand UpperLeg LowerLeg Foot ToeBase Hips Neck Head",
                    "J_Bip_C_{word}"),
    "character creator": _spell("CC_Base_{mark}_{word}", "Clavicle Upperarm Forearm Hand Thigh Calf Foot ToeBase Hip NeckTwist01 Head",
                                "CC_Base_{word}"),
    "smpl": _spell("{mark}_{word}", "Collar Shoulder Elbow Wrist Hip Knee Ankle Foot Pelvis Neck Head"),
    "xsens": _spell("{mark}{word}", "Shoulder UpperArm ForeArm Hand UpperLeg LowerLeg Foot Toe Pelvis Neck Head", "", "Left", "Right"),
    "beat": _spell("{mark}{word}", "Shoulder Arm ForeArm Hand UpLeg Leg Foot ForeFoot Hips Neck Head", "", "Left", "Right"),
    "mocapnet": _spell("{mark}{word}", "collar shoulder elbow hand hip knee foot toe hip neck head", "", "l", "r"),
    "mikumikudance": _spell("{mark}{word}", "肩 腕 ひじ 手首 足 ひざ 足首 つま先 下半身 首 頭", "", "左", "右"),
    "chinese": _spell("{mark}{word}", "锁骨 大臂 小臂 手 大腿 小腿 脚 脚尖 骨盆 颈 头", "", "左", "右"),
    "unreal": _spell("{word}_{mark}", "clavicle upperarm lowerarm hand thigh calf foot ball pelvis neck_01 head", "", "l", "r"),
}  # fmt: skip


@dataclass(frozen=True)
class House:
    """One way to write the true movement."""

    axes: str
    naming: str
    zero: str
    unit: str
    order: str
    spine: int
    root: str


def make_truth() -> Clip:
    """The true movement: it stands, then walks on a curve with bending knees, elbows, trunk and head; the soles stay level."""
    t = np.linspace(0, 1, FRAMES)
    rise = np.minimum(t / 0.3, 1)
    wave = {k: rise * np.sin(2 * np.pi * (t + phase)) for k, phase in (("a", 0.0), ("b", 0.3), ("c", 0.6))}
    world = {"Hips": _euler(y=30 * t, x=4 * wave["a"], z=3 * wave["b"])}
    world["Spine2"] = world["Hips"] * _euler(x=12 * rise, y=10 * wave["b"], z=6 * wave["c"])
    for number, joint in enumerate(("Spine", "Spine1"), 1):
        quats = slerp(world["Hips"].as_quat(), world["Spine2"].as_quat(), np.full(FRAMES, number / 3))
        world[joint] = Rotation.from_quat(quats)
    world["Neck"] = world["Spine2"] * _euler(x=6 * wave["c"], y=8 * wave["a"])
    world["Head"] = world["Neck"] * _euler(x=8 * wave["b"], y=12 * wave["a"])
    for side, sign, key in (("Left", 1, "a"), ("Right", -1, "b")):
        world[f"{side}Shoulder"] = world["Spine2"] * _euler(z=sign * 4 * wave[key])
        world[f"{side}Arm"] = world[f"{side}Shoulder"] * _euler(z=-sign * (70 - 25 * wave[key])) * _euler(y=-sign * 10 * wave["c"])
        world[f"{side}ForeArm"] = world[f"{side}Arm"] * _euler(y=-sign * (12 + 50 * rise * t))
        world[f"{side}Hand"] = world[f"{side}ForeArm"] * _euler(z=8 * wave["c"])
        bend = 20 * rise * (1 + wave[key])
        world[f"{side}UpLeg"] = world["Hips"] * _euler(x=-bend) * _euler(z=sign * 2 * wave["c"])
        world[f"{side}Leg"] = world[f"{side}UpLeg"] * _euler(x=2 * bend)
        world[f"{side}Foot"] = _euler(y=30 * t + sign * 8)
        world[f"{side}ToeBase"] = world[f"{side}Foot"]
    quats = np.zeros((FRAMES, len(JOINTS), 4), np.float32)
    for i, joint in enumerate(JOINTS):
        known = world[joint].as_quat() if joint in world else quats[:, PARENTS[i]]
        quats[:, i] = known
    local = to_local(PARENTS, quats)
    root = np.stack([0.4 * t * t, np.zeros(FRAMES), 1.2 * t], 1).astype(np.float32)
    feet = [JOINTS.index("LeftFoot"), JOINTS.index("RightFoot")]
    heights = forward_kinematics(PARENTS, SKELETON.heads, local, root)[0][:, feet, 1]
    root[:, 1] += SKELETON.heads[feet[0], 1] - heights.min(1)
    return Clip("truth", (t * 0.8).astype(np.float32), local, root, np.zeros((FRAMES, 0), np.float32))


def _euler(x: object = 0.0, y: object = 0.0, z: object = 0.0) -> Rotation:
    angles = np.stack([np.broadcast_to(np.asarray(a, float), (FRAMES,)) for a in (x, y, z)], 1)
    return Rotation.from_euler("XYZ", angles, degrees=True)


def list_houses(count: int) -> list[House]:
    """So many houses: all pairs of choices appear early, since each choice steps through its values at another pace."""
    rng = np.random.default_rng(20)
    choices = (tuple(AXES), tuple(NAMES), ZERO_POSES, tuple(UNITS), ORDERS, SPINES, ROOTS)
    open_pairs = {(i, a, j, b) for i, j in product(range(7), repeat=2) if i < j for a in choices[i] for b in choices[j]}
    houses: list[House] = []
    while len(houses) < count:
        candidates = [tuple(c[rng.integers(len(c))] for c in choices) for _ in range(40)]
        best = max(candidates, key=lambda row: sum((i, row[i], j, row[j]) in open_pairs for i in range(7) for j in range(i + 1, 7)))
        open_pairs -= {(i, best[i], j, best[j]) for i in range(7) for j in range(i + 1, 7)}
        houses.append(House(*best))
    return houses


def _parse_turn(text: str) -> Rotation:
    turn = Rotation.identity()
    for word in text.split():
        turn = turn * Rotation.from_euler(word[0], float(word[1:]), degrees=True)
    return turn


@dataclass
class _Bone:
    name: str
    parent: int
    head: np.ndarray
    """In our T-pose."""
    world: Rotation
    """(f) of our joint in our world."""
    zero: Rotation
    """Of our joint's frame where the file's angles are 0."""


def write_house(house: House, truth: Clip) -> bytes:
    """The truth as this house writes it."""
    bones = _list_bones(house, truth)
    axes, unit = _parse_turn(AXES[house.axes][0]), UNITS[house.unit]
    world = [axes * bone.world * bone.zero.inv() for bone in bones]
    offsets = [np.zeros(3) if b.parent < 0 else bones[b.parent].zero.apply(b.head - bones[b.parent].head) * unit for b in bones]
    hips = forward_kinematics(PARENTS, SKELETON.heads, truth.rotations, truth.root)[0][:, 0]
    path = axes.apply(hips) * unit
    fixed = house.root == "reference above"
    lines, table = ["HIERARCHY"], []
    _write_joint(bones, offsets, 0, 0, lines, house, table, world, path, fixed)
    lines += ["MOTION", f"Frames: {FRAMES}", f"Frame Time: {truth.times[1] - truth.times[0]:.8f}"]
    rows = np.concatenate(table, 1)
    return "\n".join([*lines, *(" ".join(f"{v:.7f}" for v in row) for row in rows), ""]).encode()


def _write_joint(bones, offsets, i, depth, lines, house, table, world, path, fixed) -> None:  # type: ignore[no-untyped-def]
    bone, names = bones[i], [f"{axis}rotation" for axis in house.order]
    local = world[i] if bone.parent < 0 else world[bone.parent].inv() * world[i]
    moving = i == (1 if fixed else 0)
    positions = np.zeros((FRAMES, 3)) if fixed and i == 0 else path
    channels = ["Xposition", "Yposition", "Zposition"] if moving else []
    if moving and bone.parent >= 0:
        positions = world[bone.parent].inv().apply(path)
    values = [positions] if moving else []
    table.append(np.concatenate([*values, local.as_euler(house.order, degrees=True)], 1))
    lines += [f"{'JOINT' if depth else 'ROOT'} {bone.name}", "{", "OFFSET " + " ".join(f"{v:.6f}" for v in offsets[i]),
              f"CHANNELS {len(channels) + 3} {' '.join([*channels, *names])}"]  # fmt: skip
    children = [k for k, b in enumerate(bones) if b.parent == i]
    for child in children:
        _write_joint(bones, offsets, child, depth + 1, lines, house, table, world, path, fixed)
    if not children:
        lines += ["End Site", "{", "OFFSET 0 0 0", "}"]
    lines.append("}")


def _list_bones(house: House, truth: Clip) -> list[_Bone]:
    """Joints of the house in the order of the file's hierarchy, with spine, helpers and zero pose of its choice."""
    spell, turns = NAMES[house.naming], forward_kinematics(PARENTS, SKELETON.heads, truth.rotations, truth.root)[1]
    heads = dict(zip(JOINTS, SKELETON.heads.astype(float), strict=True))
    world = {joint: Rotation.from_quat(turns[:, i]) for i, joint in enumerate(JOINTS)}
    if house.zero == "leaning":
        _lean_trunk(heads)
    bones: list[_Bone] = []
    index: dict[str, int] = {}

    def add(joint: str, parent: str | None, name: str, turn: Rotation, head: np.ndarray) -> None:
        index[joint] = len(bones)
        bones.append(_Bone(name, -1 if parent is None else index[parent], head, turn, Rotation.identity()))

    still = Rotation.from_quat(np.tile([0, 0, 0, 1.0], (FRAMES, 1)))
    axes = _parse_turn(AXES[house.axes][0])
    if house.root in ("reference above", "moving reference"):
        # A reference above keeps its zero angles; a moving one carries the path and a heading of its own.
        turn = axes.inv() * still if house.root == "reference above" else _euler(y=np.linspace(0, 40, FRAMES))
        add("Reference", None, spell("", "Reference"), turn, heads["Hips"])
    add("Hips", "Reference" if "Reference" in index else None, spell("", "Hips"), world["Hips"], heads["Hips"])
    if house.root == "helpers first":
        for side in ("Left", "Right"):  # IK targets under the hips with the names of limbs
            for part in ("Foot", "Hand"):
                add(f"IK{side}{part}", "Hips", spell(side, part), still, heads[f"{side}{part}"])
    last = _add_spine(add, house, spell, world, heads)
    add("Neck", last, spell("", "Neck"), world["Neck"], heads["Neck"])
    add("Head", "Neck", spell("", "Head"), world["Head"], heads["Head"])
    for side in ("Left", "Right"):
        parent = last
        for part in ("Shoulder", "Arm", "ForeArm", "Hand"):
            add(f"{side}{part}", parent, spell(side, part), world[f"{side}{part}"], heads[f"{side}{part}"])
            parent = f"{side}{part}"
            if house.root == "twist bones" and part in ("Arm", "ForeArm"):
                add(f"{parent}Twist", parent, spell(side, f"{part}Twist"), world[parent], heads[parent])
                parent = f"{parent}Twist"
        parent = "Hips"
        if house.root == "hip joints":
            add(f"{side}HipJoint", "Hips", spell(side, "HipJoint"), world["Hips"], heads["Hips"])
            parent = f"{side}HipJoint"
        for part in ("UpLeg", "Leg", "Foot", "ToeBase"):
            add(f"{side}{part}", parent, spell(side, part), world[f"{side}{part}"], heads[f"{side}{part}"])
            parent = f"{side}{part}"
    _pose_zero(house, bones, index)
    return bones


def _add_spine(add, house: House, spell: Spell, world: dict[str, Rotation], heads: dict[str, np.ndarray]) -> str:  # type: ignore[no-untyped-def]
    """The trunk of the house's length, along our own; returns its last joint."""
    chain = np.array([heads[j] for j in ("Hips", "Spine", "Spine1", "Spine2")])
    last = "Hips"
    for k in range(1, house.spine + 1):
        share = k / house.spine
        head = np.array([np.interp(3 * share, range(4), chain[:, axis]) for axis in range(3)])
        turn = Rotation.from_quat(slerp(world["Hips"].as_quat(), world["Spine2"].as_quat(), np.full(FRAMES, share)))
        add(f"Trunk{k}", last, spell("", f"Spine{k}"), turn, head)
        last = f"Trunk{k}"
    return last


def _lean_trunk(heads: dict[str, np.ndarray]) -> None:
    """CMU's actor: the offsets above the hips lean back by 12 degrees, the joints do not."""
    lean = Rotation.from_euler("x", -12, degrees=True)
    for joint in heads:
        if not any(part in joint for part in ("Hips", "Leg", "Foot", "Toe")):
            heads[joint] = heads["Hips"] + lean.apply(heads[joint] - heads["Hips"])
    for side in ("Left", "Right"):  # arms keep their own direction
        shift = heads[f"{side}Arm"] - SKELETON.heads[JOINTS.index(f"{side}Arm")]
        for part in ("ForeArm", "Hand"):
            heads[f"{side}{part}"] = SKELETON.heads[JOINTS.index(f"{side}{part}")] + shift


def _pose_zero(house: House, bones: list[_Bone], index: dict[str, int]) -> None:
    """The orientation of every joint where the file's angles are 0; in place."""
    body = _parse_turn(AXES[house.axes][1])
    for joint, i in index.items():
        bone, side = bones[i], "Left" if joint.startswith("Left") else "Right" if joint.startswith("Right") else ""
        turn, sign = Rotation.identity(), 1 if side == "Left" else -1
        limb = side and any(part in joint for part in ("Arm", "Hand"))
        if limb and house.zero in ("A", "hanging"):
            turn = Rotation.from_euler("z", -sign * (45 if house.zero == "A" else 85), degrees=True)
        if side and house.zero == "sitting" and "UpLeg" in joint:
            turn = Rotation.from_euler("x", -80, degrees=True)
        bone.zero = body * turn
        children = [b for b in bones if b.parent == i and np.linalg.norm(b.head - bone.head) > 1e-6]
        if house.zero == "bones along x" and joint != "Reference":
            end = children[0].head if children else bone.head + np.array([0.1 * sign if limb else 0, 0 if limb else 0.1, 0])
            bone.zero = Rotation.from_quat(from_two_vectors(end - bone.head, np.array([1.0, 0, 0])))
    if "Reference" in index:
        bones[index["Reference"]].zero = Rotation.identity()
