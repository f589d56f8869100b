"""Fitted items: teeth in rows, no socks on bare shins, no hole in a neck, hair above the collar."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.character import Body, Groom
from assets.artefacts.geometry import Mesh
from assets.base_mesh import load_skin_triangles
from assets.conventions import JOINTS
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec
from stages.body.stage import BACKENDS as BODIES
from stages.body.stage import run as make_body
from stages.groom import fit
from stages.groom.placement import weld_item_triangles
from stages.groom.socks import remove_loose_socks
from stages.groom.stage import run
from stages.groom.wardrobe import load_item
from stages.identity.stage import BACKENDS as IDENTITIES
from stages.identity.stage import run as make_identity

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")]


@pytest.fixture(scope="module")
def woman() -> Body:
    who = make_identity(options=IdentitySpec(age=24, gender=0), backend=IDENTITIES.get(), seed=23)
    return make_body(who, options=BodySpec(), backend=BODIES.get(), seed=23)


@pytest.fixture(scope="module")
def skirt(woman: Body) -> Groom:
    return run(woman, options=GroomSpec(hair="long01", outfit="female_elegantsuit01", shoes="shoes03"), seed=23)


@pytest.fixture(scope="module")
def trousers(woman: Body) -> Groom:
    return run(woman, options=GroomSpec(hair="long01", outfit="female_casualsuit01", shoes="shoes03"), seed=23)


def part(groom: Groom, name: str) -> Mesh:
    return next(mesh for mesh in groom.meshes if mesh.name == name)


def test_teeth_have_few_triangles_and_only_their_lower_row_moves_with_the_jaw(trousers: Groom) -> None:
    teeth = part(trousers, "teeth")
    assert len(teeth.triangles) < 1000
    jaw = next(morph for morph in teeth.morphs if morph.name == "jawOpen")
    still = np.setdiff1d(np.arange(len(teeth.positions)), jaw.indices)
    assert 0.4 < len(still) / len(teeth.positions) < 0.6
    assert jaw.deltas[:, 1].max() < 0
    assert teeth.positions[still, 1].mean() > teeth.positions[jaw.indices, 1].mean()


def test_front_teeth_have_no_gaps(trousers: Groom) -> None:
    teeth = part(trousers, "teeth")
    jaw = next(morph for morph in teeth.morphs if morph.name == "jawOpen")
    upper = np.setdiff1d(np.arange(len(teeth.positions)), jaw.indices)
    enamel = upper[teeth.uv[upper, 0] < 0.5]
    front = np.sort(teeth.positions[enamel][teeth.positions[enamel, 2] > teeth.positions[enamel, 2].max() - 0.006, 0])
    assert np.diff(front).max() < 0.005


def test_socks_are_worn_with_trousers_and_not_on_bare_shins(skirt: Groom, trousers: Groom, woman: Body) -> None:
    without = part(skirt, "shoes")
    assert without.positions[np.unique(without.triangles), 1].max() < 0.15
    assert len(part(trousers, "shoes").triangles) > len(without.triangles)
    shin = (np.abs(woman.positions[:, 1] - 0.17) < 0.01) & (np.arange(len(woman.positions)) < fit.SKIN_VERTICES)
    assert not skirt.hidden[shin].any()


@pytest.mark.parametrize(("weight", "height"), [(0.6, 0.25), (1, 0), (0.5, 0.5)])
def test_a_skirts_hem_is_level_on_short_legs_too(weight: float, height: float) -> None:
    who = make_identity(options=IdentitySpec(age=78, gender=0), backend=IDENTITIES.get(), seed=105)
    body = make_body(who, options=BodySpec(weight=weight, height=height), backend=BODIES.get(), seed=105)
    worn = fit.fit_item(load_item("outfit", "female_elegantsuit01"), body).positions
    front = worn[worn[:, 2] > 0.05]
    middle, sides = front[np.abs(front[:, 0]) < 0.01], front[(np.abs(front[:, 0]) > 0.05) & (np.abs(front[:, 0]) < 0.09)]
    # Its middle hung 5 cm too low, then 2.
    assert abs(middle[:, 1].min() - sides[:, 1].min()) < 0.008


def test_each_panel_of_a_skirt_follows_one_leg_and_its_middle_both(woman: Body) -> None:
    worn = fit.fit_item(load_item("outfit", "female_elegantsuit01"), woman)
    left, right = (np.isin(worn.skin.joints, [JOINTS.index(name)]) * worn.skin.weights for name in ("LeftUpLeg", "RightUpLeg"))
    left_weight, right_weight = left.sum(1), right.sum(1)
    crotch = float(woman.skeleton.heads[JOINTS.index("LeftUpLeg"), 1]) - 0.12
    used = np.isin(np.arange(len(left_weight)), weld_item_triangles(worn.item)) & (worn.positions[:, 1] < crotch)
    offset = np.abs(worn.positions[:, 0])
    # Half a thigh from the middle, the trailing leg held a quarter of the front, and the leading thigh poked through.
    assert np.minimum(left_weight, right_weight)[used & (offset > 0.05)].max() < 0.05
    assert np.allclose(left_weight[used & (offset < 0.001) & (worn.positions[:, 2] > 0)], 0.5, atol=0.03)


@pytest.mark.parametrize("name", ["shoes01", "shoes03", "shoes04"])
def test_a_shoes_heel_follows_the_foot_and_its_tip_the_toes(name: str, woman: Body) -> None:
    worn = fit.fit_item(load_item("shoes", name), woman)
    held = {joint: (np.isin(worn.skin.joints, [JOINTS.index(joint)]) * worn.skin.weights).sum(1) for joint in ("LeftFoot", "LeftToeBase")}
    used = np.isin(np.arange(len(worn.positions)), weld_item_triangles(worn.item)) & (worn.positions[:, 0] > 0)
    back, front = worn.positions[used, 2].min(), worn.positions[used, 2].max()
    sole = used & (worn.positions[:, 1] < worn.positions[used, 1].min() + 0.02)
    # The base vertices that shoes are bound to are a box around the foot: half of the heel followed the shin, a quarter of it the toes.
    assert held["LeftFoot"][sole & (worn.positions[:, 2] < back + 0.06)].min() > 0.9
    assert held["LeftToeBase"][sole & (worn.positions[:, 2] > front - 0.04)].min() > 0.5


def test_a_patch_of_hidden_skin_narrower_than_two_rings_is_shown() -> None:
    triangles = load_skin_triangles()
    hidden = np.zeros(fit.BASE_VERTICES, bool)
    hidden[triangles[1000]] = True
    assert not fit._open_mask(hidden).any()
    wide = hidden.copy()
    for _ in range(5):
        wide[triangles[wide[triangles].any(1)]] = True
    opened = fit._open_mask(wide)
    assert opened[triangles[1000]].all()
    assert not (opened & ~wide).any()


def test_hanging_hair_stays_above_skin_and_cloth(skirt: Groom, woman: Body) -> None:
    from scipy.spatial import cKDTree

    hair, cloth = part(skirt, "hair"), part(skirt, "outfit")
    low = hair.positions[hair.positions[:, 1] < woman.skeleton.heads[woman.skeleton.names.index("Neck"), 1]]
    outward = fit.compute_area_weighted_normals(cloth.positions, cloth.triangles)
    distance, nearest = cKDTree(cloth.positions).query(low)
    depth = np.einsum("nd,nd->n", low - cloth.positions[nearest], outward[nearest])
    inside = (distance < 0.02) & (depth < -0.004)
    assert inside.mean() < 0.03


def test_grown_hair_stays_above_skin_and_cloth(woman: Body) -> None:
    from scipy.spatial import cKDTree

    groom = run(woman, options=GroomSpec(hair="long_straight", outfit="female_elegantsuit01", shoes="shoes03"), seed=23)
    cloth = part(groom, "outfit")
    hair = groom.grown[0][0].mesh.positions
    low = hair[hair[:, 1] < woman.skeleton.heads[woman.skeleton.names.index("Neck"), 1]]
    outward = fit.compute_area_weighted_normals(cloth.positions, cloth.triangles)
    distance, nearest = cKDTree(cloth.positions).query(low)
    depth = np.einsum("nd,nd->n", low - cloth.positions[nearest], outward[nearest])
    assert len(low) > 300
    assert ((distance < 0.02) & (depth < -0.004)).mean() < 0.03


def test_no_foot_is_drawn_in_a_shoe_that_a_trouser_leg_meets(trousers: Groom, woman: Body) -> None:
    """Soles, laces and the shoe's opening each kept a rim of skin, which poked through the leather of a walking foot."""
    foot = (woman.positions[:, 1] < 0.07) & (np.arange(len(woman.positions)) < fit.SKIN_VERTICES)
    assert trousers.hidden[foot].mean() > 0.98


def test_the_opening_of_a_shoe_without_socks_keeps_its_rim_of_skin(skirt: Groom, woman: Body) -> None:
    worn = remove_loose_socks(
        *(fit.fit_item(load_item(*name), woman) for name in (("shoes", "shoes03"), ("outfit", "female_elegantsuit01"))), woman
    )
    assert len(fit._sample_shoe_opening(worn.positions, weld_item_triangles(worn.item)))
