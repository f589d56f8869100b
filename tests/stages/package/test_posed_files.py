"""An engine that reads GLB or VRM shows what our renderer shows: posed vertices agree for every file."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.artefacts.character import Model
from assets.conventions import JOINTS, MORPHS_67
from assets.formats.gltf import Scene, export_gltf
from assets.formats.vrm import VrmMeta, export_vrm
from assets.joint_frames import compute_joint_frames, to_file_rotations
from assets.spec.packaging import BUDGETS, PackageSpec
from flows.pipeline.definition import STAGES
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.package.target import encode_images
from stages.render.posing import Pose, PosedJoints, pose_mesh
from tests.file_poses import FilePoses
from tests.stages import small_character as small

POSES, MORPHS = 20, 10
TOLERANCE_M = 1e-4
SKELETON = build_canonical_skeleton()


@lru_cache(maxsize=3)
def make_model(target: str) -> Model:
    """A ball whose rows of vertices follow every joint of a real skeleton, in mixtures of four."""
    body = small.body()
    rng = np.random.default_rng(3)
    joints = rng.permuted(np.tile(np.arange(len(JOINTS)), (len(body.positions), 1)), axis=1)[:, :4].astype(np.uint16)
    weights = rng.dirichlet((1, 1, 1, 1), len(joints)).astype(np.float32)
    skin = type(body.skin)(joints, weights)
    moving = type(body)(**{**vars(body), "skeleton": SKELETON, "skin": skin})
    return STAGES["model"].run(body=moving, texture=small.texture(), groom=small.groom(), options=PackageSpec(target=target), seed=1)


def make_file(model: Model, target: str, kind: str) -> bytes:
    pictures = encode_images(model.materials, model.images, 64, 80, {})
    scene = Scene("Ball", model.skeleton, model.parts, model.materials, pictures, combined_morphs=BUDGETS[target].combined_morphs)
    return export_gltf(scene) if kind == "glb" else export_vrm(scene, VrmMeta("Ball", "us", "CC0-1.0", ""))


def make_poses() -> list[list[Pose]]:
    """Each pose with each of the faces."""
    rng = np.random.default_rng(5)
    turns = Rotation.from_rotvec(rng.normal(0, 0.5, (POSES * len(JOINTS), 3))).as_quat().reshape(POSES, len(JOINTS), 4)
    names = rng.choice(len(MORPHS_67), MORPHS, replace=False)
    faces = [np.eye(len(MORPHS_67), dtype=np.float32)[name] for name in names]
    root = rng.normal(0, 0.3, (POSES, 3))
    return [[Pose(t.astype(np.float32), r.astype(np.float32), f) for f in faces] for t, r in zip(turns, root, strict=True)]


@pytest.mark.parametrize("kind", ["glb", "vrm"])
@pytest.mark.parametrize("target", ["web", "desktop", "crowd"])
def test_posed_vertices_are_ours_to_a_tenth_of_a_millimetre(target: str, kind: str) -> None:
    model = make_model(target)
    file, frames = FilePoses(make_file(model, target, kind)), compute_joint_frames(model.skeleton)
    assert set(file.list_meshes()) == {part.mesh.name[0].upper() + part.mesh.name[1:] for part in model.parts}
    nodes = {part.mesh.name: file.list_meshes()[part.mesh.name[0].upper() + part.mesh.name[1:]] for part in model.parts}
    worst = 0.0
    for faces in make_poses():
        turns = dict(zip(JOINTS, to_file_rotations(faces[0].rotations, model.skeleton, frames), strict=True))
        world = file.compute_world(turns, {"Hips": file.get_rest_translation("Hips") + faces[0].root})
        joints = PosedJoints.from_pose(model.skeleton, faces[0])
        for pose in faces:
            face = {name: float(weight) for name, weight in zip(MORPHS_67, pose.face, strict=True) if weight}
            for part in (p for p in model.parts if p.mesh.morphs or pose is faces[0]):
                found = file.pose_mesh(nodes[part.mesh.name], world, face)
                true = pose_mesh(part.mesh, model.skeleton, pose, joints)
                worst = max(worst, float(np.linalg.norm(found - true, axis=1).max()))
    assert worst < TOLERANCE_M


def test_combined_morphs_are_the_sums_that_they_are_called() -> None:
    model = make_model("desktop")
    file = FilePoses(make_file(model, "desktop", "glb"))
    node = file.list_meshes()["Head_moving"]
    rest = file.compute_world({}, {})
    still = file.pose_mesh(node, rest, {})
    for name, sum_ in {"mouthOpen": {"jawOpen": 0.5}, "eyesClosed": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}}.items():
        moved = file.pose_mesh(node, rest, {name: 1.0})
        assert np.abs(moved - still).max() > 1e-3
        np.testing.assert_allclose(moved, file.pose_mesh(node, rest, sum_), atol=5e-5)
