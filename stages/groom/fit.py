"""Items on any body: fitted at rest, carried into the T-pose, skinned and given morphs by the vertices that they hang on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Ints, Mesh, MorphTarget, Skin
from assets.conventions import BASE_VERTICES, JOINTS, SKIN_VERTICES
from assets.mesh import compute_vertex_normals, cross_edges, find_boundary_edges, split_components
from assets.rotation import dot
from assets.skinning import interpolate_weights, limit_influences, skin_points
from stages.groom.base_mesh import load_base_triangles
from stages.groom.placement import average_over_triangles, average_rows_over_triangles, place_item, place_smoothed, weld_item_triangles
from stages.groom.wardrobe import WardrobeItem

SKIN_CLEARANCE = 0.004
"""Metres that cloth keeps from the skin."""
_MIN_MORPH_DELTA = 2e-5
EDGE_MARGIN = 0.03
"""Metres of skin kept at the open edges of a garment."""
_HAIR_CLEARANCE = 0.007
"""Metres that hair lies over what it falls on."""
_MAX_CAP_HEIGHT = 0.025
"""Metres from the skin within which short hair lies."""
_MAX_LEG_DEPTH, _MIN_SEALED_DISTANCE = 0.06, 0.025
"""Metres within a trouser leg, and inland of its hem, that the edge of a shoe must lie for the skin there never to be seen."""
_MIN_MIDDLE_DISTANCE, _MAX_CONTACT_DISTANCE = 0.015, 0.02
"""Metres inland that the middle of a part of a shoe lies, and within which an edge lies on it."""
_LEG_JOINTS = ("UpLeg", "Leg", "Foot", "ToeBase")
_LEG_SPLIT_STEEPNESS, _CROTCH_SHARE = 2.5, 0.7
"""How much steeper than evened out cloth passes from leg to leg, and the share of both legs from which on it begins to."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FittedItem:
    """An item on one body, per item vertex, in the T-pose."""

    item: WardrobeItem
    positions: Floats
    """(n,3) metres."""
    skin: Skin


def fit_item(item: WardrobeItem, body: Body, skin: Skin | None = None) -> FittedItem:
    """The item on the body; `skin` are its influences where they are known from another body."""
    at_rest = place_smoothed(item, body.rest) if item.slot == "outfit" else place_item(item, body.rest)
    own = skin or _compute_influences(item, at_rest, body)
    return FittedItem(item, skin_points(at_rest, own, body.rest_to_bind), own)


def _compute_influences(item: WardrobeItem, at_rest: Floats, body: Body) -> Skin:
    if item.slot in ("hair", "hat"):
        return _weight_to_head(at_rest, body)
    if item.slot in ("outfit", "shoes"):
        return _transfer_skin_influences(at_rest, weld_item_triangles(item), body)
    return _inherit_influences(item, body.skin)


def _inherit_influences(item: WardrobeItem, base: Skin) -> Skin:
    """The four strongest influences of the vertices that each item vertex hangs on."""
    shares = np.maximum(item.weights, 0)
    shares /= np.maximum(shares.sum(1, keepdims=True), 1e-6)
    return limit_influences(interpolate_weights(base, item.references, shares))


def _transfer_skin_influences(points: Floats, triangles: Ints, body: Body) -> Skin:
    """A garment's influences: those of the skin beneath, evened out over its cloth.

    The helper vertices that garments hang on carry uneven weights of their own, which lift a flap at the shoulder when arms come down;
    those of shoes are corners of a box, by which a heel would follow the shin and the toes.
    """
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(body.rest[:SKIN_VERTICES]).query(points, 6)
    shares = 1 / np.maximum(distance, 1e-4)
    shares /= shares.sum(1, keepdims=True)
    dense = interpolate_weights(body.skin, nearest, shares)
    for _ in range(4):
        dense = average_rows_over_triangles(dense, triangles)
    return limit_influences(_split_legs(dense))


