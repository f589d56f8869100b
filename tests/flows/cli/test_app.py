"""The `fenshen` command itself: help, version, completion, and what fails before a command starts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from flows import INTERRUPTED
from flows.cli.app import app
from tests.flows.cli.command import list_commands, read_help, run_fenshen

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
WORKING = {"build", "batch", "lineup", "portrait", "bake", "train", "tune", "retrain", "evaluate", "present"}
"""Commands that work for a while; every command of `data` does too."""


COMMANDS = sorted(list_commands(app))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_shows_an_example(words: tuple[str, ...]) -> None:
    assert f"fenshen {' '.join(words)}" in read_help(*words)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_works_for_a_while_can_be_quiet_verbose_and_logged(words: tuple[str, ...]) -> None:
    text = read_help(*words)
    options = [name for name in ("--quiet", "--verbose", "--log-file") if name in text]
    assert len(options) == (3 if words[0] in WORKING | {"data"} else 0)


def test_help_lists_every_exit_code() -> None:
    codes = "0 done, 1 a bug in Fenshen, 2 bad input, 3 a gate failed, 4 the machine lacks something, 130 interrupted, 143 terminated."
    assert f"Exit codes: {codes}" in run_fenshen("--help")


def test_the_version_is_printed() -> None:
    assert run_fenshen("--version") == f"fenshen {version('fenshen')}"


def complete(line: str) -> list[str]:
    """What bash offers after the line (`fenshen build ko`)."""
    words = line.split(" ")
    env = {**os.environ, "_FENSHEN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    command = [sys.executable, "-c", "from flows.cli.app import app; app(prog_name='fenshen')"]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, timeout=60, check=True).stdout.split()


@pytest.mark.parametrize(("line", "offered"), [
    ("fenshen ba", ["batch", "backends", "bake"]),
    ("fenshen build ko", ["kofi"]),
    ("fenshen build kofi --target ", ["web", "desktop", "crowd"]),
    ("fenshen build kofi --only pre", ["presence", "preview"]),
    ("fenshen batch specs --force vo", ["voice"]),
    ("fenshen build kofi --allow rig/so", ["rig/soles"]),
])  # fmt: skip
def test_a_shell_completes_commands_presets_targets_stages_and_gates(line: str, offered: list[str]) -> None:
    assert complete(line) == offered


def test_completion_can_be_shown_and_installed() -> None:
    assert {"--install-completion", "--show-completion"} <= set(read_help().split())


def test_ctrl_c_while_the_command_is_loaded_is_one_sentence() -> None:
    """The first third of a second answered with a traceback through the imports."""
    program = """
import sys
class Interrupted:
    def find_spec(self, name, *rest):
        if name == "typer":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from flows.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, f"{INTERRUPTED}\n")


@pytest.mark.parametrize("library", ["typer", "yaml", "pydantic", "numpy", "scipy"])
def test_a_library_that_every_command_needs_and_that_cannot_be_loaded_is_one_sentence(library: str, tmp_path: Path) -> None:
    """It was a traceback: a command loads its own modules before the block that reports errors."""
    (tmp_path / f"{library}.py").write_text(f"raise ImportError('libfoo.so: cannot open', name='{library}')")
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    command = [sys.executable, "-m", "flows", "plan", "kofi"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=60, check=False)
    assert done.returncode == 4
    assert re.fullmatch(r"error\[backend/library\] (fenshen|this command) needs a library that cannot be loaded: .*\n", done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_goes_to_a_full_disk_is_one_sentence() -> None:
    """It was a traceback."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "flows", "stages"], stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
        )
    assert done.returncode == 4
    assert done.stderr == "error[cli/output] the output cannot be written: no space left on device; free some disk space\n"


def test_a_command_whose_streams_are_closed_does_its_work() -> None:
    """It ended with a traceback that nobody could see."""
    command = f"{sys.executable} -m flows check kofi <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(("variables", "home"), [
    ({"FENSHEN_HOME": "/home/ada/fenshen"}, "/home/ada/fenshen/prefect"),
    ({"FENSHEN_HOME": "/home/ada/fenshen", "PREFECT_HOME": "/home/ada/.prefect"}, "/home/ada/.prefect"),
])  # fmt: skip
def test_prefect_gets_a_home_of_our_own_unless_the_user_set_one(variables: dict[str, str], home: str) -> None:
    """Builds migrated and filled the user's own Prefect database."""
    env = {name: value for name, value in os.environ.items() if name not in ("PREFECT_HOME", "FENSHEN_HOME")}
    command = [sys.executable, "-c", "import flows; from prefect.settings import PREFECT_HOME; print(PREFECT_HOME.value())"]
    done = subprocess.run(command, capture_output=True, text=True, env={**env, **variables}, cwd=ROOT, timeout=120, check=True)
    assert done.stdout.strip() == home


def test_a_prefect_command_started_in_a_checkout_uses_the_same_home(tmp_path: Path) -> None:
    """`prefect` does not import `flows`: pyproject.toml names the folder."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if name not in ("PREFECT_HOME", "FENSHEN_HOME")}
    command = [sys.executable, "-c", "from prefect.settings import PREFECT_HOME; print(PREFECT_HOME.value())"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=120, check=True)
    assert done.stdout.strip() == ".fenshen/prefect"


def test_a_tilde_in_any_path_is_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out=~/x` made a folder of the name ~: a shell leaves it there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    run_fenshen("schema", "--out", "~/schema.json")
    run_fenshen("new", "~/ada.yaml")
    assert {path.name for path in (tmp_path / "home").iterdir()} >= {"schema.json", "ada.yaml"}
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert "begins with a ~ that stands for no home" in run_fenshen("inspect", "~nobody-of-this-name/x", code=2)
