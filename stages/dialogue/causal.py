"""A causal language model on one thread: hidden states of a text, log-probability of replies, and free text."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.errors import BackendError, Finding
from assets.spec.wording import shorten
from assets.torch_defaults import TORCH_DEFAULTS_LOCK

States = NDArray[np.float32]
MAX_TOKENS = 256
"""Tokens of a text that are read."""
_LARGE_MODEL_PARAMETERS = 1_000_000_000
"""Parameters from which on memory counts for more than time."""


def is_bfloat16_slow(device: str) -> bool:
    """Whether bfloat16 is slow there: a CPU without products in it takes two to five times as long as in float32."""
    import torch

    return device == "cpu" and not any(there for name, there in torch.cpu.get_capabilities().items() if name.endswith("bf16"))


@dataclass(frozen=True, eq=False)
class _PromptCache:
    """A prompt that was read: keys and values (1, heads, tokens, width) of each layer, and the last token's state (1, width)."""

    layers: tuple[tuple[Any, Any], ...]
    last: Any
    length: int


class CausalModel:
    """A transformers model with its tokenizer, loaded from a folder or, by id, from the local cache; nothing is downloaded."""

    def __init__(self, where: str, device: str = "cpu") -> None:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer

        # More threads are slower on small models (measured 4-26 times on two loaded cores).
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(where, local_files_only=True)
            with TORCH_DEFAULTS_LOCK:  # bfloat16 becomes the type of every new number in this process as long as the model is built
                read = AutoModelForCausalLM.from_pretrained(where, dtype=torch.bfloat16, local_files_only=True)
            small = sum(parameter.numel() for parameter in read.parameters()) < _LARGE_MODEL_PARAMETERS
            self.model: Any = (read.float() if small and is_bfloat16_slow(device) else read).eval().to(device)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise BackendError(_report_unloadable_model(where, error)) from error

    def ids(self, text: str) -> list[int]:
        """Token ids, at most LONGEST."""
        # A special token spelled out in a text stays plain letters: a fact cannot end the prompt's turn.
        found: list[int] = self.tokenizer(text[: MAX_TOKENS * 8], add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return found[:MAX_TOKENS]

    def states(self, text: str, layer: int) -> States:
        """Hidden states (tokens, width) behind a layer; (0, width) for no text."""
        import torch

        ids = self.ids(text)
        if not ids:
            return np.zeros((0, self.model.config.hidden_size), np.float32)
        with torch.inference_mode():
            # Neither the layers above nor the vocabulary are needed, three quarters of the work.
            hidden = self._truncate_layers(layer)(torch.tensor([ids]), use_cache=False)[0][0]
        return np.asarray(hidden.float().numpy(), np.float32)

    def _truncate_layers(self, layer: int) -> Any:
        """The first `layer` layers on the same weights, without the last norm and the head."""
        import torch

        base = self.model.base_model
        short = copy.copy(base)
        short._modules = {**base._modules, "layers": base.layers[:layer], "norm": torch.nn.Identity()}
        return short

    def compute_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """log p(reply | prompt) of each (prompt, reply), natural log, summed over the reply's tokens.

        All replies go through the model in one pass, none seeing another; with them goes their prompt, if they have but one, else
        each prompt is read once and remembered for a while. The last digits hang on what shares a pass: told alone, a pair gives
        a hair more or less than in company.
        """
        import torch

        asked = list(dict.fromkeys(prompt for prompt, _ in pairs))
        tails = [self.ids(reply) or [0] for _, reply in pairs]
        with torch.inference_mode():
            if len(asked) == 1:
                hidden = self._run_shared_prompt(self.ids(asked[0]) or [0], tails)
            else:
                prompts = {prompt: _cache_prompt(self, prompt) for prompt in asked}
                hidden = self._run_cached_prompts([prompts[prompt] for prompt, _ in pairs], tails)
            return [self._sum_log_probabilities(states, tail) for states, tail in zip(hidden, tails, strict=True)]

    def _run_shared_prompt(self, prompt: Sequence[int], tails: Sequence[Sequence[int]]) -> list[Any]:
        """What the model thinks before each token of each tail of one prompt: (tokens, width) a tail."""
        import torch

        rows = [tail[:-1] for tail in tails]  # the last token of a tail is foretold, never read
        first, ids = len(prompt), [*prompt, *(token for row in rows for token in row)]
        places = [*range(first), *(first + at for row in rows for at in range(len(row)))]
        owner = torch.tensor([-1] * first + [i for i, row in enumerate(rows) for _ in row])
        seen = ((owner[:, None] == owner[None, :]) | (owner == -1)[None, :]).tril()
        hidden = self._run_tokens(ids, places, seen)
        last, *parts = hidden.split([first, *(len(row) for row in rows)])
        return [torch.cat([last[-1:], part]) for part in parts]

    def _run_tokens(self, ids: Sequence[int], places: Sequence[int], seen: Any, cache: Any = None) -> Any:
        """(tokens, width) of a pass over tokens at these places of their texts.

        `seen` (tokens, cached + tokens) is true where one sees another.
        """
        import torch

        least = torch.finfo(self.model.dtype).min
        sight = torch.full(seen.shape, least, dtype=self.model.dtype).masked_fill(seen, 0.0)[None, None]
        at = torch.tensor([places])
        # Without a cache to go on from none is asked for: it would be filled and thrown away.
        given = {"past_key_values": cache} if cache is not None else {"use_cache": False}
        return self.model.base_model(torch.tensor([ids]), position_ids=at, attention_mask=sight, **given)[0][0]

    def _run_cached_prompts(self, prompts: Sequence[_PromptCache], tails: Sequence[Sequence[int]]) -> list[Any]:
        """What the model thinks before each token of each tail: (tokens, width) a tail."""
        import torch
        from transformers import DynamicCache

        # The last token of a tail is foretold, never read.
        rows = [tail[:-1] for tail in tails]
        ids = [token for row in rows for token in row]
        if not ids:
            return [prompt.last for prompt in prompts]
        unique = list({id(prompt): prompt for prompt in prompts}.values())
        cache = DynamicCache()
        for layer in range(len(unique[0].layers)):
            keys, values = zip(*(prompt.layers[layer] for prompt in unique), strict=True)
            cache.update(torch.cat(keys, 2), torch.cat(values, 2), layer)
        places = [at + prompt.length for prompt, row in zip(prompts, rows, strict=True) for at in range(len(row))]
        parts = self._run_tokens(ids, places, _build_attention_mask(prompts, unique, rows), cache).split([len(row) for row in rows])
        return [torch.cat([prompt.last, part]) for prompt, part in zip(prompts, parts, strict=True)]

    def _sum_log_probabilities(self, states: Any, tail: Sequence[int]) -> float:
        import torch

        logits = self.model.get_output_embeddings()(states).float()
        picked = logits.gather(-1, torch.tensor(tail)[:, None])[:, 0] - logits.logsumexp(-1)
        return float(picked.sum())

    def write(self, messages: list[dict[str, str]], *, tokens: int = 80) -> str:
        """Free text that answers the messages; greedy, so the same messages give the same text."""
        import torch

        if self.tokenizer.chat_template:
            prompt = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        else:
            prompt = "\n".join(message["content"] for message in messages) + "\n"
        encoded = self.tokenizer(
            prompt, add_special_tokens=False, return_tensors="pt", truncation=True, max_length=1024, return_token_type_ids=False
        )
        with torch.inference_mode():
            out = self.model.generate(
                **encoded.to(self.model.device), max_new_tokens=tokens, do_sample=False,
                pad_token_id=self.tokenizer.eos_token_id or 0,
            )  # fmt: skip
        return str(self.tokenizer.decode(out[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)).strip()


def find_model_folder(model: str) -> Path | None:
    """Where a model of the user's own lies: its folder, or what the local cache holds under its id; None where it is not here."""
    if os.path.isdir(model):
        return Path(model)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        return None
    return Path(found).parent if isinstance(found, str) else None


def report_missing_model(model: str) -> Finding:
    """What to tell of a model that is not on this machine."""
    message = f"the model {shorten(model)} is not on this machine, neither as a folder nor in the local cache"
    return Finding("dialogue/model-absent", message, fix=f"fetch it with `hf download {shorten(model)}`, or give a folder")


def _report_unloadable_model(where: str, error: Exception) -> Finding:
    if find_model_folder(where) is None:
        return report_missing_model(where)
    # Of a model that is only half in the cache transformers says that it cannot reach its server, which nobody asked it to.
    reason = str(error).splitlines()[0] if os.path.isdir(where) else "the local cache holds not all of it"
    fix = "give a folder with config.json, safetensors and a tokenizer, or fetch the model first with `hf download ID`"
    return Finding("dialogue/model", f"{where} is not a causal language model that transformers can load: {reason}", fix=fix)


def _build_attention_mask(prompts: Sequence[_PromptCache], unique: Sequence[_PromptCache], rows: Sequence[Sequence[int]]) -> Any:
    """(rows, prompts + rows) true where a token sees another: its own prompt, and what came before it in its row."""
    import torch

    owner = torch.tensor([i for i, prompt in enumerate(unique) for _ in range(prompt.length)])
    wanted = torch.tensor([unique.index(prompt) for prompt, row in zip(prompts, rows, strict=True) for _ in row])
    tail = torch.tensor([i for i, row in enumerate(rows) for _ in row])
    return torch.cat([owner[None, :] == wanted[:, None], (tail[:, None] == tail[None, :]).tril()], 1)


@lru_cache(maxsize=32)
def _cache_prompt(model: CausalModel, prompt: str) -> _PromptCache:
    """Each prompt in a pass of its own, so that it does not hang on which others were new."""
    import torch
    from transformers import DynamicCache

    ids, cache = model.ids(prompt) or [0], DynamicCache()
    with torch.inference_mode():
        last = model.model.base_model(torch.tensor([ids]), past_key_values=cache)[0][0, -1:]
    return _PromptCache(tuple((layer.keys, layer.values) for layer in cache.layers), last, len(ids))


@lru_cache(maxsize=2)
def load_model(where: str, device: str = "cpu") -> CausalModel:
    """The model of a folder or id, kept while few others are asked for."""
    return CausalModel(where, device)
