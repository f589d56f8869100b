"""Movement: clips of joint rotations, root motion and face weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from assets.artefact import Artefact
from assets.artefacts.geometry import Floats, Skeleton
from assets.rights import Source


@dataclass(frozen=True)
class Clip:
    """One named movement on the skeleton of the same artefact."""

    name: str
    times: Floats
    """(f,) seconds, ascending from 0."""
    rotations: Floats
    """(f,j,4) local rotations xyzw relative to the T-pose bind, whose joint frames are world-aligned."""
    root: Floats
    """(f,3) displacement of Hips from its bind position, metres."""
    face: Floats
    """(f,67) weights of MORPHS_67, or (f,0) if the clip does not animate the face."""
    loop: bool = False
    """True if the last frame continues in the first."""
    source: str = "library"
    """library, video, bvh or performance."""


@dataclass(frozen=True)
class Motion(Artefact):
    """Clips on one skeleton."""

    kind: ClassVar[str] = "motion/1"
    skeleton: Skeleton
    clips: tuple[Clip, ...]
    warnings: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
