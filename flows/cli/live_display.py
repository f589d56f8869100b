"""What a run shows of itself: on a terminal a live line per stage with time spent and time left, else one line per finished stage."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live
from rich.table import Table

from flows import INTERRUPTED
from flows.cli.console import err, errors
from flows.engine.events import Event, listen_to_events

GETTING_READY = "getting ready"
"""Shown before the first stage: libraries are imported and the server starts."""
EVENT_LOGGER = logging.getLogger("fenshen.events")
"""Gets the events that the display does not print, for `--log-file`."""
EVENT_LOGGER.propagate = False
EVENT_LOGGER.setLevel(logging.INFO)


def format_event(event: Event) -> str:
    """One plain line: `voice: done in 3.2 s (coqui)`; in a batch the build's name comes first."""
    backend = f" ({event.backend})" if event.backend else ""
    states = {
        "running": f"running{f', {event.note}' if event.note else ''}", "cached": f"found{backend}",
        "done": f"done in {event.seconds:.1f} s{backend}", "failed": f"failed after {event.seconds:.1f} s",
    }  # fmt: skip
    if not event.stage:
        return f"{event.build}: failed: {event.note}"
    return ": ".join(filter(None, (event.build, event.stage, states[event.state])))


class LiveDisplay:
    """The running stages of a build or of the builds of a batch, or the parts of a training."""

    def __init__(self, expected: Mapping[str, float | None], clock: Callable[[], float] = time.monotonic) -> None:
        self.expected = expected
        self.clock = clock
        self.started_at: dict[tuple[str, str], float] = {("", GETTING_READY): clock()}
        """(build, stage) -> when it started."""
        self.notes: dict[tuple[str, str], str] = {}

    def handle_event(self, event: Event) -> str:
        """Notes the event; returns the line to keep on the screen, empty where the stage has not ended."""
        part = (event.build, event.stage)
        self.started_at.pop(("", GETTING_READY), None)
        self.notes[part] = event.note
        if event.state == "running":
            self.started_at.setdefault(part, self.clock())
            return ""
        self.started_at.pop(part, None)
        return format_event(event)

    def __rich__(self) -> Table:
        """A row per running stage."""
        table = Table.grid(padding=(0, 1))
        for part, started_at in list(self.started_at.items()):
            spent = self.clock() - started_at
            table.add_row(f"{': '.join(filter(None, part)):<12}", f"{spent:6.1f} s", self.format_time_left(part, spent))
        return table

    def format_time_left(self, part: tuple[str, str], spent: float) -> str:
        """Its own note, else an estimate from its last run on this machine."""
        note = self.notes.get(part, "")
        if note or part[1] == GETTING_READY:
            return note
        expected = self.expected.get(part[1])
        if expected is None:
            return "first time here"
        return f"about {expected - spent:.0f} s left" if expected > spent else "a little longer than last time"


@dataclass(frozen=True)
class ConsoleDisplay:
    """Shows events on a console (flows.engine.display.Display)."""

    console: Console = err
    silent: bool = False
    """Show no progress, e.g. because the result is printed as JSON."""

    @contextmanager
    def show_events(self, expected: Mapping[str, float | None]) -> Iterator[None]:
        """Shows the events of the block: live rows on a terminal, and a line for each stage that ends."""
        display = LiveDisplay(expected)

        def show(event: Event) -> None:
            line = display.handle_event(event)
            if line and not self.silent:
                self.console.print(line, highlight=False)  # the log file gets a copy
            else:
                EVENT_LOGGER.info("%s", format_event(event))

        with listen_to_events(show):
            if self.silent or self.console.quiet or not self.console.is_terminal:
                yield
                return
            with Live(display, console=self.console, refresh_per_second=4, transient=True):
                yield

    def report_interruption(self) -> None:
        """Shows the cursor, which a display that was just starting may have hidden, and prints the last line."""
        self.console.show_cursor()
        errors.print(INTERRUPTED)
