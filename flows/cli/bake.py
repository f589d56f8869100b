"""`fenshen bake`: what every build needs and a machine makes once: node packages, body, skins, models, browser scripts."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from assets.child_process import make_child_environment
from assets.errors import BackendError, Finding, StoreError
from assets.paths import PROJECT_ROOT, find_program, get_baked_path, get_home, get_node_modules, has_node_package
from flows.cli.console import out, report_findings

NODE_FOLDER = PROJECT_ROOT / "assets" / "node"
"""package.json and its lock file, in a checkout and in an installed wheel."""


@dataclass(frozen=True)
class Bake:
    """One thing that is made once; skipped where all its files exist and the code that made them is still the same."""

    title: str
    files: tuple[str, ...]
    """In the baked folder; the last one is written last."""
    entry: str
    """The function that makes it, "module:name"."""
    takes_path: bool = False
    """Whether it is given the path of its last file."""
    sources: tuple[str, ...] = ()
    """More of the package's files, or folders of modules, that decide the result; the module of `entry` always does."""


BAKES = (
    Bake(
        "body",
        ("template.safetensors", "face_changes.json", "body.safetensors", "helpers.safetensors"),
        "stages.body.bake:bake",
    ),
    Bake("average adults", ("adults.safetensors",), "stages.body.bake:bake_adults", sources=("stages/body",)),
    Bake("skins", ("tiles.safetensors",), "stages.texture.tiles:bake_tiles", takes_path=True, sources=("assets/wardrobe.json",)),
    Bake("Mandarin voice", ("fastspeech2.tflite",), "stages.voice.mandarin:bake_default_model"),
    Bake("listening model", ("whisper-base/model.bin",), "stages.voice.transcription:bake_whisper"),
    Bake("language model", ("smollm2/source.json",), "stages.dialogue.smollm2:bake_model"),
)


@dataclass(frozen=True)
class Script:
    """A script of a browser or of node, bundled with the node packages that it imports."""

    name: str
    source: Path
    format: str
    platform: str = "browser"


_STAMPS = "made_by.json"
"""Title of each bake -> digest of the code that made it."""

_CLIENT = PROJECT_ROOT / "flows" / "live" / "client"
_VERIFY = PROJECT_ROOT / "stages" / "verify"
SCRIPTS = (
    Script("viewer.js", PROJECT_ROOT / "flows" / "report" / "viewer.js", "iife"),
    Script("live.js", _CLIENT / "live.js", "iife"),
    *(Script(name, _CLIENT / name, "iife") for name in ("microphone.js", "speaker.js", "socket.js")),
    Script("fenshen-avatar.js", _CLIENT / "component.js", "iife"),
    Script("fenshen-talkinghead.js", _CLIENT / "talkinghead.js", "esm"),
    Script("load_engine.js", _VERIFY / "load_engine.js", "esm"),
    Script("load_talkinghead.js", _VERIFY / "load_talkinghead.js", "esm"),
    Script("load_babylon.mjs", _VERIFY / "load_babylon.js", "esm", "node"),
)


def list_node_packages() -> tuple[str, ...]:
    """Names of the node packages that a build or its tests need."""
    package = json.loads((NODE_FOLDER / "package.json").read_text("utf-8"))
    return (*package["dependencies"], *package["devDependencies"])


def install_node_packages(*, force: bool = False) -> bool:
    """Installs the pinned node packages next to the baked files and checks their hashes; returns whether it had to.

    Skipped where the lock file is the same and no package is missing.

    Args:
        force: install them again in any case.

    Raises:
        BackendError: npm is missing, or a package cannot be fetched or does not have its hash.
    """
    folder = get_node_modules().parent
    lock = (NODE_FOLDER / "package-lock.json").read_bytes()
    installed = folder / "package-lock.json"
    same_lock = installed.is_file() and installed.read_bytes() == lock
    if not force and same_lock and all(map(has_node_package, list_node_packages())):
        return False
    npm = find_program("npm")
    if npm is None:
        raise BackendError(Finding("bake/npm", "npm is not installed", fix="install Debian's nodejs and npm (Node.js 18 or newer)"))
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(NODE_FOLDER / "package.json", folder / "package.json")
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    installed.write_bytes(lock)
    try:
        _run_tool(command, "bake/npm", "the node packages were not installed", folder)
    except BaseException:
        installed.unlink(missing_ok=True)  # the mark of a finished installation
        raise
    return True


