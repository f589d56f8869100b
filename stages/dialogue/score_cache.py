"""What the language model has told of texts before: a changed fact asks only for what it takes part in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from assets.artefact import Artefact
from assets.digest import sha256
from assets.substage_cache import lookup, save
from stages.dialogue.causal import States


@dataclass(frozen=True)
class CachedScores(Artefact):
    """What was told, by the digest of what it was asked about."""

    kind: ClassVar[str] = "told/1"
    values: dict[str, list[float]] = field(default_factory=dict)
    """Of a list of (prompt, reply): log p(reply | prompt) of each."""
    states: dict[str, States] = field(default_factory=dict)
    """Of a text: its hidden states (tokens, width)."""


PromptReplies = Sequence[tuple[str, str]]
A = TypeVar("A")
_OPEN_CACHE: ContextVar[tuple[CachedScores, CachedScores] | None] = ContextVar("fenshen_ledger", default=None)


@contextmanager
def open_score_cache(about: Mapping[str, Any]) -> Iterator[None]:
    """Inside, likelihoods and states are looked up before they are computed; what was asked for is kept for the next time.

    Args:
        about: the model's weights and whose persona it is; only the last build of a persona is kept.
    """
    parts = {"part": "dialogue/told", **about}
    known, asked = lookup(parts, CachedScores) or CachedScores(), CachedScores()
    token = _OPEN_CACHE.set((known, asked))
    try:
        yield
    finally:
        _OPEN_CACHE.reset(token)
    if asked.values.keys() - known.values.keys() or asked.states.keys() - known.states.keys():
        save(parts, CachedScores(dict(sorted(asked.values.items())), dict(sorted(asked.states.items()))))


def lookup_likelihoods(pairs: PromptReplies, tell: Callable[[PromptReplies], list[float]]) -> list[float]:
    """What `tell(pairs)` gives, from the open ledger where these very pairs were told before; a list is one entry."""
    if (pages := _OPEN_CACHE.get()) is None:
        return tell(pairs)
    return _get_or_compute("\0".join(text for pair in pairs for text in pair), pages[0].values, pages[1].values, lambda: tell(pairs))


def lookup_states(text: str, tell: Callable[[str], States]) -> States:
    """What `tell(text)` gives, from the open ledger where it was told before."""
    if (pages := _OPEN_CACHE.get()) is None:
        return tell(text)
    return _get_or_compute(text, pages[0].states, pages[1].states, lambda: tell(text))


def _get_or_compute(about: str, known: dict[str, A], asked: dict[str, A], tell: Callable[[], A]) -> A:
    key = sha256(about.encode())[:32]
    asked[key] = known[key] if key in known else asked[key] if key in asked else tell()
    return asked[key]
