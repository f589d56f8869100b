"""What every command prints with: results on one stream, findings and progress on the other, an exit code for each error."""

from __future__ import annotations

import functools
import io
import json
import logging
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from assets.errors import FenshenError, Finding, wrap_import_error
from assets.paths import expand_home
from flows import INTERRUPTED

PRINT_LOGGER = logging.getLogger("fenshen.print")
"""Gets a copy of every printed line, for `--log-file`; what it gets is never printed again."""
PRINT_LOGGER.propagate = False
PRINT_LOGGER.setLevel(logging.INFO)


class LoggedConsole(Console):
    """A console whose lines also go to the log file, where there is one; `quiet` never silences JSON, which was requested.

    Names of files and bundles are strangers' text: what would move the cursor or cannot be encoded is printed as an escape.
    """

    def render_str(self, text: str, **style: Any) -> Text:
        return super().render_str(show_controls(text), **style)

    def print(self, *objects: Any, **style: Any) -> None:
        super().print(*objects, **style)
        if PRINT_LOGGER.handlers:
            plain = Console(file=io.StringIO(), markup=False, emoji=False, soft_wrap=True, width=240)
            plain.print(*objects)
            for line in plain.file.getvalue().splitlines():  # type: ignore[attr-defined]
                PRINT_LOGGER.info("%s", show_controls(line))

    def print_json(self, *arguments: Any, **style: Any) -> None:
        quiet, self.quiet = self.quiet, False
        # A file's name need not be Unicode: JSON escapes what cannot be encoded.
        escape = any(unicodedata.category(c) == "Cs" for text in arguments if isinstance(text, str) for c in text)
        try:
            super().print_json(*arguments, **{"ensure_ascii": escape, **style})
        finally:
            self.quiet = quiet


# A table in a file or a pipe is read by programs: no line of it is wrapped.
# Names and paths are printed as they are: `[x]` in them is no markup, `:smile:` no emoji.
out = LoggedConsole(markup=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 1000)
err = LoggedConsole(markup=False, emoji=False, stderr=True, soft_wrap=True)
errors = LoggedConsole(markup=False, emoji=False, stderr=True, soft_wrap=True)
"""The error stream without `--quiet`: for what must always be seen."""


def show_controls(text: str) -> str:
    """The text with control characters, directions of writing and lone surrogates as escapes; line breaks and tabs stay."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c in "\u200c\u200d" else
                   c.encode("unicode_escape").decode() for c in text)  # fmt: skip


@contextmanager
def report_findings(as_json: bool = False) -> Iterator[None]:
    """Turns our errors into one line each and an exit code; bugs stay tracebacks."""
    try:
        yield
    except FenshenError as error:
        raise print_findings(error, as_json) from error
    except ImportError as error:
        raise print_findings(wrap_import_error(error, "this command"), as_json) from error
    except KeyboardInterrupt:
        errors.print(INTERRUPTED)
        raise typer.Exit(130) from None


def expand_home_paths(command: Callable[..., None]) -> Callable[..., None]:
    """The command with `~` in its paths as the user's home: a shell leaves it in `--out=~/x` and in quotes."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        with report_findings(bool(options.get("as_json"))):
            options = {name: _expand_home(value) for name, value in options.items()}
        command(*arguments, **options)

    return run


def _expand_home(value: Any) -> Any:
    if isinstance(value, list):
        return [_expand_home(item) for item in value]
    return expand_home(value) if isinstance(value, Path) else value


def print_findings(error: FenshenError, as_json: bool = False) -> typer.Exit:
    """Prints the findings; returns the exit that belongs to them."""
    if as_json:
        out.print_json(json.dumps({"ok": False, "findings": [_finding_to_json(f) for f in error.findings]}, ensure_ascii=False))
    else:
        for finding in error.findings:
            errors.print(str(finding), style="red" if finding.severity == "error" else None, highlight=False)
    return typer.Exit(_get_exit_code(error))


EXIT_CODES = {"SpecError": 2, "FormatError": 2, "RightsError": 2, "GateError": 3, "BackendError": 4, "StoreError": 4, "OutputError": 2}
"""Exit code by the class of the error; 1 is left to bugs."""


def _get_exit_code(error: FenshenError) -> int:
    return EXIT_CODES.get(type(error).__name__, 2)


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    fields = {"code": finding.code, "severity": str(finding.severity), "where": str(finding.location)}
    return {**fields, "message": finding.message, "fix": finding.fix}
