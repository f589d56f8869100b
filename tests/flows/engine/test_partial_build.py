"""`--only STAGE`: one stage and what it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import BackendError, SpecError
from flows.engine.events import Event, listen_to_events
from flows.engine.partial_build import run_partial_build
from flows.pipeline.definition import STAGES
from flows.pipeline.request import BuildRequest
from tests.flows.cli.command import TINY, invoke


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


def test_what_is_missing_is_reported_before_the_first_stage_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing glTF validator was reported after all stages had run."""
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path / "empty"))
    build, heard = BuildRequest(str(TINY), store=tmp_path / "store"), list[Event]()
    with listen_to_events(heard.append), pytest.raises(BackendError) as caught:
        run_partial_build(build, "verify")
    sentence = "verify cannot run: the node package gltf-validator is not installed: run `fenshen bake --node-only`; see `fenshen doctor`"
    assert (f"error[stage/unavailable] {sentence}" in str(caught.value).splitlines(), heard) == (True, [])
    stderr = invoke("build", str(TINY), "--only", "verify", "--force", "verify", code=4).stderr
    assert "verify cannot run: the node package gltf-validator is not installed" in " ".join(stderr.split())


def test_what_only_other_stages_lack_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path / "empty"))
    assert not run_partial_build(BuildRequest(str(TINY), store=tmp_path / "store"), "body").outcome.cached


def test_an_unknown_stage_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        run_partial_build(BuildRequest(str(TINY), store=tmp_path), "soul")
    assert str(caught.value) == f"error[build/stage] there is no stage soul; use one of {', '.join(STAGES)}"
