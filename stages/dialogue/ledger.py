"""Log-likelihoods that the language model has told before: a changed fact asks only for those that it takes part in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar

from assets.artefact import Artefact
from assets.digest import sha256
from assets.memo import keep, recall


@dataclass(frozen=True)
class Likelihoods(Artefact):
    """Digest of a prompt and its reply -> log p(reply | prompt)."""

    kind: ClassVar[str] = "likelihoods/1"
    values: dict[str, float] = field(default_factory=dict)


_OPEN: ContextVar[tuple[dict[str, float], dict[str, float]] | None] = ContextVar("fenshen_ledger", default=None)


@contextmanager
def ledger(about: Mapping[str, Any]) -> Iterator[None]:
    """Inside, likelihoods are looked up before they are computed; what was asked for is kept for the next time.

    Args:
        about: the model's weights and whose persona it is; only the last build of a persona is kept.
    """
    parts = {"part": "dialogue/likelihoods", **about}
    found = recall(parts, Likelihoods)
    known = dict(found.values) if found else {}
    asked: dict[str, float] = {}
    token = _OPEN.set((known, asked))
    try:
        yield
    finally:
        _OPEN.reset(token)
    if asked.keys() - known.keys():
        keep(parts, Likelihoods(dict(sorted(asked.items()))))


def likelihood(prompt: str, reply: str, tell: Callable[[str, str], float]) -> float:
    """What `tell(prompt, reply)` gives, from the open ledger where it is known."""
    pages = _OPEN.get()
    if pages is None:
        return tell(prompt, reply)
    known, asked = pages
    key = sha256(f"{prompt}\0{reply}".encode())[:32]
    asked[key] = known[key] if key in known else asked[key] if key in asked else tell(prompt, reply)
    return asked[key]
