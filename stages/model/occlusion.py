"""Occlusion of the skin by hair, clothes and itself, baked once the whole character is known: under hair, collar and cuffs, in armpits,
between fingers. Engines without ambient occlusion of their own leave these as bright as a forehead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import SKIN_MATERIALS
from assets.artefacts.geometry import Floats, Image, Material, Mesh, Skeleton
from assets.mesh import weld_points
from assets.uv_tile import rasterise
from stages.model.scene import Character, Piece
from stages.render.light import spread_directions
from stages.render.posing import Pose, build_pose, compute_smooth_normals, pose_mesh, turn_about_axis

_DIRECTIONS = 96
"""Of rays over the whole sphere; a point uses the half above its surface."""
_REACH_M = 0.25
_LIFT_M = 0.001
"""By which rays start above the skin: a tenth of an ear's thickness."""
_ARM_DEGREES = 45.0
"""By which the arms are lowered from the T-pose: hanging ones would shade the whole flank, raised ones nothing."""
_FACE = {"jawOpen": 0.3, "eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
"""With closed lips their edges would be black, also when the mouth opens; with open eyes the folded lids, also when they close."""
_HAIR_OPACITY = 0.55
"""Of a sheet of hair: about half of its picture is clear."""
_OPEN_PARTS = ("eyes", "lashes", "brows", "teeth", "tongue")
"""Parts that shade no skin: what they touch is painted, or moves away from them."""
_SIDE = 512
_BLUR = 2.5
"""Pixels of a picture of that side: hides the triangles of the reduced skin."""
_ALBEDO_SHARE = 0.45
"""Of the occlusion that darkens an albedo, where a material has no occlusion of its own."""


def bake_occlusion(character: Character, skeleton: Skeleton, *, into_albedo: bool = False) -> Character:
    """The character with occlusion in the red channel of the skin's ORM pictures, or in its albedos."""
    skin = [piece for piece in character.pieces if piece.mesh.material in SKIN_MATERIALS]
    if not skin:
        return character
    materials = {material.name: material for material in character.materials}
    light = _measure_light(character.pieces, skin, materials, skeleton)
    images = dict(character.images)
    for name in SKIN_MATERIALS:
        picture = materials[name].albedo if into_albedo and name in materials else materials[name].orm if name in materials else None
        parts = [(piece.mesh, values) for piece, values in zip(skin, light, strict=True) if piece.mesh.material == name]
        if picture and parts:
            images[picture] = _darken(images[picture], _draw_light(parts), into_albedo)
    return replace(character, images=images)


def _measure_light(
    pieces: Sequence[Piece], skin: Sequence[Piece], materials: Mapping[str, Material], skeleton: Skeleton
) -> list[NDArray[np.float64]]:
    """(v,) of each piece of skin: the share of the sky's light that gets there."""
    from assets.ray_occlusion import measure_open_sky

    arms = {f"{side}Arm": turn_about_axis("z", -sign * _ARM_DEGREES) for side, sign in (("Left", 1), ("Right", -1))}
    pose = build_pose(skeleton, arms, _FACE)
    blockers = [piece for piece in pieces if not piece.mesh.name.startswith(_OPEN_PARTS)]
    corners, opacity, two_sided = zip(*(_list_blocker(piece, materials, skeleton, pose) for piece in blockers), strict=True)
    points = [pose_mesh(piece.mesh, skeleton, pose) for piece in skin]
    normals = _compute_normals([piece.mesh for piece in skin], points)
    light = measure_open_sky(
        (np.concatenate(points) + _LIFT_M * normals).astype(np.float64), normals, spread_directions(_DIRECTIONS).astype(np.float64),
        np.concatenate(corners), np.concatenate(opacity), np.concatenate(two_sided), _REACH_M,
    )  # fmt: skip
    return np.split(light, np.cumsum([len(part) for part in points])[:-1])


def _list_blocker(
    piece: Piece, materials: Mapping[str, Material], skeleton: Skeleton, pose: Pose
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Corners (t,3,3), opacity (t,) and sides (t,) of a piece's triangles."""
    count, material = len(piece.mesh.triangles), materials[piece.mesh.material]
    corners = pose_mesh(piece.mesh, skeleton, pose)[piece.mesh.triangles].astype(np.float64)
    # The skin is closed: its backs are met only by rays that start below it, where a reduced mesh cuts a corner.
    is_skin = piece.mesh.material in SKIN_MATERIALS
    return corners, np.full(count, 1.0 if material.alpha == "OPAQUE" else _HAIR_OPACITY), np.full(count, not is_skin)


def _compute_normals(meshes: Sequence[Mesh], points: Sequence[Floats]) -> NDArray[np.float64]:
    """(v,3) of all meshes in their pose, smooth across seams."""
    starts = np.cumsum([0, *(len(part) for part in points)])[:-1]
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)])
    places = weld_points(np.concatenate([mesh.positions for mesh in meshes]))
    return compute_smooth_normals(np.concatenate(points), triangles, places).astype(np.float64)


def _draw_light(parts: Sequence[tuple[Mesh, NDArray[np.float64]]]) -> Floats:
    """(s,s) the light over a tile; what no triangle covers takes the value of the nearest that one does."""
    import cv2
    from scipy.ndimage import distance_transform_edt

    total, covered = np.zeros((_SIDE, _SIDE), np.float32), np.zeros((_SIDE, _SIDE), bool)
    for mesh, values in parts:
        picture, mask = rasterise(mesh.uv, mesh.triangles, values[:, None].astype(np.float32), _SIDE)
        total[mask], covered = picture[mask][:, 0], covered | mask
    nearest = distance_transform_edt(~covered, return_distances=False, return_indices=True)
    return np.asarray(cv2.GaussianBlur(total[tuple(nearest)], (0, 0), _BLUR), np.float32)


def _darken(image: Image, light: Floats, is_albedo: bool) -> Image:
    """An albedo with soft shade, or an ORM picture with at most this light in its red channel."""
    import cv2

    pixels = image.pixels.copy()
    level = cv2.resize(light, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    if is_albedo:
        factor = (1 - _ALBEDO_SHARE * (1 - np.clip(level, 0, 1)))[..., None]
        pixels[..., :3] = (pixels[..., :3] * factor + 0.5).astype(np.uint8)
    else:
        pixels[..., 0] = np.minimum(pixels[..., 0], (np.clip(level, 0, 1) * 255 + 0.5).astype(np.uint8))
    return replace(image, pixels=pixels)
