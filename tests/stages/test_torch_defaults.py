"""A model that is built in bfloat16 leaves the numbers of a generator beside it alone: stages take turns with torch's defaults."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from assets.torch_defaults import TORCH_DEFAULTS_LOCK
from stages.dialogue.causal import CausalModel
from stages.nets import diffusion, weights_io
from stages.nets.weights_io import TrainedNet


def taken() -> bool:
    """Whether somebody holds the lock, as another thread sees it."""
    found: list[bool] = []

    def look() -> None:
        found.append(not TORCH_DEFAULTS_LOCK.acquire(blocking=False))
        if not found[0]:
            TORCH_DEFAULTS_LOCK.release()

    thread = Thread(target=look)
    thread.start()
    thread.join()
    return found[0]


def test_a_language_model_is_built_under_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held: list[bool] = []

    def built(*_: Any, **__: Any) -> Any:
        held.append(taken())
        return torch.nn.Linear(1, 1)

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: None)
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", built)
    CausalModel(str(tmp_path))
    assert held == [True]
    assert not taken()


def test_a_generator_waits_until_new_numbers_are_whole_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = diffusion.Shape(size=16, channels=3, width=16, autoencoder_width=8, steps=3)
    nets = {name: net.eval().requires_grad_(False) for name, net in diffusion.build_nets(shape).items()}
    shipped = TrainedNet("diffusion", shape, nets, ("age_years", "gender", "tone"))
    latents, told = np.ones((1, shape.latent), np.float32), np.full((1, 3), 0.5, np.float32)
    wanted, made = shipped.generate(latents, told), []
    asked, module = Event(), weights_io.import_net_module

    def asking(net: str) -> Any:
        asked.set()
        return module(net)

    monkeypatch.setattr(weights_io, "import_net_module", asking)
    beside = Thread(target=lambda: made.append(shipped.generate(latents, told)))
    with TORCH_DEFAULTS_LOCK:
        torch.set_default_dtype(torch.bfloat16)
        beside.start()
        asked.wait()
        beside.join(timeout=0.2)  # without turns it is through long before, or has failed
        torch.set_default_dtype(torch.float32)
    beside.join()
    assert np.array_equal(made[0], wanted)
