"""`fenshen inspect` and `preview`."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest

from assets.bundle import BundleFile, write_bundle
from assets.digest import sha256
from tests.flows.cli.command import run_fenshen


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle of one file, without a report."""
    data = b"a" * 2600
    manifest = {
        "schema": "fenshen/bundle@1", "name": "Ada",
        "files": [{"path": "dialogue.json", "sha256": sha256(data), "bytes": len(data), "role": "dialogue", "licence": "CC0-1.0"}],
    }  # fmt: skip
    file = BundleFile("dialogue.json", data, "dialogue", "application/json", "CC0-1.0", ("ours",))
    write_bundle(tmp_path / "ada", [file], manifest, lambda written: None)
    return tmp_path / "ada"


def test_inspect_lists_the_files_and_checks_their_digests(bundle: Path) -> None:
    assert run_fenshen("inspect", str(bundle)) == ("file KB role licence dialogue.json 3 dialogue CC0-1.0 Ada: 1 files, all digests match")


def test_inspect_ends_with_exit_code_3_where_a_file_was_changed(bundle: Path) -> None:
    (bundle / "dialogue.json").write_bytes(b"b" * 2600)
    assert run_fenshen("inspect", str(bundle), code=3).startswith("dialogue.json: error[rights/digest]")


@pytest.mark.parametrize("command", ["inspect", "preview"])
def test_a_folder_that_is_no_bundle_is_refused(command: str, tmp_path: Path) -> None:
    assert "manifest.json" in run_fenshen(command, str(tmp_path), code=2)


def test_preview_prints_the_path_of_the_report_where_there_is_one(bundle: Path) -> None:
    """It printed the path of a report that did not exist, with exit code 0."""
    assert run_fenshen("preview", str(bundle), code=2) == f"error[bundle/report] {bundle} has no report.html; build it again"
    (bundle / "report.html").write_text("")
    assert run_fenshen("preview", str(bundle)) == str((bundle / "report.html").resolve())


ROW = {"path": "x", "sha256": sha256(b"x"), "bytes": 1, "role": "r", "licence": "l"}
FOREIGN: list[tuple[str, str]] = [
    ("[" * 100_000, "manifest.json is not JSON: it is nested too deeply"),
    (json.dumps({"schema": "fenshen/bundle@1", "files": []}), "manifest.json: name is not a text"),
    *((json.dumps({"schema": "fenshen/bundle@1", "name": "A", "files": [row]}), f"manifest.json: files.0{what}") for row, what in (
        (5, " is not an object"), ({**ROW, "path": 5}, ".path is not a text"), ({**ROW, "bytes": "1"}, ".bytes is not a whole number"),
        ({**ROW, "bytes": float("inf")}, ".bytes is not a whole number"), ({**ROW, "role": None}, ".role is not a text"),
    )),
    (" " * 16_000_001, "manifest.json is not JSON: it is larger than 16 MB"),
]  # fmt: skip


@pytest.mark.parametrize("command", ["inspect", "preview"])
@pytest.mark.parametrize(("manifest", "sentence"), FOREIGN)
def test_a_strangers_manifest_is_one_sentence(command: str, manifest: str, sentence: str, tmp_path: Path) -> None:
    """Each was a traceback."""
    (tmp_path / "manifest.json").write_text(manifest)
    assert run_fenshen(command, str(tmp_path), code=2).endswith(f"error[bundle/manifest] {sentence}; build it again")


def test_a_pipe_in_the_place_of_the_manifest_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    assert "cannot read manifest.json" in run_fenshen("inspect", str(tmp_path), code=2)


def test_names_of_a_strangers_bundle_move_no_cursor(tmp_path: Path) -> None:
    """They could clear the screen, set the window's title, and end in a traceback where they are no Unicode."""
    (tmp_path / "\x1b[31mx").write_bytes(b"x")
    row = {**ROW, "path": "\x1b[31mx", "role": "\x1b[2J"}
    (tmp_path / "manifest.json").write_text(
        json.dumps({"schema": "fenshen/bundle@1", "name": "A\x1b]0;me\x07\udcff\u202e", "files": [row]})
    )
    printed = run_fenshen("inspect", str(tmp_path))
    assert printed.isprintable()
    assert "\\x1b[31mx" in printed
    assert "A\\x1b]0;me\\x07\\udcff\\u202e: 1 files, all digests match" in printed


def test_a_huge_file_of_a_bundle_is_not_read_into_memory(bundle: Path) -> None:
    """3 GB of zeros that take no room on the disk took 2.9 GB of memory."""
    for name in ("dialogue.json", "stray"):
        with (bundle / name).open("ab") as stream:
            stream.truncate(3_000_000_000)
    tracemalloc.start()
    printed = run_fenshen("inspect", str(bundle), code=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "stray: error[rights/extra-file]" in printed
    assert "the file has 3000000000 bytes, but manifest.json lists 2600" in printed
    assert peak < 50_000_000