def _split_legs(dense: Floats) -> Floats:
    """(n,j) weights on JOINTS, those between the legs in the same sum but of the stronger leg for the most part.

    A skirt evened out from leg to leg stays behind the leading thigh, which then comes through; a tight one bends at its middle alone.
    """
    left, right = (np.isin(JOINTS, [side + name for name in _LEG_JOINTS]) for side in ("Left", "Right"))
    one, other = dense[:, left].sum(1), dense[:, right].sum(1)
    both = one + other
    share = one / np.maximum(both, 1e-6)
    # At the crotch, where the hips hold cloth as well, it stays as even as it is.
    steep = 1 + (_LEG_SPLIT_STEEPNESS - 1) * np.clip((both - _CROTCH_SHARE) / (1 - _CROTCH_SHARE), 0, 1)
    wanted = np.clip(0.5 + (share - 0.5) * steep, 0, 1)
    found = dense.copy()
    found[:, left] *= (wanted * both / np.maximum(one, 1e-6))[:, None]
    found[:, right] *= ((1 - wanted) * both / np.maximum(other, 1e-6))[:, None]
    return found


def _weight_to_head(points: Floats, body: Body) -> Skin:
    """Hair hangs from the head; below the neck it follows neck and chest, never the shoulders."""
    heads = dict(zip(JOINTS, body.skeleton.heads, strict=True))
    knots = [float(heads[name][1]) for name in ("Spine2", "Neck", "Head")]
    dense = np.zeros((len(points), len(JOINTS)), np.float32)
    for k, name in enumerate(("Spine2", "Neck", "Head")):
        dense[:, JOINTS.index(name)] = np.interp(points[:, 1], knots, np.eye(3)[k])
    return limit_influences(dense)


def transfer_morphs(item: WardrobeItem, body: Body) -> tuple[MorphTarget, ...]:
    """The body's morphs at the item's vertices, those left out that move nothing."""
    found = []
    dense = np.zeros((BASE_VERTICES, 3), np.float32)
    for target in body.morphs:
        dense[:] = 0
        dense[target.indices] = target.deltas
        moved = np.einsum("nk,nkd->nd", item.weights, dense[item.references])
        far = np.abs(moved) > _MIN_MORPH_DELTA
        indices = np.flatnonzero(far[:, 0] | far[:, 1] | far[:, 2]).astype(np.int32)
        if len(indices):
            found.append(MorphTarget(target.name, indices, moved[indices].astype(np.float32)))
    return tuple(found)


def build_mesh(worn: FittedItem, name: str, material: str, targets: tuple[MorphTarget, ...] = (), dropped: Mask | None = None) -> Mesh:
    """The item as a mesh, its vertices repeated along texture seams; triangles of dropped vertices alone are left out."""
    corners = worn.item.corners
    triangles = worn.item.triangles
    if dropped is not None:
        triangles = triangles[~dropped[corners[triangles]].all(1)]
    first = np.argsort(corners, kind="stable")
    bounds = np.searchsorted(corners[first], np.arange(len(worn.positions) + 1))
    spread = []
    for target in targets:
        copies = [first[bounds[i] : bounds[i + 1]] for i in target.indices]
        indices = np.concatenate(copies)
        deltas = np.repeat(target.deltas, [len(c) for c in copies], 0)
        order = np.argsort(indices)
        spread.append(MorphTarget(target.name, indices[order].astype(np.int32), deltas[order]))
    skin = Skin(worn.skin.joints[corners], worn.skin.weights[corners])
    return Mesh(name, worn.positions[corners], worn.item.uv, triangles, skin, tuple(spread), material)


def compute_area_weighted_normals(positions: Floats, triangles: Ints) -> Floats:
    """(n,3) unit vertex normals, weighted by area."""
    return compute_vertex_normals(positions, triangles, product=np.float32, total=np.float32, floor=1e-12)


def push_out_of_body(worn: FittedItem, body: Body, skin_normals: Floats) -> FittedItem:
    """The garment moved outward where it lies in the body or closer than CLEAR; the push is smoothed over its neighbours."""
    from scipy.spatial import cKDTree

    visible = np.arange(SKIN_VERTICES)
    tree = cKDTree(body.positions[visible])
    positions = worn.positions.copy()
    triangles = weld_item_triangles(worn.item)
    for _ in range(3):
        distance, nearest = tree.query(positions)
        normal = skin_normals[nearest]
        depth = dot(positions - body.positions[nearest], normal)
        need = np.where((depth < SKIN_CLEARANCE) & (distance < 0.04), SKIN_CLEARANCE - depth, 0).astype(np.float32)
        if not need.any():
            break
        smooth = np.maximum(need, average_over_triangles(need, triangles))
        positions += normal * smooth[:, None]
    return FittedItem(worn.item, positions, worn.skin)


