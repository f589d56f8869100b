"""What a run shows of itself: on a terminal a live line per stage with time spent and time left, else a line when one ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from flows.engine.events import Event, listen_to_events

GETTING_READY = "getting ready"
"""Shown before the first stage: libraries are imported and the server boots."""


class LiveDisplay:
    """The running stages of a build, or the parts of a training; of a batch one spec at a time, as it builds them."""

    def __init__(self, expected: Mapping[str, float | None], clock: Callable[[], float] = time.monotonic) -> None:
        self.expected = expected
        self.clock = clock
        self.begun: dict[str, float] = {GETTING_READY: clock()}
        self.notes: dict[str, str] = {}
        self.spec = ""
        """How lines begin in a batch: whose stage it is."""

    def handle_event(self, event: Event) -> str:
        """Notes the event; returns the line to keep on the screen, empty where the stage has not ended."""
        if event.state == "next":
            self.spec = f"{event.stage}: "
            return ""
        self.begun.pop(GETTING_READY, None)
        self.notes[event.stage] = event.note
        if event.state == "running":
            self.begun.setdefault(event.stage, self.clock())
            return ""
        self.begun.pop(event.stage, None)
        words = {"done": f"{event.seconds:6.1f} s", "cached": "   found", "failed": "  failed"}
        return f"{self.spec}{event.stage:<12} {words[event.state]}"

    def __rich__(self) -> Table:
        """A line per running stage."""
        table = Table.grid(padding=(0, 1))
        for stage, begun in list(self.begun.items()):
            spent = self.clock() - begun
            table.add_row(f"{self.spec}{stage:<12}", f"{spent:6.1f} s", self.format_time_left(stage, spent))
        return table

    def format_time_left(self, stage: str, spent: float) -> str:
        """What it says itself, else about how long it still takes by the last time that this stage ran here."""
        note = self.notes.get(stage, "")
        if note or stage == GETTING_READY:
            return note
        expected = self.expected.get(stage)
        if expected is None:
            return "first time here"
        return f"about {expected - spent:.0f} s left" if expected > spent else "a little longer than the last time"


@contextmanager
def show_live_display(console: Console, expected: Mapping[str, float | None]) -> Iterator[None]:
    """Shows the events of the block."""
    board = LiveDisplay(expected)
    if not console.is_terminal:
        with listen_to_events(lambda event: _print_line(console, board.handle_event(event))):
            yield
        return
    with (
        Live(board, console=console, refresh_per_second=4, transient=True),
        listen_to_events(lambda event: _print_line(console, board.handle_event(event))),
    ):
        yield


def _print_line(console: Console, line: str) -> None:
    if line:
        console.print(line, highlight=False)
