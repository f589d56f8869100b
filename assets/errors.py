"""The one diagnostic type of the house and the exception tree that carries it.

FenshenError
|- SpecError      the avatar spec is wrong
|- StoreError     the store cannot read or write
|- FormatError    a file is not what its name says
|- BackendError   a model, library or media file cannot do its work
|- RightsError    licence or consent forbids it
`- GateError      the finished bundle failed its gates
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; ERROR stops the run."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, order=True)
class Location:
    """A place in a file: 1-based line and column, or a JSON pointer."""

    file: str = ""
    line: int = 0
    column: int = 0
    pointer: str = ""

    def __str__(self) -> str:
        if self.pointer:
            return f"{self.file}#{self.pointer}"
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part)


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing: what is wrong, where, and what to do."""

    code: str
    message: str
    severity: Severity = Severity.ERROR
    where: Location = Location()
    fix: str = ""
    value: float | str | None = None
    limit: float | str | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if str(self.where) else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{place}{self.severity}[{self.code}] {self.message}{fix}"


class FenshenError(Exception):
    """Root of every error that a user can mend; carries findings."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("\n".join(str(finding) for finding in findings))

    def __reduce__(self) -> tuple[type[FenshenError], tuple[Finding, ...]]:
        # An exception is pickled by its text; the findings shall survive the way between processes.
        return type(self), self.findings


class SpecError(FenshenError):
    """The avatar spec is wrong."""


class StoreError(FenshenError):
    """The store cannot read or write."""


class FormatError(FenshenError):
    """A file is not what its name says."""


class BackendError(FenshenError):
    """A model, a library or a media file cannot do its work."""


class RightsError(FenshenError):
    """A licence or a missing consent forbids it."""


class GateError(FenshenError):
    """The finished bundle failed at least one gate."""


def wrap_import_error(error: ImportError, who: str) -> BackendError:
    """What to tell of a library that `who` cannot load; raises the error itself where the module is ours: a bug."""
    if (error.name or "").partition(".")[0] in ("assets", "stages", "flows"):
        raise error
    message = f"{who} needs a library that cannot be loaded: {error}"
    return BackendError(Finding("backend/library", message, fix="run `make setup`, then `fenshen doctor`"))
