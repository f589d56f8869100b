"""A folder of specs: the right ones are built, several at a time, and what fails is a row."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from assets.errors import Finding, SpecError
from flows.engine.batch import _make_batch_state, _shorten
from flows.engine.events import Event, listen_to_events
from flows.engine.run_flow import run_batch
from flows.pipeline.batch import BatchRequest
from flows.pipeline.definition import STAGES
from stages.verify.gates.rights import check_folder
from tests.flows.cli.command import TINY

pytestmark = pytest.mark.slow

Built = tuple[Path, Path]


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder with two right specs and a wrong one."""
    folder = tmp_path / "specs"
    folder.mkdir()
    for name in ("good", "twin"):
        shutil.copy(TINY, folder / f"{name}.yaml")
    (folder / "bad.yaml").write_text("name: Bad\nsede: 3\n")
    return folder


def test_the_right_specs_are_built_two_at_a_time_and_the_wrong_one_is_a_row(built: Built, specs: Path, tmp_path: Path) -> None:
    heard: list[Event] = []
    with listen_to_events(heard.append):
        rows = run_batch(BatchRequest(specs, tmp_path / "out", jobs=2, store=built[1]))
    assert [(Path(row["spec"]).stem, bool(row["bundle"]), row["kind"]) for row in rows] == [
        ("bad", False, "SpecError"), ("good", True, ""), ("twin", True, ""),
    ]  # fmt: skip
    assert rows[0]["error"].endswith("did you mean seed?")
    assert check_folder(tmp_path / "out" / "good") == check_folder(tmp_path / "out" / "twin") == []
    assert (tmp_path / "out" / "contact-sheet.png").read_bytes().startswith(b"\x89PNG")
    found = sorted((event.build, event.stage) for event in heard if event.state == "cached")
    assert found == sorted((build, stage) for build in ("good", "twin") for stage in STAGES)


def test_a_build_that_fails_is_an_event_and_a_row(built: Built, specs: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "good").mkdir(parents=True)
    (tmp_path / "out" / "good" / "diary.txt").write_text("private")
    heard: list[Event] = []
    with listen_to_events(heard.append):
        rows = run_batch(BatchRequest(specs, tmp_path / "out", store=built[1]))
    assert [row["kind"] for row in rows] == ["SpecError", "OutputError", ""]
    assert [(event.build, event.stage, event.note) for event in heard if event.state == "failed"] == [("good", "", rows[1]["error"])]
    assert (tmp_path / "out" / "good" / "diary.txt").read_text() == "private"


def test_where_every_spec_is_wrong_no_server_starts(specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("good", "twin"):
        (specs / f"{name}.yaml").unlink()
    monkeypatch.setattr("flows.engine.run_flow.run_entry_point", lambda *_: pytest.fail("a server was started"))
    assert [row["kind"] for row in run_batch(BatchRequest(specs, tmp_path / "out", store=tmp_path / "store"))] == ["SpecError"]


def test_a_batch_fails_only_where_nothing_was_built() -> None:
    good = {"spec": "a.yaml", "bundle": "build/a", "error": "", "kind": ""}
    bad = {"spec": "b.yaml", "bundle": "", "error": "it is wrong", "kind": "SpecError"}
    assert _make_batch_state([good, bad]).is_completed()
    assert _make_batch_state([good, bad]).message == "1 of 2 specs built; failed: b.yaml"
    assert _make_batch_state([bad]).is_failed()


@pytest.mark.parametrize(("error", "line"), [
    (SpecError(Finding("a/b", "it is wrong", fix="fix it"), Finding("a/c", "this too")), "error[a/b] it is wrong; fix it (and 1 more)"),
    (SpecError(Finding("a/b", "it is wrong")), "error[a/b] it is wrong"),
    (KeyError("name"), "KeyError: 'name'"),
])  # fmt: skip
def test_a_failure_is_shown_as_one_line(error: Exception, line: str) -> None:
    assert _shorten(error) == line
