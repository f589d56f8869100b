"""The process that fuzzes: `python -P -m tests.fuzz.loop READER SEED SECONDS FOLDER [atheris]`, started by tests/fuzz/run.py.

Each input is written into a shared page before it is read, so that the owner has it whatever becomes of this process.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import mmap
import os
import struct
import sys
import time
import traceback
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from assets.media_limits import DECODER_MEMORY_BYTES
from assets.sandbox import grant_cpu_time
from tests.fuzz.readers import Reader, find_reader

STATE = struct.Struct("<QQI")
"""Executions, inputs that were read, bytes of the current input."""
STATE_BYTES = 1 << 20
MAX_CPU_S = 20
"""For one input: more is a hang."""


class Session:
    """One process's share: it counts, records the current input and keeps what breaks the reader."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self.reader, self.folder = reader, folder
        self.executions = self.read = 0
        self.known: set[str] = set()
        with (folder / "state").open("r+b") as stream:
            self.state = mmap.mmap(stream.fileno(), STATE_BYTES)

    def run(self, data: bytes) -> None:
        """Reads one input."""
        data = data[: STATE_BYTES - STATE.size]
        self.state[STATE.size : STATE.size + len(data)] = data
        self.executions += 1
        self.state[: STATE.size] = STATE.pack(self.executions, self.read, len(data))
        grant_cpu_time(MAX_CPU_S)
        try:
            self.read += self.reader.check(data)
        except Exception as error:
            self.keep(data, error)

    def keep(self, data: bytes, error: Exception) -> None:
        """Keeps the input, one for each place and kind of error."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        if kind in self.known:
            return
        self.known.add(kind)
        save_find(self.folder, self.reader.name, data, f"{kind}: {str(error)[:200]}")


def save_find(folder: Path, reader: str, data: bytes, reason: str) -> None:
    """Writes the input next to the others of its reader, and a line about it into finds.jsonl."""
    name = f"found_{hashlib.sha256(data).hexdigest()[:12]}"
    (folder / reader).mkdir(exist_ok=True)
    (folder / reader / name).write_bytes(data)
    with (folder / "finds.jsonl").open("a") as stream:
        stream.write(json.dumps({"reader": reader, "file": f"{reader}/{name}", "reason": reason}) + "\n")


def fuzz_by_properties(session: Session, number: int, seconds: float) -> None:
    """hypothesis draws changes of the corpus until the time is over."""
    ends_at = time.monotonic() + seconds
    strategy = session.reader.strategy()
    while time.monotonic() < ends_at:

        @seed(number)
        @settings(max_examples=50, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(strategy)
        def run(data: bytes) -> None:
            if time.monotonic() < ends_at:
                session.run(data)

        run()
        number += 1


def fuzz_by_coverage(session: Session, number: int, seconds: float) -> None:
    """atheris changes bytes and keeps what reaches new lines of the readers; it ends the process itself."""
    import atheris

    corpus = str(session.reader.list_files()[0].parent)
    options = [f"-seed={number}", f"-max_total_time={max(int(seconds), 1)}", "-max_len=100000", "-rss_limit_mb=0"]
    # The first folder is where libFuzzer writes new inputs.
    fresh = session.folder / f"coverage-{session.reader.name}"
    fresh.mkdir(exist_ok=True)
    atheris.Setup([sys.argv[0], *options, str(fresh), corpus], session.run)
    atheris.Fuzz()


def _import_instrumented() -> None:
    """Loads the readers so that atheris sees each of their lines; they are loaded already as they are, and replaced."""
    import atheris

    names = [name for name in sys.modules if name.partition(".")[0] in ("assets", "stages") or name.startswith("tests.fuzz.")]
    for name in names:
        if name != __name__:
            del sys.modules[name]
    with atheris.instrument_imports(include=["assets.formats", "assets.spec", "stages.motion", "stages.verify"]):
        readers = importlib.import_module("tests.fuzz.readers")
    # The errors that count as refusals are those of the modules that are loaded now.
    globals()["find_reader"] = readers.find_reader


def main() -> None:
    """Fuzzes one reader for a time."""
    import resource

    name, number, seconds, folder, *engine = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (DECODER_MEMORY_BYTES, DECODER_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What the libraries print about broken files.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if engine:
        _import_instrumented()
    session = Session(find_reader(name), Path(folder))
    (fuzz_by_coverage if engine else fuzz_by_properties)(session, int(number), float(seconds))


if __name__ == "__main__":
    main()
