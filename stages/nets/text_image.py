"""One interface for text-image encoders: our own weights, or a CLIP folder of the user's own.

A generator takes a text as conditions: the vector of the text, of a fixed length whatever the encoder's is, scaled to 0..1.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from assets import weights as committed
from assets.artefacts.geometry import Floats
from assets.digest import sha256_file
from assets.errors import BackendError, Finding
from stages.nets.weights_io import load_net

TITLE = "portrait-clip"
"""Our own encoder in weights.json."""
FOLDER_VARIABLE = "FENSHEN_CLIP"
"""Environment variable with the path of a transformers CLIP folder to use instead."""
TEXT_WIDTH = 128
TEXT_CONDITIONS = tuple(f"text-{k:03d}" for k in range(TEXT_WIDTH))
"""Names of a generator's conditions that are a text."""
_DEVIATIONS = 3.0
"""Standard deviations of a component that 0 and 1 stand for."""
# Of OpenAI's CLIP, which a folder without preprocessor_config.json was most likely trained with.
_CLIP_MEAN, _CLIP_DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class TextImageEncoder(Protocol):
    """Unit vectors of texts and of images, alike where they belong together; torch tensors, with gradients for the images."""

    scale: float
    """Inverse temperature that it was trained with."""

    def embed_texts(self, texts: Sequence[str]) -> Any:
        """(n,d) float32 unit vectors."""

    def embed_images(self, images: Any) -> Any:
        """(n,d) float32 unit vectors of (n,3,h,w) images in -1..1, of any size."""


class OwnEncoder:
    """The encoder of `fenshen train clip`."""

    def __init__(self, file: Path, sha256: str | None = None) -> None:
        net = load_net(file, sha256, "clip")
        self._clip, self._shape = net.nets["clip"], net.shape
        self.scale = float(self._clip.scale)

    def embed_texts(self, texts: Sequence[str]) -> Any:
        """(n,d) unit vectors."""
        import torch

        from stages.nets.clip import tokenize

        with torch.no_grad():
            return self._clip.embed_tokens(torch.from_numpy(tokenize(texts, self._shape)))

    def embed_images(self, images: Any) -> Any:
        """(n,d) unit vectors."""
        return self._clip.embed_images(_resize(images, self._shape.size))


class ClipFolder:
    """A CLIPModel of transformers with its tokenizer, from a folder; nothing is downloaded, and no pickle is loaded."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "config.json").is_file():
            fix = "give a folder that `save_pretrained` of transformers' CLIPModel wrote"
            raise BackendError(Finding("clip/folder", f"{folder} holds no CLIP model", fix=fix))
        from transformers import AutoTokenizer, CLIPModel

        try:
            self._model = CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval().requires_grad_(False)
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError) as error:
            fix = "give a folder with config.json, model.safetensors and the tokenizer's files"
            message = f"{folder.name} cannot be read as a CLIP model: {str(error).splitlines()[0]}"
            raise BackendError(Finding("clip/folder", message, fix=fix)) from error
        self.scale = float(self._model.logit_scale.exp())
        self._size = int(self._model.config.vision_config.image_size)

    def embed_texts(self, texts: Sequence[str]) -> Any:
        """(n,d) unit vectors."""
        import torch

        length = int(self._model.config.text_config.max_position_embeddings)
        tokens = self._tokenizer(list(texts), padding=True, truncation=True, max_length=length, return_tensors="pt")
        with torch.no_grad():
            found = self._model.text_model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
            return torch.nn.functional.normalize(self._model.text_projection(found.pooler_output), dim=1)

    def embed_images(self, images: Any) -> Any:
        """(n,d) unit vectors."""
        import torch

        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (_CLIP_MEAN, _CLIP_DEVIATION))
        pixels = (_resize(images, self._size) / 2 + 0.5 - mean) / deviation
        found = self._model.vision_model(pixel_values=pixels)
        return torch.nn.functional.normalize(self._model.visual_projection(found.pooler_output), dim=1)


def _resize(images: Any, size: int) -> Any:
    """(n,c,size,size) of (n,c,h,w)."""
    import torch.nn.functional as F

    return images if images.shape[-1] == size else F.interpolate(images, (size, size), mode="bilinear", antialias=True)


def find_missing_encoder() -> str:
    """Why there is no encoder, in one clause; empty where there is one."""
    if os.environ.get(FOLDER_VARIABLE) or committed.has_weights(TITLE):
        return ""
    return f"there are no weights named {TITLE}: make them with `fenshen train clip`"


def digest_encoder() -> str:
    """sha256 of the weights that `open_encoder` reads; empty where there are none. A generator takes the vectors of one encoder alone."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        file = Path(folder) / "model.safetensors"
        return sha256_file(file) if file.is_file() else ""
    return committed.read_sha256(TITLE) if committed.has_weights(TITLE) else ""


def open_encoder() -> TextImageEncoder:
    """The encoder of FENSHEN_CLIP, else our own; raises BackendError where there is none."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        return _open_folder(Path(folder))
    if missing := find_missing_encoder():
        raise BackendError(Finding("clip/missing", missing, fix=f"or set {FOLDER_VARIABLE} to a CLIP folder of your own"))
    return _open_own(committed.locate_weights(TITLE), committed.read_sha256(TITLE))


@lru_cache(maxsize=1)
def _open_own(file: Path, sha256: str) -> TextImageEncoder:
    return OwnEncoder(file, sha256)


@lru_cache(maxsize=1)
def _open_folder(folder: Path) -> TextImageEncoder:
    return ClipFolder(folder)


def to_conditions(vectors: Any) -> Any:
    """(n,TEXT_WIDTH) tensor 0..1 of unit vectors (n,d); vectors of another length are projected at random, always alike."""
    import torch

    if vectors.shape[1] != TEXT_WIDTH:
        vectors = torch.nn.functional.normalize(vectors @ torch.from_numpy(_make_projection(vectors.shape[1])), dim=1)
    # Components of a unit vector have a deviation of 1 / sqrt(d).
    return (0.5 + vectors * (TEXT_WIDTH**0.5 / (2 * _DEVIATIONS))).clamp(0, 1)


@lru_cache(maxsize=2)
def _make_projection(length: int) -> Floats:
    """(length,TEXT_WIDTH) that keeps angles on average (Johnson and Lindenstrauss 1984)."""
    drawn = np.random.default_rng(length).standard_normal((length, TEXT_WIDTH)) / np.sqrt(TEXT_WIDTH)
    return np.asarray(drawn, np.float32)


def embed_conditions(texts: Sequence[str], batch: int = 256) -> Floats:
    """(n,TEXT_WIDTH) 0..1 conditions of texts, by the encoder that `open_encoder` finds."""
    encoder = open_encoder()
    parts = [to_conditions(encoder.embed_texts(texts[i : i + batch])).numpy() for i in range(0, len(texts), batch)]
    return np.concatenate(parts) if parts else np.zeros((0, TEXT_WIDTH), np.float32)
