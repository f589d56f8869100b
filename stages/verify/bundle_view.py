"""A bundle as the gates see it: files by path, each parsed once and only on demand."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assets.errors import Finding, FormatError, Location
from assets.formats.wav import parse_wav

Doubles = NDArray[np.float64]
T = TypeVar("T")
# glTF 2.0, 3.6.2.2: component types are WebGL's numbers, all little endian. Read here apart from assets/formats, which wrote them.
_DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_MAX_VALUES = 30_000_000
"""Of one accessor: a bundle has 32,000 triangles, and the morph weights of an hour have 7 million values."""
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def _make_container_error(path: str, message: str) -> FormatError:
    return FormatError(Finding("gltf/container", message, location=Location(path)))


@dataclass(frozen=True)
class WavSound:
    """A WAV file: (n, channels) samples in -1..1."""

    samples: Doubles
    rate: int
    channels: int
    bits: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class AnimationChannel:
    """One animation channel: times (f,) in seconds, values (f, n)."""

    node: str
    path: str
    times: Doubles
    values: Doubles


@dataclass(frozen=True)
class Glb:
    """A binary glTF: its JSON, its BIN chunk, and accessors as arrays."""

    path: str
    json: dict[str, Any]
    bin: bytes

    @classmethod
    def parse(cls, path: str, data: bytes) -> Glb:
        """Raises FormatError where the container is not GLB 2."""
        if len(data) < 20 or data[:4] != b"glTF":
            raise _make_container_error(path, "the file does not begin with the glTF magic number")
        _, version, length = struct.unpack_from("<4sII", data)
        if version != 2 or length != len(data):
            raise _make_container_error(
                path, f"the header declares version {version} and {length} bytes; expected version 2 and {len(data)} bytes"
            )
        chunks: dict[int, bytes] = {}
        offset = 12
        while offset + 8 <= len(data):
            size, kind = struct.unpack_from("<II", data, offset)
            chunks.setdefault(kind, data[offset + 8 : offset + 8 + size])
            offset += 8 + size
        try:
            # "JSON" and "BIN\0" as little-endian uint32 (4.4.3); a file without a buffer has no second chunk.
            document = json.loads(chunks[0x4E4F534A])
        except (KeyError, ValueError, RecursionError) as cause:
            raise _make_container_error(path, "the file has no readable JSON chunk") from cause
        if not isinstance(document, dict):
            raise _make_container_error(path, "the JSON chunk is not an object")
        return cls(path, document, chunks.get(0x004E4942, b""))

    def _read_buffer_view(self, index: int, offset: int, dtype: str, count: int, width: int) -> NDArray[Any]:
        view = self.json["bufferViews"][index]
        start = view.get("byteOffset", 0) + offset
        size = np.dtype(dtype).itemsize * width
        stride = view.get("byteStride", size)
        if count == 0:
            return np.zeros((0, width), dtype)
        # as_strided checks nothing: a negative stride or a view beyond the buffer would read foreign memory.
        if not (start >= 0 and count > 0 and stride >= size and (count - 1) * stride + size <= len(self.bin) - start):
            raise ValueError(f"bufferView {index} does not hold {count} elements")
        # 3.6.2.4: the last row needs no padding after it, so that count * stride could exceed the view.
        raw = np.frombuffer(self.bin, np.uint8, (count - 1) * stride + size, start)
        rows = np.lib.stride_tricks.as_strided(raw, (count, size), (stride, 1))
        return np.ascontiguousarray(rows).view(dtype).reshape(count, width)

    def read_accessor(self, index: int) -> Doubles:
        """(count, width) float64, with sparse values applied and normalised integers scaled to -1..1.

        Raises:
            FormatError: the file has no such accessor, or it refers to what is not there.
        """
        try:
            return self._read_accessor(self.json["accessors"][index])
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as cause:
            raise _make_container_error(self.path, f"accessor {index} cannot be read: {cause}") from cause

    def _read_accessor(self, entry: dict[str, Any]) -> Doubles:
        count, width, dtype = entry["count"], _WIDTHS[entry["type"]], _DTYPES[entry["componentType"]]
        # Without a view, nothing else bounds the memory.
        if count * width > _MAX_VALUES:
            raise ValueError(f"more than {_MAX_VALUES:,} values")
        # Zeros are the base of a sparse accessor without a view (3.6.2.3).
        out = np.zeros((count, width))
        if "bufferView" in entry:
            out[:] = self._read_buffer_view(entry["bufferView"], entry.get("byteOffset", 0), dtype, count, width)
        if "sparse" in entry:
            sparse = entry["sparse"]
            indices, values = sparse["indices"], sparse["values"]
            rows = self._read_buffer_view(
                indices["bufferView"], indices.get("byteOffset", 0), _DTYPES[indices["componentType"]], sparse["count"], 1
            )
            out[rows[:, 0]] = self._read_buffer_view(values["bufferView"], values.get("byteOffset", 0), dtype, sparse["count"], width)
        if entry.get("normalized"):
            # snorm: the two lowest integers are both -1 (3.11).
            out = np.maximum(out / np.iinfo(dtype).max, -1)
        return out

    def _get_items(self, key: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.json.get(key, [])
        return items

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return self._get_items("nodes")

    @property
    def meshes(self) -> list[dict[str, Any]]:
        return self._get_items("meshes")

    @property
    def primitives(self) -> list[dict[str, Any]]:
        return [primitive for mesh in self.meshes for primitive in mesh["primitives"]]

    @cached_property
    def parents(self) -> dict[int, int]:
        return {child: index for index, node in enumerate(self.nodes) for child in node.get("children", [])}

    def find_node(self, name: str) -> int | None:
        """Index of the node of that name."""
        return next((i for i, node in enumerate(self.nodes) if node.get("name") == name), None)

    def get_rest_rotation(self, name: str) -> tuple[float, float, float, float]:
        """Local rotation xyzw of the node of that name where no clip moves it; the identity without such a node."""
        index = self.find_node(name)
        x, y, z, w = (0, 0, 0, 1) if index is None else self.nodes[index].get("rotation", (0, 0, 0, 1))
        return x, y, z, w

    @cached_property
    def joint_names(self) -> tuple[str, ...]:
        joints = {j for skin in self._get_items("skins") for j in skin["joints"]}
        return tuple(self.nodes[j].get("name", "") for j in sorted(joints))

    def compute_world_matrix(self, index: int, pose: Mapping[str, Doubles] | None = None) -> Doubles:
        """(4,4) world matrix of a node; `pose` may replace `name.rotation` and `name.translation`."""
        node, pose = self.nodes[index], pose or {}
        # Column-major in the file: the transpose makes it a matrix for column vectors.
        local = np.array(node["matrix"], float).reshape(4, 4).T if "matrix" in node else _compute_local_matrix(node, pose)
        parent = self.parents.get(index)
        return local if parent is None else self.compute_world_matrix(parent, pose) @ local

    def pose_joints(self, pose: Mapping[str, Doubles] | None = None) -> tuple[Doubles, Doubles]:
        """(j,4,4) world matrices and (j,4,4) inverse bind matrices of the skin's joints; `pose` as in `compute_world_matrix`."""
        skin = self.json["skins"][0]
        # Column-major in the file, hence the transpose.
        binds = self.read_accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        return np.stack([self.compute_world_matrix(node, pose) for node in skin["joints"]]), binds

    @cached_property
    def clips(self) -> dict[str, tuple[AnimationChannel, ...]]:
        """Animation name -> its channels; morph weights are (f, targets)."""
        return {a.get("name", str(i)): tuple(self._read_channels(a)) for i, a in enumerate(self._get_items("animations"))}

    @cached_property
    def looping_clips(self) -> tuple[str, ...]:
        """Names of the animations that loop; the idle always does."""
        animations = self._get_items("animations")
        return tuple(a.get("name", str(i)) for i, a in enumerate(animations) if a.get("name") == "idle" or a.get("extras", {}).get("loop"))

    @property
    def animation_names(self) -> list[str]:
        return [animation.get("name", "") for animation in self._get_items("animations")]

    def sample_pose(self, clip: str, time_s: float) -> dict[str, Doubles]:
        """What `compute_world_matrix` takes: of every channel the first key at or after `time_s`."""
        channels = [c for c in self.clips[clip] if c.path in ("rotation", "translation")]
        return {f"{c.node}.{c.path}": c.values[min(int(np.searchsorted(c.times, time_s)), len(c.times) - 1)] for c in channels}

    def get_clip_length(self, clip: str) -> float:
        """Seconds to the last rotation or translation key; 0 without any."""
        return float(max((c.times[-1] for c in self.clips[clip] if c.path in ("rotation", "translation")), default=0))

    def _read_channels(self, animation: dict[str, Any]) -> list[AnimationChannel]:
        channels = []
        for channel in animation["channels"]:
            sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
            times = self.read_accessor(sampler["input"])[:, 0]
            values = self.read_accessor(sampler["output"])
            name = self.nodes[target["node"]].get("name", "") if "node" in target else ""
            # A weights output is flat, all targets of a frame together. Samplers are read as LINEAR, one value a key.
            channels.append(AnimationChannel(name, target["path"], times, values.reshape(len(times), -1)))
        return channels

    def get_target_names(self, mesh: dict[str, Any]) -> tuple[str, ...]:
        return tuple(mesh.get("extras", {}).get("targetNames", ()))

    @cached_property
    def head(self) -> dict[str, Any] | None:
        """The mesh called head or face, else the one with most morph targets (with most vertices where they tie)."""
        morphing = [m for m in self.meshes if m["primitives"][0].get("targets")]
        accessors = self._get_items("accessors")
        size = {id(m): accessors[m["primitives"][0]["attributes"]["POSITION"]]["count"] for m in morphing}
        named = [m for m in morphing if str(m.get("name", "")).lower() in ("head", "face")]
        return max(named or morphing, key=lambda m: (len(m["primitives"][0]["targets"]), size[id(m)]), default=None)


