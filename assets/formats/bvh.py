"""BVH, the Biovision hierarchy: a skeleton of offsets and frames of Euler angles. Bytes in, bytes out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Skeleton
from assets.artefacts.motion import Clip
from assets.errors import Finding, FormatError, Location
from assets.media_limits import MAX_BVH_LINE, MAX_BVH_VALUES
from assets.rotation import make_continuous

METRES_PER_UNIT = 0.01
"""The format defines no unit; centimetres are the convention."""
_CHANNELS = {f"{axis}{kind}": (kind, i) for i, axis in enumerate("XYZ") for kind in ("position", "rotation")}
# Far above any real skeleton: it bounds memory and time on a damaged or hostile file.
_MAX_JOINTS = 1000
_MAX_NUMBER = 1e6
"""Of any number: ten kilometres in centimetres; float32 loses millimetres beyond that."""
_MIN_FRAME_S, _MAX_FRAME_S, _MAX_DURATION_S = 1e-4, 1.0, 3600.0
"""Of one frame: no camera of a recording is faster; of the whole clip: longer ones would fill the memory of the stages that follow."""
_FIX = "export it as BVH again"
_LINE, _LINE_BREAK = re.compile(r"[^\r\n]+"), re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Bvh:
    """The contents of a file: joints, parents first, and their movement; lengths in the file's unit."""

    names: tuple[str, ...]
    parents: Ints
    """(j,) parent index, -1 for the root."""
    offsets: Floats
    """(j,3) from the parent's head, where all angles are 0."""
    times: Floats
    """(f,) seconds."""
    positions: Floats
    """(f,j,3) from the parent's head in the parent's frame; the joint's offset where it has no position channels."""
    rotations: Floats
    """(f,j,4) local, xyzw."""
    warnings: tuple[str, ...] = ()
    """What was accepted although the file is not quite right."""

    @property
    def heads(self) -> Floats:
        """(j,3) joint positions where all angles are 0, the root at its offset."""
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
    """Reads the words of a file line by line and reports errors with the line number.

    Never all lines at once: as lists of words they take twenty times the memory of the file.
    """

    file: str
    text: str
    start: int = 0
    """Where the line begins that was read last."""
    position: int = 0
    """Where it ends."""
    joints: list[_Joint] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def read_row(self, expected: str) -> list[str]:
        """The words of the next line that is not empty."""
        found = self._find_line()
        if found is None:
            self.start = len(self.text.rstrip())
            raise self.make_error(f"the file ends where {expected} is expected")
        self.start, self.position = found
        if self.position - self.start > MAX_BVH_LINE:
            raise self.make_error(f"a line has more than {MAX_BVH_LINE:,} characters")
        return self.text[self.start : self.position].split()

    def peek_word(self) -> str:
        """The first word of the next line that is not empty, in capitals; empty at the end of the file."""
        start, end = self._find_line() or (0, 0)
        return self.text[start : min(end, start + 100)].split()[0].upper() if end > start else ""

    def has_row(self) -> bool:
        """Whether a line that is not empty follows."""
        return self._find_line() is not None

    def count_rows(self) -> int:
        """How many lines that are not empty follow."""
        return sum(not self._is_blank(*line.span()) for line in _LINE.finditer(self.text, self.position))

    def _find_line(self) -> tuple[int, int] | None:
        spans = (line.span() for line in _LINE.finditer(self.text, self.position))
        return next((span for span in spans if not self._is_blank(*span)), None)

    def _is_blank(self, start: int, end: int) -> bool:
        return not self.text[start : min(start + 100, end)].strip() and not self.text[start:end].strip()

    def read_keyword(self, word: str, count: int | None = None) -> list[str]:
        """The words after `word`, which must begin the next line."""
        row = self.read_row(word)
        # Keywords are matched without case or colon: exporters differ in both.
        if row[0].rstrip(":").upper() != word.upper() or (count is not None and len(row) != count + 1):
            raise self.make_error(f"expected {word}{f' with {count} values' if count else ''}, found {' '.join(row)[:60]!r}")
        return row[1:]

    def parse_numbers(self, words: Sequence[str]) -> list[float]:
        try:
            values = [_parse_number(word) for word in words]
        except ValueError:
            fix = "write numbers with a decimal point" if any("," in word for word in words) else _FIX
            raise self.make_error(f"expected numbers, found {' '.join(words)[:60]!r}", fix) from None
        if not np.isfinite(values).all():
            raise self.make_error("a number is not finite")
        if max(map(abs, values), default=0) > _MAX_NUMBER:
            raise self.make_error(f"a number is larger than {_MAX_NUMBER:,.0f}")
        return values

    def make_error(self, message: str, fix: str = _FIX) -> FormatError:
        location = Location(self.file, 1 + sum(1 for _ in _LINE_BREAK.finditer(self.text, 0, self.start)))
        return FormatError(Finding("bvh/syntax", message, location=location, fix=fix))


