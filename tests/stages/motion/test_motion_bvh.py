"""BVH files of any origin on the canonical skeleton: names, rest poses, units and axes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, VRM_BONES
from assets.errors import FormatError
from assets.formats.bvh import export_bvh, load_bvh
from assets.paths import get_node_modules
from assets.rotation import forward_kinematics, from_axis_angle, inverse, multiply, rotate, to_local
from assets.spec.behaviour import ClipSpec, MotionSpec
from stages.motion.bvh import read_bvh_clip
from stages.motion.bvh_joints import map_joints
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import LIBRARY
from stages.motion.stage import run

WAVE = LIBRARY["wave"](30)
BUILDER = {"Spine": "LowerBack", "Spine1": "Spine9", **{
    f"{side}{ours}": f"{side}{theirs}" for side in ("Left", "Right") for ours, theirs in (
        ("Shoulder", "Collar"), ("Arm", "Shoulder"), ("ForeArm", "Elbow"), ("Hand", "Wrist"), ("UpLeg", "Hip"), ("Leg", "Knee"),
        ("Foot", "Ankle"), ("ToeBase", "Toe"))}}  # fmt: skip
SPELLINGS: dict[str, Callable[[str], str]] = {
    "ours": lambda name: name, "mixamo": lambda name: f"mixamorig:{name}", "mixamo by blender": lambda name: f"mixamorig2_{name}",
    "character": lambda name: f"Character1_{name}", "vrm": VRM_BONES.__getitem__, "motion builder": lambda name: BUILDER.get(name, name),
}  # fmt: skip


def compute_positions(clip: Clip) -> np.ndarray:
    skeleton = build_canonical_skeleton()
    return forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0]


def read(path: Path, name: str = "clip") -> Clip:
    return read_bvh_clip(path, name)[0]


def save_bvh(folder: Path, clip: Clip, skeleton: Skeleton) -> Path:
    path = folder / "clip.bvh"
    path.write_bytes(export_bvh(clip, skeleton))
    return path


def test_an_exported_clip_is_read_back(tmp_path: Path) -> None:
    back = read(save_bvh(tmp_path, WAVE, build_canonical_skeleton()), "mine")
    assert (back.name, back.source, back.face.shape) == ("mine", "bvh", (len(WAVE.times), 0))
    hips = JOINTS.index("Hips")
    ours, theirs = compute_positions(WAVE), compute_positions(back)
    np.testing.assert_allclose(theirs - theirs[:, [hips]], ours - ours[:, [hips]], atol=2e-3)
    np.testing.assert_allclose(np.diff(theirs[:, hips], axis=0), np.diff(ours[:, hips], axis=0), atol=1e-3)


def test_names_size_and_rest_pose_do_not_change_the_movement(tmp_path: Path) -> None:
    """The same wave on a skeleton twice as large with Mixamo's names, whose arms hang by 45 degrees when all its angles are 0."""
    ours = build_canonical_skeleton()
    rest = np.tile(np.array([0, 0, 0, 1], np.float32), (1, len(JOINTS), 1))
    for side, sign in (("Left", -1), ("Right", 1)):
        rest[0, JOINTS.index(f"{side}Arm")] = from_axis_angle((0, 0, sign), np.radians(45))
    heads, hang = forward_kinematics(ours.parents, ours.heads, rest, np.zeros((1, 3)))
    _, world = forward_kinematics(ours.parents, ours.heads, WAVE.rotations, WAVE.root)
    turns = to_local(ours.parents, multiply(world, inverse(hang)))
    skeleton = Skeleton(tuple(f"mixamorig:{name}" for name in JOINTS), ours.parents, (2 * heads[0]).astype(np.float32))
    clip = Clip("wave", WAVE.times, turns, 2 * WAVE.root, WAVE.face)
    back = read(save_bvh(tmp_path, clip, skeleton), "wave")
    hips = JOINTS.index("Hips")
    apart = (compute_positions(back) - compute_positions(back)[:, [hips]]) - (compute_positions(WAVE) - compute_positions(WAVE)[:, [hips]])
    assert np.abs(apart).max() < 5e-3


def test_a_file_with_z_up_becomes_upright(tmp_path: Path) -> None:
    ours = build_canonical_skeleton()
    tip = from_axis_angle((1, 0, 0), np.radians(90))
    _, world = forward_kinematics(ours.parents, ours.heads, WAVE.rotations, WAVE.root)
    turns = to_local(ours.parents, multiply(multiply(tip, world), inverse(tip)))
    skeleton = Skeleton(ours.names, ours.parents, rotate(tip, ours.heads))
    back = read(save_bvh(tmp_path, Clip("wave", WAVE.times, turns, rotate(tip, WAVE.root), WAVE.face), skeleton), "wave")
    hips = JOINTS.index("Hips")
    apart = (compute_positions(back) - compute_positions(back)[:, [hips]]) - (compute_positions(WAVE) - compute_positions(WAVE)[:, [hips]])
    assert np.abs(apart).max() < 2e-3


