"""The variational autoencoder in the training loop: it learns to rebuild, and the latent of an image belongs to that image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.datasets.splits import VectorSplit
from stages.nets.vae import generate, invert_to_latents
from stages.train.families.autoencoding import AutoencoderFamily, Recipe
from stages.train.loop.device import Device
from stages.train.loop.examples import make_examples, to_tensor
from stages.train.loop.loop import Plan, begin_run, train
from tests.stages.train.tiny import make_tiny_examples

pytestmark = pytest.mark.slow

TINY = AutoencoderFamily(recipe=Recipe(batch=16, lr=3e-3, beta=1e-4, average=0.9), changes=(("width", 12), ("widest", 24), ("latent", 8)))


def test_training_rebuilds_better_and_inversion_finds_the_image(tmp_path: Path) -> None:
    data, held_out = make_tiny_examples(128), make_tiny_examples(16, seed=1)
    run = train(begin_run(TINY, Plan(steps=250, validate_every=50), data, held_out, tmp_path, Device()))
    bounds = [entry["bound"] for entry in run.counters.history if "bound" in entry]
    assert min(bounds) < 0.8 * bounds[0]
    nets, values, conditions = run.to_trained_net().nets, to_tensor(held_out, np.arange(16)), torch.from_numpy(held_out.conditions)
    own = generate(nets, invert_to_latents(nets, values, conditions), conditions)
    other = generate(nets, invert_to_latents(nets, values.roll(1, 0), conditions), conditions)
    assert (own - values).abs().mean() < 0.85 * (other - values).abs().mean()


def test_the_same_family_learns_body_vectors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    attributes = rng.uniform(0, 1, (256, 2)).astype(np.float32) * (90, 1)
    muscle = attributes[:, 1]
    vectors = np.stack([muscle, 1 - muscle, attributes[:, 0] / 90, rng.uniform(0.2, 0.3, 256)], 1).astype(np.float32)
    names, conditions = ("muscle", "weight", "height", "proportions"), ("age_years", "gender")
    data = make_examples(VectorSplit(vectors, names, attributes.astype(np.float32), conditions, np.arange(256)), conditions)
    family = replace(TINY, conditions=conditions, recipe=replace(TINY.recipe, beta=1e-2), changes=(("width", 32), ("latent", 4)))
    run = train(begin_run(family, Plan(steps=300, validate_every=100), data, data, tmp_path, Device()))
    samples = run.to_trained_net().sample(np.array([[0.4, 0.1]] * 32 + [[0.4, 0.9]] * 32, np.float32), 0)
    assert samples.shape == (64, 4)
    assert samples[:32, 0].mean() + 0.4 < samples[32:, 0].mean()
    assert samples[:, 3].min() >= 0.2  # the limits of the data
    assert samples[:, 3].max() <= 0.3
    assert run.to_trained_net().shape.names == names
