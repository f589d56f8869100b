"""Gates of size: triangles, texture pixels, bytes and materials for each target."""

from __future__ import annotations

from collections.abc import Iterator

from assets.errors import Finding, FormatError, Location
from assets.formats.image import read_image_size
from assets.spec.packaging import BUDGETS
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate


def count_triangles(glb: Glb) -> int:
    """Triangles of all primitives."""
    accessors = glb.json.get("accessors", [])
    return int(sum(accessors[p.get("indices", p["attributes"]["POSITION"])]["count"] // 3 for p in glb.primitives))


@gate("budget/triangles", why="the triangles fit the target", source="our own budget of a target, assets/spec/packaging.py BUDGETS")
def triangles_fit(reading: BundleView) -> Iterator[Finding]:
    limit = BUDGETS[reading.target].triangles
    if reading.glb is not None and (count := count_triangles(reading.glb)) > limit:
        yield Finding("budget/triangles", f"{count} triangles are over {limit} for {reading.target}", value=count, limit=limit)


def _read_image_side(data: bytes) -> int:
    """Longer side of a picture from its header; 0 where it is none, which the gates of the format report."""
    try:
        return max(read_image_size(data))
    except FormatError:
        return 0


@gate(
    "budget/texture",
    why="no texture is larger than the target allows",
    source="our own budget of a target, assets/spec/packaging.py BUDGETS",
)
def textures_fit(reading: BundleView) -> Iterator[Finding]:
    if (glb := reading.glb) is None:
        return
    limit = BUDGETS[reading.target].side
    for number, image in enumerate(glb.json.get("images", [])):
        if "bufferView" not in image:
            continue
        view = glb.json["bufferViews"][image["bufferView"]]
        start = view.get("byteOffset", 0)
        side = _read_image_side(glb.bin[start : start + view["byteLength"]])
        if side > limit:
            message = f"image {image.get('name', number)} is {side} px"
            yield Finding("budget/texture", message, where=Location("avatar.glb", pointer=f"/images/{number}"), value=side, limit=limit)


@gate(
    "budget/bytes",
    why="avatar.glb is not heavier than the target allows",
    source="our own budget of a target, assets/spec/packaging.py BUDGETS",
)
def bytes_fit(reading: BundleView) -> Iterator[Finding]:
    size, limit = len(reading.files.get("avatar.glb", b"")), BUDGETS[reading.target].bytes
    if size > limit:
        yield Finding("budget/bytes", f"avatar.glb has {size} bytes, over {limit} for {reading.target}", value=size, limit=limit)


@gate(
    "budget/materials", why="a crowd avatar draws with one material", source="our own budget of a target, assets/spec/packaging.py BUDGETS"
)
def one_material(reading: BundleView) -> Iterator[Finding]:
    count = len(reading.glb.json.get("materials", [])) if reading.glb else 0
    if count > 1:
        yield Finding("budget/materials", f"{count} materials", value=count, limit=1)
