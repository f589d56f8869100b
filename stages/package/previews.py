"""Pictures as files of the bundle: those taken before, and the one in mid-speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from assets.artefact import Artefact
from assets.artefacts.character import Model, Previews
from assets.artefacts.talk import Performance
from assets.bundle import BundleFile
from assets.codec import encode_artefact
from assets.digest import sha256, sha256_arrays
from assets.substage_cache import get_or_compute
from stages.render.key_frames import extract_pose, find_widest_mouth
from stages.render.posing import Pose
from stages.render.preview import Shot, render_stills

_JPEG_QUALITY = 90
_PICTURE_VERSION = 1
"""Of the picture that the store keeps: to be raised where the same pose would be drawn otherwise."""
_MEDIA_TYPES = {"jpg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True)
class RenderedPicture(Artefact):
    """One picture as a file's bytes."""

    kind: ClassVar[str] = "picture/1"
    data: bytes


def build_preview_files(
    model: Model, previews: Previews, performance: Performance, licence: str, sources: tuple[str, ...]
) -> list[BundleFile]:
    """previews/NAME of every picture; raises BackendError where this machine cannot draw."""
    pictures = {**previews.pictures, **_render_speech(model, performance)}
    media = {name: _MEDIA_TYPES[name.rpartition(".")[2]] for name in pictures}
    return [BundleFile(f"previews/{name}", data, "preview", media[name], licence, sources) for name, data in pictures.items()]


def _render_speech(model: Model, performance: Performance) -> dict[str, bytes]:
    """speech.jpg: the first line with its mouth at its widest, found again where another line changes; nothing where nothing is said."""
    said = next((clip for clip in performance.clips if clip.name.startswith("say_")), None)
    if said is None:
        return {}
    pose = extract_pose(said, find_widest_mouth(said))
    seen = {"model": sha256(encode_artefact(model)), "pose": sha256_arrays(pose.rotations, pose.root, pose.face)}
    parts = {"part": "package/speech", "version": _PICTURE_VERSION, **seen}
    return {"speech.jpg": get_or_compute(parts, RenderedPicture, lambda: _render_picture(model, pose)).data}


def _render_picture(model: Model, pose: Pose) -> RenderedPicture:
    from assets.formats.image import encode_jpeg

    materials = {material.name: material for material in model.materials}
    meshes, shot = [part.mesh for part in model.parts], Shot("speech", pose, "portrait", -0.3)
    seen = render_stills(meshes, materials, model.images, model.skeleton, [shot], model.shading)
    return RenderedPicture(encode_jpeg(seen["speech"], _JPEG_QUALITY))
