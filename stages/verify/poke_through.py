"""Detects poke-through when a character moves: skin through cloth, a skirt through the blouse over it, hair through a hat.

Rays find what is covered in the bind pose; depth maps from around the character find what is exposed in another pose: a pixel counts
where something covered is in front of everything else and the outer side of its cover is close behind it.
Hair is never covered by a hat, so it counts where it hides the hat from above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Skin
from assets.conventions import is_hair_joint
from assets.digest import sha256_arrays
from assets.garment_layers import CLOTH_MESHES, PROBES, SKIN_MESHES, GarmentLayers, Patches
from assets.mesh import compute_face_normals
from assets.rotation import inverse, multiply, prefer_positive_w
from assets.skinning import skin_points
from stages.render.depth import DepthRenderer
from stages.render.light import compute_direction, orthographic
from stages.verify.bundle_view import Doubles, Glb

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]
VIEW_ANGLES = tuple(zip(range(0, 360, 60), (15, -10) * 3, strict=True))
"""Yaw and pitch of the views, degrees: around the character, alternately from slightly above and slightly below."""
_HALF_VIEW_M = 1.25
"""Half the side of a view: it fits a tall man with his arms up or stretched out."""
_MAX_DEPTH_M, _MIN_DEPTH_M, _DEPTH_TOLERANCE_M = 0.03, 0.0005, 0.0001
"""How far behind an exposed point its cover may be, at most and at least; and the resolution of the depth maps."""
_HAIR_MESH, _HAT_MESH, _MAX_HAIR_DEPTH_M = "hair", "hat", 0.12
"""Names of the meshes, and how far above a hat hair still counts as poking through it: the thickness of curls."""
_MIN_UPPER_NORMAL_Y = -0.2
"""Least Y of the normals of a hat's upper side, crown and band: hair below the brim may hide the underside of the brim."""


@dataclass(frozen=True)
class KeyFrame:
    """A pose of a clip."""

    clip: str
    seconds: float
    pose: Mapping[str, Doubles]
    """As `Glb.compute_world_matrix` takes it."""


def choose_key_frames(glb: Glb, count: int, samples_per_clip: int = 6) -> list[KeyFrame]:
    """The `count` poses of all clips farthest from the bind pose and one another (farthest-point sampling), without fingers and hair."""
    frames = [
        KeyFrame(clip, float(time_s), glb.sample_pose(clip, float(time_s)))
        for clip in glb.clips
        for time_s in np.linspace(0, glb.get_clip_length(clip), samples_per_clip)
    ]
    rotations = np.array([_collect_joint_quaternions(glb, frame.pose) for frame in frames])
    rest = _collect_joint_quaternions(glb, {})
    chosen: list[KeyFrame] = []
    distances = np.linalg.norm(rotations - rest, axis=1) if frames else np.zeros(0)
    while len(chosen) < count and distances.max(initial=0) > 1e-6:
        farthest = int(distances.argmax())
        chosen.append(frames[farthest])
        distances = np.minimum(distances, np.linalg.norm(rotations - rotations[farthest], axis=1))
    return chosen


def _collect_joint_quaternions(glb: Glb, pose: Mapping[str, Doubles]) -> Doubles:
    """(4j,) quaternions of the joints but those of hands and hair, from their rest to the pose, each with w >= 0."""
    names = [name for name in glb.joint_names if "Hand" not in name and not is_hair_joint(name)]
    rest = np.array([glb.get_rest_rotation(name) for name in names], float).reshape(-1, 4)
    rotations = np.array([pose.get(f"{name}.rotation", still) for name, still in zip(names, rest, strict=True)], float).reshape(-1, 4)
    # q and -q are one rotation: without one sign, equal poses would be far apart. Only from the rest is w far from 0.
    return prefer_positive_w(multiply(inverse(rest), rotations)).astype(np.float64).ravel()


