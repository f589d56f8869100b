"""Tunes a causal model with LoRA (Hu et al. 2021) on a persona's questions and replies, so that it ranks them better.

It learns only which authored line follows which authored question; it still speaks no words of its own. The adapter is kept in
the store under a key of its training data, so the same persona is never tuned twice.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
"""Tokens of a pair that are used for training: the beginning is enough to recognise a long line."""
VERSION = 1

TrainingPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LoraAdapter(Artefact):
    """The low-rank factors by peft's parameter names, and the loss of each step."""

    kind: ClassVar[str] = "adapter/1"
    factors: dict[str, NDArray[np.float32]]
    losses: tuple[float, ...]
    """Mean -log p per token of the replies, one number per step."""


def get_or_tune_adapter(path: str, weights: Mapping[str, str], pairs: TrainingPairs, seed: int) -> LoraAdapter:
    """The adapter for the model in the folder `path` and these (prompt, reply) pairs: from the store, or tuned now."""
    parts = {
        "part": "dialogue/adapter", "version": VERSION, "weights": dict(weights), "pairs": [list(pair) for pair in pairs], "seed": seed,
        "how": [RANK, list(TARGET_MODULES), STEPS, BATCH_SIZE, LEARNING_RATE, MAX_PAIR_TOKENS],
    }  # fmt: skip
    return get_or_compute(parts, LoraAdapter, lambda: tune_adapter(path, pairs, seed))


def tune_adapter(path: str, pairs: TrainingPairs, seed: int, *, steps: int = STEPS) -> LoraAdapter:
    """Trains an adapter; the same arguments give the same factors on the same machine.

    Raises:
        BackendError: there are no pairs, or peft is not installed.
    """
    import torch

    if not pairs:
        raise BackendError(Finding("dialogue/nothing-to-tune", "persona.tune needs example questions", fix="add `ask` to the facts"))
    base = CausalModel(path)
    generator = torch.Generator().manual_seed(seed % 2**63)
    model = _add_factors(base.model, generator)
    factors = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(factors, lr=LEARNING_RATE, weight_decay=0.0)
    rows = [_encode_pair(base, prompt, reply) for prompt, reply in pairs]
    losses = []
    for batch in _draw_batches(len(rows), steps, generator):
        loss = _compute_loss(model, [rows[i] for i in batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(factors, 1.0)
        optimizer.step()
        losses.append(round(float(loss.detach()), 4))
    return LoraAdapter(_extract_factors(model), tuple(losses))


@dataclass(frozen=True)
class _HashedAdapter:
    """An adapter that functools can hash: two with the same digest are equal."""

    digest: str
    adapter: LoraAdapter = field(compare=False)


def apply_adapter(path: str, adapter: LoraAdapter) -> CausalModel:
    """The model with the adapter merged into its weights; the last two stay loaded."""
    digest = sha256_json({name: factor.tobytes().hex() for name, factor in adapter.factors.items()})
    return _load_merged(path, _HashedAdapter(digest, adapter))


@lru_cache(maxsize=2)  # 0.5 GB each: the personas in use
def _load_merged(path: str, hashed: _HashedAdapter) -> CausalModel:
    import torch
    from peft import set_peft_model_state_dict

    model = CausalModel(path)
    wrapped = _add_factors(model.model, torch.Generator())
    set_peft_model_state_dict(wrapped, {name: torch.from_numpy(factor) for name, factor in hashed.adapter.factors.items()})
    model.model = wrapped.merge_and_unload().eval()
    return model


def _add_factors(model: Any, generator: Any) -> Any:
    """The model with new factors for its TARGET_MODULES: A random and B zero, so that its outputs do not change yet."""
    if not importlib.util.find_spec("peft"):
        fix = "run `make setup`, or remove persona.tune"
        raise BackendError(Finding("dialogue/no-peft", "persona.tune needs the package peft, which is not installed", fix=fix))
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=RANK, lora_alpha=2 * RANK, lora_dropout=0.0, target_modules=list(TARGET_MODULES), task_type="CAUSAL_LM")
    with warnings.catch_warnings():
        # peft uses a deprecated name of transformers; nothing here can change that.
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
        wrapped = get_peft_model(model, config)
    for name, parameter in wrapped.named_parameters():
        # peft initialises from torch's global generator, which other stages share: initialise again from this one.
        if "lora_A" in name:
            torch.nn.init.kaiming_uniform_(parameter, a=5**0.5, generator=generator)
    return wrapped


def _encode_pair(model: CausalModel, prompt: str, reply: str) -> tuple[list[int], int]:
    """Token ids of prompt and reply, and the position at which the reply begins."""
    head = model.tokenize_text(prompt)[-MAX_PAIR_TOKENS // 2 :]
    return [*head, *model.tokenize_text(reply)[: MAX_PAIR_TOKENS - len(head)]], len(head)


def _draw_batches(count: int, steps: int, generator: Any) -> list[list[int]]:
    """Row numbers of each step: every row is used once before any is used again."""
    import torch

    order: list[int] = []
    while len(order) < steps * BATCH_SIZE:
        order += torch.randperm(count, generator=generator).tolist()
    return [order[at * BATCH_SIZE : (at + 1) * BATCH_SIZE] for at in range(steps)]


def _compute_loss(model: Any, rows: Sequence[tuple[list[int], int]]) -> Any:
    """Mean -log p over the replies' tokens of a batch; padding is masked."""
    import torch

    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([[*row, *[0] * (longest - len(row))] for row, _ in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row, _ in rows])
    labels = torch.tensor([[-100] * begin + row[begin:] + [-100] * (longest - len(row)) for row, begin in rows])
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)


def _extract_factors(model: Any) -> dict[str, NDArray[np.float32]]:
    from peft import get_peft_model_state_dict

    return {name: factor.float().numpy() for name, factor in sorted(get_peft_model_state_dict(model).items())}
