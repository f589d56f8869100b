"""A film -> its frames, by OpenCV and ffmpeg, in a process of its own (assets/decoder_child.py imports this module)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Pixels
from assets.decoder_protocol import Header, Part
from assets.errors import Finding, FormatError
from assets.media_limits import MAX_FILM_FRAMES, MAX_FILM_S, MAX_FRAME_PIXELS

_MAX_SIDE = 1280
"""Pixels of the longer side; the models see no more in larger frames."""
_MAX_PIXEL_ASPECT = 4.0
"""Width of a pixel over its height beyond which a header counts as damaged; anamorphic lenses squeeze by 2."""
_SHORTER, _SMALLER = "cut it", "save it with smaller frames"

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def decode_film(request: Header, _: bytes) -> Iterator[Part]:
    """First what the header says, then each frame: its seconds from the start, its shape, and RGB with square pixels.

    Raises:
        FormatError: the film is too long or its frames are too large.
        MemoryError: OpenCV has no room for a frame.
    """
    film = cv2.VideoCapture(request["path"], cv2.CAP_FFMPEG)
    if not film.isOpened():
        yield {"opened": False}, b""
        return
    frames, rate = int(film.get(cv2.CAP_PROP_FRAME_COUNT)), float(film.get(cv2.CAP_PROP_FPS))
    rate = rate if 1 <= rate <= 1000 else 30.0
    _check_header(int(film.get(cv2.CAP_PROP_FRAME_WIDTH)), int(film.get(cv2.CAP_PROP_FRAME_HEIGHT)), frames, rate)
    yield {"opened": True, "frames": frames}, b""
    stretch = _read_pixel_stretch(film)
    last = -1.0
    try:
        while (read := film.read())[0]:
            # Files with a variable frame rate give each frame's time; where the time does not advance, frames are evenly spaced.
            time = float(film.get(cv2.CAP_PROP_POS_MSEC)) / 1000
            last = time if time > last + 0.001 else last + 1 / rate
            pixels = _resample(np.asarray(read[1], np.uint8), stretch)
            yield {"time": last, "shape": pixels.shape}, pixels.data
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise


def _check_header(width: int, height: int, frames: int, rate: float) -> None:
    """Raises FormatError where the header declares more than may be decoded."""
    if width * height > MAX_FRAME_PIXELS:
        message = f"the frames are {width} x {height}, more than {MAX_FRAME_PIXELS // 1_000_000} megapixels"
        raise FormatError(Finding("motion/too-big", message, limit=MAX_FRAME_PIXELS, fix=_SMALLER))
    if frames / rate > MAX_FILM_S:
        message = f"the video lasts {frames / rate:.0f} seconds, more than {MAX_FILM_S:.0f}"
        raise FormatError(Finding("motion/too-long", message, limit=MAX_FILM_S, fix=_SHORTER))
    if frames > MAX_FILM_FRAMES:
        message = f"the video has {frames} frames, more than {MAX_FILM_FRAMES}"
        raise FormatError(Finding("motion/too-long", message, limit=MAX_FILM_FRAMES, fix=_SHORTER))


def _read_pixel_stretch(film: Any) -> tuple[float, float]:
    """(horizontal, vertical) factors that make the pixels square: DV, HDV and phone apps store wide pictures in narrow frames."""
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
    height, width = pixels.shape[0] * stretch[1], pixels.shape[1] * stretch[0]
    scale = min(_MAX_SIDE / max(height, width), 1)
    # A frame of a single row stays one.
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    if size != (pixels.shape[1], pixels.shape[0]):
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
