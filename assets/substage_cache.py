"""What a stage remembers of its own parts: a line already spoken, a question already weighed, found again by the next build.

A stage stays a plain function: inside `remembering(store)` its parts are looked up in and put into that store under keys
of their own, outside of it everything is made anew. Only pure results may be kept: the same parts, the same artefact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from assets.artefact import Artefact, Ref
from assets.digest import sha256_json
from assets.errors import StoreError
from assets.store import Store

A = TypeVar("A", bound=Artefact)
_STORE: ContextVar[Store | None] = ContextVar("fenshen_memo", default=None)


@contextmanager
def use_cache(store: Store) -> Iterator[None]:
    """Parts made inside are kept in the store, and found there."""
    token = _STORE.set(store)
    try:
        yield
    finally:
        _STORE.reset(token)


def lookup(parts: Mapping[str, Any], makes: type[A]) -> A | None:
    """What was kept under these parts (plain JSON values that name everything it depends on); None where nothing sound is."""
    store = _STORE.get()
    found = store.find(sha256_json(dict(parts))) if store else None
    if store is None or found is None or found["kind"] != makes.kind:
        return None
    try:
        return store.get(Ref(makes.kind, found["digest"]), makes)
    except StoreError:
        return None  # swept by another process a moment ago


def save(parts: Mapping[str, Any], artefact: Artefact) -> None:
    """Keeps the artefact under the parts; forgotten outside of `remembering`."""
    if store := _STORE.get():
        store.put(sha256_json(dict(parts)), artefact, {"part": dict(parts)})


def get_or_compute(parts: Mapping[str, Any], makes: type[A], make: Callable[[], A]) -> A:
    """What was kept under the parts, or what `make` makes now, kept."""
    found = lookup(parts, makes)
    if found is None:
        found = make()
        save(parts, found)
    return found
