"""Who it is follows from the seed alone: one latent gives skin and face, and a mixture is between the two."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from assets import weights
from assets.paths import get_baked_path
from assets.spec.appearance import IdentitySpec
from stages.identity.backend import BACKENDS, IDENTITY_LATENT_SIZE
from stages.identity.latents import draw_latent, interpolate_latents
from stages.identity.stage import derive_face_changes, run
from tests.stages.identity.contract import generate

pytestmark = pytest.mark.slow

needs_bake = pytest.mark.skipif(not get_baked_path("face_changes.json").exists(), reason="run `fenshen bake` first")
NAMES = ["l-eye-scale-incr", "r-eye-scale-incr", "nose-volume-incr", "chin-width-incr"]


def test_a_latent_is_the_seeds_and_has_no_outliers() -> None:
    assert np.array_equal(draw_latent(1, 64), draw_latent(1, 64))
    assert not np.array_equal(draw_latent(1, 64), draw_latent(2, 64))
    assert np.abs(draw_latent(0, 10_000)).max() == 2


def test_skin_is_smooth() -> None:
    head = generate(BACKENDS.get(), draw_latent(5, IDENTITY_LATENT_SIZE))[0].astype(float)
    cheek = head[84:96, 36:44]
    assert np.abs(np.diff(cheek, axis=0)).mean() < 6


def test_an_interpolation_begins_and_ends_at_its_latents_and_keeps_their_length() -> None:
    a, b = draw_latent(0, 64), draw_latent(1, 64)
    assert np.allclose(interpolate_latents(a, b, 0), a, atol=1e-5)
    assert np.allclose(interpolate_latents(a, b, 1), b, atol=1e-5)
    assert np.linalg.norm(interpolate_latents(a, b, 0.5)) == pytest.approx((np.linalg.norm(a) + np.linalg.norm(b)) / 2, rel=1e-4)
    assert np.allclose(interpolate_latents(a, a, 0.3), a, atol=1e-5)


@needs_bake
@pytest.mark.parametrize("name", list(BACKENDS))
def test_a_mixed_person_is_between_the_two(name: str) -> None:
    backend = BACKENDS.get(name)
    if reason := backend.unavailable_reason():
        pytest.skip(f"{name}: {reason}")
    one, half, other = (
        run(options=IdentitySpec.model_validate({"age": 40, "seed": 1, "mix": {"seed": 2, "share": share}}), backend=backend, seed=0)
        for share in (0.0, 0.5, 1.0)
    )
    assert one.face == run(options=IdentitySpec(age=40, seed=1), backend=backend, seed=0).face
    skins = [identity.head.pixels.astype(float) for identity in (one, half, other)]
    faces = [np.array(list(identity.face.values())) for identity in (one, half, other)]
    # A diffusion sampler is not linear in its noise: the skin halfway is a third one.
    for a, between, b in (faces,) if name == "diffusion" else (faces, skins):
        assert 0 < np.linalg.norm(a - between) < np.linalg.norm(a - b)
        assert 0 < np.linalg.norm(between - b) < np.linalg.norm(a - b)
    assert np.abs(skins[1] - skins[0]).mean() > 0.5


def test_left_and_right_change_almost_equally() -> None:
    face = derive_face_changes(draw_latent(7, 64), NAMES, 0.6)
    assert abs(face["l-eye-scale-incr"] - face["r-eye-scale-incr"]) < 0.1
    assert face["nose-volume-incr"] != face["chin-width-incr"]


def test_no_part_of_a_face_is_far_off_its_middle() -> None:
    """A mouth 4 mm off the line of the nose looked like a paralysis."""
    for seed in range(40):
        face = derive_face_changes(draw_latent(seed, 64), ["mouth-trans-out", "nose-trans-out", "head-trans-out"], 1.0)
        assert max(map(abs, face.values())) < 0.2


def test_no_seed_frowns_at_rest() -> None:
    """Inner brows pulled far down look like anger, a low corner of the mouth like sorrow, on a face that does nothing."""
    names = ["eyebrows-angle-up", "eyebrows-trans-up", "mouth-angles-up"]
    faces = [derive_face_changes(draw_latent(seed, 64), names, 1.0) for seed in range(400)]
    for name in names:
        values = np.array([face[name] for face in faces])
        assert np.percentile(values, 1) > -0.35
        assert np.percentile(values, 99) > 0.6, "people still differ"


def test_no_variety_is_the_average_face() -> None:
    assert all(value == 0 for value in derive_face_changes(draw_latent(7, 64), NAMES, 0.0).values())


@needs_bake
def test_the_seed_of_the_spec_takes_precedence() -> None:
    first = run(options=IdentitySpec(seed=9), backend=BACKENDS.get(), seed=1)
    second = run(options=IdentitySpec(seed=9), backend=BACKENDS.get(), seed=2)
    assert np.array_equal(first.latent, second.latent)
    assert first.face == second.face
    assert all(-1 <= value <= 1 for value in first.face.values())
    assert first.sources[0].sha256 == weights.read_sha256("skin-unet")


def test_sixteen_seeds_are_sixteen_people() -> None:
    heads = [generate(BACKENDS.get(), draw_latent(seed, IDENTITY_LATENT_SIZE))[0].astype(float) for seed in range(16)]
    centred = [head - head.mean((0, 1)) for head in heads]  # a lighter skin alone is not another person
    distances = [float(np.sqrt(((a - b) ** 2).mean())) for a, b in combinations(centred, 2)]
    assert min(distances) > 1.5
    faces = [np.array(list(derive_face_changes(draw_latent(seed, 64), NAMES, 0.6).values())) for seed in range(16)]
    assert min(float(np.abs(a - b).max()) for a, b in combinations(faces, 2)) > 0.05