def find_hidden_skin(garments: Iterable[FittedItem], body: Body, skin_normals: Floats) -> Mask:
    """(19158,) base vertices that cloth covers: those that its maker deletes, and those with cloth closely over them.

    A ring of skin stays at every open edge, so that collars, cuffs and hems show no hole; not where the edge lies beneath another
    garment, as a shoe's does in a trouser leg.
    """
    hidden = np.zeros(BASE_VERTICES, bool)
    each = [(worn, GarmentSurface.of(worn)) for worn in garments]
    for worn, alone in each:
        surface = GarmentSurface.of(worn, [other for _, other in each if other is not alone])
        hidden |= _find_deleted_skin(worn, surface, body) | _find_covered_skin(surface, body, skin_normals)
    return _open_mask(hidden)


def _open_mask(hidden: Mask, rings: int = 2) -> Mask:
    """The mask without patches narrower than `rings` on each side: a fold of a collar hides no hole in the neck."""
    corners = load_base_triangles()

    def grown(mask: Mask) -> Mask:
        wider = mask.copy()
        wider[corners[mask[corners].any(1)]] = True
        return wider

    core = ~hidden
    for _ in range(rings):
        core = grown(core)
    core = ~core
    for _ in range(rings):
        core = grown(core)
    return np.asarray(core & hidden)


def _find_deleted_skin(worn: FittedItem, surface: GarmentSurface, body: Body) -> Mask:
    """(19158,) what the maker hides, but for a rim at the garment's open edges: on another body a collar stands off the neck there."""
    deleted = worn.item.deleted.copy()
    chosen = np.flatnonzero(deleted)
    found, index = surface.find_nearest(body.positions[chosen], EDGE_MARGIN)
    outside = dot(body.positions[chosen] - surface.points[index], surface.facing[index])
    deleted[chosen[found & (surface.edge_distance[index] < EDGE_MARGIN / 2) & (outside < 0)]] = False
    return deleted


def _find_covered_skin(surface: GarmentSurface, body: Body, skin_normals: Floats) -> Mask:
    covered = np.zeros(BASE_VERTICES, bool)
    covered[:SKIN_VERTICES] = surface.find_covered(body.positions[:SKIN_VERTICES], skin_normals[:SKIN_VERTICES])
    return covered


@dataclass(frozen=True)
class GarmentSurface:
    """A garment as points with outward directions, each with its distance from the nearest open edge."""

    points: Floats
    facing: Floats
    edge_distance: Floats

    @classmethod
    def of(cls, worn: FittedItem, over: Iterable[GarmentSurface] = ()) -> GarmentSurface:
        """Vertices and face centres of the garment; edges that lie well beneath one of the others `over` it do not count as open."""
        triangles = weld_item_triangles(worn.item)
        outward, drawn_ones = compute_area_weighted_normals(worn.positions, triangles), np.unique(triangles)
        points = np.concatenate([worn.positions[drawn_ones], worn.positions[triangles].mean(1)])
        facing = np.concatenate([outward[drawn_ones], outward[triangles].mean(1)])
        rim = _sample_shoe_opening(worn.positions, triangles) if worn.item.slot == "shoes" else _sample_boundary(worn.positions, triangles)
        for other in over:
            rim = rim[~other.find_beneath(rim)]
        return cls(points, facing, _measure_boundary_distance(points, rim))

    @classmethod
    def from_skin(cls, body: Body, skin_normals: Floats) -> GarmentSurface:
        """Every vertex of the skin, none of them inland."""
        return cls(body.positions[:SKIN_VERTICES], skin_normals[:SKIN_VERTICES], np.zeros(SKIN_VERTICES, np.float32))

    def find_nearest(self, points: Floats, reach: float) -> tuple[Mask, NDArray[np.int64]]:
        """Which points have a sample of this surface within reach, and which sample (0 where there is none)."""
        from scipy.spatial import cKDTree

        distance, index = cKDTree(self.points).query(points, distance_upper_bound=reach)
        found = np.isfinite(distance)
        return found, np.where(found, index, 0)

    def find_beneath(self, points: Floats) -> Mask:
        """(n,) which points lie beneath this surface, well inland of its open edges."""
        found, index = self.find_nearest(points, _MAX_LEG_DEPTH)
        beneath = dot(points - self.points[index], self.facing[index]) < 0
        return np.asarray(found & beneath & (self.edge_distance[index] > _MIN_SEALED_DISTANCE))

    def find_covered(self, points: Floats, outward: Floats, reach: float = 0.045) -> Mask:
        """(n,) which points have cloth straight above them, inland of its open edges."""
        found, index = self.find_nearest(points, reach)
        way = self.points[index] - points
        distance = np.maximum(np.linalg.norm(way, axis=1), 1e-9)
        above = dot(way, outward) > 0.6 * distance
        along = dot(self.facing[index], outward) > 0.3
        return np.asarray(found & above & along & (self.edge_distance[index] > EDGE_MARGIN))


