"""The process beside the flow: stages run there as they would here, and it is gone when nobody needs it."""

from __future__ import annotations

import subprocess
import sys
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


def job(options: PersonaSpec = PLAIN, backend: str = "overlap") -> Job:
    return Job(options, 0, backend, extra={"name": "Tiny"})


def request(root: Path, asked: Job | None = None) -> StageRequest:
    return StageRequest("dialogue", asked or job(), str(root), False, {})


@pytest.fixture(scope="module")
def beside() -> Iterator[StageWorker]:
    made = StageWorker()
    yield made
    made.start().kill()


def test_a_stage_gives_there_what_it_gives_here(beside: StageWorker, tmp_path: Path) -> None:
    there = beside.execute(request(tmp_path / "there"))
    here = execute(STAGES["dialogue"], job(), LocalStore(tmp_path / "here"), {})
    assert (there.key, there.ref, there.cached) == (here.key, here.ref, False)
    assert beside.execute(request(tmp_path / "there")).cached
    early = replace(request(tmp_path / "early"), requested_at=time.monotonic() - 100)
    assert beside.execute(early).seconds > 100, "what it waited for is its own time"


def test_what_is_raised_there_arrives_with_its_findings_and_where_it_was_raised(beside: StageWorker, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as wrong:
        beside.execute(request(tmp_path, job(PLAIN.model_copy(update={"tune": True}))))
    assert [finding.code for finding in wrong.value.findings] == ["dialogue/tune-unused"]
    with pytest.raises(BackendError, match="no backend 'none'"):
        beside.execute(request(tmp_path, job(backend="none")))
    with pytest.raises(KeyError) as bug:
        beside.execute(StageRequest("nothing", job(), str(tmp_path), False, {}))
    assert "in answer" in "".join(bug.value.__notes__)


def test_one_that_ends_is_told_and_another_try_starts_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = StageWorker()
    with monkeypatch.context() as broken:
        dies = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        broken.setattr(own, "start", lambda: dies)
        with pytest.raises(ChildProcessError, match="the process of dialogue ended with code 3"):
            own.execute(request(tmp_path))
    first = own.start()
    first.kill()
    first.wait()
    assert not own.execute(request(tmp_path)).cached
    assert own.start() is not first
    own.start().kill()


def test_it_ends_with_its_standard_input(tmp_path: Path) -> None:
    own = StageWorker()
    own.execute(request(tmp_path))
    process = own.start()
    assert process.stdin
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def planned(name: str, *, waits: bool = False, backend: str | None = None) -> PlannedStage:
    return PlannedStage(name, True, "", None, backend, waits)


def test_torch_is_loaded_before_threads_need_it_or_while_the_answer_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    own, begun = StageWorker(), []
    monkeypatch.setattr(own, "start", begun.append)
    alone = [planned("dialogue", backend="transformers"), planned("voice", waits=True, backend="coqui")]
    assert own.prepare(alone) == ([], [])
    assert begun == [[("dialogue", "transformers")]]
    assert len(own.pending_preloaders) == 3, "torch, pyloudnorm, the voice"

    needed, useful = own.prepare([planned("identity"), *alone])
    assert (len(needed), useful, len(own.pending_preloaders)) == (1, [], 2)

    needed, useful = own.prepare([planned("voice", backend="coqui")])
    assert (len(needed), len(useful)) == (1, 2)
    assert own.prepare([PlannedStage("voice", False, "in the store")]) == ([], [])
    assert len(begun) == 2
