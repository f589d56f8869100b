"""A cache per model: bounded, least recently used first, and freed with the model."""

from __future__ import annotations

import gc
import weakref

from stages.dialogue.model_cache import ModelCache


class Model:
    pass


def test_a_result_is_computed_once_for_each_model() -> None:
    cache: ModelCache[int] = ModelCache(4)
    first, second = Model(), Model()
    computed: list[int] = []
    for model, value in ((first, 1), (second, 2), (first, 3)):
        cache.get_or_compute(model, "key", lambda value=value: computed.append(value) or value)  # type: ignore[func-returns-value]
    assert computed == [1, 2]
    assert cache.get_or_compute(first, "key", lambda: 4) == 1


def test_the_least_recently_used_result_is_dropped() -> None:
    cache: ModelCache[str] = ModelCache(2)
    model = Model()
    for key in ("a", "b", "a", "c"):
        cache.get_or_compute(model, key, lambda: "old")
    assert {key: cache.get_or_compute(model, key, lambda: "new") for key in ("a", "c", "b")} == {"a": "old", "c": "old", "b": "new"}


def test_results_do_not_keep_their_model_alive() -> None:
    """lru_cache kept up to 4096 results and with them every model that a process had tuned, 0.5 GB each."""
    cache: ModelCache[int] = ModelCache(2)
    model = Model()
    cache.get_or_compute(model, "key", lambda: 1)
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None