@pytest.mark.parametrize("convention", SPELLINGS)
def test_limbs_move_the_same_under_every_naming_convention(tmp_path: Path, convention: str) -> None:
    skeleton = replace(build_canonical_skeleton(), names=tuple(SPELLINGS[convention](name) for name in JOINTS))
    film = load_bvh(export_bvh(WAVE, skeleton))
    found = {ours: skeleton.names.index(film.names[i]) for ours, i in map_joints(film).joints.items()}
    body = [n for n in JOINTS if "Hand" not in n.removesuffix("Hand") and "Eye" not in n and n not in ("Spine", "Spine1", "Spine2")]
    assert {name: found.get(name) for name in body} == {name: JOINTS.index(name) for name in body}
    clip = read(save_bvh(tmp_path, WAVE, skeleton), "x")
    limbs = [JOINTS.index(name) for name in body]
    np.testing.assert_allclose(compute_positions(clip)[:, limbs], compute_positions(WAVE)[:, limbs], atol=0.02)


def test_the_stage_names_a_bvh_clip_as_the_spec_does(tmp_path: Path) -> None:
    path = save_bvh(tmp_path, WAVE, build_canonical_skeleton())
    motion = run(options=MotionSpec(clips=(ClipSpec(name="hello", bvh=str(path)),)), seed=0)
    clip = next(c for c in motion.clips if c.name == "hello")
    assert (clip.source, len(clip.times)) == ("bvh", len(WAVE.times))
    assert any(source.origin == "clip.bvh" for source in motion.sources)


def test_a_skeleton_without_legs_is_refused(tmp_path: Path) -> None:
    names = tuple(name.replace("Leg", "Wheel") for name in JOINTS)
    path = save_bvh(tmp_path, WAVE, Skeleton(names, build_canonical_skeleton().parents, build_canonical_skeleton().heads))
    with pytest.raises(FormatError) as caught:
        read_bvh_clip(path, "wave")
    assert str(caught.value) == (
        "clip.bvh: error[motion/bvh-names] no joint has a known name for LeftUpLeg, LeftLeg, RightUpLeg, RightLeg; "
        "rename the joints to Mixamo's names"
    )


def test_a_file_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        read_bvh_clip(tmp_path / "nowhere.bvh", "wave")
    assert str(caught.value) == (
        "nowhere.bvh: error[motion/no-file] cannot read the BVH file: No such file or directory; check its path and permissions"
    )


@pytest.mark.parametrize("squash", [(0, 0, 0), (0, 1, 0), (1, 0, 0)])
def test_a_skeleton_in_one_point_or_line_is_one_sentence(squash: tuple[int, int, int], tmp_path: Path) -> None:
    """A file without offsets ended in a traceback about determinants."""
    flat = replace(build_canonical_skeleton(), heads=build_canonical_skeleton().heads * np.array(squash, np.float32))
    with pytest.raises(FormatError) as caught:
        read_bvh_clip(save_bvh(tmp_path, WAVE, flat), "wave")
    assert str(caught.value) == (
        "clip.bvh: error[motion/bvh-flat] hips, arms and legs are in one point or on one line; "
        "export the file with the offsets of the skeleton"
    )


def tip_over(clip: Clip, degrees: float) -> Clip:
    """The clip with its body turned about X, as one who lies on the back."""
    turn = from_axis_angle((1, 0, 0), np.radians(degrees))
    rotations = clip.rotations.copy()
    rotations[:, 0] = multiply(turn, rotations[:, 0])
    return replace(clip, rotations=rotations)


@pytest.mark.parametrize("degrees", [-90, 90, 180])
def test_our_own_file_of_a_body_that_lies_is_a_fixed_point(degrees: float, tmp_path: Path) -> None:
    """It was set upright: its trunk is along another axis than +Y."""
    clip = tip_over(WAVE, degrees)
    back, warnings = read_bvh_clip(save_bvh(tmp_path, clip, make_body()), "lying")
    apart = np.linalg.norm(multiply(inverse(back.rotations), clip.rotations)[..., :3], axis=-1)
    assert np.degrees(2 * np.arcsin(np.clip(apart, 0, 1))).max() < 0.1
    assert warnings == []


def make_body() -> Skeleton:
    """A body of other proportions whose limbs point a little elsewhere in T-pose, as every body's do."""
    heads = build_canonical_skeleton().heads.copy()
    rng = np.random.default_rng(4)
    for side in ("Left", "Right"):
        for chain in (("Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot")):
            for part in chain[1:]:
                heads[[i for i, name in enumerate(JOINTS) if name.startswith(f"{side}{part}")]] += rng.normal(0, 0.012, 3)
    return replace(build_canonical_skeleton(), heads=heads.astype(np.float32))


