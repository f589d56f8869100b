"""Skins of the other families: the same seed the same picture, darker tones darker, threads within a tolerance."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assets import weights
from assets.errors import BackendError
from stages.identity.backend import BACKENDS
from stages.identity.generator import Diffusion, UNet
from stages.identity.stage import draw_latent

pytestmark = pytest.mark.parametrize("name", ["unet", "diffusion"])


def skin(name: str, seed: int = 1, **asked: float) -> tuple[np.ndarray, np.ndarray]:
    return BACKENDS.get(name).generate_skin(draw_latent(seed, 64), **({"age": 40.0, "gender": 0.5, "tone": 0.5} | asked))


def test_the_same_seed_makes_the_same_skin_and_another_one_another(name: str) -> None:
    first = skin(name)[0]
    assert first.shape == (128, 128, 3)
    assert np.array_equal(first, skin(name)[0])
    assert np.abs(first.astype(int) - skin(name, 2)[0]).mean() > 0.5
    assert np.abs(first.astype(int) - first[:, ::-1]).max() <= 2


def test_darker_tones_make_darker_skin(name: str) -> None:
    means = [skin(name, 4, tone=tone)[0][40:100, 40:88].mean() for tone in (0.1, 0.5, 0.9)]
    assert all(lighter > darker + 8 for lighter, darker in pairwise(means))


def test_thread_counts_agree_within_one_grey_level(name: str) -> None:
    import torch

    first = skin(name)[0].astype(int)
    torch.set_num_threads(2)
    try:
        assert np.abs(skin(name)[0] - first).max() <= 1
    finally:
        torch.set_num_threads(1)


def test_foreign_and_corrupt_weights_are_one_sentence(name: str, tmp_path: Path) -> None:
    kind, other = {"unet": (UNet, "diffusion"), "diffusion": (Diffusion, "unet")}[name]
    latent, asked = draw_latent(1, 64), {"age": 30.0, "gender": 0.5, "tone": 0.5}
    broken = tmp_path / f"skin-{name}.safetensors"
    broken.write_bytes(weights.locate_weights(f"skin-{name}").read_bytes()[:-1] + b"x")
    foreign = [(weights.locate_weights(title), weights.read_sha256(title)) for title in ("skin-classifier", "body-bodygan")]
    for file, digest in ((broken, weights.read_sha256(f"skin-{name}")), *foreign):
        with pytest.raises(BackendError) as caught:
            kind(file, digest).generate_skin(latent, **asked)
        assert len(caught.value.findings) == 1
        assert "\n" not in str(caught.value)
    assert BACKENDS.get(other).name == other
