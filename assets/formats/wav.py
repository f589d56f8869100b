"""WAV, 16-bit PCM mono: the sound format of a bundle. Bytes in, bytes out."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.errors import FenshenError, Finding, FormatError

# Symmetric: 1.0 and -1.0 have the same distance from 0, and -32768 is never written. A reader clips it to -1.
INT16_SCALE = 32767.0


@dataclass(frozen=True)
class PcmSound:
    """What a PCM file holds, before anything is scaled or mixed."""

    samples: NDArray[np.int16]
    """(n, channels); empty unless `bits` is 16."""
    rate: int
    """Hz."""
    channels: int
    bits: int


def export_wav(samples: NDArray[np.floating], rate: int) -> bytes:
    """A RIFF file of samples (n,) at `rate` Hz, clipped to -1..1; raises FormatError for NaN or another shape."""
    values = np.asarray(samples, np.float64)
    if values.ndim != 1:
        raise _make_error(f"expected samples of shape (n,), found {values.shape}", "mix the sound down to mono")
    if not np.isfinite(values).all():
        raise _make_error("the samples hold NaN or infinity", "check the voice that produced them")
    # RIFF is little endian. 36 is the RIFF size without data: "WAVE", the fmt chunk of 8 + 16 bytes, the data chunk's head of 8.
    data = np.rint(np.clip(values, -1.0, 1.0) * INT16_SCALE).astype("<i2").tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", len(data))
    return head + data


def load_wav(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Samples (n,) float32 in -1..1 and the rate in Hz; several channels are averaged. Raises FormatError for anything but 16-bit PCM."""
    sound = parse_wav(data)
    if sound.bits != 16:
        raise _make_coding_error(1, sound.bits, sound.channels, sound.rate)
    return (sound.samples.mean(axis=1) / INT16_SCALE).clip(-1, 1).astype(np.float32), sound.rate


def parse_wav(data: bytes) -> PcmSound:
    """The samples as they are in the file; raises FormatError for anything but PCM."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise _make_error("the file does not begin with a RIFF/WAVE header", "use a .wav file")
    chunks = _read_chunks(data)
    if b"fmt " not in chunks or len(chunks[b"fmt "]) < 16:
        raise _make_error("the file has no fmt chunk", "export it again as 16-bit PCM")
    if b"data" not in chunks:
        raise _make_error("the file has no data chunk", "export it again as 16-bit PCM")
    coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    # WAVE_FORMAT_EXTENSIBLE holds the true coding in the first two bytes of its GUID, at 24; 1 is PCM.
    extensible = coding == 0xFFFE and len(chunks[b"fmt "]) >= 26 and chunks[b"fmt "][24:26] == b"\x01\x00"
    if (coding != 1 and not extensible) or not channels or not rate:
        raise _make_coding_error(coding, bits, channels, rate)
    # Half a frame at the end, from a recorder that was stopped, is dropped.
    frame = 2 * channels
    body = chunks[b"data"] if bits == 16 else b""
    samples = np.frombuffer(body[: len(body) // frame * frame], "<i2").reshape(-1, channels)
    return PcmSound(samples, int(rate), int(channels), int(bits))


def _read_chunks(data: bytes) -> dict[bytes, bytes]:
    chunks: dict[bytes, bytes] = {}
    offset = 12
    while offset + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, offset)
        if offset + 8 + size > len(data):
            label = name.decode("latin-1").strip()
            message = f"the {label} chunk declares {size} bytes, but only {len(data) - offset - 8} follow"
            raise _make_error(message, "the file is truncated: copy or export it again")
        chunks.setdefault(name, data[offset + 8 : offset + 8 + size])
        offset += 8 + size + size % 2  # chunks are padded to even lengths
    return chunks


def _make_coding_error(coding: int, bits: int, channels: int, rate: int) -> FenshenError:
    message = f"expected 16-bit PCM, found coding {coding} with {bits} bits, {channels} channels and {rate} Hz"
    return _make_error(message, "export it again as 16-bit PCM")


def _make_error(message: str, fix: str) -> FenshenError:
    return FormatError(Finding("wav/malformed", message, fix=fix))
