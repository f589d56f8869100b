"""What every command says: results on one stream, findings and progress on the other, an exit code with each error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console

from assets.errors import FenshenError, Finding, unloadable
from flows import INTERRUPTED

# A table in a file or a pipe is read by programs: no line of it is broken.
# Names and paths are printed as they are: `[x]` in them is no markup, `:smile:` no emoji.
out = Console(markup=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 240)
err = Console(markup=False, emoji=False, stderr=True, soft_wrap=True)


@contextmanager
def findings(as_json: bool = False) -> Iterator[None]:
    """Turns our errors into one line each and an exit code; bugs stay tracebacks."""
    try:
        yield
    except FenshenError as error:
        raise _told(error, as_json) from error
    except ImportError as error:
        raise _told(unloadable(error, "this command"), as_json) from error
    except KeyboardInterrupt:
        err.print(INTERRUPTED)
        raise typer.Exit(130) from None


def _told(error: FenshenError, as_json: bool) -> typer.Exit:
    """Prints the findings; returns the exit that goes with them."""
    if as_json:
        out.print_json(json.dumps({"ok": False, "findings": [_plain(f) for f in error.findings]}, ensure_ascii=False))
    else:
        for finding in error.findings:
            err.print(str(finding), style="red" if finding.severity == "error" else None, highlight=False)
    return typer.Exit(_code(error))


EXIT = {"SpecError": 2, "FormatError": 2, "RightsError": 2, "GateError": 3, "BackendError": 4, "StoreError": 4}
"""Exit code by the class of the error; 1 is left to bugs."""


def _code(error: FenshenError) -> int:
    return EXIT.get(type(error).__name__, 2)


def _plain(finding: Finding) -> dict[str, Any]:
    told = {"code": finding.code, "severity": str(finding.severity), "where": str(finding.where)}
    return {**told, "message": finding.message, "fix": finding.fix}
