"""The baked base mesh: the triangles of its skin, and the vertices of the average adults."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints
from assets.conventions import SKIN_VERTICES
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path, wrap_read_errors


@lru_cache(maxsize=2)  # both sexes, 230 kB each
def load_adult_positions(sex: Literal["female", "male"]) -> Floats:
    """(19158,3) vertices at rest of the average adult, for whom clothes are made; metres."""
    positions: Floats = _load_baked("adults.safetensors")[sex]
    return positions


@lru_cache(maxsize=1)  # one mesh, 320 kB
def load_skin_triangles() -> Ints:
    """(t,3) triangles of the skin by base vertex, without eyes and tongue."""
    triangles = _load_baked("template.safetensors")["triangles"]
    skin: Ints = triangles[(triangles < SKIN_VERTICES).all(1)].astype(np.int32)
    return skin


def _load_baked(name: str) -> dict[str, NDArray[Any]]:
    from safetensors.numpy import load_file

    file = get_baked_path(name)
    if not file.exists():
        raise BackendError(Finding("bake/missing", f"{file.name} is not baked", fix="run `make bake`"))
    with wrap_read_errors(file):
        return dict(load_file(file))
