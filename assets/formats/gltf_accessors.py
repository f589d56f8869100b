"""The buffer of a glTF file, its buffer views and accessors; equal data is stored once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
# WebGL's numbers, as glTF 2.0 takes them for bufferView.target and componentType; there is no int32.
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
COMPONENT_TYPES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_ACCESSOR_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
# Wider than a row of 12 bytes: Babylon.js 9 writes sparse values into a tightly packed base itself, and the next target would begin with
# those of this one; strided rows it copies first.
_ZERO_STRIDE = 16


@dataclass
class BufferBuilder:
    """Grows a binary buffer; `views` and `accessors` become the document's lists."""

    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)
    _parts: list[bytes] = field(default_factory=list)
    _length: int = 0
    _known: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _shared: dict[str, bytearray] = field(default_factory=dict)
    """Type of a track -> the bytes of the view that its tracks share; the views follow one another at the end."""
    _shared_views: dict[str, int] = field(default_factory=dict)
    _zeros: int | None = None
    """The view of the shared zeros."""

    @property
    def binary(self) -> bytes:
        """The buffer so far; the shared views are its end."""
        offset = self._length
        for kind, data in self._shared.items():
            self.views[self._shared_views[kind]] |= {"byteOffset": offset, "byteLength": len(data)}
            offset += len(data)
        return b"".join([*self._parts, *self._shared.values()])

    def add_view(self, data: bytes, target: int = 0) -> int:
        """Index of a view of these bytes, aligned to four; equal bytes with the same target share a view."""
        key = ("view", hashlib.sha256(data).digest(), target)
        if key not in self._known:
            entry = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
            self.views.append(entry | ({"target": target} if target else {}))
            # Accessors must begin at multiples of their component's size (3.6.2.4); 4 is the largest.
            padded = data + b"\0" * (-len(data) % 4)
            self._parts.append(padded)
            self._length += len(padded)
            self._known[key] = len(self.views) - 1
        return self._known[key]

    def add_accessor(
        self, array: Array, target: int = 0, *, normalized: bool = False, bounds: bool = False, shared: bool = False
    ) -> int:  # fmt: skip
        """Index of an accessor of (n,) or (n,w) values in their own dtype; `shared` where it is a track of an animation."""
        rows = np.ascontiguousarray(array)
        stored = _align_rows(rows, target)
        entry: dict[str, Any] = {
            "componentType": COMPONENT_TYPES[rows.dtype.str[1:]],
            "count": len(rows),
            "type": _get_accessor_type(rows),
        }
        entry |= {"normalized": True} if normalized else {}
        entry |= _compute_bounds(rows) if bounds else {}
        if shared:
            return self._append_accessor(self._share(stored.tobytes(), f"{rows.dtype.str}{entry['type']}") | entry)
        view = self.add_view(stored.tobytes(), target)
        # Only vertex attributes may have a stride; without one, rows are taken as tightly packed.
        if target == ARRAY_BUFFER and stored.strides[0] != rows.strides[0]:
            self.views[view]["byteStride"] = stored.strides[0]
        return self._append_accessor({"bufferView": view} | entry)

    def _share(self, data: bytes, kind: str) -> dict[str, int]:
        """bufferView and byteOffset of a track: thousands of one type share a view, which no other data may (a view has one usage)."""
        if kind not in self._shared:
            self._shared[kind] = bytearray()
            self._shared_views[kind] = len(self.views)
            self.views.append({"buffer": 0})
        key = ("shared", kind, hashlib.sha256(data).digest())
        if key not in self._known:
            self._known[key] = len(self._shared[kind])
            self._shared[kind] += _pad(data)
        offset = self._known[key]
        return {"bufferView": self._shared_views[kind]} | ({"byteOffset": offset} if offset else {})

    def reserve_zeros(self, count: int) -> int:
        """Index of a view of at least `count` rows of zeros; reserve those of the largest mesh first, and all share them."""
        size = _ZERO_STRIDE * count
        if self._zeros is None or self.views[self._zeros]["byteLength"] < size:
            self._zeros = self.add_view(bytes(size), ARRAY_BUFFER)
            # 3.6.2.4: the stride must be stated where several accessors of vertices share a view.
            self.views[self._zeros]["byteStride"] = _ZERO_STRIDE
        return self._zeros

    def add_sparse(self, count: int, rows: list[tuple[Array, Array]]) -> list[int]:
        """Sparse accessors of `count` float VEC3 rows, zero except at (indices, values); all share two views.

        Their base is a view of zeros that all meshes share: glTF allows to leave it out, but assimp and Panda3D refuse such accessors.
        """
        wide = np.dtype("<u2") if count <= 0xFFFF else np.dtype("<u4")
        sparse = [(np.asarray(i, wide), np.ascontiguousarray(v, "<f4")) for i, v in rows]
        filled = [(i, v) for i, v in sparse if len(i)]
        if filled:
            indices = self.add_view(b"".join(_pad(i.tobytes()) for i, _ in filled))
            values = self.add_view(b"".join(v.tobytes() for _, v in filled))
        zeros = self.reserve_zeros(count + 1)
        accessors: list[int] = []
        index_offset, value_offset = 0, 0
        for i, v in sparse:
            # The bounds include the rows that are not listed, which are zeros.
            every = v if len(i) == count else np.concatenate([v, np.zeros((1, 3), "<f4")])
            low, high = every.min(0), every.max(0)
            entry: dict[str, Any] = {"componentType": 5126, "count": count, "type": "VEC3", "min": _to_json(low), "max": _to_json(high)}
            # From a row behind the first target's: Panda3D takes accessors whose second begins within the first's row for interleaved.
            entry |= {"bufferView": zeros} | ({"byteOffset": _ZERO_STRIDE} if accessors else {})
            if len(i):
                listed = {"bufferView": indices, "byteOffset": index_offset, "componentType": COMPONENT_TYPES[wide.str[1:]]}
                entry["sparse"] = {"count": len(i), "indices": listed, "values": {"bufferView": values, "byteOffset": value_offset}}
                index_offset, value_offset = index_offset + len(_pad(i.tobytes())), value_offset + v.nbytes
            accessors.append(self._append_accessor(entry))
        return accessors

    def _append_accessor(self, entry: dict[str, Any]) -> int:
        key = ("accessor", repr(entry))
        if key not in self._known:
            self.accessors.append(entry)
            self._known[key] = len(self.accessors) - 1
        return self._known[key]


def _pad(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def _align_rows(rows: Array, target: int) -> Array:
    """Rows of vertex attributes padded to multiples of four bytes, as glTF 2.0 (3.6.2.4) demands."""
    size = rows.strides[0]
    if target != ARRAY_BUFFER or size % 4 == 0:
        return rows
    wide = np.zeros((len(rows), (size + 3) // 4 * 4 // rows.itemsize), rows.dtype)
    wide[:, : rows.shape[1]] = rows
    return wide


def _get_accessor_type(rows: Array) -> str:
    return _ACCESSOR_TYPES[rows.shape[1] if rows.ndim == 2 else 1]


def _compute_bounds(rows: Array) -> dict[str, Any]:
    flat = rows.reshape(len(rows), -1)
    # In the stored dtype: bounds must equal the data exactly, so that they are float32 values and, for integers, not normalised
    # (3.6.2.5).
    return {"min": _to_json(flat.min(0)), "max": _to_json(flat.max(0))}


def _to_json(values: Array) -> list[Any]:
    """The values with the fewest digits that give them again: a float32 takes nine, its exact double twenty (glTF 2.0, 3.6.2.5 rounds)."""
    return [float(str(value)) for value in values] if values.dtype.kind == "f" else values.tolist()
