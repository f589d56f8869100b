"""A body is what engines and the groom stage rely on: in the T-pose, on the ground, skinned, with 67 morphs that move something."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.character import Body, Identity
from assets.artefacts.geometry import Image
from assets.codec import encode_artefact
from assets.conventions import JOINTS, MORPHS_67, PARENTS, mirror_joint
from assets.paths import get_baked_path
from assets.skinning import skin_points
from assets.spec.appearance import BodySpec
from stages.body.anny import BODY_FILE, Anny, list_face_changes
from stages.body.phenotype import resolve_origins, to_age_axis
from stages.body.stage import run

pytestmark = pytest.mark.skipif(not get_baked_path(BODY_FILE).exists(), reason="the body model is missing: run `fenshen bake`")
SKIN = 13380


def make_identity(age: float = 30, gender: float = 0.0, tone: float = 0.3, face: dict[str, float] | None = None) -> Identity:
    tile = Image(np.full((8, 8, 3), 150, np.uint8))
    return Identity(np.zeros(4, np.float32), tile, tile, age, gender, tone, face or {})


def make_body(identity: Identity, options: BodySpec | None = None) -> Body:
    return run(identity, options=options or BodySpec(), backend=Anny(), seed=1)


@pytest.fixture(scope="module")
def body() -> Body:
    return make_body(make_identity())


def apply_morphs(body: Body, *names: str) -> np.ndarray:
    positions = body.positions.copy()
    for morph in body.morphs:
        if morph.name in names:
            positions[morph.indices] += morph.deltas
    return positions


def test_arms_are_level_along_x_in_the_t_pose(body: Body) -> None:
    for side, sign in (("Left", 1), ("Right", -1)):
        chain = body.skeleton.heads[[JOINTS.index(f"{side}{bone}") for bone in ("Arm", "ForeArm", "Hand", "HandMiddle1")]]
        steps = np.diff(chain, axis=0)
        assert np.abs(steps[:, 1:]).max() < 1e-5
        assert (sign * steps[:, 0] > 0.02).all()


def test_the_soles_are_at_zero_and_the_toes_point_forward(body: Body) -> None:
    assert abs(body.positions[:SKIN, 1].min()) < 1e-6
    assert abs(body.rest[:SKIN, 1].min()) < 1e-6
    heads = dict(zip(JOINTS, body.skeleton.heads, strict=True))
    assert heads["LeftToeBase"][2] > heads["LeftFoot"][2] + 0.05


@pytest.mark.parametrize(("gender", "age"), [(0.0, 25.0), (1.0, 60.0)])
def test_the_skeleton_is_mirrored_to_a_tenth_of_a_millimetre(gender: float, age: float) -> None:
    """Men's collar bones differed by up to 12 mm, and the hips were 4 mm off the middle."""
    heads = make_body(make_identity(age, gender)).skeleton.heads
    other = heads[[JOINTS.index(mirror_joint(joint)) for joint in JOINTS]] * np.array([-1, 1, 1])
    assert np.linalg.norm(heads - other, axis=1).max() < 1e-4


def test_weights_sum_to_one_and_name_only_our_joints(body: Body) -> None:
    assert body.skin.joints.shape == body.skin.weights.shape == (19158, 4)
    assert np.allclose(body.skin.weights.sum(axis=1), 1, atol=1e-6)
    assert body.skin.joints.max() < len(JOINTS)
    assert body.skeleton.names == JOINTS
    assert tuple(body.skeleton.parents) == PARENTS


def test_skinning_the_rest_pose_gives_the_t_pose(body: Body) -> None:
    assert np.abs(skin_points(body.rest, body.skin, body.rest_to_bind) - body.positions).max() < 1e-4


def test_there_are_all_67_morphs_and_each_moves_something(body: Body) -> None:
    assert tuple(morph.name for morph in body.morphs) == MORPHS_67
    for morph in body.morphs:
        on_skin = morph.deltas[morph.indices < SKIN]
        assert np.linalg.norm(morph.deltas, axis=1).max() > 1e-4, morph.name
        assert len(on_skin) or morph.name == "tongueOut"
        assert (np.diff(morph.indices) > 0).all()


