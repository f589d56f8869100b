"""Pictures of the finished character in poses of its own clips: portrait, full, speech, wave, turntable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.artefacts.geometry import Floats, Mesh, Skeleton
from assets.artefacts.motion import Clip
from assets.artefacts.talk import Performance
from assets.bundle import BundleFile
from assets.conventions import MORPHS_67
from assets.formats.gltf import Part
from stages.package.scene import Character
from stages.render.pose import Pose, forward_kinematics, standing
from stages.render.preview import Shot, stills, turntable

_QUALITY = 90
_OPEN = ("jawOpen", "viseme_aa", "viseme_O", "viseme_E")


def preview_files(
    whole: Character, parts: Sequence[Part], skeleton: Skeleton, performance: Performance, turning: bool, licence: str,
    sources: tuple[str, ...],
) -> list[BundleFile]:
    """previews/NAME.jpg and, where asked for, previews/turntable.webp: the very meshes of avatar.glb.

    Raises:
        BackendError: this machine cannot draw.
    """
    from assets.formats.image import encode_jpeg

    meshes: list[Mesh] = [part.mesh for part in parts]
    materials = {material.name: material for material in whole.materials}
    taken = stills(meshes, materials, whole.images, skeleton, shots(performance))
    files = [
        BundleFile(f"previews/{name}.jpg", encode_jpeg(image, _QUALITY), "preview", "image/jpeg", licence, sources)
        for name, image in taken.items()
    ]
    if turning:
        data = turntable(meshes, materials, whole.images, skeleton, _at_rest(performance))
        files.append(BundleFile("previews/turntable.webp", data, "preview", "image/webp", licence, sources))
    return files


def shots(performance: Performance) -> list[Shot]:
    """The pictures to take: poses come from the clips themselves, so that a preview shows what plays."""
    rest = _at_rest(performance)
    found = [Shot("portrait", rest, "portrait", 0.3), Shot("full", rest, "full", 0.3, (640, 960))]
    says = sorted((c for c in performance.clips if c.name.startswith("say_")), key=lambda c: (-len(c.times), c.name))
    if says:
        found.append(Shot("speech", _pose(says[0], _widest(says[0])), "portrait", -0.3))
    wave = _clip(performance, "wave")
    if wave:
        found.append(Shot("wave", _pose(wave, _highest(wave, performance.skeleton)), "full", 0.0, (640, 960)))
    return found


def _clip(performance: Performance, name: str) -> Clip | None:
    return next((clip for clip in performance.clips if clip.name == name), None)


def _at_rest(performance: Performance) -> Pose:
    """A moment of the idle clip with open eyes; arms at the sides where there is no such clip."""
    idle = _clip(performance, "idle")
    if idle is None:
        return standing(performance.skeleton)
    return _pose(idle, int(_shut(idle).argmin()))


def _pose(clip: Clip, frame: int) -> Pose:
    face = clip.face[frame] if clip.face.shape[1] else np.zeros(len(MORPHS_67), np.float32)
    return Pose(clip.rotations[frame], clip.root[frame], face)


def _shut(clip: Clip) -> Floats:
    """(f,) how far the eyes are shut or turned away."""
    if not clip.face.shape[1]:
        return np.zeros(len(clip.times), np.float32)
    names = [i for i, name in enumerate(MORPHS_67) if name.startswith(("eyeBlink", "eyeLook"))]
    shut: Floats = clip.face[:, names].sum(axis=1)
    return shut


def _widest(clip: Clip) -> int:
    """The frame whose mouth is most open while the eyes are."""
    if not clip.face.shape[1]:
        return len(clip.times) // 2
    mouth = clip.face[:, [MORPHS_67.index(name) for name in _OPEN]].max(axis=1)
    return int((np.minimum(mouth, 0.6) - 2 * np.maximum(_shut(clip) - 0.1, 0)).argmax())


def _highest(clip: Clip, skeleton: Skeleton) -> int:
    """The frame whose higher hand is highest."""
    hands = [skeleton.names.index("LeftHand"), skeleton.names.index("RightHand")]
    heights = [float(forward_kinematics(skeleton, _pose(clip, f))[1][hands, 1].max()) for f in range(len(clip.times))]
    return int(np.argmax(heights))
