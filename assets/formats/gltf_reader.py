"""avatar.glb -> the model and the clips that it was written from, so that a finished bundle can be drawn again.

Reads what assets/formats/gltf.py writes: skinned meshes on one skeleton with sparse morphs, pictures in the buffer, LINEAR samplers.
The gates read the same file by code of their own (stages/verify/bundle_view.py), so that one mistake cannot hide the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Model
from assets.artefacts.geometry import Doubles, Floats, Image, Ints, Material, Mesh, MorphTarget, Part, Skeleton, Skin
from assets.artefacts.hair import HairRig
from assets.artefacts.motion import Clip, Motion
from assets.conventions import JOINTS, MORPHS_67, is_hair_joint
from assets.errors import Finding, FormatError
from assets.formats.glb import unpack_glb
from assets.hair_chains import parse_rig
from assets.joint_frames import compute_joint_frames, from_file_rotations
from assets.rotation import make_continuous, slerp

FPS = 30
"""Frames a second of the clips: those of the library and of the performance have as many."""
_DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_MAX_VALUES = 30_000_000
"""Of one accessor, as for the gates: the morph weights of an hour have 7 million."""
_MAX_CLIP_S = 3600.0


def load_avatar(data: bytes) -> tuple[Model, Motion]:
    """The model in its T-pose, and every clip with its face.

    Raises:
        FormatError: it is not an avatar.glb of a bundle, or it refers to what is not there.
    """
    document, binary = unpack_glb(data)
    try:
        return _Avatar(document, binary).read()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        message = f"avatar.glb is not the avatar of a bundle: {error!r}"
        raise FormatError(Finding("glb/avatar", message, fix="build the bundle again")) from error


@dataclass(frozen=True)
class _Avatar:
    """The document and its buffer."""

    document: dict[str, Any]
    binary: bytes

    def read(self) -> tuple[Model, Motion]:
        materials = tuple(self._read_material(entry) for entry in self.document["materials"])
        pictures = {name for m in materials for name in (m.albedo, m.normal, m.orm) if name}
        parts = tuple(self._read_part(mesh, materials) for mesh in self.document["meshes"])
        images = {entry["name"]: self._read_picture(entry) for entry in self.document.get("images", ()) if entry["name"] in pictures}
        clips = tuple(self._read_clip(entry) for entry in self.document.get("animations", ()))
        return Model(self.skeleton, parts, materials, images, hair_rig=self._read_hair()), Motion(self.skeleton, clips)

    @cached_property
    def skeleton(self) -> Skeleton:
        """The joints in the order of JOINTS, which the file's skin has too, then those of hanging hair."""
        skin = self.document["skins"][0]
        names = tuple(self.document["nodes"][node]["name"] for node in skin["joints"])
        if names[: len(JOINTS)] != JOINTS or not all(map(is_hair_joint, names[len(JOINTS) :])):
            raise ValueError("its joints are not ours")
        # The last column of a bind matrix's inverse is the joint's position; the file's are inverse, and column-major.
        binds = self.read_rows(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        parents = {child: node for node, entry in enumerate(self.document["nodes"]) for child in entry.get("children", ())}
        joints = list(skin["joints"])
        rows = [joints.index(parents[joint]) if parents.get(joint) in joints else -1 for joint in joints]
        if any(parent >= row for row, parent in enumerate(rows)):
            raise ValueError("a joint is before its parent")
        return Skeleton(names, np.array(rows, np.int32), np.linalg.inv(binds)[:, :3, 3].astype(np.float32))

    def _read_hair(self) -> HairRig | None:
        return parse_rig(self.document["skins"][0].get("extras", {}).get("hair", ()), self.skeleton)

    def read_rows(self, index: int) -> Doubles:
        """(count, width) of an accessor: sparse values applied, normalised integers as -1..1."""
        entry = self.document["accessors"][index]
        count, width, dtype = int(entry["count"]), _WIDTHS[entry["type"]], _DTYPES[entry["componentType"]]
        if not 0 <= count * width <= _MAX_VALUES:
            raise ValueError(f"accessor {index} has {count} rows")
        rows = np.zeros((count, width))
        if "bufferView" in entry:
            rows[:] = self._read_view(entry["bufferView"], entry.get("byteOffset", 0), dtype, count, width)
        if "sparse" in entry:
            indices, values = self._read_sparse(entry["sparse"], dtype, width)
            rows[indices] = values
        # snorm: the two lowest integers are both -1 (glTF 2.0, 3.11).
        return np.maximum(rows / np.iinfo(dtype).max, -1) if entry.get("normalized") else rows

    def _read_sparse(self, sparse: dict[str, Any], dtype: str, width: int) -> tuple[Ints, NDArray[Any]]:
        count, at, values = int(sparse["count"]), sparse["indices"], sparse["values"]
        indices = self._read_view(at["bufferView"], at.get("byteOffset", 0), _DTYPES[at["componentType"]], count, 1)[:, 0]
        return indices.astype(np.int32), self._read_view(values["bufferView"], values.get("byteOffset", 0), dtype, count, width)

    def _read_view(self, view: int, offset: int, dtype: str, count: int, width: int) -> NDArray[Any]:
        entry = self.document["bufferViews"][view]
        kind = np.dtype(dtype)
        stride = int(entry.get("byteStride", kind.itemsize * width))
        if stride < kind.itemsize * width or offset < 0 or entry.get("byteOffset", 0) < 0:
            raise ValueError(f"bufferView {view} is malformed")
        # numpy refuses an array that reaches beyond its buffer.
        return np.ndarray((count, width), kind, self.binary, entry.get("byteOffset", 0) + offset, (stride, kind.itemsize))

    def _read_part(self, entry: dict[str, Any], materials: tuple[Material, ...]) -> Part:
        primitive = entry["primitives"][0]
        names = primitive["attributes"]
        positions = self.read_rows(names["POSITION"]).astype(np.float32)
        skin = Skin(self.read_rows(names["JOINTS_0"]).astype(np.uint16), self.read_rows(names["WEIGHTS_0"]).astype(np.float32))
        triangles = self.read_rows(primitive["indices"]).reshape(-1, 3).astype(np.int32)
        if triangles.max(initial=0) >= len(positions) or skin.joints.max(initial=0) >= len(self.skeleton.names):
            raise ValueError(f"the mesh {entry['name']} refers to a vertex or joint that it does not have")
        # The writer makes the first letter a capital.
        name, uv = entry["name"][0].lower() + entry["name"][1:], self.read_rows(names["TEXCOORD_0"]).astype(np.float32)
        mesh = Mesh(name, positions, uv, triangles, skin, self._read_morphs(entry), materials[primitive["material"]].name)
        shade = self.read_rows(names["COLOR_0"])[:, 0].astype(np.float32) if "COLOR_0" in names else None
        return Part(mesh, self.read_rows(names["NORMAL"]).astype(np.float32), None, shade)

    def _read_morphs(self, entry: dict[str, Any]) -> tuple[MorphTarget, ...]:
        targets = entry["primitives"][0].get("targets", ())
        named = zip(entry.get("extras", {}).get("targetNames", ()), targets, strict=False)
        morphs = (self._read_morph(name, target["POSITION"]) for name, target in named if name in MORPHS_67)
        # Every mesh with morphs has all of them in the file; those that move nothing were not there before.
        return tuple(morph for morph in morphs if len(morph.indices))

    def _read_morph(self, name: str, accessor: int) -> MorphTarget:
        deltas = self.read_rows(accessor)
        moved = np.flatnonzero(np.abs(deltas).max(1))
        return MorphTarget(name, moved.astype(np.int32), deltas[moved].astype(np.float32))

    def _read_material(self, entry: dict[str, Any]) -> Material:
        surface = entry["pbrMetallicRoughness"]
        x, y, z, w = surface.get("baseColorFactor", (1.0, 1.0, 1.0, 1.0))
        specular = entry.get("extensions", {}).get("KHR_materials_specular", {}).get("specularFactor", 1.0)
        return Material(
            entry["name"], self._name_picture(surface.get("baseColorTexture")), self._name_picture(entry.get("normalTexture")),
            self._name_picture(surface.get("metallicRoughnessTexture")), (x, y, z, w), float(surface.get("roughnessFactor", 1.0)),
            entry.get("alphaMode", "OPAQUE"), float(entry.get("alphaCutoff", 0.5)), bool(entry.get("doubleSided", False)), float(specular),
        )  # fmt: skip

    def _name_picture(self, texture: dict[str, int] | None) -> str | None:
        if texture is None:
            return None
        return str(self.document["images"][self.document["textures"][texture["index"]]["source"]]["name"])

    def _read_picture(self, entry: dict[str, Any]) -> Image:
        from assets.formats.image import decode_image

        view = self.document["bufferViews"][entry["bufferView"]]
        start = view.get("byteOffset", 0)
        coloured = {self._name_picture(m["pbrMetallicRoughness"].get("baseColorTexture")) for m in self.document["materials"]}
        return decode_image(self.binary[start : start + view["byteLength"]], srgb=entry["name"] in coloured)

    def _read_clip(self, entry: dict[str, Any]) -> Clip:
        tracks = {self._name_track(channel): self._read_track(entry, channel) for channel in entry["channels"]}
        length = min(max((float(keys[-1]) for keys, _ in tracks.values()), default=0.0), _MAX_CLIP_S)
        times = np.arange(round(length * FPS) + 1) / FPS
        local = np.tile(np.array([0, 0, 0, 1], np.float32), (len(times), len(self.skeleton.names), 1))
        for index, joint in enumerate(self.skeleton.names):
            rest = self.document["nodes"][self.document["skins"][0]["joints"][index]].get("rotation", (0, 0, 0, 1))
            local[:, index] = _sample_rotations(*tracks[joint, "rotation"], times) if (joint, "rotation") in tracks else rest
        root = np.zeros((len(times), 3))
        if (JOINTS[0], "translation") in tracks:
            # The file's track is absolute, a clip's root a displacement.
            root = _sample_values(*tracks[JOINTS[0], "translation"], times) - self.skeleton.heads[0]
        weights = next((track for (_, path), track in tracks.items() if path == "weights"), None)
        face = _sample_values(*weights, times)[:, : len(MORPHS_67)] if weights else np.zeros((len(times), 0))
        rotations = make_continuous(from_file_rotations(local, self.skeleton, compute_joint_frames(self.skeleton)))
        # glTF itself cannot mark a looping clip; the writer does so in extras.
        loops = entry["name"] == "idle" or bool(entry.get("extras", {}).get("loop"))
        arrays = (times.astype(np.float32), rotations, root.astype(np.float32), face.astype(np.float32))
        return Clip(entry["name"], *arrays, loop=loops, source="bundle")

    def _name_track(self, channel: dict[str, Any]) -> tuple[str, str]:
        target = channel["target"]
        return str(self.document["nodes"][target["node"]]["name"]), str(target["path"])

    def _read_track(self, animation: dict[str, Any], channel: dict[str, Any]) -> tuple[Doubles, Doubles]:
        """Times (k,) and values (k,n) of its keys; all morph weights of a key are together."""
        sampler = animation["samplers"][channel["sampler"]]
        times = self.read_rows(sampler["input"])[:, 0]
        return times, self.read_rows(sampler["output"]).reshape(len(times), -1)


def _sample_values(keys: Doubles, values: Doubles, times: Doubles) -> Doubles:
    """(f,n) linear between keys; before the first and after the last the end values hold (glTF 2.0, 3.11)."""
    left, right, share = _find_keys(keys, times)
    return np.asarray(values[left] + share[:, None] * (values[right] - values[left]))


def _sample_rotations(keys: Doubles, values: Doubles, times: Doubles) -> Floats:
    left, right, share = _find_keys(keys, times)
    return slerp(values[left], values[right], share)


def _find_keys(keys: Doubles, times: Doubles) -> tuple[NDArray[np.int64], NDArray[np.int64], Doubles]:
    """(f,) the keys around each time, and how far it is from the first to the second, 0..1."""
    right = np.clip(np.searchsorted(keys, times), 1, max(len(keys) - 1, 1))
    right = np.minimum(right, len(keys) - 1)
    left = np.maximum(right - 1, 0)
    span = np.maximum(keys[right] - keys[left], 1e-9)
    return left, right, np.clip((times - keys[left]) / span, 0, 1)
