"""A bundle as the gates read it: files by path, parsed once and only when asked for."""

from __future__ import annotations

import io
import json
import struct
import threading
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assets.errors import Finding, FormatError, Location

Doubles = NDArray[np.float64]
T = TypeVar("T")
_DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def _make_container_error(path: str, message: str) -> FormatError:
    return FormatError(Finding("gltf/container", message, where=Location(path)))


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
    """One animation channel: times (f,), values (f, n)."""

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
            raise _make_container_error(path, f"{path} does not open with the glTF magic")
        _, version, length = struct.unpack_from("<4sII", data)
        if version != 2 or length != len(data):
            raise _make_container_error(path, f"{path} says version {version} and {length} bytes, found {len(data)}")
        chunks: dict[int, bytes] = {}
        at = 12
        while at + 8 <= len(data):
            size, kind = struct.unpack_from("<II", data, at)
            chunks.setdefault(kind, data[at + 8 : at + 8 + size])
            at += 8 + size
        try:
            return cls(path, json.loads(chunks[0x4E4F534A]), chunks.get(0x004E4942, b""))
        except (KeyError, ValueError) as cause:
            raise _make_container_error(path, f"{path} has no readable JSON chunk") from cause

    def _read_buffer_view(self, index: int, offset: int, dtype: str, count: int, width: int) -> NDArray[Any]:
        view = self.json["bufferViews"][index]
        start = view.get("byteOffset", 0) + offset
        size = np.dtype(dtype).itemsize * width
        stride = view.get("byteStride", size)
        if count == 0:
            return np.zeros((0, width), dtype)
        raw = np.frombuffer(self.bin, np.uint8, (count - 1) * stride + size, start)
        rows = np.lib.stride_tricks.as_strided(raw, (count, size), (stride, 1))
        return np.ascontiguousarray(rows).view(dtype).reshape(count, width)

    def read_accessor(self, index: int) -> Doubles:
        """(count, width) float64; sparse and normalised accessors are resolved."""
        entry = self.json["accessors"][index]
        count, width, dtype = entry["count"], _WIDTHS[entry["type"]], _DTYPES[entry["componentType"]]
        out = np.zeros((count, width))
        if "bufferView" in entry:
            out[:] = self._read_buffer_view(entry["bufferView"], entry.get("byteOffset", 0), dtype, count, width)
        if "sparse" in entry:
            sparse = entry["sparse"]
            where, what = sparse["indices"], sparse["values"]
            rows = self._read_buffer_view(
                where["bufferView"], where.get("byteOffset", 0), _DTYPES[where["componentType"]], sparse["count"], 1
            )
            out[rows[:, 0]] = self._read_buffer_view(what["bufferView"], what.get("byteOffset", 0), dtype, sparse["count"], width)
        if entry.get("normalized"):
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

    def index(self, name: str) -> int | None:
        return next((i for i, node in enumerate(self.nodes) if node.get("name") == name), None)

    @cached_property
    def joint_names(self) -> tuple[str, ...]:
        joints = {j for skin in self._get_items("skins") for j in skin["joints"]}
        return tuple(self.nodes[j].get("name", "") for j in sorted(joints))

    def compute_world_matrix(self, index: int, pose: Mapping[str, Doubles] | None = None) -> Doubles:
        """(4,4) world matrix of a node; `pose` may replace `name.rotation` and `name.translation`."""
        node, pose = self.nodes[index], pose or {}
        local = np.array(node["matrix"], float).reshape(4, 4).T if "matrix" in node else _compute_local_matrix(node, pose)
        parent = self.parents.get(index)
        return local if parent is None else self.compute_world_matrix(parent, pose) @ local

    @cached_property
    def clips(self) -> dict[str, tuple[AnimationChannel, ...]]:
        """Animation name -> its tracks; weight tracks are (f, targets)."""
        return {a.get("name", str(i)): tuple(self._read_channels(a)) for i, a in enumerate(self._get_items("animations"))}

    @cached_property
    def loops(self) -> tuple[str, ...]:
        """Names of the animations that repeat; the idle always does."""
        animations = self._get_items("animations")
        return tuple(a.get("name", str(i)) for i, a in enumerate(animations) if a.get("name") == "idle" or a.get("extras", {}).get("loop"))

    @property
    def animation_names(self) -> list[str]:
        return [animation.get("name", "") for animation in self._get_items("animations")]

    def pose(self, clip: str, moment: float) -> dict[str, Doubles]:
        """What `world` takes: the clip's keys at the moment (seconds) or the next ones after it."""
        tracks = [t for t in self.clips[clip] if t.path in ("rotation", "translation")]
        return {f"{t.node}.{t.path}": t.values[min(int(np.searchsorted(t.times, moment)), len(t.times) - 1)] for t in tracks}

    def seconds(self, clip: str) -> float:
        """Length of the clip's movement, 0 where nothing moves."""
        return float(max((t.times[-1] for t in self.clips[clip] if t.path in ("rotation", "translation")), default=0))

    def _read_channels(self, animation: dict[str, Any]) -> list[AnimationChannel]:
        tracks = []
        for channel in animation["channels"]:
            sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
            times = self.read_accessor(sampler["input"])[:, 0]
            values = self.read_accessor(sampler["output"])
            name = self.nodes[target["node"]].get("name", "") if "node" in target else ""
            tracks.append(AnimationChannel(name, target["path"], times, values.reshape(len(times), -1)))
        return tracks

    def target_names(self, mesh: dict[str, Any]) -> tuple[str, ...]:
        return tuple(mesh.get("extras", {}).get("targetNames", ()))

    @cached_property
    def head(self) -> dict[str, Any] | None:
        """The mesh with most morph targets, by vertices where they tie: the head."""
        faces = [m for m in self.meshes if m["primitives"][0].get("targets")]
        accessors = self._get_items("accessors")
        size = {id(m): accessors[m["primitives"][0]["attributes"]["POSITION"]]["count"] for m in faces}
        named = [m for m in faces if str(m.get("name", "")).lower() in ("head", "face")]
        return max(named or faces, key=lambda m: (len(m["primitives"][0]["targets"]), size[id(m)]), default=None)


