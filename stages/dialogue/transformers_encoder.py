"""Any encoder that transformers loads, from a folder or by id from the local cache: mean of the last states, as a unit vector."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from assets.digest import sha256_file, sha256_json
from assets.errors import BackendError, Finding, SpecError
from stages.dialogue.causal import find_custom_code, find_model_folder, report_missing_model
from stages.dialogue.encoder import Vectors

MAX_TOKENS, BATCH = 256, 16
E5_PREFIXES = ("query: ", "passage: ")
"""What the models called e5 were trained with; others get the text alone."""


@lru_cache(maxsize=2)  # the user's encoders in use
def load_transformers_encoder(model: str) -> TransformersEncoder:
    """The encoder of a folder or id; nothing is downloaded."""
    return TransformersEncoder(model)


class TransformersEncoder:
    """A model of the user's own on one thread."""

    def __init__(self, model: str) -> None:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer

        folder = find_model_folder(model)
        if folder is None:
            raise BackendError(report_missing_model(model))
        if finding := find_custom_code(folder):
            raise SpecError(finding)
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, **local)
            self.model: Any = AutoModel.from_pretrained(folder, use_safetensors=True, **local).float().eval()
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            message = f"transformers cannot load {folder.name} as an encoder: {str(error).splitlines()[0]}"
            fix = "name a folder with config.json, safetensors and a tokenizer"
            raise BackendError(Finding("dialogue/encoder", message, fix=fix)) from error
        self.name = folder.name
        self.digest = sha256_json([sha256_file(part) for part in sorted(folder.glob("*.safetensors"))])
        self.prefixes = E5_PREFIXES if "e5" in self.name.lower() else ("", "")

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """(n, width) unit vectors of what people ask."""
        return self._encode([self.prefixes[0] + text for text in texts])

    def encode_statements(self, texts: Sequence[str]) -> Vectors:
        """(n, width) unit vectors of what may be the answer."""
        return self._encode([self.prefixes[1] + text for text in texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        width = int(self.model.config.hidden_size)
        parts = [self._encode_batch(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, width), np.float32)

    def _encode_batch(self, texts: Sequence[str]) -> Vectors:
        import torch

        encoded = self.tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True, max_length=MAX_TOKENS)
        with torch.inference_mode():
            states = self.model(**encoded)[0]
        weights = encoded["attention_mask"][..., None].float()
        means = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        return np.asarray(torch.nn.functional.normalize(means, dim=-1).numpy(), np.float32)
