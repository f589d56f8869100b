"""What a run shows: live rows on a terminal, a plain line for each stage that ends."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO

import pytest
from rich.console import Console

from flows import INTERRUPTED
from flows.cli.live_display import ConsoleDisplay, LiveDisplay, format_event
from flows.engine.events import Event, emit_event, name_build


class Clock:
    """Seconds, as a test sets them."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def read_rows(display: LiveDisplay) -> list[str]:
    """What is on the screen, spaces squeezed."""
    columns = [list(column.cells) for column in display.__rich__().columns]
    return [" ".join(" ".join(map(str, row)).split()) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize(("event", "line"), [
    (Event("voice", "done", 3.24, backend="coqui"), "voice: done in 3.2 s (coqui)"),
    (Event("groom", "done", 0.04), "groom: done in 0.0 s"),
    (Event("voice", "cached", backend="coqui"), "voice: found (coqui)"),
    (Event("voice", "failed", 3.24), "voice: failed after 3.2 s"),
    (Event("unet", "running", note="step 400, 12 min left"), "unet: running, step 400, 12 min left"),
    (Event("voice", "done", 3.24, backend="coqui", build="kofi"), "kofi: voice: done in 3.2 s (coqui)"),
    (Event("", "failed", note="error[a/b] it is wrong", build="kofi"), "kofi: failed: error[a/b] it is wrong"),
])  # fmt: skip
def test_an_event_is_one_plain_line(event: Event, line: str) -> None:
    assert format_event(event) == line


def test_a_stage_that_ends_leaves_a_line_and_one_that_starts_none() -> None:
    display = LiveDisplay({"voice": 12.0})
    assert display.handle_event(Event("voice", "running")) == ""
    assert display.handle_event(Event("voice", "done", 3.24)) == "voice: done in 3.2 s"
    assert read_rows(display) == []


def test_every_running_stage_has_a_row_with_its_time_and_the_time_left() -> None:
    """The screen was empty until the first stage started, ten seconds on a busy machine."""
    clock = Clock()
    display = LiveDisplay({"voice": 12.0}, clock)
    clock.now = 2.0
    assert read_rows(display) == ["getting ready 2.0 s"]
    display.handle_event(Event("voice", "running"))
    display.handle_event(Event("body", "running"))
    clock.now = 5.0
    assert read_rows(display) == ["voice 3.0 s about 9 s left", "body 3.0 s first time here"]


def test_stages_of_two_builds_at_once_keep_rows_of_their_own() -> None:
    display = LiveDisplay({}, Clock())
    for build in ("ada", "lin"):
        display.handle_event(Event("voice", "running", build=build))
    assert read_rows(display) == ["ada: voice 0.0 s first time here", "lin: voice 0.0 s first time here"]
    assert display.handle_event(Event("voice", "done", 3.24, build="ada")) == "ada: voice: done in 3.2 s"
    assert read_rows(display) == ["lin: voice 0.0 s first time here"]


def test_a_training_reports_its_own_progress() -> None:
    clock = Clock()
    display = LiveDisplay({}, clock)
    display.handle_event(Event("unet", "running"))
    clock.now = 60.0
    assert display.handle_event(Event("unet", "running", note="step 400, 12 min left")) == ""
    assert read_rows(display) == ["unet 60.0 s step 400, 12 min left"]


@pytest.mark.parametrize(("stage", "spent", "text"), [
    ("voice", 2.0, "about 10 s left"), ("voice", 13.0, "a little longer than last time"), ("body", 1.0, "first time here"),
])  # fmt: skip
def test_time_left_is_estimated_from_the_last_run(stage: str, spent: float, text: str) -> None:
    assert LiveDisplay({"voice": 12.0, "body": None}).format_time_left(("", stage), spent) == text


def show_one_stage(*, terminal: bool, silent: bool = False, quiet: bool = False) -> str:
    """What a console shows of the voice of ada."""
    console = Console(file=StringIO(), force_terminal=terminal, width=80, quiet=quiet)
    with ConsoleDisplay(console, silent).show_events({}), name_build("ada"):
        emit_event(Event("voice", "running"))
        emit_event(Event("voice", "done", 3.24))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_live_rows_above_which_lines_stay() -> None:
    shown = show_one_stage(terminal=True)
    assert "getting ready" in shown
    assert "ada: voice: done in 3.2 s" in shown


def test_a_file_or_pipe_gets_a_line_for_each_stage_alone() -> None:
    assert show_one_stage(terminal=False) == "ada: voice: done in 3.2 s\n"


@pytest.mark.parametrize(("silent", "quiet"), [(True, False), (False, True)])
@pytest.mark.parametrize("terminal", [True, False])
def test_json_and_quiet_show_nothing(terminal: bool, silent: bool, quiet: bool) -> None:
    assert show_one_stage(terminal=terminal, silent=silent, quiet=quiet) == ""


PROGRAM = """
import os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from rich.console import Console
from flows.cli.live_display import ConsoleDisplay
from flows.engine.events import Event, emit_event
from flows.engine.interrupt import run_interruptible
def work():
    emit_event(Event("body", "done", 1.0))
    emit_event(Event("voice", "running"))
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait()  # a stage that never ends
run_interruptible(work, ConsoleDisplay(Console(stderr=True, force_terminal=True, width=80)), {})
"""


def test_ctrl_c_takes_the_live_rows_off_the_screen_and_shows_the_cursor() -> None:
    """The row of a running stage was drawn once more below the sentence, where the shell then wrote its prompt."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130
    before, _, after = done.stderr.partition(INTERRUPTED)
    assert after.strip() == ""
    assert "body: done in 1.0 s" in before
    assert before.rindex("\x1b[?25h") > before.rindex("\x1b[?25l")
