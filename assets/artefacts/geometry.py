"""Geometry as engines use it: meshes, morph targets, skeletons, skins, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]
Pixels = NDArray[np.uint8]
AlphaMode = Literal["OPAQUE", "MASK", "BLEND"]


@dataclass(frozen=True)
class MorphTarget:
    """A sparse shape: vertices that are not listed do not move."""

    name: str
    """One of MORPHS_67."""
    indices: Ints
    """(k,) vertex indices, ascending."""
    deltas: Floats
    """(k,3) metres."""


@dataclass(frozen=True)
class Skeleton:
    """Joints in a T-pose bind; every joint frame is aligned with the world, so that bind matrices are translations."""

    names: tuple[str, ...]
    """Joint names, parents before children (assets.conventions.JOINTS)."""
    parents: Ints
    """(j,) parent index, -1 for the root."""
    heads: Floats
    """(j,3) joint positions in the world, metres."""


@dataclass(frozen=True)
class Skin:
    """Four joint influences per vertex."""

    joints: NDArray[np.uint16]
    """(v,4) joint indices."""
    weights: Floats
    """(v,4) weights; each row sums to 1."""


@dataclass(frozen=True)
class Mesh:
    """One mesh with one material, in the T-pose bind."""

    name: str
    positions: Floats
    """(v,3) metres."""
    uv: Floats
    """(v,2) glTF convention: origin at the picture's upper left."""
    triangles: Ints
    """(t,3) vertex indices, counter-clockwise seen from outside."""
    skin: Skin
    morphs: tuple[MorphTarget, ...]
    material: str
    """Name of a Material of the same artefact."""


@dataclass(frozen=True)
class Image:
    """A picture in memory."""

    pixels: Pixels
    """(h,w,c) uint8, c = 1, 3 or 4, RGB(A) order."""
    srgb: bool = True
    """True for colour, False for data such as normals."""


@dataclass(frozen=True)
class Material:
    """A glTF metallic-roughness material that refers to pictures of the same artefact."""

    name: str
    albedo: str | None = None
    """Picture name; None for the colour factor alone."""
    normal: str | None = None
    orm: str | None = None
    """Occlusion, roughness, metallic in R, G, B."""
    colour: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    """Linear base colour factor."""
    roughness: float = 0.8
    alpha: AlphaMode = "OPAQUE"
    alpha_cutoff: float = 0.35
    double_sided: bool = False
    specular: float = 1.0
    """Strength of the reflection of a dielectric (KHR_materials_specular)."""


@dataclass(frozen=True)
class Surface:
    """A part of the base mesh with its own texture tile."""

    name: str
    """"head" or "body"."""
    base: Ints
    """(n,) base-mesh vertex of each surface vertex; UV seams repeat base vertices."""
    uv: Floats
    """(n,2) tile coordinates, origin at the picture's upper left."""
    triangles: Ints
    """(t,3) indices into `base`."""


@dataclass(frozen=True)
class Part:
    """A mesh with its normals and tangents."""

    mesh: Mesh
    normals: Floats
    """(v,3) unit."""
    tangents: Floats | None = None
    """(v,4) unit vectors with handedness; required if the material has a normal map."""
    shade: Floats | None = None
    """(v,) 0 dark .. 1: light that gets to each vertex between the strands of hair, which multiplies the linear colour."""
