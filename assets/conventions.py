"""Names and axes that the whole project shares, as tables with their sources.

Metres, seconds, radians; +Y up, facing +Z, the character's left is +X; quaternions are xyzw.
"""

from __future__ import annotations

# ARKit ARFaceAnchor.BlendShapeLocation, in mediapipe's order without its `_neutral`, then tongueOut.
ARKIT_52: tuple[str, ...] = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip

# Meta (Oculus) lip-sync reference: the 15 visemes, prefixed as three-vrm and Ready Player Me spell them.
VISEMES_15: tuple[str, ...] = tuple(
    f"viseme_{name}" for name in ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U")
)

MORPHS_67: tuple[str, ...] = ARKIT_52 + VISEMES_15

_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Pinky")


def _list_arm_joints(side: str) -> tuple[str, ...]:
    hand = tuple(f"{side}Hand{finger}{segment}" for finger in _FINGERS for segment in (1, 2, 3))
    return (f"{side}Shoulder", f"{side}Arm", f"{side}ForeArm", f"{side}Hand", *hand)


def _list_leg_joints(side: str) -> tuple[str, ...]:
    return (f"{side}UpLeg", f"{side}Leg", f"{side}Foot", f"{side}ToeBase")


# Mixamo's names without their prefix, parents before children, then the eyes.
JOINTS: tuple[str, ...] = (
    "Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "LeftEye", "RightEye",
    *_list_arm_joints("Left"), *_list_arm_joints("Right"), *_list_leg_joints("Left"), *_list_leg_joints("Right"),
)  # fmt: skip


# MakeHuman's hm08 base mesh: the skin first, then tongue, eyes, lashes, teeth and the helpers that clothes are bound to.
BASE_VERTICES = 19158
SKIN_VERTICES = 13380
EYE_VERTICES = slice(14598, 14742)

# The texture of the teeth: enamel left of this U, gum right of it; V runs across the gum from its outer to its inner root.
GUM_U = 0.5
GUM_ROOT_V = 0.2


def mirror_joint(joint: str) -> str:
    """The joint's name on the other side; the same name for a joint in the middle."""
    return joint.replace("Left", "Right") if "Left" in joint else joint.replace("Right", "Left")


def find_parent_joint(joint: str) -> str | None:
    """Name of the parent of one of JOINTS; None for Hips."""
    fixed = {
        "Hips": None, "Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Neck": "Spine2", "Head": "Neck",
        "LeftEye": "Head", "RightEye": "Head",
    }  # fmt: skip
    if joint in fixed:
        return fixed[joint]
    side = "Left" if joint.startswith("Left") else "Right"
    part = joint.removeprefix(side)
    chain = {"Shoulder": "Spine2", "Arm": f"{side}Shoulder", "ForeArm": f"{side}Arm", "Hand": f"{side}ForeArm",
             "UpLeg": "Hips", "Leg": f"{side}UpLeg", "Foot": f"{side}Leg", "ToeBase": f"{side}Foot"}  # fmt: skip
    if part in chain:
        return chain[part]
    segment = int(part[-1])
    return f"{side}Hand" if segment == 1 else f"{joint[:-1]}{segment - 1}"


PARENTS: tuple[int, ...] = tuple(-1 if find_parent_joint(j) is None else JOINTS.index(str(find_parent_joint(j))) for j in JOINTS)


def _build_vrm_bones() -> dict[str, str]:
    table = {"Hips": "hips", "Spine": "spine", "Spine1": "chest", "Spine2": "upperChest", "Neck": "neck", "Head": "head"}
    for side in ("Left", "Right"):
        low = side.lower()
        table |= {f"{side}{ours}": f"{low}{theirs}" for ours, theirs in (
            ("Eye", "Eye"), ("Shoulder", "Shoulder"), ("Arm", "UpperArm"), ("ForeArm", "LowerArm"), ("Hand", "Hand"),
            ("UpLeg", "UpperLeg"), ("Leg", "LowerLeg"), ("Foot", "Foot"), ("ToeBase", "Toes"))}  # fmt: skip
        for finger in _FINGERS:
            theirs = "Little" if finger == "Pinky" else finger
            # VRM 1.0 humanoid: the thumb is metacarpal, proximal, distal; other fingers proximal, intermediate, distal.
            names = ("Metacarpal", "Proximal", "Distal") if finger == "Thumb" else ("Proximal", "Intermediate", "Distal")
            table |= {f"{side}Hand{finger}{i + 1}": f"{low}{theirs}{name}" for i, name in enumerate(names)}
    return table


# https://github.com/vrm-c/vrm-specification VRMC_vrm-1.0 humanoid.md
VRM_BONES: dict[str, str] = _build_vrm_bones()


def _capitalize_names(table: dict[str, str]) -> dict[str, str]:
    return {ours: name[0].upper() + name[1:] for ours, name in table.items()}


def _build_unity_bones() -> dict[str, str]:
    table = _capitalize_names(VRM_BONES)
    for side in ("Left", "Right"):
        thumb = zip((1, 2, 3), ("Proximal", "Intermediate", "Distal"), strict=True)
        table |= {f"{side}HandThumb{i}": f"{side}Thumb{name}" for i, name in thumb}
    return table


# UnityEngine.HumanBodyBones: VRM's names capitalised, except for the thumbs.
UNITY_BONES: dict[str, str] = _build_unity_bones()
# Godot 4 SkeletonProfileHumanoid.
GODOT_BONES: dict[str, str] = _capitalize_names(VRM_BONES)


def _build_unreal_bones() -> dict[str, str]:
    table = {"Hips": "pelvis", "Spine": "spine_01", "Spine1": "spine_02", "Spine2": "spine_03", "Neck": "neck_01", "Head": "head"}
    for side, mark in (("Left", "l"), ("Right", "r")):
        table |= {f"{side}{ours}": f"{theirs}_{mark}" for ours, theirs in (
            ("Shoulder", "clavicle"), ("Arm", "upperarm"), ("ForeArm", "lowerarm"), ("Hand", "hand"), ("UpLeg", "thigh"),
            ("Leg", "calf"), ("Foot", "foot"), ("ToeBase", "ball"))}  # fmt: skip
        table |= {f"{side}Hand{f}{i}": f"{f.lower()}_0{i}_{mark}" for f in _FINGERS for i in (1, 2, 3)}
    return table


# Unreal Engine 4/5 mannequin.
UNREAL_BONES: dict[str, str] = _build_unreal_bones()
