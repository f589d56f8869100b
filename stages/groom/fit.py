"""Fits wardrobe items to any body: placed at rest, skinned, moved into the T-pose, and given the body's morphs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Ints, Mesh, MorphTarget, Skin
from assets.base_mesh import load_skin_triangles
from assets.conventions import BASE_VERTICES, JOINTS, SKIN_VERTICES
from assets.mesh import compute_vertex_normals, cross_edges, find_boundary_edges, split_components
from assets.rotation import dot
from assets.skinning import interpolate_weights, limit_influences, skin_points, weight_by_height
from stages.groom.placement import average_over_triangles, average_rows_over_triangles, place_item, place_smoothed, weld_item_triangles
from stages.groom.wardrobe import WardrobeItem

SKIN_CLEARANCE = 0.004
"""Metres that cloth keeps from the skin."""
_MIN_MORPH_DELTA = 2e-5
EDGE_MARGIN = 0.03
"""Width, in metres, of the rim of skin that is kept under a garment's open edges."""
_HAIR_CLEARANCE = 0.007
"""Metres that hanging hair keeps from skin and cloth."""
_MAX_CAP_HEIGHT, _MIN_CAP_SHARE = 0.025, 0.95
"""Metres from the skin up to which hair is close to the head, and the share of short hair's area that is."""
_MAX_LEG_DEPTH, _MIN_SEALED_DISTANCE = 0.06, 0.025
"""Where the edge of a shoe is at most this deep inside a trouser leg, and at least this far from its hem, the skin there is never seen."""
_MIN_MIDDLE_DISTANCE, _MAX_CONTACT_DISTANCE = 0.015, 0.02
"""The middle of a part of a shoe begins this far from the part's edges; an edge this near to the middle of another part lies on it."""
LEG_JOINTS = ("UpLeg", "Leg", "Foot", "ToeBase")
"""Of one side, without its name."""
_LEG_SPLIT_STEEPNESS, _CROTCH_SHARE = 2.5, 0.7
"""Where both legs hold more than the share of the cloth, it passes from one to the other more steeply than smoothed, by the factor."""
_SKIN_NEIGHBOURS, _SMOOTHING_ROUNDS = 6, 4
_MAX_PUSH_DISTANCE, _PUSH_ROUNDS = 0.04, 3
_NO_EDGE = 9.0
"""Metres to an edge that does not exist: more than any garment is wide."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FittedItem:
    """An item on one body, in the T-pose."""

    item: WardrobeItem
    positions: Floats
    """(n,3) of the item's vertices, metres."""
    skin: Skin


def fit_item(item: WardrobeItem, body: Body, skin: Skin | None = None) -> FittedItem:
    """The item on the body; `skin` holds its influences where they are known from another body."""
    at_rest = place_smoothed(item, body.rest) if item.slot == "outfit" else place_item(item, body.rest)
    skin = skin or _compute_influences(item, at_rest, body)
    return FittedItem(item, skin_points(at_rest, skin, body.rest_to_bind), skin)


def _compute_influences(item: WardrobeItem, at_rest: Floats, body: Body) -> Skin:
    if item.slot in ("hair", "hat"):
        return limit_influences(weight_by_height(at_rest, body.skeleton))
    if item.slot in ("outfit", "shoes"):
        return _transfer_skin_influences(at_rest, weld_item_triangles(item), body)
    return _inherit_influences(item, body.skin)


def _inherit_influences(item: WardrobeItem, base: Skin) -> Skin:
    """The four strongest influences of the base vertices that each item vertex is bound to."""
    shares = np.maximum(item.weights, 0)
    shares /= np.maximum(shares.sum(1, keepdims=True), 1e-6)
    return limit_influences(interpolate_weights(base, item.references, shares))


def _transfer_skin_influences(points: Floats, triangles: Ints, body: Body) -> Skin:
    """A garment's influences: those of the nearest skin, smoothed over its cloth.

    The helper vertices that garments are bound to have uneven weights of their own, which lift a flap at the shoulder when the arms
    come down. Those of shoes are the corners of a box, by which a heel would follow the shin and the toes.
    """
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(body.rest[:SKIN_VERTICES]).query(points, _SKIN_NEIGHBOURS)
    shares = 1 / np.maximum(distance, 1e-4)
    shares /= shares.sum(1, keepdims=True)
    dense = interpolate_weights(body.skin, nearest, shares)
    for _ in range(_SMOOTHING_ROUNDS):
        dense = average_rows_over_triangles(dense, triangles)
    return limit_influences(split_legs(dense))


