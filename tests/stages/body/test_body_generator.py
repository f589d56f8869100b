"""A drawn build: the same person has the same one, the spec shifts it, and none is impossible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.character import Body, Identity
from assets.artefacts.geometry import Image
from assets.digest import sha256
from assets.errors import BackendError
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec
from stages.body.anny import BODY_FILE, Anny, load_baked_model
from stages.body.anthropometry import find_limit_violations, measure_body
from stages.body.generator import GanBody, GenerativeBody, VaeBody, _project_latent
from stages.body.phenotype import apply_proposed_axes, to_age_axis
from stages.body.stage import run

pytestmark = pytest.mark.skipif(not get_baked_path(BODY_FILE).exists(), reason="the body model is not baked: run `make bake`")
NAMES = ("age", "gender", "muscle", "weight", "height", "proportions", "measure-waist-circ-incr")


def drawn(folder: Path, wild: bool = False) -> GanBody:
    """Random weights of a tiny generator in a weights file of its own; wild ones leave what people look like."""
    import torch

    from stages.nets.bodygan import Generator, Shape
    from stages.nets.weights_io import TrainedNet, export_net

    torch.manual_seed(1)
    shape = Shape(NAMES, width=16)
    net = Generator(shape)
    if wild:
        torch.nn.init.normal_(net.out.weight, std=30)
        net.low.fill_(-1.0)
    content = export_net(TrainedNet("bodygan", shape, {"generator": net}, ("age_years", "gender")), {})
    file = folder / "body-bodygan.safetensors"
    file.write_bytes(content)
    return GanBody(file, sha256(content))


def drawn_by_vae(folder: Path) -> VaeBody:
    """Random weights of a tiny autoencoder of body vectors."""
    import torch

    from stages.nets import vae
    from stages.nets.weights_io import TrainedNet, export_net

    torch.manual_seed(1)
    shape = vae.Shape(size=0, channels=len(NAMES), conditions=2, latent=8, width=16, names=NAMES)
    content = export_net(TrainedNet("vae", shape, vae.build_nets(shape), ("age_years", "gender")), {})
    file = folder / "body-bodyvae.safetensors"
    file.write_bytes(content)
    return VaeBody(file, sha256(content))


def someone(seed: int = 0, age: float = 40) -> Identity:
    picture = Image(np.full((8, 8, 3), 150, np.uint8))
    latent = np.random.default_rng(seed).standard_normal(64).astype(np.float32)
    return Identity(latent, picture, picture, age, 0.0, 0.3, {})


def built(backend: Anny, identity: Identity, **options: float) -> Body:
    return run(identity, options=BodySpec(**options), backend=backend, seed=0)


@pytest.mark.parametrize("make", [drawn, drawn_by_vae])
def test_the_same_person_has_the_same_build_and_another_another(make: Callable[[Path], GenerativeBody], tmp_path: Path) -> None:
    backend = make(tmp_path)
    first, again, other = (built(backend, someone(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.positions, again.positions)
    assert np.abs(first.positions - other.positions).max() > 1e-3
    assert np.abs(first.positions - built(Anny(), someone(1)).positions).max() > 1e-3


def test_the_identity_decides_age_gender_and_origins(tmp_path: Path) -> None:
    build = drawn(tmp_path).propose_build(someone().latent, 40, 0.0)
    assert set(build.axes) == {"muscle", "weight", "height", "proportions"}
    assert set(build.local) == {"measure-waist-circ-incr"}


def test_the_spec_shifts_what_was_drawn(tmp_path: Path) -> None:
    backend = drawn(tmp_path)
    usual, heavy = built(backend, someone()), built(backend, someone(), weight=0.8)
    assert heavy.phenotype["weight"] == pytest.approx(min(usual.phenotype["weight"] + 0.3, 1), abs=1e-6)
    tall = built(backend, someone(), height=1.0)
    assert tall.phenotype["height_m"] > usual.phenotype["height_m"]
    assert apply_proposed_axes({"weight": 0.9}, {"weight": 0.5}, {"weight": 0.8}) == {"weight": 1.0}


def test_saying_the_default_changes_nothing(tmp_path: Path) -> None:
    # The store cannot tell a spec that names a default from one that leaves it out.
    backend = drawn(tmp_path)
    assert np.array_equal(built(backend, someone()).positions, built(backend, someone(), weight=0.5, height=0.5).positions)


@pytest.mark.parametrize("seed", range(4))
def test_not_even_wild_weights_make_an_impossible_body(tmp_path: Path, seed: int) -> None:
    backend = drawn(tmp_path, wild=True)
    build = backend.propose_build(someone(seed).latent, 30, 0.0)
    shape = backend.evaluate({**build.axes, "age": to_age_axis(30), "gender": 1.0}, build.local)
    assert find_limit_violations(measure_body(shape), 30, 0.0) == ()


def test_weights_of_another_digest_are_one_sentence(tmp_path: Path) -> None:
    backend = drawn(tmp_path)
    backend.file.write_bytes(backend.file.read_bytes()[:-1] + b"x")
    with pytest.raises(BackendError, match="weights/corrupt"):
        backend.propose_build(someone().latent, 40, 0.0)


def test_the_generator_is_part_of_the_key_and_of_the_rights(tmp_path: Path) -> None:
    backend = drawn(tmp_path)
    assert set(backend.weights()) == {BODY_FILE, "body-bodygan.safetensors"}
    assert backend.sources()[-1].sha256 == backend.sha256
    assert set(NAMES[:6]) <= set(load_baked_model().names["phenotypes"])


def test_a_latent_of_any_length_becomes_a_normal_one() -> None:
    rows = np.stack([_project_latent(np.random.default_rng(i).standard_normal(64).astype(np.float32), 32) for i in range(400)])
    assert abs(float(rows.mean())) < 0.05
    assert float(rows.std()) == pytest.approx(1, abs=0.05)
    assert not _project_latent(np.zeros(0, np.float32), 32).any()
