"""Pictures as files of the bundle: those taken before, and the one in mid-speech."""

from __future__ import annotations

from assets.artefacts.character import Model, Previews
from assets.artefacts.talk import Performance
from assets.bundle import BundleFile
from stages.render.moments import pose_at, widest
from stages.render.preview import Shot, stills

_QUALITY = 90
_MEDIA = {"jpg": "image/jpeg", "webp": "image/webp"}


def preview_files(
    model: Model, previews: Previews, performance: Performance, licence: str, sources: tuple[str, ...]
) -> list[BundleFile]:
    """previews/NAME of every picture; raises BackendError where this machine cannot draw."""
    pictures = {**previews.pictures, **_speech(model, performance)}
    media = {name: _MEDIA[name.rpartition(".")[2]] for name in pictures}
    return [BundleFile(f"previews/{name}", data, "preview", media[name], licence, sources) for name, data in pictures.items()]


def _speech(model: Model, performance: Performance) -> dict[str, bytes]:
    """speech.jpg: the longest line with its mouth at its widest; nothing where nothing is said."""
    from assets.formats.image import encode_jpeg

    says = sorted((c for c in performance.clips if c.name.startswith("say_")), key=lambda c: (-len(c.times), c.name))
    if not says:
        return {}
    shot = Shot("speech", pose_at(says[0], widest(says[0])), "portrait", -0.3)
    materials = {material.name: material for material in model.materials}
    taken = stills([part.mesh for part in model.parts], materials, model.images, model.skeleton, [shot], model.shading)
    return {"speech.jpg": encode_jpeg(taken["speech"], _QUALITY)}
