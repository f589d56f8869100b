"""`--only STAGE`: what it shows while it works."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from flows.engine.events import Event, listen_to_events
from flows.engine.partial_build import run_partial_build
from flows.pipeline.request import BuildRequest

TINY = str(Path(__file__).resolve().parents[2] / "data" / "tiny.yaml")


def shown(store: Path, *, terminal: bool) -> str:
    """What a console shows of the body's making, and of what the body needs."""
    console = Console(file=StringIO(), force_terminal=terminal, width=80)
    run_partial_build(BuildRequest(TINY, store=store), "body", console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_the_stages_as_a_build_does(tmp_path: Path) -> None:
    """It stood still without a word, however long it took."""
    first = shown(tmp_path, terminal=True)
    assert "getting ready" in first
    assert "identity " in first
    assert "body " in first
    assert "body            found" in shown(tmp_path, terminal=True)


def test_where_the_output_is_kept_it_is_the_result_alone(tmp_path: Path) -> None:
    assert shown(tmp_path, terminal=False) == ""


@pytest.mark.parametrize("state", ["done", "cached"])
def test_every_stage_is_told_in_order(tmp_path: Path, state: str) -> None:
    told: list[Event] = []
    if state == "cached":
        run_partial_build(BuildRequest(TINY, store=tmp_path), "body")
    with listen_to_events(told.append):
        run_partial_build(BuildRequest(TINY, store=tmp_path), "body")
    assert [(event.stage, event.state) for event in told] == [
        ("identity", "running"), ("identity", state), ("body", "running"), ("body", state),
    ]  # fmt: skip
