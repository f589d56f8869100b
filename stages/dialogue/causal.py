"""A causal language model on one thread: hidden states of a text, log-likelihood of replies, and generated text."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.errors import BackendError, Finding, SpecError
from assets.spec.wording import shorten
from assets.torch_defaults import TORCH_DEFAULTS_LOCK
from stages.dialogue.model_cache import ModelCache

States = NDArray[np.float32]
MAX_TOKENS = 256
"""Tokens of a text that the model gets; the rest is cut off."""
_MAX_CONFIG_BYTES = 1_000_000
"""Of a configuration: larger JSON files are vocabularies, which transformers does not search for code."""
_LARGE_MODEL_PARAMETERS = 1_000_000_000
"""From this size on, memory matters more than time: the model stays in bfloat16 even where that is slow."""


def is_bfloat16_slow(device: str) -> bool:
    """True for a CPU without bfloat16 instructions, which takes two to five times as long as in float32."""
    import torch

    return device == "cpu" and not any(present for name, present in torch.cpu.get_capabilities().items() if name.endswith("bf16"))


_LOCAL_ONLY = {"local_files_only": True, "trust_remote_code": False}
"""Nothing is downloaded and no code of a model folder is run; without the second, transformers asks for it on the terminal."""


@dataclass(frozen=True, eq=False)
class _PromptCache:
    """A processed prompt: keys and values (1, heads, tokens, width) of each layer, and the last token's hidden state (1, width)."""

    layers: tuple[tuple[Any, Any], ...]
    last: Any
    length: int


