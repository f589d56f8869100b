"""Every reader of a stranger's bytes returns or refuses with one of our errors: on the whole corpus, and on some hundreds of changes.

The same examples each time; `python -m tests.fuzz READER --minutes 10` draws others.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.readers import CORPUS, READERS, Reader

FILES = [(reader, path) for reader in READERS.values() for path in reader.list_files()]


@pytest.mark.parametrize(("reader", "path"), FILES, ids=lambda item: item.name)
def test_every_file_of_the_corpus_is_read_or_refused(reader: Reader, path: Path) -> None:
    read = reader.check(path.read_bytes())
    # Seeds are valid; what was found before was refused in some other way.
    assert read or path.name.startswith("found_") or reader.name in ("spec", "bvh")


@pytest.mark.parametrize("reader", READERS.values(), ids=lambda reader: reader.name)
def test_a_changed_file_is_read_or_refused(reader: Reader) -> None:
    @settings(max_examples=reader.examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(reader.strategy())
    def check(data: bytes) -> None:
        reader.check(data)

    check()


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*")) < 300_000