def _parse_number(word: str) -> float:
    """Python also takes 9_4.0 for a number, and the digits of other scripts; raises ValueError for all of these."""
    if "_" in word or not word.isascii():
        raise ValueError(word)
    return float(word)


def load_bvh(data: bytes, file: str = "") -> Bvh:
    """Skeleton and movement of a BVH file; `file` is its name in error messages.

    Raises:
        FormatError: it is not BVH; the location has the line.
    """
    lines = _LineReader(file, _decode(data).lstrip("\ufeff"))
    lines.read_keyword("HIERARCHY", 0)
    name = lines.read_keyword("ROOT")
    _read_joint_tree(lines, " ".join(name), -1)
    values, step = _read_frames(lines)
    lines.warnings.extend(_list_small_angles(lines.joints, values))
    positions, rotations = _compute_transforms(lines.joints, values)
    return Bvh(
        names=tuple(joint.name for joint in lines.joints), parents=np.array([joint.parent for joint in lines.joints], np.int32),
        offsets=np.array([joint.offset for joint in lines.joints], np.float32),
        # Multiplied in float64 and rounded once: a float32 running sum would drift over thousands of frames.
        times=(np.arange(len(values)) * step).astype(np.float32), positions=positions, rotations=rotations,
        warnings=tuple(lines.warnings),
    )  # fmt: skip


_OLD_ENCODINGS = ("gb18030", "cp932", "big5")
"""Of Chinese and Japanese files that are not UTF-8; the right one is that in which joints are left and right."""


def _decode(data: bytes) -> str:
    """The text; names in an unknown encoding are no reason to refuse a file."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return data.decode("utf-16", "replace")
    if data[:20:2].count(0) > 4 or data[1:20:2].count(0) > 4:
        # Every other byte is 0: UTF-16 without a byte order mark.
        return data.decode("utf-16-le" if data[1:20:2].count(0) > 4 else "utf-16-be", "replace")
    for encoding in ("utf-8", *_OLD_ENCODINGS):
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if encoding == "utf-8" or ("左" in text and "右" in text):
                return text
    return data.decode("utf-8", "replace")


def _read_joint_tree(lines: _LineReader, name: str, parent: int) -> None:
    """Reads the blocks of a joint and its descendants; its first line is read already (without recursion: files may be deep)."""
    open_joints: list[int] = [_read_joint(lines, name, parent)]
    while open_joints:
        row = lines.read_row("JOINT, End Site or }")
        word = row[0].upper()
        if word == "}":
            open_joints.pop()
        # An end site has an offset but no channels: it takes no column of a frame and becomes no joint.
        elif word == "END":
            lines.read_keyword("{", 0)
            lines.parse_numbers(lines.read_keyword("OFFSET", 3))
            lines.read_keyword("}", 0)
        elif word == "JOINT":
            open_joints.append(_read_joint(lines, " ".join(row[1:]), open_joints[-1]))
        else:
            raise lines.make_error(f"expected JOINT, End Site or }}, found {' '.join(row)[:60]!r}")


def _read_joint(lines: _LineReader, name: str, parent: int) -> int:
    """Reads a joint's offset and channels; returns its index."""
    if not name:
        raise lines.make_error("a joint has no name")
    # Compared with 1, so that a name is reported once however often it repeats.
    if sum(joint.name == name for joint in lines.joints) == 1:
        lines.warnings.append(f"several joints are named {name[:60]!r}")
    if len(lines.joints) >= _MAX_JOINTS:
        raise lines.make_error(f"the file has more than {_MAX_JOINTS} joints")
    joint = _Joint(name, parent)
    lines.read_keyword("{", 0)
    x, y, z = lines.parse_numbers(lines.read_keyword("OFFSET", 3))
    joint.offset = (x, y, z)
    count, *names = lines.read_keyword("CHANNELS") or [""]
    channels = [_normalize_channel(word) for word in names]
    if count != str(len(names)) or None in channels or len(set(channels)) != len(channels):
        raise lines.make_error(
            f"expected CHANNELS with a count and that many position and rotation channels, found {' '.join([count, *names])[:60]!r}"
        )
    joint.channels = tuple(channel for channel in channels if channel)
    lines.joints.append(joint)
    return len(lines.joints) - 1


