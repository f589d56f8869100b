"""Runs a reader's fuzzing in a process of its own, and starts it again where an input ends it: that input is kept as well."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from assets.child_process import make_python_environment
from tests.fuzz.loop import STATE, STATE_BYTES, save_find

STUCK_S = 300.0
"""Without a new input: the process waits for something, since computing is limited by the kernel."""
START_S = 120.0
"""For imports on a busy machine; not part of the time to fuzz."""


@dataclass
class Result:
    """What became of a run."""

    reader: str
    engine: str
    seconds: float = 0.0
    executions: int = 0
    read: int = 0
    """Inputs that the reader took; the others it refused."""
    finds: int = 0
    first: str = ""
    """Why the first input was kept."""


def fuzz_reader(reader: str, seconds: float, folder: Path, *, seed: int, engine: str = "hypothesis") -> Result:
    """Fuzzes for that long; inputs that break the reader are in `folder`, with a line each in finds.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "finds.jsonl").unlink(missing_ok=True)
    result, began = Result(reader, engine), time.monotonic()
    while (left := seconds - (time.monotonic() - began)) > 0:
        before = result.executions
        code = _run_process(result, left, folder, seed, engine)
        seed += 1_000_003
        if code == 0:
            break
        if result.executions == before:
            raise SystemExit(f"the process that fuzzes {reader} ended with code {code} before its first input")
    result.seconds = round(time.monotonic() - began, 1)
    file = folder / "finds.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    result.finds, result.first = len(lines), lines[0]["reason"] if lines else ""
    return result


def _run_process(result: Result, seconds: float, folder: Path, seed: int, engine: str) -> int:
    """The exit code of one process, whose count is added to the result; what ended it is kept."""
    state = folder / "state"
    state.write_bytes(bytes(STATE_BYTES))
    command = [sys.executable, "-P", "-m", "tests.fuzz.loop", result.reader, str(seed), str(seconds), str(folder)]
    command += ["atheris"] if engine == "atheris" else []
    process = subprocess.Popen(command, env=make_python_environment(), stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        code = _wait(process, state)
    finally:
        process.kill()
        process.wait()
    executions, read, length = STATE.unpack(state.read_bytes()[: STATE.size])
    result.executions += executions
    result.read += read
    if code and executions:
        reason = signal.Signals(-code).name if -code in set(signal.Signals) else f"exit code {code}"
        save_find(folder, result.reader, state.read_bytes()[STATE.size : STATE.size + length], f"the process ended with {reason}")
    return code


def _wait(process: subprocess.Popen[bytes], state: Path) -> int:
    count, since = 0, time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=1)
        now = STATE.unpack(state.read_bytes()[: STATE.size])[0]
        if now != count:
            count, since = now, time.monotonic()
        elif time.monotonic() - since > (STUCK_S if count else STUCK_S + START_S):
            process.kill()
            return process.wait()


def format_row(result: Result) -> str:
    """One line for people."""
    found = f"{result.finds} found, first: {result.first}" if result.finds else "nothing found"
    return f"{result.reader} ({result.engine}): {result.executions} inputs in {result.seconds:.0f} s, {result.read} of them read, {found}"


def to_json(result: Result) -> str:
    """One line for programs."""
    return json.dumps(asdict(result))