class CausalModel:
    """A transformers model and its tokenizer, from a folder or by id from the local cache; nothing is downloaded."""

    def __init__(self, model: str, device: str = "cpu") -> None:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if (folder := find_model_folder(model)) and (finding := find_custom_code(folder)):
            raise SpecError(finding)
        # More threads make small models slower (4 to 26 times, measured on two busy cores).
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(model, **_LOCAL_ONLY)
            with TORCH_DEFAULTS_LOCK:  # while it loads, bfloat16 is the default dtype of the whole process
                loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16, use_safetensors=True, **_LOCAL_ONLY)
            small = sum(parameter.numel() for parameter in loaded.parameters()) < _LARGE_MODEL_PARAMETERS
            self.model: Any = (loaded.float() if small and is_bfloat16_slow(device) else loaded).eval().to(device)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise BackendError(_report_unloadable_model(model, error)) from error

    def tokenize_text(self, text: str) -> list[int]:
        """Token ids, at most MAX_TOKENS."""
        # Special tokens written out in a text are split into letters: a fact cannot end the prompt's turn.
        ids: list[int] = self.tokenizer(text[: MAX_TOKENS * 8], add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return ids[:MAX_TOKENS]

    def compute_states(self, text: str, layer: int) -> States:
        """Hidden states (tokens, width) after a layer; (0, width) for an empty text."""
        import torch

        ids = self.tokenize_text(text)
        if not ids:
            return np.zeros((0, self.model.config.hidden_size), np.float32)
        with torch.inference_mode():
            # The layers above and the output head, three quarters of the work, are not needed.
            hidden = self._truncate_layers(layer)(torch.tensor([ids]), use_cache=False)[0][0]
        return np.asarray(hidden.float().numpy(), np.float32)

    def _truncate_layers(self, layer: int) -> Any:
        """A model of the first `layer` layers that shares their weights, without the last norm and the head."""
        import torch

        base = self.model.base_model
        short = copy.copy(base)
        short._modules = {**base._modules, "layers": base.layers[:layer], "norm": torch.nn.Identity()}
        return short

    def compute_likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """log p(reply | prompt) of each (prompt, reply): natural log, summed over the reply's tokens.

        All replies share one pass of the model, masked from one another. A single prompt is part of that pass; of several prompts
        each is processed once and cached. The last digits depend on what shares a pass: a pair alone gives a slightly different result.
        """
        import torch

        prompts = list(dict.fromkeys(prompt for prompt, _ in pairs))
        tails = [self.tokenize_text(reply) or [0] for _, reply in pairs]
        with torch.inference_mode():
            if len(prompts) == 1:
                hidden = self._run_shared_prompt(self.tokenize_text(prompts[0]) or [0], tails)
            else:
                caches = {prompt: _PROMPTS.get_or_compute(self, prompt, partial(_process_prompt, self, prompt)) for prompt in prompts}
                hidden = self._run_cached_prompts([caches[prompt] for prompt, _ in pairs], tails)
            return [self._sum_log_probabilities(states, tail) for states, tail in zip(hidden, tails, strict=True)]

    def _run_shared_prompt(self, prompt: Sequence[int], tails: Sequence[Sequence[int]]) -> list[Any]:
        """Hidden states before each token of each tail after the same prompt: (tokens, width) per tail."""
        import torch

        rows = [tail[:-1] for tail in tails]  # the last token of a tail is predicted, not an input
        first, ids = len(prompt), [*prompt, *(token for row in rows for token in row)]
        positions = [*range(first), *(first + at for row in rows for at in range(len(row)))]
        owner = torch.tensor([-1] * first + [i for i, row in enumerate(rows) for _ in row])
        visible = ((owner[:, None] == owner[None, :]) | (owner == -1)[None, :]).tril()
        hidden = self._run_tokens(ids, positions, visible)
        last, *parts = hidden.split([first, *(len(row) for row in rows)])
        return [torch.cat([last[-1:], part]) for part in parts]

    def _run_tokens(self, ids: Sequence[int], positions: Sequence[int], visible: Any, cache: Any = None) -> Any:
        """Hidden states (tokens, width) of a pass over tokens at these positions of their texts.

        `visible` (tokens, cached + tokens) is true where a token attends to another.
        """
        import torch

        least = torch.finfo(self.model.dtype).min
        mask = torch.full(visible.shape, least, dtype=self.model.dtype).masked_fill(visible, 0.0)[None, None]
        at = torch.tensor([positions])
        # use_cache=False: a new cache would be filled and discarded.
        cached = {"past_key_values": cache} if cache is not None else {"use_cache": False}
        return self.model.base_model(torch.tensor([ids]), position_ids=at, attention_mask=mask, **cached)[0][0]

    def _run_cached_prompts(self, prompts: Sequence[_PromptCache], tails: Sequence[Sequence[int]]) -> list[Any]:
        """Hidden states before each token of each tail after its own prompt: (tokens, width) per tail."""
        import torch
        from transformers import DynamicCache

        rows = [tail[:-1] for tail in tails]  # the last token of a tail is predicted, not an input
        ids = [token for row in rows for token in row]
        if not ids:
            return [prompt.last for prompt in prompts]
        unique = list({id(prompt): prompt for prompt in prompts}.values())
        cache = DynamicCache()
        for layer in range(len(unique[0].layers)):
            keys, values = zip(*(prompt.layers[layer] for prompt in unique), strict=True)
            cache.update(torch.cat(keys, 2), torch.cat(values, 2), layer)
        positions = [at + prompt.length for prompt, row in zip(prompts, rows, strict=True) for at in range(len(row))]
        parts = self._run_tokens(ids, positions, _build_attention_mask(prompts, unique, rows), cache).split([len(row) for row in rows])
        return [torch.cat([prompt.last, part]) for prompt, part in zip(prompts, parts, strict=True)]

    def _sum_log_probabilities(self, states: Any, tail: Sequence[int]) -> float:
        import torch

        logits = self.model.get_output_embeddings()(states).float()
        picked = logits.gather(-1, torch.tensor(tail)[:, None])[:, 0] - logits.logsumexp(-1)
        return float(picked.sum())

    def generate_text(self, messages: list[dict[str, str]], *, tokens: int = 80) -> str:
        """The model's answer to the messages, decoded greedily: the same messages give the same text."""
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
    """Folder of the user's model: the one given, or by id the one in the local cache; None if there is neither."""
    if os.path.isdir(model):
        return Path(model)
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        return None
    return Path(config).parent if isinstance(config, str) else None


def find_custom_code(folder: Path) -> Finding | None:
    """The finding for a model folder whose configuration names Python code of its own; None where there is none.

    transformers would import it: `auto_map` in any of its JSON files names a module of the folder or of a model hub.
    """
    for file in sorted(folder.glob("*.json")):
        if file.stat().st_size <= _MAX_CONFIG_BYTES and b'"auto_map"' in file.read_bytes():
            message = f"the model {folder.name} brings Python code of its own (auto_map in {file.name}), which is never run"
            return Finding("dialogue/model-code", message, fix="choose a model that transformers supports without custom code")
    return None


def report_missing_model(model: str) -> Finding:
    """The finding for a model that is not on this machine."""
    message = f"the model {shorten(model)} is neither a folder nor in the local cache"
    return Finding("dialogue/model-absent", message, fix=f"download it with `hf download {shorten(model)}`, or name a folder")


def _report_unloadable_model(model: str, error: Exception) -> Finding:
    if find_model_folder(model) is None:
        return report_missing_model(model)
    # For an incomplete model in the cache, transformers' message says that its server is out of reach, which is not the cause.
    reason = str(error).splitlines()[0] if os.path.isdir(model) else "it is incomplete in the local cache"
    fix = "name a folder with config.json, safetensors and a tokenizer, or download the model with `hf download ID`"
    return Finding("dialogue/model", f"transformers cannot load {model} as a causal language model: {reason}", fix=fix)


def _build_attention_mask(prompts: Sequence[_PromptCache], unique: Sequence[_PromptCache], rows: Sequence[Sequence[int]]) -> Any:
    """(rows, prompts + rows) true where a token attends to another: to its own prompt, and to the tokens before it in its row."""
    import torch

    owner = torch.tensor([i for i, prompt in enumerate(unique) for _ in range(prompt.length)])
    prompt_of_row = torch.tensor([unique.index(prompt) for prompt, row in zip(prompts, rows, strict=True) for _ in row])
    tail = torch.tensor([i for i, row in enumerate(rows) for _ in row])
    return torch.cat([owner[None, :] == prompt_of_row[:, None], (tail[:, None] == tail[None, :]).tril()], 1)


_PROMPTS: ModelCache[_PromptCache] = ModelCache(32)
"""One pass has at most seven prompts, of about 2 MB each in float32; the others may serve the next question."""


def _process_prompt(model: CausalModel, prompt: str) -> _PromptCache:
    """A prompt in a pass of its own, so that its states do not depend on which others were cached."""
    import torch
    from transformers import DynamicCache

    ids, cache = model.tokenize_text(prompt) or [0], DynamicCache()
    with torch.inference_mode():
        last = model.model.base_model(torch.tensor([ids]), past_key_values=cache)[0][0, -1:]
    return _PromptCache(tuple((layer.keys, layer.values) for layer in cache.layers), last, len(ids))


@lru_cache(maxsize=2)  # the embedded model (0.5 GB) and a writer
def load_model(model: str, device: str = "cpu") -> CausalModel:
    """The model of a folder or id; the last two stay loaded."""
    return CausalModel(model, device)
