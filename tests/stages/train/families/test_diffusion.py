"""Latent diffusion in the training loop: the autoencoder first, then the denoiser, resumed to the same result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from assets.errors import BackendError, SpecError
from stages.nets.weights_io import export_net, load_net
from stages.train.adapt import load_pretrained
from stages.train.families.diffusion import AUTOENCODER_PENALTY, DiffusionFamily, Recipe
from stages.train.files import ADAPTERS_SUFFIX, LAST_CHECKPOINT, find_newest_checkpoint
from stages.train.loop.device import Device
from stages.train.loop.examples import make_batch, to_tensor
from stages.train.loop.loop import Plan, Run, advance_run, begin_run, resume_run, train
from stages.train.stage import train_net
from tests.stages.train.tiny import make_tiny_examples, write_tiny_set

pytestmark = pytest.mark.slow

CHANGES = (("latent_channels", 2), ("autoencoder_width", 8), ("width", 16), ("depth", 1), ("steps", 4))


def begin(folder: Path, steps: int = 8, **recipe: Any) -> Run:
    torch.set_num_threads(1)
    tiny_recipe = replace(Recipe(batch=8, autoencoder_steps=4, autoencoder_batch=4, average=0.9), **recipe)
    family, plan = DiffusionFamily(recipe=tiny_recipe, changes=CHANGES), Plan(steps=steps, validate_every=4, log_every=1, seed=3)
    return begin_run(family, plan, make_tiny_examples(64, 32), make_tiny_examples(16, 32, seed=1), folder, Device())


def get_weights(run: Run, net: str) -> list[torch.Tensor]:
    return [p.detach().clone() for p in run.state.nets[net].parameters()]


def are_equal(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_autoencoder_trains_first_and_is_fixed_while_the_denoiser_trains(tmp_path: Path) -> None:
    run = begin(tmp_path)
    autoencoder, denoiser = get_weights(run, "autoencoder"), get_weights(run, "denoiser")
    assert set(advance_run(run)) == {"restored", "edges"}
    assert not are_equal(autoencoder, get_weights(run, "autoencoder"))
    assert are_equal(denoiser, get_weights(run, "denoiser"))
    run.state.step = 4
    autoencoder = get_weights(run, "autoencoder")
    assert set(advance_run(run)) == {"velocity"}
    assert are_equal(autoencoder, get_weights(run, "autoencoder"))
    assert not are_equal(denoiser, get_weights(run, "denoiser"))


def test_every_metric_of_the_denoiser_is_better_than_the_autoencoders(tmp_path: Path) -> None:
    run = train(begin(tmp_path))
    errors = [row["error"] for row in run.counters.history if "error" in row]
    assert errors[0] > AUTOENCODER_PENALTY > errors[-1]
    assert run.counters.best_step == 8


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = train(begin(tmp_path / "whole"))
    train(begin(tmp_path / "parts", steps=5))
    resumed, checkpoint = begin(tmp_path / "parts"), find_newest_checkpoint(tmp_path / "parts")
    assert checkpoint is not None
    resume_run(resumed, checkpoint)
    train(resumed)
    assert are_equal(get_weights(whole, "denoiser"), get_weights(resumed, "denoiser"))
    assert torch.equal(whole.state.nets["autoencoder"].scale, resumed.state.nets["autoencoder"].scale)


def test_latents_have_about_unit_deviation(tmp_path: Path) -> None:
    run = begin(tmp_path, autoencoder_steps=100)
    for _ in range(30):
        advance_run(run)
    with torch.no_grad():
        latents = run.state.nets["autoencoder"].encode(to_tensor(run.validation, np.arange(16)))
    assert float(latents.std()) == pytest.approx(1.0, abs=0.4)


def test_fifty_steps_improve_the_reconstruction(tmp_path: Path) -> None:
    run = begin(tmp_path, autoencoder_steps=100)
    first = run.family.validate(run.state, run.validation)
    for _ in range(50):
        advance_run(run)
    assert run.family.validate(run.state, run.validation) - AUTOENCODER_PENALTY < 0.8 * (first - AUTOENCODER_PENALTY)


def test_samples_have_the_datas_size(tmp_path: Path) -> None:
    images = begin(tmp_path).to_trained_net().sample(make_tiny_examples(4, 32).conditions, 1)
    assert images.shape == (4, 32, 32, 3)


def test_adapters_train_alone_and_start_from_a_plain_nets_weights(tmp_path: Path) -> None:
    start = tmp_path / "plain.safetensors"
    plain = train(begin(tmp_path / "plain"))
    start.write_bytes(export_net(plain.to_trained_net(), {}))
    family = DiffusionFamily(recipe=Recipe(batch=8, average=0.9), changes=(*CHANGES, ("lora", 2)))
    plan, training, validation = Plan(steps=3, validate_every=3), make_tiny_examples(64, 32), make_tiny_examples(16, 32, seed=1)
    tuned = begin_run(family, plan, training, validation, tmp_path / "tuned", Device())
    load_pretrained(tuned, start)
    conditions = make_tiny_examples(2).conditions
    assert (tuned.to_trained_net().sample(conditions, 1) == plain.to_trained_net().sample(conditions, 1)).all()
    autoencoder = get_weights(tuned, "autoencoder")
    for _ in range(3):
        assert set(advance_run(tuned)) == {"velocity"}
    assert are_equal(autoencoder, get_weights(tuned, "autoencoder"))
    trainable = {n: p for n, p in tuned.state.nets["denoiser"].named_parameters() if p.requires_grad}
    assert {n.rpartition(".")[2] for n in trainable} == {"down", "up"}
    assert all(float(p.abs().sum()) > 0 for n, p in trainable.items() if n.startswith("time.0"))


def test_an_adaptation_writes_a_plain_net_and_its_adapters_from_which_it_continues(tmp_path: Path) -> None:
    """The weights file held the adapters separate from their layers, and no plain run could start from it."""
    data, plan = write_tiny_set(tmp_path / "set", count=24, size=32), Plan(steps=3, validate_every=3, log_every=1, seed=3)
    small = {**dict(CHANGES), "batch": 8}
    plain = train_net("diffusion", data, tmp_path / "plain", plan=replace(plan, steps=4), changes={**small, "autoencoder_steps": 0})
    lora = {**small, "lora": 2}
    tuned = train_net("diffusion", data, tmp_path / "tuned", plan=plan, changes=lora, start=plain)
    assert load_net(tuned).shape == load_net(plain).shape
    assert not torch.equal(*(load_net(file).nets["denoiser"].time[0].weight for file in (tuned, plain)))
    for start in (tuned, tmp_path / "tuned" / "run-face-diffusion" / LAST_CHECKPOINT):  # a plain run can start from either
        train_net("diffusion", data, tmp_path / start.stem, plan=replace(plan, steps=1), changes=small, start=start)

    adapters = tmp_path / "tuned" / f"{tuned.stem}{ADAPTERS_SUFFIX}"
    assert adapters.stat().st_size < tuned.stat().st_size / 2
    unchanged = {**lora, "adapters": str(adapters), "denoiser_lr": 0.0}
    same = train_net("diffusion", data, tmp_path / "same", plan=replace(plan, steps=1), changes=unchanged, start=plain)
    conditions = make_tiny_examples(2).conditions
    assert (load_net(same).sample(conditions, 1) == load_net(tuned).sample(conditions, 1)).all()


def test_adapters_without_a_rank_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        begin(tmp_path, adapters="notes.txt")
    assert str(caught.value) == (
        "error[train/adapters] adapters can only be loaded into a net with adapters of the same rank; add --set lora=RANK"
    )


def test_a_file_without_adapters_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    family = DiffusionFamily(recipe=Recipe(adapters=str(tmp_path / "notes.txt")), changes=(*CHANGES, ("lora", 2)))
    with pytest.raises(BackendError) as caught:
        family.build(family.shape(make_tiny_examples(4, 32)), Device())
    message = str(caught.value)
    assert message.startswith("error[train/adapters] cannot start from notes.txt: it is not a file of adapters (")
    assert message.endswith("); give a file of adapters for this net with the rank of --set lora")


def test_cached_latents_are_those_of_the_trained_encoder(tmp_path: Path) -> None:
    run = train(begin(tmp_path, steps=22))
    cache = run.family.latent_cache
    assert len(cache) == 64  # more than an epoch since the autoencoder was trained
    batch = make_batch(run.train, 8, 3, 0, Device())
    with torch.no_grad():
        expected = run.state.nets["autoencoder"].encode(batch.values)
    assert torch.equal(expected, torch.stack([cache[int(row)] for row in batch.rows]))
