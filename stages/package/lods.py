"""lods/: the coarser levels of the avatar, each a file of its own on the same skeleton, and all levels in one file."""

from __future__ import annotations

from assets.artefacts.character import LodLevel, Model
from assets.bundle import JOINED_LODS_FILE, BundleFile, name_lod_file
from assets.formats.gltf import Scene, export_gltf
from assets.formats.gltf_lods import export_levels
from assets.spec.packaging import Budget
from stages.package.files import make_file
from stages.package.target import encode_images

_QUALITY = 85
"""Of JPEG."""


def build_lod_files(title: str, model: Model, budget: Budget, licence: str) -> list[BundleFile]:
    """A file for each level, with half the pixels of the level before, and one of all; no clips: avatar.glb's move the same joints."""
    if not model.lods:
        return []
    files = [
        make_file(name_lod_file(number), _export_level(title, model, level, budget.side >> number), "lod", licence, model.sources)
        for number, level in enumerate(model.lods, 1)
    ]
    pictures = encode_images(model.materials, model.images, budget.side, _QUALITY, {})
    whole = export_levels(Scene(title, model.skeleton, model.parts, model.materials, pictures), model.lods)
    return [*files, make_file(JOINED_LODS_FILE, whole, "lod", licence, model.sources)]


def _export_level(title: str, model: Model, level: LodLevel, side: int) -> bytes:
    pictures = encode_images(level.materials, model.images, side, _QUALITY, {})
    return export_gltf(Scene(title, model.skeleton, level.parts, level.materials, pictures))