def split_legs(dense: Floats) -> Floats:
    """(n,j) weights on JOINTS in which what both legs hold goes mostly to the stronger leg; their sum stays the same.

    A skirt with smoothed weights stays behind the leading thigh, which then pokes through; a tight one bends at its middle alone.
    """
    left, right = (np.isin(JOINTS, [side + name for name in LEG_JOINTS]) for side in ("Left", "Right"))
    left_sum, right_sum = dense[:, left].sum(1), dense[:, right].sum(1)
    both = left_sum + right_sum
    share = left_sum / np.maximum(both, 1e-6)
    # At the crotch, where the hips hold the cloth as well, the shares stay as they are.
    steepness = 1 + (_LEG_SPLIT_STEEPNESS - 1) * np.clip((both - _CROTCH_SHARE) / (1 - _CROTCH_SHARE), 0, 1)
    split = np.clip(0.5 + (share - 0.5) * steepness, 0, 1)
    found = dense.copy()
    found[:, left] *= (split * both / np.maximum(left_sum, 1e-6))[:, None]
    found[:, right] *= ((1 - split) * both / np.maximum(right_sum, 1e-6))[:, None]
    return found


def transfer_morphs(item: WardrobeItem, body: Body) -> tuple[MorphTarget, ...]:
    """The body's morphs on the item's vertices; morphs that move none of them are left out."""
    found = []
    dense = np.zeros((BASE_VERTICES, 3), np.float32)
    for target in body.morphs:
        dense[:] = 0
        dense[target.indices] = target.deltas
        deltas = np.einsum("nk,nkd->nd", item.weights, dense[item.references])
        moves = np.abs(deltas) > _MIN_MORPH_DELTA
        indices = np.flatnonzero(moves[:, 0] | moves[:, 1] | moves[:, 2]).astype(np.int32)
        if len(indices):
            found.append(MorphTarget(target.name, indices, deltas[indices].astype(np.float32)))
    return tuple(found)


def build_mesh(fitted: FittedItem, name: str, material: str, targets: tuple[MorphTarget, ...] = (), dropped: Mask | None = None) -> Mesh:
    """The item as a mesh, with its vertices repeated along UV seams; triangles that have only dropped vertices are left out."""
    corners = fitted.item.corners
    triangles = fitted.item.triangles
    if dropped is not None:
        triangles = triangles[~dropped[corners[triangles]].all(1)]
    first = np.argsort(corners, kind="stable")
    bounds = np.searchsorted(corners[first], np.arange(len(fitted.positions) + 1))
    morphs = []
    for target in targets:
        copies = [first[bounds[i] : bounds[i + 1]] for i in target.indices]
        indices = np.concatenate(copies)
        deltas = np.repeat(target.deltas, [len(c) for c in copies], 0)
        order = np.argsort(indices)
        morphs.append(MorphTarget(target.name, indices[order].astype(np.int32), deltas[order]))
    skin = Skin(fitted.skin.joints[corners], fitted.skin.weights[corners])
    return Mesh(name, fitted.positions[corners], fitted.item.uv, triangles, skin, tuple(morphs), material)


def compute_area_weighted_normals(positions: Floats, triangles: Ints) -> Floats:
    """(n,3) unit vertex normals, each triangle weighted by its area; zero for a vertex without a triangle."""
    return compute_vertex_normals(positions, triangles, product=np.float32, total=np.float32, floor=1e-12)


def push_out_of_body(fitted: FittedItem, body: Body, skin_normals: Floats) -> FittedItem:
    """The garment moved out of the body to SKIN_CLEARANCE from the skin, smoothed over neighbouring vertices."""
    from scipy.spatial import cKDTree

    tree = cKDTree(body.positions[:SKIN_VERTICES])
    positions = fitted.positions.copy()
    triangles = weld_item_triangles(fitted.item)
    for _ in range(_PUSH_ROUNDS):
        distance, nearest = tree.query(positions)
        normal = skin_normals[nearest]
        height = dot(positions - body.positions[nearest], normal)
        need = np.where((height < SKIN_CLEARANCE) & (distance < _MAX_PUSH_DISTANCE), SKIN_CLEARANCE - height, 0).astype(np.float32)
        if not need.any():
            break
        smooth = np.maximum(need, average_over_triangles(need, triangles))
        positions += normal * smooth[:, None]
    return FittedItem(fitted.item, positions, fitted.skin)


