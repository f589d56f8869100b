"""Pictures to bytes and back: PNG, JPEG, WebP, and the other pixel formats that Pillow reads; and how to resize them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Image, Pixels
from assets.errors import FenshenError, Finding, FormatError
from assets.media_limits import MAX_PICTURE_PIXELS
from assets.quiet_native import silence_native_stderr

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

_FORMATS = (
    "PNG", "JPEG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "TGA", "JPEG2000", "AVIF", "ICO", "PCX", "SGI", "DDS", "QOI", "PSD",
)  # fmt: skip
"""Not what Pillow also reads: EPS runs Ghostscript, others are containers of films or of data."""
_SMALLER = "make it smaller"
# TIFF 6.0: byte order (II little, MM big endian), then 42 as uint16 in that order.
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*")
ALPHA_CUTOFF = 0.35
"""Alpha from which hair is drawn."""
_OPAQUE_ALPHA = 248
# cv2 stores blue first.
_CV2_CHANNELS = {1: (0,), 3: (2, 1, 0), 4: (2, 1, 0, 3)}


def _to_cv2(image: Image) -> NDArray[np.uint8]:
    """(h,w,c) uint8 in cv2's channel order, contiguous."""
    pixels = image.pixels
    if pixels.ndim != 3 or pixels.shape[2] not in _CV2_CHANNELS or pixels.dtype != np.uint8 or pixels.size == 0:
        raise FormatError(Finding("image/shape", f"expected pixels (h,w,1|3|4) uint8, found {pixels.shape} {pixels.dtype}"))
    return np.ascontiguousarray(pixels[:, :, list(_CV2_CHANNELS[pixels.shape[2]])])


def _encode(suffix: str, image: Image, parameters: list[int]) -> bytes:
    import cv2

    # cv2 raises nothing but cv2.error, which names the limit, such as WebP's 16383 px.
    try:
        done, data = cv2.imencode(suffix, _to_cv2(image), parameters)
    except cv2.error as error:
        raise FormatError(Finding("image/encode", f"cannot encode a picture of {_format_size(image)} as {suffix}: {error}")) from error
    if not done:
        raise FormatError(Finding("image/encode", f"cannot encode a picture of {_format_size(image)} as {suffix}"))
    return bytes(data)


def _format_size(image: Image) -> str:
    height, width = image.pixels.shape[:2]
    return f"{width} x {height} px"


def encode_png(image: Image) -> bytes:
    """Lossless, with alpha, without a colour profile or other metadata."""
    import cv2

    return _encode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 6])


def encode_palette_png(image: Image, colours: int = 128) -> bytes:
    """A PNG with alpha and a palette, for pictures of few hues such as hair: about a third of the bytes of a lossless one."""
    from PIL import Image as Picture

    stream = io.BytesIO()
    # Of Pillow's methods only this one takes alpha; without dithering, whose noise would take more bytes than the colours save.
    reduced = Picture.fromarray(image.pixels).quantize(colours, Picture.Quantize.FASTOCTREE, dither=Picture.Dither.NONE)
    reduced.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def encode_cutout_png(image: Image) -> bytes:
    """A PNG with a palette of 200 colours for an RGBA picture of many hues that is mostly opaque, such as a crowd's atlas.

    Opaque pixels get 160 colours by median cut, which Pillow offers for RGB alone; soft edges get 40 with their alpha.
    """
    from PIL import Image as Picture

    alpha = image.pixels[..., 3]
    # A step of 8 in alpha is not seen.
    opaque, clear = alpha >= _OPAQUE_ALPHA, alpha < 256 - _OPAQUE_ALPHA
    soft = ~(opaque | clear)
    indices = np.zeros(alpha.shape, np.uint8)
    # The colour of what is clear shows through at its edge, where pixels are averaged: that of the edge, else grey.
    edge = image.pixels[soft][:, :3].mean(0).astype(np.uint8) if soft.any() else np.full(3, 128, np.uint8)
    palette = [np.array([[*edge, 0]], np.uint8)]
    for mask, colours, channels, method in ((opaque, 160, 3, Picture.Quantize.MEDIANCUT), (soft, 40, 4, Picture.Quantize.FASTOCTREE)):
        if mask.any():
            row = Picture.fromarray(np.ascontiguousarray(image.pixels[mask][None, :, :channels]))
            reduced = row.quantize(colours, method, dither=Picture.Dither.NONE)
            indices[mask] = np.asarray(reduced)[0] + sum(map(len, palette))
            palette.append(_read_palette(reduced, channels))
    stream = io.BytesIO()
    entries = np.concatenate(palette)
    picture = Picture.fromarray(indices, "P")
    picture.putpalette(entries[:, :3].tobytes())
    picture.save(stream, "PNG", optimize=True, transparency=entries[:, 3].tobytes())
    return stream.getvalue()


