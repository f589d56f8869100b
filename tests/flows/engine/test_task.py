"""How a stage becomes a task: the name of its asset, and that freed memory is returned to the system."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

import flows.engine.task
from assets.spec.read import read_spec
from assets.store import LocalStore
from flows.engine.task import TaskSubmitter, trim_memory
from flows.pipeline.definition import STAGES
from flows.pipeline.request import ResolvedRequest


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has malloc_trim")
def test_what_a_stage_has_freed_goes_back_to_the_system() -> None:
    process = psutil.Process()
    blocks = [bytearray(2000) for _ in range(50_000)]
    last = blocks[-1]  # holds the end of the heap, so that glibc keeps what is freed before it
    del blocks[:]
    before = process.memory_info().rss
    trim_memory()
    assert before - process.memory_info().rss > 50_000_000
    assert len(last) == 2000


def test_a_stages_asset_has_the_name_of_the_bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lin's were fenshen://avatar/..., her bundle fenshen://lin/bundle."""

    def stop(key: str, **options: object) -> None:
        raise LookupError(key)

    monkeypatch.setattr(flows.engine.task, "materialize", stop)
    lin = read_spec("lin").spec
    with pytest.raises(LookupError, match="fenshen://lin/identity"):
        TaskSubmitter(ResolvedRequest(lin, tmp_path, LocalStore(tmp_path)), "lin")(STAGES["identity"], lin.identity)
