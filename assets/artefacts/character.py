"""What a character is made of before it moves or speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from assets.artefact import Artefact
from assets.artefacts.geometry import Floats, Image, Material, Mesh, MorphTarget, Part, Skeleton, Skin, Surface
from assets.rights import Source

SKIN_MATERIALS = ("head", "body")
"""Names of the skin's two surfaces and materials."""
ATLAS = "atlas"
"""Name of the one material and picture of a model that has but one."""


@dataclass(frozen=True)
class Identity(Artefact):
    """Who this is: a latent, the skin that the generator made of it, and the face shape that goes with it."""

    kind: ClassVar[str] = "identity/1"
    latent: Floats
    """(n,) the generator's input."""
    head: Image
    """Skin of the head tile, square, 128 px or more."""
    body: Image
    """Skin of the body tile, square."""
    age: float
    """Years."""
    gender: float
    """0 female .. 1 male."""
    tone: float
    """0 lightest .. 1 darkest skin."""
    face: dict[str, float]
    """Local change name -> -1..1, the face shape drawn from the same latent."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Body(Artefact):
    """A body on the hm08 base mesh (19,158 vertices, helpers included), T-posed, soles at Y=0, facing +Z."""

    kind: ClassVar[str] = "body/1"
    skeleton: Skeleton
    """JOINTS of assets.conventions (T-pose)."""
    positions: Floats
    """(19158,3) T-pose, metres."""
    rest: Floats
    """(19158,3) the same body in its A-pose, +Y up, facing +Z, metres: clothes are fitted here."""
    rest_to_bind: Floats
    """(j,4,4) per joint, moves rest-pose points into the T-pose (linear blend skinning)."""
    skin: Skin
    """(19158,4) influences of the base vertices."""
    morphs: tuple[MorphTarget, ...]
    """The 67 morphs on base vertices, T-pose deltas."""
    eye_centres: Floats
    """(2,3) left and right eyeball centres, T-pose, metres."""
    eye_radius: float
    """Metres."""
    phenotype: dict[str, float]
    """What was asked for: gender, age, muscle, weight, height, proportions (0..1), plus age_years and height_m."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Groom(Artefact):
    """Everything worn or growing: eyes, brows, lashes, teeth, tongue, hair, outfit, shoes, fitted and skinned."""

    kind: ClassVar[str] = "groom/1"
    meshes: tuple[Mesh, ...]
    """T-pose; face parts carry the 67 morphs (only those that move them)."""
    materials: tuple[Material, ...]
    images: dict[str, Image]
    """Pictures that the materials name."""
    hidden: NDArray[np.bool_]
    """(19158,) base vertices covered by cloth: triangles with all three hidden are not shipped."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class TextureSet(Artefact):
    """The skin: where head and body surfaces lie in their tiles, and what is painted there."""

    kind: ClassVar[str] = "texture/1"
    surfaces: tuple[Surface, ...]
    """"head" and "body" cut out of the base mesh."""
    images: dict[str, Image]
    """head_albedo, head_normal, head_orm, body_albedo, body_normal, body_orm."""
    materials: tuple[Material, ...]
    """"head" and "body"."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Model(Artefact):
    """The dressed character as a target draws it, in its T-pose with the lowest point at Y=0."""

    kind: ClassVar[str] = "model/1"
    skeleton: Skeleton
    parts: tuple[Part, ...]
    """No more triangles together than the target allows."""
    materials: tuple[Material, ...]
    images: dict[str, Image]
    """Full-size pictures that the materials name; skin's are named head_* and body_*."""
    skin_sources: tuple[Source, ...] = ()
    sources: tuple[Source, ...] = ()
    """Of all that is seen, the skin's among them."""

    @property
    def triangle_count(self) -> int:
        """Of all parts."""
        return sum(len(part.mesh.triangles) for part in self.parts)

    @property
    def shading(self) -> dict[str, Floats]:
        """Part name -> bind normals (v,3) of what is worn and never morphs: hair and cloth are shaded by these, not by their triangles."""
        return {part.mesh.name: part.normals for part in self.parts if not part.mesh.morphs and part.mesh.material not in SKIN_MATERIALS}


@dataclass(frozen=True)
class Previews(Artefact):
    """Pictures of a model in poses of its clips."""

    kind: ClassVar[str] = "previews/1"
    pictures: dict[str, bytes]
    """portrait.jpg, full.jpg, wave.jpg and, where asked for, turntable.webp."""