def measure_lip_gap(body: Body, positions: np.ndarray) -> float:
    """Metres between the middle of the upper and the lower lip, which are found by how far jawOpen moves them."""
    jaw = next(m for m in body.morphs if m.name == "jawOpen")
    drop = np.zeros(len(positions))
    drop[jaw.indices] = -jaw.deltas[:, 1]
    skin = np.arange(len(positions)) < SKIN
    middle = skin & (np.abs(body.positions[:, 0]) < 0.002)
    mouth = body.skeleton.heads[JOINTS.index("Head")]
    front = middle & (body.positions[:, 2] > mouth[2] + 0.06)
    lower = front & (drop > 0.5 * drop.max())
    seam = body.positions[lower, 1].max()
    upper = front & (drop < 0.2 * drop.max()) & (np.abs(body.positions[:, 1] - seam) < 0.01)
    return float(positions[upper, 1].min() - positions[lower, 1].max())


def test_mouth_close_shuts_the_lips_of_an_open_jaw(body: Body) -> None:
    opened = measure_lip_gap(body, apply_morphs(body, "jawOpen"))
    closed = measure_lip_gap(body, apply_morphs(body, "jawOpen", "mouthClose"))
    assert opened > 0.01
    assert closed < 0.25 * opened


def test_left_and_right_morphs_mirror_one_another(body: Body) -> None:
    shapes = {morph.name: morph for morph in body.morphs}
    for name in ("eyeBlink", "mouthSmile", "browDown"):
        left, right = shapes[f"{name}Left"], shapes[f"{name}Right"]
        assert np.average(body.positions[left.indices, 0], weights=np.linalg.norm(left.deltas, axis=1)) > 0.01
        assert np.average(body.positions[right.indices, 0], weights=np.linalg.norm(right.deltas, axis=1)) < -0.01
        assert left.deltas.sum(axis=0) * (-1, 1, 1) == pytest.approx(right.deltas.sum(axis=0), abs=float(0.02 * np.abs(left.deltas).sum()))


@pytest.mark.parametrize(("gender", "low", "high"), [(0.0, 1.58, 1.68), (1.0, 1.70, 1.82)])
def test_heights_are_those_of_people(gender: float, low: float, high: float) -> None:
    for tone in (0.1, 0.9):
        assert low < make_body(make_identity(gender=gender, tone=tone)).phenotype["height_m"] < high


def test_the_same_input_gives_the_same_bytes(body: Body) -> None:
    assert encode_artefact(make_body(make_identity())) == encode_artefact(body)


def test_the_identitys_face_changes_the_head_and_not_the_feet(body: Body) -> None:
    name = list_face_changes()[0]
    other = make_body(make_identity(face={name: 1.0}))
    gap = np.linalg.norm(other.positions - body.positions, axis=1)
    assert gap.max() > 1e-3
    assert gap[body.positions[:, 1] < 0.3].max() < 1e-3


def test_an_origin_can_be_given_among_the_local_changes() -> None:
    assert resolve_origins(make_identity(tone=0.9), {"asian": 1.0}) == {"african": 0.0, "asian": 1.0, "caucasian": 0.0}
    assert sum(resolve_origins(make_identity(tone=0.9), {}).values()) == pytest.approx(1)


def test_the_age_axis_rises_with_the_years() -> None:
    axis = [to_age_axis(years) for years in (0, 1, 11, 18, 25, 60, 90)]
    assert axis == sorted(axis)
    assert axis[-3] == pytest.approx(2 / 3)


def test_the_eyes_are_inside_the_head_and_mirror(body: Body) -> None:
    left, right = body.eye_centres
    assert left * (-1, 1, 1) == pytest.approx(right, abs=1e-4)
    assert 0.010 < body.eye_radius < 0.020
