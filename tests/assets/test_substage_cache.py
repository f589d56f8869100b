"""Partial results of a stage are cached in the store, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from assets.artefact import Artefact
from assets.store import LocalStore
from assets.substage_cache import get_or_compute, lookup, use_cache


@dataclass(frozen=True)
class Number(Artefact):
    kind: ClassVar[str] = "number/1"
    value: int


class Counter:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Number:
        self.calls += 1
        return Number(self.calls)


def test_the_same_parts_are_computed_once_per_store(tmp_path: Path) -> None:
    compute = Counter()
    for _ in range(2):
        with use_cache(LocalStore(tmp_path)):
            assert get_or_compute({"part": "n", "seed": 1}, Number, compute) == Number(1)


def test_other_parts_are_computed_separately(tmp_path: Path) -> None:
    compute = Counter()
    with use_cache(LocalStore(tmp_path)):
        assert get_or_compute({"seed": 1}, Number, compute) != get_or_compute({"seed": 2}, Number, compute)


def test_without_a_store_everything_is_computed() -> None:
    compute = Counter()
    assert [get_or_compute({"seed": 1}, Number, compute).value for _ in range(2)] == [1, 2]


def test_a_damaged_result_is_recomputed_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    compute = Counter()
    with use_cache(LocalStore(tmp_path)):
        get_or_compute({"part": "n", "seed": 1}, Number, compute)
        for blob in tmp_path.glob("blobs/*/*"):
            blob.write_bytes(b"torn")
        assert lookup({"part": "n", "seed": 1}, Number) is None
        assert caplog.messages == ["n: the stored part is damaged and is computed again"]
        assert get_or_compute({"part": "n", "seed": 1}, Number, compute) == Number(2)
