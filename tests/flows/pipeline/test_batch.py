"""Reading a folder of specs."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import Finding, GateError, SpecError
from flows.pipeline.batch import BatchRequest, find_specs, make_row, read_batch
from flows.pipeline.request import BuildRequest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two right specs and a wrong one."""
    for name, text in (("b.yml", "name: B\n"), ("a.json", '{"name": "A"}'), ("c.yaml", "name: C\nsede: 3\nseed: -1\n"), ("d.txt", "")):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_specs_are_found_by_name(folder: Path) -> None:
    assert [path.name for path in find_specs(folder)] == ["a.json", "b.yml", "c.yaml"]


def test_right_specs_become_requests_and_wrong_ones_rows_with_all_their_errors(folder: Path) -> None:
    plan = read_batch(BatchRequest(folder, Path("out"), "crowd", frozenset({"voice"}), frozenset({"rig/soles"}), 2, folder / "store"))
    assert plan.builds == tuple(
        BuildRequest(
            str(folder / name), Path("out") / name[0], "crowd", None, frozenset({"voice"}), frozenset({"rig/soles"}), store=folder / "store"
        )
        for name in ("a.json", "b.yml")
    )
    (row,) = plan.rejected
    assert (row["spec"], row["bundle"], row["kind"]) == (str(folder / "c.yaml"), "", "SpecError")
    assert [line.split(": ")[0] for line in row["error"].splitlines()] == [f"{folder}/c.yaml:2:1", f"{folder}/c.yaml:3:7"]


def test_no_jobs_build_nothing(folder: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_batch(BatchRequest(folder, jobs=0))
    assert str(caught.value) == "error[batch/jobs] 0 jobs build nothing; use --jobs 1 or more"


@pytest.mark.parametrize(("error", "message", "kind"), [
    (GateError(Finding("rig/soles", "it floats")), "error[rig/soles] it floats", "GateError"), (KeyError("x"), "KeyError: 'x'", "KeyError"),
])  # fmt: skip
def test_a_failure_becomes_a_row(error: Exception, message: str, kind: str) -> None:
    assert make_row("a.yaml", error) == {"spec": "a.yaml", "bundle": "", "error": message, "kind": kind}
