"""The interface of a sentence encoder: texts of any language -> vectors, close where the meanings are close."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class SentenceEncoder(Hashable, Protocol):
    """Encodes questions and statements into one space, where a question is near what it asks and near other wordings of itself."""

    name: str
    digest: str
    """sha256 of the weights."""

    def encode_questions(self, texts: Sequence[str]) -> Vectors:
        """(n, width) unit vectors of what people ask."""

    def encode_statements(self, texts: Sequence[str]) -> Vectors:
        """(n, width) unit vectors of what may be the answer."""
