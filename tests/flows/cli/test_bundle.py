"""`fenshen inspect` and `preview`."""

from __future__ import annotations

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
