"""What comes through its cover when a character moves: skin through cloth, a skirt through its blouse, hair through a hat.

What is covered is told in the bind pose, by rays; what comes through is seen in a moved one, by depth maps from around the person:
a pixel counts where something covered is in front of everything and the outer side of what covers it lies close behind it.
Hair over a hat is never covered by it, so it counts where it hides the hat from above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Skin
from assets.digest import sha256_arrays
from assets.garment_layers import CLOTH_MESHES, PROBES, SKIN_MESHES, GarmentLayers, Patches
from assets.mesh import compute_face_normals
from assets.skinning import skin_points
from stages.render.depth import DepthRenderer
from stages.render.light import compute_direction, orthographic
from stages.verify.bundle_view import Doubles, Glb

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
VIEW_ANGLES = tuple(zip(range(0, 360, 60), (15, -10) * 3, strict=True))
"""Yaw and pitch of the views, degrees: around the person, in turn from a little above and a little below."""
_HALF_VIEW_M = 1.25
"""Half the side of what a view shows: a tall man with his arms up, or stretched out."""
_MAX_DEPTH_M, _MIN_DEPTH_M, _DEPTH_TOLERANCE_M = 0.03, 0.0005, 0.0001
"""How close behind what comes through its cover lies, at least and at most; and what depth maps cannot tell apart."""
_HAIR_MESH, _HAT_MESH, _MAX_HAIR_DEPTH_M = "hair", "hat", 0.12
"""Names of the meshes, and how far over a hat hair is still hair that stands through it: curls are that thick."""
_MIN_UPPER_NORMAL_Y = -0.2
"""Height of the normals of a hat's upper side, crown and band: what hangs below the brim may hide the brim's lower one."""


@dataclass(frozen=True)
class KeyFrame:
    """A pose that a clip takes."""

    clip: str
    seconds: float
    pose: Mapping[str, Doubles]
    """As `Glb.world` takes it."""


def choose_key_frames(glb: Glb, count: int, of_each: int = 6) -> list[KeyFrame]:
    """The `count` poses of all clips that are farthest from the bind and from one another, fingers left aside."""
    found = [
        KeyFrame(clip, float(at), glb.pose(clip, float(at))) for clip in glb.clips for at in np.linspace(0, glb.seconds(clip), of_each)
    ]
    turns = np.array([_collect_joint_quaternions(glb, moment.pose) for moment in found])
    rest = _collect_joint_quaternions(glb, {})
    chosen: list[KeyFrame] = []
    left = np.linalg.norm(turns - rest, axis=1) if found else np.zeros(0)
    while len(chosen) < count and left.max(initial=0) > 1e-6:
        best = int(left.argmax())
        chosen.append(found[best])
        left = np.minimum(left, np.linalg.norm(turns - turns[best], axis=1))
    return chosen


def _collect_joint_quaternions(glb: Glb, pose: Mapping[str, Doubles]) -> Doubles:
    """(4j,) quaternions of the joints, the one of the two signs."""
    names = [name for name in glb.joint_names if "Hand" not in name]
    turns = np.array([pose.get(f"{name}.rotation", (0, 0, 0, 1)) for name in names], float).reshape(-1, 4)
    return (turns * np.where(turns[:, 3:] < 0, -1, 1)).ravel()


@dataclass(frozen=True)
class Figure:
    """Every triangle of a character, and which are covered in the bind."""

    positions: Doubles
    """(v,3) bind, metres."""
    skin: Skin
    triangles: Int64s
    """(t,3)."""
    kinds: NDArray[np.str_]
    """(t,) the mesh that each is of."""

    @classmethod
    def of(cls, glb: Glb) -> Figure:
        """The skinned meshes of a GLB as one."""
        parts = list(_find_skinned_parts(glb))
        firsts = np.cumsum([0, *(len(p.positions) for p in parts)])
        points = np.concatenate([np.zeros((0, 3)), *(p.positions for p in parts)])
        joints = np.concatenate([np.zeros((0, 4), np.uint16), *(p.skin.joints for p in parts)])
        skin = Skin(joints, np.concatenate([np.zeros((0, 4), np.float32), *(p.skin.weights for p in parts)]))
        triangles = np.concatenate([np.zeros((0, 3), np.int64), *(p.triangles + first for p, first in zip(parts, firsts, strict=False))])
        kinds = np.repeat(np.array([p.kind for p in parts], str), [len(p.triangles) for p in parts])
        return cls(points, skin, triangles, kinds)

    @cached_property
    def cloth(self) -> Bools:
        """(t,) which triangles cover."""
        return np.isin(self.kinds, CLOTH_MESHES)

    @cached_property
    def hair(self) -> Bools:
        """(t,) hair that is worn with a hat; none where there is no hat."""
        return np.asarray((self.kinds == _HAIR_MESH) & (self.kinds == _HAT_MESH).any())

    @cached_property
    def covered(self) -> Patches:
        """What lies beneath cloth in the bind."""
        return self._layers.find_covered(self.positions, np.isin(self.kinds, (*CLOTH_MESHES, *SKIN_MESHES)))

    @cached_property
    def patches_beneath(self) -> Mapping[str, Bools]:
        """Garment -> (p,) which of the covered patches lie beneath it in the bind."""
        return {name: self._find_patches_beneath(name) for name in CLOTH_MESHES if (self.kinds == name).any()}

    @cached_property
    def covering(self) -> Bools:
        """(t,) the cloth that has something beneath it in the bind and is covered by nothing."""
        # Cloth that is covered itself would be found behind its own patches.
        found = self._layers.find_covering(self.positions, self.covered)
        found[self.covered.triangle] = False
        return found

    def _find_patches_beneath(self, name: str) -> Bools:
        # Without a name the other garments cover nothing, and may be covered still.
        layers = replace(self._layers, kind=np.where(self.cloth & (self.kinds != name), "", self.kinds))
        heights = [layers.measure_heights(self.positions, self.covered.triangle, probe @ self.covered.barycentric) for probe in PROBES]
        return np.asarray(np.isfinite(heights).any(0))

    @cached_property
    def _layers(self) -> GarmentLayers:
        return GarmentLayers.from_mesh(self.positions, self.triangles, self.kinds)

    def digest(self, points: Doubles) -> str:
        """Hex digest of all that `through` sees of the figure in this pose (v,3), metres."""
        return sha256_arrays(self.positions, self.triangles, self.kinds, points)

    def pose_vertices(self, glb: Glb, pose: Mapping[str, Doubles]) -> Doubles:
        """(v,3) metres; morphs stay out of it: no cloth has any."""
        skin = glb.json["skins"][0]
        inverse = glb.read_accessor(skin["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
        moves = np.stack([glb.compute_world_matrix(node, pose) @ back for node, back in zip(skin["joints"], inverse, strict=True)])
        return skin_points(np.asarray(self.positions, np.float32), self.skin, moves).astype(np.float64)


@dataclass(frozen=True)
class _SkinnedPart:
    """One mesh; fields as of Figure."""

    kind: str
    positions: Doubles
    skin: Skin
    triangles: Int64s


def _find_skinned_parts(glb: Glb) -> Iterator[_SkinnedPart]:
    for mesh in glb.meshes:
        for primitive in mesh["primitives"]:
            names: dict[str, Any] = primitive["attributes"]
            if {"JOINTS_0", "WEIGHTS_0"} <= set(names) and "indices" in primitive:
                yield _SkinnedPart(
                    str(mesh.get("name", "")).lower(),
                    glb.read_accessor(names["POSITION"]),
                    Skin(glb.read_accessor(names["JOINTS_0"]).astype(np.uint16), glb.read_accessor(names["WEIGHTS_0"]).astype(np.float32)),
                    glb.read_accessor(primitive["indices"]).astype(np.int64).reshape(-1, 3),
                )


@dataclass(frozen=True)
class CoverView:
    """What is seen from one side, (side,side) each."""

    exposed: Mapping[str, Bools]
    """Garment -> the pixels that show what comes through it; no pixel is in two."""
    person: Bools


def render_exposed(figure: Figure, points: Doubles, draw: DepthRenderer) -> Iterator[CoverView]:
    """The figure from each of `WAYS`; `points` (v,3) are posed, metres."""
    centre = np.asarray((points.min(0) + points.max(0)) / 2, np.float32)
    depth = 2 * _HALF_VIEW_M
    normal = compute_face_normals(points, figure.triangles)
    patch = (figure.covered.barycentric @ points[figure.triangles[figure.covered.triangle]]).reshape(-1, 3).astype(np.float32)
    patched = np.arange(len(patch), dtype=np.int32).reshape(-1, 3)
    places, triangles = points.astype(np.float32), figure.triangles.astype(np.int32)
    for yaw, pitch in np.radians(VIEW_ANGLES):
        way = compute_direction(yaw, pitch)
        clip = orthographic(way, centre, _HALF_VIEW_M, depth)
        everything = draw(places, triangles, clip)
        seen, taken, found = normal @ way > 0, np.zeros(everything.shape, bool), {}
        for name, beneath in figure.patches_beneath.items():
            # A shoe that a trouser leg uncovers has more of the shoe behind it, which never covered it.
            under = draw(patch, patched[beneath], clip)
            over = draw(places, triangles[figure.covering & seen & (figure.kinds == name)], clip)
            before, behind = ((other - under) * 2 * depth for other in (everything, over))
            found[name] = ~taken & (under < 1) & (before > -_DEPTH_TOLERANCE_M) & (behind > _MIN_DEPTH_M) & (behind < _MAX_DEPTH_M)
            taken |= found[name]
        # From below, hair before the brim hides the crown as it should.
        if pitch > 0 and figure.hair.any():
            upper = draw(places, triangles[(figure.kinds == _HAT_MESH) & seen & (normal[:, 1] > _MIN_UPPER_NORMAL_Y)], clip)
            hair = draw(places, triangles[figure.hair], clip)
            above = (upper - hair) * 2 * depth
            found[_HAT_MESH] |= (
                ~taken
                & (hair < 1)
                & ((everything - hair) * 2 * depth > -_DEPTH_TOLERANCE_M)
                & (above > _MIN_DEPTH_M)
                & (above < _MAX_HAIR_DEPTH_M)
            )
        yield CoverView(found, everything < 1)
