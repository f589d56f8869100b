"""Pictures and sounds of strangers -> arrays, decoded in a process of its own (assets/decoder_process.py).

The two `serve_*` functions run there, the two `decode_*` functions here. Our own pictures and sounds are read by assets/formats.
"""

from __future__ import annotations

import atexit
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Image
from assets.decoder_process import DecoderProcess
from assets.decoder_protocol import Header, Part
from assets.errors import Finding, FormatError, Location
from assets.formats.image import decode_image
from assets.media_limits import MAX_PICTURE_BYTES, MAX_SOUND_BYTES, MAX_SOUND_CHANNELS, MAX_SOUND_RATE, MAX_SOUND_S

_LOCK = threading.Lock()
"""Held during a request: a child takes one at a time."""
_PICTURES = DecoderProcess(f"{__name__}:serve_picture")
_SOUNDS = DecoderProcess(f"{__name__}:serve_sound")
for _process in (_PICTURES, _SOUNDS):
    # Started once and kept: a folder of pictures has thousands.
    atexit.register(_process.close)


def load_untrusted_image(path: Path) -> Image:
    """The picture in a stranger's file, as `decode_untrusted_image` gives it; a file that is too large is not read."""
    return decode_untrusted_image(_read_limited(path, MAX_PICTURE_BYTES), path.name)


def load_untrusted_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """The sound in a stranger's file, as `decode_untrusted_sound` gives it; a file that is too large is not read."""
    return decode_untrusted_sound(_read_limited(path, MAX_SOUND_BYTES), path.name)


def _read_limited(path: Path, most: int) -> bytes:
    # One byte too many makes the decoder refuse it. A sparse file of a terabyte would fill our memory.
    with path.open("rb") as file:
        return file.read(most + 1)


def decode_untrusted_image(data: bytes, name: str) -> Image:
    """The picture in a stranger's file, upright, as grey, RGB or RGBA; `name` is the file's in errors.

    Raises:
        FormatError: it is not a picture, is beyond a limit, or breaks its decoder.
    """
    _check_bytes(data, name, MAX_PICTURE_BYTES)
    with _LOCK:
        ((header, samples),) = list(_PICTURES.decode(name, {}, data))
    return Image(samples.reshape(header["shape"]))


def decode_untrusted_sound(data: bytes, name: str) -> tuple[NDArray[np.float32], int]:
    """Samples (n,) of the sound in a stranger's file, its channels averaged, and the rate in Hz; `name` is the file's in errors.

    Raises:
        FormatError: it is not a sound, is beyond a limit, or breaks its decoder.
    """
    _check_bytes(data, name, MAX_SOUND_BYTES)
    with _LOCK:
        ((header, samples),) = list(_SOUNDS.decode(name, {}, data))
    return samples.view(np.float32), int(header["rate"])


def _check_bytes(data: bytes, name: str, most: int) -> None:
    if len(data) > most:
        message = f"the file is larger than {most // 1_000_000} MB"
        raise FormatError(Finding("media/too-big", message, location=Location(name), limit=most, fix="make it smaller"))


def serve_picture(_: Header, data: bytes) -> Iterator[Part]:
    """The pixels of the file `data`."""
    pixels = np.ascontiguousarray(decode_image(data).pixels)
    yield {"shape": pixels.shape}, pixels.data


def serve_sound(_: Header, data: bytes) -> Iterator[Part]:
    """The samples of the file `data`, as float32.

    Raises:
        FormatError: libsndfile cannot read it, or it is beyond a limit.
    """
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            _check_sound(sound)
            samples = sound.read(dtype="float32", always_2d=True)
            rate = sound.samplerate
    except (RuntimeError, ValueError, TypeError, OSError) as error:
        raise FormatError(Finding("sound/unreadable", "the file is not a sound that can be read", fix="save it as 16-bit WAV")) from error
    yield {"rate": rate}, np.nan_to_num(samples.mean(axis=1)).astype(np.float32).tobytes()


def _check_sound(sound: Any) -> None:
    """Raises FormatError where the header declares more than may be decoded."""
    found = (
        ("Hz", sound.samplerate, MAX_SOUND_RATE), ("channels", sound.channels, MAX_SOUND_CHANNELS),
        ("seconds", sound.frames / max(sound.samplerate, 1), MAX_SOUND_S),
    )  # fmt: skip
    for unit, value, most in found:
        if value > most:
            message = f"the sound has {value:.0f} {unit}, more than {most:.0f}"
            raise FormatError(Finding("sound/too-large", message, limit=most, fix="save a shorter, plainer one"))
