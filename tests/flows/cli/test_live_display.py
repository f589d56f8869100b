"""The live lines of a run."""

import subprocess
import sys

import pytest

from flows import INTERRUPTED
from flows.cli.live_display import LiveDisplay
from flows.engine.events import Event, listen_to_events, run_with_events


class Clock:
    """Seconds, as a test sets them."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def rows(board: LiveDisplay) -> list[str]:
    """What is on the screen, spaces squeezed."""
    columns = [list(column.cells) for column in board.__rich__().columns]
    return [" ".join(" ".join(map(str, row)).split()) for row in zip(*columns, strict=True)]


def test_a_stage_that_ends_leaves_a_line_and_one_that_begins_none():
    board = LiveDisplay({"voice": 12.0})
    assert board.handle_event(Event("voice", "running")) == ""
    assert board.handle_event(Event("voice", "done", 3.25)).split() == ["voice", "3.2", "s"]
    assert rows(board) == []


def test_every_running_stage_has_a_row_with_its_time_and_what_is_left():
    """The screen was empty until the first stage began, ten seconds on a busy machine."""
    clock = Clock()
    board = LiveDisplay({"voice": 12.0}, clock)
    clock.now = 2.0
    assert rows(board) == ["getting ready 2.0 s"]
    board.handle_event(Event("voice", "running"))
    board.handle_event(Event("body", "running"))
    clock.now = 5.0
    assert rows(board) == ["voice 3.0 s about 9 s left", "body 3.0 s first time here"]


def test_a_batch_says_whose_stage_it_is():
    """Lines of several specs stood in one row, and nobody could tell which was whose."""
    clock = Clock()
    board = LiveDisplay({}, clock)
    assert board.handle_event(Event("ada", "next")) == ""
    assert rows(board) == ["ada: getting ready 0.0 s"]
    board.handle_event(Event("voice", "running"))
    assert rows(board) == ["ada: voice 0.0 s first time here"]
    assert board.handle_event(Event("voice", "done", 3.25)).split() == ["ada:", "voice", "3.2", "s"]
    board.handle_event(Event("lin", "next"))
    assert board.handle_event(Event("voice", "cached")).split() == ["lin:", "voice", "found"]


def test_a_training_says_itself_how_far_it_is():
    clock = Clock()
    board = LiveDisplay({}, clock)
    board.handle_event(Event("unet", "running"))
    clock.now = 60.0
    assert board.handle_event(Event("unet", "running", note="step 400, 12 min left")) == ""
    assert rows(board) == ["unet 60.0 s step 400, 12 min left"]


def test_time_left_is_told_from_the_last_time():
    board = LiveDisplay({"voice": 12.0, "body": None})
    assert board.format_time_left("voice", 2.0) == "about 10 s left"
    assert board.format_time_left("voice", 13.0) == "a little longer than the last time"
    assert board.format_time_left("body", 1.0) == "first time here"


def test_begin_and_end_are_told_with_the_state_of_the_result():
    told: list[Event] = []
    with listen_to_events(told.append):
        assert run_with_events("voice", lambda: 3, lambda made: "cached" if made == 3 else "done") == 3
        with pytest.raises(ZeroDivisionError):
            run_with_events("body", lambda: 1 // 0)
    assert [(event.stage, event.state) for event in told] == [
        ("voice", "running"), ("voice", "cached"), ("body", "running"), ("body", "failed"),
    ]  # fmt: skip


PROGRAM = """
import os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from rich.console import Console
from flows.cli.live_display import watching
from flows.engine.events import Event, tell
from flows.engine.interrupt import apart
def work():
    tell(Event("body", "done", 1.0))
    tell(Event("voice", "running"))
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()  # a stage that never comes back
console = Console(stderr=True, force_terminal=True, width=80)
apart(work, console, watching(console, {}))
"""


def test_ctrl_c_takes_the_live_rows_off_the_screen_and_shows_the_cursor():
    """The row of a running stage was drawn once more below the sentence, where the shell then wrote its prompt."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130
    before, _, after = done.stderr.partition(INTERRUPTED)
    assert after.strip() == ""
    assert "body            1.0 s" in before
    assert before.rindex("\x1b[?25h") > before.rindex("\x1b[?25l")
