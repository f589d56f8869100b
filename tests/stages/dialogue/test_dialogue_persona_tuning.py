"""LoRA on a tiny model with random weights: it learns its pairs, reproducibly, and only once."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from assets.codec import decode_artefact, encode_artefact
from assets.errors import BackendError, SpecError
from assets.spec.behaviour import PersonaSpec
from assets.store import LocalStore
from assets.substage_cache import use_cache
from stages.dialogue import persona_tuning
from stages.dialogue.causal import CausalModel
from stages.dialogue.persona_tuning import LoraAdapter, apply_adapter, get_or_tune_adapter, tune_adapter
from stages.dialogue.stage import BACKENDS, run

PAIRS = (("Visitor: when?\nGuide:", " At six."), ("Visitor: where?\nGuide:", " Downstairs."), ("Visitor: who?\nGuide:", " Anna."))


@pytest.fixture(scope="module")
def adapter(tiny_llama: Path) -> LoraAdapter:
    return tune_adapter(str(tiny_llama), PAIRS, 3)


def test_the_trained_replies_become_likelier_and_the_loss_falls(tiny_llama: Path, adapter: LoraAdapter) -> None:
    before = CausalModel(str(tiny_llama)).compute_likelihoods(PAIRS)
    after = apply_adapter(str(tiny_llama), adapter).compute_likelihoods(PAIRS)
    assert all(b > a for a, b in zip(before, after, strict=True))
    assert adapter.losses[-1] < adapter.losses[0]


def test_the_same_seed_gives_the_same_factors_and_another_does_not(tiny_llama: Path, adapter: LoraAdapter) -> None:
    import torch

    torch.manual_seed(99)
    again, other = tune_adapter(str(tiny_llama), PAIRS, 3), tune_adapter(str(tiny_llama), PAIRS, 4)
    assert all(np.array_equal(again.factors[name], factor) for name, factor in adapter.factors.items())
    assert any(not np.array_equal(other.factors[name], factor) for name, factor in adapter.factors.items())


def test_tuning_hides_only_the_deprecation_warning_between_libraries(tiny_llama: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tune_adapter(str(tiny_llama), PAIRS, 3, steps=1)
        warnings.warn("ours is shown", FutureWarning, stacklevel=1)
    assert [str(warning.message) for warning in caught if "gradient" in str(warning.message) or "ours" in str(warning.message)] == [
        "ours is shown"
    ]


def test_an_adapter_survives_the_codec(adapter: LoraAdapter) -> None:
    assert encode_artefact(decode_artefact(encode_artefact(adapter), LoraAdapter)) == encode_artefact(adapter)


def test_an_unchanged_persona_is_never_tuned_twice(tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned = []
    real = persona_tuning.tune_adapter
    monkeypatch.setattr(persona_tuning, "tune_adapter", lambda *arguments: tuned.append(arguments) or real(*arguments, steps=2))
    for pairs in (PAIRS, PAIRS, PAIRS[:2]):
        with use_cache(LocalStore(tmp_path)):
            get_or_tune_adapter(str(tiny_llama), {"net": "1"}, pairs, 1)
    assert [pairs for _, pairs, _ in tuned] == [PAIRS, PAIRS[:2]]


def test_nothing_to_learn_is_one_sentence(tiny_llama: Path) -> None:
    with pytest.raises(BackendError) as caught:
        tune_adapter(str(tiny_llama), (), 1)
    assert str(caught.value) == "error[dialogue/nothing-to-tune] persona.tune needs example questions; add `ask` to the facts"


def test_a_missing_peft_is_one_sentence(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persona_tuning.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BackendError) as caught:
        tune_adapter(str(tiny_llama), PAIRS, 1)
    assert str(caught.value) == (
        "error[dialogue/no-peft] persona.tune needs the package peft, which is not installed; run `make setup`, or remove persona.tune"
    )


def test_two_personas_can_be_loaded_at_once(tiny_llama: Path, adapter: LoraAdapter) -> None:
    """The adapter used to reach the loader through a variable of the module, which another thread could clear."""
    other = tune_adapter(str(tiny_llama), PAIRS, 4, steps=1)
    first, second = apply_adapter(str(tiny_llama), adapter), apply_adapter(str(tiny_llama), other)
    assert first is apply_adapter(str(tiny_llama), adapter)
    assert first is not second


def test_a_backend_without_a_model_refuses_to_tune() -> None:
    with pytest.raises(SpecError) as caught:
        run(options=PersonaSpec(tune=True), seed=1, backend=BACKENDS.get("overlap"))
    assert str(caught.value) == (
        "error[dialogue/tune-unused] persona.tune needs the transformers backend, the overlap backend has no model to tune; "
        "remove persona.tune"
    )