def _normalize_channel(word: str) -> str | None:
    channel = word[:1].upper() + word[1:].lower()
    return channel if channel in _CHANNELS else None


def _read_frames(lines: _LineReader) -> tuple[NDArray[np.float64], float]:
    """(f,c) values of all channels, and the seconds per frame."""
    if lines.peek_word() == "ROOT":
        lines.read_row("MOTION")
        raise lines.make_error("a second skeleton begins here, and only files with one can be read", "export one character alone")
    lines.read_keyword("MOTION", 0)
    count = lines.read_keyword("Frames", 1)[0]
    if not (count.isascii() and count.isdigit() and len(count) < 16 and int(count)):
        raise lines.make_error(f"expected a positive number of frames, found {count[:60]!r}")
    row = lines.read_row("Frame Time")
    if [word.upper().rstrip(":") for word in row[:2]] != ["FRAME", "TIME"] or len(row) != 3:
        raise lines.make_error(f"expected Frame Time: and seconds, found {' '.join(row)[:60]!r}")
    step = lines.parse_numbers(row[2:])[0]
    if not _MIN_FRAME_S <= step <= _MAX_FRAME_S:
        raise lines.make_error(f"expected a frame time of {_MIN_FRAME_S:g} to {_MAX_FRAME_S:g} seconds, found {step:g}")
    if int(count) * step > _MAX_DURATION_S:
        raise lines.make_error(f"{count} frames of {step:g} seconds last longer than {_MAX_DURATION_S:g} seconds")
    return _read_rows(lines, int(count)), step


def _read_rows(lines: _LineReader, count: int) -> NDArray[np.float64]:
    """(f,c) values; a recording that was stopped has fewer rows than its header announces, and perhaps half a row at its end."""
    width = sum(len(joint.channels) for joint in lines.joints)
    values: list[NDArray[np.float64]] = []
    while len(values) < count and lines.has_row():
        row = lines.read_row("a frame")
        # Only the last row may be short: a short one before it means that columns are shifted.
        if values and len(row) < width and not lines.has_row():
            break
        frame = lines.parse_numbers(row)
        if len(frame) != width:
            raise lines.make_error(f"frame {len(values) + 1} has {len(frame)} values for {width} channels")
        values.append(np.array(frame))
        if len(values) * max(width, 3 * len(lines.joints)) > MAX_BVH_VALUES:
            raise lines.make_error(f"the movement has more than {MAX_BVH_VALUES:,} values")
    if not values:
        raise lines.make_error(f"the file ends where frame 1 of {count} is expected")
    if len(values) < count:
        lines.warnings.append(f"the header announces {count} frames, but the file has {len(values)}; the recording was stopped")
    elif left := lines.count_rows():
        lines.warnings.append(f"the header announces {count} frames, but the file has {count + left}; the rest is left out")
    return np.array(values, np.float64).reshape(len(values), width)


def _list_small_angles(joints: Sequence[_Joint], values: NDArray[np.float64]) -> list[str]:
    """The warning of a file whose angles may be radians: a body that moves turns some joint by more than six degrees."""
    kinds = np.array([_CHANNELS[channel][0] == "rotation" for joint in joints for channel in joint.channels])
    largest = float(np.abs(values[:, kinds]).max(initial=0))
    if not 0.5 < largest <= 2 * np.pi:
        return []
    return [f"no angle is larger than {largest:.1f}, as if they were radians; they are read as degrees"]


