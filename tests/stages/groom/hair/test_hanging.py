"""Hair that hangs: the strands decide which, its chains hang below the head, and nothing moves in the bind pose."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.character import Body
from assets.conventions import JOINTS
from assets.hair_chains import extend_skeleton, measure_clearance, raise_rig
from assets.paths import get_baked_path
from assets.skinning import skin_points
from stages.groom.hair import grow as grow_module
from stages.groom.hair.chart import Floats
from stages.groom.hair.grow import GrownHair, grow_hair
from stages.groom.hair.hanging import MAX_CHAINS
from stages.groom.hair.head import Head
from stages.groom.hair.style import load_style
from stages.model.scene import unrig_hair
from tests.stages.groom.hair.test_grow import BROWN, PEOPLE, build_body, grow_cached, one_atlas  # noqa: F401

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")]

HANGING = (
    "braid", "braids", "curly_long", "fringe_long", "fringe_wavy", "half_up", "lob", "locs", "long_straight", "long_wavy", "pigtails",
    "ponytail",
)  # fmt: skip
BOUND = ("braid", "pigtails", "ponytail")
SHORT = ("afro", "bob", "bun", "buzz", "cornrows", "crew", "fringe", "mohawk", "pixie", "side_part", "slick", "space_buns")


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("style", HANGING)
def test_hanging_hair_has_chains_that_hang_straight_down_below_the_head(style: str, person: str) -> None:
    hair, body = grow_cached(person, style), build_body(person)
    assert hair.rig is not None
    assert 1 <= len(hair.rig.chains) <= MAX_CHAINS
    assert len({chain.name for chain in hair.rig.chains}) == len(hair.rig.chains)
    top = body.positions[:, 1].max()
    for chain in hair.rig.chains:
        assert 3 <= len(chain.heads) <= 4
        assert np.allclose(np.diff(chain.heads[:, [0, 2]], axis=0), 0, atol=1e-6)
        assert (np.diff(chain.heads[:, 1]) < -0.03).all()
        assert chain.heads[0, 1] < top
        assert chain.gravity > chain.stiffness > 0


@pytest.mark.parametrize("style", SHORT)
def test_short_and_bound_hair_has_none_and_keeps_to_the_joints_of_the_body(style: str) -> None:
    for person in PEOPLE:
        hair = grow_cached(person, style)
        assert hair.rig is None
        assert max((int(part.mesh.skin.joints.max()) for level in hair.levels for part in level), default=0) < len(JOINTS)


def test_a_ponytail_has_one_chain_behind_the_head_and_pigtails_have_one_on_each_side() -> None:
    assert [chain.name for chain in get_chains("girl", "ponytail")] == ["Back"]
    assert sorted(chain.name for chain in get_chains("girl", "pigtails")) == ["Left", "Right"]
    left = next(chain for chain in get_chains("girl", "pigtails") if chain.name == "Left")
    assert left.heads[0, 0] > 0.08


def test_longer_hair_is_softer_and_heavier() -> None:
    (long,), (short, *_) = get_chains("girl", "braid"), get_chains("girl", "lob")
    assert np.ptp(long.heads[:, 1]) > 2 * np.ptp(short.heads[:, 1])
    assert (long.stiffness, long.drag) < (short.stiffness, short.drag)
    assert long.gravity > short.gravity


def get_chains(person: str, style: str) -> tuple:
    rig = grow_cached(person, style).rig
    assert rig is not None
    return rig.chains


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("style", ["long_wavy", "braids", "lob", "pigtails"])
def test_no_bone_touches_the_body_in_the_bind_pose(style: str, person: str) -> None:
    for chain in get_chains(person, style):
        assert len(chain.colliders) >= 6
        for collider in chain.colliders:
            assert measure_clearance(chain.heads[1:], collider).min() > chain.hit_radius + 0.001


def grow_without_chains(monkeypatch: pytest.MonkeyPatch, body: Body, style: str) -> GrownHair:
    monkeypatch.setattr(grow_module, "plan_chains", lambda *_: None)
    return grow_hair(body, load_style(style), BROWN, 5)


@pytest.mark.parametrize("style", ["long_wavy", "ponytail", "braids", "half_up"])
def test_chains_change_the_influences_of_hair_and_nothing_else(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_chains, without = grow_cached("girl", style), grow_without_chains(monkeypatch, build_body("girl"), style)
    for one, two in zip(with_chains.levels, without.levels, strict=True):
        for mine, other in zip(one, two, strict=True):
            np.testing.assert_array_equal(mine.mesh.positions, other.mesh.positions)
            np.testing.assert_array_equal(mine.mesh.triangles, other.mesh.triangles)
            np.testing.assert_array_equal(mine.normals, other.normals)


@pytest.mark.parametrize("style", HANGING)
def test_influences_pass_smoothly_from_the_head_to_the_tips(style: str) -> None:
    hair, body = grow_cached("girl", style), build_body("girl")
    mesh = next(part.mesh for part in hair.levels[0] if part.mesh.name == "hair")
    assert np.allclose(mesh.skin.weights.sum(1), 1, atol=1e-5)
    on_chains = (mesh.skin.weights * (mesh.skin.joints >= len(JOINTS))).sum(1)
    head = Head.from_body(body)
    crown = (mesh.positions[:, 1] > head.centre[1] + 0.05) & (np.abs(mesh.positions[:, 0]) < 0.08)  # pigtails are tied at the sides
    low = np.argsort(mesh.positions[:, 1])[:20]
    assert on_chains[crown].max(initial=0) < 0.05
    # What lies on the back or on a shoulder partly stays there; tails and braids swing as a whole.
    assert on_chains[low].min() > (0.95 if style in BOUND else 0.39)
    # Along an edge of 3 cm the share of the chains changes by less than all of it: no strand is torn.
    edges = np.concatenate([mesh.triangles[:, [0, 1]], mesh.triangles[:, [1, 2]]])
    length = np.linalg.norm(mesh.positions[edges[:, 0]] - mesh.positions[edges[:, 1]], axis=1)
    step = np.abs(on_chains[edges[:, 0]] - on_chains[edges[:, 1]])
    assert (step / np.maximum(length, 0.03)).max() < 33
    assert ((on_chains > 0.1) & (on_chains < 0.9)).mean() > 0.05 or style in BOUND


def test_the_tip_of_a_chain_moves_nothing() -> None:
    rig = grow_cached("girl", "long_wavy").rig
    assert rig is not None
    ends = np.cumsum([len(chain.heads) for chain in rig.chains]) + len(JOINTS) - 1
    for level in grow_cached("girl", "long_wavy").levels:
        for part in level:
            assert not np.isin(part.mesh.skin.joints[part.mesh.skin.weights > 0], ends).any()


def test_a_chain_that_swings_takes_its_hair_along() -> None:
    hair, body = grow_cached("girl", "ponytail"), build_body("girl")
    skeleton = extend_skeleton(body.skeleton, hair.rig)
    mesh = hair.levels[0][0].mesh
    matrices = np.tile(np.eye(4), (len(skeleton.names), 1, 1))
    for joint in range(len(JOINTS), len(skeleton.names)):
        matrices[joint, 0, 3] = 0.1
    moved = np.asarray(skin_points(mesh.positions, mesh.skin, matrices) - mesh.positions)[:, 0]
    assert moved[mesh.positions[:, 1].argmin()] == pytest.approx(0.1, abs=0.002)
    assert moved[mesh.positions[:, 1].argmax()] == pytest.approx(0.0, abs=1e-6)


def test_raising_a_rig_raises_its_colliders_too() -> None:
    rig = grow_cached("girl", "ponytail").rig
    up: Floats = np.array([0, 0.5, 0], np.float32)
    raised = raise_rig(rig, up)
    assert rig is not None
    assert raised is not None
    for one, two in zip(rig.chains, raised.chains, strict=True):
        assert np.allclose(two.heads - one.heads, up, atol=1e-6)
        gaps = [[measure_clearance(c.heads, k).min() for k in c.colliders] for c in (one, two)]
        assert np.allclose(*gaps, atol=1e-5)
    assert raise_rig(None, up) is None


def test_a_crowd_has_hair_on_the_joints_of_the_body() -> None:
    from assets.artefacts.character import Groom

    hair, body = grow_cached("girl", "long_wavy"), build_body("girl")
    groom = Groom((), (), {}, np.zeros(1, bool), grown=hair.levels, hair_rig=hair.rig)
    plain = unrig_hair(groom, body.skeleton)
    assert plain.hair_rig is None
    joints = {JOINTS[j] for part in plain.grown[2] for j in np.unique(part.mesh.skin.joints[part.mesh.skin.weights > 0])}
    assert joints <= {"Head", "Neck", "Spine2"}


@pytest.mark.parametrize("style", ["ponytail", "half_up", "braid"])
def test_hair_that_lies_on_the_head_on_its_way_to_a_tie_does_not_swing(style: str) -> None:
    hair, head = grow_cached("girl", style), Head.from_body(build_body("girl"))
    for part in hair.levels[0]:
        mesh = part.mesh
        on_chains = (mesh.skin.weights * (mesh.skin.joints >= len(JOINTS))).sum(1)
        # Within a skull's radius of the chart's centre, which the T-pose leaves where it was but for a few millimetres.
        on_skull = np.linalg.norm(mesh.positions - head.centre, axis=1) < 0.11 * head.scale
        assert on_chains[on_skull & (mesh.positions[:, 1] > head.centre[1] - 0.05)].max(initial=0) < 0.1
