"""Names and axes that the whole project shares, as tables with their sources.

Metres, seconds, radians; +Y up, facing +Z, the character's left is +X; quaternions are xyzw.
"""

from __future__ import annotations

import functools

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

# Ready Player Me's five names beyond ARKit, as sums of the 67: players that know those avatars look for them.
COMBINED_MORPHS: dict[str, dict[str, float]] = {
    "mouthOpen": {"jawOpen": 0.5}, "mouthSmile": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8},
    "eyesClosed": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}, "eyesLookUp": {"eyeLookUpLeft": 1.0, "eyeLookUpRight": 1.0},
    "eyesLookDown": {"eyeLookDownLeft": 1.0, "eyeLookDownRight": 1.0},
}  # fmt: skip

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

# The edges of the eyelids, from the inner corner of the eye to the outer one: upper and lower lid of the left eye, then of the right.
LID_EDGES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "Left": (
        (7794, 7798, 7793, 7792, 7791, 7774, 7773, 7775, 7776, 7777, 7778, 7779, 7780, 7781, 7782),
        (7794, 7795, 7796, 7797, 7790, 11719, 7789, 7788, 7787, 7786, 7785, 7784, 7783, 11718, 7782),
    ),
    "Right": (
        (1102, 1106, 1101, 1100, 1099, 1082, 1081, 1083, 1084, 1085, 1086, 1087, 1088, 1089, 1090),
        (1102, 1103, 1104, 1105, 1098, 5104, 1097, 1096, 1095, 1094, 1093, 1092, 1091, 5103, 1090),
    ),
}  # fmt: skip
# Where the closed lips meet in the middle, above and below; the upper and lower edge of their red; and their left corner.
LIP_VERTICES = {"upper": 474, "lower": 523, "top": 467, "bottom": 496, "corner": 10402}
# The inner edge of the upper lip, which the incisors are behind, from the middle to the left corner.
UPPER_LIP_EDGE: tuple[int, ...] = (537, 7283, 7277, 11961, 7278, 7270, 7269, 7273, 10398, 7271)

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


# Hanging hair has chains of joints below Head, after JOINTS: Hair_Back_1, Hair_Back_2 and so on; the last one is the tip, which moves
# nothing. They are no part of the humanoid.
HAIR_PREFIX = "Hair_"
HAIR_PARENT = "Head"


def name_hair_joint(chain: str, number: int) -> str:
    """Name of a joint of a chain of hair; they count from 1 at the root."""
    return f"{HAIR_PREFIX}{chain}_{number}"


def is_hair_joint(joint: str) -> bool:
    """Whether it belongs to a chain of hair."""
    return joint.startswith(HAIR_PREFIX)


PARENTS: tuple[int, ...] = tuple(-1 if find_parent_joint(j) is None else JOINTS.index(str(find_parent_joint(j))) for j in JOINTS)


# In memory every joint frame is aligned with the world in the bind pose: the maths of the stages needs no other. In GLB, VRM and VRMA
# a frame has Y along the bone, and Z as near as may be to the direction below. These are the frames of Mixamo's rigs: its clips and
# the poses of Ready Player Me's players are absolute local rotations, which mean the same pose only in equal frames, and Blender
# draws a bone along its Y. BVH has no rest rotations, so that its frames stay aligned with the world: at zero angles the figure
# must be the T-pose that its readers take for the rest.
# https://github.com/KhronosGroup/glTF-Blender-IO, Blender's bones; https://vrm.dev/vrm1: VRM 1.0 allows any rest rotation.
FRAME_DIRECTIONS: dict[str, tuple[float, float, float]] = {
    "front": (0, 0, 1), "up": (0, 1, 0), "palm": (0, -1, 0), "down": (0, -1, 0), "left": (1, 0, 0), "right": (-1, 0, 0),
}  # fmt: skip
"""In the T-pose; the palms face down."""
_UPRIGHT = ("Hips", "Spine2", "Neck", "Head", "LeftEye", "RightEye")
"""Y is up whatever follows in the chain, and that of a collar bone straight out. These bones lie differently in every body (ours lean by
up to 20 degrees): along them, a pose of another body would lift the shoulders and pull in the chin."""


@functools.lru_cache(maxsize=2 * len(JOINTS))
def find_frame_axes(joint: str) -> tuple[str, str]:
    """What Y and Z of a joint's frame follow: Y a joint to point at, a direction or "parent" (the bone before it); Z a direction."""
    if is_hair_joint(joint):
        # All bones of hair hang straight down in the bind pose.
        return "down", "front"
    if joint in _UPRIGHT:
        return "up", "front"
    side = "Left" if joint.startswith("Left") else "Right" if joint.startswith("Right") else ""
    part = joint.removeprefix(side)
    if part == "ToeBase":
        return "front", "up"
    if part == "Shoulder":
        return side.lower(), "palm"
    if part == "Hand":
        return f"{side}HandMiddle1", "palm"
    if part[-1] == "3" and part.startswith("Hand"):
        return "parent", "palm"
    (child,) = (other for other in JOINTS if find_parent_joint(other) == joint)
    return child, "up" if part == "Foot" else "palm" if part in ("Arm", "ForeArm") or part.startswith("Hand") else "front"


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


def _build_unreal_chains() -> dict[str, tuple[str, str]]:
    table = {"Spine": ("Spine", "Spine2"), "Neck": ("Neck", "Neck"), "Head": ("Head", "Head")}
    for side in ("Left", "Right"):
        table |= {
            f"{side}Clavicle": (f"{side}Shoulder", f"{side}Shoulder"), f"{side}Arm": (f"{side}Arm", f"{side}Hand"),
            f"{side}Leg": (f"{side}UpLeg", f"{side}ToeBase"),
        }  # fmt: skip
        table |= {f"{side}{finger}": (f"{side}Hand{finger}1", f"{side}Hand{finger}3") for finger in _FINGERS}
    return table


# Chains of Unreal's IK_Mannequin -> our first and last joint: its five spine bones and two neck bones are chains there, not bones.
UNREAL_CHAINS: dict[str, tuple[str, str]] = _build_unreal_chains()
