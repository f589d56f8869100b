"""What happens in a build, told to whoever listens in this process: the command line's live lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """A stage began, was found, was made, or failed."""

    stage: str
    state: str
    """running, cached, done, failed."""
    seconds: float = 0.0
    note: str = ""


_listeners: list[Callable[[Event], None]] = []


def tell(event: Event) -> None:
    """Passes the event to every listener."""
    for listener in list(_listeners):
        listener(event)


@contextmanager
def listening(listener: Callable[[Event], None]) -> Iterator[None]:
    """Calls the listener with every event inside the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
