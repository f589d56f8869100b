"""What `fenshen doctor` reports of a machine."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assets.disk_space import MIN_FREE_BYTES
from assets.paths import PROJECT_ROOT
from flows.cli import doctor
from flows.cli.doctor import BROWSERS, Requirement, check_machine
from stages.verify.gates import engines
from tests.flows.cli.command import invoke, run_fenshen


def find_part(name: str) -> Requirement:
    return next(part for part in check_machine() if part.name.startswith(name))


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Takes programs off the machine."""
    which = shutil.which
    return lambda *names: monkeypatch.setattr(shutil, "which", lambda name, **options: None if name in names else which(name, **options))


def test_this_machine_has_what_a_build_needs() -> None:
    assert run_fenshen("doctor").endswith("nothing that a build needs is missing")


@pytest.mark.parametrize(
    ("name", "number"),
    [("fenshen", version("fenshen")), ("python", sys.version.split()[0]), *((name, version(name)) for name in ("torch", "coqui-tts"))],
)
def test_versions_are_shown(name: str, number: str) -> None:
    assert find_part(name).version == number


@pytest.mark.parametrize("name", ["node", "glTF validator", "memory", "disk"])
def test_programs_and_sizes_have_a_version_too(name: str) -> None:
    assert any(letter.isdigit() for letter in find_part(name).version)


def test_what_is_not_baked_is_listed_with_the_command_that_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path / "not" / "yet"))
    missing = {part.name: part.fix for part in check_machine() if not part.present and part.required}
    baked = [
        "body",
        "average adults",
        "skins",
        "Mandarin voice",
        "listening model",
        "language model",
        "viewer.js",
        "load_engine.js",
        "load_talkinghead.js",
        "load_babylon.mjs",
        "live.js",
        "socket.js",
        "speaker.js",
        "microphone.js",
        "fenshen-avatar.js",
        "fenshen-talkinghead.js",
    ]
    assert missing == dict.fromkeys(baked, "fenshen bake") | dict.fromkeys(["wardrobe", "glTF validator"], "fenshen bake --node-only")
    assert find_part("disk").version.endswith(f"GB free under {tmp_path}")
    assert run_fenshen("doctor", code=4).endswith("missing: run the commands of the last column")


def test_a_missing_package_names_the_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "TTS" else find_spec(name))
    part = find_part("coqui-tts")
    assert (part.present, part.fix) == (False, "make setup")


@pytest.mark.parametrize(("user", "command"), [(0, "apt-get install -y nodejs npm"), (1000, "sudo apt-get install -y nodejs npm")])
def test_a_missing_program_names_the_command_that_installs_it(
    without: Callable[..., None], user: int, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without("node")
    monkeypatch.setattr("os.geteuid", lambda: user)
    assert find_part("node") == Requirement("node", False, command)


def test_a_full_disk_is_missing_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=MIN_FREE_BYTES - 1))
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    fix = "free 300 MB there or run `fenshen cache gc --days 30`"
    assert find_part("disk") == Requirement("disk", False, fix, version=f"0.3 GB free under {tmp_path}")


def test_a_home_of_links_in_a_circle_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").symlink_to("a")
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path / "a"))
    assert find_part("disk") == Requirement(
        f"disk (no folder can be created at {tmp_path}/a: Too many levels of symbolic links)", False, "set FENSHEN_HOME to another folder"
    )


def test_little_memory_is_reported_and_does_not_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1_000_000}.__getitem__)
    effect = "a build takes up to 5 GB, this machine has 4.1 GB"
    assert doctor._check_memory() == Requirement("memory", False, "add memory or swap", False, "4.1 GB", effect)


def test_a_machine_without_chromium_blender_and_gpu_still_builds(without: Callable[..., None]) -> None:
    """They are reported, but nothing is wrong: the exit code stays 0."""
    without(*BROWSERS, "blender", "nvidia-smi")
    assert engines.find_chromium() is None, "the same names"
    rows = [" ".join(line.split()) for line in invoke("doctor").output.splitlines()]
    assert next(row for row in rows if row.startswith("chromium")).startswith("chromium no two gates do not run ")
    assert next(row for row in rows if row.startswith("blender")).startswith("blender no one gate does not run ")
    assert next(row for row in rows if row.startswith("GPU")) == (
        "GPU no training takes many times as long; builds need none install an NVIDIA GPU and its driver"
    )


def test_json_holds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [Requirement("node", False, "apt-get install -y nodejs npm"), Requirement("torch", True, "make setup", version="2")]
    monkeypatch.setattr(doctor, "check_machine", lambda: iter(parts))
    answer: dict[str, Any] = json.loads(invoke("doctor", "--json", code=4).stdout)
    assert answer == {"ok": False, "parts": [asdict(part) for part in parts]}


def test_doctor_needs_none_of_what_it_looks_for() -> None:
    code = "import sys, flows.cli.app, flows.cli.doctor as d; [*d.check_machine()]; print({'numpy', 'pydantic', 'torch'} & {*sys.modules})"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT_ROOT).stdout
    assert printed.strip() == "set()"
