"""Pictures as files of the bundle: those taken before, and the one in mid-speech."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from assets.artefact import Artefact
from assets.artefacts.character import Model, Previews
from assets.artefacts.talk import Performance
from assets.bundle import BundleFile
from assets.codec import encode
from assets.digest import sha256, sha256_arrays
from assets.substage_cache import remembered
from stages.render.key_frames import pose_at, widest
from stages.render.posing import Pose
from stages.render.preview import Shot, stills

_QUALITY = 90
_KEPT = 1
"""Of the picture that the store keeps: to be raised where the same pose would be drawn otherwise."""
_MEDIA = {"jpg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True)
class Taken(Artefact):
    """One picture as a file's bytes."""

    kind: ClassVar[str] = "picture/1"
    data: bytes


def preview_files(
    model: Model, previews: Previews, performance: Performance, licence: str, sources: tuple[str, ...]
) -> list[BundleFile]:
    """previews/NAME of every picture; raises BackendError where this machine cannot draw."""
    pictures = {**previews.pictures, **_speech(model, performance)}
    media = {name: _MEDIA[name.rpartition(".")[2]] for name in pictures}
    return [BundleFile(f"previews/{name}", data, "preview", media[name], licence, sources) for name, data in pictures.items()]


def _speech(model: Model, performance: Performance) -> dict[str, bytes]:
    """speech.jpg: the first line with its mouth at its widest, found again where another line changes; nothing where nothing is said."""
    said = next((clip for clip in performance.clips if clip.name.startswith("say_")), None)
    if said is None:
        return {}
    pose = pose_at(said, widest(said))
    seen = {"model": sha256(encode(model)), "pose": sha256_arrays(pose.rotations, pose.root, pose.face)}
    parts = {"part": "package/speech", "version": _KEPT, **seen}
    return {"speech.jpg": remembered(parts, Taken, lambda: _taken(model, pose)).data}


def _taken(model: Model, pose: Pose) -> Taken:
    from assets.formats.image import encode_jpeg

    materials = {material.name: material for material in model.materials}
    meshes, shot = [part.mesh for part in model.parts], Shot("speech", pose, "portrait", -0.3)
    seen = stills(meshes, materials, model.images, model.skeleton, [shot], model.shading)
    return Taken(encode_jpeg(seen["speech"], _QUALITY))
