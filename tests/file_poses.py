"""A glTF file posed as an engine does it: nodes, inverse binds, weights, sparse morphs and quantised values, read without our own readers.

After glTF 2.0: 3.6.2 accessors, 3.7.2.2 morph targets, 3.7.3 skins. For tests and benchmarks only.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

_TYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class FilePoses:
    """One GLB or VRM; rotations and weights are set as an application sets them."""

    def __init__(self, data: bytes) -> None:
        (length,) = struct.unpack_from("<I", data, 12)
        self.json: dict[str, Any] = json.loads(data[20 : 20 + length])
        self._bin = data[28 + length :]
        self.nodes: list[dict[str, Any]] = self.json["nodes"]
        self.names = [node.get("name", "") for node in self.nodes]
        self._parents = {child: i for i, node in enumerate(self.nodes) for child in node.get("children", ())}
        self._cached: dict[int, np.ndarray] = {}

    def get_rest_rotation(self, name: str) -> np.ndarray:
        return np.array(self.nodes[self.names.index(name)].get("rotation", (0, 0, 0, 1)), float)

    def get_rest_translation(self, name: str) -> np.ndarray:
        return np.array(self.nodes[self.names.index(name)].get("translation", (0, 0, 0)), float)

    def list_meshes(self) -> dict[str, int]:
        """Name of each skinned mesh -> its node."""
        return {self.json["meshes"][node["mesh"]]["name"]: i for i, node in enumerate(self.nodes) if "mesh" in node and "skin" in node}

    def pose_mesh(self, node: int, world: dict[int, np.ndarray], morphs: dict[str, float]) -> np.ndarray:
        """(v,3) of a skinned mesh in the world, with its nodes as `compute_world` finds them and these weights of targets."""
        mesh, skin = self.json["meshes"][self.nodes[node]["mesh"]], self.json["skins"][self.nodes[node]["skin"]]
        (primitive,) = mesh["primitives"]
        points = self.read(primitive["attributes"]["POSITION"]).copy()
        names = mesh.get("extras", {}).get("targetNames", [])
        for name, weight in morphs.items():
            if name in names:
                points += weight * self.read(primitive["targets"][names.index(name)]["POSITION"])
        binds = self.read(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        matrices = np.array([world[joint] for joint in skin["joints"]]) @ binds
        joints = self.read(primitive["attributes"]["JOINTS_0"]).astype(int)
        blended = np.einsum("vk,vkij->vij", self.read(primitive["attributes"]["WEIGHTS_0"]), matrices[joints])
        return np.einsum("vij,vj->vi", blended[:, :3, :3], points) + blended[:, :3, 3]

    def compute_world(self, rotations: dict[str, Any], translations: dict[str, Any]) -> dict[int, np.ndarray]:
        """Node -> (4,4) world matrix, with these local rotations xyzw and translations of nodes by name."""
        found: dict[int, np.ndarray] = {}

        def visit(i: int) -> np.ndarray:
            if i not in found:
                name = self.names[i]
                own = _compose(translations.get(name, self.nodes[i].get("translation", (0, 0, 0))),
                               rotations.get(name, self.nodes[i].get("rotation", (0, 0, 0, 1))),
                               self.nodes[i].get("scale", (1, 1, 1)))  # fmt: skip
                found[i] = visit(self._parents[i]) @ own if i in self._parents else own
            return found[i]

        return {i: visit(i) for i in range(len(self.nodes))}

    def read(self, index: int) -> np.ndarray:
        """(n,w) float64 values of an accessor."""
        if index not in self._cached:
            entry = self.json["accessors"][index]
            width, kind = _WIDTHS[entry["type"]], _TYPES[entry["componentType"]]
            values = np.zeros((entry["count"], width))
            if "bufferView" in entry:
                values[:] = self._rows(entry["bufferView"], entry.get("byteOffset", 0), kind, entry["count"], width)
            if sparse := entry.get("sparse"):
                where, what = sparse["indices"], sparse["values"]
                rows = self._rows(where["bufferView"], where.get("byteOffset", 0), _TYPES[where["componentType"]], sparse["count"], 1)[:, 0]
                values[rows.astype(int)] = self._rows(what["bufferView"], what.get("byteOffset", 0), kind, sparse["count"], width)
            if entry.get("normalized"):
                values = np.maximum(values / np.iinfo(kind).max, -1)
            self._cached[index] = values
        return self._cached[index]

    def _rows(self, view: int, offset: int, kind: str, count: int, width: int) -> np.ndarray:
        entry = self.json["bufferViews"][view]
        size = np.dtype(kind).itemsize
        stride = entry.get("byteStride", size * width)
        start = entry.get("byteOffset", 0) + offset
        return np.ndarray((count, width), kind, self._bin, start, (stride, size))


def _compose(translation: Any, rotation: Any, scale: Any) -> np.ndarray:
    x, y, z, w = np.asarray(rotation, float) / np.linalg.norm(rotation)
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn * np.asarray(scale, float), translation
    return matrix
