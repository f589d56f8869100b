"""Log-likelihoods that the language model has told before: a changed fact asks only for those that it takes part in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar

from assets.artefact import Artefact
from assets.digest import sha256
from assets.memo import keep, recall


@dataclass(frozen=True)
class Likelihoods(Artefact):
    """Digest of a list of (prompt, reply) -> log p(reply | prompt) of each."""

    kind: ClassVar[str] = "likelihoods/2"
    values: dict[str, list[float]] = field(default_factory=dict)


Pairs = Sequence[tuple[str, str]]
_OPEN: ContextVar[tuple[dict[str, list[float]], dict[str, list[float]]] | None] = ContextVar("fenshen_ledger", default=None)


@contextmanager
def ledger(about: Mapping[str, Any]) -> Iterator[None]:
    """Inside, likelihoods are looked up before they are computed; what was asked for is kept for the next time.

    Args:
        about: the model's weights and whose persona it is; only the last build of a persona is kept.
    """
    parts = {"part": "dialogue/likelihoods", **about}
    found = recall(parts, Likelihoods)
    known = dict(found.values) if found else {}
    asked: dict[str, list[float]] = {}
    token = _OPEN.set((known, asked))
    try:
        yield
    finally:
        _OPEN.reset(token)
    if asked.keys() - known.keys():
        keep(parts, Likelihoods(dict(sorted(asked.items()))))


def likelihoods(pairs: Pairs, tell: Callable[[Pairs], list[float]]) -> list[float]:
    """What `tell(pairs)` gives, from the open ledger where these very pairs were told before; a list is one entry."""
    pages = _OPEN.get()
    if pages is None:
        return tell(pairs)
    known, asked = pages
    key = sha256("\0".join(text for pair in pairs for text in pair).encode())[:32]
    asked[key] = known[key] if key in known else asked[key] if key in asked else tell(pairs)
    return asked[key]
