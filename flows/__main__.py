"""The `fenshen` command, also `python -m flows`: a Ctrl-C while the command is still being loaded is one sentence too, as
is a library that cannot be loaded."""

from __future__ import annotations

import sys

from assets.errors import wrap_import_error
from flows import INTERRUPTED


def main() -> None:
    """Runs the command line; ends with a documented exit code."""
    try:
        from flows.cli.build import app

        app(prog_name="fenshen")
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        raise SystemExit(130) from None
    except ImportError as error:  # what every command needs, and what is loaded before a command's own work
        print(wrap_import_error(error, "fenshen"), file=sys.stderr)
        raise SystemExit(4) from None


if __name__ == "__main__":
    main()
