"""An outfit made for one body: garments sewn from the inside out, packed into one picture, painted, and brought into the T-pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Image, Ints, Material, Mesh
from assets.mesh import compact_vertices
from assets.rights import Source
from assets.rotation import normalize_vectors
from assets.skinning import limit_influences
from stages.groom.detail import BUNDLE, GroomDetail
from stages.groom.fit import EDGE_MARGIN, GarmentSurface
from stages.groom.garments.atlas import Atlas, find_texels, pack_sheets
from stages.groom.garments.choices import OutfitChoice, WornPiece
from stages.groom.garments.details import paint_details
from stages.groom.garments.drape import Collider
from stages.groom.garments.figure import Figure, measure_figure
from stages.groom.garments.paint import Cloths, paint_fabric, start_painting
from stages.groom.garments.patterns import paint_pattern
from stages.groom.garments.prints import paint_print
from stages.groom.garments.shade import measure_outfit_sky
from stages.groom.garments.sheet import Fine, Sheet, make_sheet
from stages.groom.garments.shell import hangs_below
from stages.groom.garments.shoes import make_shoes
from stages.groom.garments.standing import sew_band, sew_rollneck
from stages.groom.garments.strips import knot_tie, sew_collar
from stages.groom.garments.style import Garment, get_fabric
from stages.groom.garments.tailor import Draped, join_colliders, sew
from stages.groom.garments.texels import Texels

OUTFIT, SHOES = "outfit", "shoes"
"""Names of the two meshes; both have the material OUTFIT, shoes without an outfit their own."""
UPPER_KINDS = ("top", "tie")
"""Of garments that a portrait shows."""
_COLLARS = ("shirt", "polo", "stand", "roll", "hood", "lapel")
_STRIPS = (("collar",), ("sole",), ("tie",))
"""Details of what covers nothing by itself."""
_BUMP_GAIN, _FOLD_GAIN = 1.0, 1.25
_HIDDEN_SHARE = 0.42
"""Light of cloth where no sky is seen."""
_SHOE_ROOM_M = 0.006
"""By which a hem is wider than the shoe that it falls over: the shipped mesh is coarser than the draped one."""
_SHORT_SLEEVE = 0.7
"""A sleeve that ends above is short."""
_BENEATH_M = 0.04
"""How far a garment may be from the one that was put on over it."""
_SWINGING_MARGIN_M = 0.16
"""How far above the hem of a coat or a skirt, which rises in a step, nothing counts as covered."""


@dataclass(frozen=True)
class MadeOutfit:
    """An outfit as the groom takes it."""

    meshes: tuple[Mesh, ...]
    normals: dict[str, Floats]
    """Mesh name -> (v,3) bind normals, taken where the cloth was draped."""
    material: Material
    images: dict[str, Image]
    surfaces: tuple[GarmentSurface, ...]
    """What covers skin, garment by garment."""
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class _Sewn:
    """A sheet, who wears what, and the garment it belongs to."""

    sheet: Sheet
    piece: WornPiece
    is_shoe: bool


def make_outfit(body: Body, choice: OutfitChoice, seed: int, detail: GroomDetail = BUNDLE) -> MadeOutfit:
    """The outfit on this body; equal arguments give equal bytes."""
    figure = measure_figure(body)
    draped, sewn = _sew_pieces(figure, choice, seed, detail)
    atlas = pack_sheets([one.sheet for one in sewn], detail.cloth_side)
    skies = measure_outfit_sky(figure, [one.sheet.fine for one in sewn], draped, detail.sky_directions)
    surface = SHOES if all(one.is_shoe for one in sewn) else OUTFIT
    images = {f"{surface}_{role}": image for role, image in _paint(figure, choice, atlas, sewn, skies, seed).items()}
    surfaces = _build_surfaces(figure, sewn)
    sewn = _drop_inner_cloth(figure, sewn, surfaces)
    meshes, normals = [], {}
    for name, is_shoe in ((OUTFIT, False), (SHOES, True)):
        chosen = [(number, one.sheet) for number, one in enumerate(sewn) if one.is_shoe == is_shoe]
        if not chosen:
            continue
        mesh, bind_normals = _join(atlas, chosen, name, surface)
        meshes.append(mesh)
        normals[name] = bind_normals
    material = Material(surface, f"{surface}_albedo", f"{surface}_normal", f"{surface}_orm", roughness=1.0, double_sided=True)
    titles = ", ".join(piece.garment.title or piece.garment.name for piece in choice.pieces)
    printed = tuple(one.chest_print.source for one in choice.pieces if one.chest_print and one.chest_print.source)
    sources = (Source(surface, "Apache-2.0", "made by Fenshen", note=titles), *printed)
    return MadeOutfit(tuple(meshes), normals, material, images, surfaces, sources)


def _sew_pieces(figure: Figure, choice: OutfitChoice, seed: int, detail: GroomDetail) -> tuple[list[Draped], list[_Sewn]]:
    draped: list[Draped] = []
    sewn: list[_Sewn] = []
    shoes = [
        _Sewn(sheet, piece, True)
        for piece in choice.pieces
        if piece.garment.kind == "shoes" and not detail.is_upper_body
        for sheet in make_shoes(figure, piece.garment)
    ]
    ordered = sorted(choice.pieces, key=lambda piece: _get_order(piece, is_tucked=choice.is_tucked))
    for number, piece in enumerate(piece for piece in ordered if piece.garment.kind != "shoes"):
        if detail.is_upper_body and piece.garment.kind not in UPPER_KINDS:
            continue
        tucked = choice.is_tucked and piece.garment.tuckable
        under = [one.collider for one in draped]
        if piece.garment.kind == "trousers":  # their hems fall over the shafts of boots
            under += [_build_shoe_collider(one.sheet) for one in shoes]
        if piece.garment.kind == "tie":
            tie = knot_tie(figure, piece.garment, _find_shirt(draped), join_colliders([one.collider for one in draped]))
            sewn.append(_Sewn(make_sheet(figure, tie), piece, False))
            continue
        found = sew(
            figure, _drop_hidden_sleeves(piece.garment, ordered), under, seed + 31 * number, is_tucked=tucked, frames=detail.drape_frames
        )
        draped.append(found)
        sewn.append(_Sewn(make_sheet(figure, found), piece, False))
        for part in (part for part in piece.garment.parts if part in _COLLARS):
            collar = _sew_collar(figure, found, part)
            sewn.append(_Sewn(make_sheet(figure, collar), piece, False))
    return draped, [*sewn, *shoes]


def _sew_collar(figure: Figure, draped: Draped, part: str) -> Draped:
    if part == "roll":
        return sew_rollneck(figure, draped)
    return sew_band(figure, draped) if part == "stand" else sew_collar(figure, draped, part)


def _drop_hidden_sleeves(garment: Garment, others: Sequence[WornPiece]) -> Garment:
    """The garment, without short sleeves that nobody sees: a long sleeve over it would get caught on their hems."""
    over = max((one.garment.sleeve for one in others if one.garment.layer > garment.layer), default=0.0)
    return replace(garment, sleeve=0.0) if 0 < garment.sleeve < min(_SHORT_SLEEVE, over) else garment


def _find_shirt(draped: Sequence[Draped]) -> Draped:
    """The top that a tie is worn with."""
    return next((one for one in reversed(draped) if one.garment.kind == "top"), draped[-1])


def _build_shoe_collider(sheet: Sheet) -> Collider:
    """What lies on a shoe: no joint of a foot turns in the draping pose."""
    used = np.unique(sheet.fine.triangles)
    normals = sheet.fine.normals[used].astype(np.float64)
    return Collider(sheet.fine.points[used] + _SHOE_ROOM_M * normals, normals)


def _get_order(piece: WornPiece, *, is_tucked: bool) -> float:
    """Innermost first: trousers go over a tucked top, and under any other."""
    garment = piece.garment
    if garment.kind in ("trousers", "skirt"):
        return 0.5 if is_tucked else -0.5
    if garment.kind == "tie":
        return 0.75
    return float(garment.layer)


def _paint(
    figure: Figure, choice: OutfitChoice, atlas: Atlas, sewn: Sequence[_Sewn], skies: Sequence[Floats], seed: int
) -> dict[str, Image]:
    """Pictures by role: albedo, normal and orm."""
    side = atlas.side
    albedo = np.zeros((side * side, 3), np.float32)
    orm = np.zeros((side * side, 3), np.float32)
    slope = np.zeros((side * side, 3), np.float32)
    relief, covered = np.zeros(side * side, np.float32), np.zeros(side * side, bool)
    for number, one in enumerate(sewn):
        fine = one.sheet.fine
        texels = find_texels(atlas, number, fine)
        light = texels.sample(np.asarray(fine.spread @ skies[number], np.float32))
        cloths = _paint_sheet(figure, choice, one, texels, seed + number, light)
        albedo[texels.index], relief[texels.index] = cloths.rgb, cloths.relief * figure.scale
        orm[texels.index] = np.stack([light, np.clip(cloths.rough, 0.08, 1), np.zeros_like(light)], 1)
        slope[texels.index] = _find_slopes(fine, texels, atlas, number, _FOLD_GAIN * one.piece.fabric.folds)
        covered[texels.index] = True
    normal = _add_relief(slope, relief, covered, atlas)
    fill = _find_nearest(covered, side)
    return {
        "albedo": Image((np.clip(albedo[fill], 0, 1) * 255 + 0.5).astype(np.uint8).reshape(side, side, 3)),
        "normal": Image(((normal[fill] * 0.5 + 0.5) * 255 + 0.5).astype(np.uint8).reshape(side, side, 3), srgb=False),
        "orm": Image(_halve((orm[fill] * 255 + 0.5).reshape(side, side, 3)), srgb=False),
    }  # fmt: skip


def _halve(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.resize(pixels.astype(np.uint8), (len(pixels) // 2, len(pixels) // 2), interpolation=cv2.INTER_AREA), np.uint8)


def _paint_sheet(figure: Figure, choice: OutfitChoice, one: _Sewn, texels: Texels, seed: int, light: Floats) -> Cloths:
    piece, sheet, scale = one.piece, one.sheet, figure.scale
    fabric, colours = piece.fabric, piece.colours
    if sheet.garment.name == "sole":
        fabric = get_fabric("rubber")
        dark = float(colours.main.mean()) < 0.75 and sheet.garment.role == "leather"
        colours = replace(colours, main=colours.main * 0.30 if dark else np.array([0.82, 0.81, 0.78], np.float32))
    cloths = start_painting(sheet, texels, colours, fabric, seed, scale)
    cloths.marks |= {
        "neck": float(figure.neck[0][1] - figure.neck[1]) / scale, "chest": float(figure.heads["Spine2"][1]) / scale,
        "crotch": figure.crotch / scale, "waist": figure.waist / scale,
        "button": (float(figure.neck[0][1]) - figure.neck[1]) / scale - sheet.garment.neck_depth,
    }  # fmt: skip
    cloths.v -= 0 if one.is_shoe else figure.crotch / scale
    if sheet.garment.details != ("sole",):
        paint_pattern(cloths, piece.pattern)
        if piece.chest_print and sheet.garment.details != ("collar",):
            paint_print(cloths, piece.chest_print)
    paint_fabric(cloths)
    paint_details(cloths, sheet.garment.details + (("belt",) if piece.has_belt and sheet.garment.kind == "trousers" else ()))
    cloths.shade((_HIDDEN_SHARE + (1 - _HIDDEN_SHARE) * light**0.9) * (1 + 0.16 * np.clip(cloths.get("curvature"), -1, 1)))
    return cloths


def _find_slopes(fine: Fine, texels: Texels, atlas: Atlas, number: int, gain: float) -> Floats:
    """(n,3) normals of the fine shape in the frame of the shipped mesh, X along U of the picture and Y up."""
    normal = normalize_vectors(texels.sample(fine.low_normals))
    tangent = texels.sample(fine.low_tangents)[:, :3]
    tangent = normalize_vectors(tangent - normal * np.einsum("na,na->n", tangent, normal)[:, None])
    across = np.cross(normal, tangent)
    high = normalize_vectors(texels.sample(fine.normals))
    x, y, z = (np.einsum("na,na->n", high, axis) for axis in (tangent, across, normal))
    # A turned panel has U of the picture along V of the pattern, and the picture's up along U backwards.
    turned = np.array([place.turned for place in atlas.places[number]])[fine.panel[texels.rows[:, 0]]]
    x, y = np.where(turned, y, x), np.where(turned, -x, y)
    found = np.stack([x * gain, y * gain, np.maximum(z, 0.2)], 1)
    return np.asarray(normalize_vectors(found), np.float32)


def _add_relief(slope: Floats, relief: Floats, covered: NDArray[np.bool_], atlas: Atlas) -> Floats:
    """(n,3) the normals with the relief's slopes."""
    import cv2

    side = atlas.side
    height = relief.reshape(side, side) * atlas.scale * _BUMP_GAIN
    inside = cv2.erode(covered.reshape(side, side).astype(np.uint8), np.ones((3, 3), np.uint8)).ravel() > 0
    found = slope.copy()
    for axis, (dx, dy, sign) in enumerate(((1, 0, -1.0), (0, 1, 1.0))):
        step = cv2.Sobel(height, cv2.CV_32F, dx, dy, ksize=3).ravel() / 8
        found[:, axis] += sign * step * inside
    return np.asarray(normalize_vectors(found), np.float32)


