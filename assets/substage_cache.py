"""A cache of partial results of a stage, such as the sound of one line, that later builds reuse.

A stage remains a plain function: inside `use_cache(store)` its partial results are read from and written to that store under keys of
their own; outside, everything is computed. Only pure results may be cached: the same parts must always give the same artefact.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from assets.artefact import Artefact, Ref
from assets.digest import sha256_json
from assets.errors import StoreError
from assets.store import Store

A = TypeVar("A", bound=Artefact)
LOGGER = logging.getLogger("fenshen")
"""The stages' logger: a warning is shown above the live display."""
_STORE: ContextVar[Store | None] = ContextVar("fenshen_memo", default=None)
"""The store of the stage that runs in this context; copied into the threads that it starts."""


@contextmanager
def use_cache(store: Store) -> Iterator[None]:
    """Context in which partial results are read from and written to the store."""
    token = _STORE.set(store)
    try:
        yield
    finally:
        _STORE.reset(token)


def lookup(parts: Mapping[str, Any], makes: type[A]) -> A | None:
    """The artefact cached under these parts (JSON values that cover everything it depends on); None if there is none or it is damaged."""
    store, key = _STORE.get(), sha256_json(dict(parts))
    found = store.find(key) if store else None
    if store and found is None and store.is_damaged(key):
        LOGGER.warning("%s: the stored part is damaged and is computed again", parts.get("part", makes.kind))
    if store is None or found is None or found["kind"] != makes.kind:
        return None
    try:
        return store.get(Ref(makes.kind, found["digest"]), makes)
    except StoreError:
        return None  # another process has just swept it


def save(parts: Mapping[str, Any], artefact: Artefact) -> None:
    """Caches the artefact under these parts; does nothing outside `use_cache`."""
    if store := _STORE.get():
        store.put(sha256_json(dict(parts)), artefact, {"part": dict(parts)})


def get_or_compute(parts: Mapping[str, Any], makes: type[A], compute: Callable[[], A]) -> A:
    """The artefact cached under these parts, else the result of `compute`, which is then cached."""
    artefact = lookup(parts, makes)
    if artefact is None:
        artefact = compute()
        save(parts, artefact)
    return artefact
