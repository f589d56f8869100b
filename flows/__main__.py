"""The `fenshen` command, also `python -m flows`. Ctrl-C, or a library that cannot be loaded, is one sentence here too."""

from __future__ import annotations

import sys

from assets.errors import wrap_import_error
from flows import INTERRUPTED


def main() -> None:
    """Runs the command line; ends with a documented exit code."""
    try:
        from flows.cli.app import app

        app(prog_name="fenshen")
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        raise SystemExit(130) from None
    except ImportError as error:  # of a library that every command needs, before a command's own error handling
        print(wrap_import_error(error, "fenshen"), file=sys.stderr)
        raise SystemExit(4) from None


if __name__ == "__main__":
    main()
