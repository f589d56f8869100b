"""`fenshen bake`: what is there is not made again, and what fails is one sentence."""

from __future__ import annotations

import importlib
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assets.paths import get_baked_path, get_node_modules
from flows.cli import bake as module
from flows.cli.bake import BAKES, NODE_FOLDER, SCRIPTS, Bake, install_node_packages, is_baked, list_node_packages, run_bake
from stages.dialogue.smollm2 import SOURCE_FILE, locate_model
from stages.verify.requirements import BAKED_SCRIPTS
from stages.voice.mandarin import ACOUSTIC_MODEL
from stages.voice.transcription import WHISPER_FOLDER
from tests.flows.cli.command import invoke, run_fenshen


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty FENSHEN_HOME."""
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.delenv("FENSHEN_NODE_MODULES", raising=False)
    return tmp_path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts a shell script on PATH in a program's place."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(stat.S_IRWXU)

    return write


def make_file(path: Path) -> None:
    """Stands for a bake."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"baked")


TOY = Bake("toy", ("toy.bin",), f"{__name__}:make_file", takes_path=True)


@pytest.mark.parametrize("bake", BAKES, ids=lambda bake: bake.title)
def test_every_bake_names_a_function(bake: Bake) -> None:
    name, _, function = bake.entry.partition(":")
    assert callable(getattr(importlib.import_module(name), function))


def test_the_files_that_stages_look_for_are_baked() -> None:
    """A machine without its language was said to lack nothing."""
    files = {file for bake in BAKES for file in bake.files} | {script.name for script in SCRIPTS}
    assert {f"{locate_model().name}/{SOURCE_FILE}", f"{WHISPER_FOLDER}/model.bin", ACOUSTIC_MODEL, *BAKED_SCRIPTS} <= files


def test_what_is_there_is_not_made_again() -> None:
    assert run_bake(TOY)
    assert get_baked_path("toy.bin").read_bytes() == b"baked"
    assert not run_bake(TOY)


def test_each_step_is_a_line_and_force_makes_all_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BAKES", (TOY,))
    for name in ("install_node_packages", "upgrade_prefect_database"):
        monkeypatch.setattr(module, name, lambda **_: None)
    monkeypatch.setattr(module, "bundle_script", lambda script: None)
    rest = ["2 of 3: browser scripts: bundled", f"3 of 3: Prefect's database in {home}/prefect: ready"]
    assert invoke("bake").stdout.splitlines() == ["1 of 3: toy: baked", *rest]
    assert invoke("bake").stdout.splitlines() == ["1 of 3: toy: already there", *rest]
    assert invoke("bake", "--force").stdout.splitlines() == ["1 of 3: toy: baked", *rest]
    assert invoke("bake", "--quiet").stdout == ""


def test_without_npm_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, **options: None)
    sentence = "error[bake/npm] npm is not installed; install Debian's nodejs and npm (Node.js 18 or newer)"
    assert run_fenshen("bake", "--node-only", code=4) == sentence


def test_a_package_that_cannot_be_fetched_is_one_sentence_and_is_tried_again(home: Path, programs: Callable[[str, str], None]) -> None:
    programs("npm", "echo npm error network timeout >&2; exit 1")
    sentence = (
        f"error[bake/npm] the node packages were not installed: npm error network timeout; run {home}/bin/npm ci in {home}/node to see more"
    )
    assert run_fenshen("bake", "--node-only", code=4) == sentence
    assert not (home / "node" / "package-lock.json").exists()


def install_all(home: Path) -> str:
    """What npm does, as a shell script that counts its calls."""
    packages = " ".join(f"node_modules/{name}" for name in list_node_packages())
    return f"for p in {packages}; do mkdir -p $p; echo '{{}}' > $p/package.json; done; echo once >> {home}/calls"


def test_packages_of_the_same_lock_file_are_not_installed_again(home: Path, programs: Callable[[str, str], None]) -> None:
    programs("npm", install_all(home))
    assert install_node_packages()
    assert not install_node_packages()
    assert (home / "calls").read_text() == "once\n"
    assert (get_node_modules().parent / "package-lock.json").read_bytes() == (NODE_FOLDER / "package-lock.json").read_bytes()
    (get_node_modules().parent / "package-lock.json").write_text("{}")
    install_node_packages()
    assert (home / "calls").read_text() == "once\nonce\n"


@pytest.mark.parametrize("name", list_node_packages())
def test_a_package_that_was_removed_is_installed_again(name: str, home: Path, programs: Callable[[str, str], None]) -> None:
    """Nothing was installed where the lock file was the same."""
    programs("npm", install_all(home))
    assert invoke("bake", "--node-only").stdout == "node packages: installed\n"
    (get_node_modules() / name / "package.json").unlink()
    assert invoke("bake", "--node-only").stdout == "node packages: installed\n"
    assert invoke("bake", "--node-only").stdout == "node packages: already there\n"


def test_force_installs_the_packages_again(home: Path, programs: Callable[[str, str], None]) -> None:
    programs("npm", install_all(home))
    for _ in range(2):
        assert invoke("bake", "--node-only", "--force").stdout == "node packages: installed\n"
    assert (home / "calls").read_text() == "once\nonce\n"


def test_a_script_that_cannot_be_bundled_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    esbuild = get_node_modules() / ".bin" / "esbuild"
    make_file(esbuild)
    esbuild.write_text("#!/bin/sh\necho 'error: Could not resolve three' >&2\nexit 1\n")
    esbuild.chmod(stat.S_IRWXU)
    make_file(get_node_modules() / "three" / "LICENSE")
    monkeypatch.setattr(module, "BAKES", ())
    monkeypatch.setattr(module, "install_node_packages", lambda **_: False)
    monkeypatch.chdir(home)
    source = SCRIPTS[0].source
    assert run_fenshen("bake", code=4) == (
        f"error[bake/script] viewer.js was not bundled: error: Could not resolve three; run {esbuild} {source} in {home} to see more"
    )


def test_a_home_that_cannot_be_written_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("FENSHEN_HOME", str(home / "file"))
    fix = "set FENSHEN_HOME, or PREFECT_HOME for Prefect's database, to another folder"
    assert run_fenshen("bake", code=4) == f"error[bake/write] {home}/file/node cannot be written: Not a directory; {fix}"


def test_a_prefect_database_that_cannot_be_created_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BAKES", ())
    monkeypatch.setattr(module, "SCRIPTS", ())
    monkeypatch.setattr(module, "install_node_packages", lambda **_: False)
    monkeypatch.setattr("sys.executable", "/bin/false")
    monkeypatch.chdir(home)
    assert invoke("bake", code=4).stderr.splitlines() == [
        f"error[bake/prefect] Prefect's database was not created: exit code 1; run /bin/false -P in {home} to see more"
    ]


def test_what_older_code_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hair was placed by an average adult of last month's bodies until somebody ran `bake --force`."""
    source = tmp_path / "numbers.json"
    source.write_text("1")
    bake = replace(TOY, sources=(str(source),))
    assert not is_baked(bake)
    assert run_bake(bake)
    assert is_baked(bake)
    source.write_text("2")
    assert not is_baked(bake)
    assert run_bake(bake)
    assert not run_bake(bake)


def test_a_damaged_record_of_what_was_baked_makes_it_again() -> None:
    assert run_bake(TOY)
    get_baked_path("made_by.json").write_text("[1")
    assert run_bake(TOY)
