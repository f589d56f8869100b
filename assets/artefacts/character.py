"""What a character is made of before it moves or speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from assets.artefact import Artefact
from assets.artefacts.geometry import Floats, Image, Material, Mesh, MorphTarget, Part, Skeleton, Skin, Surface
from assets.artefacts.hair import HairRig
from assets.rights import Source

SKIN_MATERIALS = ("head", "body")
"""Names of the skin's two surfaces and materials."""
EYES = "eyes"
"""Name of the eyes' mesh; its normals are those of the cornea."""
FACE_AXIS, FACE_ORIGIN = "axis/", "origin/"
"""Beginnings of names in Identity.face: of an axis (stages/body/face_axes.py), and of an origin whose share is the person's own."""
ATLAS = "atlas"
"""Name of the material and the picture of a model that has only one of each."""


@dataclass(frozen=True)
class Identity(Artefact):
    """A person: a latent, the skin that the generator made from it, and the face shape that belongs to it."""

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
    """Local change name -> -1..1: the face shape, derived from the same latent; axes and origins with their prefixes."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Body(Artefact):
    """A body on the hm08 base mesh (19,158 vertices with helpers), in T-pose, soles at Y=0, facing +Z."""

    kind: ClassVar[str] = "body/1"
    skeleton: Skeleton
    """JOINTS of assets.conventions (T-pose)."""
    positions: Floats
    """(19158,3) T-pose, metres."""
    rest: Floats
    """(19158,3) the same body in its A-pose, in which clothes are fitted; +Y up, facing +Z, metres."""
    rest_to_bind: Floats
    """(j,4,4) matrix per joint from the rest pose to the T-pose, for linear blend skinning."""
    skin: Skin
    """(19158,4) influences of the base vertices."""
    morphs: tuple[MorphTarget, ...]
    """The 67 morphs on base vertices, T-pose deltas."""
    eye_centres: Floats
    """(2,3) left and right eyeball centres, T-pose, metres."""
    eye_radius: float
    """Metres."""
    phenotype: dict[str, float]
    """The requested gender, age, muscle, weight, height and proportions (0..1), with age_years and height_m."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class SkinPaint:
    """Hair painted on the head's texture tile: scalp, brows and stubble."""

    layer: Image
    """(s,s,4) colour and coverage, laid over the albedo."""
    bare: Image
    """(r,r,1) 255 where the hair that the skin itself shows is removed first."""
    relief: Floats
    """(13380,) metres by which short hair raises each vertex of the skin along its normal."""


@dataclass(frozen=True)
class Groom(Artefact):
    """Everything attached to the body: eyes, brows, lashes, teeth, tongue, hair, outfit, shoes, hat; fitted and skinned."""

    kind: ClassVar[str] = "groom/5"
    meshes: tuple[Mesh, ...]
    """In T-pose; parts of the face have those of the 67 morphs that move them."""
    materials: tuple[Material, ...]
    images: dict[str, Image]
    """Pictures that the materials refer to."""
    hidden: NDArray[np.bool_]
    """(19158,) base vertices covered by cloth: triangles with three hidden vertices are dropped."""
    sources: tuple[Source, ...] = ()
    grown: tuple[tuple[Part, ...], ...] = ()
    """Grown hair at three levels of detail, for desktop, web and crowd; empty where none grows."""
    paint: SkinPaint | None = None
    """Hair painted on the skin."""
    normals: dict[str, Floats] = field(default_factory=dict)
    """Mesh name -> (v,3) bind normals of meshes that are not shaded by their shape in the T-pose: cloth that was draped in another."""
    hair_rig: HairRig | None = None
    """Chains of joints for hair that hangs; grown hair refers to them after JOINTS. None where no hair hangs."""


@dataclass(frozen=True)
class TextureSet(Artefact):
    """The skin: the head and body surfaces with their texture tiles, and the pictures of these tiles."""

    kind: ClassVar[str] = "texture/1"
    surfaces: tuple[Surface, ...]
    """"head" and "body" cut out of the base mesh."""
    images: dict[str, Image]
    """head_albedo, head_normal, head_orm, body_albedo, body_normal, body_orm."""
    materials: tuple[Material, ...]
    """"head" and "body"."""
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True)
class LodLevel:
    """A coarser level of a model, on the same skeleton."""

    parts: tuple[Part, ...]
    materials: tuple[Material, ...]


@dataclass(frozen=True)
class Model(Artefact):
    """The dressed character, reduced for a target, in T-pose with its lowest point at Y=0."""

    kind: ClassVar[str] = "model/3"
    skeleton: Skeleton
    """The body's joints, then those of hanging hair."""
    parts: tuple[Part, ...]
    """Together within the triangle budget of the target."""
    materials: tuple[Material, ...]
    images: dict[str, Image]
    """Full-size pictures that the materials refer to; those of the skin are named head_* and body_*."""
    skin_sources: tuple[Source, ...] = ()
    sources: tuple[Source, ...] = ()
    """Of everything visible, including the skin."""
    lods: tuple[LodLevel, ...] = ()
    """LOD1 to LOD3, where they are requested."""
    hair_rig: HairRig | None = None
    """Chains whose joints are the last ones of the skeleton; None where no hair hangs."""

    @property
    def triangle_count(self) -> int:
        """Of all parts."""
        return sum(len(part.mesh.triangles) for part in self.parts)

    @property
    def shading(self) -> dict[str, Floats]:
        """Part name -> bind normals (v,3) of hair, cloth and eyes: renderers shade them by these, not by their triangles."""
        return {
            part.mesh.name: part.normals
            for part in self.parts
            if part.shade is not None or part.mesh.name == EYES or (not part.mesh.morphs and part.mesh.material not in SKIN_MATERIALS)
        }

    @property
    def shades(self) -> dict[str, Floats]:
        """Part name -> shade (v,) of grown hair."""
        return {part.mesh.name: part.shade for part in self.parts if part.shade is not None}


@dataclass(frozen=True)
class Previews(Artefact):
    """Pictures of a model in poses of its clips."""

    kind: ClassVar[str] = "previews/1"
    pictures: dict[str, bytes]
    """portrait.jpg, full.jpg, expressions.jpg, wave.jpg and, if requested, turntable.webp."""
