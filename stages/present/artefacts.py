"""What the stages of a film pass on: the avatar's file, the figure ready to be drawn, a part of the film, and its encoded pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from assets.artefact import Artefact
from assets.artefacts.character import Model
from assets.artefacts.geometry import Floats, Image
from stages.render.figure_studio import Framing


@dataclass(frozen=True)
class AvatarFile(Artefact):
    """avatar.glb of a bundle."""

    kind: ClassVar[str] = "avatar/1"
    data: bytes


@dataclass(frozen=True)
class Figure(Artefact):
    """A character as the camera of a film sees it."""

    kind: ClassVar[str] = "figure/1"
    model: Model
    """Without what is below the picture."""
    framing: Framing
    sky: Floats
    """(v,) open sky over the vertices of all parts, at rest."""


@dataclass(frozen=True)
class Caption:
    """Words of a caption over some frames of a part."""

    first: int
    """Frame from which it is shown."""
    last: int
    """Frame from which it is gone."""
    rows: tuple[str, ...]


@dataclass(frozen=True)
class FilmPart(Artefact):
    """Some seconds of a film with one slide."""

    kind: ClassVar[str] = "film-part/1"
    rotations: Floats
    """(f,j,4) local rotations xyzw of the joints in each frame, as in a clip."""
    root: Floats
    """(f,3) metres."""
    face: Floats
    """(f,67) weights of MORPHS_67."""
    slide: Image
    """(h,w,3) as large as the film's slides."""
    captions: tuple[Caption, ...] = ()

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return len(self.root)


@dataclass(frozen=True)
class Footage(Artefact):
    """The encoded pictures of a part: a raw H.264 stream that begins with a key frame, so that parts can be put in a row."""

    kind: ClassVar[str] = "footage/1"
    stream: bytes
    frames: int
