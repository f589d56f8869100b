"""What is worn shades the skin below it, in the picture that ships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.character import Body, Groom
from assets.artefacts.geometry import Floats, Image, Material, Mesh, MorphTarget
from assets.codec import encode_artefact
from assets.spec.packaging import PackageSpec, Target
from stages.model.stage import run
from tests.stages import small_character as small


def wear_plate(name: str, alpha: str = "OPAQUE") -> Groom:
    """A square of cloth or hair one centimetre above the top of the ball of skin, on its +X half."""
    corners = np.array([[0.02, 1.01, -0.2], [0.02, 1.01, 0.2], [0.4, 1.01, 0.2], [0.4, 1.01, -0.2]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    uv = np.array([[0, 0], [0, 1], [1, 1], [1, 0]], np.float32)
    plate = Mesh(name, corners, uv, triangles, small.bind_to_joint("Head", 4), (), name)
    groom = small.groom()
    material = Material(name, "plate", alpha=alpha, double_sided=True)  # type: ignore[arg-type]
    return replace(groom, meshes=(plate,), materials=(material,), images={"plate": Image(np.full((8, 8, 4), 255, np.uint8))})


def bake(groom: Groom, picture: str, target: Target = "web", body: Body | None = None) -> Floats:
    """(h,w,c) the picture of the model."""
    model = run(body or small.body(), small.texture(), groom, options=PackageSpec(target=target), seed=1)
    return model.images[picture].pixels.astype(np.float32)


def read_top(red: Floats) -> tuple[float, float]:
    """Mean light of the two halves near the top of the ball: under the plate, and next to it. Its UVs are its front view."""
    size = len(red)
    rows = slice(int(0.02 * size), int(0.1 * size))
    return float(red[rows, int(0.53 * size) : int(0.62 * size)].mean()), float(red[rows, int(0.36 * size) : int(0.45 * size)].mean())


def test_skin_under_cloth_is_darker_than_skin_next_to_it() -> None:
    covered, free = read_top(bake(wear_plate("hat"), "head_orm")[..., 0])
    assert free > 235
    assert covered < free - 60


def test_hair_lets_some_light_through() -> None:
    cloth, hair = (read_top(bake(wear_plate("hat", alpha), "head_orm")[..., 0])[0] for alpha in ("OPAQUE", "MASK"))
    assert cloth + 20 < hair < 235


def test_lids_have_the_light_of_closed_ones() -> None:
    """Folded lids get no light, and were black ovals whenever they closed."""
    body = small.body()
    top = np.flatnonzero(body.positions[:, 1] > 0.9).astype(np.int32)
    unfold = MorphTarget("eyeBlinkLeft", top, np.tile(np.array([0, 0.05, 0], np.float32), (len(top), 1)))  # above the plate
    body = replace(body, morphs=tuple(unfold if morph.name == unfold.name else morph for morph in body.morphs))
    assert read_top(bake(wear_plate("hat"), "head_orm", body=body)[..., 0])[0] > 220


def test_roughness_metal_and_albedo_stay_as_they_are() -> None:
    plain = small.texture()
    assert np.array_equal(bake(wear_plate("hat"), "head_orm")[..., 1:], plain.images["head_orm"].pixels[..., 1:])
    assert np.array_equal(bake(wear_plate("hat"), "head_albedo"), plain.images["head_albedo"].pixels)


def test_lashes_and_eyes_shade_no_skin() -> None:
    assert min(read_top(bake(wear_plate("lashes"), "head_orm")[..., 0])) > 235


def test_one_material_has_the_shade_in_its_colour() -> None:
    plate = bake(wear_plate("hat"), "atlas", "crowd")
    lashes = bake(wear_plate("lashes"), "atlas", "crowd")
    difference = lashes[..., 0] - plate[..., 0]
    assert difference.max() > 15
    assert difference.min() > -5


def test_equal_inputs_give_equal_bytes() -> None:
    first, second = (
        encode_artefact(run(small.body(), small.texture(), wear_plate("hat"), options=PackageSpec(), seed=1)) for _ in range(2)
    )
    assert first == second