def _sample_boundary(cloth: Floats, triangles: Ints) -> Floats:
    """(r,3) points along the open edges of a garment, metres."""
    rim = find_boundary_edges(triangles)
    return np.concatenate([cloth[rim[:, 0]] * (1 - t) + cloth[rim[:, 1]] * t for t in (0.0, 0.33, 0.67)])


def _sample_shoe_opening(shoe: Floats, triangles: Ints) -> Floats:
    """(r,3) as `_rim`, without the edges of soles, laces and leather that lie on another part of the shoe or on its sock."""
    # Vertices that no triangle uses are islands too: those of socks that are not worn.
    parts = [part for part in split_components(triangles, len(shoe)) if len(part) > 1]
    rims = [_sample_boundary(shoe, triangles[np.isin(triangles[:, 0], part)]) for part in parts]
    middles = [
        shoe[part][(_measure_boundary_distance(shoe[part], rim) > _MIN_MIDDLE_DISTANCE) & (len(rim) > 0)]
        for part, rim in zip(parts, rims, strict=True)
    ]
    left = [np.zeros((0, 3), np.float32)]
    for k, rim in enumerate(rims):
        others = np.concatenate([rim[:0], *(middle for j, middle in enumerate(middles) if j != k)])
        left.append(rim[_measure_boundary_distance(rim, others) > _MAX_CONTACT_DISTANCE])
    return np.concatenate(left)


def _measure_boundary_distance(points: Floats, rim: Floats) -> Floats:
    """(n,) metres to the nearest point of the rim; large where there is none."""
    from scipy.spatial import cKDTree

    if not len(rim):
        return np.full(len(points), 9.0, np.float32)
    return np.asarray(cKDTree(rim).query(points)[0], np.float32)


def lift_hair(hair: FittedItem, garments: Iterable[FittedItem], body: Body, skin_normals: Floats) -> FittedItem:
    """Hanging hair moved out of the neck and the clothes that it falls on, a strand's breadth over them; the scalp's stays."""
    heads = dict(zip(JOINTS, body.skeleton.heads, strict=True))
    hangs = hair.positions[:, 1] < float(heads["Head"][1]) + 0.02
    covers = [GarmentSurface.from_skin(body, skin_normals), *map(GarmentSurface.of, garments)]
    positions = hair.positions.copy()
    for cover in covers:
        found, index = cover.find_nearest(positions, 0.04)
        normal = cover.facing[index]
        depth = dot(positions - cover.points[index], normal)
        need = np.where(hangs & found & (depth < _HAIR_CLEARANCE), _HAIR_CLEARANCE - depth, 0).astype(np.float32)
        positions += normal * need[:, None]
    return FittedItem(hair.item, positions, hair.skin)


def is_cap(hair: FittedItem, body: Body, skin_normals: Floats) -> bool:
    """Whether the hair lies on the head everywhere, its outer side out: short hair does; curls and what hangs do not."""
    skin = GarmentSurface.from_skin(body, skin_normals)
    corners = hair.positions[weld_item_triangles(hair.item)]
    facing = cross_edges(corners)
    near, index = skin.find_nearest(corners.mean(1), _MAX_CAP_HEIGHT)
    out = dot(facing, skin.facing[index]) > 0
    area = np.linalg.norm(facing, axis=1)
    return float(area[out & near].sum()) > 0.95 * float(area.sum())
