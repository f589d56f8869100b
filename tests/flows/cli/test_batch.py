"""`fenshen batch`: all specs are read before the first is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.engine import run_flow
from flows.pipeline.batch import BatchRequest, BatchRow, read_batch
from tests.flows.cli.command import invoke, run_fenshen

pytestmark = pytest.mark.usefixtures("empty_home")


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder with one right spec and two wrong ones."""
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "ada.yaml").write_text("name: Ada\nsede: 3\nvoice: {ratte: 2}\n")
    (folder / "kofi.yaml").write_text("name: Kofi\n")
    (folder / "zoe.yaml").write_text("name: Zoe\nseed: -1\n")
    return folder


class Builder:
    """Stands for `run_batch`: notes the request, and answers with the rows of wrong specs and one of the right spec."""

    def __init__(self, row: BatchRow) -> None:
        self.row, self.requests = row, list[BatchRequest]()

    def __call__(self, request: BatchRequest, display: object) -> list[BatchRow]:
        self.requests.append(request)
        return sorted([*read_batch(request).rejected, self.row], key=lambda row: row["spec"])


def make_row(spec: Path, bundle: str = "", error: str = "", kind: str = "") -> BatchRow:
    return {"spec": str(spec), "bundle": bundle, "error": error, "kind": kind}


@pytest.fixture
def builder(specs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    bundle = tmp_path / "kofi"
    bundle.mkdir()
    (bundle / "manifest.json").write_text('{"warnings": [{"stage": "voice", "message": "spread"}]}')
    builder = Builder(make_row(specs / "kofi.yaml", str(bundle)))
    monkeypatch.setattr(run_flow, "run_batch", builder)
    return builder


def test_all_errors_of_all_specs_are_printed_before_the_right_ones_are_built(specs: Path, builder: Builder) -> None:
    """A typo in the last spec was found when all the others had been built."""
    lines = invoke("batch", str(specs), code=2).stderr.splitlines()
    places = [line.removeprefix(f"{specs}/").partition(": error[")[0] for line in lines[:3]]
    assert places == ["ada.yaml:2:1", "ada.yaml:3:9", "zoe.yaml:2:7"]
    assert len(builder.requests) == 1


def test_a_batch_ends_with_a_table_the_warnings_and_a_count(specs: Path, builder: Builder) -> None:
    lines = [" ".join(line.split()) for line in invoke("batch", str(specs), code=2).stdout.splitlines()]
    assert lines == [
        "spec bundle", f"{specs}/ada.yaml failed", f"{specs}/kofi.yaml {builder.row['bundle']}", f"{specs}/zoe.yaml failed",
        "kofi.yaml: warning (voice): spread", "1 of 3 built",
    ]  # fmt: skip


def test_with_strict_nothing_is_built_where_a_spec_is_wrong(specs: Path, builder: Builder) -> None:
    lines = invoke("batch", str(specs), "--strict", code=2).stdout.splitlines()
    assert lines[-2:] == ["0 of 2 built", "nothing was built: 2 specs are wrong; fix them or leave out --strict"]
    assert builder.requests == []


def test_jobs_force_allow_target_and_folder_reach_the_builds(specs: Path, builder: Builder, tmp_path: Path) -> None:
    words = ["--jobs", "3", "--force", "voice", "--allow", "rig/soles", "--target", "crowd", "--out", str(tmp_path / "out")]
    run_fenshen("batch", str(specs), *words, code=2)
    assert builder.requests == [BatchRequest(specs, tmp_path / "out", "crowd", frozenset({"voice"}), frozenset({"rig/soles"}), 3)]


def test_quiet_prints_the_errors_alone(specs: Path, builder: Builder) -> None:
    builder.row = make_row(specs / "kofi.yaml", error="error[rig/soles] it floats", kind="GateError")
    result = invoke("batch", str(specs), "--quiet", code=3)
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1] == f"{specs}/kofi.yaml: error[rig/soles] it floats"


def test_json_is_a_row_per_spec(specs: Path, builder: Builder) -> None:
    result = invoke("batch", str(specs), "--json", code=2)
    answer = json.loads(result.stdout)
    assert (answer["ok"], [bool(row["error"]) for row in answer["specs"]]) == (False, [True, False, True])
    assert result.stderr == ""


@pytest.mark.parametrize(("kind", "code"), [("SpecError", 2), ("GateError", 3), ("BackendError", 4), ("KeyError", 1)])
def test_the_exit_code_is_that_of_the_worst_error(specs: Path, builder: Builder, kind: str, code: int) -> None:
    builder.row = make_row(specs / "kofi.yaml", error="it failed", kind=kind)
    invoke("batch", str(specs), code=code)


@pytest.mark.parametrize(("names", "sentence"), [
    ((), "error[batch/empty] {folder} contains no spec; put .yaml or .json specs there"),
    (("a.yaml", "a.json"), "error[batch/twice] a.json and a.yaml would be built into one folder; rename all but one"),
])  # fmt: skip
def test_a_folder_that_cannot_be_built_is_refused(tmp_path: Path, names: tuple[str, ...], sentence: str) -> None:
    folder = tmp_path / "specs"
    folder.mkdir()
    for name in names:
        (folder / name).write_text('{"name": "A"}')
    assert run_fenshen("batch", str(folder), code=2) == sentence.format(folder=folder)


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    sentence = f"error[batch/folder] there is no folder {tmp_path}/nope; give a folder of specs"
    assert run_fenshen("batch", f"{tmp_path}/nope", code=2) == sentence


def test_an_unknown_stage_and_gate_are_refused_once_not_per_spec(specs: Path) -> None:
    assert invoke("batch", str(specs), "--force", "voise", "--allow", "rig/sole", code=2).stderr.splitlines() == [
        "error[build/stage] there is no stage voise; did you mean voice?",
        "error[build/gate] there is no gate rig/sole; did you mean rig/soles?",
    ]
