"""Pictures and sounds of strangers: the same samples as by our own readers, and one sentence where a file is hostile."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from assets import untrusted_media
from assets.artefacts.geometry import Image
from assets.errors import FormatError
from assets.formats.image import decode_image, encode_png, encode_webp
from assets.formats.wav import export_wav, load_wav
from assets.untrusted_media import decode_untrusted_image, decode_untrusted_sound

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def closed_afterwards() -> Iterator[None]:
    yield
    for process in (untrusted_media._PICTURES, untrusted_media._SOUNDS):
        process.close()


def make_png(width: int, height: int, rows: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    packed = b"".join(struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + packed


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_picture_has_the_pixels_that_our_own_reader_gives(channels: int) -> None:
    image = Image(np.random.default_rng(1).integers(0, 255, (40, 30, channels)).astype(np.uint8))
    for data in (encode_png(image), encode_webp(image)):
        assert np.array_equal(decode_untrusted_image(data, "x").pixels, decode_image(data).pixels)


PICTURES = [
    (b"", "these 0 bytes are not a picture that can be read"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch RAN) (w) file\n", "bytes are not a picture that can be read"),
    (make_png(100_000, 100_000, b""), "the picture has more than 64 megapixels"),
    (make_png(9000, 9000, bytes(9000)), "the picture is 9000 x 9000, more than 64 megapixels"),
    # 64 megapixels in a file of 187 KB that is only zeros: small enough to decode, and torn.
    (make_png(8000, 8000, bytes(8000 * 100)), "bytes are not a picture that can be read"),
]


@pytest.mark.parametrize(("data", "sentence"), PICTURES)
def test_a_hostile_picture_is_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_untrusted_image(data, "x.png")
    assert str(caught.value).startswith("x.png: error[image/")
    assert sentence in str(caught.value)


def test_a_file_beyond_the_limit_is_not_even_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted_media, "MAX_PICTURE_BYTES", 10)
    with pytest.raises(FormatError) as caught:
        decode_untrusted_image(bytes(11), "x.png")
    assert str(caught.value) == "x.png: error[media/too-big] the file is larger than 0 MB; make it smaller"


def test_a_sound_has_the_samples_that_our_own_reader_gives() -> None:
    data = export_wav(np.sin(np.arange(3000) / 9), 16000)
    samples, rate = decode_untrusted_sound(data, "x.wav")
    expected, _ = load_wav(data)
    assert rate == 16000
    # libsndfile divides by 32768, our writer multiplies with 32767.
    np.testing.assert_allclose(samples, expected, atol=1e-4)


def make_flac(seconds: int) -> bytes:
    """A FLAC whose header announces silence of that length."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(4096), 8000, format="FLAC")
    data = bytearray(stream.getvalue())
    # STREAMINFO: 20 bits of rate, 3 of channels, 5 of bits and 36 of samples begin at byte 18.
    fields = int.from_bytes(data[18:26], "big") >> 36 << 36
    data[18:26] = (fields | 8000 * seconds).to_bytes(8, "big")
    return bytes(data)


SOUNDS = [
    (b"", "sound/unreadable] the file is not a sound that can be read; save it as 16-bit WAV"),
    (b"RIFF\xff\xff\xff\xffWAVEfmt ", "sound/unreadable] the file is not a sound that can be read; save it as 16-bit WAV"),
    (make_flac(36_000), "sound/too-large] the sound has 36000 seconds, more than 120; save a shorter, plainer one"),
    (export_wav(np.zeros(80), 4_000_000), "sound/too-large] the sound has 4000000 Hz, more than 384000; save a shorter, plainer one"),
]


@pytest.mark.parametrize(("data", "sentence"), SOUNDS)
def test_a_hostile_sound_is_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_untrusted_sound(data, "speaker.wav")
    assert str(caught.value) == f"speaker.wav: error[{sentence}"


def test_a_wav_whose_header_announces_ten_hours_has_the_samples_that_follow() -> None:
    data = bytearray(export_wav(np.zeros(80), 8000))
    struct.pack_into("<I", data, 40, 36_000 * 16_000)
    struct.pack_into("<I", data, 4, 36 + 36_000 * 16_000)
    assert len(decode_untrusted_sound(bytes(data), "x.wav")[0]) == 80
    with pytest.raises(FormatError, match="the data chunk declares 576000000 bytes, but only 160 follow"):
        load_wav(bytes(data))
