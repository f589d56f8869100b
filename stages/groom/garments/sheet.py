"""A piece of clothing ready to be painted and worn: its mesh in the T-pose, and its finest level with what a painter must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.artefacts.geometry import Doubles, Floats, Ints
from assets.mesh import find_boundary_edges
from assets.rotation import normalize_vectors
from assets.skinning import apply_matrices
from stages.groom.garments.cloth import Cloth, Line, index_edges
from stages.groom.garments.figure import Figure
from stages.groom.garments.panels import find_seam_edges
from stages.groom.garments.style import Garment
from stages.groom.garments.tailor import Draped, compute_normals

_FAR_M = 1.0


@dataclass(frozen=True)
class Fine:
    """The finest level of a piece, by pattern row."""

    uv: Floats
    """(m,2) metres."""
    triangles: Ints
    """(t,3) rows."""
    panel: Ints
    """(m,)"""
    normals: Floats
    """(m,3) of the fine shape, in the draping pose."""
    low_normals: Floats
    """(m,3) of the shipped mesh there."""
    low_tangents: Floats
    """(m,4) of the shipped mesh there."""
    points: Doubles
    """(m,3) in the draping pose."""
    spread: Any
    """(m,k) sparse: values at the rows of the first level, which come first, at all rows."""
    channels: dict[str, Floats]
    """Name -> (m,): x, depth, sleeve, leg, height, curvature, and the distance from each line."""

    @property
    def coarse_count(self) -> int:
        """Rows of the first level."""
        return int(self.spread.shape[1])


@dataclass(frozen=True)
class Sheet:
    """A piece by pattern row."""

    garment: Garment
    positions: Floats
    """(m,3) T-pose."""
    normals: Floats
    """(m,3) T-pose."""
    weights: Floats
    """(m,j) on JOINTS."""
    uv: Floats
    """(m,2) metres; later 0..1."""
    panel: Ints
    """(m,) panel of each row."""
    triangles: Ints
    """(t,3) rows."""
    borders: Ints
    """(e,2) rows of the open edges."""
    fine: Fine


def make_sheet(figure: Figure, draped: Draped) -> Sheet:
    """The sheet of a draped garment."""
    cloth, pattern = draped.cloth, draped.pattern
    normals = compute_normals(draped.low, cloth.triangles)
    _, to_pose = figure.blend(cloth)
    inverse = np.linalg.inv(to_pose)
    bind = apply_matrices(inverse, draped.low)
    bind_normals = normalize_vectors(np.einsum("nij,nj->ni", inverse[:, :3, :3], normals))
    row = pattern.vertex
    return Sheet(
        draped.garment, bind[row].astype(np.float32), bind_normals[row].astype(np.float32), cloth.get("weights")[row], pattern.uv,
        pattern.panel, pattern.corners, _list_border_rows(cloth, pattern.corners), _refine(draped, normals),
    )  # fmt: skip


def _list_border_rows(cloth: Cloth, corners: Ints) -> Ints:
    """(e,2) pattern rows of the open edges, in the order of their triangles."""
    _, number = index_edges(cloth.triangles)
    uses = np.bincount(number.ravel())
    triangle, corner = np.nonzero(uses[number] == 1)
    return np.stack([corners[triangle, corner], corners[triangle, (corner + 1) % 3]], 1).astype(np.int32)


def _refine(draped: Draped, low_normals: Doubles) -> Fine:
    one, two = draped.levels
    pattern, cloth = draped.pattern, draped.cloth
    rows = two.linear_rows @ one.linear_rows
    vertex = np.zeros(rows.shape[0], np.int64)
    vertex[two.corners.ravel()] = two.triangles.ravel()
    fine_normals = compute_normals(draped.high, two.triangles)
    uv = (rows @ pattern.uv).astype(np.float32)
    tangents = compute_row_tangents(draped.low[pattern.vertex], pattern.uv, pattern.corners, low_normals[pattern.vertex])
    panel = np.zeros(rows.shape[0], np.int32)
    panel[two.corners.ravel()] = np.repeat(np.tile(pattern.panel[pattern.corners[:, 0]], 16), 3)
    linear = two.linear @ one.linear
    low_fine = normalize_vectors(rows @ low_normals[pattern.vertex])
    tangent = rows @ tangents
    fields = {
        "x": (linear @ cloth.get("bind")[:, 0])[vertex], "height": (linear @ cloth.get("bind")[:, 1])[vertex],
        "depth": (linear @ cloth.get("depth"))[vertex], "sleeve": (linear @ cloth.get("sleeve"))[vertex],
        "leg": (linear @ cloth.get("leg"))[vertex], "arm": (linear @ cloth.get("arm"))[vertex],
        "curvature": _measure_curvature(draped.high, two.triangles, fine_normals)[vertex],
    }  # fmt: skip
    fields |= measure_lines(draped, uv, panel)
    return Fine(
        uv, two.corners, panel, fine_normals[vertex].astype(np.float32), low_fine.astype(np.float32), tangent.astype(np.float32),
        draped.high[vertex], two.linear_rows, {name: np.asarray(values, np.float32) for name, values in fields.items()},
    )  # fmt: skip


def _measure_curvature(points: Doubles, triangles: Ints, normals: Doubles) -> Doubles:
    """(n,) positive in folds that face outwards, about -1..1 for sharp ones."""
    edges, _ = index_edges(triangles)
    both = np.concatenate([edges, edges[:, ::-1]])
    count = np.maximum(np.bincount(both[:, 0], minlength=len(points)), 1)
    away = points[both[:, 1]] - points[both[:, 0]]
    height = np.einsum("na,na->n", away, normals[both[:, 0]]) / np.maximum(np.linalg.norm(away, axis=1), 1e-6)
    found = -np.bincount(both[:, 0], height, len(points)) / count
    for _ in range(3):
        found = 0.5 * found + 0.5 * np.bincount(both[:, 0], found[both[:, 1]], len(points)) / count
    return np.clip(found * 6, -1, 1)


def compute_row_tangents(points: Doubles, uv: Floats, corners: Ints, normals: Doubles) -> Doubles:
    """(m,4) unit tangents along U with the handedness of V pointing up."""
    position, flat = points[corners], uv[corners].astype(np.float64)
    edge1, edge2 = position[:, 1] - position[:, 0], position[:, 2] - position[:, 0]
    d1, d2 = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    area = d1[:, 0] * d2[:, 1] - d2[:, 0] * d1[:, 1]
    along = (edge1 * d2[:, 1:] - edge2 * d1[:, 1:]) * np.where(area < 0, -1.0, 1.0)[:, None]
    total = np.zeros((len(points), 3))
    for k in range(3):
        np.add.at(total, corners[:, k], along)
    tangent = normalize_vectors(total - normals * (total * normals).sum(1, keepdims=True), 1e-9, (1.0, 0.0, 0.0))
    return np.concatenate([tangent, np.ones((len(points), 1))], 1)


def measure_lines(draped: Draped, uv: Floats, panel: Ints) -> dict[str, Floats]:
    """Name of a line -> (m,) metres from it in the pattern; far where its panel has none."""
    from scipy.spatial import cKDTree

    cloth, pattern = draped.cloth, draped.pattern
    edges, sewn = find_seam_edges(cloth, draped.seams)
    border = np.zeros(len(edges), bool)
    open_edges = find_boundary_edges(cloth.triangles)
    span = len(cloth.values) + 1
    border[np.isin(edges @ [span, 1], open_edges.astype(np.int64) @ [span, 1])] = True
    allowed = set((edges[sewn | border] @ [span, 1]).tolist())
    ends = np.stack([pattern.corners, np.roll(pattern.corners, -1, 1)], 2).reshape(-1, 2)
    keys = np.sort(pattern.vertex[ends].astype(np.int64), 1) @ [span, 1]
    ends = ends[[key in allowed for key in keys.tolist()]]
    found = {}
    for line in Line:
        chosen = ends[((cloth.lines[pattern.vertex[ends]] & int(line)) != 0).all(1)]
        distance = np.full(len(uv), _FAR_M)
        for k in np.unique(pattern.panel[chosen[:, 0]]) if len(chosen) else ():
            own = pattern.panel[chosen[:, 0]] == k
            a, b = pattern.uv[chosen[own, 0]], pattern.uv[chosen[own, 1]]
            steps = np.linspace(0, 1, 14)[:, None, None]
            here = panel == k
            distance[here] = cKDTree((a * (1 - steps) + b * steps).reshape(-1, 2)).query(uv[here])[0]
        found[str(line.name).lower()] = distance.astype(np.float32)
    return found
