"""`--only STAGE`: one stage and what it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from flows.engine.events import Event, listen_to_events
from flows.engine.partial_build import run_partial_build
from flows.pipeline.definition import STAGES
from flows.pipeline.request import BuildRequest
from tests.flows.cli.command import TINY


@pytest.mark.parametrize("state", ["done", "cached"])
def test_the_stage_and_what_it_needs_run_in_order_and_nothing_else(tmp_path: Path, state: str) -> None:
    build, heard = BuildRequest(str(TINY), store=tmp_path), list[Event]()
    if state == "cached":
        run_partial_build(build, "body")
    with listen_to_events(heard.append):
        run_partial_build(build, "body")
    assert [(event.stage, event.state) for event in heard] == [
        ("identity", "running"), ("identity", state), ("body", "running"), ("body", state),
    ]  # fmt: skip


def test_force_runs_the_stage_again(tmp_path: Path) -> None:
    first = run_partial_build(BuildRequest(str(TINY), store=tmp_path), "identity").outcome
    again = run_partial_build(BuildRequest(str(TINY), store=tmp_path, force=frozenset({"identity"})), "identity").outcome
    assert (again.cached, again.ref) == (False, first.ref)


def test_an_unknown_stage_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        run_partial_build(BuildRequest(str(TINY), store=tmp_path), "soul")
    assert str(caught.value) == f"error[build/stage] there is no stage soul; use one of {', '.join(STAGES)}"
