"""A run that no longer advances because Prefect's database is on a full disk.

Prefect's client asks a server that cannot write again and again, for a quarter of an hour and more; its flow neither fails nor ends.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from assets.disk_space import find_full_disk
from assets.errors import StoreError
from flows.engine.events import Event

STALLED_S = 60.0
"""Without room and without an event for so long, a run has stalled; a stage that is working could not store its result."""


class StallWatch:
    """Watches the events of a run and the disk of its database."""

    def __init__(self, has_database_here: bool) -> None:
        self._has_database_here = has_database_here
        self._moved = time.monotonic()

    def note(self, event: Event) -> None:
        """A listener: the run has advanced."""
        self._moved = time.monotonic()

    def check(self) -> None:
        """Raises StoreError where the run has stalled."""
        finding = find_full_disk([Path(os.environ["PREFECT_HOME"])]) if self._has_database_here else None
        if finding is None:
            self._moved = time.monotonic()
        elif time.monotonic() - self._moved > STALLED_S:
            raise StoreError(finding)
