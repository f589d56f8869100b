"""A model that is loaded in bfloat16 does not change the numbers of a net in another thread: stages take turns with torch's defaults."""

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


def is_lock_held() -> bool:
    """Whether the lock is held, as another thread sees it."""
    results: list[bool] = []

    def try_lock() -> None:
        results.append(not TORCH_DEFAULTS_LOCK.acquire(blocking=False))
        if not results[0]:
            TORCH_DEFAULTS_LOCK.release()

    thread = Thread(target=try_lock)
    thread.start()
    thread.join()
    return results[0]


def test_a_language_model_is_loaded_under_the_lock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    held: list[bool] = []

    def load_model(*_: Any, **__: Any) -> Any:
        held.append(is_lock_held())
        return torch.nn.Linear(1, 1)

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: None)
    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", load_model)
    CausalModel(str(tmp_path))
    assert held == [True]
    assert not is_lock_held()


def test_a_net_waits_until_the_default_dtype_is_float32_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = diffusion.Shape(size=16, channels=3, width=16, autoencoder_width=8, steps=3)
    nets = {name: net.eval().requires_grad_(False) for name, net in diffusion.build_nets(shape).items()}
    trained = TrainedNet("diffusion", shape, nets, ("age_years", "gender", "tone"))
    latents, conditions = np.ones((1, shape.latent), np.float32), np.full((1, 3), 0.5, np.float32)
    expected, generated = trained.generate(latents, conditions), []
    started, import_net_module = Event(), weights_io.import_net_module

    def import_and_report(net: str) -> Any:
        started.set()
        return import_net_module(net)

    monkeypatch.setattr(weights_io, "import_net_module", import_and_report)
    thread = Thread(target=lambda: generated.append(trained.generate(latents, conditions)))
    with TORCH_DEFAULTS_LOCK:
        torch.set_default_dtype(torch.bfloat16)
        thread.start()
        started.wait()
        thread.join(timeout=0.2)  # without the lock it would have finished by now, or failed
        torch.set_default_dtype(torch.float32)
    thread.join()
    assert np.array_equal(generated[0], expected)
