"""What a run needs of a display. The command line has one (flows.cli.live_display); a Python program may go without."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Display(Protocol):
    """Shows the events of a run."""

    def show_events(self, expected: Mapping[str, float | None]) -> AbstractContextManager[None]:
        """Shows the events of the block.

        Args:
            expected: seconds that each stage took the last time.
        """

    def report_interruption(self) -> None:
        """Prints the last line of a run that Ctrl-C or SIGTERM ends, on a terminal that is left as it was."""


class SilentDisplay:
    """Shows nothing."""

    def show_events(self, expected: Mapping[str, float | None]) -> AbstractContextManager[None]:
        """Does nothing."""
        return nullcontext()

    def report_interruption(self) -> None:
        """Prints nothing."""


SILENT: Display = SilentDisplay()
