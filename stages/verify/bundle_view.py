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

Floats = NDArray[np.float64]
T = TypeVar("T")
_DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def _broken(path: str, message: str) -> FormatError:
    return FormatError(Finding("gltf/container", message, where=Location(path)))


@dataclass(frozen=True)
class Sound:
    """A WAV file: (n, channels) samples in -1..1."""

    samples: Floats
    rate: int
    channels: int
    bits: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Track:
    """One animation channel: times (f,), values (f, n)."""

    node: str
    path: str
    times: Floats
    values: Floats


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
            raise _broken(path, f"{path} does not open with the glTF magic")
        _, version, length = struct.unpack_from("<4sII", data)
        if version != 2 or length != len(data):
            raise _broken(path, f"{path} says version {version} and {length} bytes, found {len(data)}")
        chunks: dict[int, bytes] = {}
        at = 12
        while at + 8 <= len(data):
            size, kind = struct.unpack_from("<II", data, at)
            chunks.setdefault(kind, data[at + 8 : at + 8 + size])
            at += 8 + size
        try:
            return cls(path, json.loads(chunks[0x4E4F534A]), chunks.get(0x004E4942, b""))
        except (KeyError, ValueError) as cause:
            raise _broken(path, f"{path} has no readable JSON chunk") from cause

    def _view(self, index: int, offset: int, dtype: str, count: int, width: int) -> NDArray[Any]:
        view = self.json["bufferViews"][index]
        start = view.get("byteOffset", 0) + offset
        size = np.dtype(dtype).itemsize * width
        stride = view.get("byteStride", size)
        if count == 0:
            return np.zeros((0, width), dtype)
        raw = np.frombuffer(self.bin, np.uint8, (count - 1) * stride + size, start)
        rows = np.lib.stride_tricks.as_strided(raw, (count, size), (stride, 1))
        return np.ascontiguousarray(rows).view(dtype).reshape(count, width)

    def accessor(self, index: int) -> Floats:
        """(count, width) float64; sparse and normalised accessors are resolved."""
        entry = self.json["accessors"][index]
        count, width, dtype = entry["count"], _WIDTHS[entry["type"]], _DTYPES[entry["componentType"]]
        out = np.zeros((count, width))
        if "bufferView" in entry:
            out[:] = self._view(entry["bufferView"], entry.get("byteOffset", 0), dtype, count, width)
        if "sparse" in entry:
            sparse = entry["sparse"]
            where, what = sparse["indices"], sparse["values"]
            rows = self._view(where["bufferView"], where.get("byteOffset", 0), _DTYPES[where["componentType"]], sparse["count"], 1)
            out[rows[:, 0]] = self._view(what["bufferView"], what.get("byteOffset", 0), dtype, sparse["count"], width)
        if entry.get("normalized"):
            out = np.maximum(out / np.iinfo(dtype).max, -1)
        return out

    def _items(self, key: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.json.get(key, [])
        return items

    @property
    def nodes(self) -> list[dict[str, Any]]:
        return self._items("nodes")

    @property
    def meshes(self) -> list[dict[str, Any]]:
        return self._items("meshes")

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
        joints = {j for skin in self._items("skins") for j in skin["joints"]}
        return tuple(self.nodes[j].get("name", "") for j in sorted(joints))

    def world(self, index: int, pose: Mapping[str, Floats] | None = None) -> Floats:
        """(4,4) world matrix of a node; `pose` may replace `name.rotation` and `name.translation`."""
        node, pose = self.nodes[index], pose or {}
        local = np.array(node["matrix"], float).reshape(4, 4).T if "matrix" in node else _local(node, pose)
        parent = self.parents.get(index)
        return local if parent is None else self.world(parent, pose) @ local

    @cached_property
    def clips(self) -> dict[str, tuple[Track, ...]]:
        """Animation name -> its tracks; weight tracks are (f, targets)."""
        return {a.get("name", str(i)): tuple(self._tracks(a)) for i, a in enumerate(self._items("animations"))}

    @cached_property
    def loops(self) -> tuple[str, ...]:
        """Names of the animations that repeat; the idle always does."""
        animations = self._items("animations")
        return tuple(a.get("name", str(i)) for i, a in enumerate(animations) if a.get("name") == "idle" or a.get("extras", {}).get("loop"))

    @property
    def animation_names(self) -> list[str]:
        return [animation.get("name", "") for animation in self._items("animations")]

    def pose(self, clip: str, moment: float) -> dict[str, Floats]:
        """What `world` takes: the clip's keys at the moment (seconds) or the next ones after it."""
        tracks = [t for t in self.clips[clip] if t.path in ("rotation", "translation")]
        return {f"{t.node}.{t.path}": t.values[min(int(np.searchsorted(t.times, moment)), len(t.times) - 1)] for t in tracks}

    def seconds(self, clip: str) -> float:
        """Length of the clip's movement, 0 where nothing moves."""
        return float(max((t.times[-1] for t in self.clips[clip] if t.path in ("rotation", "translation")), default=0))

    def _tracks(self, animation: dict[str, Any]) -> list[Track]:
        tracks = []
        for channel in animation["channels"]:
            sampler, target = animation["samplers"][channel["sampler"]], channel["target"]
            times = self.accessor(sampler["input"])[:, 0]
            values = self.accessor(sampler["output"])
            name = self.nodes[target["node"]].get("name", "") if "node" in target else ""
            tracks.append(Track(name, target["path"], times, values.reshape(len(times), -1)))
        return tracks

    def target_names(self, mesh: dict[str, Any]) -> tuple[str, ...]:
        return tuple(mesh.get("extras", {}).get("targetNames", ()))

    @cached_property
    def head(self) -> dict[str, Any] | None:
        """The mesh with most morph targets, by vertices where they tie: the head."""
        faces = [m for m in self.meshes if m["primitives"][0].get("targets")]
        accessors = self._items("accessors")
        size = {id(m): accessors[m["primitives"][0]["attributes"]["POSITION"]]["count"] for m in faces}
        named = [m for m in faces if str(m.get("name", "")).lower() in ("head", "face")]
        return max(named or faces, key=lambda m: (len(m["primitives"][0]["targets"]), size[id(m)]), default=None)


def _local(node: dict[str, Any], pose: Mapping[str, Floats]) -> Floats:
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
class Reading:
    """Bundle files by path with lazy parsed views; `licences` is path -> (licence, sources).

    `listed` is path -> (sha256, bytes) of a manifest; None before there is one.
    """

    target: str
    files: Mapping[str, bytes]
    licences: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    listed: Mapping[str, tuple[str, int]] | None = None
    _parsed: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` returns, made for the first gate that asks; others wait for it. An error is raised to each, and made anew."""
        with self._lock:
            if key not in self._parsed:
                self._parsed[key] = make()
            made: T = self._parsed[key]
            return made

    def glb_of(self, path: str) -> Glb | None:
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
        return self.glb_of("avatar.glb")

    @property
    def vrm(self) -> Glb | None:
        return self.glb_of("avatar.vrm")

    def _under(self, folder: str, ending: str) -> dict[str, bytes]:
        paths = [p for p in sorted(self.files) if p.startswith(folder) and p.endswith(ending)]
        return {p.removeprefix(folder).removesuffix(ending): self.files[p] for p in paths}

    @cached_property
    def sounds(self) -> dict[str, Sound]:
        """Line id -> sound; a file that is no PCM WAV reads as 0 bits."""
        return {name: _sound(data) for name, data in self._under("voice/", ".wav").items()}

    @cached_property
    def visemes(self) -> dict[str, dict[str, Any]]:
        """Line id -> its track; an empty one where the file is no JSON object (speech/json says which)."""
        return {name: _object(data) or {} for name, data in self._under("visemes/", ".json").items()}

    @cached_property
    def dialogue(self) -> dict[str, Any] | None:
        """dialogue.json, None where it is absent or no JSON object."""
        return _object(self.files.get("dialogue.json", b""))

    @cached_property
    def broken_json(self) -> list[str]:
        """Paths of .json files that hold no JSON object."""
        return [path for path, data in sorted(self.files.items()) if path.endswith(".json") and _object(data) is None]


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _sound(data: bytes) -> Sound:
    try:
        with wave.open(io.BytesIO(data)) as file:
            channels, bits, rate = file.getnchannels(), 8 * file.getsampwidth(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return Sound(np.zeros((0, 1)), 1, 0, 0)
    samples = np.frombuffer(raw, "<i2") if bits == 16 else np.zeros(0, "<i2")
    return Sound(samples.reshape(-1, max(channels, 1)) / 32768.0, rate, channels, bits)
