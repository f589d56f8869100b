"""Pictures and clips made to fit the bytes of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from assets.artefacts.character import ATLAS, Model
from assets.artefacts.geometry import Image, Material
from assets.formats.gltf import EncodedImage, Scene
from assets.formats.gltf_animation import FrameRanks
from assets.spec.packaging import Budget

# (share of the longest side, JPEG quality, slack of the clips), tried in order until the file fits.
_QUALITY_STEPS = (
    (1.0, 90, 1.0), (1.0, 84, 2.0), (1.0, 78, 4.0), (0.75, 82, 4.0), (0.625, 82, 6.0), (0.5, 84, 6.0), (0.5, 75, 8.0), (0.25, 80, 8.0),
)  # fmt: skip


def fit_to_budget(
    scene_of: Callable[[dict[str, EncodedImage]], Scene], write: Callable[[Scene], bytes], model: Model, budget: Budget
) -> tuple[Scene, bytes]:
    """The scene and its file with the best pictures that the budget has room for."""
    lossless: dict[tuple[str, int], EncodedImage] = {}
    ranks: dict[str, FrameRanks] = {}
    for share, quality, slack in _QUALITY_STEPS:
        drawn = encode_images(model.materials, model.images, int(budget.side * share), quality, lossless)
        scene = replace(scene_of(drawn), slack=slack, ranks=ranks)
        data = write(scene)
        if len(data) <= budget.bytes:
            break
    return scene, data


def encode_images(
    materials: Sequence[Material], images: Mapping[str, Image], side: int, quality: int, lossless: dict[tuple[str, int], EncodedImage]
) -> dict[str, EncodedImage]:
    """Every picture that a material names, encoded: PNG where its alpha is used, else JPEG.

    Colour of the head gets the whole side; normals of cloth, roughness and hair do with half of it. A PNG does not hang on
    the quality: it is taken from `lossless` (by name and side), or put there.
    """
    found: dict[str, EncodedImage] = {}
    for material in materials:
        face = material.name in ("head", ATLAS)
        wanted = ((material.albedo, True, True), (material.normal, face, False), (material.orm, False, False))
        for name, large, colour in wanted:
            if name is None or name in found:
                continue
            clear = colour and any(m.alpha != "OPAQUE" for m in materials if m.albedo == name)
            pixels = side if (large and not clear) or material.name == ATLAS else side // 2
            found[name] = lossless.get((name, pixels)) or encode_image(images[name], pixels, quality, clear)
            if found[name].media_type == "image/png":
                lossless[name, pixels] = found[name]
    return found


def encode_image(image: Image, side: int, quality: int, clear: bool) -> EncodedImage:
    """The image, at most `side` pixels long, as PNG with its alpha where `clear` and it has any, else as JPEG."""
    from assets.formats.image import encode_jpeg, encode_png, preserve_coverage, resize

    small = preserve_coverage(resize(image, side), image) if max(image.pixels.shape[:2]) > side else image
    pixels = small.pixels
    if clear and pixels.shape[2] == 4 and pixels[..., 3].min() < 255:
        return EncodedImage(encode_png(small), "image/png")
    flat = Image(np.ascontiguousarray(pixels[..., :3] if pixels.shape[2] >= 3 else pixels), small.srgb)
    return EncodedImage(encode_jpeg(flat, quality), "image/jpeg")
