"""The worker process: stages run there as they would here, and it ends with its owner."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assets.errors import BackendError, SpecError
from assets.spec.behaviour import FactSpec, PersonaSpec
from assets.store import LocalStore
from flows.engine.worker_process import StageRequest, StageWorker
from flows.pipeline.definition import STAGES
from flows.pipeline.plan import PlannedStage
from stages.execute import Job, execute

PLAIN = PersonaSpec(facts=(FactSpec(say="The lamp is green.", ask=("What colour is the lamp?",)),))


def make_job(options: PersonaSpec = PLAIN, backend: str = "overlap") -> Job:
    return Job(options, 0, backend, extra={"name": "Tiny"})


def make_request(root: Path, job: Job | None = None) -> StageRequest:
    return StageRequest("dialogue", job or make_job(), str(root), False, {})


@pytest.fixture(scope="module")
def worker() -> Iterator[StageWorker]:
    worker = StageWorker()
    yield worker
    worker.close()


def test_a_stage_gives_the_same_result_there_as_here(worker: StageWorker, tmp_path: Path) -> None:
    there = worker.execute(make_request(tmp_path / "there"))
    here = execute(STAGES["dialogue"], make_job(), LocalStore(tmp_path / "here"), {})
    assert (there.key, there.ref, there.cached) == (here.key, here.ref, False)
    assert worker.execute(make_request(tmp_path / "there")).cached


def test_the_time_that_a_stage_waits_for_the_process_counts(worker: StageWorker, tmp_path: Path) -> None:
    early = replace(make_request(tmp_path), requested_at=time.monotonic() - 100)
    assert worker.execute(early).seconds > 100


def test_an_error_arrives_with_its_findings(worker: StageWorker, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as wrong:
        worker.execute(make_request(tmp_path, make_job(PLAIN.model_copy(update={"tune": True}))))
    assert [finding.code for finding in wrong.value.findings] == ["dialogue/tune-unused"]
    with pytest.raises(BackendError, match="no backend 'none'"):
        worker.execute(make_request(tmp_path, make_job(backend="none")))


def test_a_bug_arrives_with_its_traceback(worker: StageWorker, tmp_path: Path) -> None:
    with pytest.raises(KeyError) as bug:
        worker.execute(StageRequest("nothing", make_job(), str(tmp_path), False, {}))
    assert "in handle_request" in "".join(bug.value.__notes__)


def test_what_a_stage_logs_there_is_logged_here(worker: StageWorker, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A warning about a damaged result was printed past the live display."""
    with caplog.at_level(logging.INFO, "fenshen"):
        outcome = worker.execute(make_request(tmp_path))
    assert [record.getMessage() for record in caplog.records if record.name == "fenshen"] == [
        f"dialogue: running with overlap under key {outcome.key}",
        f"dialogue: stored dialogue/1 {outcome.ref.digest} after {outcome.seconds:.1f} s",
    ]


def test_a_process_that_ends_is_an_error_and_the_next_try_starts_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = StageWorker()
    with monkeypatch.context() as broken:
        dying = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        broken.setattr(worker, "start", lambda: dying)
        with pytest.raises(ChildProcessError, match=r"^the worker process of dialogue ended with code 3$"):
            worker.execute(make_request(tmp_path))
    first = worker.start()
    first.kill()
    first.wait()
    assert not worker.execute(make_request(tmp_path)).cached
    assert worker.start() is not first
    worker.close()


def test_it_ends_when_its_owner_closes_it(tmp_path: Path) -> None:
    worker = StageWorker()
    worker.execute(make_request(tmp_path))
    process = worker.start()
    worker.close()
    assert process.wait(timeout=60) == 0
    worker.close()


def test_its_exit_code_is_collected_without_waiting_for_it() -> None:
    """Every build of a server left a zombie."""
    worker = StageWorker()
    process = worker.start()
    before = set(threading.enumerate())
    worker.close()
    (collector,) = set(threading.enumerate()) - before
    collector.join(60)
    assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def plan_stage(name: str, *, waits: bool = False, backend: str | None = None) -> PlannedStage:
    return PlannedStage(name, True, "", None, backend, waits)


def test_torch_is_loaded_before_threads_need_it_or_while_the_reply_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, started = StageWorker(), list[object]()
    monkeypatch.setattr(worker, "start", started.append)
    isolated = [plan_stage("dialogue", backend="transformers"), plan_stage("voice", waits=True, backend="coqui")]
    assert worker.prepare(isolated) == ([], [])
    assert started == [[("dialogue", "transformers")]]
    assert len(worker.pending_preloaders) == 3, "torch, pyloudnorm, the voice"

    required, optional = worker.prepare([plan_stage("identity"), *isolated])
    assert (len(required), optional, len(worker.pending_preloaders)) == (1, [], 2)

    required, optional = worker.prepare([plan_stage("voice", backend="coqui")])
    assert (len(required), len(optional)) == (1, 2)
    assert worker.prepare([PlannedStage("voice", False, "in the store")]) == ([], [])
    assert len(started) == 2
