"""How a stage becomes a task: what it has freed is the system's again."""

from __future__ import annotations

import sys

import psutil
import pytest

from flows.step import trim_memory


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked")
def test_what_a_stage_has_freed_goes_back_to_the_system() -> None:
    process = psutil.Process()
    blocks = [bytearray(2000) for _ in range(50_000)]
    last = blocks[-1]  # holds the heap's end, so that what lies before it stays glibc's
    del blocks[:]
    before = process.memory_info().rss
    trim_memory()
    assert before - process.memory_info().rss > 50_000_000
    assert len(last) == 2000
