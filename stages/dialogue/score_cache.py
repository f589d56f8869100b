"""Keeps the language model's results from build to build, so that a changed fact costs only what it takes part in."""

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
    """Results of the model by the digest of its input."""

    kind: ClassVar[str] = "told/1"
    values: dict[str, list[float]] = field(default_factory=dict)
    """Of a list of (prompt, reply): log p(reply | prompt) of each."""
    states: dict[str, States] = field(default_factory=dict)
    """Of a text: its hidden states (tokens, width)."""


PromptReplies = Sequence[tuple[str, str]]
V = TypeVar("V")
_OPEN_CACHE: ContextVar[tuple[CachedScores, CachedScores] | None] = ContextVar("fenshen_score_cache", default=None)
"""What the last build kept, and what this one has used so far."""


@contextmanager
def open_score_cache(subject: Mapping[str, Any]) -> Iterator[None]:
    """Inside, likelihoods and states are looked up before they are computed; those that were used are kept for the next build.

    Args:
        subject: the model's weights and the persona; only the last build of a persona is kept.
    """
    parts = {"part": "dialogue/told", **subject}
    cached, used = lookup(parts, CachedScores) or CachedScores(), CachedScores()
    token = _OPEN_CACHE.set((cached, used))
    try:
        yield
    finally:
        _OPEN_CACHE.reset(token)
    if used.values.keys() - cached.values.keys() or used.states.keys() - cached.states.keys():
        save(parts, CachedScores(dict(sorted(used.values.items())), dict(sorted(used.states.items()))))


def lookup_likelihoods(pairs: PromptReplies, compute: Callable[[PromptReplies], list[float]]) -> list[float]:
    """`compute(pairs)`, or its cached result; a list is one entry, because the results depend slightly on what shares a pass."""
    if (caches := _OPEN_CACHE.get()) is None:
        return compute(pairs)
    return _get_or_compute("\0".join(text for pair in pairs for text in pair), caches[0].values, caches[1].values, lambda: compute(pairs))


def lookup_states(text: str, compute: Callable[[str], States]) -> States:
    """`compute(text)`, or its cached result."""
    if (caches := _OPEN_CACHE.get()) is None:
        return compute(text)
    return _get_or_compute(text, caches[0].states, caches[1].states, lambda: compute(text))


def _get_or_compute(subject: str, cached: dict[str, V], used: dict[str, V], compute: Callable[[], V]) -> V:
    key = sha256(subject.encode())[:32]
    used[key] = cached[key] if key in cached else used[key] if key in used else compute()
    return used[key]