@pytest.mark.parametrize("name", LIBRARY)
def test_our_own_file_is_a_fixed_point(name: str, tmp_path: Path) -> None:
    """Limbs came back off by up to 4.7 degrees, because each was aimed along the bones of the body that wrote it."""
    clip = LIBRARY[name](30)
    back = read(save_bvh(tmp_path, clip, make_body()))
    # By the sine: the arc cosine of a float32 near 1 is off by a tenth of a degree itself.
    apart = np.linalg.norm(multiply(inverse(back.rotations), clip.rotations)[..., :3], axis=-1)
    assert np.degrees(2 * np.arcsin(np.clip(apart, 0, 1))).max() < 0.1
    np.testing.assert_allclose(np.diff(back.root, axis=0), np.diff(clip.root, axis=0), atol=1e-3)


MEASURE = """
import { readFileSync } from 'node:fs';
const { BVHLoader } = await import(process.argv[2] + '/three/examples/jsm/loaders/BVHLoader.js');
const three = await import(process.argv[2] + '/three/build/three.module.js');
const { skeleton, clip } = new BVHLoader().parse(readFileSync(process.argv[3], 'utf8'));
const mixer = new three.AnimationMixer(skeleton.bones[0]);
mixer.clipAction(clip).play();
mixer.update(0);
skeleton.bones[0].updateMatrixWorld(true);
const height = (name) => new three.Vector3().setFromMatrixPosition(skeleton.bones.find((b) => b.name === name).matrixWorld).y;
console.log(JSON.stringify(['Hips', 'LeftFoot', 'RightFoot', 'Head'].map(height)));
"""


def test_our_file_stands_on_the_floor_in_three_js(tmp_path: Path) -> None:
    """It floated at twice its height: three.js adds the root's offset to its position channels."""
    modules = get_node_modules().resolve()
    if shutil.which("node") is None or not (modules / "three").is_dir():
        pytest.skip("node or the npm package three is not installed")
    (tmp_path / "measure.mjs").write_text(MEASURE)
    path = save_bvh(tmp_path, WAVE, build_canonical_skeleton())
    done = subprocess.run(["node", str(tmp_path / "measure.mjs"), modules.as_uri(), str(path)], capture_output=True, text=True, check=True)
    expected = compute_positions(WAVE)[0, [JOINTS.index(j) for j in ("Hips", "LeftFoot", "RightFoot", "Head")], 1] * 100
    np.testing.assert_allclose(json.loads(done.stdout), expected, atol=0.1)


def rename(**names: str) -> Skeleton:
    return replace(build_canonical_skeleton(), names=tuple(names.get(joint, joint) for joint in JOINTS))


def turn_joint(joint: str, degrees: float, frames: slice = slice(None)) -> Clip:
    """The wave with one joint turned about X in these frames."""
    rotations = WAVE.rotations.copy()
    index = JOINTS.index(joint)
    rotations[frames, index] = multiply(rotations[frames, index], from_axis_angle((1, 0, 0), np.radians(degrees)))
    return replace(WAVE, rotations=rotations)


WARNINGS: list[tuple[Clip, Skeleton, str]] = [
    (turn_joint("LeftHandPinky3", 20, slice(40, None)), rename(LeftHandPinky3="LeftHandTip"),
     "1 moving joint has no counterpart and is left out: LeftHandTip"),
    (WAVE, rename(RightArm="RightOther"),
     "RightOther: no known name for a joint in the middle of a limb, which is taken as straight there; rename it as Mixamo does, "
     "for example LeftArm"),
    (WAVE, rename(Head="Knob", LeftHand="LeftBall"),
     "no joint has a known name for Head, LeftHand; they follow the parent"),
    (turn_joint("Head", 100, slice(50, 51)), build_canonical_skeleton(), "Head leaps by 100 degrees within one frame at 1.67 s"),
    (tip_over(WAVE, -90), rename(LeftHandPinky3="LeftHandTip"),
     "the body stands along +Y at zero angles and along -Z in the movement, which is taken as up; "
     "one that lies, crawls or stands on its hands is set upright"),
    (turn_joint("Hips", 43), rename(LeftHandPinky3="LeftHandTip"),
     "the trunk is on average 45 degrees off every axis of the file's world, so which way is up is a guess"),
]  # fmt: skip


@pytest.mark.parametrize(("clip", "skeleton", "warning"), WARNINGS)
def test_what_is_doubtful_is_one_sentence(clip: Clip, skeleton: Skeleton, warning: str, tmp_path: Path) -> None:
    assert f"clip.bvh: {warning}" in read_bvh_clip(save_bvh(tmp_path, clip, skeleton), "wave")[1]


def test_a_clean_file_has_no_warning(tmp_path: Path) -> None:
    assert read_bvh_clip(save_bvh(tmp_path, WAVE, build_canonical_skeleton()), "wave")[1] == []
