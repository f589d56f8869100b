"""What every command says: results on one stream, findings and progress on the other, an exit code with each error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console

from assets.errors import FenshenError, Finding, wrap_import_error
from flows import INTERRUPTED

# A table in a file or a pipe is read by programs: no line of it is broken.
# Names and paths are printed as they are: `[x]` in them is no markup, `:smile:` no emoji.
out = Console(markup=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 240)
err = Console(markup=False, emoji=False, stderr=True, soft_wrap=True)


@contextmanager
def report_findings(as_json: bool = False) -> Iterator[None]:
    """Turns our errors into one line each and an exit code; bugs stay tracebacks."""
    try:
        yield
    except FenshenError as error:
        raise _print_findings(error, as_json) from error
    except ImportError as error:
        raise _print_findings(wrap_import_error(error, "this command"), as_json) from error
    except KeyboardInterrupt:
        err.print(INTERRUPTED)
        raise typer.Exit(130) from None


def _print_findings(error: FenshenError, as_json: bool) -> typer.Exit:
    """Prints the findings; returns the exit that goes with them."""
    if as_json:
        out.print_json(json.dumps({"ok": False, "findings": [_finding_to_json(f) for f in error.findings]}, ensure_ascii=False))
    else:
        for finding in error.findings:
            err.print(str(finding), style="red" if finding.severity == "error" else None, highlight=False)
    return typer.Exit(_get_exit_code(error))


EXIT_CODES = {"SpecError": 2, "FormatError": 2, "RightsError": 2, "GateError": 3, "BackendError": 4, "StoreError": 4}
"""Exit code by the class of the error; 1 is left to bugs."""


def _get_exit_code(error: FenshenError) -> int:
    return EXIT_CODES.get(type(error).__name__, 2)


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    told = {"code": finding.code, "severity": str(finding.severity), "where": str(finding.where)}
    return {**told, "message": finding.message, "fix": finding.fix}