def _compute_transforms(joints: Sequence[_Joint], values: NDArray[np.float64]) -> tuple[Floats, Floats]:
    """(f,j,3) positions relative to the parent and (f,j,4) local rotations from the channels' values (f,c)."""
    from scipy.spatial.transform import Rotation

    rotations = np.zeros((len(values), len(joints), 4), np.float32)
    # Joints without rotation channels keep the identity.
    rotations[..., 3] = 1
    positions = np.tile(np.array([joint.offset for joint in joints], np.float64), (len(values), 1, 1))
    column = 0
    for i, joint in enumerate(joints):
        kinds = [_CHANNELS[channel] for channel in joint.channels]
        block = values[:, column : column + len(kinds)]
        column += len(kinds)
        angles = [k for k, (kind, _) in enumerate(kinds) if kind == "rotation"]
        if angles:
            # Upper case is scipy's intrinsic order: BVH applies channels as listed, the first one outermost.
            order = "".join("XYZ"[kinds[k][1]] for k in angles)
            rotations[:, i] = Rotation.from_euler(order, block[:, angles], degrees=True).as_quat()
        for k, (kind, axis) in enumerate(kinds):
            if kind == "position":
                # Position channels replace the offset; they do not add to it.
                positions[:, i, axis] = block[:, k]
    return positions.astype(np.float32), make_continuous(rotations)


def export_bvh(clip: Clip, skeleton: Skeleton) -> bytes:
    """The body's motion as a BVH file: ZXY angles, a position for the root alone, even frames, centimetres."""
    from scipy.spatial.transform import Rotation

    frames, joints = clip.rotations.shape[:2]
    lines: list[str] = ["HIERARCHY"]
    order: list[int] = []
    _append_joint(skeleton, 0, 0, lines, order)
    # One frame has no step of its own, and a frame time of 0 is refused by `load_bvh`.
    step = float(clip.times[-1] - clip.times[0]) / (frames - 1) if frames > 1 else 1 / 30
    lines += ["MOTION", f"Frames: {frames}", f"Frame Time: {step:.8f}"]
    # ZXY, the order of the CHANNELS line: its singularity is at X = +-90 degrees. Euler angles must be intrinsic (upper case), as above.
    angles = Rotation.from_quat(clip.rotations.reshape(-1, 4)).as_euler("ZXY", degrees=True).reshape(frames, joints, 3)
    # A clip's root is a displacement from the bind pose; the file's channels are absolute.
    positions = (clip.root + skeleton.heads[0]) / METRES_PER_UNIT
    table = np.concatenate([positions, angles[:, order].reshape(frames, -1)], 1)
    lines += [" ".join(f"{value:.6f}" for value in row) for row in table]
    return ("\n".join(lines) + "\n").encode()


def _append_joint(skeleton: Skeleton, joint: int, depth: int, lines: list[str], order: list[int]) -> None:
    """Appends the joint's block to `lines`, and the joint and its descendants to `order`, as the file lists them."""
    order.append(joint)
    indent, parent = "  " * depth, int(skeleton.parents[joint])
    # The root's channels are absolute, and loaders differ: three.js adds the offset to them, others do not. At 0 all agree.
    offset = (skeleton.heads[joint] - skeleton.heads[parent if parent >= 0 else joint]) / METRES_PER_UNIT
    position = "Xposition Yposition Zposition " if parent < 0 else ""
    lines += [
        f"{indent}{'JOINT' if depth else 'ROOT'} {skeleton.names[joint]}",
        f"{indent}{{",
        f"{indent}  OFFSET {_format_vector(offset)}",
    ]
    lines.append(f"{indent}  CHANNELS {6 if position else 3} {position}Zrotation Xrotation Yrotation")
    children = np.flatnonzero(skeleton.parents == joint)
    for child in children:
        _append_joint(skeleton, int(child), depth + 1, lines, order)
    if not len(children):
        # The last joint of a chain has no bone: its end is half the previous bone further.
        lines += [f"{indent}  End Site", f"{indent}  {{", f"{indent}    OFFSET {_format_vector(offset / 2)}", f"{indent}  }}"]
    lines.append(f"{indent}}}")


def _format_vector(values: Floats) -> str:
    return " ".join(f"{float(value):.6f}" for value in values)
