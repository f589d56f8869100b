"""Pictures to bytes and back: PNG, JPEG, WebP, and one good way to shrink."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Image, Pixels
from assets.errors import Finding, FormatError

MAX_PIXELS = 64_000_000
ALPHA_CUTOFF = 0.35
"""Alpha from which a strand of hair is drawn at all."""
# cv2 stores blue first.
_CV2_CHANNELS = {1: (0,), 3: (2, 1, 0), 4: (2, 1, 0, 3)}


def _to_cv2(image: Image) -> NDArray[np.uint8]:
    """(h,w,c) uint8 in cv2's channel order, contiguous."""
    pixels = image.pixels
    if pixels.ndim != 3 or pixels.shape[2] not in _CV2_CHANNELS or pixels.dtype != np.uint8 or pixels.size == 0:
        raise FormatError(Finding("image/shape", f"a picture is (h,w,1|3|4) uint8, not {pixels.shape} {pixels.dtype}"))
    return np.ascontiguousarray(pixels[:, :, list(_CV2_CHANNELS[pixels.shape[2]])])


def _encode(suffix: str, image: Image, parameters: list[int]) -> bytes:
    import cv2

    # cv2.error is its only exception; it names a limit of the format, such as WebP's 16383 px.
    try:
        done, data = cv2.imencode(suffix, _to_cv2(image), parameters)
    except cv2.error as error:
        raise FormatError(Finding("image/encode", f"the picture cannot be written as {suffix}: {error}")) from error
    if not done:
        raise FormatError(Finding("image/encode", f"the picture of {image.pixels.shape} cannot be written as {suffix}"))
    return bytes(data)


def encode_png(image: Image) -> bytes:
    """Lossless, alpha kept, no profile and no chunk beyond the pixels."""
    import cv2

    return _encode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 6])


def encode_jpeg(image: Image, quality: int = 90) -> bytes:
    """Lossy, alpha dropped; data pictures (srgb False) keep full chroma, since their channels are no colours."""
    import cv2

    pixels = image.pixels[:, :, :3] if image.pixels.shape[-1] == 4 else image.pixels
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if image.srgb else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return _encode(".jpg", Image(pixels, image.srgb), parameters)


def encode_webp(image: Image, quality: int = 90) -> bytes:
    """Lossy with alpha; quality above 100 is lossless."""
    import cv2

    pixels = np.repeat(image.pixels, 3, 2) if image.pixels.shape[-1] == 1 else image.pixels
    return _encode(".webp", Image(pixels, image.srgb), [cv2.IMWRITE_WEBP_QUALITY, quality])


def decode_image(data: bytes, srgb: bool = True) -> Image:
    """The picture in any common file, upright (EXIF), as grey, RGB or RGBA.

    Raises:
        FormatError: not a picture, a torn one, or one of more than MAX_PIXELS.
    """
    from PIL import Image as Picture
    from PIL import ImageOps

    try:
        with Picture.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                size = f"{picture.width} x {picture.height}"
                raise FormatError(Finding("image/too-big", f"the picture is {size}, more than 64 megapixels", limit=MAX_PIXELS))
            return Image(_to_uint8(ImageOps.exif_transpose(picture)), srgb)
    except Picture.DecompressionBombError as error:
        raise FormatError(Finding("image/too-big", "the picture has more than 64 megapixels", limit=MAX_PIXELS)) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow's readers raise on foreign or torn bytes
        raise FormatError(Finding("image/unreadable", f"these {len(data)} bytes are not a picture that can be read")) from error


def _to_uint8(picture: object) -> Pixels:
    """(h,w,1|3|4) uint8 of a Pillow picture in any mode."""
    from PIL import Image as Picture

    assert isinstance(picture, Picture.Image)
    if picture.mode.startswith("I") or picture.mode == "F":
        wide = np.asarray(picture, np.float64)
        top = 65535.0 if wide.max(initial=0) > 255 else 255.0
        return (np.clip(wide / top, 0, 1) * 255 + 0.5).astype(np.uint8)[:, :, None]
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))[:, :, None].copy()
    has_alpha = picture.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in picture.info
    return np.asarray(picture.convert("RGBA" if has_alpha else "RGB")).copy()


def resize(image: Image, side: int) -> Image:
    """The picture with its longer side `side` px: area average where it shrinks, cubic where it grows."""
    import cv2

    height, width = image.pixels.shape[:2]
    if side < 1:
        raise FormatError(Finding("image/side", f"a picture cannot be {side} px wide"))
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return image
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    out = np.asarray(cv2.resize(np.ascontiguousarray(image.pixels), size, interpolation=method), np.uint8)
    return Image(out.reshape(size[1], size[0], -1), image.srgb)


def preserve_coverage(small: Image, large: Image) -> Image:
    """`small`, its alpha scaled so that as much of it passes the cutoff as of `large`: else strands of hair average away."""
    if small.pixels.shape[2] < 4 or small.pixels.shape == large.pixels.shape:
        return small
    share = float((large.pixels[..., 3] >= ALPHA_CUTOFF * 255).mean())
    alpha = small.pixels[..., 3].astype(np.float64)
    level = max(float(np.quantile(alpha, 1 - share)), 1.0)
    pixels = small.pixels.copy()
    pixels[..., 3] = np.clip(alpha * max(ALPHA_CUTOFF * 255 / level, 1.0), 0, 255).astype(np.uint8)
    return Image(pixels, small.srgb)
