"""Who it is follows from the seed alone, and broken weights are told in one sentence."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets import weights
from assets.errors import BackendError
from assets.paths import get_baked_path
from assets.spec.appearance import IdentitySpec, MixSpec
from stages.identity.backend import BACKENDS
from stages.identity.generator import IDENTITY_LATENT_SIZE, GenerativeSkin, StyleGan, match_latent_size
from stages.identity.stage import derive_face_changes, draw_latent, interpolate_latents, run

needs_bake = pytest.mark.skipif(not get_baked_path("face_changes.json").exists(), reason="run `make bake` first")
NAMES = ["l-eye-scale-incr", "r-eye-scale-incr", "nose-volume-incr", "chin-width-incr"]


def skin(seed: int, **asked: float) -> tuple[np.ndarray, np.ndarray]:
    options = {"age": 40.0, "gender": 0.5, "tone": 0.5} | asked
    return BACKENDS.get().generate_skin(draw_latent(seed, 64), **options)


def test_the_same_seed_makes_the_same_skin_and_another_one_another() -> None:
    assert np.array_equal(skin(1)[0], skin(1)[0])
    assert np.abs(skin(1)[0].astype(int) - skin(2)[0]).mean() > 0.5


def test_a_head_tile_is_symmetric_and_large_enough() -> None:
    head, body = skin(3)
    assert head.shape == body.shape == (128, 128, 3)
    assert np.abs(head.astype(int) - head[:, ::-1]).max() <= 2


def test_darker_tones_make_darker_skin() -> None:
    means = [skin(4, tone=tone)[0][40:100, 40:88].mean() for tone in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert all(lighter > darker + 8 for lighter, darker in pairwise(means))


def test_skin_is_smooth() -> None:
    head = skin(5)[0].astype(float)
    cheek = head[84:96, 36:44]
    assert np.abs(np.diff(cheek, axis=0)).mean() < 6


@pytest.mark.parametrize("name", list(BACKENDS))
def test_every_backend_follows_the_tone_and_the_latent(name: str) -> None:
    backend = BACKENDS.get(name)
    assert backend.unavailable_reason() == ""
    first, other = (
        backend.generate_skin(draw_latent(seed, IDENTITY_LATENT_SIZE), age=40, gender=0.5, tone=0.5)[0].astype(int) for seed in (1, 2)
    )
    dark = backend.generate_skin(draw_latent(1, IDENTITY_LATENT_SIZE), age=40, gender=0.5, tone=0.9)[0].astype(int)
    assert first.shape == (128, 128, 3)
    assert np.abs(first - other).mean() > 0.5
    assert first[40:100, 40:88].mean() > dark[40:100, 40:88].mean() + 8


def test_a_latent_of_another_length_follows_from_the_identitys() -> None:
    latent = draw_latent(1, IDENTITY_LATENT_SIZE)
    assert match_latent_size(latent, IDENTITY_LATENT_SIZE) is latent
    assert np.array_equal(match_latent_size(latent, 9), match_latent_size(latent.copy(), 9))
    assert not np.array_equal(match_latent_size(latent, 9), match_latent_size(draw_latent(2, IDENTITY_LATENT_SIZE), 9))


def test_a_way_between_latents_begins_and_ends_there_and_keeps_their_length() -> None:
    a, b = draw_latent(0, 64), draw_latent(1, 64)
    assert np.allclose(interpolate_latents(a, b, 0), a, atol=1e-5)
    assert np.allclose(interpolate_latents(a, b, 1), b, atol=1e-5)
    assert np.linalg.norm(interpolate_latents(a, b, 0.5)) == pytest.approx((np.linalg.norm(a) + np.linalg.norm(b)) / 2, rel=1e-4)
    assert np.allclose(interpolate_latents(a, a, 0.3), a, atol=1e-5)


@needs_bake
@pytest.mark.parametrize("name", list(BACKENDS))
def test_a_mixed_person_stands_between_the_two(name: str) -> None:
    backend = BACKENDS.get(name)
    one, half, other = (
        run(options=IdentitySpec(age=40, seed=1, mix=MixSpec(seed=2, share=share)), backend=backend, seed=0) for share in (0.0, 0.5, 1.0)
    )
    assert one.face == run(options=IdentitySpec(age=40, seed=1), backend=backend, seed=0).face
    skins = [who.head.pixels.astype(float) for who in (one, half, other)]
    faces = [np.array(list(who.face.values())) for who in (one, half, other)]
    # A sampler that starts at noise takes no even way: its skin in the middle is a third one.
    for a, between, b in (faces,) if name == "diffusion" else (faces, skins):
        assert 0 < np.linalg.norm(a - between) < np.linalg.norm(a - b)
        assert 0 < np.linalg.norm(between - b) < np.linalg.norm(a - b)
    assert np.abs(skins[1] - skins[0]).mean() > 0.5


def refused(backend: GenerativeSkin) -> str:
    with pytest.raises(BackendError) as caught:
        backend.generate_skin(draw_latent(0, IDENTITY_LATENT_SIZE), age=30, gender=0, tone=0.5)
    (finding,) = caught.value.findings
    assert "\n" not in finding.message
    return finding.code


def test_missing_and_corrupt_weights_are_one_sentence(tmp_path: Path) -> None:
    gone = StyleGan(tmp_path / "gone.safetensors", "0" * 64)
    assert gone.unavailable_reason()
    assert refused(gone) == "weights/missing"
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(weights.locate_weights("skin-stylegan").read_bytes()[:-1] + b"x")
    assert refused(StyleGan(broken, weights.read_sha256("skin-stylegan"))) == "weights/corrupt"


def test_weights_that_make_portraits_are_no_skin(tmp_path: Path) -> None:
    from assets.digest import sha256
    from stages.nets import dcgan
    from stages.nets.weights_io import TrainedNet, export_net

    shape = dcgan.Shape(size=16, width=8, widest=8, latent=4)
    file = tmp_path / "face-dcgan.safetensors"
    file.write_bytes(export_net(TrainedNet("dcgan", shape, dcgan.build_nets(shape), ()), {}))
    assert refused(StyleGan(file, sha256(file.read_bytes()))) == "weights/foreign"


def test_a_file_of_another_family_is_not_taken_for_the_entry_s_net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sha256 was right: weights.json had been written by hand."""
    from assets.digest import sha256
    from stages.nets import dcgan
    from stages.nets.weights_io import TrainedNet, export_net

    shape = dcgan.Shape(size=16, channels=6, width=8, widest=8, latent=4)
    file = tmp_path / "skin-stylegan.safetensors"
    file.write_bytes(export_net(TrainedNet("dcgan", shape, dcgan.build_nets(shape), ()), {}))
    entry = {"file": file.name, "sha256": sha256(file.read_bytes()), "net": "stylegan"}
    (tmp_path / weights.INDEX_FILE).write_bytes(weights.build_weights_index(tmp_path, "skin-stylegan", entry))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    assert refused(StyleGan()) == "weights/foreign"


