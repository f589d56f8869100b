"""Pictures survive their files."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image as Picture

from assets.artefacts.geometry import Image
from assets.errors import FormatError
from assets.formats.image import decode_image, encode_jpeg, encode_png, encode_webp, preserve_coverage, resize


def ramp(channels: int, height: int = 24, width: int = 32) -> Image:
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 8, y * 10, (x + y) * 4, 255 - x * 4]
    return Image(np.stack(planes[:channels], -1).astype(np.uint8))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_brings_back_every_pixel(channels: int) -> None:
    image = ramp(channels)
    assert np.array_equal(decode_image(encode_png(image)).pixels, image.pixels)


@pytest.mark.parametrize("encode", [encode_png, encode_jpeg, encode_webp])
def test_red_stays_red(encode) -> None:
    red = Image(np.full((16, 16, 3), (250, 10, 20), np.uint8))
    assert np.abs(decode_image(encode(red)).pixels.astype(int) - (250, 10, 20)).max() < 12


@pytest.mark.parametrize("encode", [encode_png, encode_jpeg, encode_webp])
def test_the_same_picture_gives_the_same_bytes(encode) -> None:
    assert encode(ramp(3)) == encode(ramp(3))


def test_lossy_files_are_close_to_the_picture() -> None:
    image = ramp(3)
    for data in (encode_jpeg(image, 95), encode_webp(image, 95)):
        assert np.abs(decode_image(data).pixels.astype(float) - image.pixels).mean() < 4


def test_webp_keeps_alpha_and_jpeg_drops_it() -> None:
    assert decode_image(encode_webp(ramp(4))).pixels.shape[2] == 4
    assert decode_image(encode_jpeg(ramp(4))).pixels.shape[2] == 3


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", encode_png(ramp(3))[:60]])
def test_bytes_that_are_no_picture_say_so_in_one_sentence(data: bytes) -> None:
    with pytest.raises(FormatError, match="not a picture") as caught:
        decode_image(data)
    assert len(caught.value.findings) == 1


def png_claiming(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize("side", [9000, 60000])
def test_a_decompression_bomb_is_refused_by_its_header(side: int) -> None:
    with pytest.raises(FormatError, match="64 megapixels"):
        decode_image(png_claiming(side, side))


def test_a_phone_picture_comes_upright() -> None:
    picture = Picture.new("RGB", (40, 20), "red")
    exif = picture.getexif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    picture.save(stream, "JPEG", exif=exif)
    assert decode_image(stream.getvalue()).pixels.shape == (40, 20, 3)


def test_sixteen_bits_become_eight() -> None:
    stream = io.BytesIO()
    Picture.fromarray(np.full((4, 4), 32768, np.uint16)).save(stream, "PNG")
    assert set(decode_image(stream.getvalue()).pixels.ravel()) == {128}


def test_resize_keeps_the_mean_and_the_proportions() -> None:
    image = ramp(3, 64, 128)
    small = resize(image, 16)
    assert small.pixels.shape == (8, 16, 3)
    assert abs(small.pixels.mean() - image.pixels.mean()) < 1.5
    assert resize(ramp(1), 8).pixels.shape[2] == 1


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(FormatError, match="uint8"):
        encode_png(Image(np.zeros((4, 4, 2), np.uint8)))


def test_importing_the_module_loads_no_opencv() -> None:
    code = "import sys, assets.formats.image; print('cv2' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_fine_strands_stay_covered_when_a_picture_shrinks() -> None:
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[..., 3] = np.where(np.arange(64) % 4 == 0, 255, 0)
    small = Image(np.concatenate([np.full((8, 8, 3), 255, np.uint8), np.full((8, 8, 1), 64, np.uint8)], 2))
    assert (preserve_coverage(small, Image(pixels)).pixels[..., 3] >= 89).all()
    assert preserve_coverage(Image(pixels), Image(pixels)).pixels is pixels
