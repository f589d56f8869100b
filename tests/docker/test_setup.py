"""The set-up's scripts: what is checked before a download, what needs a yes, what is printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_script(name: str, *arguments: str, stubs: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """A script of docker/ in a clean environment; programs in `stubs` come first on the path."""
    path = f"{stubs}:{os.environ['PATH']}" if stubs else os.environ["PATH"]
    env = {"PATH": path, "HOME": os.environ.get("HOME", "/"), **environment}
    return subprocess.run(
        ["sh", str(ROOT / "docker" / name), *arguments],
        capture_output=True, text=True, env=env, check=False, stdin=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip


def write_stub(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)
    return folder


def test_another_platform_is_refused_in_one_sentence(tmp_path: Path) -> None:
    stubs = write_stub(tmp_path / "bin", "uname", 'case "$1" in -s) echo Darwin ;; *) echo arm64 ;; esac')
    done = run_script("check.sh", stubs=stubs)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Fenshen runs on Linux x86-64, this is Darwin arm64: use the Docker image on this machine.\n"


def test_too_small_a_disk_is_refused_before_a_download(tmp_path: Path) -> None:
    stubs = write_stub(tmp_path / "bin", "df", "printf 'head\\n/dev/x 9 9 2500000 9%% /\\n'")
    done = run_script("check.sh", stubs=stubs, VENV=str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr == "The set-up needs 6 GB of disk space here, 2 GB are free: free some or clone to another disk.\n"


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_an_unsupported_python_is_refused_in_one_sentence(tmp_path: Path, version: str) -> None:
    """A stub answers as a Python of that version would."""
    major, minor = version.split(".")
    stubs = write_stub(
        tmp_path / "bin", "pythonx", f'exec "{sys.executable}" -c "import sys; sys.exit(not (3, 11) <= ({major}, {minor}) <= (3, 13))"'
    )
    done = run_script("check.sh", stubs=stubs, PYTHON="pythonx")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "pythonx is not Python 3.11, 3.12 or 3.13 with its venv module: set PYTHON to one that is.\n"


def test_the_first_python_that_fits_is_printed() -> None:
    done = run_script("check.sh", PYTHON=sys.executable)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{sys.executable}\n", "")


def test_missing_packages_are_not_installed_without_a_yes(tmp_path: Path) -> None:
    stubs = write_stub(tmp_path / "bin", "dpkg", '[ "$2" != libgles2 ]')
    write_stub(stubs, "apt-get", "echo installed >&2")
    write_stub(stubs, "id", "echo 0")
    done = run_script("system.sh", stubs=stubs)
    assert done.returncode == 1
    assert done.stderr == (
        "Debian packages are missing. Install them and call make again: apt-get install -y --no-install-recommends libgles2 "
        "(or call make with YES=1).\n"
    )


@pytest.mark.parametrize("consent", ["YES", "CI"])
def test_missing_packages_are_installed_after_a_yes(tmp_path: Path, consent: str) -> None:
    stubs = write_stub(tmp_path / "bin", "dpkg", '[ "$2" != libgles2 ]')
    write_stub(stubs, "apt-get", f'echo "$@" >>{tmp_path}/calls')
    write_stub(stubs, "id", "echo 0")
    done = run_script("system.sh", stubs=stubs, FENSHEN_HOME=str(tmp_path), **{consent: "1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "step 1 of 4: Debian packages: libgles2\n", "")
    assert (tmp_path / "calls").read_text() == "update -qq\ninstall -y --no-install-recommends libgles2\n"


def test_a_step_is_one_line_and_its_output_goes_to_the_log(tmp_path: Path) -> None:
    noise = "echo WARNING: nothing; echo ERROR: nothing >&2"
    done = run_script("step.sh", "2 of 4", "Python packages", "sh", "-c", noise, FENSHEN_HOME=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "step 2 of 4: Python packages\n", "")
    assert (tmp_path / "setup.log").read_text() == "== step 2 of 4: Python packages\nWARNING: nothing\nERROR: nothing\n"


def test_a_step_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    done = run_script("step.sh", "3 of 4", "node packages", "sh", "-c", "echo no registry; exit 7", FENSHEN_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "step 3 of 4: node packages\n")
    assert done.stderr == f"== step 3 of 4: node packages\nno registry\nstep 3 of 4 failed; the whole log is in {tmp_path}/setup.log\n"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is missing")
def test_the_steps_of_the_makefile_are_numbered_without_a_gap() -> None:
    text = (ROOT / "Makefile").read_text() + (ROOT / "docker" / "system.sh").read_text()
    numbers = [n for n in range(1, 9) if f'"{n} of 4"' in text]
    assert numbers == [1, 2, 3, 4]


@pytest.mark.slow
def test_the_wheel_holds_what_a_build_needs_and_no_portraits(tmp_path: Path) -> None:
    source = tmp_path / "source"  # setuptools leaves its build folder in the tree
    for name in ("flows", "stages", "assets"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    needed = {
        "flows/py.typed", "stages/py.typed", "assets/py.typed", "assets/node/package.json", "assets/node/package-lock.json",
        "flows/report/viewer.js", "flows/report/style.css", "flows/report/templates/page.html", "stages/verify/load_engine.js",
        "assets/presets/kofi.yaml", "assets/weights/skin-unet.safetensors", "assets/wardrobe.json",
    }  # fmt: skip
    assert needed - names == set()
    assert [name for name in names if name.startswith("assets/weights/face-")] == []
