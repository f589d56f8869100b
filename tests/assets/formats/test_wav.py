from __future__ import annotations

import struct
import wave
from io import BytesIO

import numpy as np
import pytest

from assets.errors import FormatError
from assets.formats.wav import export_wav, load_wav


def test_a_round_trip_keeps_samples_within_half_a_step() -> None:
    samples = np.sin(np.linspace(0, 90, 2_001)).astype(np.float32)
    back, rate = load_wav(export_wav(samples, 22_050))
    assert rate == 22_050
    assert back.shape == samples.shape
    assert np.abs(back - samples).max() <= 0.5 / 32_767 + 1e-6


def test_the_standard_library_reads_what_is_written() -> None:
    with wave.open(BytesIO(export_wav(np.zeros(480, np.float32), 24_000))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate(), sound.getnframes()) == (1, 2, 24_000, 480)


def test_what_lies_outside_full_scale_is_clipped_not_wrapped() -> None:
    back, _ = load_wav(export_wav(np.asarray([2.0, -2.0]), 8_000))
    assert back.tolist() == [1.0, -1.0]


def test_stereo_is_averaged() -> None:
    stream = BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(struct.pack("<4h", 1_000, 3_000, -200, 0))
    assert np.rint(load_wav(stream.getvalue())[0] * 32_767).tolist() == [2_000, -100]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "does not begin with a RIFF/WAVE header"),
        (b"ID3" + bytes(40), "does not begin with a RIFF/WAVE header"),
        (b"RIFF\x00\x00\x00\x00WAVE", "has no fmt chunk"),
        (export_wav(np.zeros(4), 8_000)[:36], "has no data chunk"),
        (export_wav(np.zeros(4), 8_000)[:-2], "claims 8 bytes, 6 are there"),
        (export_wav(np.zeros(4), 8_000).replace(b"\x10\x00data", b"\x08\x00data"), "8 bits"),
    ],
)
def test_a_broken_file_is_refused_with_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence) as caught:
        load_wav(data)
    assert len(caught.value.findings) == 1


def test_nan_is_refused() -> None:
    with pytest.raises(FormatError, match="NaN"):
        export_wav(np.asarray([0.0, np.nan]), 8_000)