def _find_nearest(covered: NDArray[np.bool_], side: int) -> NDArray[np.int64]:
    """(n,) for each texel the nearest covered one, so that small pictures do not mix in a background."""
    from scipy.ndimage import distance_transform_edt

    _, (rows, columns) = distance_transform_edt(~covered.reshape(side, side), return_indices=True)
    return np.asarray((rows * side + columns).ravel(), np.int64)


def _build_surfaces(figure: Figure, sewn: Sequence[_Sewn]) -> tuple[GarmentSurface, ...]:
    """A surface for each garment; collars cover nothing by themselves. An edge well beneath another garment is not open."""
    covers = [one for one in sewn if one.sheet.garment.details not in _STRIPS]
    alone = [_build_surface(figure, one, ()) for one in covers]
    found = []
    for one in covers:
        # A hem that lies on a shoe is seen, however deep its folds are in it.
        over = [surface for surface, other in zip(alone, covers, strict=True) if other.piece is not one.piece and not other.is_shoe]
        found.append(_build_surface(figure, one, over))
    return tuple(found)


def _build_surface(figure: Figure, one: _Sewn, over: Sequence[GarmentSurface]) -> GarmentSurface:
    sheet = one.sheet
    points = np.concatenate([sheet.positions[np.unique(sheet.triangles)], sheet.positions[sheet.triangles].mean(1)])
    facing = np.concatenate([sheet.normals[np.unique(sheet.triangles)], sheet.normals[sheet.triangles].mean(1)])
    a, b = sheet.positions[sheet.borders[:, 0]], sheet.positions[sheet.borders[:, 1]]
    if one.is_shoe:  # its lower border is sewn to the sole
        high = a[:, 1] > 0.03
        a, b = a[high], b[high]
    edge = np.concatenate([a * (1 - t) + b * t for t in (0.0, 0.33, 0.67)])
    for other in over:
        edge = edge[~other.find_beneath(edge)]
    surface = GarmentSurface.with_edges(points.astype(np.float32), normalize_vectors(facing).astype(np.float32), edge)
    hem = edge[edge[:, 1] < figure.crotch]
    if not hangs_below(figure, sheet.garment) or not len(hem):
        return surface
    above = GarmentSurface.with_edges(surface.points, surface.facing, hem).edge_distance - (_SWINGING_MARGIN_M - EDGE_MARGIN)
    return replace(surface, edge_distance=np.minimum(surface.edge_distance, np.maximum(above, 0)))


