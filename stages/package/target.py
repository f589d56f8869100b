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
    (1.0, 90, 1.0), (1.0, 84, 2.0), (1.0, 78, 4.0), (0.75, 82, 4.0), (0.625, 82, 6.0), (0.5, 84, 6.0), (0.5, 75, 8.0), (0.25, 80, 8.0),
)  # fmt: skip


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

    Albedo and the normals of the head get the full side; other normals, ORM pictures and pictures with alpha get half of it.
    PNGs are independent of the quality, so they are cached in `lossless` by name and side.
    """
    encoded: dict[str, EncodedImage] = {}
    for material in materials:
        face = material.name in ("head", ATLAS)
        pictures = ((material.albedo, True, True), (material.normal, face, False), (material.orm, False, False))
        for name, large, colour in pictures:
            if name is None or name in encoded:
                continue
            alpha = colour and any(m.alpha != "OPAQUE" for m in materials if m.albedo == name)
            pixels = side if (large and not alpha) or material.name == ATLAS else side // 2
            encoded[name] = lossless.get((name, pixels)) or encode_image(images[name], pixels, quality, alpha)
            if encoded[name].media_type == "image/png":
                lossless[name, pixels] = encoded[name]
    return encoded


def encode_image(image: Image, side: int, quality: int, alpha: bool) -> EncodedImage:
    """The image, its longer side at most `side` pixels: as PNG where `alpha` is used and not all opaque, else as JPEG."""
    from assets.formats.image import encode_jpeg, encode_png, preserve_coverage, resize

    small = preserve_coverage(resize(image, side), image) if max(image.pixels.shape[:2]) > side else image
    pixels = small.pixels
    if alpha and pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return EncodedImage(encode_png(small), "image/png")
    opaque = Image(np.ascontiguousarray(pixels[..., :3] if pixels.shape[2] >= 3 else pixels), small.srgb)
    return EncodedImage(encode_jpeg(opaque, quality), "image/jpeg")
