"""The faces of the base mesh's skin."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from assets.artefacts.geometry import Ints
from assets.conventions import SKIN_VERTICES
from assets.errors import BackendError, Finding
from assets.home import baked


@lru_cache(maxsize=1)
def base_triangles() -> Ints:
    """(t,3) triangles of the skin on base vertices, eyes and tongue left out."""
    from safetensors.numpy import load_file

    file = baked("template.safetensors")
    if not file.exists():
        raise BackendError(Finding("groom/unbaked", f"{file.name} is missing", fix="run `make bake`"))
    triangles = load_file(file)["triangles"]
    skin: Ints = triangles[(triangles < SKIN_VERTICES).all(1)].astype(np.int32)
    return skin
