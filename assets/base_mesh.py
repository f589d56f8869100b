"""The baked base mesh: the triangles of its skin, the quads of its helpers, and the vertices of the average adults."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Surface
from assets.conventions import SKIN_VERTICES
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path, wrap_read_errors


def load_adult_positions(sex: Literal["female", "male"]) -> Floats:
    """(19158,3) vertices at rest of the average adult, for whom clothes are made; metres."""
    positions: Floats = _read_adults(*_find_baked("adults.safetensors"))[sex]
    return positions


def load_skin_triangles() -> Ints:
    """(t,3) triangles of the skin by base vertex, without eyes, teeth and tongue."""
    return _read_skin(*_find_baked("template.safetensors"))


def load_helper_quads(name: Literal["tights", "skirt"]) -> Ints:
    """(q,4) quads, by base vertex, of the surface of the base mesh that clothes of this kind are made from."""
    quads: Ints = _read_helpers(*_find_baked("helpers.safetensors"))[name]
    return quads


def load_skin_surface(name: Literal["head", "body"]) -> Surface:
    """The surface of the skin that has its own texture tile."""
    return _read_surfaces(*_find_baked("tiles.safetensors"))[name]


def _find_baked(name: str) -> tuple[Path, int]:
    """The file and its time; raises BackendError if it is missing."""
    file = get_baked_path(name)
    if not file.exists():
        raise BackendError(Finding("bake/missing", f"{file.name} is missing", fix="run `fenshen bake`"))
    return file, file.stat().st_mtime_ns


# A process uses one baked file of each kind. The time makes a cache forget a file that is baked again.
@lru_cache(maxsize=1)  # 0.5 MB
def _read_adults(file: Path, mtime_ns: int) -> dict[str, NDArray[Any]]:
    return _read_arrays(file)


@lru_cache(maxsize=1)  # 50 kB
def _read_helpers(file: Path, mtime_ns: int) -> dict[str, NDArray[Any]]:
    return _read_arrays(file)


@lru_cache(maxsize=1)  # 0.3 MB
def _read_skin(file: Path, mtime_ns: int) -> Ints:
    triangles = _read_arrays(file)["triangles"]
    skin: Ints = triangles[(triangles < SKIN_VERTICES).all(1)].astype(np.int32)
    return skin


@lru_cache(maxsize=1)  # 0.5 MB
def _read_surfaces(file: Path, mtime_ns: int) -> dict[str, Surface]:
    from safetensors import safe_open

    with wrap_read_errors(file), safe_open(file, "numpy") as tensors:
        return {
            name: Surface(name, *(tensors.get_tensor(f"{name}_{part}") for part in ("base", "uv", "triangles")))
            for name in ("head", "body")
        }


def _read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load_file

    with wrap_read_errors(file):
        return dict(load_file(file))