def bundle_script(script: Script) -> None:
    """Writes one script into the baked folder.

    Raises:
        BackendError: esbuild refuses it.
    """
    modules = get_node_modules()
    target = get_baked_path(script.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    licence = (modules / "three" / "LICENSE").read_text("utf-8").strip()
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / script.name
        command = [
            str(modules / ".bin" / "esbuild"), str(script.source), "--bundle", "--minify", "--log-level=warning",
            f"--format={script.format}", f"--platform={script.platform}", f"--outfile={made}", f"--banner:js=/*! three.js: {licence} */",
        ]  # fmt: skip
        _run_tool(command, "bake/script", f"{script.name} was not bundled", env={"NODE_PATH": str(modules)})
        made.replace(target)


@contextmanager
def _map_disk_errors() -> Iterator[None]:
    """Maps a folder that cannot be written to an error that names it."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or get_home()} cannot be written: {error.strerror}"
        fix = "set FENSHEN_HOME, or PREFECT_HOME for Prefect's database, to another folder"
        raise StoreError(Finding("bake/write", message, fix=fix)) from error


def _run_tool(command: Sequence[str], code: str, failed: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Runs a program; where it fails, its last line is the reason."""
    done = subprocess.run(command, cwd=cwd, env=make_child_environment(env), capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).strip().splitlines() if line.strip()]
        # A program in node ends with its stack and version.
        reason = next((line for line in lines if "[ERROR]" in line), lines[-1]) if lines else f"exit code {done.returncode}"
        raise BackendError(
            Finding(code, f"{failed}: {reason}", fix=f"run {' '.join(map(str, command[:2]))} in {cwd or Path.cwd()} to see more")
        )


def is_baked(bake: Bake) -> bool:
    """Whether all its files exist, made by the code of today: an average adult of last month's bodies would misplace hair and clothes."""
    return all(get_baked_path(name).exists() for name in bake.files) and _read_stamps().get(bake.title) == _digest_sources(bake)


def run_bake(bake: Bake) -> bool:
    """Makes it where a file is missing or older code made it; returns whether it had to."""
    if is_baked(bake):
        return False
    for name in bake.files:
        get_baked_path(name).unlink(missing_ok=True)
    module, _, name = bake.entry.partition(":")
    make: Callable[..., Any] = getattr(importlib.import_module(module), name)
    make(*([get_baked_path(bake.files[-1])] if bake.takes_path else []))
    _write_stamps(_read_stamps() | {bake.title: _digest_sources(bake)})
    return True


def _read_stamps() -> dict[str, str]:
    try:
        return dict(json.loads(get_baked_path(_STAMPS).read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def _write_stamps(stamps: dict[str, str]) -> None:
    file = get_baked_path(_STAMPS)
    partial = file.with_suffix(".part")
    partial.write_text(json.dumps(stamps, indent=1), "utf-8")
    partial.replace(file)


def _digest_sources(bake: Bake) -> str:
    module = PROJECT_ROOT / f"{bake.entry.partition(':')[0].replace('.', '/')}.py"
    named = [PROJECT_ROOT / name for name in bake.sources]
    files = {module, *(file for path in named for file in (path.rglob("*.py") if path.is_dir() else [path]))}
    # With hashlib: numpy, which assets.digest imports, may be what `fenshen doctor` finds missing.
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in sorted(files))).hexdigest()


def upgrade_prefect_database() -> None:
    """Creates our own Prefect database, or brings it to this Prefect's version; the user's is not touched."""
    home = Path(os.environ["PREFECT_HOME"])  # ours, set in flows/__init__.py, unless the user set one
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "prefect", "server", "database", "upgrade", "-y"]
    _run_tool(command, "bake/prefect", "Prefect's database was not created")


def bake(
    node_only: Annotated[bool, typer.Option("--node-only", help="Install the node packages and stop.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Make everything again.")] = False,
) -> None:
    """Make what every build needs, once per machine: node packages, body, skins, models, browser scripts.

    Example: `fenshen bake`
    """
    with report_findings(), _map_disk_errors():
        installed = install_node_packages(force=force)
        if node_only:
            out.print(f"node packages: {'installed' if installed else 'already there'}")
            return
        if force:
            for name in (name for bake in BAKES for name in bake.files):
                get_baked_path(name).unlink(missing_ok=True)
        steps = len(BAKES) + 2
        # A process of its own, which takes as long as half of the rest.
        with ThreadPoolExecutor(1) as pool:
            upgrade = pool.submit(upgrade_prefect_database)
            for number, one in enumerate(BAKES, 1):
                out.print(f"{number} of {steps}: {one.title}: {'baked' if run_bake(one) else 'already there'}")
            for script in SCRIPTS:
                bundle_script(script)
            out.print(f"{steps - 1} of {steps}: browser scripts: bundled")
            upgrade.result()
        out.print(f"{steps} of {steps}: Prefect's database in {os.environ['PREFECT_HOME']}: ready")