def _read_palette(picture: PillowImage, channels: int) -> Pixels:
    """(n,4) RGBA of the palette of a reduced picture."""
    entries = np.array(picture.getpalette("RGBA" if channels == 4 else "RGB"), np.uint8).reshape(-1, channels)
    return entries if channels == 4 else np.pad(entries, ((0, 0), (0, 1)), constant_values=255)


def encode_jpeg(image: Image, quality: int = 90, *, full_chroma: bool = False) -> bytes:
    """Lossy, without alpha; data (srgb False) always keep full chroma resolution, since their channels are not colours."""
    import cv2

    # JPEG has no alpha. 4:2:0 halves chroma, which in a normal map is the direction itself: data take 4:4:4.
    pixels = image.pixels[:, :, :3] if image.pixels.shape[-1] == 4 else image.pixels
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if image.srgb and not full_chroma else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return _encode(".jpg", Image(pixels, image.srgb), parameters)


def encode_webp(image: Image, quality: int = 90) -> bytes:
    """Lossy with alpha; quality above 100 is lossless."""
    import cv2

    # WebP has no grey mode.
    pixels = np.repeat(image.pixels, 3, 2) if image.pixels.shape[-1] == 1 else image.pixels
    return _encode(".webp", Image(pixels, image.srgb), [cv2.IMWRITE_WEBP_QUALITY, quality])


def decode_image(data: bytes, srgb: bool = True) -> Image:
    """The picture in any common file, upright (EXIF), as grey, RGB or RGBA.

    Samples of more than 8 bits are scaled to 8. Floats are display values, 1.0 is white, and what is brighter (HDR) is clamped to white;
    floats that are all whole numbers, as some programs write them, count as integers of 8, 16 or 32 bits.

    Raises:
        FormatError: not a picture, a torn one, or one of more than MAX_PICTURE_PIXELS.
    """
    from PIL import ImageOps

    with _map_errors(data), _open(data) as picture:
        _check_size(*picture.size)
        samples = _read_samples(ImageOps.exif_transpose(picture))
    return Image(_scale_to_bytes(samples), srgb)


def read_image_size(data: bytes) -> tuple[int, int]:
    """Width and height from a picture's header; raises FormatError as `decode_image` does."""
    with _map_errors(data), _open(data) as picture:
        return picture.size


@contextmanager
def _map_errors(data: bytes) -> Iterator[None]:
    """Raises FormatError for what Pillow raises on foreign or torn bytes: any exception there is."""
    from PIL import Image as Picture

    try:
        yield
    except (FenshenError, MemoryError):
        raise
    except Picture.DecompressionBombError as error:
        raise _make_size_error("the picture has more than 64 megapixels") from error
    except Exception as error:
        message = f"these {len(data)} bytes are not a picture that can be read"
        raise FormatError(Finding("image/unreadable", message, fix="save it again as PNG, JPEG, WebP or TIFF")) from error


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PICTURE_PIXELS:
        raise _make_size_error(f"the picture is {width} x {height}, more than 64 megapixels")


def _make_size_error(message: str) -> FormatError:
    return FormatError(Finding("image/too-big", message, limit=MAX_PICTURE_PIXELS, fix=_SMALLER))


