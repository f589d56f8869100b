"""Events reach the listeners of their own run, and no others."""

from __future__ import annotations

import threading
from contextvars import copy_context

import pytest

from assets.artefact import Ref
from flows.engine.events import Event, describe_outcome, emit_event, listen_to_events, name_build, run_with_events
from stages.execute import Outcome


def test_start_and_end_are_emitted_with_the_state_of_the_result() -> None:
    heard: list[Event] = []
    with listen_to_events(heard.append):
        assert run_with_events("voice", lambda: 3, lambda result: Event("voice", "cached", backend=f"b{result}")) == 3
        assert run_with_events("groom", lambda: 4) == 4
        with pytest.raises(ZeroDivisionError):
            run_with_events("body", lambda: 1 // 0)
    assert [(event.stage, event.state, event.backend) for event in heard] == [
        ("voice", "running", ""), ("voice", "cached", "b3"), ("groom", "running", ""), ("groom", "done", ""), ("body", "running", ""),
        ("body", "failed", ""),
    ]  # fmt: skip


def test_a_listener_hears_nothing_after_its_block() -> None:
    heard: list[Event] = []
    with listen_to_events(heard.append):
        pass
    emit_event(Event("voice", "running"))
    assert heard == []


def test_every_listener_of_nested_blocks_hears() -> None:
    outer: list[Event] = []
    inner: list[Event] = []
    with listen_to_events(outer.append), listen_to_events(inner.append):
        emit_event(Event("voice", "running"))
    assert outer == inner == [Event("voice", "running")]


def test_a_thread_hears_for_the_context_that_it_was_started_in() -> None:
    heard: list[Event] = []
    with listen_to_events(heard.append), name_build("kofi"):
        started_inside = threading.Thread(target=copy_context().run, args=(emit_event, Event("voice", "running")))
        stranger = threading.Thread(target=emit_event, args=(Event("body", "running"),))
        for thread in (started_inside, stranger):
            thread.start()
            thread.join()
    assert heard == [Event("voice", "running", build="kofi")]


@pytest.mark.parametrize(("cached", "state"), [(True, "cached"), (False, "done")])
def test_the_last_event_of_a_stage_names_its_backend(cached: bool, state: str) -> None:
    outcome = Outcome(Ref("speech/1", "0" * 64), "1" * 64, "coqui", cached, 2.5)
    event = describe_outcome("voice", outcome)
    assert (event.stage, event.state, event.backend) == ("voice", state, "coqui")
