"""lods/avatar_lodN.glb: the coarser levels of the avatar, each a file of its own on the same skeleton."""

from __future__ import annotations

from assets.artefacts.character import LodLevel, Model
from assets.bundle import BundleFile, name_lod_file
from assets.formats.gltf import Scene, export_gltf
from assets.spec.packaging import Budget
from stages.package.files import make_file
from stages.package.target import encode_images

_QUALITY = 85
"""Of JPEG."""


def build_lod_files(title: str, model: Model, budget: Budget, licence: str) -> list[BundleFile]:
    """A file for each level: half the pixels of the level before, no clips (avatar.glb's move the same joints and morphs)."""
    return [
        make_file(name_lod_file(number), _export_level(title, model, level, budget.side >> number), "lod", licence, model.sources)
        for number, level in enumerate(model.lods, 1)
    ]


def _export_level(title: str, model: Model, level: LodLevel, side: int) -> bytes:
    pictures = encode_images(level.materials, model.images, side, _QUALITY, {})
    return export_gltf(Scene(title, model.skeleton, level.parts, level.materials, pictures))
