"""The `fenshen` command, also `python -m flows`. Ctrl-C, or a library that cannot be loaded, is one sentence here too."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from assets.errors import wrap_import_error
from assets.quiet_native import drop_output
from flows import INTERRUPTED

_FULL_OUTPUT = "error[cli/output] the output cannot be written: no space left on device; free some disk space"


def main() -> None:
    """Runs the command line; ends with a documented exit code."""
    _open_closed_streams()
    try:
        from flows.cli.app import app

        app(prog_name="fenshen")
    except SystemExit as ended:
        _limit_shutdown(ended.code)
        raise
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        raise SystemExit(130) from None
    except ImportError as error:  # of a library that every command needs, before a command's own error handling
        print(wrap_import_error(error, "fenshen"), file=sys.stderr)
        raise SystemExit(4) from None
    except OSError as error:
        # With a file name it is our own file, and a bug that it was not reported.
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or error.filename:
            raise
        _report_full_output()
        raise SystemExit(4) from None


def _limit_shutdown(code: str | int | None) -> None:
    """Lets Prefect, where a command has used it, hold up the end of the process for a limited time only."""
    if "prefect" in sys.modules:
        from flows.engine.interrupt import limit_shutdown

        limit_shutdown(code if isinstance(code, int) else int(code is not None))


def _open_closed_streams() -> None:
    """Opens the streams that a caller has closed (`fenshen build >&-`): the next file would get their number, and what is printed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for the whole process


def _report_full_output() -> None:
    """Says that what was printed went to a full disk; what is left of it is dropped, or Python would fail again at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            drop_output(stream.fileno())
    with suppress(OSError):  # where both streams are on that disk, the exit code has to say it
        print(_FULL_OUTPUT, file=sys.stderr)


if __name__ == "__main__":
    main()
