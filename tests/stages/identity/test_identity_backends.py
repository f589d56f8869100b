"""Every identity backend of the registry keeps the contract, on any number of threads, and refuses weights that are not its own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from assets import weights
from assets.digest import sha256
from assets.errors import BackendError
from assets.paths import get_baked_path
from stages.identity.backend import BACKENDS, IDENTITY_LATENT_SIZE, IdentityBackend
from stages.identity.generator import GenerativeSkin, StyleGan, match_latent_size
from stages.identity.latents import draw_latent
from stages.identity.stage import load_face_change_names
from stages.nets import dcgan
from stages.nets.weights_io import TrainedNet, export_net
from tests.stages.identity.contract import CHEEK, check_backend, check_reason, generate

pytestmark = pytest.mark.slow

needs_bake = pytest.mark.skipif(not get_baked_path("face_changes.json").exists(), reason="run `fenshen bake` first")
every_backend = pytest.mark.parametrize("name", list(BACKENDS))
REPAIR = "restore it from the repository, or train it again"


def get_available(name: str) -> IdentityBackend:
    backend = BACKENDS.get(name)
    assert backend.name == name
    check_reason(backend.unavailable_reason())
    if reason := backend.unavailable_reason():
        pytest.skip(f"{name}: {reason}")
    return backend


@needs_bake
@every_backend
def test_a_backend_keeps_the_contract(name: str) -> None:
    check_backend(get_available(name))


@every_backend
def test_thread_counts_agree_within_one_grey_level(name: str) -> None:
    backend = get_available(name)
    one = generate(backend)[0].astype(int)
    torch.set_num_threads(2)
    try:
        assert np.abs(generate(backend)[0] - one).max() <= 1
    finally:
        torch.set_num_threads(1)


@every_backend
def test_no_skin_is_blotched(name: str) -> None:
    """Patches of another hue, as an undertrained generator leaves them."""
    backend = get_available(name)
    for seed in range(16):
        head, _ = generate(backend, draw_latent(seed, IDENTITY_LATENT_SIZE))
        cheek = cv2.cvtColor(np.ascontiguousarray(head[CHEEK]).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        assert cheek[..., 1:].std((0, 1)).max() < 3


def write_dcgan(file: Path, conditions: tuple[str, ...] = (), channels: int = 3) -> str:
    """Writes the weights of a tiny net, of skins if it has six channels; returns their digest."""
    shape = dcgan.Shape(size=16, channels=channels, conditions=len(conditions), width=8, widest=8, latent=4)
    content = export_net(TrainedNet("dcgan", shape, dcgan.build_nets(shape), conditions), {})
    file.write_bytes(content)
    return sha256(content)


def catch_refusal(backend: GenerativeSkin) -> str:
    with pytest.raises(BackendError) as caught:
        backend.generate_skin(draw_latent(0, IDENTITY_LATENT_SIZE), age=30, gender=0, tone=0.5)
    return str(caught.value)


def test_missing_weights_are_the_reason_and_the_refusal(tmp_path: Path) -> None:
    backend = StyleGan(tmp_path / "gone.safetensors", "0" * 64)
    assert backend.unavailable_reason() == "gone.safetensors is missing"
    assert catch_refusal(backend) == f"error[weights/missing] gone.safetensors cannot be read: No such file or directory; {REPAIR}"


def test_a_backend_without_an_entry_in_weights_json_says_how_to_make_it() -> None:
    class Unknown(GenerativeSkin):
        name = "unknown"

    assert Unknown().unavailable_reason() == "there are no weights named skin-unknown: make them with `fenshen train`"


@pytest.mark.parametrize("name", [name for name in BACKENDS if weights.has_weights(f"skin-{name}")])
def test_damaged_weights_are_refused(name: str, tmp_path: Path) -> None:
    file, title = tmp_path / "damaged.safetensors", f"skin-{name}"
    file.write_bytes(weights.locate_weights(title).read_bytes()[:-1] + b"x")
    kind = type(BACKENDS.get(name))
    assert issubclass(kind, GenerativeSkin)
    backend = kind(file, weights.read_sha256(title))
    assert catch_refusal(backend) == f"error[weights/corrupt] damaged.safetensors does not match its sha256 in weights.json; {REPAIR}"


@pytest.mark.parametrize("title", ["skin-classifier", "body-bodygan", "face-dcgan"])
def test_weights_of_something_else_than_skins_are_refused(title: str) -> None:
    backend = StyleGan(weights.locate_weights(title), weights.read_sha256(title))
    message = f"{title}.safetensors does not generate skins; give weights trained on `fenshen data skins`"
    assert catch_refusal(backend) == f"error[weights/foreign] {message}"


def test_weights_that_need_other_conditions_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.safetensors"
    digest = write_dcgan(file, ("age_years", "smile", "bald"), channels=6)
    message = "own.safetensors needs conditions that an identity does not have: smile, bald"
    assert catch_refusal(StyleGan(file, digest)) == f"error[weights/foreign] {message}; give weights trained on age_years, gender and tone"


def test_weights_of_another_net_than_the_entrys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their sha256 was right: weights.json had been written by hand."""
    file = tmp_path / "skin-stylegan.safetensors"
    entry = {"file": file.name, "sha256": write_dcgan(file, channels=6), "net": "stylegan"}
    (tmp_path / weights.INDEX_FILE).write_bytes(weights.build_weights_index(tmp_path, "skin-stylegan", entry))
    monkeypatch.setenv(weights.USER_FOLDER_VARIABLE, str(tmp_path))
    message = "skin-stylegan.safetensors holds a dcgan, but weights.json expects a stylegan"
    assert catch_refusal(StyleGan()) == f"error[weights/foreign] {message}; {REPAIR}"


def test_a_face_without_baked_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        load_face_change_names()
    assert str(caught.value) == "error[identity/unbaked] face_changes.json is missing; run `fenshen bake`"


def test_a_net_with_another_length_of_latent_gets_one_that_the_identitys_determines() -> None:
    latent = draw_latent(1, IDENTITY_LATENT_SIZE)
    assert match_latent_size(latent, IDENTITY_LATENT_SIZE) is latent
    assert np.array_equal(match_latent_size(latent, 9), match_latent_size(latent.copy(), 9))
    assert not np.array_equal(match_latent_size(latent, 9), match_latent_size(draw_latent(2, IDENTITY_LATENT_SIZE), 9))
