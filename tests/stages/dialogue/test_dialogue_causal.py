"""Likelihoods of many replies in one pass, against the same model asked plainly, one sequence at a time."""

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


def plainly(model: CausalModel, prompt: str, reply: str) -> float:
    import torch

    head, tail = model.ids(prompt) or [0], model.ids(reply) or [0]
    with torch.inference_mode():
        logits = model.model(torch.tensor([head + tail])).logits[0, len(head) - 1 : -1].log_softmax(-1)
    return float(logits.gather(-1, torch.tensor(tail)[:, None]).sum())


def test_replies_in_one_pass_are_as_likely_as_each_alone(model: CausalModel) -> None:
    assert model.compute_likelihoods(PAIRS) == pytest.approx([plainly(model, *pair) for pair in PAIRS], abs=1e-3)


def test_a_reply_does_not_hang_on_its_neighbours(model: CausalModel) -> None:
    together = model.compute_likelihoods(PAIRS)
    assert model.compute_likelihoods(PAIRS[::-1])[::-1] == pytest.approx(together, abs=1e-4)
    assert model.compute_likelihoods(PAIRS[:1]) == pytest.approx(together[:1], abs=1e-4)


def test_the_same_pairs_give_the_same_digits_whatever_was_read_before(tiny_llama: Path) -> None:
    first, second = CausalModel(str(tiny_llama)), CausalModel(str(tiny_llama))
    second.compute_likelihoods(PAIRS[2:])
    assert first.compute_likelihoods(PAIRS) == second.compute_likelihoods(PAIRS)


def test_no_pairs_and_single_tokens_cost_nothing(model: CausalModel) -> None:
    assert model.compute_likelihoods([]) == []
    assert model.compute_likelihoods([("a", "b")]) == pytest.approx([plainly(model, "a", "b")], abs=1e-3)


@pytest.mark.parametrize(("able", "type_of_numbers"), [({"avx2": True, "avx512_bf16": False}, "float32"), ({"amx_bf16": True}, "bfloat16")])
def test_a_model_computes_in_what_the_cpu_computes_fast(
    able: dict[str, bool], type_of_numbers: str, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a CPU of AVX2 alone, as most laptops have, bfloat16 is emulated: kofi's dialogue took 112 s."""
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert CausalModel(str(tiny_llama)).model.dtype == getattr(torch, type_of_numbers)
