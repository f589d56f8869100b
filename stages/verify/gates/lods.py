"""Gates of lods/, which a bundle has where the spec sets package.lods."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from assets.bundle import LOD_FOLDER, name_lod_file
from assets.errors import Finding, Location, Severity
from assets.spec.packaging import BUDGETS, LOD_SHARES
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate
from stages.verify.gates.budget import count_triangles
from stages.verify.gates.engines import count_in_three, find_chromium

MIN_OVERLAPS = (0.97, 0.95, 0.90)
"""Of the outline of avatar.glb and of each level's, common area over area of both: half a pixel, one and two of a person 240 px high."""
_SIDE = 480
"""Pixels of a person's height in the comparison."""


def _list_levels(bundle: BundleView) -> Iterator[tuple[int, str, Glb]]:
    for number in range(1, len(LOD_SHARES) + 1):
        path = name_lod_file(number)
        if (glb := bundle.parse_glb(path)) is not None:
            yield number, path, glb


@gate(
    "lods/triangles",
    claim="each level of detail has at most its share of the target's triangles, and the joints of avatar.glb",
    source="the recipe: a half, a quarter and an eighth, assets/spec/packaging.py LOD_SHARES",
)
def levels_fit(bundle: BundleView) -> Iterator[Finding]:
    for number, path, glb in _list_levels(bundle):
        limit = int(BUDGETS[bundle.target].triangles * LOD_SHARES[number - 1])
        if (count := count_triangles(glb)) > limit:
            message = f"the level has {count} triangles; {bundle.target} allows {limit}"
            yield Finding("lods/triangles", message, location=Location(path), value=count, limit=limit)
        if bundle.glb is not None and glb.joint_names != bundle.glb.joint_names:
            yield Finding("lods/triangles", "its joints are not those of avatar.glb", location=Location(path))


@gate(
    "lods/outline",
    claim="the outline of each level of detail is that of avatar.glb, from the front and from the side",
    source="overlap of filled outlines, 480 px high: a difference that is seen where the level is used would be larger",
)
def outlines_stay(bundle: BundleView) -> Iterator[Finding]:
    levels = list(_list_levels(bundle))
    if not levels or bundle.glb is None:
        return
    whole = draw_outlines(bundle.glb)
    for number, path, glb in levels:
        overlap, limit = measure_overlap(whole, draw_outlines(glb)), MIN_OVERLAPS[number - 1]
        if overlap < limit:
            message = f"its outline overlaps that of avatar.glb by {overlap:.3f}, expected at least {limit}"
            yield Finding("lods/outline", message, location=Location(path), value=round(overlap, 4), limit=limit)


def draw_outlines(glb: Glb) -> NDArray[np.bool_]:
    """(2,h,w) what the bind pose covers from the front and from the side, on one grid for all levels of a character."""
    return np.stack([_fill(glb, axis) for axis in (0, 2)])


def _fill(glb: Glb, axis: int) -> NDArray[np.bool_]:
    import cv2

    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    for primitive in glb.primitives:
        points = glb.read_accessor(primitive["attributes"]["POSITION"])
        corners = points[glb.read_accessor(primitive["indices"])[:, 0].astype(np.int64)].reshape(-1, 3, 3)
        # Two metres high and wide, feet at the lower edge; sixteenths of a pixel.
        places = np.stack([corners[..., axis] / 2 + 0.5, 1 - corners[..., 1] / 2], -1) * _SIDE * 16
        for triangle in np.rint(places).astype(np.int32):
            cv2.fillConvexPoly(mask, triangle, 255, cv2.LINE_8, 4)
    return mask > 0


def measure_overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Common area over area of both, 1 where they are equal."""
    return float((one & other).sum() / max((one | other).sum(), 1))


@gate("engine/lods", claim="every level of detail loads in three.js", source="three GLTFLoader")
def three_loads_the_levels(bundle: BundleView) -> Iterator[Finding]:
    paths = sorted(path for path in bundle.files if path.startswith(LOD_FOLDER) and path.endswith(".glb"))
    if not paths:
        return
    if find_chromium() is None:
        yield Finding("engine/lods", "not checked: Chromium is not installed", Severity.INFO, Location(LOD_FOLDER))
        return
    loaded = count_in_three(bundle)
    for path in paths:
        counts = loaded[path]
        if "failed" in counts:
            yield Finding("engine/lods", f"three.js cannot load the file: {counts['failed']}", location=Location(path))
        elif counts["meshes"] < 1:
            yield Finding("engine/lods", "three.js finds no mesh", location=Location(path))
