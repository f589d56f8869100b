"""Runs a Python module until its standard input is closed: with the process that started it, also one that was killed.

The kernel closes the pipe whatever ends the owner and whatever adopts its orphans (systemd, tini, a container's init). Not
PR_SET_PDEATHSIG: that watches the thread that started the child, and ours ends with its run.

    python -P -m flows.engine.watched_process MODULE [ARGUMENT...]
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _end_with_owner() -> None:
    """Waits for the end of the standard input, then ends the process at once."""
    while os.read(0, 1):
        pass
    os._exit(0)


def main() -> None:
    """Runs the module of the command line as `python -m` would."""
    threading.Thread(target=_end_with_owner, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
