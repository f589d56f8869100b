"""A GLB -> the same GLB with its buffers compressed by meshoptimizer and its pictures as WebP, for players in browsers.

Source: EXT_meshopt_compression and EXT_texture_webp of KhronosGroup/glTF. Positions, morph targets and translations stay floats with
fewer bits (the exponential filter), so that skins and nodes need no change; normals, tangents and rotations become integers.
"""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.child_process import make_child_environment
from assets.errors import BackendError, Finding
from assets.formats.glb import pack_glb, unpack_glb
from assets.formats.gltf_accessors import COMPONENT_TYPES
from assets.paths import find_program, get_node_modules

MESHOPT, QUANTIZATION, WEBP = "EXT_meshopt_compression", "KHR_mesh_quantization", "EXT_texture_webp"
_SCRIPT = Path(__file__).resolve().parent / "encode_meshopt.mjs"
_TIMEOUT_S = 120
# Bits of the largest value of each column. Positions of a person are below 2 m: 16 bits are steps of 0.06 mm. Morphs are below
# 6 cm: 13 bits are steps of 0.015 mm.
_POSITION_BITS, _DELTA_BITS, _ROOT_BITS = 16, 13, 16
# Octahedral normals of 10 bits are within 0.1 degrees; rotations of 13 bits within 0.02.
_NORMAL_BITS, _TANGENT_BITS, _ROTATION_BITS = 10, 8, 13
_SIZES = {code: np.dtype(name).itemsize for name, code in COMPONENT_TYPES.items()}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_SHORT = COMPONENT_TYPES["i2"]


@dataclass(frozen=True)
class Packing:
    """How one buffer view is compressed."""

    mode: str
    """ATTRIBUTES, TRIANGLES or INDICES."""
    stride: int
    """Bytes of an element before."""
    out_stride: int
    """Bytes of an element that the decoder writes."""
    filter: str = ""
    bits: int = 0


@dataclass(frozen=True)
class Packed:
    """A compressed buffer view."""

    packed: bytes
    decoded: bytes
    """What a decoder makes of it."""


def compress_glb(data: bytes, pictures: Mapping[str, bytes]) -> bytes:
    """The compressed GLB.

    Args:
        data: a GLB of `assets.formats.gltf`.
        pictures: WebP files by the names of the GLB's images.

    Raises:
        BackendError: node or meshoptimizer is missing or fails.
    """
    document, binary = unpack_glb(data)
    document = deepcopy(document)
    packings = _choose_packings(document)
    views = document["bufferViews"]
    sources = {i: _get_bytes(binary, views[i]) for i in packings}
    packed = dict(zip(packings, _run_encoder([_prepare(sources[i], p) for i, p in packings.items()], list(packings.values())), strict=True))
    _update_accessors(document, packed)
    parts, fallback = _write_views(document, packings, packed, pictures)
    _require_extensions(document)
    return _pack(document, b"".join(parts), fallback)


def _get_bytes(binary: bytes, view: Mapping[str, Any]) -> bytes:
    start = view.get("byteOffset", 0)
    return binary[start : start + view["byteLength"]]


def _choose_packings(document: dict[str, Any]) -> dict[int, Packing]:
    """View -> how it is compressed, of all but pictures."""
    accessors, found = document["accessors"], {}
    for primitive in (p for mesh in document["meshes"] for p in mesh["primitives"]):
        for name, index in primitive["attributes"].items():
            found[accessors[index]["bufferView"]] = _choose_attribute_packing(name, accessors[index], document)
        indices = accessors[primitive["indices"]]
        size = _SIZES[indices["componentType"]]
        found[indices["bufferView"]] = Packing("TRIANGLES", size, size)
        for entry in (accessors[index] for target in primitive.get("targets", []) for index in target.values()):
            stride = document["bufferViews"][entry["bufferView"]]["byteStride"]
            found[entry["bufferView"]] = Packing("ATTRIBUTES", stride, stride)
            if sparse := entry.get("sparse"):
                size = _SIZES[sparse["indices"]["componentType"]]
                found[sparse["indices"]["bufferView"]] = Packing("INDICES", size, size)
                found[sparse["values"]["bufferView"]] = Packing("ATTRIBUTES", 12, 12, "EXPONENTIAL", _DELTA_BITS)
    for channel, sampler in (
        (c, animation["samplers"][c["sampler"]]) for animation in document.get("animations", []) for c in animation["channels"]
    ):
        found[accessors[sampler["input"]]["bufferView"]] = Packing("ATTRIBUTES", 4, 4)
        found[accessors[sampler["output"]]["bufferView"]] = _TRACKS[channel["target"]["path"]]
    for skin in document["skins"]:
        found[accessors[skin["inverseBindMatrices"]]["bufferView"]] = Packing("ATTRIBUTES", 64, 64)
    return found


