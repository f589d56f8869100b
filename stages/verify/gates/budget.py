"""Gates of size: triangles, texture pixels, bytes and materials for each target."""

from __future__ import annotations

from collections.abc import Iterator

from assets.errors import Finding, FormatError, Location
from assets.formats.image import read_image_size
from assets.spec.packaging import BUDGETS
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate

_GLB = Location("avatar.glb")


def count_triangles(glb: Glb) -> int:
    """Triangles of all primitives."""
    accessors = glb.json.get("accessors", [])
    # Without indices, every three vertices are a triangle (mode 4, the default).
    return int(sum(accessors[p.get("indices", p["attributes"]["POSITION"])]["count"] // 3 for p in glb.primitives))


@gate(
    "budget/triangles",
    claim="the triangle count is within the target's budget",
    source="the target's budget, assets/spec/packaging.py BUDGETS",
)
def triangles_fit(bundle: BundleView) -> Iterator[Finding]:
    limit = BUDGETS[bundle.target].triangles
    if bundle.glb is not None and (count := count_triangles(bundle.glb)) > limit:
        yield Finding(
            "budget/triangles", f"the model has {count} triangles; {bundle.target} allows {limit}", location=_GLB, value=count, limit=limit
        )


def _read_image_side(data: bytes) -> int:
    """Longer side of a picture from its header; 0 where it is none, which the gates of the format report."""
    try:
        return max(read_image_size(data))
    except FormatError:
        return 0


@gate(
    "budget/texture",
    claim="no texture is larger than the target allows",
    source="the target's budget, assets/spec/packaging.py BUDGETS",
)
def textures_fit(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    limit = BUDGETS[bundle.target].side
    for number, image in enumerate(glb.json.get("images", [])):
        # A picture by URI is outside the GLB and has no bytes here.
        if "bufferView" not in image:
            continue
        view = glb.json["bufferViews"][image["bufferView"]]
        start = view.get("byteOffset", 0)
        # From the header alone: no texture needs to be decoded.
        side = _read_image_side(glb.bin[start : start + view["byteLength"]])
        if side > limit:
            message = f"texture {image.get('name', number)} has a side of {side} px; {bundle.target} allows {limit}"
            yield Finding("budget/texture", message, location=Location("avatar.glb", pointer=f"/images/{number}"), value=side, limit=limit)


@gate(
    "budget/bytes",
    claim="avatar.glb is not larger than the target allows",
    source="the target's budget, assets/spec/packaging.py BUDGETS",
)
def bytes_fit(bundle: BundleView) -> Iterator[Finding]:
    size, limit = len(bundle.files.get("avatar.glb", b"")), BUDGETS[bundle.target].bytes
    if size > limit:
        yield Finding("budget/bytes", f"the file has {size} bytes; {bundle.target} allows {limit}", location=_GLB, value=size, limit=limit)


@gate("budget/materials", claim="a crowd avatar has a single material", source="the target's budget, assets/spec/packaging.py BUDGETS")
def one_material(bundle: BundleView) -> Iterator[Finding]:
    count = len(bundle.glb.json.get("materials", [])) if bundle.glb else 0
    if count > 1:
        yield Finding("budget/materials", f"the model has {count} materials; {bundle.target} allows 1", location=_GLB, value=count, limit=1)
