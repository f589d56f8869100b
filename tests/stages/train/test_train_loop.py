"""Training: what is held out stays out, and a resumed run is the run that never stopped."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from assets.home import baked
from stages.nets.stylegan import Discriminator, Generator
from stages.texture.tiles import face_window, library, lightness, tone_of
from stages.train.data import TONES, Blends, splits, tone_colour
from stages.train.loop import Recipe, Run, begin, restore, save, step, train
from stages.train.start import principal_skin


def tiny_run() -> Run:
    torch.manual_seed(0)
    recipe = Recipe(steps=8, batch=4, small=8, grow_at=3, fade_steps=2, penalty_every=2)
    return begin(recipe, Generator(size=16, components=2), Discriminator(size=16))


def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    level = rng.uniform(-1, 1, (count, 1, 1, 1)).astype(np.float32)
    return np.broadcast_to(level, (count, 6, 16, 16)).copy(), rng.uniform(0, 1, (count, 3)).astype(np.float32)


def test_splits_share_no_skin_and_leave_none_out() -> None:
    parts = splits(20)
    members = [i for part in parts.values() for i in part]
    assert sorted(members) == list(range(20))


def test_tone_runs_from_the_lightest_to_the_darkest_colour() -> None:
    assert tone_colour(0.0) == pytest.approx(TONES[0])
    assert tone_colour(1.0) == pytest.approx(TONES[-1])
    assert tone_colour(0.4)[0] > tone_colour(0.6)[0]


def test_a_resumed_run_equals_one_that_never_stopped(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole, half = tiny_run(), tiny_run()
    for _ in range(6):
        step(whole, draw)
    for _ in range(3):
        step(half, draw)
    save(half, tmp_path / "run.pt")
    resumed = tiny_run()
    restore(resumed, tmp_path / "run.pt")
    for _ in range(3):
        step(resumed, draw)
    assert resumed.step == whole.step
    for a, b in zip(whole.averaged.parameters(), resumed.averaged.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_average_follows_the_generator_but_is_not_it() -> None:
    run = tiny_run()
    before = copy.deepcopy(run.averaged.const.detach())
    step(run, draw)
    moved, drift = run.generator.const - before, run.averaged.const - before
    assert torch.allclose(drift, moved * 0.01, atol=1e-6)


def test_training_stops_at_its_steps_and_leaves_a_checkpoint() -> None:
    seen: list[int] = []
    run = train(tiny_run(), draw, seconds=60, checkpoint=lambda r: seen.append(r.step))
    assert run.step == 8
    assert seen == [8]


@pytest.mark.skipif(not baked("tiles.safetensors").exists(), reason="run `make bake` first")
def test_the_generator_starts_at_the_mean_of_its_data() -> None:
    skins = library()
    data = Blends(skins, splits(len(skins.names))["train"], size=16)
    torch.manual_seed(0)
    net = Generator(size=16, components=4)
    principal_skin(net, data, np.random.default_rng(0), samples=60)
    tiles, told = data.batch(np.random.default_rng(1), 60)
    with torch.no_grad():
        made = net(torch.randn(60, net.latent, generator=torch.Generator().manual_seed(0)), torch.from_numpy(told)).numpy()
    assert np.abs(made.mean(0) - tiles.mean(0)).mean() < 0.05


@pytest.mark.skipif(not baked("tiles.safetensors").exists(), reason="run `make bake` first")
def test_blends_record_the_tone_that_they_show() -> None:
    skins = library()
    sample = Blends(skins, splits(len(skins.names))["train"], size=64).draw(np.random.default_rng(2))
    rows, columns = face_window(64)
    seen = tone_of(lightness((sample.tiles[:3].transpose(1, 2, 0)[rows, columns] + 1) * 127.5))
    assert seen == pytest.approx(float(sample.condition[2]), abs=0.01)
    assert 0.15 < sample.condition[0] < 0.95
