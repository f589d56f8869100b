"""The pictures of a bundle: those of the preview stage, and one of the character speaking."""

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
from stages.package.files import make_file
from stages.render.key_frames import extract_pose, find_widest_mouth
from stages.render.posing import Pose, turn_to_camera
from stages.render.preview import Shot, render_stills

_JPEG_QUALITY = 90
_TURN = -0.3
"""Radians; the other side than in the portrait."""
_PICTURE_VERSION = 2
"""Of the cached picture: raise it when the renderer draws the same pose differently."""


@dataclass(frozen=True)
class RenderedPicture(Artefact):
    """An encoded picture."""

    kind: ClassVar[str] = "picture/1"
    data: bytes


def build_preview_files(model: Model, previews: Previews, performance: Performance, licence: str) -> list[BundleFile]:
    """previews/NAME for every picture; raises BackendError where this machine cannot render."""
    pictures = {**previews.pictures, **_render_speech(model, performance)}
    return [make_file(f"previews/{name}", data, "preview", licence, model.sources) for name, data in pictures.items()]


def _render_speech(model: Model, performance: Performance) -> dict[str, bytes]:
    """speech.jpg: the first line with the mouth wide open, cached, since other lines do not change it; empty without a line."""
    speaking = next((clip for clip in performance.clips if clip.name.startswith("say_")), None)
    if speaking is None:
        return {}
    pose = extract_pose(speaking, find_widest_mouth(speaking))
    digests = {"model": sha256(encode_artefact(model)), "pose": sha256_arrays(pose.rotations, pose.root, pose.face)}
    parts = {"part": "package/speech", "version": _PICTURE_VERSION, **digests}
    return {"speech.jpg": get_or_compute(parts, RenderedPicture, lambda: _render_picture(model, pose)).data}


def _render_picture(model: Model, pose: Pose) -> RenderedPicture:
    from assets.formats.image import encode_jpeg

    materials = {material.name: material for material in model.materials}
    meshes, shot = [part.mesh for part in model.parts], Shot("speech", turn_to_camera(model.skeleton, pose, _TURN), "portrait", _TURN)
    images = render_stills(meshes, materials, model.images, model.skeleton, [shot], model.shading, model.shades)
    return RenderedPicture(encode_jpeg(images["speech"], _JPEG_QUALITY))
