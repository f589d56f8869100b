"""The `fenshen` command, also `python -m flows`: a Ctrl-C while the command is still being loaded is one sentence too."""

from __future__ import annotations

import sys

from flows import INTERRUPTED


def main() -> None:
    """Runs the command line; ends with a documented exit code."""
    try:
        from flows.cli import app
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        raise SystemExit(130) from None
    app(prog_name="fenshen")


if __name__ == "__main__":
    main()