def _drop_inner_cloth(figure: Figure, sewn: Sequence[_Sewn], surfaces: Sequence[GarmentSurface]) -> list[_Sewn]:
    """The sheets without the triangles that another garment covers."""
    hanging = [_hang_in_draping_pose(one) for one in sewn]
    inner = _find_covered(sewn, surfaces) | _find_beneath(hanging, _build_surfaces(figure, hanging))
    starts = np.cumsum([0, *(len(one.sheet.positions) for one in sewn)])
    found = []
    for one, first in zip(sewn, starts, strict=False):
        triangles = one.sheet.triangles
        found.append(replace(one, sheet=replace(one.sheet, triangles=triangles[~inner[first + triangles].all(1)])))
    return found


def _hang_in_draping_pose(one: _Sewn) -> _Sewn:
    fine, count = one.sheet.fine, len(one.sheet.positions)
    points = fine.points[:count].astype(np.float32)
    return replace(one, sheet=replace(one.sheet, positions=points, normals=fine.normals[:count]))


def _find_covered(sewn: Sequence[_Sewn], surfaces: Sequence[GarmentSurface]) -> NDArray[np.bool_]:
    """(rows of all sheets,) which of them have another garment straight above them."""
    owners = [one for one in sewn if one.sheet.garment.details not in _STRIPS]
    inner = [np.zeros(len(one.sheet.positions), bool) for one in sewn]
    for rows, one in zip(inner, sewn, strict=True):
        for owner, surface in zip(owners, surfaces, strict=True):
            if owner.piece is not one.piece:
                rows |= surface.find_covered(one.sheet.positions, one.sheet.normals, EDGE_MARGIN)
    return np.concatenate(inner)