@dataclass(frozen=True)
class Figure:
    """Every triangle of a character, and which are covered in the bind pose."""

    positions: Doubles
    """(v,3) in the bind pose, metres."""
    skin: Skin
    triangles: Int64s
    """(t,3)."""
    kinds: NDArray[np.str_]
    """(t,) name of the mesh of each triangle."""

    @classmethod
    def from_glb(cls, glb: Glb) -> Figure:
        """All skinned meshes of a GLB as one."""
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
        """(t,) triangles of garments."""
        return np.isin(self.kinds, CLOTH_MESHES)

    @cached_property
    def hair(self) -> Bools:
        """(t,) triangles of hair under a hat; none where there is no hat."""
        return np.asarray((self.kinds == _HAIR_MESH) & (self.kinds == _HAT_MESH).any())

    @cached_property
    def covered_patches(self) -> Patches:
        """Patches of skin and cloth beneath cloth in the bind pose."""
        return self._layers.find_covered(self.positions, np.isin(self.kinds, (*CLOTH_MESHES, *SKIN_MESHES)))

    @cached_property
    def patches_beneath(self) -> Mapping[str, Bools]:
        """Garment -> (p,) which of the covered patches are beneath it in the bind pose."""
        return {name: self._find_patches_beneath(name) for name in CLOTH_MESHES if (self.kinds == name).any()}

    @cached_property
    def covering_triangles(self) -> Bools:
        """(t,) outermost cloth: something is beneath it in the bind pose, and nothing covers it."""
        # Cloth that is covered itself would be found behind its own patches.
        covering = self._layers.find_covering(self.positions, self.covered_patches)
        covering[self.covered_patches.triangle] = False
        return covering

    def _find_patches_beneath(self, name: str) -> Bools:
        # Other garments lose their names: they no longer cover anything, but can still be covered.
        layers = replace(self._layers, kind=np.where(self.cloth & (self.kinds != name), "", self.kinds))
        heights = [
            layers.measure_heights(self.positions, self.covered_patches.triangle, probe @ self.covered_patches.barycentric)
            for probe in PROBES
        ]
        return np.asarray(np.isfinite(heights).any(0))

    @cached_property
    def _layers(self) -> GarmentLayers:
        return GarmentLayers.from_mesh(self.positions, self.triangles, self.kinds)

    def compute_digest(self, points: Doubles) -> str:
        """Hex digest of everything that `render_exposed` depends on in this pose (v,3), metres."""
        return sha256_arrays(self.positions, self.triangles, self.kinds, points)

    def pose_vertices(self, glb: Glb, pose: Mapping[str, Doubles]) -> Doubles:
        """(v,3) metres; without morphs, as no cloth has any."""
        world, binds = glb.pose_joints(pose)
        return skin_points(np.asarray(self.positions, np.float32), self.skin, world @ binds).astype(np.float64)


@dataclass(frozen=True)
class _SkinnedPart:
    """One mesh; fields as in Figure."""

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
    """One view, all masks (side,side)."""

    exposed: Mapping[str, Bools]
    """Garment -> the pixels that show what pokes through it; no pixel is in two."""
    silhouette: Bools
    """Pixels of the whole character."""


def render_exposed(figure: Figure, points: Doubles, draw: DepthRenderer) -> Iterator[CoverView]:
    """The figure seen from each of VIEW_ANGLES; `points` (v,3) are its posed vertices, metres."""
    centre = np.asarray((points.min(0) + points.max(0)) / 2, np.float32)
    depth = 2 * _HALF_VIEW_M
    normals = compute_face_normals(points, figure.triangles)
    corners = figure.covered_patches.barycentric @ points[figure.triangles[figure.covered_patches.triangle]]
    patches = corners.reshape(-1, 3).astype(np.float32)
    patch_triangles = np.arange(len(patches), dtype=np.int32).reshape(-1, 3)
    # OpenGL takes float32 and int32.
    positions, triangles = points.astype(np.float32), figure.triangles.astype(np.int32)
    for yaw, pitch in np.radians(VIEW_ANGLES):
        direction = compute_direction(yaw, pitch)
        clip = orthographic(direction, centre, _HALF_VIEW_M, depth)
        everything = draw(positions, triangles, clip)
        front_facing, taken, exposed = normals @ direction > 0, np.zeros(everything.shape, bool), {}
        for name, beneath in figure.patches_beneath.items():
            # Only triangles that cover something: a shoe that a trouser leg uncovers has more of itself behind it, which is no cover.
            under = draw(patches, patch_triangles[beneath], clip)
            over = draw(positions, triangles[figure.covering_triangles & front_facing & (figure.kinds == name)], clip)
            # Depth maps hold 0..1 over the range of the view, 2 * depth metres; 1 is the background.
            before, behind = ((other - under) * 2 * depth for other in (everything, over))
            exposed[name] = ~taken & (under < 1) & (before > -_DEPTH_TOLERANCE_M) & (behind > _MIN_DEPTH_M) & (behind < _MAX_DEPTH_M)
            taken |= exposed[name]
        # Only from above: seen from below, hair in front of the brim hides the crown as it should.
        if pitch > 0 and figure.hair.any():
            upper_side = (figure.kinds == _HAT_MESH) & front_facing & (normals[:, 1] > _MIN_UPPER_NORMAL_Y)
            hat = draw(positions, triangles[upper_side], clip)
            hair = draw(positions, triangles[figure.hair], clip)
            above = (hat - hair) * 2 * depth
            exposed[_HAT_MESH] |= (
                ~taken
                & (hair < 1)
                & ((everything - hair) * 2 * depth > -_DEPTH_TOLERANCE_M)
                & (above > _MIN_DEPTH_M)
                & (above < _MAX_HAIR_DEPTH_M)
            )
        yield CoverView(exposed, everything < 1)
