"""Latent diffusion under the one loop: the autoencoder first, then the denoiser, resumed to the same result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from assets.errors import BackendError, SpecError
from stages.nets.weights_io import load_net
from stages.train.families.diffusion import DiffusionFamily, Recipe
from stages.train.loop.device import Device
from stages.train.loop.loop import LAST_CHECKPOINT, Plan, Run, advance_run, begin_run, find_newest_checkpoint, resume_run, train
from stages.train.stage import train_net
from tests.stages.train.tiny import examples, tiny_set

CHANGES = (("latent_channels", 2), ("autoencoder_width", 8), ("width", 16), ("depth", 1), ("steps", 4))


def run(folder: Path, steps: int = 8, **recipe: Any) -> Run:
    torch.set_num_threads(1)
    chosen = replace(Recipe(batch=8, autoencoder_steps=4, autoencoder_batch=4, average=0.9), **recipe)
    plan = Plan(steps=steps, validate_every=4, log_every=1, seed=3)
    return begin_run(DiffusionFamily(recipe=chosen, changes=CHANGES), plan, examples(64, 32), examples(16, 32, seed=1), folder, Device())


def weights(which: Run, net: str) -> list[torch.Tensor]:
    return [p.detach().clone() for p in which.state.nets[net].parameters()]


def moved(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
    return not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_the_autoencoder_trains_first_and_rests_while_the_denoiser_trains(tmp_path: Path) -> None:
    tiny = run(tmp_path)
    codes, grain = weights(tiny, "autoencoder"), weights(tiny, "denoiser")
    assert set(advance_run(tiny)) == {"restored", "edges"}
    assert moved(codes, weights(tiny, "autoencoder"))
    assert not moved(grain, weights(tiny, "denoiser"))
    tiny.state.step = 4
    codes = weights(tiny, "autoencoder")
    assert set(advance_run(tiny)) == {"velocity"}
    assert not moved(codes, weights(tiny, "autoencoder"))
    assert moved(grain, weights(tiny, "denoiser"))


def test_the_metric_falls_when_the_second_half_begins(tmp_path: Path) -> None:
    tiny = train(run(tmp_path))
    told = [row["error"] for row in tiny.counters.history if "error" in row]
    assert told[0] > 10 > told[-1]
    assert tiny.counters.best_step == 8


def test_a_resumed_run_equals_one_that_never_stopped(tmp_path: Path) -> None:
    whole = train(run(tmp_path / "whole"))
    train(run(tmp_path / "parts", steps=5))
    resumed = run(tmp_path / "parts")
    resume_run(resumed, find_newest_checkpoint(tmp_path / "parts"))
    train(resumed)
    assert not moved(weights(whole, "denoiser"), weights(resumed, "denoiser"))
    assert torch.equal(whole.state.nets["autoencoder"].scale, resumed.state.nets["autoencoder"].scale)


def test_latents_have_about_unit_deviation(tmp_path: Path) -> None:
    tiny = run(tmp_path, autoencoder_steps=100)
    for _ in range(30):
        advance_run(tiny)
    from stages.train.loop.examples import to_tensor

    with torch.no_grad():
        latents = tiny.state.nets["autoencoder"].encode(to_tensor(tiny.validation, torch.arange(16).numpy()))
    assert float(latents.std()) == pytest.approx(1.0, abs=0.4)


def test_fifty_steps_restore_better(tmp_path: Path) -> None:
    tiny = run(tmp_path, autoencoder_steps=100)
    first = tiny.family.validate(tiny.state, tiny.validation)
    for _ in range(50):
        advance_run(tiny)
    assert tiny.family.validate(tiny.state, tiny.validation) - 10 < 0.8 * (first - 10)


def test_the_loop_shows_pictures_of_the_data_s_size(tmp_path: Path) -> None:
    made = run(tmp_path).to_trained_net().sample(examples(4, 32).conditions, 1)
    assert made.shape == (4, 32, 32, 3)


def test_adapters_alone_train_from_the_plain_net_s_weights(tmp_path: Path) -> None:
    from stages.nets.weights_io import export_net
    from stages.train.adapt import load_pretrained

    start = tmp_path / "plain.safetensors"
    plain = train(run(tmp_path / "plain"))
    start.write_bytes(export_net(plain.to_trained_net(), {}))
    family = DiffusionFamily(recipe=Recipe(batch=8, average=0.9), changes=(*CHANGES, ("lora", 2)))
    tuned = begin_run(family, Plan(steps=3, validate_every=3), examples(64, 32), examples(16, 32, seed=1), tmp_path / "tuned", Device())
    load_pretrained(tuned, start)
    told = examples(2).conditions
    assert (tuned.to_trained_net().sample(told, 1) == plain.to_trained_net().sample(told, 1)).all()
    codes = weights(tuned, "autoencoder")
    for _ in range(3):
        assert set(advance_run(tuned)) == {"velocity"}
    assert not moved(codes, weights(tuned, "autoencoder"))
    names = {n for n, p in tuned.state.nets["denoiser"].named_parameters() if p.requires_grad}
    assert names
    assert all(name.endswith((".down", ".up")) for name in names)
    assert float(tuned.state.nets["denoiser"].told[0].up.abs().sum()) > 0


def test_an_adaptation_ships_a_plain_net_and_its_adapters_alone_from_which_it_goes_on(tmp_path: Path) -> None:
    """The shipped file was the whole net with its adapters beside the layers, and could start no plain run."""
    data, plan = tiny_set(tmp_path / "set", count=24, size=32), Plan(steps=3, validate_every=3, log_every=1, seed=3)
    small = {**dict(CHANGES), "batch": 8}
    plain = train_net("diffusion", data, tmp_path / "plain", plan=replace(plan, steps=4), changes={**small, "autoencoder_steps": 0})
    lora = {**small, "lora": 2}
    tuned = train_net("diffusion", data, tmp_path / "tuned", plan=plan, changes=lora, start=plain)
    assert load_net(tuned).shape == load_net(plain).shape
    assert not torch.equal(*(load_net(file).nets["denoiser"].told[0].weight for file in (tuned, plain)))
    for start in (tuned, tmp_path / "tuned" / "run-face-diffusion" / LAST_CHECKPOINT):  # a plain run goes on from either
        train_net("diffusion", data, tmp_path / start.stem, plan=replace(plan, steps=1), changes=small, start=start)

    alone = tmp_path / "tuned" / "face-diffusion-adapters.safetensors"
    assert alone.stat().st_size < tuned.stat().st_size / 2
    still = {**lora, "adapters": str(alone), "denoiser_lr": 0.0}
    same = train_net("diffusion", data, tmp_path / "same", plan=replace(plan, steps=1), changes=still, start=plain)
    told = examples(2).conditions
    assert (load_net(same).sample(told, 1) == load_net(tuned).sample(told, 1)).all()


def test_adapters_without_their_rank_or_of_another_net_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes")
    with pytest.raises(SpecError, match="adapters need a net with adapters of their rank; give it as --set lora=RANK"):
        run(tmp_path, adapters="notes.txt")
    family = DiffusionFamily(recipe=Recipe(adapters=str(tmp_path / "notes.txt")), changes=(*CHANGES, ("lora", 2)))
    with pytest.raises(BackendError, match=r"notes\.txt cannot be gone on from: it is not a file of adapters"):
        family.build(family.shape(examples(4, 32)), Device())


def test_remembered_latents_are_those_that_the_resting_encoder_would_give(tmp_path: Path) -> None:
    from stages.train.loop.examples import make_batch

    tiny = train(run(tmp_path, steps=22))
    codes = tiny.family.latent_cache
    assert len(codes) == 64  # an epoch and more since the autoencoder rests
    batch = make_batch(tiny.train, 8, 3, 0, Device())
    with torch.no_grad():
        fresh = tiny.state.nets["autoencoder"].encode(batch.values)
    assert torch.equal(fresh, torch.stack([codes[int(row)] for row in batch.rows]))
