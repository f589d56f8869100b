"""What happens in a run, passed to the listeners of that run: the live display, the log file, a program of the user's.

Listeners belong to the context (contextvars) in which they listen: threads and tasks of a build inherit it, another build in the
same process has its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from stages.execute import Outcome

R = TypeVar("R")
EventState = Literal["running", "cached", "done", "failed"]


@dataclass(frozen=True)
class Event:
    """A stage, or a part of a training, is running, was found in the store, is done, or failed."""

    stage: str
    """Empty where the event is about a whole build of a batch."""
    state: EventState
    seconds: float = 0.0
    note: str = ""
    """Of a running one: its progress, e.g. a training's step and time left. Of a failed build: the error."""
    backend: str = ""
    build: str = ""
    """The build of a batch that it belongs to; filled in by `emit_event`."""


Listener = Callable[[Event], None]
_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("fenshen_listeners", default=())
_BUILD: ContextVar[str] = ContextVar("fenshen_build", default="")


def emit_event(event: Event) -> None:
    """Passes the event to every listener of this context."""
    named = replace(event, build=event.build or _BUILD.get())
    for listener in _LISTENERS.get():
        listener(named)


@contextmanager
def listen_to_events(listener: Listener) -> Iterator[None]:
    """Calls the listener with every event of the block, and of the threads and tasks that the block starts."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


@contextmanager
def name_build(name: str) -> Iterator[None]:
    """Marks the events of the block as those of one build of a batch."""
    token = _BUILD.set(name)
    try:
        yield
    finally:
        _BUILD.reset(token)


def run_with_events(stage: str, work: Callable[[], R], describe: Callable[[R], Event] | None = None) -> R:
    """Returns or raises what `work` does, and emits events when it starts and when it ends.

    Args:
        describe: the last event of a result, its seconds left out; by default the stage is done.
    """
    started = time.monotonic()
    emit_event(Event(stage, "running"))
    try:
        result = work()
    except BaseException:
        emit_event(Event(stage, "failed", time.monotonic() - started))
        raise
    last = describe(result) if describe else Event(stage, "done")
    emit_event(replace(last, seconds=time.monotonic() - started))
    return result


def describe_outcome(stage: str, outcome: Outcome) -> Event:
    """The last event of a stage."""
    return Event(stage, "cached" if outcome.cached else "done", backend=outcome.backend)
