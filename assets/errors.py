"""The diagnostic type of the project, and the exceptions that carry it.

FenshenError
|- SpecError      the avatar spec is wrong
|- StoreError     the store cannot read or write
|- FormatError    a file is not of its format
|- BackendError   a model, library or program is missing or fails
|- RightsError    licence or consent forbids it
`- GateError      the finished bundle failed its gates
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How serious a finding is; ERROR stops the run."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, order=True)
class Location:
    """A place in a file: line and column from 1, or a JSON pointer."""

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
    """One problem in one sentence: what is wrong, where, and what to do."""

    code: str
    message: str
    severity: Severity = Severity.ERROR
    location: Location = Location()
    fix: str = ""
    value: float | str | None = None
    limit: float | str | None = None

    def __str__(self) -> str:
        place = f"{self.location}: " if str(self.location) else ""
        fix = f"; {self.fix}" if self.fix else ""
        return f"{place}{self.severity}[{self.code}] {self.message}{fix}"


class FenshenError(Exception):
    """Base of every error that a user can fix; carries findings."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        super().__init__("\n".join(str(finding) for finding in findings))

    def __reduce__(self) -> tuple[type[FenshenError], tuple[Finding, ...]]:
        # By default an exception is pickled by its text; the findings must survive between processes.
        return type(self), self.findings


class SpecError(FenshenError):
    """The avatar spec is wrong."""


class StoreError(FenshenError):
    """The store cannot read or write."""


class OutputError(StoreError):
    """The place that was chosen for the result holds something else."""


class FormatError(FenshenError):
    """A file is not of its format."""


class BackendError(FenshenError):
    """A model, library or program is missing or fails."""


class RightsError(FenshenError):
    """A licence or a missing consent record forbids it."""


class GateError(FenshenError):
    """The finished bundle failed at least one gate."""


def wrap_import_error(error: ImportError, name: str) -> BackendError:
    """The error to raise for a library that `name` cannot load; re-raises `error` for a module of this project, which is a bug."""
    if (error.name or "").partition(".")[0] in ("assets", "stages", "flows"):
        raise error
    message = f"{name} needs a library that cannot be loaded: {error}"
    return BackendError(Finding("backend/library", message, fix="run `make setup`, then `fenshen doctor`"))
