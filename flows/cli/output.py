"""`--quiet`, `--verbose` and `--log-file`: one handling for every command that works for a while."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from assets.disk_space import FREE_SPACE_FIX, FULL_DISK_ERRORS, describe_shortage
from assets.errors import Finding, SpecError, StoreError
from flows.cli.console import PRINT_LOGGER, err, errors, out, report_findings
from flows.cli.live_display import EVENT_LOGGER

QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Print what the stages log.")]
LogFileOption = Annotated[Path | None, typer.Option("--log-file", metavar="FILE", help="Append everything to a file, with timestamps.")]
LOG_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)s %(message)s"
STAGE_LOGGER = logging.getLogger("fenshen")
"""Of stages.execute and of the stages."""


@dataclass(frozen=True)
class OutputOptions:
    """What a command prints."""

    quiet: bool = False
    verbose: bool = False
    log_file: Path | None = None


def add_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with `--quiet`, `--verbose` and `--log-file`."""

    @functools.wraps(command)
    def run(*arguments: Any, quiet: bool, verbose: bool, log_file: Path | None, **options: Any) -> None:
        with report_findings(bool(options.get("as_json"))), apply_output_options(OutputOptions(quiet, verbose, log_file)):
            command(*arguments, **options)

    signature = inspect.signature(command, eval_str=True)
    added = {"quiet": (QuietOption, False), "verbose": (VerboseOption, False), "log_file": (LogFileOption, None)}
    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in added.items()
    ]
    # Typer reads a command's options from its signature.
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *parameters])  # type: ignore[attr-defined]
    return run


@contextmanager
def apply_output_options(options: OutputOptions) -> Iterator[None]:
    """Prints and logs as the options say until the block ends.

    Raises:
        SpecError: --quiet and --verbose together.
        StoreError: the log file cannot be written.
    """
    if options.quiet and options.verbose:
        raise SpecError(Finding("cli/output", "--quiet and --verbose contradict each other", fix="use one of them"))
    with ExitStack() as stack:
        if options.quiet:
            stack.enter_context(_silence())
        stack.enter_context(_take_over_stage_logs())
        stack.enter_context(_add_handler(_make_console_handler(options), STAGE_LOGGER))
        if options.log_file:
            handler = _open_log_file(options.log_file)
            stack.callback(handler.close_file)
            stack.enter_context(_add_handler(handler, logging.getLogger(), STAGE_LOGGER, PRINT_LOGGER, EVENT_LOGGER))
            stack.enter_context(_capture_warnings())
        yield


@contextmanager
def _silence() -> Iterator[None]:
    before = out.quiet, err.quiet
    out.quiet = err.quiet = True
    try:
        yield
    finally:
        out.quiet, err.quiet = before


class _ConsoleHandler(logging.Handler):
    """Prints log records above the rows of the live display."""

    def emit(self, record: logging.LogRecord) -> None:
        console = errors if record.levelno >= logging.ERROR else err
        Console.print(console, self.format(record), highlight=False)  # without the copy for the log file, which has the record itself


def _make_console_handler(options: OutputOptions) -> logging.Handler:
    handler = _ConsoleHandler(logging.DEBUG if options.verbose else logging.WARNING)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


class LogFileHandler(logging.FileHandler):
    """A log file that stays open when Prefect's logging set-up closes every handler of the process.

    Prefect also removes the root logger's handlers, unless one has a formatter and a name that does not start with an underscore.
    """

    failure: OSError | None = None
    """The first reason why a line could not be written."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Keeps the reason: the work continues, and its end reports it. The base class would print a traceback for every line."""
        error = sys.exception()
        self.failure = self.failure or (error if isinstance(error, OSError) else OSError(str(error)))

    def close(self) -> None:
        with suppress(OSError):
            self.flush()

    def close_file(self) -> None:
        """Really closes it; raises StoreError where a line is missing in it."""
        try:
            super().close()
        except OSError as error:
            self.failure = self.failure or error
        if self.failure:
            path = Path(self.baseFilename)
            full = self.failure.errno in FULL_DISK_ERRORS
            message = (
                f"the log file {path} cannot be written: {self.failure.strerror or self.failure}{describe_shortage(path) if full else ''}"
            )
            raise StoreError(Finding("cli/log-file", message, fix=FREE_SPACE_FIX if full else "choose another file"))


def _open_log_file(path: Path) -> LogFileHandler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFileHandler(path, encoding="utf-8")
    except OSError as error:
        message = f"the log file {path} cannot be written: {error.strerror}"
        raise StoreError(Finding("cli/log-file", message, fix="choose another file")) from error
    handler.setFormatter(logging.Formatter(LOG_FORMAT, "%Y-%m-%d %H:%M:%S"))
    return handler


@contextmanager
def _take_over_stage_logs() -> Iterator[None]:
    """The handlers decide what they show of the stages' logs; the root logger, which Prefect sets up, gets none of it."""
    level, propagate = STAGE_LOGGER.level, STAGE_LOGGER.propagate
    STAGE_LOGGER.setLevel(logging.DEBUG)
    STAGE_LOGGER.propagate = False
    try:
        yield
    finally:
        STAGE_LOGGER.setLevel(level)
        STAGE_LOGGER.propagate = propagate


@contextmanager
def _add_handler(handler: logging.Handler, *loggers: logging.Logger) -> Iterator[None]:
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


@contextmanager
def _capture_warnings() -> Iterator[None]:
    """Python's warnings go to the log instead of the error stream."""
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