_TRACKS = {
    "rotation": Packing("ATTRIBUTES", 8, 8, "QUATERNION", _ROTATION_BITS),
    "translation": Packing("ATTRIBUTES", 12, 12, "EXPONENTIAL", _ROOT_BITS),
    # Bytes of all targets of a frame together, padded to four as every track is.
    "weights": Packing("ATTRIBUTES", 4, 4),
}
_FILTERED_ATTRIBUTES = {
    "POSITION": Packing("ATTRIBUTES", 12, 12, "EXPONENTIAL", _POSITION_BITS),
    "NORMAL": Packing("ATTRIBUTES", 12, 8, "OCTAHEDRAL", _NORMAL_BITS),
    "TANGENT": Packing("ATTRIBUTES", 16, 8, "OCTAHEDRAL", _TANGENT_BITS),
}


def _choose_attribute_packing(name: str, accessor: Mapping[str, Any], document: Mapping[str, Any]) -> Packing:
    if name in _FILTERED_ATTRIBUTES:
        return _FILTERED_ATTRIBUTES[name]
    packed = _SIZES[accessor["componentType"]] * _WIDTHS[accessor["type"]]
    stride = document["bufferViews"][accessor["bufferView"]].get("byteStride", packed)
    return Packing("ATTRIBUTES", stride, stride)


def _prepare(data: bytes, packing: Packing) -> bytes:
    """The elements as the encoder of their filter takes them: octahedra and rotations as four floats."""
    if packing.filter == "OCTAHEDRAL":
        rows = np.frombuffer(data, "<f4").reshape(-1, packing.stride // 4)
        padded = np.zeros((len(rows), 4), "<f4")
        padded[:, : rows.shape[1]] = rows
        return padded.tobytes()
    if packing.filter == "QUATERNION":
        return (np.frombuffer(data, "<i2").reshape(-1, 4) / np.float32(32767)).astype("<f4").tobytes()
    return data


def _run_encoder(sources: Sequence[bytes], packings: Sequence[Packing]) -> list[Packed]:
    """The views as meshoptimizer packs them, in one process of node."""
    jobs = [_describe_job(source, packing) for source, packing in zip(sources, packings, strict=True)]
    text = json.dumps(jobs).encode()
    request = struct.pack("<I", len(text)) + text + b"".join(sources)
    answer = _call_node(request)
    (length,) = struct.unpack_from("<I", answer)
    at, packed = 4 + length, []
    for result in json.loads(answer[4:at]):
        middle = at + result["packed"]
        end = middle + result["decoded"]
        packed.append(Packed(answer[at:middle], answer[middle:end]))
        at = end
    return packed


def _describe_job(source: bytes, packing: Packing) -> dict[str, Any]:
    stride = 16 if packing.filter in ("OCTAHEDRAL", "QUATERNION") else packing.stride
    count = len(source) // stride
    job = {"bytes": len(source), "count": count, "mode": packing.mode, "outStride": packing.out_stride, "bits": packing.bits}
    return job | ({"filter": packing.filter} if packing.filter else {})


def _call_node(request: bytes) -> bytes:
    node = find_program("node")
    if node is None:
        raise _make_error("node is not installed", "install Debian's nodejs, or leave package.compress out")
    command = [node, str(_SCRIPT), str(get_node_modules().absolute())]
    try:
        done = subprocess.run(
            command, input=request, capture_output=True, timeout=_TIMEOUT_S, check=False, env=make_child_environment(), cwd=_SCRIPT.parent
        )
    except subprocess.TimeoutExpired as cause:
        raise _make_error(f"meshoptimizer did not finish within {_TIMEOUT_S} s", "build again") from cause
    if done.returncode:
        lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "Error" in line]
        raise _make_error((lines or ["node ended without a message"])[0].strip(), "run `fenshen bake --node-only`")
    return done.stdout


