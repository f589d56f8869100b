"""What judges a bundle, as digests: they are part of the key of `verify`, so that a stored package is judged again by new gates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assets.digest import sha256_file
from assets.paths import get_baked_path

_VERIFY = Path(__file__).resolve().parent
_ROOT = _VERIFY.parents[1]
ENGINE_SCRIPTS = ("load_engine.js", "load_talkinghead.js", "load_babylon.mjs")
_SUFFIXES = (".py", ".js", ".mjs")
SHARED_SOURCES = (
    "assets/conventions.py", "assets/formats/image.py", "assets/formats/wav.py", "assets/garment_layers.py",
    "assets/joint_frames.py", "assets/mesh.py", "assets/rotation.py",
    "assets/skinning.py", "assets/spec/packaging.py", "assets/temporary_folder.py",
    "stages/render/depth.py", "stages/render/gl.py", "stages/render/light.py",
)  # fmt: skip
"""Files of other rooms that decide what a gate finds: its limits, names and measures."""


def digest_gate_sources() -> dict[str, str]:
    """File -> sha256 of every gate, of what it measures with, and of the baked scripts that load the avatar in other engines.

    The text counts, not only the code: a changed comment costs one more verification of a few seconds, a missed change a wrong verdict.
    """
    files = {path.relative_to(_ROOT).as_posix(): path for path in _list_sources()}
    for baked in (get_baked_path(name) for name in ENGINE_SCRIPTS):
        if baked.is_file():
            files[f"baked/{baked.name}"] = baked
    return {name: sha256_file(path) for name, path in sorted(files.items())}


def _list_sources() -> Iterator[Path]:
    yield from (path for path in _VERIFY.rglob("*") if path.suffix in _SUFFIXES)
    yield from (_ROOT / name for name in SHARED_SOURCES)
