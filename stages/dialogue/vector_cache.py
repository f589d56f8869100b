"""Vectors of texts that every persona shares: encoded once for a machine and an encoder, then read from a file."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from assets.digest import sha256_json
from assets.paths import get_baked_path
from stages.dialogue.encoder import SentenceEncoder, Vectors

MAX_TEXTS = 4096
"""Texts whose vectors are kept, 1.5 KB each: the self-check makes a matcher of a persona's texts again for each question it leaves out."""
_LOCK = threading.Lock()
_VECTORS: OrderedDict[tuple[SentenceEncoder, bool, str], Vectors] = OrderedDict()


def encode_texts(encoder: SentenceEncoder, texts: Sequence[str], *, questions: bool = True) -> Vectors:
    """(n, width) unit vectors of a persona's questions or statements; those of the last MAX_TEXTS texts are kept."""
    with _LOCK:
        known = {text: _VECTORS[encoder, questions, text] for text in texts if (encoder, questions, text) in _VECTORS}
    missing = [text for text in dict.fromkeys(texts) if text not in known]
    made = np.asarray((encoder.encode_questions if questions else encoder.encode_statements)(missing), np.float32)
    known |= dict(zip(missing, made, strict=True))
    with _LOCK:
        _VECTORS.update({(encoder, questions, text): known[text] for text in missing})
        while len(_VECTORS) > MAX_TEXTS:
            _VECTORS.popitem(last=False)
    return np.stack([known[text] for text in texts]) if texts else made


@lru_cache(maxsize=8)  # 0.6 MB each: two languages, two kinds, a few encoders
def encode_once(encoder: SentenceEncoder, texts: tuple[str, ...], *, questions: bool = True) -> Vectors:
    """(n, width) unit vectors of questions or statements; three seconds at the first call on a machine, then none."""
    kind = "questions" if questions else "statements"
    path = get_baked_path(f"{kind}-{sha256_json([encoder.name, encoder.digest, list(texts)])[:16]}.npy")
    found = _read(path, len(texts))
    if found is None:
        found = np.asarray((encoder.encode_questions if questions else encoder.encode_statements)(texts), np.float32)
        _write(path, found)
    return found


def _read(path: Path, count: int) -> Vectors | None:
    """The file's vectors; None where it is missing or damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return np.asarray(found, np.float32) if found.ndim == 2 and len(found) == count and np.isfinite(found).all() else None


def _write(path: Path, vectors: Vectors) -> None:
    """Writes the file whole; a folder that cannot be written costs time only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix="vectors-", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            np.save(stream, vectors)
        os.replace(draft, path)
    except OSError:
        return
