"""Clothes, hair and eyes: only what may be shipped, fitted to the body, and no skin pokes through."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.artefacts.character import Body, Groom
from assets.base_mesh import load_skin_triangles
from assets.conventions import JOINTS
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec
from stages.body.stage import BACKENDS as BODIES
from stages.body.stage import run as make_body
from stages.groom import colour, wardrobe
from stages.groom.fit import SKIN_CLEARANCE, compute_area_weighted_normals, fit_item, is_cap
from stages.groom.garments.choices import choose_outfit
from stages.groom.hair.choices import choose_hair
from stages.groom.hair.style import list_styles
from stages.groom.stage import choose_items, run
from stages.identity.stage import BACKENDS as IDENTITIES
from stages.identity.stage import run as make_identity
from tests.stages import small_character as small

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="`fenshen bake` makes the body")]


def build_body(**identity: float) -> Body:
    who = make_identity(options=IdentitySpec(**identity), backend=IDENTITIES.get(), seed=3)  # type: ignore[arg-type]
    return make_body(who, options=BodySpec(), backend=BODIES.get(), seed=3)


@pytest.fixture(scope="module")
def woman() -> Body:
    return build_body(age=30, gender=0)


@pytest.fixture(scope="module")
def dressed(woman: Body) -> Groom:
    return run(woman, options=GroomSpec(hair="long01", outfit="female_casualsuit01", shoes="shoes03"), seed=3)


def test_every_item_is_on_the_allow_list_with_its_licence(dressed: Groom) -> None:
    names = {name for slot in wardrobe.load_catalogue().values() for name in slot}
    items = [source for source in dressed.sources if source.name != "eyes"]
    assert {source.name for source in items} <= names
    assert {source.licence for source in items} == {"CC0-1.0"}


def test_there_are_eyes_teeth_tongue_lashes_hair_and_clothes_and_painted_brows(dressed: Groom) -> None:
    assert {mesh.name for mesh in dressed.meshes} == {"eyes", "teeth", "tongue", "lashes", "hair", "outfit", "shoes"}
    assert dressed.grown == ()
    assert dressed.paint is not None


def test_weights_sum_to_one_in_every_mesh(dressed: Groom) -> None:
    for mesh in dressed.meshes:
        assert np.allclose(mesh.skin.weights.sum(1), 1, atol=1e-5), mesh.name
        assert mesh.triangles.max() < len(mesh.positions), mesh.name


def test_gaze_morphs_rotate_the_eyes(dressed: Groom, woman: Body) -> None:
    eyes = next(mesh for mesh in dressed.meshes if mesh.name == "eyes")
    morphs = {target.name: target for target in eyes.morphs}
    pupil = int(eyes.positions[:, 2].argmax())
    side = "Left" if eyes.positions[pupil, 0] > 0 else "Right"
    up = morphs[f"eyeLookUp{side}"]
    assert up.deltas[up.indices.tolist().index(pupil), 1] > 0.003
    out = morphs[f"eyeLookOut{side}"]
    assert out.deltas[out.indices.tolist().index(pupil), 0] * np.sign(eyes.positions[pupil, 0]) > 0.003


def test_lower_teeth_follow_the_jaw_and_upper_teeth_do_not(dressed: Groom) -> None:
    teeth = next(mesh for mesh in dressed.meshes if mesh.name == "teeth")
    jaw = next(target for target in teeth.morphs if target.name == "jawOpen")
    drop = np.zeros(len(teeth.positions))
    drop[jaw.indices] = jaw.deltas[:, 1]
    height = teeth.positions[:, 1]
    top, bottom = height > np.quantile(height, 0.8), height < np.quantile(height, 0.2)
    assert np.abs(drop[top]).mean() < 0.002 < 0.01 < -drop[bottom].mean()


def test_hair_follows_only_head_neck_and_chest(dressed: Groom) -> None:
    hair = next(mesh for mesh in dressed.meshes if mesh.name == "hair")
    used = {JOINTS[j] for j in np.unique(hair.skin.joints[hair.skin.weights > 0])}
    assert used <= {"Head", "Neck", "Spine2"}


def test_cloth_stays_clear_of_the_visible_skin(dressed: Groom, woman: Body) -> None:
    outfit = next(mesh for mesh in dressed.meshes if mesh.name == "outfit")
    outward = compute_area_weighted_normals(woman.positions, load_skin_triangles())
    distance, nearest = cKDTree(woman.positions[:13380]).query(outfit.positions)
    depth = np.einsum("nd,nd->n", outfit.positions - woman.positions[nearest], outward[nearest])
    close = distance < 0.02
    assert (depth[close] > SKIN_CLEARANCE * 0.25).mean() > 0.97


def test_face_and_fingers_are_never_hidden(dressed: Groom, woman: Body) -> None:
    head = woman.skeleton.heads[JOINTS.index("Head")]
    face = (woman.positions[:13380, 1] > head[1] + 0.05) & (woman.positions[:13380, 2] > 0)
    fingers = woman.positions[:13380, 0] > woman.skeleton.heads[JOINTS.index("LeftHandMiddle1")][0]
    assert not dressed.hidden[:13380][face | fingers].any()
    assert dressed.hidden.sum() > 2000


def test_a_man_of_sixty_gets_clothes_of_his_size_and_grey_hair() -> None:
    man = build_body(age=60, gender=1)
    groom = run(man, options=GroomSpec(), seed=5)
    assert next(source for source in groom.sources if source.name == "outfit").origin == "made by Fenshen"
    young, old = (colour.choose_natural_colour(b, None, np.random.default_rng(1)) for b in (build_body(age=25, gender=1), man))
    assert young[1] == 0 < 0.3 < old[1]


def test_glasses_and_earrings_are_worn_where_a_spec_names_them(woman: Body) -> None:
    options = GroomSpec(hair="none", outfit="female_casualsuit01", shoes="shoes03", glasses="round", earrings="studs")
    groom = run(woman, options=options, seed=3)
    assert {"glasses", "glasses_lenses", "earrings"} <= {mesh.name for mesh in groom.meshes}
    assert next(material for material in groom.materials if material.name == "glasses_lenses").alpha == "BLEND"
    assert {source.licence for source in groom.sources if source.name in ("glasses", "earrings")} == {"Apache-2.0"}


def test_hair_can_be_left_out(woman: Body) -> None:
    groom = run(woman, options=GroomSpec(hair="none"), seed=3)
    assert "hair" not in {mesh.name for mesh in groom.meshes}
    assert groom.grown == ()


def test_a_style_is_grown_at_three_levels_and_an_item_of_brows_is_worn_over_painted_ones(woman: Body) -> None:
    groom = run(woman, options=GroomSpec(hair="bob", brows="eyebrow008"), seed=3)
    assert [[part.mesh.name for part in level] for level in groom.grown] == [["hair", "hair_edge"], ["hair", "hair_edge"], ["hair"]]
    assert "brows" in {mesh.name for mesh in groom.meshes}
    assert {material.name for material in groom.materials} >= {"hair", "hair_edge", "brows"}
    assert next(source for source in groom.sources if source.name == "hair").licence == "Apache-2.0"


def test_hair_that_is_left_out_of_a_spec_is_a_style(woman: Body) -> None:
    for seed in range(3):
        choice = choose_hair(woman, GroomSpec(), seed)
        assert choice.style in list_styles()
        assert choice.beard == "none"


def test_the_same_seed_dresses_the_same_way(woman: Body) -> None:
    first, second = (run(woman, options=GroomSpec(), seed=9) for _ in range(2))
    assert [source.name for source in first.sources] == [source.name for source in second.sources]
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(first.meshes, second.meshes, strict=True))


def test_hair_and_eyes_are_dark_if_a_third_of_the_origin_is(woman: Body) -> None:
    mixed = replace(woman, phenotype={**woman.phenotype, "african": 0.32, "asian": 0.05, "caucasian": 0.63})
    for make in (lambda *given: colour.choose_natural_colour(*given)[0], colour.choose_iris_colour):
        picked = [make(mixed, None, np.random.default_rng(seed)) for seed in range(12)]
        assert max(float(shade.mean()) for shade in picked) < 0.3


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_ginger_hair_greys_to_sand_and_not_to_pink(share: float) -> None:
    ginger = colour.parse_hex_colour("#6b2f1a")
    hues = [cv2.cvtColor(c[None, None], cv2.COLOR_RGB2HSV)[0, 0, 0] for c in (ginger, colour.grey_hair(ginger, share))]
    assert 10 < hues[0] < hues[1] < 60  # degrees: 0 is red, 60 yellow


def test_greying_starts_at_the_natural_colour_and_ends_in_grey() -> None:
    ginger = colour.parse_hex_colour("#6b2f1a")
    assert np.allclose(colour.grey_hair(ginger, 0), ginger, atol=0.01)
    assert np.ptp(colour.grey_hair(ginger, 1)) < 0.05


def test_a_tint_changes_the_colour_and_keeps_the_folds() -> None:
    item = wardrobe.load_item("outfit", "male_casualsuit01")
    plain, _ = colour.tint_cloth(item.pictures["diffuse"], None)
    red, _ = colour.tint_cloth(item.pictures["diffuse"], "#a02020")
    assert red.pixels[..., 0].mean() > red.pixels[..., 2].mean() * 1.8
    grey = [image.pixels[..., :3].mean(2).ravel()[::97] for image in (plain, red)]
    assert np.corrcoef(*grey)[0, 1] > 0.6


HAIRS = tuple(wardrobe.load_catalogue()["hair"])


@pytest.mark.parametrize("name", HAIRS)
def test_dark_hair_has_the_requested_colour(name: str) -> None:
    requested = colour.parse_hex_colour("#3b2619")
    pixels = colour.tint_hair(wardrobe.load_item("hair", name).pictures["diffuse"], requested).pixels / 255
    share = pixels[..., 3:] / pixels[..., 3].sum()
    assert np.allclose((pixels[..., :3] * share).sum((0, 1)), requested, atol=0.03)


@pytest.mark.parametrize("name", HAIRS)
def test_fair_hair_has_no_patches_of_white_and_black(name: str) -> None:
    """The glints of a photograph of black hair, tinted fair, were pure white next to patches of a third of the colour."""
    pixels = colour.tint_hair(wardrobe.load_item("hair", name).pictures["diffuse"], colour.parse_hex_colour("#d8b98a")).pixels.astype(float)
    light = pixels[..., :3].mean(2)[pixels[..., 3] > 128]
    assert (light > 240).mean() < 0.01
    low, high = np.percentile(light, [5, 95])
    assert 1.3 < high / low < 3


@pytest.mark.parametrize("name", HAIRS)
def test_fair_hair_has_one_colour_from_a_distance(name: str) -> None:
    """A straw-coloured braid had muddy patches: shadows painted for black hair, wider than any strand."""
    pixels = colour.tint_hair(wardrobe.load_item("hair", name).pictures["diffuse"], colour.parse_hex_colour("#e0c060")).pixels.astype(
        np.float32
    )
    cover, light = pixels[..., 3] / 255, pixels[..., :3].mean(2)
    blurred, weight = (cv2.GaussianBlur(part, (0, 0), 0.015 * max(light.shape)) for part in (light * cover, cover))
    low, high = np.percentile((blurred / np.maximum(weight, 1e-3))[cover > 0.5], [5, 95])
    assert high / low < 1.4


def test_only_short_hair_is_one_sided(woman: Body) -> None:
    """Hanging hair shows an inner side, which is in the shade."""
    skin = compute_area_weighted_normals(woman.positions, load_skin_triangles())
    caps = {name for name in HAIRS if is_cap(fit_item(wardrobe.load_item("hair", name), woman), woman, skin)}
    assert caps == {"short01", "short02", "short03", "short04"}
    groom = run(woman, options=GroomSpec(hair="short04"), seed=3)
    assert not next(material for material in groom.materials if material.name == "hair").double_sided


def test_clothes_are_items_of_the_wardrobe_only_where_a_spec_names_an_outfit() -> None:
    person, rng = replace(small.body(), phenotype={"gender": 1.0}), np.random.default_rng(3)
    for made in (
        GroomSpec(),
        GroomSpec(outfit="tailored"),
        GroomSpec(outfit="tee_jeans"),
        GroomSpec(role="medical"),
        GroomSpec(shoes="boots"),
    ):
        assert not {"outfit", "shoes"} & set(choose_items(person, made, rng)), made
    assert choose_items(person, GroomSpec(shoes="shoes03"), rng)["shoes"] == "shoes03"
    worn = choose_items(person, GroomSpec(outfit="male_casualsuit01"), rng)
    assert (worn["outfit"], worn["shoes"] in ("shoes01", "shoes03")) == ("male_casualsuit01", True)


def test_of_64_bare_specs_no_two_make_the_same_clothes() -> None:
    """The defaults of a spec: one age and gender for all, so that the seed alone has to make the difference."""
    who = IdentitySpec()
    chosen = [choose_outfit(who.age, who.gender, None, None, None, seed) for seed in range(64)]
    assert len({outfit.describe() for outfit in chosen}) == 64
    assert max(Counter(outfit.name for outfit in chosen).values()) <= 16


def test_made_shoes_go_with_an_outfit_of_the_wardrobe_and_have_a_picture_of_their_own(woman: Body) -> None:
    groom = run(woman, options=GroomSpec(hair="none", outfit="female_casualsuit01", shoes="boots"), seed=3)
    material = {mesh.name: mesh.material for mesh in groom.meshes}
    assert (material["outfit"], material["shoes"]) == ("outfit", "shoes")
    assert {"outfit_albedo", "shoes_albedo"} <= set(groom.images)
    assert len({one.name for one in groom.materials}) == len(groom.materials)
