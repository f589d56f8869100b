"""Gates of the rig: joints, skin weights, morph targets, and the pose in which it is bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assets.conventions import JOINTS, MORPHS_67
from assets.errors import Finding, Location
from stages.verify.bundle_view import BundleView, Doubles, Glb
from stages.verify.gate import gate

_MIN_DISPLACEMENT_M = 1e-4  # 0.1 mm: a smaller one is indistinguishable from the quantisation of positions to int16
_SUM_TOLERANCE = 2e-3  # four unorm8 weights round by at most 4 * 0.5 / 255 / 4 each
_ARM_DEGREES = 3.0
_MAX_SOLE_HEIGHT_M = 0.01
_GLB = Location("avatar.glb")


def _shorten_list(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


@gate("rig/joints", claim="the skin has all 54 joints by name", source="assets/conventions.py JOINTS")
def joints_are_all_there(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    missing = [joint for joint in JOINTS if joint not in glb.joint_names]
    if missing:
        message = f"joints missing from the skin: {_shorten_list(missing)}"
        yield Finding(
            "rig/joints", message, location=Location("avatar.glb", pointer="/skins"), value=len(JOINTS) - len(missing), limit=len(JOINTS)
        )


@gate(
    "rig/weights-sum-to-one",
    claim="the skin weights of each vertex sum to 1, with at most 4 influences",
    source="glTF 2.0, 3.7.3.3 skinned mesh attributes",
)
def weights_sum_to_one(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    for number, primitive in enumerate(glb.primitives):
        attributes, where = primitive["attributes"], Location("avatar.glb", pointer=f"primitive {number}")
        # A second set holds influences 5 to 8, which many engines drop without renormalising.
        if "JOINTS_1" in attributes:
            yield Finding("rig/weights-sum-to-one", "vertices have more than 4 influences", location=where, value=8, limit=4)
        if "WEIGHTS_0" not in attributes:
            continue
        error = float(np.abs(glb.read_accessor(attributes["WEIGHTS_0"]).sum(1) - 1).max(initial=0))
        if error > _SUM_TOLERANCE:
            yield Finding(
                "rig/weights-sum-to-one",
                f"the skin weights of a vertex differ from a sum of 1 by {error:.4f}",
                location=where,
                value=round(error, 5),
                limit=_SUM_TOLERANCE,
            )


@gate("rig/morph-names", claim="the head has all 67 morph targets by name", source="assets/conventions.py MORPHS_67")
def head_names_all_morphs(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    names = glb.get_target_names(glb.head) if glb.head else ()
    missing = [name for name in MORPHS_67 if name not in names]
    if missing:
        message = f"morph targets missing from the head: {_shorten_list(missing)}"
        yield Finding("rig/morph-names", message, location=_GLB, value=len(MORPHS_67) - len(missing), limit=len(MORPHS_67))
    for mesh in glb.meshes:
        count = len(mesh["primitives"][0].get("targets", []))
        if count != len(glb.get_target_names(mesh)):
            yield Finding(
                "rig/morph-names",
                f"{mesh.get('name')} has {count} morph targets but {len(glb.get_target_names(mesh))} target names",
                location=_GLB,
            )


@gate("rig/morphs-alive", claim="every morph target moves some vertex by at least 0.1 mm", source="assets/conventions.py MORPHS_67")
def no_morph_is_dead(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    reach = _measure_displacements(glb)
    dead = [name for name, most in reach.items() if most < _MIN_DISPLACEMENT_M]
    if dead:
        message = f"morph targets that move no vertex: {_shorten_list(dead)}"
        least = round(1000 * min(reach[name] for name in dead), 4)
        yield Finding("rig/morphs-alive", message, location=_GLB, value=least, limit=1000 * _MIN_DISPLACEMENT_M)


def _measure_displacements(glb: Glb) -> dict[str, float]:
    """Target name -> largest displacement of any vertex of any mesh, metres (tongueOut moves only the tongue)."""
    reach: dict[str, float] = {}
    for mesh in glb.meshes:
        for primitive in mesh["primitives"]:
            for name, target in zip(glb.get_target_names(mesh), primitive.get("targets", []), strict=False):
                most = float(np.linalg.norm(glb.read_accessor(target["POSITION"]), axis=1).max(initial=0)) if "POSITION" in target else 0.0
                reach[name] = max(reach.get(name, 0.0), most)
    return reach


def _locate_joint(glb: Glb, joint: str) -> Doubles | None:
    index = glb.find_node(joint)
    return None if index is None else glb.compute_world_matrix(index)[:3, 3]


@gate("rig/t-pose", claim="both arms are parallel to X within 3 degrees in the bind pose", source="VRM 1.0 humanoid, T-pose")
def arms_are_along_x(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    # The character faces +Z: its left is +X, and the right arm points along -X.
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        upper, hand = _locate_joint(glb, f"{side}Arm"), _locate_joint(glb, f"{side}Hand")
        if upper is None or hand is None:
            continue
        arm = (hand - upper) / max(float(np.linalg.norm(hand - upper)), 1e-9)
        degrees = float(np.degrees(np.arccos(np.clip(sign * arm[0], -1, 1))))
        if degrees > _ARM_DEGREES:
            message = f"the {side.lower()} arm is {degrees:.1f} degrees off the X axis in the bind pose"
            yield Finding(
                "rig/t-pose", message, location=Location("avatar.glb", pointer=f"{side}Arm"), value=round(degrees, 2), limit=_ARM_DEGREES
            )


@gate("rig/soles", claim="the lowest vertex is at Y=0 within 1 cm", source="docs/architecture.md, units and axes")
def soles_are_on_the_floor(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None or not glb.primitives:
        return
    # From the vertices, not from min: a wrong bound must not hide a wrong sole.
    lowest = min(float(glb.read_accessor(p["attributes"]["POSITION"])[:, 1].min()) for p in glb.primitives)
    if abs(lowest) > _MAX_SOLE_HEIGHT_M:
        message = f"the lowest vertex is at Y = {lowest:.3f} m, not on the floor"
        yield Finding("rig/soles", message, location=_GLB, value=round(lowest, 4), limit=_MAX_SOLE_HEIGHT_M)


@gate("rig/facing", claim="the avatar faces +Z with its left side at +X", source="glTF 2.0, 3.4 coordinate system; VRM 1.0")
def it_faces_plus_z(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    eye, head, toe, foot, left = (_locate_joint(glb, j) for j in ("LeftEye", "Head", "LeftToeBase", "LeftFoot", "LeftArm"))
    if eye is not None and head is not None and eye[2] <= head[2]:
        yield Finding("rig/facing", "the eyes are behind the head joint", location=_GLB, value=round(float(eye[2] - head[2]), 4), limit=0)
    if toe is not None and foot is not None and toe[2] <= foot[2]:
        yield Finding("rig/facing", "the toes are behind the ankle", location=_GLB, value=round(float(toe[2] - foot[2]), 4), limit=0)
    if left is not None and left[0] <= 0:
        yield Finding("rig/facing", "the left arm is on the -X side", location=_GLB, value=round(float(left[0]), 4), limit=0)
