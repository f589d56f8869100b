"""What `fenshen doctor` says of a machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from assets.paths import PROJECT_ROOT
from flows.cli.build import app
from flows.cli.doctor import _BAKED, BROWSERS, MIN_FREE_BYTES, Requirement, check_machine
from stages.dialogue.smollm2 import SOURCE_FILE, locate_model
from stages.verify.gates import engines
from stages.verify.stage import BAKED_SCRIPTS
from stages.voice.mandarin import ACOUSTIC_MODEL
from stages.voice.transcription import WHISPER_FOLDER


def part(name: str) -> Requirement:
    return next(part for part in check_machine() if part.name.startswith(name))


@pytest.mark.parametrize("file", [f"{locate_model().name}/{SOURCE_FILE}", f"{WHISPER_FOLDER}/model.bin", ACOUSTIC_MODEL, *BAKED_SCRIPTS])
def test_every_model_that_make_bake_makes_has_a_row(file: str) -> None:
    """A machine without its language was told to lack nothing."""
    assert file in _BAKED


def test_what_is_not_baked_is_told_with_what_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path / "not" / "yet"))
    lacking = {found.name: found.fix for found in check_machine() if not found.present and found.required}
    assert {"language model (smollm2/source.json)", "Mandarin model (fastspeech2.tflite)"} < lacking.keys()
    assert {fix for name, fix in lacking.items() if "model" in name} == {"make bake"}
    assert part("disk").name.endswith(f"GB free under {tmp_path})")
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 4


def test_a_full_disk_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=MIN_FREE_BYTES - 1))
    assert not part("disk (0.3 GB free").present


def test_a_home_of_links_that_lead_to_one_another_is_lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").symlink_to("a")
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path / "a"))
    assert part("disk") == Requirement(
        f"disk (no folder can be made at {tmp_path}/a: Too many levels of symbolic links)", False, "set FENSHEN_HOME to another folder"
    )


def test_a_machine_without_chromium_and_gpu_still_builds(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told, but nothing is wrong: the exit code stays 0."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name in (*BROWSERS, "nvidia-smi") else which(name))
    assert engines.find_chromium() is None  # the same names
    told = CliRunner().invoke(app, ["doctor"])
    assert told.exit_code == 0
    assert re.search(r"Chromium +no +install Debian's chromium; until then two gates do not run", told.output)
    assert re.search(r"GPU +no +a build does without", told.output)


def test_doctor_needs_none_of_what_it_looks_for() -> None:
    code = "import sys, flows.cli.doctor as d, flows.cli.build; list(d.examine()); print({'numpy', 'pydantic', 'torch'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT).stdout
    assert told.strip() == "set()"
