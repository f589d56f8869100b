"""Bone maps and presets against the engines' own names, which are copied here from their sources and documentation."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

from assets.conventions import GODOT_BONES, JOINTS, PARENTS, UNITY_BONES, UNREAL_BONES, UNREAL_CHAINS
from flows.cli.engine_files import FOLDER, generate_engine_files

DOCS = Path(__file__).resolve().parents[3] / "docs" / FOLDER
FILES = generate_engine_files()
SIDES = ("Left", "Right")

# Godot 4, scene/resources/skeleton_profile.cpp: SkeletonProfileHumanoid, bone -> parent.
GODOT = {
    "Root": "", "Hips": "Root", "Spine": "Hips", "Chest": "Spine", "UpperChest": "Chest", "Neck": "UpperChest", "Head": "Neck",
    "LeftEye": "Head", "RightEye": "Head", "Jaw": "Head",
}  # fmt: skip
for side in SIDES:
    GODOT |= {
        f"{side}Shoulder": "UpperChest", f"{side}UpperArm": f"{side}Shoulder", f"{side}LowerArm": f"{side}UpperArm",
        f"{side}Hand": f"{side}LowerArm", f"{side}UpperLeg": "Hips", f"{side}LowerLeg": f"{side}UpperLeg",
        f"{side}Foot": f"{side}LowerLeg", f"{side}Toes": f"{side}Foot", f"{side}ThumbMetacarpal": f"{side}Hand",
        f"{side}ThumbProximal": f"{side}ThumbMetacarpal", f"{side}ThumbDistal": f"{side}ThumbProximal",
    }  # fmt: skip
    for finger in ("Index", "Middle", "Ring", "Little"):
        GODOT |= {f"{side}{finger}Proximal": f"{side}Hand", f"{side}{finger}Intermediate": f"{side}{finger}Proximal",
                  f"{side}{finger}Distal": f"{side}{finger}Intermediate"}  # fmt: skip
# UnityEngine.HumanBodyBones, without LastBone.
UNITY = {
    "Hips", "Spine", "Chest", "UpperChest", "Neck", "Head", "Jaw",
    *(f"{s}{b}" for s in SIDES for b in ("UpperLeg", "LowerLeg", "Foot", "Toes", "Shoulder", "UpperArm", "LowerArm", "Hand", "Eye")),
    *(f"{s}{f}{b}" for s in SIDES for f in ("Thumb", "Index", "Middle", "Ring", "Little") for b in ("Proximal", "Intermediate", "Distal")),
}  # fmt: skip
# HumanTrait.RequiredBone.
UNITY_REQUIRED = {
    "Hips",
    "Spine",
    "Head",
    *(f"{s}{b}" for s in SIDES for b in ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")),
}
# The skeleton of Unreal Engine 5's Manny and Quinn (SK_Mannequin), without its twist, IK and corrective bones.
UNREAL = {
    "root", "pelvis", *(f"spine_0{i}" for i in range(1, 6)), "neck_01", "neck_02", "head",
    *(f"{b}_{s}" for s in "lr" for b in ("clavicle", "upperarm", "lowerarm", "hand", "thigh", "calf", "foot", "ball")),
    *(f"{f}_0{i}_{s}" for s in "lr" for f in ("thumb", "index", "middle", "ring", "pinky") for i in (1, 2, 3)),
    *(f"{f}_metacarpal_{s}" for s in "lr" for f in ("index", "middle", "ring", "pinky")),
}  # fmt: skip
# Chains of IK_Mannequin that a body without twist bones can have.
UNREAL_CHAIN_NAMES = {
    "Spine", "Neck", "Head", *(f"{s}{c}" for s in SIDES for c in ("Clavicle", "Arm", "Leg", "Thumb", "Index", "Middle", "Ring", "Pinky")),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_committed_file_is_what_the_code_generates(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == FILES[name], "run `python -m flows.cli.docs`"


def list_parents(table: dict[str, str]) -> dict[str, str]:
    """Engine's bone -> the engine's bone of our joint's parent; empty for the root."""
    return {
        table[joint]: table[JOINTS[parent]] if parent >= 0 else "" for joint, parent in zip(JOINTS, PARENTS, strict=True) if joint in table
    }


def test_godots_profile_has_every_bone_with_the_same_parent() -> None:
    assert set(GODOT) - set(GODOT_BONES.values()) == {"Root", "Jaw"}
    assert list_parents(GODOT_BONES) == {bone: "" if bone == "Hips" else GODOT[bone] for bone in GODOT_BONES.values()}


def test_the_godot_resource_maps_bones_of_its_profile_to_our_joints() -> None:
    rows = dict(re.findall(r'^bone_map/(\w+) = &"(\w+)"$', FILES["godot_bone_map.tres"], re.MULTILINE))
    assert rows == {theirs: ours for ours, theirs in GODOT_BONES.items()}
    lines = FILES["godot_bone_map.tres"].splitlines()
    assert lines[0] == '[gd_resource type="BoneMap" load_steps=2 format=3]'
    assert lines.index('profile = SubResource("1")') < min(i for i, line in enumerate(lines) if line.startswith("bone_map/"))


def test_unitys_enum_has_every_bone_and_all_required_ones_are_mapped() -> None:
    assert UNITY - set(UNITY_BONES.values()) == {"Jaw"}
    assert set(UNITY_BONES.values()) <= UNITY
    assert set(UNITY_BONES.values()) >= UNITY_REQUIRED


def test_the_unity_template_is_yaml_with_unitys_spelling_of_fingers() -> None:
    document = yaml.safe_load(FILES["unity_human_template.ht"].split("\n", 3)[3])["HumanTemplate"]
    assert set(document["m_BoneTemplate"].values()) == set(JOINTS)
    assert document["m_BoneTemplate"]["Left Thumb Proximal"] == "LeftHandThumb1"
    assert document["m_BoneTemplate"]["LeftLowerArm"] == "LeftForeArm"
    assert {name.replace(" ", "") for name in document["m_BoneTemplate"]} == set(UNITY_BONES.values())


def test_the_mannequin_has_every_bone_and_chains_run_down_our_skeleton() -> None:
    assert set(UNREAL_BONES.values()) <= UNREAL
    assert set(JOINTS) - set(UNREAL_BONES) == {"LeftEye", "RightEye"}
    assert set(UNREAL_CHAINS) == UNREAL_CHAIN_NAMES
    for start, end in UNREAL_CHAINS.values():
        joint = end
        while joint != start:
            assert PARENTS[JOINTS.index(joint)] >= 0, (start, end)
            joint = JOINTS[PARENTS[JOINTS.index(joint)]]


def test_no_joint_is_in_two_chains_and_only_hips_and_eyes_in_none() -> None:
    covered: list[str] = []
    for start, end in UNREAL_CHAINS.values():
        joint = end
        covered.append(joint)
        while joint != start:
            joint = JOINTS[PARENTS[JOINTS.index(joint)]]
            covered.append(joint)
    assert len(covered) == len(set(covered))
    assert set(JOINTS) - set(covered) == {"Hips", "LeftEye", "RightEye"}


def test_the_unreal_script_holds_the_chains() -> None:
    tree = ast.parse(FILES["unreal_ik_rig.py"])
    tables = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)}
    assert tables["CHAINS"] == UNREAL_CHAINS
    assert tables["RETARGET_ROOT"] == "Hips"


def test_the_json_holds_every_table() -> None:
    found = json.loads(FILES["bone_maps.json"])
    assert found["bones"]["unreal"] == UNREAL_BONES
    assert {name: (c["start"], c["end"]) for name, c in found["unreal_chains"].items()} == UNREAL_CHAINS
