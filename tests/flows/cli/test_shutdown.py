"""The end of a command: its exit code, and not long after its last line."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Prefect's log worker holds up the end of the process like this, while it tries again to reach a server whose disk is full.
PROGRAM = """
import sys, threading
from flows import __main__ as command
from flows.engine import interrupt
sys.modules.setdefault("prefect", interrupt)  # a command that has used it
interrupt.SHUTDOWN_S = 0.2
threading._register_atexit(lambda: threading.Event().wait())
sys.argv = ["fenshen", *sys.argv[1:]]
command.main()
"""


@pytest.mark.parametrize(("words", "code"), [(["stages"], 0), (["check", "nobody.yaml"], 2)])
def test_a_server_that_no_longer_answers_does_not_hold_up_the_end(words: list[str], code: int) -> None:
    """With a full disk a build printed its error, and ended after ten minutes."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) is (code == 0)