def _make_error(message: str, fix: str) -> BackendError:
    return BackendError(Finding("package/compress", f"the GLB cannot be compressed: {message}", fix=fix))


def _update_accessors(document: dict[str, Any], packed: Mapping[int, Packed]) -> None:
    """Types of what became integers, and the bounds of what lost bits."""
    accessors = document["accessors"]
    for primitive in (p for mesh in document["meshes"] for p in mesh["primitives"]):
        attributes = primitive["attributes"]
        for name in ("NORMAL", "TANGENT"):
            if name in attributes:
                accessors[attributes[name]] |= {"componentType": _SHORT, "normalized": True}
        position = accessors[attributes["POSITION"]]
        position |= _measure_bounds(np.frombuffer(packed[position["bufferView"]].decoded, "<f4").reshape(-1, 3))
        for entry in (accessors[index] for target in primitive.get("targets", []) for index in target.values()):
            if sparse := entry.get("sparse"):
                start = sparse["values"]["byteOffset"]
                data = packed[sparse["values"]["bufferView"]].decoded[start : start + 12 * sparse["count"]]
                rows = np.frombuffer(data, "<f4").reshape(-1, 3)
                entry |= _measure_bounds(rows if sparse["count"] == entry["count"] else np.concatenate([rows, np.zeros((1, 3), "<f4")]))


def _measure_bounds(rows: NDArray[np.float32]) -> dict[str, list[float]]:
    return {"min": [float(str(v)) for v in rows.min(0)], "max": [float(str(v)) for v in rows.max(0)]}


def _write_views(
    document: dict[str, Any], packings: Mapping[int, Packing], packed: Mapping[int, Packed], pictures: Mapping[str, bytes]
) -> tuple[list[bytes], int]:
    """The parts of the buffer, and the length of the buffer that decoders fill; the views refer to both."""
    images: dict[int, list[dict[str, Any]]] = {}
    for image in document.get("images", []):
        images.setdefault(image["bufferView"], []).append(image)
        image["mimeType"] = "image/webp"
    parts: list[bytes] = []
    at, fallback = 0, 0
    for index, view in enumerate(document["bufferViews"]):
        if index in images:
            # Images that share a view are one picture.
            data = pictures[images[index][0]["name"]]
            document["bufferViews"][index] = {"buffer": 0, "byteOffset": at, "byteLength": len(data)}
        else:
            packing, data = packings[index], packed[index].packed
            document["bufferViews"][index] = _describe_view(view, packing, packed[index], at, fallback)
            fallback += len(packed[index].decoded) + -len(packed[index].decoded) % 4
        parts.append(data + b"\0" * (-len(data) % 4))
        at += len(parts[-1])
    for texture in document.get("textures", []):
        texture["extensions"] = {WEBP: {"source": texture.pop("source")}}
    return parts, fallback


def _describe_view(view: Mapping[str, Any], packing: Packing, packed: Packed, at: int, fallback: int) -> dict[str, Any]:
    extension: dict[str, Any] = {"buffer": 0, "byteOffset": at, "byteLength": len(packed.packed), "byteStride": packing.out_stride}
    extension |= {"count": len(packed.decoded) // packing.out_stride, "mode": packing.mode}
    extension |= {"filter": packing.filter} if packing.filter else {}
    described = {"buffer": 1, "byteOffset": fallback, "byteLength": len(packed.decoded)}
    described |= {key: view[key] for key in ("byteStride", "target") if key in view}
    if packing.filter == "OCTAHEDRAL":
        described["byteStride"] = packing.out_stride
    return described | {"extensions": {MESHOPT: extension}}


def _require_extensions(document: dict[str, Any]) -> None:
    required = [MESHOPT, QUANTIZATION, *([WEBP] if document.get("textures") else [])]
    document["extensionsUsed"] = [*document.get("extensionsUsed", []), *required]
    document["extensionsRequired"] = required


def _pack(document: dict[str, Any], binary: bytes, fallback: int) -> bytes:
    """The GLB with its second buffer, which is not in the file: a decoder fills it."""
    document.pop("buffers")
    return pack_glb(document, binary, [{"byteLength": fallback, "extensions": {MESHOPT: {"fallback": True}}}])