def find_hidden_skin(garments: Iterable[FittedItem], body: Body, skin_normals: Floats, made: Iterable[GarmentSurface] = ()) -> Mask:
    """(19158,) base vertices that cloth covers: those that the item's author marked as deleted, and those with cloth close above.

    `made` are the surfaces of garments that are no items.

    A rim of skin stays at every open edge, so that collars, cuffs and hems show no hole. No rim stays where the edge is beneath
    another garment, as a shoe's is inside a trouser leg.
    """
    hidden = np.zeros(BASE_VERTICES, bool)
    each = [(garment, GarmentSurface.from_item(garment)) for garment in garments]
    for garment, alone in each:
        surface = GarmentSurface.from_item(garment, [other for _, other in each if other is not alone])
        hidden |= _find_deleted_skin(garment, surface, body) | _find_covered_skin(surface, body, skin_normals)
    for surface in made:
        hidden |= _find_covered_skin(surface, body, skin_normals)
    return _open_mask(hidden)


def _open_mask(hidden: Mask, rings: int = 2) -> Mask:
    """The mask without patches narrower than `rings` of triangles on each side: the fold of a collar must not open a hole in the neck."""
    shown = ~hidden
    for _ in range(rings):
        shown = _dilate_mask(shown)
    core = ~shown
    for _ in range(rings):
        core = _dilate_mask(core)
    return np.asarray(core & hidden)


def _dilate_mask(mask: Mask) -> Mask:
    """The mask, wider by one ring of triangles."""
    triangles = load_skin_triangles()
    wider = mask.copy()
    wider[triangles[mask[triangles].any(1)]] = True
    return wider


def _find_deleted_skin(fitted: FittedItem, surface: GarmentSurface, body: Body) -> Mask:
    """(19158,) what the item's author deletes, except outside its open edges: on another body a collar is away from the neck there."""
    deleted = fitted.item.deleted.copy()
    chosen = np.flatnonzero(deleted)
    found, index = surface.find_nearest(body.positions[chosen], EDGE_MARGIN)
    height = dot(body.positions[chosen] - surface.points[index], surface.facing[index])
    deleted[chosen[found & (surface.edge_distance[index] < EDGE_MARGIN / 2) & (height < 0)]] = False
    return deleted


def _find_covered_skin(surface: GarmentSurface, body: Body, skin_normals: Floats) -> Mask:
    covered = np.zeros(BASE_VERTICES, bool)
    covered[:SKIN_VERTICES] = surface.find_covered(body.positions[:SKIN_VERTICES], skin_normals[:SKIN_VERTICES])
    return covered


@dataclass(frozen=True)
class GarmentSurface:
    """A garment as points (s,3) with outward directions (s,3), each with its distance (s,) from the nearest open edge, metres."""

    points: Floats
    facing: Floats
    edge_distance: Floats

    @classmethod
    def from_item(cls, fitted: FittedItem, over: Iterable[GarmentSurface] = ()) -> GarmentSurface:
        """Vertices and triangle centres of the garment; edges well beneath one of the garments `over` it do not count as open."""
        triangles = weld_item_triangles(fitted.item)
        normals, used = compute_area_weighted_normals(fitted.positions, triangles), np.unique(triangles)
        points = np.concatenate([fitted.positions[used], fitted.positions[triangles].mean(1)])
        facing = np.concatenate([normals[used], normals[triangles].mean(1)])
        sample = _sample_shoe_opening if fitted.item.slot == "shoes" else _sample_boundary
        boundary = sample(fitted.positions, triangles)
        for other in over:
            boundary = boundary[~other.find_beneath(boundary)]
        return cls(points, facing, _measure_boundary_distance(points, boundary))

    @classmethod
    def with_edges(cls, points: Floats, facing: Floats, edge: Floats) -> GarmentSurface:
        """The surface of these points and directions, with points (r,3) along its open edges."""
        return cls(points, facing, _measure_boundary_distance(points, edge))

    @classmethod
    def from_skin(cls, body: Body, skin_normals: Floats) -> GarmentSurface:
        """Every vertex of the skin, as if all were at an edge."""
        return cls(body.positions[:SKIN_VERTICES], skin_normals[:SKIN_VERTICES], np.zeros(SKIN_VERTICES, np.float32))

    def find_nearest(self, points: Floats, reach: float) -> tuple[Mask, NDArray[np.int64]]:
        """(n,) which points have a point of this surface within reach, and (n,) which one (0 where there is none)."""
        from scipy.spatial import cKDTree

        distance, index = cKDTree(self.points).query(points, distance_upper_bound=reach)
        found = np.isfinite(distance)
        return found, np.where(found, index, 0)

    def find_beneath(self, points: Floats) -> Mask:
        """(n,) which points are beneath this surface, far from its open edges."""
        found, index = self.find_nearest(points, _MAX_LEG_DEPTH)
        is_beneath = dot(points - self.points[index], self.facing[index]) < 0
        return np.asarray(found & is_beneath & (self.edge_distance[index] > _MIN_SEALED_DISTANCE))

    def find_covered(self, points: Floats, outward: Floats, reach: float = 0.045) -> Mask:
        """(n,) which points have cloth straight above them, far from its open edges; `outward` (n,3) are the points' normals."""
        found, index = self.find_nearest(points, reach)
        away = self.points[index] - points
        distance = np.maximum(np.linalg.norm(away, axis=1), 1e-9)
        is_above = dot(away, outward) > 0.6 * distance
        is_aligned = dot(self.facing[index], outward) > 0.3
        return np.asarray(found & is_above & is_aligned & (self.edge_distance[index] > EDGE_MARGIN))


