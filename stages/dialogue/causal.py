"""A causal language model on one thread: hidden states of a text, log-probability of replies, and free text."""

from __future__ import annotations

import copy
import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.errors import BackendError, Finding

States = NDArray[np.float32]
LONGEST = 256
"""Tokens of a text that are read."""


class Causal:
    """A transformers model with its tokenizer, loaded from a folder or, by id, from the local cache; nothing is downloaded."""

    def __init__(self, where: str, device: str = "cpu") -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        # More threads are slower on small models (measured 4-26 times on two loaded cores).
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(where, local_files_only=True)
            self.model: Any = AutoModelForCausalLM.from_pretrained(where, dtype=torch.bfloat16, local_files_only=True).eval().to(device)
        except (OSError, ValueError, KeyError) as error:
            message = f"{where} is not a causal language model that transformers can load: {str(error).splitlines()[0]}"
            fix = "give a folder with config.json, safetensors and a tokenizer, or fetch the model first with `hf download ID`"
            raise BackendError(Finding("dialogue/model", message, fix=fix)) from error

    def ids(self, text: str) -> list[int]:
        """Token ids, at most LONGEST."""
        # A special token spelled out in a text stays plain letters: a fact cannot end the prompt's turn.
        found: list[int] = self.tokenizer(text[: LONGEST * 8], add_special_tokens=False, split_special_tokens=True)["input_ids"]
        return found[:LONGEST]

    def states(self, text: str, layer: int) -> States:
        """Hidden states (tokens, width) behind a layer; (0, width) for no text."""
        import torch

        ids = self.ids(text)
        if not ids:
            return np.zeros((0, self.model.config.hidden_size), np.float32)
        with torch.inference_mode():
            # Neither the layers above nor the vocabulary are needed, three quarters of the work.
            hidden = self._below(layer)(torch.tensor([ids]), use_cache=False)[0][0]
        return np.asarray(hidden.float().numpy(), np.float32)

    def _below(self, layer: int) -> Any:
        """The first `layer` layers on the same weights, without the last norm and the head."""
        import torch

        base = self.model.base_model
        short = copy.copy(base)
        short._modules = {**base._modules, "layers": base.layers[:layer], "norm": torch.nn.Identity()}
        return short

    def log_likelihood(self, prompt: str, reply: str) -> float:
        """Sum over the reply's tokens of log p(reply | prompt), natural log.

        One reply at a time: in a batch its neighbours' lengths would show in the last digits.
        """
        import torch

        head, tail = self.ids(prompt) or [0], self.ids(reply) or [0]
        row = torch.tensor([[*head, *tail]])
        with torch.inference_mode():
            # Only the reply's positions go through the vocabulary, a quarter of the model's work a token.
            hidden = self.model.base_model(row, use_cache=False)[0][:, len(head) - 1 : -1]
            logits = self.model.get_output_embeddings()(hidden).float()
        picked = logits.log_softmax(-1).gather(-1, row[:, len(head) :, None])
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


@lru_cache(maxsize=2)
def load(where: str, device: str = "cpu") -> Causal:
    """The model of a folder or id, kept while few others are asked for."""
    return Causal(where, device)