def _read_samples(picture: PillowImage) -> NDArray[Any]:
    """(h,w,1|3|4) samples of a Pillow picture in any mode, in the type of the file."""
    # Pillow's own conversion of I and F to L clips at 255 and does not scale: 16-bit greys would turn white.
    if picture.mode.startswith("I") or picture.mode == "F":
        return np.asarray(picture)[:, :, None].copy()
    if picture.mode in ("1", "L"):
        return np.asarray(picture.convert("L"))[:, :, None].copy()
    has_alpha = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info
    return np.asarray(picture.convert("RGBA" if has_alpha else "RGB")).copy()


def _open(data: bytes) -> PillowImage:
    """The picture as Pillow opens it, not decoded yet but for the kinds that Pillow does not know."""
    from PIL import Image as Picture
    from PIL import UnidentifiedImageError

    try:
        return Picture.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        if not data.startswith(_TIFF_SIGNATURES):
            raise
        return _decode_wide_tiff(data)


def _decode_wide_tiff(data: bytes) -> PillowImage:
    """A TIFF of colours as floats or 32-bit integers, reduced to 8 bits; cv2 turns it upright."""
    import cv2
    from PIL import Image as Picture
    from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, ImageFileDirectory_v2

    stream = io.BytesIO(data)
    # The size comes from the directory before cv2 decodes: a small file may declare a picture that fills the memory.
    directory = ImageFileDirectory_v2(stream.read(8))
    stream.seek(directory.next)
    directory.load(stream)
    _check_size(directory[IMAGEWIDTH], directory[IMAGELENGTH])
    try:
        with silence_native_stderr():
            values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError(str(error)) from error
    if values is None:
        raise ValueError("cv2 cannot read this kind of TIFF either")
    grey = values.ndim == 2
    return Picture.fromarray(_scale_to_bytes(values if grey else values[:, :, list(_CV2_CHANNELS[values.shape[2]])]))


def _scale_to_bytes(values: NDArray[Any]) -> Pixels:
    """Samples of any type as bytes, black at 0."""
    if values.dtype == np.uint8:
        return values
    # float64: float32 has 24 bits of mantissa and cannot hold a 32-bit integer.
    wide = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=np.inf, neginf=0.0)
    return (np.clip(wide / _find_white(values), 0, 1) * 255 + 0.5).astype(np.uint8)


def _find_white(values: NDArray[Any]) -> float:
    """The value of white: a 16-bit file's is known, 32 bits and floats may hold the range of any depth."""
    if values.dtype.itemsize == 2 and values.dtype.kind != "f":
        return 65535.0
    finite = values[np.isfinite(values)]
    most = float(finite.max(initial=0))
    if values.dtype.kind == "f" and (most <= 1 or (finite % 1 != 0).any()):
        return 1.0
    # The smallest common depth that holds the brightest sample.
    return next((white for white in (255.0, 65535.0, 2**31 - 1.0) if most <= white), 2**32 - 1.0)


def resize(image: Image, side: int) -> Image:
    """The picture with its longer side of `side` px: area averaging to shrink, bicubic to enlarge."""
    import cv2

    height, width = image.pixels.shape[:2]
    if side < 1:
        raise FormatError(Finding("image/side", f"cannot resize a picture to {side} px"))
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return image
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(np.ascontiguousarray(image.pixels), size, interpolation=method), np.uint8)
    return Image(resized.reshape(size[1], size[0], -1), image.srgb)


def shrink(image: Image, side: int) -> Image:
    """The picture with its longer side of at most `side` px."""
    return resize(image, side) if max(image.pixels.shape[:2]) > side else image


def preserve_coverage(small: Image, large: Image) -> Image:
    """`small` with its alpha scaled so that the share above the cutoff is that of `large`: averaging would thin out strands of hair."""
    if small.pixels.shape[2] < 4 or small.pixels.shape == large.pixels.shape:
        return small
    share = float((large.pixels[..., 3] >= ALPHA_CUTOFF * 255).mean())
    alpha = small.pixels[..., 3].astype(np.float64)
    # The alpha above which that share of the small picture is; it is scaled to the cutoff, and never down.
    level = max(float(np.quantile(alpha, 1 - share)), 1.0)
    pixels = small.pixels.copy()
    pixels[..., 3] = np.clip(alpha * max(ALPHA_CUTOFF * 255 / level, 1.0), 0, 255).astype(np.uint8)
    return Image(pixels, small.srgb)
