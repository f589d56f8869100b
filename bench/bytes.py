"""What the bytes of a bundle's 3D files are: one Markdown table for each file.

python -m bench.bytes BUNDLE...

BUNDLE is a folder with an avatar.glb. Rows of a table: the file, its JSON, its buffers by kind, every texture with its size in pixels.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.formats.glb import unpack_glb
from assets.formats.image import read_image_size

KINDS = ("vertices", "indices", "morph targets", "animations", "skin", "textures", "other")
MESHOPT = "EXT_meshopt_compression"
_SUFFIXES = (".glb", ".vrm")


def list_files(bundle: Path) -> list[Path]:
    """avatar.* and lods/*, whichever the bundle has."""
    return sorted(path for path in (*bundle.glob("avatar*"), *bundle.glob("lods/*")) if path.suffix in _SUFFIXES)


def count_triangles(document: dict[str, Any], mesh: dict[str, Any]) -> int:
    """Triangles of a mesh's primitives, all of which have indices."""
    return sum(int(document["accessors"][p["indices"]]["count"]) // 3 for p in mesh["primitives"])


def count_visible_triangles(document: dict[str, Any]) -> int:
    """Triangles of the nodes of the scene: levels of detail are no part of it."""
    nodes = document["scenes"][0]["nodes"]
    meshes = (document["meshes"][document["nodes"][i]["mesh"]] for i in nodes if "mesh" in document["nodes"][i])
    return sum(count_triangles(document, mesh) for mesh in meshes)


def _list_views(accessor: dict[str, Any]) -> list[int]:
    """Buffer views of the values that an accessor adds; the zeros below sparse values are nobody's."""
    if "sparse" in accessor:
        return [accessor["sparse"][half]["bufferView"] for half in ("indices", "values")]
    return [accessor["bufferView"]]


def list_uses(document: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """(kind, buffer view) of everything that refers to one."""
    accessors = document["accessors"]
    for primitive in (p for mesh in document["meshes"] for p in mesh["primitives"]):
        yield from (("vertices", view) for index in primitive["attributes"].values() for view in _list_views(accessors[index]))
        yield from (("indices", view) for view in _list_views(accessors[primitive["indices"]]))
        targets = (index for target in primitive.get("targets", []) for index in target.values())
        yield from (("morph targets", view) for index in targets for view in _list_views(accessors[index]))
    for sampler in (s for animation in document.get("animations", []) for s in animation["samplers"]):
        yield from (("animations", view) for index in sampler.values() if isinstance(index, int) for view in _list_views(accessors[index]))
    yield from (("skin", view) for skin in document["skins"] for view in _list_views(accessors[skin["inverseBindMatrices"]]))
    yield from (("textures", image["bufferView"]) for image in document.get("images", []))


def get_stored_bytes(view: dict[str, Any]) -> int:
    """Bytes that a buffer view takes in the file, compressed where it is."""
    return int(view.get("extensions", {}).get(MESHOPT, view)["byteLength"])


def measure_kinds(document: dict[str, Any]) -> dict[str, int]:
    """Kind -> bytes of its buffer views; each view counts once."""
    kinds = {view: kind for kind, view in reversed(list(list_uses(document)))}
    totals = Counter(dict.fromkeys(KINDS, 0))
    for index, view in enumerate(document["bufferViews"]):
        totals[kinds.get(index, "other")] += get_stored_bytes(view)
    return dict(totals)


def list_textures(document: dict[str, Any], binary: bytes) -> Iterator[tuple[str, int]]:
    """("name, width x height px, type", bytes) of every picture."""
    for image in document.get("images", []):
        view = document["bufferViews"][image["bufferView"]]
        data = binary[view.get("byteOffset", 0) :][: view["byteLength"]]
        width, height = read_image_size(data)
        yield f"{image['name']}, {width} x {height} px, {image['mimeType'].removeprefix('image/')}", len(data)


def build_table(title: str, data: bytes) -> str:
    """The Markdown table of a file."""
    document, binary = unpack_glb(data)
    compact = len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    rows = [(f"**{title}**, {count_visible_triangles(document):,} triangles", len(data)), ("JSON", compact)]
    rows += [(kind, size) for kind, size in measure_kinds(document).items() if size]
    rows += list_textures(document, binary)
    lines = ["| what | bytes |", "|---|---:|", *(f"| {what} | {size:,} |" for what, size in rows)]
    return "\n".join(lines) + "\n"


def main(bundles: list[str]) -> None:
    """Prints the tables."""
    for bundle in map(Path, bundles):
        for path in list_files(bundle):
            print(build_table(f"{bundle.name}/{path.relative_to(bundle)}", path.read_bytes()))


if __name__ == "__main__":
    main(sys.argv[1:])
