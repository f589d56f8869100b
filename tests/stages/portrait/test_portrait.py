"""Quick portraits: the bundle's own person, in less detail, made again only where something changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from assets.artefacts.character import Groom
from assets.paths import get_baked_path
from assets.spec.avatar import AvatarSpec
from stages.groom import stage as groom_stage
from stages.groom.detail import PORTRAIT
from stages.portrait import picture, subject
from stages.portrait.picture import PortraitMaker, open_portrait_maker

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")]
VALUES: dict[str, Any] = {
    "name": "Ada", "seed": 4, "identity": {"age": 34, "gender": 1.0},
    "groom": {"hair": "side_part", "beard": "short_beard", "glasses": "round"},
}  # fmt: skip
SPEC = AvatarSpec.model_validate(VALUES)
SIZE = 64


def change(section: str, **values: Any) -> AvatarSpec:
    return AvatarSpec.model_validate({**VALUES, section: {**VALUES.get(section, {}), **values}})


@pytest.fixture(scope="module")
def maker() -> Iterator[PortraitMaker]:
    with open_portrait_maker() as open_maker:
        yield open_maker


@pytest.fixture(scope="module")
def grooms() -> tuple[Groom, Groom]:
    """Of the bundle, and of a portrait."""
    identity = subject.make_identity(SPEC)
    body = subject.make_body(SPEC, identity)
    return groom_stage.run(body, options=SPEC.groom, seed=SPEC.seed), subject.groom_portrait(SPEC, body, 512)


def test_a_portrait_has_the_bundles_eyes_mouth_lashes_and_glasses(grooms: tuple[Groom, Groom]) -> None:
    bundle, portrait = ({mesh.name: mesh for mesh in groom.meshes} for groom in grooms)
    for name in ("eyes", "teeth", "tongue", "lashes", "glasses", "glasses_lenses"):
        assert (bundle[name].positions == portrait[name].positions).all()
    assert "shoes" not in portrait


def test_hair_and_beard_are_those_of_the_bundle_at_one_level(grooms: tuple[Groom, Groom]) -> None:
    assert PORTRAIT.hair_level is not None
    expected, (found,) = grooms[0].grown[PORTRAIT.hair_level], grooms[1].grown
    assert [part.mesh.name for part in found] == [part.mesh.name for part in expected]
    for one, other in zip(expected, found, strict=True):
        assert (one.mesh.triangles == other.mesh.triangles).all()
        # Hair is fitted to clothes, whose folds a portrait's coarser drape has elsewhere.
        assert np.abs(one.mesh.positions - other.mesh.positions).max() < 0.005
    assert grooms[1].hair_rig is None


def test_clothes_have_the_bundles_colours(grooms: tuple[Groom, Groom]) -> None:
    tops = [next(mesh for mesh in groom.meshes if mesh.name == "outfit") for groom in grooms]
    means = []
    for groom, top in zip(grooms, tops, strict=True):
        pixels = groom.images["outfit_albedo"].pixels
        shown = top.uv[top.positions[:, 1] > np.quantile(grooms[1].meshes[0].positions[:, 1], 0.0) - 0.35]
        at = np.clip((shown * len(pixels)).astype(int), 0, len(pixels) - 1)
        means.append(pixels[at[:, 1], at[:, 0]].mean(0))
    assert np.abs(means[0] - means[1]).max() < 12


def test_the_same_spec_gives_the_same_bytes_and_another_seed_another_person(maker: PortraitMaker) -> None:
    first, other = maker.make(SPEC, SIZE).pixels, maker.make(SPEC.model_copy(update={"seed": 5}), SIZE).pixels
    assert first.shape == (SIZE, SIZE, 3)
    assert (maker.make(SPEC, SIZE).pixels == first).all()
    assert np.abs(first.astype(int) - other).mean() > 4


def test_a_resting_expression_changes_the_face_alone(maker: PortraitMaker) -> None:
    rest, smile = (maker.make(change("performance", expression=name), SIZE).pixels.astype(int) for name in ("neutral", "smile"))
    changed = np.abs(rest - smile).max(2)
    assert changed[SIZE // 2 : 3 * SIZE // 4, SIZE // 3 : 2 * SIZE // 3].max() > 10
    assert changed[: SIZE // 8].max() < 3


@pytest.mark.parametrize(("spec", "made"), [
    (SPEC, set()),
    (change("texture", freckles=1.0), {"make_texture"}),
    (change("groom", hair="crew"), {"groom_portrait"}),
    (change("body", weight=0.9), {"make_body", "make_texture", "groom_portrait"}),
    (change("identity", age=50), {"make_identity", "make_body", "make_texture", "groom_portrait"}),
])  # fmt: skip
def test_only_what_changed_is_made_again(maker: PortraitMaker, monkeypatch: pytest.MonkeyPatch, spec: AvatarSpec, made: set[str]) -> None:
    maker.make(SPEC, SIZE)
    called = set()
    for name in ("make_identity", "make_body", "make_texture", "groom_portrait"):

        def count(*arguments: Any, _name: str = name, _make: Any = getattr(picture, name)) -> Any:
            called.add(_name)
            return _make(*arguments)

        monkeypatch.setattr(picture, name, count)
    maker.make(spec, SIZE)
    # A skin is painted for a tile, not for a body.
    assert called == made - ({"make_texture"} if "make_identity" not in made and "make_body" in made else set())