def _find_beneath(sewn: Sequence[_Sewn], surfaces: Sequence[GarmentSurface]) -> NDArray[np.bool_]:
    """(rows of all sheets,) which of them are near a garment that was put on later, away from its open edges.

    In the draping pose, where layers keep their order: skinning can bring a shirt through the jacket over it in the hollow of the armpit.
    """
    owners = [(place, one) for place, one in enumerate(sewn) if one.sheet.garment.details not in _STRIPS]
    inner = [np.zeros(len(one.sheet.positions), bool) for one in sewn]
    for place, (rows, one) in enumerate(zip(inner, sewn, strict=True)):
        for (above, owner), surface in zip(owners, surfaces, strict=True):
            if above > place and owner.piece is not one.piece and not owner.is_shoe:
                found, index = surface.find_nearest(one.sheet.positions, _BENEATH_M)
                rows |= found & (surface.edge_distance[index] > EDGE_MARGIN)
    return np.concatenate(inner)


def _join(atlas: Atlas, chosen: Sequence[tuple[int, Sheet]], name: str, material: str) -> tuple[Mesh, Floats]:
    """One mesh of all sheets, and its normals."""
    points, normals, uv, weights, triangles = [], [], [], [], []
    first = 0
    for number, sheet in chosen:
        points.append(sheet.positions)
        normals.append(sheet.normals)
        uv.append(atlas.map_rows(number, sheet.uv, sheet.panel) / atlas.side)
        weights.append(sheet.weights)
        triangles.append(sheet.triangles + first)
        first += len(sheet.positions)
    joined: Ints = np.concatenate(triangles).astype(np.int32)
    kept, renumbered = compact_vertices(joined, first)
    skin = limit_influences(np.concatenate(weights)[kept])
    flat = np.clip(np.concatenate(uv)[kept], 0, 1).astype(np.float32)
    mesh = Mesh(name, np.concatenate(points)[kept], flat, renumbered, skin, (), material)
    return mesh, np.concatenate(normals)[kept]
