"""BVH, the Biovision hierarchy: a skeleton of offsets and frames of Euler angles, read and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Skeleton
from assets.artefacts.motion import Clip
from assets.errors import Finding, FormatError, Location
from assets.rotation import make_continuous

METRES_PER_UNIT = 0.01
"""Metres in a unit: the format names none, centimetres are the custom."""
_CHANNELS = {f"{axis}{kind}": (kind, i) for i, axis in enumerate("XYZ") for kind in ("position", "rotation")}
_MAX_JOINTS = 1000
_MAX_NUMBER = 1e6
"""Of any number: ten kilometres in centimetres. Beyond, float32 and the stages that follow lose themselves."""
_MAX_FRAME_S, _MAX_DURATION_S = 1.0, 3600.0
"""Of a frame, of the whole: what is made of each second would fill the memory."""
_FIX = "export it as BVH once more"


@dataclass(frozen=True)
class Bvh:
    """A file as it stands: its joints, parents first, and their movement, lengths in the file's unit."""

    names: tuple[str, ...]
    parents: Ints
    """(j,) parent index, -1 for the root."""
    offsets: Floats
    """(j,3) from the parent's head, where all angles are zero."""
    times: Floats
    """(f,) seconds."""
    positions: Floats
    """(f,j,3) from the parent's head in the parent's frame; the offset where the file gives no position."""
    rotations: Floats
    """(f,j,4) local, xyzw."""

    @property
    def heads(self) -> Floats:
        """(j,3) joints where all angles are zero, the root at its offset."""
        heads = self.offsets.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                heads[joint] += heads[parent]
        return heads


@dataclass
class _Joint:
    name: str
    parent: int
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    channels: tuple[str, ...] = ()


@dataclass
class _LineReader:
    """Words of the file with the line that each stands on."""

    file: str
    rows: list[list[str]]
    at: int = 0
    joints: list[_Joint] = field(default_factory=list)

    def read_row(self, wanted: str) -> list[str]:
        while self.at < len(self.rows) and not self.rows[self.at]:
            self.at += 1
        if self.at >= len(self.rows):
            raise self.wrong(f"the file ends where {wanted} should stand")
        self.at += 1
        return self.rows[self.at - 1]

    def read_keyword(self, word: str, count: int | None = None) -> list[str]:
        """The words after `word`, which must open the next line."""
        row = self.read_row(word)
        if row[0].rstrip(":").upper() != word.upper() or (count is not None and len(row) != count + 1):
            raise self.wrong(f"{word} is expected{f' with {count} values' if count else ''}, not {' '.join(row)[:60]!r}")
        return row[1:]

    def numbers(self, words: Sequence[str]) -> list[float]:
        try:
            values = [float(word) for word in words]
        except ValueError:
            raise self.wrong(f"a number is expected in {' '.join(words)[:60]!r}") from None
        if not np.isfinite(values).all():
            raise self.wrong("a number is not finite")
        if max(map(abs, values), default=0) > _MAX_NUMBER:
            raise self.wrong(f"a number is beyond {_MAX_NUMBER:,.0f}")
        return values

    def wrong(self, message: str) -> FormatError:
        where = Location(self.file, max(min(self.at, len(self.rows)), 1))
        return FormatError(Finding("bvh/syntax", message, where=where, fix=_FIX))


def load_bvh(text: str, file: str = "") -> Bvh:
    """Skeleton and movement of the text of a BVH file; `file` is its name, for errors.

    Raises:
        FormatError: with the line, where the text is not BVH.
    """
    lines = _LineReader(file, [line.split() for line in text.lstrip("\ufeff").splitlines()])
    lines.read_keyword("HIERARCHY", 0)
    name = lines.read_keyword("ROOT")
    _read_joint_tree(lines, " ".join(name), -1)
    values, step = _read_frames(lines)
    positions, rotations = _compute_transforms(lines.joints, values)
    return Bvh(
        names=tuple(joint.name for joint in lines.joints), parents=np.array([joint.parent for joint in lines.joints], np.int32),
        offsets=np.array([joint.offset for joint in lines.joints], np.float32),
        times=(np.arange(len(values)) * step).astype(np.float32), positions=positions, rotations=rotations,
    )  # fmt: skip


def _read_joint_tree(lines: _LineReader, name: str, parent: int) -> None:
    """Reads the block of one joint and those below it, whose first line is read already (no recursion: files may be deep)."""
    opened: list[int] = [_read_joint(lines, name, parent)]
    while opened:
        row = lines.read_row("JOINT, End Site or }")
        word = row[0].upper()
        if word == "}":
            opened.pop()
        elif word == "END":
            lines.read_keyword("{", 0)
            lines.numbers(lines.read_keyword("OFFSET", 3))
            lines.read_keyword("}", 0)
        elif word == "JOINT":
            opened.append(_read_joint(lines, " ".join(row[1:]), opened[-1]))
        else:
            raise lines.wrong(f"JOINT, End Site or }} is expected, not {' '.join(row)[:60]!r}")


def _read_joint(lines: _LineReader, name: str, parent: int) -> int:
    """The index of a joint whose offset and channels are read."""
    if not name or any(joint.name == name for joint in lines.joints):
        raise lines.wrong(f"the joint {name!r} {'stands twice' if name else 'has no name'}")
    if len(lines.joints) >= _MAX_JOINTS:
        raise lines.wrong(f"more than {_MAX_JOINTS} joints")
    joint = _Joint(name, parent)
    lines.read_keyword("{", 0)
    x, y, z = lines.numbers(lines.read_keyword("OFFSET", 3))
    joint.offset = (x, y, z)
    count, *names = lines.read_keyword("CHANNELS") or [""]
    spelled = [_normalize_channel(word) for word in names]
    if count != str(len(names)) or None in spelled or len(set(spelled)) != len(spelled):
        raise lines.wrong(f"CHANNELS {count} {' '.join(names)[:60]} is not a list of that many position and rotation channels")
    joint.channels = tuple(word for word in spelled if word)
    lines.joints.append(joint)
    return len(lines.joints) - 1