def _compute_local_matrix(node: dict[str, Any], pose: Mapping[str, Doubles]) -> Doubles:
    name = node.get("name", "")
    x, y, z, w = pose.get(f"{name}.rotation", node.get("rotation", (0, 0, 0, 1)))
    turn = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    out = np.eye(4)
    out[:3, :3] = turn * np.asarray(node.get("scale", (1, 1, 1)))
    out[:3, 3] = pose.get(f"{name}.translation", node.get("translation", (0, 0, 0)))
    return out


@dataclass(frozen=True)
class BundleView:
    """Bundle files by path with lazy parsed views; `licences` is path -> (licence, sources).

    `listed` is path -> (sha256, bytes) of a manifest; None before there is one.
    """

    target: str
    files: Mapping[str, bytes]
    licences: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    manifest_entries: Mapping[str, tuple[str, int]] | None = None
    _parsed: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def compute_once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` returns, made for the first gate that asks; others wait for it. An error is raised to each, and made anew."""
        with self._lock:
            if key not in self._parsed:
                self._parsed[key] = make()
            made: T = self._parsed[key]
            return made

    def parse_glb(self, path: str) -> Glb | None:
        """The parsed file, or None where it is absent or broken (gltf/container says which)."""
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
        """Line id -> sound; a file that is no PCM WAV reads as 0 bits."""
        return {name: _parse_wav(data) for name, data in self._find_files("voice/", ".wav").items()}

    @cached_property
    def visemes(self) -> dict[str, dict[str, Any]]:
        """Line id -> its track; an empty one where the file is no JSON object (speech/json says which)."""
        return {name: _parse_json_object(data) or {} for name, data in self._find_files("visemes/", ".json").items()}

    @cached_property
    def dialogue(self) -> dict[str, Any] | None:
        """dialogue.json, None where it is absent or no JSON object."""
        return _parse_json_object(self.files.get("dialogue.json", b""))

    @cached_property
    def broken_json(self) -> list[str]:
        """Paths of .json files that hold no JSON object."""
        return [path for path, data in sorted(self.files.items()) if path.endswith(".json") and _parse_json_object(data) is None]


def _parse_json_object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _parse_wav(data: bytes) -> WavSound:
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, bits, rate = file.getnchannels(), 8 * file.getsampwidth(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return WavSound(np.zeros((0, 1)), 1, 0, 0)
    samples = np.frombuffer(raw, "<i2") if bits == 16 else np.zeros(0, "<i2")
    return WavSound(samples.reshape(-1, max(channels, 1)) / 32768.0, rate, channels, bits)
