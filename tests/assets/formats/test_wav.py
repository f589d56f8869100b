"""WAV files: 16-bit PCM in and out, and one sentence for anything else."""

from __future__ import annotations

import struct
import wave
from io import BytesIO

import numpy as np
import pytest

from assets.errors import FormatError
from assets.formats.wav import export_wav, load_wav, parse_wav


def test_a_round_trip_keeps_samples_within_half_a_step() -> None:
    samples = np.sin(np.linspace(0, 90, 2_001)).astype(np.float32)
    back, rate = load_wav(export_wav(samples, 22_050))
    assert rate == 22_050
    assert back.shape == samples.shape
    assert np.abs(back - samples).max() <= 0.5 / 32_767 + 1e-6


def test_the_standard_library_reads_an_exported_file() -> None:
    with wave.open(BytesIO(export_wav(np.zeros(480, np.float32), 24_000))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate(), sound.getnframes()) == (1, 2, 24_000, 480)


def test_samples_beyond_full_scale_are_clipped_not_wrapped() -> None:
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


def test_the_samples_of_a_file_are_parsed_as_they_are() -> None:
    sound = parse_wav(export_wav(np.asarray([0.0, 1.0, -1.0]), 8_000))
    assert (sound.samples.tolist(), sound.rate, sound.channels, sound.bits) == ([[0], [32_767], [-32_767]], 8_000, 1, 16)


def test_a_file_of_other_bits_is_parsed_without_samples() -> None:
    sound = parse_wav(export_wav(np.zeros(4), 8_000).replace(b"\x10\x00data", b"\x08\x00data"))
    assert (sound.samples.shape, sound.bits) == ((0, 1), 8)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file does not begin with a RIFF/WAVE header; use a .wav file"),
        (b"ID3" + bytes(40), "the file does not begin with a RIFF/WAVE header; use a .wav file"),
        (b"RIFF\x00\x00\x00\x00WAVE", "the file has no fmt chunk; export it again as 16-bit PCM"),
        (export_wav(np.zeros(4), 8_000)[:36], "the file has no data chunk; export it again as 16-bit PCM"),
        (
            export_wav(np.zeros(4), 8_000)[:-2],
            "the data chunk declares 8 bytes, but only 6 follow; the file is truncated: copy or export it again",
        ),
        (
            export_wav(np.zeros(4), 8_000).replace(b"\x10\x00data", b"\x08\x00data"),
            "expected 16-bit PCM, found coding 1 with 8 bits, 1 channels and 8000 Hz; export it again as 16-bit PCM",
        ),
    ],
)
def test_a_bad_file_is_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(FormatError) as caught:
        load_wav(data)
    assert str(caught.value) == f"error[wav/malformed] {sentence}"


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.asarray([0.0, np.nan]), "the samples hold NaN or infinity; check the voice that produced them"),
        (np.zeros((2, 3)), "expected samples of shape (n,), found (2, 3); mix the sound down to mono"),
    ],
)
def test_samples_that_are_no_sound_are_refused(samples: np.ndarray, sentence: str) -> None:
    with pytest.raises(FormatError) as caught:
        export_wav(samples, 8_000)
    assert str(caught.value) == f"error[wav/malformed] {sentence}"
