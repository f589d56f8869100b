"""The nightly fuzzing: it really runs, and what breaks a reader fails the run and is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from assets.errors import BackendError, FormatError
from assets.paths import PROJECT_ROOT
from flows.engine.fuzzing import READERS, fuzz_task
from flows.engine.run_flow import run_training
from tests.fuzz import readers

pytestmark = pytest.mark.slow


def fuzz(names: list[str], keep: Path) -> list[dict[str, object]]:
    """The flow, for two seconds a reader."""
    found: list[dict[str, object]] = run_training("flows.engine.fuzzing:fuzz_readers", (names, 2 / 60, str(keep)))
    return found


def test_the_flow_fuzzes_a_reader(tmp_path: Path) -> None:
    (result,) = fuzz(["wav"], tmp_path)
    executions = result["executions"]
    assert result["reader"] == "wav"
    assert result["finds"] == 0
    assert isinstance(executions, int)
    assert executions > 0


def test_what_breaks_a_reader_fails_the_run_and_is_kept(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        fuzz(["tests.fuzz.broken_reader:BROKEN"], tmp_path)
    assert "IndexError at broken_reader.py" in str(caught.value) or "SIGSEGV" in str(caught.value)
    kept = {path.read_bytes() for path in tmp_path.rglob("found_*")}
    assert kept
    assert kept <= {b"raise", b"crash"}


def test_fuzzing_that_cannot_run_is_no_silent_success(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        fuzz_task.fn("no_such_module:X", 0.01, str(tmp_path))
    assert "error[fuzz/not-run] the fuzzing of no_such_module:X did not run" in str(caught.value)


def test_the_nightly_deployment_fuzzes_every_reader() -> None:
    deployments = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    (nightly,) = [item for item in deployments if item["name"] == "fuzz"]
    assert nightly["entrypoint"] == "flows/engine/fuzzing.py:fuzz_readers"
    assert nightly["parameters"] == {"minutes": 10}
    assert nightly["schedules"] == [{"cron": "0 1 * * *", "timezone": "UTC", "active": True}]
    assert set(READERS) == set(readers.READERS)
