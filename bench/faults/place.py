"""A home of its own for trials, real `fenshen` commands in it, and the processes that they start."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assets.paths import PROJECT_ROOT, get_home
from assets.store import LocalStore

MARK = "FENSHEN_FAULT"
"""Environment variable that every process of a trial inherits, whatever adopts it."""
_PR_CAPBSET_DROP = 24
_IGNORE_PERMISSIONS = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of capabilities(7), which leave a child of root when they leave its bounding set."""
LINGER_S = 60.0
"""How long a worker process may take to finish the stage that it was running when its owner was killed."""
TINY_SPEC = """name: {name}
seed: {seed}
persona:
  facts:
    - say: {line}
      ask: ["What colour is the lamp?"]
package: {{turntable: false}}
"""
"""The smallest character that goes through every stage."""


@dataclass
class Place:
    """A folder with a home (store, Prefect's database), a folder for temporary files, specs and bundles."""

    root: Path
    mark: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        for folder in (self.home, self.temporary, self.outputs):
            folder.mkdir(parents=True, exist_ok=True)
        for name in ("baked", "node"):
            link = self.home / name
            if not os.path.lexists(link):
                link.symlink_to((get_home() / name).resolve())

    @property
    def home(self) -> Path:
        """FENSHEN_HOME."""
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        """TMPDIR."""
        return self.root / "tmp"

    @property
    def outputs(self) -> Path:
        """What commands print; next to the place, whose disk may be full."""
        return self.root.with_name(f"{self.root.name}-output")

    @property
    def store(self) -> LocalStore:
        """Of the home."""
        return LocalStore(self.home / "store")

    @property
    def environment(self) -> dict[str, str]:
        """That of a user who has set nothing but the home."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "FENSHEN_"))}
        path = os.pathsep.join([str(PROJECT_ROOT), os.environ.get("PYTHONPATH", "")])
        own = {"FENSHEN_HOME": str(self.home), "TMPDIR": str(self.temporary), MARK: self.mark, "PYTHONPATH": path}
        # A busy machine starts Prefect's server slowly, which is not the fault that is looked for.
        return {**kept, **own, "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "900"}

    def write_spec(self, name: str = "tiny", *, seed: int = 7, line: str = "The lamp is green.") -> Path:
        """A spec file of the smallest character."""
        path = self.root / "specs" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(TINY_SPEC.format(name=name.title(), seed=seed, line=line))
        return path

    def reset_store(self, source: Path | None = None) -> None:
        """An empty store, or a copy of another."""
        shutil.rmtree(self.store.root, ignore_errors=True)
        if source:
            shutil.copytree(source, self.store.root, symlinks=True)

    def start(self, *words: str, moment: str = "", environment: Mapping[str, str] | None = None, log: str = "log") -> Command:
        """`fenshen WORDS` in a session of its own; its output goes to a file, since a pipe would wait for orphans."""
        module = ["bench.faults.launcher", moment] if moment else ["flows"]
        output = self.outputs / f"{log}.txt"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", *module, *words],
                env={**self.environment, **(environment or {})}, cwd=self.root,
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True, preexec_fn=_behave_as_in_a_terminal,
            )  # fmt: skip
        return Command(process, output, time.monotonic())

    def run(self, *words: str, moment: str = "", environment: Mapping[str, str] | None = None, log: str = "log") -> Command:
        """The finished command."""
        command = self.start(*words, moment=moment, environment=environment, log=log)
        command.process.wait()
        return command

    def list_processes(self) -> list[int]:
        """Every running process of this place."""
        needle = f"{MARK}={self.mark}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit() and needle in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def end_processes(self) -> list[str]:
        """Command lines of the processes that are still there after LINGER_S; they are killed."""
        deadline = time.monotonic() + LINGER_S
        while (pids := self.list_processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        lines = []
        for pid in pids:
            with contextlib.suppress(OSError):
                lines.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:160])
                os.kill(pid, signal.SIGKILL)
        return lines

    def list_temporary_files(self) -> list[Path]:
        """What is left in TMPDIR."""
        return sorted(self.temporary.iterdir())

    def collect_temporary_files(self) -> list[str]:
        """What a sweep leaves of temporary files in the store and in TMPDIR, an hour later; TMPDIR is emptied."""
        for path in self.store.root.rglob("*"):
            with contextlib.suppress(OSError):
                if path.name.startswith(".part-") or "claims" in path.parts:
                    os.utime(path, (0, 0))
        self.run("cache", "gc", log="gc")
        kept = [path for pattern in ("blobs/*/.part-*", "keys/*/.part-*", "claims/*/*") for path in self.store.root.glob(pattern)]
        kept += self.list_temporary_files()
        names = [str(path.relative_to(self.root)) for path in kept]
        for path in self.list_temporary_files():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return names


@dataclass
class Command:
    """A command that runs or has ended."""

    process: subprocess.Popen[bytes]
    output: Path
    started: float

    @property
    def code(self) -> int | None:
        """Its exit code; negative where a signal ended it without a handler."""
        return self.process.poll()

    def read(self) -> str:
        """What it printed on both streams."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def get_last_line(self) -> str:
        """The last line that it printed."""
        return (self.read().strip().splitlines() or [""])[-1]


def _behave_as_in_a_terminal() -> None:
    """In the child: Ctrl-C is not ignored, as it is in a shell's background job, and permissions count for root too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for capability in _IGNORE_PERMISSIONS:
        ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)


@contextmanager
def open_place(root: Path) -> Iterator[Place]:
    """A place whose processes end with the block."""
    place = Place(root)
    try:
        yield place
    finally:
        for pid in place.list_processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
