"""Many bodies at once: skins and measurements of a few hundred body vectors in one matrix product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.base_mesh import load_skin_triangles
from assets.conventions import SKIN_VERTICES
from stages.body.anny import compute_phenotype_weights, load_baked_model
from stages.origins import ORIGINS

PHENOTYPE_AXES = ("gender", "age", "muscle", "weight", "height", "proportions", "cupsize", "firmness", *ORIGINS)
"""Anny's axes, the first components of a body vector; Anny's gender is 0 male .. 1 female."""
MEASUREMENT_NAMES = ("height_m", "mass_kg", "waist_m", "shoulders_m", "leg_m", "arm_m")
ANNY_DENSITY = 980.0
"""kg/m3, as in anny.anthropometry. Data sets record masses by it; the limits of stages.body.anthropometry have a density of their own."""


@dataclass(frozen=True)
class BodyBatch:
    """n bodies at rest, +Y up."""

    skin: Floats
    """(n,13380,3) metres, the skin's vertices of the base mesh."""
    joints: Floats
    """(n,j,3) metres."""


class BatchEvaluator:
    """Evaluates body vectors: PHENOTYPE_AXES, then the local changes of the given names."""

    def __init__(self, changes: Sequence[str]) -> None:
        from scipy.sparse import csr_matrix

        baked_model = load_baked_model()
        arrays, names = baked_model.arrays, baked_model.names
        columns = SKIN_VERTICES * 3
        self._mask, self._projection = arrays["mask"] != 0, arrays["projection"]
        self._basis = arrays["basis"][:, :columns].astype(np.float32) * arrays["basis_scale"][:, None]
        self._template = arrays["template"][:SKIN_VERTICES].reshape(-1)
        self._joints, self._joints_basis = arrays["joints"], arrays["joints_basis"]
        # Each change has two rows: the positive shape, then the negative one.
        rows = [2 * names["locals"].index(name) + sign for name in changes for sign in (0, 1)]
        self._joints_local = arrays["joints_local"][rows]
        data, indices, starts = [], [], [0]
        for row in rows:
            vertices, deltas = baked_model.locals[row]
            on_skin = vertices < SKIN_VERTICES
            data.append(deltas[on_skin].ravel())
            indices.append((vertices[on_skin, None] * 3 + np.arange(3)).ravel())
            starts.append(starts[-1] + data[-1].size)
        all_data, all_indices = (np.concatenate(parts) if parts else np.zeros(0) for parts in (data, indices))
        self._locals = csr_matrix((all_data, all_indices, starts), (len(rows), columns), dtype=np.float32)
        self._joint_names = names["joints"]

    def evaluate_batch(self, rows: Floats) -> BodyBatch:
        """The bodies of vectors (n,11+k)."""
        axes, changes = rows[:, : len(PHENOTYPE_AXES)], rows[:, len(PHENOTYPE_AXES) :]
        weights = np.stack([compute_phenotype_weights(dict(zip(PHENOTYPE_AXES, map(float, row), strict=True))) for row in axes])
        mix = np.where(self._mask[None], weights[:, None], 1.0).prod(axis=2, dtype=np.float32) @ self._projection
        amounts = np.stack([np.maximum(changes, 0), np.maximum(-changes, 0)], 2).reshape(len(rows), -1).astype(np.float32)
        skin = self._template + mix @ self._basis
        skin += (self._locals.T @ amounts.T).T
        joints = self._joints + np.tensordot(mix, self._joints_basis, 1) + np.tensordot(amounts, self._joints_local, 1)
        return BodyBatch(skin.reshape(len(rows), -1, 3).astype(np.float32), joints.astype(np.float32))

    def measure_bodies(self, rows: Floats) -> Floats:
        """(n,6) MEASUREMENT_NAMES of vectors (n,11+k)."""
        batch = self.evaluate_batch(rows)
        joints = {name: batch.joints[:, i] for i, name in enumerate(self._joint_names)}
        low = batch.skin[..., 1].min(1)
        height, mass = batch.skin[..., 1].max(1) - low, ANNY_DENSITY * compute_volumes(batch.skin)
        arm = sum(_measure_arms(joints, side) for side in ("Left", "Right")) / 2
        leg = sum(joints[f"{side}UpLeg"][:, 1] for side in ("Left", "Right")) / 2 - low
        shoulders = _compute_distances(joints["LeftArm"], joints["RightArm"])
        return np.stack([height, mass, measure_waists(batch.skin), shoulders, leg, arm], 1).astype(np.float32)


def _measure_arms(joints: Mapping[str, Floats], side: str) -> Floats:
    """(n,) metres from shoulder to wrist, of joints (n,3) by name."""
    upper = _compute_distances(joints[f"{side}Arm"], joints[f"{side}ForeArm"])
    return upper + _compute_distances(joints[f"{side}ForeArm"], joints[f"{side}Hand"])


def _compute_distances(one: Floats, other: Floats) -> Floats:
    distance: Floats = np.linalg.norm(one - other, axis=1)
    return distance


def compute_volumes(skin: Floats) -> NDArray[Any]:
    """(n,) m3 inside skins (n,13380,3).

    Sums signed tetrahedra from the centroid, so that the small openings of the skin (eyes, mouth) hardly change the result.
    """
    triangles = np.ascontiguousarray(load_skin_triangles().T)
    return np.array([_compute_volume(points - points.mean(0), triangles) for points in skin])


def _compute_volume(points: Floats, triangles: NDArray[np.int32]) -> float:
    """m3 of one body; one body at a time stays in the CPU's cache."""
    x, y, z = np.ascontiguousarray(points.T)
    a, b, c = triangles
    across = x[a] * (y[b] * z[c] - z[b] * y[c]) + y[a] * (z[b] * x[c] - x[b] * z[c]) + z[a] * (x[b] * y[c] - y[b] * x[c])
    return abs(float(across.sum(dtype=np.float64))) / 6


def measure_waists(skin: Floats) -> NDArray[Any]:
    """(n,) metres around the waist, along the ring of vertices that Anny's own anthropometry measures."""
    from anny.anthropometry import BASE_MESH_WAIST_VERTICES

    ring = skin[:, list(BASE_MESH_WAIST_VERTICES)]
    girth: NDArray[Any] = np.linalg.norm(ring - np.roll(ring, 1, 1), axis=2).sum(1)
    return girth