def _compute_local_matrix(node: dict[str, Any], pose: Mapping[str, Doubles]) -> Doubles:
    name = node.get("name", "")
    x, y, z, w = pose.get(f"{name}.rotation", node.get("rotation", (0, 0, 0, 1)))
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    out = np.eye(4)
    # T * R * S: the scale multiplies columns, so that it acts before the rotation.
    out[:3, :3] = turn * np.asarray(node.get("scale", (1, 1, 1)))
    out[:3, 3] = pose.get(f"{name}.translation", node.get("translation", (0, 0, 0)))
    return out


@dataclass(frozen=True)
class BundleView:
    """The files of a bundle by path, and what they hold, parsed on demand."""

    target: str
    """web, desktop or crowd; empty where no gate of a target runs."""
    files: Mapping[str, bytes]
    licences: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """Path -> (licence, sources)."""
    manifest_entries: Mapping[str, tuple[str, int]] | None = None
    """Path -> (sha256, bytes) of manifest.json; None before it is written."""
    _parsed: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def compute_once(self, key: str, compute: Callable[[], T]) -> T:
        """The result of `compute`, shared by all gates; others wait for the first. An error is raised, not kept: the next gate retries."""
        with self._lock:
            if key not in self._parsed:
                self._parsed[key] = compute()
            result: T = self._parsed[key]
            return result

    def parse_glb(self, path: str) -> Glb | None:
        """The parsed file, or None where it is absent or broken (gltf/container reports which)."""
        if path not in self._parsed:
            try:
                self._parsed[path] = Glb.parse(path, self.files[path]) if path in self.files else None
            except FormatError:
                self._parsed[path] = None
        glb: Glb | None = self._parsed[path]
        return glb

    @property
    def glb(self) -> Glb | None:
        return self.parse_glb("avatar.glb")

    @property
    def vrm(self) -> Glb | None:
        return self.parse_glb("avatar.vrm")

    def _find_files(self, folder: str, ending: str) -> dict[str, bytes]:
        paths = [p for p in sorted(self.files) if p.startswith(folder) and p.endswith(ending)]
        return {p.removeprefix(folder).removesuffix(ending): self.files[p] for p in paths}

    @cached_property
    def sounds(self) -> dict[str, WavSound]:
        """Line id -> sound; a file that is not a PCM WAV has 0 bits."""
        return {name: _parse_wav(data) for name, data in self._find_files("voice/", ".wav").items()}

    @cached_property
    def visemes(self) -> dict[str, dict[str, Any]]:
        """Line id -> its viseme track; empty where the file is not a JSON object (speech/json reports it)."""
        return {name: _parse_json_object(data) or {} for name, data in self._find_files("visemes/", ".json").items()}

    @cached_property
    def dialogue(self) -> dict[str, Any] | None:
        """dialogue.json, or None where it is absent or not a JSON object."""
        return _parse_json_object(self.files.get("dialogue.json", b""))

    @cached_property
    def broken_json(self) -> list[str]:
        """Paths of the .json files that are not JSON objects."""
        return [path for path, data in sorted(self.files.items()) if path.endswith(".json") and _parse_json_object(data) is None]


def _parse_json_object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _parse_wav(data: bytes) -> WavSound:
    try:
        sound = parse_wav(data)
    except FormatError:
        return WavSound(np.zeros((0, 1)), 1, 0, 0)
    # 32768, not the writer's 32767: no int16 leaves -1..1.
    return WavSound(sound.samples / 32768.0, sound.rate, sound.channels, sound.bits)
