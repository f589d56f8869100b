"""Many bodies at once: surfaces and measures of rows of numbers, a few hundred rows at a time through one matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.base_mesh import load_skin_triangles
from assets.conventions import SKIN_VERTICES
from stages.body.anny import compute_phenotype_weights, load_baked_model

PHENOTYPE_AXES = (
    "gender", "age", "muscle", "weight", "height", "proportions", "cupsize", "firmness", "african", "asian", "caucasian",
)  # fmt: skip
"""Anny's axes, the first numbers of a row; gender runs from 0 male to 1 female there."""
MEASUREMENT_NAMES = ("height_m", "mass_kg", "waist_m", "shoulders_m", "leg_m", "arm_m")
ANNY_DENSITY = 980.0
"""kg/m3, as anny.anthropometry has it."""


@dataclass(frozen=True)
class BodyBatch:
    """Rest poses of n bodies."""

    skin: Floats
    """(n,13380,3) metres, the skin's base vertices, +Y up."""
    joints: Floats
    """(n,j,3) metres."""


class BatchEvaluator:
    """Evaluates rows: PHENOTYPES, then the local changes of these names."""

    def __init__(self, changes: Sequence[str]) -> None:
        from scipy.sparse import csr_matrix

        baked_model = load_baked_model()
        arrays, names = baked_model.arrays, baked_model.names
        columns = SKIN_VERTICES * 3
        self._mask, self._projection = arrays["mask"] != 0, arrays["projection"]
        self._basis = arrays["basis"][:, :columns].astype(np.float32) * arrays["basis_scale"][:, None]
        self._template = arrays["template"][:SKIN_VERTICES].reshape(-1)
        self._joints, self._joints_basis = arrays["joints"], arrays["joints_basis"]
        # Positive and negative shapes of one change follow each other.
        rows = [2 * names["locals"].index(name) + sign for name in changes for sign in (0, 1)]
        self._joints_local = arrays["joints_local"][rows]
        data, at, starts = [], [], [0]
        for row in rows:
            vertices, deltas = baked_model.locals[row]
            kept = vertices < SKIN_VERTICES
            data.append(deltas[kept].ravel())
            at.append((vertices[kept, None] * 3 + np.arange(3)).ravel())
            starts.append(starts[-1] + data[-1].size)
        deltas_of, columns_of = (np.concatenate(parts) if parts else np.zeros(0) for parts in (data, at))
        self._locals = csr_matrix((deltas_of, columns_of, starts), (len(rows), columns), dtype=np.float32)
        self._joint_names = names["joints"]

    def evaluate_batch(self, rows: Floats) -> BodyBatch:
        """The bodies of rows (n,11+k)."""
        axes, changes = rows[:, : len(PHENOTYPE_AXES)], rows[:, len(PHENOTYPE_AXES) :]
        weights = np.stack([compute_phenotype_weights(dict(zip(PHENOTYPE_AXES, map(float, row), strict=True))) for row in axes])
        mix = np.where(self._mask[None], weights[:, None], 1.0).prod(axis=2, dtype=np.float32) @ self._projection
        amounts = np.stack([np.maximum(changes, 0), np.maximum(-changes, 0)], 2).reshape(len(rows), -1).astype(np.float32)
        skin = self._template + mix @ self._basis
        skin += (self._locals.T @ amounts.T).T
        joints = self._joints + np.tensordot(mix, self._joints_basis, 1) + np.tensordot(amounts, self._joints_local, 1)
        return BodyBatch(skin.reshape(len(rows), -1, 3).astype(np.float32), joints.astype(np.float32))

    def measure_bodies(self, rows: Floats) -> Floats:
        """(n,6) MEASURES of rows (n,11+k)."""
        batch = self.evaluate_batch(rows)
        place = {name: batch.joints[:, i] for i, name in enumerate(self._joint_names)}
        height = batch.skin[..., 1].max(1) - batch.skin[..., 1].min(1)
        sides = ("Left", "Right")
        arm = (
            sum(
                _compute_distances(place[f"{s}Arm"], place[f"{s}ForeArm"]) + _compute_distances(place[f"{s}ForeArm"], place[f"{s}Hand"])
                for s in sides
            )
            / 2
        )
        leg = sum(place[f"{s}UpLeg"][:, 1] for s in sides) / 2 - batch.skin[..., 1].min(1)
        shoulders = _compute_distances(place["LeftArm"], place["RightArm"])
        return np.stack([height, ANNY_DENSITY * compute_volumes(batch.skin), measure_waists(batch.skin), shoulders, leg, arm], 1).astype(
            np.float32
        )


def _compute_distances(one: Floats, other: Floats) -> Floats:
    distance: Floats = np.linalg.norm(one - other, axis=1)
    return distance


def compute_volumes(skin: Floats) -> NDArray[Any]:
    """(n,) m3 inside closed surfaces (n,13380,3): signed tetrahedra to a point within, so that small openings cost little."""
    return np.array([_compute_volume(points - points.mean(0)) for points in skin])


def _compute_volume(points: Floats) -> float:
    """m3 of one body, whose points stay in the cache together."""
    x, y, z = np.ascontiguousarray(points.T)
    a, b, c = np.ascontiguousarray(load_skin_triangles().T)
    across = x[a] * (y[b] * z[c] - z[b] * y[c]) + y[a] * (z[b] * x[c] - x[b] * z[c]) + z[a] * (x[b] * y[c] - y[b] * x[c])
    return abs(float(across.sum(dtype=np.float64))) / 6


def measure_waists(skin: Floats) -> NDArray[Any]:
    """(n,) metres round the waist, along the ring of vertices that Anny's own anthropometry measures."""
    ring = skin[:, list(_load_waist_ring())]
    girth: NDArray[Any] = np.linalg.norm(ring - np.roll(ring, 1, 1), axis=2).sum(1)
    return girth


@lru_cache(maxsize=1)
def _load_waist_ring() -> tuple[int, ...]:
    from anny.anthropometry import BASE_MESH_WAIST_VERTICES

    return tuple(BASE_MESH_WAIST_VERTICES)
