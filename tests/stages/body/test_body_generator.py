"""Generated builds: the same person has the same one, the spec shifts it, and none is impossible."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.character import Body, Identity
from assets.artefacts.geometry import Image
from assets.digest import sha256
from assets.paths import get_baked_path
from assets.spec.appearance import BodySpec
from stages.body.anny import BODY_FILE, Anny, load_baked_model
from stages.body.anthropometry import find_limit_violations, measure_body
from stages.body.generator import GanBody, GenerativeBody, VaeBody, _project_latent
from stages.body.phenotype import apply_proposed_axes, to_age_axis
from stages.body.stage import run

pytestmark = pytest.mark.skipif(not get_baked_path(BODY_FILE).exists(), reason="the body model is missing: run `fenshen bake`")
NAMES = ("age", "gender", "muscle", "weight", "height", "proportions", "measure-waist-circ-incr")


def make_gan(folder: Path, extreme: bool = False) -> GanBody:
    """Random weights of a tiny generator in a weights file; extreme ones generate bodies that nobody has."""
    import torch

    from stages.nets.bodygan import Generator, Shape
    from stages.nets.weights_io import TrainedNet, export_net

    torch.manual_seed(1)
    shape = Shape(NAMES, width=16)
    net = Generator(shape)
    if extreme:
        torch.nn.init.normal_(net.out.weight, std=30)
        net.low.fill_(-1.0)
    content = export_net(TrainedNet("bodygan", shape, {"generator": net}, ("age_years", "gender")), {})
    file = folder / "body-bodygan.safetensors"
    file.write_bytes(content)
    return GanBody(file, sha256(content))


def make_vae(folder: Path) -> VaeBody:
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


def make_identity(seed: int = 0, age: float = 40) -> Identity:
    tile = Image(np.full((8, 8, 3), 150, np.uint8))
    latent = np.random.default_rng(seed).standard_normal(64).astype(np.float32)
    return Identity(latent, tile, tile, age, 0.0, 0.3, {})


def make_body(backend: Anny, identity: Identity, **options: float) -> Body:
    return run(identity, options=BodySpec(**options), backend=backend, seed=0)


@pytest.mark.parametrize("make", [make_gan, make_vae])
def test_the_same_person_has_the_same_build_and_another_person_another(make: Callable[[Path], GenerativeBody], tmp_path: Path) -> None:
    backend = make(tmp_path)
    first, again, other = (make_body(backend, make_identity(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.positions, again.positions)
    assert np.abs(first.positions - other.positions).max() > 1e-3
    assert np.abs(first.positions - make_body(Anny(), make_identity(1)).positions).max() > 1e-3


def test_the_identity_decides_age_gender_and_origins(tmp_path: Path) -> None:
    build = make_gan(tmp_path).propose_build(make_identity().latent, 40, 0.0)
    assert set(build.axes) == {"muscle", "weight", "height", "proportions"}
    assert set(build.local) == {"measure-waist-circ-incr"}


def test_the_spec_shifts_the_generated_build(tmp_path: Path) -> None:
    backend = make_gan(tmp_path)
    default, heavy = make_body(backend, make_identity()), make_body(backend, make_identity(), weight=0.8)
    assert heavy.phenotype["weight"] == pytest.approx(min(default.phenotype["weight"] + 0.3, 1), abs=1e-6)
    tall = make_body(backend, make_identity(), height=1.0)
    assert tall.phenotype["height_m"] > default.phenotype["height_m"]
    assert apply_proposed_axes({"weight": 0.9}, {"weight": 0.5}, {"weight": 0.8}) == {"weight": 1.0}


def test_naming_a_default_changes_nothing(tmp_path: Path) -> None:
    # In the store, a spec that names a default has the same key as one that leaves it out.
    backend = make_gan(tmp_path)
    assert np.array_equal(
        make_body(backend, make_identity()).positions, make_body(backend, make_identity(), weight=0.5, height=0.5).positions
    )


@pytest.mark.parametrize("seed", range(4))
def test_not_even_extreme_weights_make_an_impossible_body(tmp_path: Path, seed: int) -> None:
    backend = make_gan(tmp_path, extreme=True)
    build = backend.propose_build(make_identity(seed).latent, 30, 0.0)
    shape = backend.evaluate({**build.axes, "age": to_age_axis(30), "gender": 1.0}, build.local)
    assert find_limit_violations(measure_body(shape), 30, 0.0) == ()


def test_the_generator_is_part_of_the_key_and_of_the_rights(tmp_path: Path) -> None:
    backend = make_gan(tmp_path)
    assert set(backend.weights()) == {BODY_FILE, "body-bodygan.safetensors"}
    assert backend.sources()[-1].sha256 == backend.sha256
    assert set(NAMES[:6]) <= set(load_baked_model().names["phenotypes"])


def test_a_latent_of_any_length_is_projected_to_a_normal_one() -> None:
    rows = np.stack([_project_latent(np.random.default_rng(i).standard_normal(64).astype(np.float32), 32) for i in range(400)])
    assert abs(float(rows.mean())) < 0.05
    assert float(rows.std()) == pytest.approx(1, abs=0.05)
    assert not _project_latent(np.zeros(0, np.float32), 32).any()
