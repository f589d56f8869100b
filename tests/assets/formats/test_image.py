"""Pictures survive their files."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as Picture

from assets.artefacts.geometry import Image
from assets.errors import FormatError
from assets.formats.image import (
    decode_image,
    encode_cutout_png,
    encode_jpeg,
    encode_palette_png,
    encode_png,
    encode_webp,
    preserve_coverage,
    read_image_size,
    resize,
)

DATA = Path(__file__).parents[2] / "data"
STEPS = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
"""Grey from black to white, (2, 3)."""
RED = (255, 0, 0)


def ramp(channels: int, height: int = 24, width: int = 32) -> Image:
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 8, y * 10, (x + y) * 4, 255 - x * 4]
    return Image(np.stack(planes[:channels], -1).astype(np.uint8))


def test_a_palette_keeps_colours_and_alpha_of_few_hues_in_fewer_bytes() -> None:
    ramp = np.linspace(0, 1, 128)
    pixels = np.zeros((128, 128, 4), np.uint8)
    pixels[..., :3] = (np.array([120, 80, 50]) * (0.4 + 0.6 * ramp[:, None, None])).round()
    pixels[..., 3] = (255 * ramp).round()
    noisy = Image((pixels + np.random.default_rng(1).integers(0, 3, pixels.shape)).clip(0, 255).astype(np.uint8))
    data = encode_palette_png(noisy)
    back = decode_image(data).pixels.astype(int)
    assert len(data) < 0.5 * len(encode_png(noisy))
    assert np.abs(back[..., 3] - noisy.pixels[..., 3]).mean() < 12
    seen = noisy.pixels[..., 3] > 60
    assert np.abs(back[..., :3] - noisy.pixels[..., :3])[seen].mean() < 8


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


@pytest.mark.parametrize(
    "data",
    [
        b"", b"hello", b"\x89PNG\r\n\x1a\n", encode_png(ramp(3))[:60], b"II*\0", b"II*\0\x08\0\0\0", b"MM\0*abcdefghijk",
        (DATA / "float.tif").read_bytes()[:200],
    ],
)  # fmt: skip
def test_bytes_that_are_not_a_picture_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        decode_image(data)
    assert str(caught.value) == (
        f"error[image/unreadable] these {len(data)} bytes are not a picture that can be read; save it again as PNG, JPEG, WebP or TIFF"
    )


def png_claiming(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize(
    ("side", "sentence"),
    [
        (9000, "error[image/too-big] the picture is 9000 x 9000, more than 64 megapixels; make it smaller"),
        (60000, "error[image/too-big] the picture has more than 64 megapixels; make it smaller"),
    ],
)
def test_a_decompression_bomb_is_refused_by_its_header(side: int, sentence: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_image(png_claiming(side, side))
    assert str(caught.value) == sentence


def test_a_decompression_bomb_of_floats_is_refused_by_its_header() -> None:
    """Pillow does not know the kind, so its own limit does not apply."""
    data = bytearray(write_wide_tiff(np.zeros((8, 8, 3), np.float32)))
    for tag in (256, 257):
        at = data.index(struct.pack("<HH", tag, 3)) if struct.pack("<HH", tag, 3) in data else data.index(struct.pack("<HH", tag, 4))
        data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 60_000)
    with pytest.raises(FormatError) as caught:
        decode_image(bytes(data))
    assert str(caught.value) == "error[image/too-big] the picture is 60000 x 60000, more than 64 megapixels; make it smaller"


def test_a_phone_picture_comes_upright() -> None:
    picture = Picture.new("RGB", (40, 20), "red")
    exif = picture.getexif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    picture.save(stream, "JPEG", exif=exif)
    assert decode_image(stream.getvalue()).pixels.shape == (40, 20, 3)


def test_a_tiff_comes_upright_whatever_its_samples() -> None:
    for values in (STEPS, STEPS.astype(np.uint16) * 257, UNIT):
        data = write_picture(Picture.fromarray(values), "TIFF", tiffinfo={0x0112: 6})
        np.testing.assert_array_equal(decode_image(data).pixels[..., 0], np.rot90(STEPS, -1))


def write_picture(picture: Picture.Image, file_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, file_format, **options)
    return stream.getvalue()


def write_wide_tiff(values: np.ndarray) -> bytes:
    """A TIFF of any type; colours in order red, green, blue, alpha."""
    channels = {3: (2, 1, 0), 4: (2, 1, 0, 3)}
    ordered = values if values.ndim == 2 else np.ascontiguousarray(values[..., list(channels[values.shape[2]])])
    return bytes(cv2.imencode(".tiff", ordered)[1])


def write_grey(values: np.ndarray, file_format: str = "TIFF") -> bytes:
    return write_picture(Picture.fromarray(values), file_format)


UNIT = (STEPS / 255).astype(np.float32)
GREY = {
    "8 bits": write_grey(STEPS, "PNG"),
    "16 bits PNG": write_grey(STEPS.astype(np.uint16) * 257, "PNG"),
    "16 bits TIFF": write_grey(STEPS.astype(np.uint16) * 257),
    "32-bit integers of 8 bits": write_grey(STEPS.astype(np.int32)),
    "32-bit integers of 16 bits": write_grey(STEPS.astype(np.int32) * 257),
    "32-bit integers of 31 bits": write_grey((UNIT.astype(np.float64) * (2**31 - 1)).astype(np.int32)),
    "floats 0..1": write_grey(UNIT),
    "floats of whole numbers to 255": write_grey(STEPS.astype(np.float32)),
    "floats of whole numbers to 65535": write_grey(STEPS.astype(np.float32) * 257),
    "64-bit floats": write_wide_tiff(UNIT.astype(np.float64)),
}


@pytest.mark.parametrize("kind", GREY)
def test_grey_of_every_depth_becomes_eight_bits(kind: str) -> None:
    pixels = decode_image(GREY[kind]).pixels
    assert (pixels.dtype, pixels.shape) == (np.uint8, (2, 3, 1))
    np.testing.assert_array_equal(pixels[..., 0], STEPS)


def test_a_dark_picture_of_sixteen_bits_stays_dark() -> None:
    """Its largest value was below 256, and it was read as one of eight bits."""
    assert decode_image(write_grey(np.full((4, 4), 255, np.uint16), "PNG")).pixels.max() == 1


def test_a_float_picture_of_0_to_1_is_not_black() -> None:
    pixels = decode_image((DATA / "float.tif").read_bytes()).pixels
    assert (pixels.min(), pixels.max(), pixels.mean()) == (0, 255, 127.5)


@pytest.mark.parametrize(("value", "byte"), [(1.5, 255), (40.25, 255), (np.inf, 255), (np.nan, 0), (-0.5, 0), (-np.inf, 0)])
def test_floats_beyond_white_and_black_are_clamped(value: float, byte: int) -> None:
    values = np.array([[0.5, value]], np.float32)
    assert decode_image(write_grey(values)).pixels.ravel().tolist() == [128, byte]


COLOUR = {
    "RGB": write_picture(Picture.new("RGB", (3, 2), RED), "PNG"),
    "palette": write_picture(Picture.new("RGB", (3, 2), RED).quantize(4), "PNG"),
    "GIF": write_picture(Picture.new("RGB", (3, 2), RED), "GIF"),
    "CMYK JPEG": write_picture(Picture.new("CMYK", (3, 2), (0, 255, 255, 0)), "JPEG", quality=95),
    "CMYK TIFF": write_picture(Picture.new("CMYK", (3, 2), (0, 255, 255, 0)), "TIFF"),
    "YCbCr": write_picture(Picture.new("RGB", (3, 2), RED).convert("YCbCr"), "JPEG", quality=95),
    "16 bits PNG": bytes(cv2.imencode(".png", np.full((2, 3, 3), (0, 0, 65535), np.uint16))[1]),
    "16 bits TIFF": write_wide_tiff(np.full((2, 3, 3), (65535, 0, 0), np.uint16)),
    "floats": write_wide_tiff(np.full((2, 3, 3), (1, 0, 0), np.float32)),
    "HDR floats": write_wide_tiff(np.full((2, 3, 3), (7.5, 0, 0), np.float32)),
    "WebP": write_picture(Picture.new("RGB", (3, 2), RED), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", COLOUR)
def test_red_of_every_kind_of_file_is_red(kind: str) -> None:
    pixels = decode_image(COLOUR[kind]).pixels
    assert pixels.shape == (2, 3, 3)
    assert np.abs(pixels.astype(int) - RED).max() <= 2


ALPHA = {
    "RGBA": write_picture(Picture.new("RGBA", (3, 2), (*RED, 51)), "PNG"),
    "grey and alpha": write_picture(Picture.new("LA", (3, 2), (255, 51)), "PNG"),
    "transparent colour": write_picture(Picture.new("P", (3, 2)), "PNG", transparency=bytes([51])),
    "16 bits": bytes(cv2.imencode(".png", np.full((2, 3, 4), (0, 0, 65535, 51 * 257), np.uint16))[1]),
    "floats": write_wide_tiff(np.full((2, 3, 4), (1, 0, 0, 0.2), np.float32)),
}


@pytest.mark.parametrize("kind", ALPHA)
def test_alpha_of_every_kind_of_file_is_kept(kind: str) -> None:
    pixels = decode_image(ALPHA[kind]).pixels
    assert pixels.shape == (2, 3, 4)
    assert set(pixels[..., 3].ravel()) == {51}


@pytest.mark.parametrize("data", [GREY["floats 0..1"], COLOUR["floats"], COLOUR["CMYK JPEG"], ALPHA["RGBA"]])
def test_the_size_of_a_picture_is_known_from_its_header(data: bytes) -> None:
    assert read_image_size(data) == (3, 2)
    with pytest.raises(FormatError, match="not a picture"):
        read_image_size(data[:6])


def test_resize_keeps_the_mean_and_the_proportions() -> None:
    image = ramp(3, 64, 128)
    small = resize(image, 16)
    assert small.pixels.shape == (8, 16, 3)
    assert abs(small.pixels.mean() - image.pixels.mean()) < 1.5
    assert resize(ramp(1), 8).pixels.shape[2] == 1


def test_a_picture_of_another_shape_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        encode_png(Image(np.zeros((4, 4, 2), np.uint8)))
    assert str(caught.value) == "error[image/shape] expected pixels (h,w,1|3|4) uint8, found (4, 4, 2) uint8"


def test_a_picture_beyond_the_limit_of_its_format_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        encode_webp(Image(np.zeros((1, 16384, 3), np.uint8)))
    reason = f": {caught.value.__cause__}" if caught.value.__cause__ else ""
    assert str(caught.value) == f"error[image/encode] cannot encode a picture of 16384 x 1 px as .webp{reason}"


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        resize(ramp(3), 0)
    assert str(caught.value) == "error[image/side] cannot resize a picture to 0 px"


def test_importing_the_module_loads_no_opencv() -> None:
    code = "import sys, assets.formats.image; print('cv2' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


def test_fine_strands_stay_covered_when_a_picture_shrinks() -> None:
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[..., 3] = np.where(np.arange(64) % 4 == 0, 255, 0)
    small = Image(np.concatenate([np.full((8, 8, 3), 255, np.uint8), np.full((8, 8, 1), 64, np.uint8)], 2))
    assert (preserve_coverage(small, Image(pixels)).pixels[..., 3] >= 89).all()
    assert preserve_coverage(Image(pixels), Image(pixels)).pixels is pixels


def test_a_cutout_png_keeps_many_hues_and_its_alpha() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 0], pixels[..., 1], pixels[..., 2] = ramp[:, None], ramp[None, :], 128
    pixels[..., :3] += np.random.default_rng(1).integers(0, 3, (64, 64, 3), np.uint8) * (pixels[..., :3] < 250)
    pixels[..., 3] = 255
    pixels[:8, :, 3] = 0
    pixels[8:16, :, 3] = np.linspace(16, 240, 64).astype(np.uint8)
    data = encode_cutout_png(Image(pixels))
    found = decode_image(data).pixels
    assert len(data) < 0.5 * len(encode_png(Image(pixels)))
    assert (found[:8, :, 3] == 0).all()
    assert (found[16:, :, 3] == 255).all()
    assert np.abs(found[8:16, :, 3].astype(int) - pixels[8:16, :, 3]).mean() < 16
    # 160 colours of a plane of 64 x 48 are cells of 4.4 pixels a side, and a pixel is 4 levels; median cut is not even.
    assert np.abs(found[16:].astype(int) - pixels[16:]).max() <= 32


@pytest.mark.parametrize("alpha", [0, 255])
def test_a_cutout_png_of_one_alpha_is_read_back(alpha: int) -> None:
    pixels = np.full((4, 4, 4), 90, np.uint8)
    pixels[..., 3] = alpha
    found = decode_image(encode_cutout_png(Image(pixels))).pixels
    assert found.shape[2] == 3 or (found[..., 3] == alpha).all()
