"""Every reader of a stranger's files under random changes, as a nightly flow: it fails where one of them breaks a reader, and keeps it.

The fuzzing itself is in tests/fuzz and runs in processes of its own: a reader that crashes ends neither the flow nor its worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact

from assets.child_process import make_python_environment
from assets.errors import BackendError, Finding, FormatError
from assets.paths import PROJECT_ROOT
from flows.engine.publish import make_plain_rows

READERS = ("spec", "bvh", "wav", "glb", "image", "film")
_COLUMNS = {"reader": "reader", "executions": "inputs", "finds": "found", "first": "first", "read": "read", "seconds": "seconds"}
"""Of a result -> of the table, the most useful first: the page shows four."""


@task(persist_result=False, task_run_name="fuzz · {reader}")
def fuzz_task(reader: str, minutes: float, keep: str) -> dict[str, Any]:
    """What `python -m tests.fuzz` says of one reader.

    Raises:
        BackendError: it did not run.
    """
    command = [sys.executable, "-P", "-m", "tests.fuzz", reader, "--minutes", str(minutes), "--keep", keep, "--json"]
    done = subprocess.run(command, env=make_python_environment(), cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    try:
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        fix = "run it from a checkout with the packages of the extra `dev`"
        raise BackendError(Finding("fuzz/not-run", f"the fuzzing of {reader} did not run: {reason}", fix=fix)) from error
    return result


@flow(name="fuzz-readers", persist_result=False, flow_run_name="fuzz · {minutes} min a reader")
def fuzz_readers(readers: list[str] | None = None, minutes: float = 10, keep: str = "build/fuzz") -> list[dict[str, Any]]:
    """Fuzzes one reader after the other and shows a table.

    Args:
        readers: names of tests/fuzz/readers.py; all by default.
        keep: folder of the inputs that break a reader; add them to tests/fuzz/corpus with the repair.

    Raises:
        FormatError: an input broke a reader.
    """
    folder = Path(keep).absolute()
    results = [fuzz_task(reader, minutes, str(folder)) for reader in readers or READERS]
    table = make_plain_rows({title: result[key] for key, title in _COLUMNS.items()} for result in results)
    create_table_artifact(table=table, key="fuzzing", description="Random changes of valid files, reader by reader")
    if broken := [result for result in results if result["finds"]]:
        found = "; ".join(f"{result['reader']}: {result['first']}" for result in broken)
        raise FormatError(Finding("fuzz/found", f"{found}; the inputs are in {folder}", fix="repair the reader, add them to its corpus"))
    return results
