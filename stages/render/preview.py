"""Pictures of a character: stills of posed meshes in a photo studio, and the turntable animation."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Image, Material, Mesh, Skeleton
from assets.errors import BackendError, Finding
from assets.mesh import weld_points
from stages.render.light import Framing, build_studio, build_studio_lamps, frame_camera, orthographic, spread_directions
from stages.render.posing import Pose, compute_smooth_normals, pose_mesh, rotate_directions

if TYPE_CHECKING:
    from stages.render.gl import Renderer, RenderMesh, UploadedMesh

__all__ = ["Pose", "Shot", "encode_turntable", "plan_turntable", "render_stills"]

# An OpenGL context belongs to one thread, and EGL's display to the whole process: one renderer at a time.
GL_LOCK = threading.Lock()
_SKY_DIRECTIONS = 40
_OCCLUSION_SIDE = 512
_MOVING_OVERSAMPLING = 1.5
"""For small moving pictures: half the time of 2, without a visible difference."""
_HEAD_RADIUS = 0.22
"""Metres around the middle of the head."""


@dataclass(frozen=True)
class Shot:
    """One picture to render."""

    name: str
    pose: Pose
    camera: Framing = "portrait"
    turn: float = 0.0
    """Radians; positive shows the character turned to its left."""
    size: tuple[int, int] = (640, 800)
    """(w,h) pixels."""
    oversampling: float = 2.0
    """Rendered pixels a side for each pixel of the picture."""


def render_stills(
    meshes: Sequence[Mesh],
    materials: Mapping[str, Material],
    images: Mapping[str, Image],
    skeleton: Skeleton,
    shots: Sequence[Shot],
    shading: Mapping[str, Floats] | None = None,
    shades: Mapping[str, Floats] | None = None,
) -> dict[str, Image]:
    """Name -> (h,w,3) picture of every shot; consecutive shots of one pose are posed once.

    Args:
        shading: bind normals (v,3), by mesh name, of meshes without morphs, to be rotated with the joints as engines do; other
            meshes are shaded by their posed shape.
        shades: vertex shades (v,) by mesh name, as in Part.

    Raises:
        BackendError: this machine has no EGL, or a mesh or material refers to something that does not exist.
    """
    _check_materials(meshes, materials)
    from stages.render import gl

    with GL_LOCK, gl.open_context():
        renderer = gl.Renderer(images)
        places = weld_points(np.concatenate([mesh.positions for mesh in meshes]))
        pictures: dict[str, Image] = {}
        posed: dict[int, tuple[list[RenderMesh], Floats]] = {}
        for shot in shots:
            if id(shot.pose) not in posed:
                near = any(other.camera != "full" for other in shots if other.pose is shot.pose)
                posed = {
                    id(shot.pose): _pose_meshes(renderer, meshes, materials, skeleton, shot.pose, places, shading or {}, near, shades or {})
                }
            pictures[shot.name] = _render_shot(renderer, *posed[id(shot.pose)], skeleton, shot)
        return pictures


def plan_turntable(pose: Pose, camera: Framing = "full", size: tuple[int, int] = (300, 480), frames: int = 24) -> list[Shot]:
    """The shots of one turn of the camera around the character."""
    return [Shot(f"turn{i:03d}", pose, camera, 2 * np.pi * i / frames, size, _MOVING_OVERSAMPLING) for i in range(frames)]


def encode_turntable(stills: Sequence[Image], limit: int = 300_000) -> bytes:
    """An endless animated WebP of these pictures, ten a second, at most `limit` bytes.

    Raises:
        BackendError: it is larger than `limit` even at the lowest quality.
    """
    from PIL import Image as Picture

    pictures = [Picture.fromarray(still.pixels) for still in stills]
    # From the best downward: the first that fits the limit is kept.
    for quality in (82, 70, 55, 40, 25, 10):
        stream = io.BytesIO()
        pictures[0].save(stream, "WEBP", save_all=True, append_images=pictures[1:], duration=100, loop=0, quality=quality, method=4)
        data = stream.getvalue()
        if len(data) <= limit:
            return data
    size = f"{len(stills)} pictures of {pictures[0].width} x {pictures[0].height} pixels"
    message = f"a turntable of {size} takes {len(data)} bytes at the lowest quality, more than {limit}"
    raise BackendError(Finding("render/turntable", message, fix="set package.turntable to false", value=len(data), limit=limit))


def _check_materials(meshes: Sequence[Mesh], materials: Mapping[str, Material]) -> None:
    if not meshes:
        raise BackendError(Finding("render/empty", "there are no meshes to draw"))
    for mesh in meshes:
        if mesh.material not in materials:
            raise BackendError(Finding("render/material", f"the mesh {mesh.name!r} has no material {mesh.material!r}"))


def _pose_meshes(
    renderer: Renderer,
    meshes: Sequence[Mesh],
    materials: Mapping[str, Material],
    skeleton: Skeleton,
    pose: Pose,
    places: NDArray[np.int64],
    bind_normals: Mapping[str, Floats] = MappingProxyType({}),
    near: bool = True,
    shades: Mapping[str, Floats] = MappingProxyType({}),
) -> tuple[list[RenderMesh], Floats]:
    """The posed meshes with normals and occlusion, which is finer around the head if it is seen from `near`; the posed joints (j,3)."""
    from stages.render.gl import RenderMesh
    from stages.render.posing import compute_joint_transforms

    parts = [pose_mesh(mesh, skeleton, pose) for mesh in meshes]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    points = np.concatenate(parts)
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts[:-1], strict=True)])
    shading = compute_smooth_normals(points, triangles, places)
    for mesh, start in zip(meshes, starts[:-1], strict=True):
        if mesh.name in bind_normals:
            shading[start : start + len(mesh.positions)] = rotate_directions(mesh.skin, skeleton, pose, bind_normals[mesh.name])
    unoccluded = [
        RenderMesh(
            part, shading[a:b], mesh.uv, mesh.triangles, np.ones(len(part), np.float32), materials[mesh.material], shades.get(mesh.name)
        )
        for part, mesh, a, b in zip(parts, meshes, starts[:-1], starts[1:], strict=True)
    ]
    joints = compute_joint_transforms(skeleton, pose)[1]
    eyes = joints[[skeleton.names.index("LeftEye"), skeleton.names.index("RightEye")]].mean(0)
    sky = measure_open_sky(renderer, unoccluded, points, shading, eyes if near else None)
    posed = [replace(mesh, sky=sky[a:b]) for mesh, a, b in zip(unoccluded, starts[:-1], starts[1:], strict=True)]
    return posed, joints


def measure_open_sky(renderer: Renderer, meshes: Sequence[RenderMesh], points: Floats, shading: Floats, eyes: Floats | None) -> Floats:
    """(n,) the free part of the hemisphere over each point, 0..1: lips, lids, collars and hair darken where they meet.

    With `eyes` (3,) the head is measured again by itself: a lid is thinner than the texels of a depth map of the whole body.
    """
    low, high = points.min(0), points.max(0)
    everything = ((low + high) / 2, float(np.linalg.norm(high - low) / 2) + 0.02)
    with renderer.upload_meshes(meshes) as uploaded:
        sky = measure_free_sky(renderer, uploaded, points, shading, *everything)
        if eyes is not None:
            face = eyes - np.array([0, 0.02, 0.07], np.float32)
            near = np.flatnonzero(np.linalg.norm(points - face, axis=1) < _HEAD_RADIUS)
            fine = measure_free_sky(renderer, uploaded, points[near], shading[near], face, _HEAD_RADIUS)
            # Blended over 5 cm, so that no step shows where the fine measure ends.
            blend = np.clip((_HEAD_RADIUS - np.linalg.norm(points[near] - face, axis=1)) / 0.05, 0, 1)
            sky[near] += blend * (fine - sky[near])
    return sky


def measure_free_sky(
    renderer: Renderer,
    uploaded: Sequence[UploadedMesh],
    points: Floats,
    shading: Floats,
    centre: Floats,
    radius: float,
    directions: int = _SKY_DIRECTIONS,
    side: int = _OCCLUSION_SIDE,
) -> Floats:
    """(n,) the free part of the hemisphere over points within `radius` of `centre`: depth maps from all sides, cosine-weighted."""
    texel, depth = 2 * radius / side, radius + 1.5
    free, total = np.zeros(len(points), np.float32), np.full(len(points), 1e-6, np.float32)
    # Lifted along the normal by less than a texel, so that no surface hides itself.
    lifted = np.c_[points + shading * texel * 0.75, np.ones(len(points), np.float32)]
    for direction in spread_directions(directions):
        weight = np.maximum(shading @ direction, 0)
        clip = orthographic(direction, centre, radius, depth)
        renderer.draw_depth(uploaded, clip, side)
        nearest = renderer.read_depth(side)
        # From clip space -1..1 to the depth map's 0..1.
        projected = (lifted @ clip.T)[:, :3] * 0.5 + 0.5
        cell = np.clip((projected[:, :2] * side).astype(np.int32), 0, side - 1)
        # Tolerance: one texel in metres, as a share of the depth range, which is 2 depth.
        free += weight * (projected[:, 2] <= nearest[cell[:, 1], cell[:, 0]] + texel / (2 * depth))
        total += weight
    sky: Floats = np.clip(free / total, 0, 1)
    return sky


def _build_floor(points: Floats) -> RenderMesh:
    """A square of ground under the feet, darker the nearer it is to them."""
    from scipy.spatial import cKDTree

    from stages.render.gl import RenderMesh

    low, high = points.min(0), points.max(0)
    feet = points[points[:, 1] < low[1] + 0.06][:, [0, 2]]
    side, reach = 65, 1.6
    steps = np.linspace(-reach, reach, side)
    middle = (low + high)[[0, 2]] / 2
    grid = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2) + middle
    distance, _ = cKDTree(feet).query(grid)
    positions = np.c_[grid[:, 0], np.full(len(grid), low[1]), grid[:, 1]].astype(np.float32)
    cell = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    triangles = np.concatenate([np.stack([cell, cell + 1, cell + side], 1), np.stack([cell + 1, cell + side + 1, cell + side], 1)])
    uv = ((grid - middle) / (2 * reach) + 0.5).astype(np.float32)
    up = np.tile(np.array([0, 1, 0], np.float32), (len(grid), 1))
    # Contact shadow: 9 cm from a foot it has faded to a third.
    sky = (1 - np.exp(-distance / 0.09)).astype(np.float32)
    return RenderMesh(positions, up, uv, triangles.astype(np.int32), sky, Material("floor"))


def _render_shot(renderer: Renderer, meshes: Sequence[RenderMesh], joints: Floats, skeleton: Skeleton, shot: Shot) -> Image:
    """One picture of posed meshes."""
    points = np.concatenate([mesh.points for mesh in meshes])
    position = dict(zip(skeleton.names, joints, strict=True))
    eyes = (position["LeftEye"] + position["RightEye"]) / 2
    camera, aim, half = frame_camera(shot.camera, points, eyes, position["Neck"], shot.turn, shot.size[0] / shot.size[1])
    lamps = build_studio_lamps(shot.turn)
    radius = 1.5 * half
    shadow = orthographic(lamps[0].direction, aim, radius, 2.5)
    with renderer.upload_meshes([*meshes, _build_floor(points)]) as uploaded:
        renderer.draw_depth(uploaded[:-1], shadow)
        floor = uploaded[-1] if shot.camera == "full" else None
        # Penumbras of 7 and 12 mm; the shadow map spans two radii.
        spread = 0.007 / (2 * radius) if shot.camera != "full" else 0.012 / (2 * radius)
        return renderer.render_picture(
            uploaded[:-1], floor, camera, lamps, shadow, spread, shot.size, shot.oversampling, build_studio(shot.turn)
        )
