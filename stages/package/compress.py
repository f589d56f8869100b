"""avatar.meshopt.glb: avatar.glb for players in browsers, compressed to about half of its bytes."""

from __future__ import annotations

from assets.artefacts.character import Model
from assets.artefacts.geometry import Image, Material
from assets.formats.gltf import EncodedImage, Scene
from assets.formats.meshopt import compress_glb
from assets.spec.packaging import Budget

_STEPS = ((92, 1.0), (88, 1.0), (82, 1.0), (75, 1.0), (65, 1.0), (50, 1.0), (50, 0.75), (50, 0.5))
"""Quality of WebP and share of the side, tried in order until the file fits."""


def build_compressed_file(scene: Scene, glb: bytes, model: Model, budget: Budget) -> bytes:
    """The compressed GLB with the best pictures that fit the budget; the smallest ones where none fits.

    Args:
        glb: the file of the scene.
    """
    for quality, share in _STEPS:
        data = compress_glb(glb, encode_pictures(scene, model, quality, share))
        if len(data) <= budget.compressed_bytes:
            break
    return data


def encode_pictures(scene: Scene, model: Model, quality: int, share: float = 1.0) -> dict[str, bytes]:
    """WebP of every picture of the scene at a share of the side that it has there, made of the model's own pictures."""
    from assets.formats.image import encode_webp

    sizes = {name: _fit(model.images[name], picture, share) for name, picture in scene.pictures.items()}
    return {name: encode_webp(_drop_unused_alpha(name, image, scene.materials), quality) for name, image in sizes.items()}


def _fit(image: Image, picture: EncodedImage, share: float) -> Image:
    from assets.formats.image import preserve_coverage, read_image_size, shrink

    return preserve_coverage(shrink(image, round(share * max(read_image_size(picture.data)))), image)


def _drop_unused_alpha(name: str, image: Image, materials: tuple[Material, ...]) -> Image:
    used = any(material.alpha != "OPAQUE" for material in materials if material.albedo == name)
    return image if used or image.pixels.shape[2] < 4 else Image(image.pixels[..., :3], image.srgb)