def test_left_and_right_change_nearly_alike() -> None:
    face = derive_face_changes(draw_latent(7, 64), NAMES, 0.6)
    assert abs(face["l-eye-scale-incr"] - face["r-eye-scale-incr"]) < 0.1
    assert face["nose-volume-incr"] != face["chin-width-incr"]


def test_no_part_of_a_face_stands_far_to_one_side() -> None:
    """A mouth that stood 4 mm off the nose's line made faces look stricken."""
    for seed in range(40):
        face = derive_face_changes(draw_latent(seed, 64), ["mouth-trans-out", "nose-trans-out", "head-trans-out"], 1.0)
        assert max(map(abs, face.values())) < 0.2


def test_no_variety_is_the_average_face() -> None:
    assert all(value == 0 for value in derive_face_changes(draw_latent(7, 64), NAMES, 0.0).values())


@needs_bake
def test_the_stage_prefers_the_seed_of_the_spec() -> None:
    given = run(options=IdentitySpec(seed=9), backend=BACKENDS.get(), seed=1)
    same = run(options=IdentitySpec(seed=9), backend=BACKENDS.get(), seed=2)
    assert np.array_equal(given.latent, same.latent)
    assert given.face == same.face
    assert all(-1 <= value <= 1 for value in given.face.values())
    assert given.sources[0].sha256 == weights.read_sha256("skin-unet")


def cheek(head: np.ndarray) -> np.ndarray:
    """(26,26,3) CIE Lab of the left cheek of a head tile."""
    return cv2.cvtColor(np.ascontiguousarray(head[62:88, 22:48]).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def test_sixteen_seeds_are_sixteen_people() -> None:
    heads = [skin(seed)[0].astype(float) for seed in range(16)]
    drawn = [head - head.mean((0, 1)) for head in heads]  # a lighter skin is not yet another person
    apart = [float(np.sqrt(((a - b) ** 2).mean())) for a, b in combinations(drawn, 2)]
    assert min(apart) > 1.5
    faces = [np.array(list(derive_face_changes(draw_latent(seed, 64), NAMES, 0.6).values())) for seed in range(16)]
    assert min(float(np.abs(a - b).max()) for a, b in combinations(faces, 2)) > 0.05


@pytest.mark.parametrize("name", list(BACKENDS))
def test_nobodys_skin_is_blotched(name: str) -> None:
    """Patches of another hue, as a generator leaves them that was trained too short."""
    backend = BACKENDS.get(name)
    for seed in range(8 if name == "diffusion" else 16):
        head, _ = backend.generate_skin(draw_latent(seed, IDENTITY_LATENT_SIZE), age=40.0, gender=0.5, tone=0.5)
        assert cheek(head)[..., 1:].std((0, 1)).max() < 3
