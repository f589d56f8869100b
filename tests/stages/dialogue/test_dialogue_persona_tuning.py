"""LoRA on a tiny model with random weights: it learns its pairs, the same way each time, and only once."""

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


def test_the_learnt_replies_become_likelier_and_the_loss_falls(tiny_llama: Path, adapter: LoraAdapter) -> None:
    before = CausalModel(str(tiny_llama)).compute_likelihoods(PAIRS)
    after = apply_adapter(str(tiny_llama), adapter).compute_likelihoods(PAIRS)
    assert all(b > a for a, b in zip(before, after, strict=True))
    assert adapter.losses[-1] < adapter.losses[0]


def test_the_same_seed_learns_the_same_factors_and_another_does_not(tiny_llama: Path, adapter: LoraAdapter) -> None:
    import torch

    torch.manual_seed(99)
    again, other = tune_adapter(str(tiny_llama), PAIRS, 3), tune_adapter(str(tiny_llama), PAIRS, 4)
    assert all(np.array_equal(again.factors[name], factor) for name, factor in adapter.factors.items())
    assert any(not np.array_equal(other.factors[name], factor) for name, factor in adapter.factors.items())


def test_tuning_says_nothing_of_names_that_only_libraries_use(tiny_llama: Path) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        tune_adapter(str(tiny_llama), PAIRS, 3, steps=1)
        warnings.warn("ours still speaks", FutureWarning, stacklevel=1)
    assert [str(warning.message) for warning in told if "gradient" in str(warning.message) or "ours" in str(warning.message)] == [
        "ours still speaks"
    ]


def test_an_adapter_survives_the_codec(adapter: LoraAdapter) -> None:
    assert encode_artefact(decode_artefact(encode_artefact(adapter), LoraAdapter)) == encode_artefact(adapter)


def test_an_unchanged_persona_is_never_tuned_twice(tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = persona_tuning.tune_adapter
    monkeypatch.setattr(persona_tuning, "tune_adapter", lambda *given: made.append(given) or real(*given, steps=2))
    for pairs in (PAIRS, PAIRS, PAIRS[:2]):
        with use_cache(LocalStore(tmp_path)):
            get_or_tune_adapter(str(tiny_llama), {"net": "1"}, pairs, 1)
    assert [given[1] for given in made] == [PAIRS, PAIRS[:2]]


def test_nothing_to_learn_is_one_sentence(tiny_llama: Path) -> None:
    with pytest.raises(BackendError, match="the persona has no question to tune on"):
        tune_adapter(str(tiny_llama), (), 1)


def test_a_backend_without_a_model_refuses_to_tune() -> None:
    with pytest.raises(SpecError, match=r"persona\.tune is for the transformers dialogue, the overlap dialogue has nothing to tune"):
        run(options=PersonaSpec(tune=True), seed=1, backend=BACKENDS.get("overlap"))
