"""Starting from trained weights: what is taken over, what stays frozen, which starts are refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from assets.errors import BackendError
from assets.paths import get_baked_path
from stages.nets.weights_io import load_net
from stages.train.adapt import FEW_SHOT_SETTINGS, check_few_shot_size, read_net_settings, read_start_settings
from stages.train.families.registry import make_family
from stages.train.files import BEST_CHECKPOINT, LAST_CHECKPOINT
from stages.train.loop import checkpoint
from stages.train.loop.device import Device
from stages.train.loop.examples import make_examples
from stages.train.loop.loop import Plan, advance_run, begin_run
from stages.train.stage import apply_settings, train_net
from tests.stages.train.tiny import draw_discs, write_tiny_set

pytestmark = pytest.mark.slow

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"width": 8, "widest": 16, "latent": 8},
    "stylegan": {"width": 8, "widest": 16, "latent": 8, "styles": 12, "grow": (2,)},
    "vae": {"width": 8, "widest": 16, "latent": 8},
}
PLAN = Plan(steps=6, validate_every=3, log_every=1, seed=1)
needs_bake = pytest.mark.skipif(not get_baked_path("tiles.safetensors").exists(), reason="run `fenshen bake` first")
FEW_SHOT_NETS = [pytest.param(name, marks=needs_bake if name == "unet" else ()) for name in sorted(FEW_SHOT_SETTINGS)]


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("faces"))


@pytest.fixture(scope="module")
def skins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_set(tmp_path_factory.mktemp("skins"), "skins")


def test_fine_tuning_starts_from_the_weights_and_keeps_frozen_layers(skins: Path, tmp_path: Path) -> None:
    first = train_net("stylegan", skins, tmp_path / "first", plan=PLAN, changes={**SMALL["stylegan"], "grow": ()})
    settings = {**SMALL["stylegan"], "grow": (), **FEW_SHOT_SETTINGS["stylegan"]}
    few = write_tiny_set(tmp_path / "few", "skins", count=12)
    tuned = train_net("stylegan", few, tmp_path / "tuned", plan=PLAN, changes=settings, start=first)
    before, after = (load_net(file).nets["generator"].state_dict() for file in (first, tuned))
    assert all(torch.equal(before[key], after[key]) for key in before if key.startswith(("mapping", "const", "first.0")))
    assert any(not torch.equal(before[key], after[key]) for key in before if key.startswith("colour"))


@pytest.mark.parametrize("name", FEW_SHOT_NETS)
def test_a_few_shot_recipe_freezes_layers_that_its_net_has(name: str) -> None:
    family = apply_settings(make_family(name), FEW_SHOT_SETTINGS[name])
    nets = family.build(family.shape(make_examples(draw_discs(4, 32, 6), family.conditions)), Device()).nets
    layers = [f"{net}/{key}" for net, module in nets.items() for key, _ in module.named_parameters()]
    for prefix in FEW_SHOT_SETTINGS[name].get("frozen", ()):
        assert any(layer.startswith(prefix) for layer in layers), prefix


@pytest.mark.parametrize("name", FEW_SHOT_NETS)
def test_a_few_shot_recipe_trains(name: str, tmp_path: Path) -> None:
    """A VAE's ended in a segmentation fault of torch's: the input of the first norm required no gradient."""
    data = make_examples(draw_discs(8, 64, 6), make_family(name).conditions)
    run = begin_run(apply_settings(make_family(name), {**FEW_SHOT_SETTINGS[name], "batch": 2}), PLAN, data, data, tmp_path, Device())
    assert all(math.isfinite(loss) for loss in advance_run(run).values())


def test_few_shot_adaptation_to_many_images_is_a_warning(faces: Path, tmp_path: Path) -> None:
    assert check_few_shot_size(faces) is None
    assert str(check_few_shot_size(write_tiny_set(tmp_path / "many", count=66))) == (
        "warning[train/few-shot] --few-shot is meant for at most 50 training images; many has 56; remove it to fine-tune the whole net"
    )


def test_a_checkpoint_as_start_brings_its_critic(faces: Path, tmp_path: Path) -> None:
    train_net("dcgan", faces, tmp_path / "first", plan=PLAN, changes=SMALL["dcgan"])
    start = tmp_path / "first" / "run-face-dcgan" / BEST_CHECKPOINT
    unchanged = {**SMALL["dcgan"], "generator_lr": 0.0, "critic_lr": 0.0}
    train_net("dcgan", faces, tmp_path / "same", plan=replace(PLAN, steps=1), changes=unchanged, start=start)
    first, again = (checkpoint.read_checkpoint(file)[0] for file in (start, tmp_path / "same" / "run-face-dcgan" / LAST_CHECKPOINT))
    for key in ("nets/generator/leave.weight", "nets/critic/out.weight"):
        assert torch.equal(first[key], again[key])
    entry = json.loads((tmp_path / "same" / "weights.json").read_text())["face-dcgan"]
    assert f"--start {BEST_CHECKPOINT}" in entry["command"]


def test_a_stylegan_of_small_images_becomes_the_coarse_levels_of_a_larger_one(faces: Path, tmp_path: Path) -> None:
    train_net("stylegan", faces, tmp_path / "small", plan=PLAN, changes={**SMALL["stylegan"], "grow": ()})
    start = tmp_path / "small" / "run-face-stylegan" / LAST_CHECKPOINT
    larger = write_tiny_set(tmp_path / "larger", size=32)
    unchanged = {**SMALL["stylegan"], "width": SMALL["stylegan"]["width"] // 2, "grow": (9,), "generator_lr": 0.0, "critic_lr": 0.0}
    train_net("stylegan", larger, tmp_path / "grown", plan=replace(PLAN, steps=1), changes=unchanged, start=start)
    small, grown = (checkpoint.read_checkpoint(file)[0] for file in (start, tmp_path / "grown" / "run-face-stylegan" / LAST_CHECKPOINT))
    assert torch.equal(small["nets/generator/second.1.weight"], grown["nets/generator/second.1.weight"])
    assert torch.equal(small["nets/critic/enter.0.weight"], grown["nets/critic/enter.1.weight"])


def test_a_start_of_another_net_or_shape_is_refused(skins: Path, faces: Path, tmp_path: Path) -> None:
    vae = train_net("vae", skins, tmp_path, plan=replace(PLAN, steps=1), changes=SMALL["vae"])
    with pytest.raises(BackendError) as caught:
        train_net("stylegan", skins, tmp_path, plan=PLAN, changes=SMALL["stylegan"], start=vae)
    assert str(caught.value) == (f"error[train/start] {vae.name} holds another net than stylegan; start from weights of the same net")
    with pytest.raises(BackendError) as caught:
        train_net("vae", faces, tmp_path, plan=PLAN, changes={**SMALL["vae"], "width": 16}, start=vae)
    assert str(caught.value) == (
        f"error[train/start] {vae.name} does not fit this net: channels is 6, not 3, width is 8, not 16; "
        "use data of the same size and the same --set values as the start"
    )


def test_a_start_that_does_not_match_its_entry_is_refused(skins: Path, tmp_path: Path) -> None:
    vae = train_net("vae", skins, tmp_path / "first", plan=replace(PLAN, steps=1), changes=SMALL["vae"])
    content = bytearray(vae.read_bytes())
    content[-100] ^= 4
    vae.write_bytes(content)
    with pytest.raises(BackendError) as caught:
        train_net("vae", skins, tmp_path / "second", plan=PLAN, changes=SMALL["vae"], start=vae)
    assert caught.value.findings[0].code == "weights/corrupt"
    assert caught.value.findings[0].fix == "give weights that `fenshen train` wrote, or a run's checkpoint"


def test_a_start_brings_the_settings_of_its_shape(faces: Path, tmp_path: Path) -> None:
    file = train_net("stylegan", faces, tmp_path, plan=replace(PLAN, steps=1), changes=SMALL["stylegan"])
    for start in (file, tmp_path / "run-face-stylegan" / LAST_CHECKPOINT):
        settings = read_start_settings(start, make_family("stylegan"), 16)
        assert settings == {**SMALL["stylegan"], "grow": ()}
        assert read_net_settings(start, make_family("stylegan"), from_scratch=True) == (
            16,
            {name: value for name, value in SMALL["stylegan"].items() if name != "grow"},
        )
        assert read_start_settings(start, make_family("stylegan"), 32) == {}  # its nets become the coarse levels
        with pytest.raises(BackendError, match="holds another net than vae"):
            read_start_settings(start, make_family("vae"), 16)
    whole = train_net("stylegan", faces, tmp_path / "tuned", plan=replace(PLAN, steps=1), changes=settings, start=file)
    assert load_net(whole).nets["generator"].grown.tolist() == [2.0, 1.0]  # though the start was not yet fully grown


def test_a_start_that_is_not_a_weights_file_is_the_users_to_replace(tmp_path: Path) -> None:
    (tmp_path / "c1.txt").write_text("notes")
    with pytest.raises(BackendError) as caught:
        read_start_settings(tmp_path / "c1.txt", make_family("vae"), 16)
    assert caught.value.findings[0].fix == "give weights that `fenshen train` wrote, or a run's checkpoint"
