"""Fits textures and clips into the byte budget of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from assets.artefacts.character import ATLAS, Model
from assets.artefacts.geometry import Image, Material
from assets.formats.gltf import EncodedImage, Scene
from assets.formats.gltf_animation import FrameRanks
from assets.spec.packaging import Budget

# (share of the longest side, JPEG quality, slack of the clips' key reduction), tried in order until the file fits.
_QUALITY_STEPS = (
    (1.0, 90, 1.0), (1.0, 84, 2.0), (1.0, 78, 4.0), (1.0, 75, 6.0),
    (0.75, 82, 6.0), (0.625, 82, 6.0), (0.5, 84, 6.0), (0.5, 75, 8.0), (0.25, 80, 8.0),
)  # fmt: skip
_FACE_QUALITIES = (90, 93, 95, 97)
"""For the colours of the head, in full resolution of colour."""
_FACE_BYTES = 200_000
"""Of these colours at 1024 px, at least: people look at the face first, and JPEG smears smooth skin into patches below that."""
_ALPHA_COLOURS = {"hair_albedo": 128, "lashes_albedo": 48, "brows_albedo": 64}
"""Pictures of one hue, which a palette of so many colours holds."""
_ALPHA_SIDES = {"lashes_albedo": 256}
"""Pixels that a picture with alpha needs: lashes are 3 cm wide."""
_LARGE_NORMALS = ("head", "outfit", ATLAS)
"""Materials whose normals have the full side."""


def fit_to_budget(
    build_scene: Callable[[dict[str, EncodedImage]], Scene], export: Callable[[Scene], bytes], model: Model, budget: Budget
) -> tuple[Scene, bytes]:
    """The scene with the best textures that fit the budget, and its file; the smallest ones where none fits."""
    lossless: dict[tuple[str, int], EncodedImage] = {}
    ranks: dict[str, FrameRanks] = {}
    for share, quality, slack in _QUALITY_STEPS:
        images = encode_images(model.materials, model.images, int(budget.side * share), quality, lossless)
        scene = replace(build_scene(images), slack=slack, ranks=ranks)
        data = export(scene)
        if len(data) <= budget.bytes:
            break
    return scene, data


def encode_images(
    materials: Sequence[Material], images: Mapping[str, Image], side: int, quality: int, lossless: dict[tuple[str, int], EncodedImage]
) -> dict[str, EncodedImage]:
    """Every picture that a material uses: PNG where its alpha is used, else JPEG.

    Albedo and the normals of head and outfit get the full side; other normals, ORM pictures and pictures with alpha get half of it.
    PNGs are independent of the quality, so they are cached in `lossless` by name and side.
    """
    encoded: dict[str, EncodedImage] = {}
    for material in materials:
        pictures = ((material.albedo, True, True), (material.normal, material.name in _LARGE_NORMALS, False), (material.orm, False, False))
        for name, large, colour in pictures:
            if name is None or name in encoded:
                continue
            alpha = colour and any(m.alpha != "OPAQUE" for m in materials if m.albedo == name)
            pixels = side if (large and not alpha) or material.name == ATLAS else side // 2
            pixels = min(pixels, _ALPHA_SIDES.get(name, pixels)) if alpha else pixels
            encoded[name] = lossless.get((name, pixels)) or _encode_picture(name, images[name], pixels, quality, alpha)
            if encoded[name].media_type == "image/png":
                lossless[name, pixels] = encoded[name]
    return encoded


def _encode_picture(name: str, image: Image, side: int, quality: int, alpha: bool) -> EncodedImage:
    from assets.formats.image import encode_cutout_png, shrink

    if name == "head_albedo" and not alpha:
        return encode_face(image, side)
    if name == ATLAS and alpha and image.pixels.shape[2] == 4:
        return EncodedImage(encode_cutout_png(shrink(image, side)), "image/png")
    return encode_image(image, side, quality, alpha, _ALPHA_COLOURS.get(name, 0))


def encode_face(image: Image, side: int) -> EncodedImage:
    """The colours of the head as JPEG, its longer side at most `side` px, with enough bytes for smooth skin."""
    from assets.formats.image import encode_jpeg, shrink

    small = shrink(image, side)
    opaque = Image(np.ascontiguousarray(small.pixels[..., :3]), small.srgb)
    height, width = opaque.pixels.shape[:2]
    least = _FACE_BYTES * min(1.0, height * width / 1024**2)
    files = (encode_jpeg(opaque, quality, full_chroma=True) for quality in _FACE_QUALITIES)
    data = b""
    for data in files:
        if len(data) >= least:
            break
    return EncodedImage(data, "image/jpeg")


def encode_image(image: Image, side: int, quality: int, alpha: bool, colours: int = 0) -> EncodedImage:
    """The image, its longer side at most `side` pixels: as PNG where `alpha` is used and not all opaque, else as JPEG.

    Args:
        colours: of the PNG's palette; 0 for a PNG without one.
    """
    from assets.formats.image import encode_jpeg, encode_palette_png, encode_png, preserve_coverage, shrink

    small = preserve_coverage(shrink(image, side), image)
    pixels = small.pixels
    if alpha and pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return EncodedImage(encode_palette_png(small, colours) if colours else encode_png(small), "image/png")
    opaque = Image(np.ascontiguousarray(pixels[..., :3] if pixels.shape[2] >= 3 else pixels), small.srgb)
    return EncodedImage(encode_jpeg(opaque, quality), "image/jpeg")