def _normalize_channel(word: str) -> str | None:
    plain = word[:1].upper() + word[1:].lower()
    return plain if plain in _CHANNELS else None


def _read_frames(lines: _LineReader) -> tuple[NDArray[np.float64], float]:
    """(f,c) values of all channels, and the seconds of a frame."""
    lines.read_keyword("MOTION", 0)
    told = lines.read_keyword("Frames", 1)[0]
    if not (told.isascii() and told.isdigit() and len(told) < 16 and int(told)):
        raise lines.wrong(f"the number of frames is {told[:60]!r}")
    row = lines.read_row("Frame Time")
    if [word.upper().rstrip(":") for word in row[:2]] != ["FRAME", "TIME"] or len(row) != 3:
        raise lines.wrong("Frame Time: and its seconds are expected")
    step = lines.numbers(row[2:])[0]
    if not 0 < step <= _MAX_FRAME_S:
        raise lines.wrong(f"the frame time is {step:g} seconds, not more than 0 and at most {_MAX_FRAME_S:g}")
    if int(told) * step > _MAX_DURATION_S:
        raise lines.wrong(f"{told} frames of {step:g} seconds last longer than {_MAX_DURATION_S:g} seconds")
    width = sum(len(joint.channels) for joint in lines.joints)
    values: list[list[float]] = []
    for _ in range(int(told)):
        frame = lines.numbers(lines.read_row(f"frame {len(values) + 1} of {told}"))
        if len(frame) != width:
            raise lines.wrong(f"frame {len(values) + 1} has {len(frame)} values, the channels are {width}")
        values.append(frame)
    return np.array(values, np.float64).reshape(len(values), width), step


def _compute_transforms(joints: Sequence[_Joint], values: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """(f,j,3) places about the parent and (f,j,4) local rotations of the channels' values (f,c)."""
    from scipy.spatial.transform import Rotation

    rotations = np.zeros((len(values), len(joints), 4), np.float32)
    rotations[..., 3] = 1
    positions = np.tile(np.array([joint.offset for joint in joints], np.float64), (len(values), 1, 1))
    column = 0
    for i, joint in enumerate(joints):
        kinds = [_CHANNELS[channel] for channel in joint.channels]
        mine = values[:, column : column + len(kinds)]
        column += len(kinds)
        turns = [k for k, (kind, _) in enumerate(kinds) if kind == "rotation"]
        if turns:
            # Channels are applied as listed: the first is the outermost.
            order = "".join("XYZ"[kinds[k][1]] for k in turns)
            rotations[:, i] = Rotation.from_euler(order, mine[:, turns], degrees=True).as_quat()
        for k, (kind, axis) in enumerate(kinds):
            if kind == "position":
                positions[:, i, axis] = mine[:, k]
    return positions.astype(np.float32), make_continuous(rotations)


def export_bvh(clip: Clip, skeleton: Skeleton) -> str:
    """The clip as BVH text: ZXY angles, the root with its position, evenly timed; centimetres."""
    from scipy.spatial.transform import Rotation

    frames, joints = clip.rotations.shape[:2]
    lines: list[str] = ["HIERARCHY"]
    order: list[int] = []
    _append_joint(skeleton, 0, 0, lines, order)
    step = float(clip.times[-1] - clip.times[0]) / (frames - 1) if frames > 1 else 1 / 30
    lines += ["MOTION", f"Frames: {frames}", f"Frame Time: {step:.8f}"]
    angles = Rotation.from_quat(clip.rotations.reshape(-1, 4)).as_euler("ZXY", degrees=True).reshape(frames, joints, 3)
    places = (clip.root + skeleton.heads[0]) / METRES_PER_UNIT
    table = np.concatenate([places, angles[:, order].reshape(frames, -1)], 1)
    lines += [" ".join(f"{value:.6f}" for value in row) for row in table]
    return "\n".join(lines) + "\n"


def _append_joint(skeleton: Skeleton, joint: int, depth: int, lines: list[str], order: list[int]) -> None:
    """Adds the joint's block and, in `order`, the joints as they come in the file."""
    order.append(joint)
    tab, parent = "  " * depth, int(skeleton.parents[joint])
    offset = (skeleton.heads[joint] - (skeleton.heads[parent] if parent >= 0 else 0)) / METRES_PER_UNIT
    place = "Xposition Yposition Zposition " if parent < 0 else ""
    lines += [f"{tab}{'JOINT' if depth else 'ROOT'} {skeleton.names[joint]}", f"{tab}{{", f"{tab}  OFFSET {_format_vector(offset)}"]
    lines.append(f"{tab}  CHANNELS {6 if place else 3} {place}Zrotation Xrotation Yrotation")
    below = np.flatnonzero(skeleton.parents == joint)
    for child in below:
        _append_joint(skeleton, int(child), depth + 1, lines, order)
    if not len(below):
        # The end of a chain goes on for half of its last bone.
        lines += [f"{tab}  End Site", f"{tab}  {{", f"{tab}    OFFSET {_format_vector(offset / 2)}", f"{tab}  }}"]
    lines.append(f"{tab}}}")


def _format_vector(values: Floats) -> str:
    return " ".join(f"{float(value):.6f}" for value in values)