def _sample_boundary(positions: Floats, triangles: Ints) -> Floats:
    """(r,3) points along the open edges of a garment, metres."""
    edges = find_boundary_edges(triangles)
    return np.concatenate([positions[edges[:, 0]] * (1 - t) + positions[edges[:, 1]] * t for t in (0.0, 0.33, 0.67)])


def _sample_shoe_opening(positions: Floats, triangles: Ints) -> Floats:
    """(r,3) as `_sample_boundary`, without edges of soles, laces and leather that lie on another part of the shoe or on its sock."""
    # Vertices that no triangle uses are components too: those of socks that have been removed.
    parts = [part for part in split_components(triangles, len(positions)) if len(part) > 1]
    edges = [_sample_boundary(positions, triangles[np.isin(triangles[:, 0], part)]) for part in parts]
    middles = [
        positions[part][(_measure_boundary_distance(positions[part], edge) > _MIN_MIDDLE_DISTANCE) & (len(edge) > 0)]
        for part, edge in zip(parts, edges, strict=True)
    ]
    found = [np.zeros((0, 3), np.float32)]
    for k, edge in enumerate(edges):
        others = np.concatenate([edge[:0], *(middle for j, middle in enumerate(middles) if j != k)])
        found.append(edge[_measure_boundary_distance(edge, others) > _MAX_CONTACT_DISTANCE])
    return np.concatenate(found)


def _measure_boundary_distance(points: Floats, boundary: Floats) -> Floats:
    """(n,) metres to the nearest point of the boundary; _NO_EDGE where it has none."""
    from scipy.spatial import cKDTree

    if not len(boundary):
        return np.full(len(points), _NO_EDGE, np.float32)
    return np.asarray(cKDTree(boundary).query(points)[0], np.float32)


def lift_hair(hair: FittedItem, garments: Iterable[GarmentSurface], body: Body, skin_normals: Floats) -> FittedItem:
    """Hanging hair moved out of the neck and the clothes that it falls on, to _HAIR_CLEARANCE above them; hair on the scalp stays."""
    return FittedItem(hair.item, lift_points(hair.positions, garments, body, skin_normals), hair.skin)


def lift_points(points: Floats, garments: Iterable[GarmentSurface], body: Body, skin_normals: Floats) -> Floats:
    """(n,3) points of hair, as `lift_hair` moves them."""
    heads = dict(zip(JOINTS, body.skeleton.heads, strict=True))
    hangs = points[:, 1] < float(heads["Head"][1]) + 0.02
    covers = [GarmentSurface.from_skin(body, skin_normals), *garments]
    positions = points.copy()
    for cover in covers:
        found, index = cover.find_nearest(positions, 0.04)
        normal = cover.facing[index]
        height = dot(positions - cover.points[index], normal)
        need = np.where(hangs & found & (height < _HAIR_CLEARANCE), _HAIR_CLEARANCE - height, 0).astype(np.float32)
        positions += normal * need[:, None]
    return positions


def is_cap(hair: FittedItem, body: Body, skin_normals: Floats) -> bool:
    """Whether nearly all of the hair is close to the head with its outer side out, as short hair is; curls and hanging hair are not."""
    skin = GarmentSurface.from_skin(body, skin_normals)
    corners = hair.positions[weld_item_triangles(hair.item)]
    normals = cross_edges(corners)
    near, index = skin.find_nearest(corners.mean(1), _MAX_CAP_HEIGHT)
    faces_out = dot(normals, skin.facing[index]) > 0
    area = np.linalg.norm(normals, axis=1)
    return float(area[faces_out & near].sum()) > _MIN_CAP_SHARE * float(area.sum())
