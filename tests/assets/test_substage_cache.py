"""Parts of a stage's work are found again in the store, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from assets.artefact import Artefact
from assets.store import LocalStore
from assets.substage_cache import get_or_compute, lookup, use_cache


@dataclass(frozen=True)
class Number(Artefact):
    kind: ClassVar[str] = "number/1"
    value: int


class Counting:
    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> Number:
        self.made += 1
        return Number(self.made)


def test_the_same_parts_are_made_once_for_a_store(tmp_path: Path) -> None:
    make = Counting()
    for _ in range(2):
        with use_cache(LocalStore(tmp_path)):
            assert get_or_compute({"part": "n", "seed": 1}, Number, make) == Number(1)


def test_other_parts_are_made_for_themselves(tmp_path: Path) -> None:
    make = Counting()
    with use_cache(LocalStore(tmp_path)):
        assert get_or_compute({"seed": 1}, Number, make) != get_or_compute({"seed": 2}, Number, make)


def test_without_a_store_everything_is_made_anew() -> None:
    make = Counting()
    assert [get_or_compute({"seed": 1}, Number, make).value for _ in range(2)] == [1, 2]


def test_a_damaged_part_is_made_again(tmp_path: Path) -> None:
    make = Counting()
    with use_cache(LocalStore(tmp_path)):
        get_or_compute({"seed": 1}, Number, make)
        for blob in tmp_path.glob("blobs/*/*"):
            blob.write_bytes(b"torn")
        assert lookup({"seed": 1}, Number) is None
        assert get_or_compute({"seed": 1}, Number, make) == Number(2)
