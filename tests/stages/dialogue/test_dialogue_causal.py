"""Likelihoods of many replies in one pass, compared with one pass per sequence."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.dialogue.causal import CausalModel

PAIRS = [("Visitor: Hi\nGuide:", " Hello there."), ("Visitor: Hi\nGuide:", " No."), ("Question:", " When?"), ("", "x"), ("Question:", "")]


@pytest.fixture(scope="module")
def model(tiny_llama: Path) -> CausalModel:
    exact = CausalModel(str(tiny_llama))
    exact.model = exact.model.float()
    return exact


def compute_alone(model: CausalModel, prompt: str, reply: str) -> float:
    import torch

    head, tail = model.tokenize_text(prompt) or [0], model.tokenize_text(reply) or [0]
    with torch.inference_mode():
        logits = model.model(torch.tensor([head + tail])).logits[0, len(head) - 1 : -1].log_softmax(-1)
    return float(logits.gather(-1, torch.tensor(tail)[:, None]).sum())


def test_a_reply_is_as_likely_in_a_shared_pass_as_alone(model: CausalModel) -> None:
    assert model.compute_likelihoods(PAIRS) == pytest.approx([compute_alone(model, *pair) for pair in PAIRS], abs=1e-3)


def test_a_reply_does_not_depend_on_its_neighbours(model: CausalModel) -> None:
    together = model.compute_likelihoods(PAIRS)
    assert model.compute_likelihoods(PAIRS[::-1])[::-1] == pytest.approx(together, abs=1e-4)
    assert model.compute_likelihoods(PAIRS[:1]) == pytest.approx(together[:1], abs=1e-4)


def test_the_same_pairs_give_the_same_digits_whatever_was_computed_before(tiny_llama: Path) -> None:
    first, second = CausalModel(str(tiny_llama)), CausalModel(str(tiny_llama))
    second.compute_likelihoods(PAIRS[2:])
    assert first.compute_likelihoods(PAIRS) == second.compute_likelihoods(PAIRS)


def test_no_pairs_and_single_tokens_work(model: CausalModel) -> None:
    assert model.compute_likelihoods([]) == []
    assert model.compute_likelihoods([("a", "b")]) == pytest.approx([compute_alone(model, "a", "b")], abs=1e-3)


@pytest.mark.parametrize(("capabilities", "dtype"), [({"avx2": True, "avx512_bf16": False}, "float32"), ({"amx_bf16": True}, "bfloat16")])
def test_a_model_uses_the_dtype_that_is_fast_on_the_cpu(
    capabilities: dict[str, bool], dtype: str, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU with AVX2 only, as in most laptops, bfloat16 is emulated: kofi's dialogue took 112 s."""
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert CausalModel(str(tiny_llama)).model.dtype == getattr(torch, dtype)
