"""LoRA (Hu et al. 2021) of a causal model on a persona's own questions and replies, so that it ranks them better.

It learns which authored line follows which authored question, nothing else; it still speaks no word of its own. An adapter
is kept in the store under what it was tuned on: the same persona is never tuned twice.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from assets.artefact import Artefact
from assets.digest import sha256_json
from assets.errors import BackendError, Finding
from assets.substage_cache import get_or_compute
from stages.dialogue.causal import CausalModel

RANK = 16
TARGET_MODULES = ("q_proj", "v_proj", "up_proj", "down_proj")
STEPS, BATCH_SIZE, LEARNING_RATE = 60, 4, 1e-3
"""About 45 s for a persona of ten facts on one thread."""
MAX_PAIR_TOKENS = 96
"""Tokens of a pair that are learnt from: a line that is read out for minutes is known by its beginning."""
VERSION = 1

TrainingPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LoraAdapter(Artefact):
    """What was learnt: the low-rank factors by the model's own names for them, and the loss on the way."""

    kind: ClassVar[str] = "adapter/1"
    factors: dict[str, NDArray[np.float32]]
    losses: tuple[float, ...]
    """Mean -log p of a reply's token, a step each."""


def get_or_tune_adapter(where: str, weights: Mapping[str, str], pairs: TrainingPairs, seed: int) -> LoraAdapter:
    """The adapter of the model in folder `where` on (prompt, reply) pairs: from the store, or tuned now."""
    parts = {
        "part": "dialogue/adapter", "version": VERSION, "weights": dict(weights), "pairs": [list(pair) for pair in pairs], "seed": seed,
        "how": [RANK, list(TARGET_MODULES), STEPS, BATCH_SIZE, LEARNING_RATE, MAX_PAIR_TOKENS],
    }  # fmt: skip
    return get_or_compute(parts, LoraAdapter, lambda: tune_adapter(where, pairs, seed))


def tune_adapter(where: str, pairs: TrainingPairs, seed: int, *, steps: int = STEPS) -> LoraAdapter:
    """Learns the pairs; the same arguments give the same factors on the same machine.

    Raises:
        BackendError: there is nothing to learn from, or peft is not installed.
    """
    import torch

    if not pairs:
        raise BackendError(Finding("dialogue/nothing-to-tune", "the persona has no question to tune on", fix="give its facts an `ask`"))
    base = CausalModel(where)
    chance = torch.Generator().manual_seed(seed % 2**63)
    model = _add_factors(base.model, chance)
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=LEARNING_RATE, weight_decay=0.0)
    rows = [_encode_pair(base, prompt, reply) for prompt, reply in pairs]
    losses = []
    for batch in _draw_batches(len(rows), steps, chance):
        loss = _compute_loss(model, [rows[i] for i in batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        losses.append(round(float(loss.detach()), 4))
    return LoraAdapter(_extract_factors(model), tuple(losses))


@lru_cache(maxsize=2)
def _load_merged(where: str, key: str) -> CausalModel:
    import torch
    from peft import set_peft_model_state_dict

    model = CausalModel(where)
    wrapped = _add_factors(model.model, torch.Generator())
    set_peft_model_state_dict(wrapped, {name: torch.from_numpy(factor) for name, factor in _CURRENT_ADAPTER[key].factors.items()})
    model.model = wrapped.merge_and_unload().eval()
    return model


_CURRENT_ADAPTER: dict[str, LoraAdapter] = {}


def apply_adapter(where: str, adapter: LoraAdapter) -> CausalModel:
    """The model with what the adapter learnt added to its weights; the last two are kept loaded."""
    key = sha256_json({name: factor.tobytes().hex() for name, factor in adapter.factors.items()})
    _CURRENT_ADAPTER.clear()
    _CURRENT_ADAPTER[key] = adapter
    return _load_merged(where, key)


def _add_factors(model: Any, chance: Any) -> Any:
    """The model with fresh factors beside its PARTS: A of chance, B zero, so that it starts as it was."""
    if not importlib.util.find_spec("peft"):
        raise BackendError(Finding("dialogue/no-peft", "persona.tune needs the package peft", fix="run make setup, or leave tune out"))
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, lora_dropout=0.0, target_modules=list(TARGET_MODULES), task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        # peft still asks transformers by the old name; nothing here can ask by the new one.
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
        wrapped = get_peft_model(model, config)
    for name, parameter in wrapped.named_parameters():
        # peft draws from torch's global chance, which other stages share: drawn again from our own.
        if "lora_A" in name:
            torch.nn.init.kaiming_uniform_(parameter, a=5**0.5, generator=chance)
    return wrapped


def _encode_pair(model: CausalModel, prompt: str, reply: str) -> tuple[list[int], int]:
    """Token ids of prompt and reply, and where the reply begins."""
    head = model.ids(prompt)[-MAX_PAIR_TOKENS // 2 :]
    return [*head, *model.ids(reply)[: MAX_PAIR_TOKENS - len(head)]], len(head)


def _draw_batches(count: int, steps: int, chance: Any) -> list[list[int]]:
    """Row numbers of each step: every row once before any comes again."""
    import torch

    order: list[int] = []
    while len(order) < steps * BATCH_SIZE:
        order += torch.randperm(count, generator=chance).tolist()
    return [order[at * BATCH_SIZE : (at + 1) * BATCH_SIZE] for at in range(steps)]


def _compute_loss(model: Any, rows: Sequence[tuple[list[int], int]]) -> Any:
    """Mean -log p over the replies' tokens of a batch; what pads a row is neither seen nor foretold."""
    import torch

    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row, _ in rows])
    seen = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row, _ in rows])
    wanted = torch.tensor([[-100] * begin + row[begin:] + [-100] * (longest - len(row)) for row, begin in rows])
    logits = model(input_ids=ids, attention_mask=seen, use_cache=False).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted[:, 1:].flatten(), ignore_index=-100)


def _extract_factors(model: Any) -> dict[str, NDArray[np.float32]]:
    from peft import get_peft_model_state_dict

    return {name: factor.float().numpy() for name, factor in sorted(get_peft_model_state_dict(model).items())}
