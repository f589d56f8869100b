"""What happens in a run, told to whoever listens in this process: the command line's live lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Event:
    """A stage, or a part of a training, began, was found, was made, or failed; or a batch comes to its next spec."""

    stage: str
    """With `next` the spec's name."""
    state: str
    """running, cached, done, failed; next: what follows is the spec's."""
    seconds: float = 0.0
    note: str = ""
    """How far it is, e.g. a training's step and time left."""


_listeners: list[Callable[[Event], None]] = []


def emit_event(event: Event) -> None:
    """Passes the event to every listener."""
    for listener in list(_listeners):
        listener(event)


def run_with_events(stage: str, work: Callable[[], R], ending: Callable[[R], str] = lambda result: "done") -> R:
    """What `work` returns or raises, its begin and end told under the stage's name; `ending` names the state of a result."""
    started = time.monotonic()
    emit_event(Event(stage, "running"))
    try:
        result = work()
    except BaseException:
        emit_event(Event(stage, "failed", time.monotonic() - started))
        raise
    emit_event(Event(stage, ending(result), time.monotonic() - started))
    return result


@contextmanager
def listen_to_events(listener: Callable[[Event], None]) -> Iterator[None]:
    """Calls the listener with every event inside the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
