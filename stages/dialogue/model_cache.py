"""Caches what a loaded language model computed; the results are freed with the model, which functools.lru_cache would keep alive."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

V = TypeVar("V")


class ModelCache(Generic[V]):
    """The `max_size` most recently used results of each model, by key; for all threads."""

    def __init__(self, max_size: int) -> None:
        self.max_size = max_size
        self._results: WeakKeyDictionary[object, OrderedDict[Hashable, V]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def get_or_compute(self, model: object, key: Hashable, compute: Callable[[], V]) -> V:
        """The model's result for the key: a cached one, or what `compute` returns now."""
        with self._lock:
            results = self._results.setdefault(model, OrderedDict())
            if key in results:
                results.move_to_end(key)
                return results[key]
        value = compute()
        with self._lock:
            results[key] = value
            if len(results) > self.max_size:
                results.popitem(last=False)
        return value
