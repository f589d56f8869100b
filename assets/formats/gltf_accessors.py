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
_COMPONENT_TYPES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_ACCESSOR_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


@dataclass
class BufferBuilder:
    """Grows a binary buffer; `views` and `accessors` become the document's lists."""

    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)
    _parts: list[bytes] = field(default_factory=list)
    _length: int = 0
    _known: dict[tuple[Any, ...], int] = field(default_factory=dict)

    @property
    def binary(self) -> bytes:
        """The buffer so far."""
        return b"".join(self._parts)

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

    def add_accessor(self, array: Array, target: int = 0, *, normalized: bool = False, bounds: bool = False) -> int:
        """Index of an accessor of (n,) or (n,w) values in their own dtype."""
        rows = np.ascontiguousarray(array)
        stored = _align_rows(rows, target)
        entry: dict[str, Any] = {
            "componentType": _COMPONENT_TYPES[rows.dtype.str[1:]],
            "count": len(rows),
            "type": _get_accessor_type(rows),
        }
        entry |= {"normalized": True} if normalized else {}
        entry |= _compute_bounds(rows) if bounds else {}
        view = self.add_view(stored.tobytes(), target)
        # Only vertex attributes may have a stride; without one, rows are taken as tightly packed.
        if target == ARRAY_BUFFER and stored.strides[0] != rows.strides[0]:
            self.views[view]["byteStride"] = stored.strides[0]
        return self._append_accessor({"bufferView": view} | entry)

    def add_sparse(self, count: int, rows: list[tuple[Array, Array]]) -> list[int]:
        """Sparse accessors of `count` float VEC3 rows, zero except at (indices, values); all share two views.

        One without indices is an accessor without a view, which glTF defines as zeros.
        """
        wide = np.dtype("<u2") if count <= 0xFFFF else np.dtype("<u4")
        sparse = [(np.asarray(i, wide), np.ascontiguousarray(v, "<f4")) for i, v in rows]
        filled = [(i, v) for i, v in sparse if len(i)]
        if filled:
            indices = self.add_view(b"".join(_pad(i.tobytes()) for i, _ in filled))
            values = self.add_view(b"".join(v.tobytes() for _, v in filled))
        accessors, index_offset, value_offset = [], 0, 0
        for i, v in sparse:
            # The bounds include the rows that are not listed, which are zeros.
            every = v if len(i) == count else np.concatenate([v, np.zeros((1, 3), "<f4")])
            low, high = every.min(0), every.max(0)
            entry: dict[str, Any] = {"componentType": 5126, "count": count, "type": "VEC3", "min": low.tolist(), "max": high.tolist()}
            if len(i):
                listed = {"bufferView": indices, "byteOffset": index_offset, "componentType": _COMPONENT_TYPES[wide.str[1:]]}
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
    return {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
