"""Pictures of a character: stills of posed meshes in a photographer's studio, and the walk round it that makes a turntable."""

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
from stages.render.light import Framing, build_studio_lamps, frame_camera, orthographic
from stages.render.posing import Pose, compute_smooth_normals, pose_mesh, rotate_directions

if TYPE_CHECKING:
    from stages.render.gl import Renderer, RenderMesh, UploadedMesh

__all__ = ["Pose", "Shot", "encode_turntable", "plan_turntable", "render_stills"]

# A GL context belongs to one thread and EGL's display to the whole process: one painter at a time.
GL_LOCK = threading.Lock()
_SKY_DIRECTIONS = 40
_OCCLUSION_SIDE = 512
_MOVING_OVERSAMPLING = 1.5  # drawn pixels for each of a small picture that moves: half the time of 2, and nobody sees it
_HEAD_RADIUS = 0.22  # metres round the middle of the head


@dataclass(frozen=True)
class Shot:
    """One picture to take."""

    name: str
    pose: Pose
    camera: Framing = "portrait"
    turn: float = 0.0
    """Radians; positive shows the character turned to its left."""
    size: tuple[int, int] = (640, 800)
    """(w,h) px."""
    oversampling: float = 2.0
    """Drawn pixels a side for each of the picture's."""


def render_stills(meshes: Sequence[Mesh], materials: Mapping[str, Material], images: Mapping[str, Image], skeleton: Skeleton,
           shots: Sequence[Shot], shading: Mapping[str, Floats] | None = None) -> dict[str, Image]:  # fmt: skip
    """Name -> (h,w,3) picture of every shot; shots of one pose that follow each other are posed once.

    `shading` holds the bind normals (v,3) of meshes that no morph moves, by mesh name, as an engine will turn them with the joints;
    all others are shaded by their posed shape.

    Raises:
        BackendError: no EGL on this machine, or a mesh or material names what is not there.
    """
    _check_materials(meshes, materials)
    from stages.render import gl

    with GL_LOCK, gl.open_context():
        painter = gl.Renderer(images)
        places = weld_points(np.concatenate([mesh.positions for mesh in meshes]))
        taken: dict[str, Image] = {}
        ready: dict[int, tuple[list[RenderMesh], Floats]] = {}
        for shot in shots:
            if id(shot.pose) not in ready:
                near = any(other.camera != "full" for other in shots if other.pose is shot.pose)
                ready = {id(shot.pose): _pose_meshes(painter, meshes, materials, skeleton, shot.pose, places, shading or {}, near)}
            taken[shot.name] = _render_shot(painter, *ready[id(shot.pose)], skeleton, shot)
        return taken


def plan_turntable(pose: Pose, camera: Framing = "full", size: tuple[int, int] = (300, 480), frames: int = 24) -> list[Shot]:
    """The shots of one walk round the character."""
    return [Shot(f"turn{i:03d}", pose, camera, 2 * np.pi * i / frames, size, _MOVING_OVERSAMPLING) for i in range(frames)]


def encode_turntable(taken: Sequence[Image], limit: int = 300_000) -> bytes:
    """An animated WebP (ten pictures a second, endless) of a walk's pictures, at most `limit` bytes.

    Raises:
        BackendError: they do not fit in `limit` even at the lowest quality.
    """
    from PIL import Image as Picture

    pictures = [Picture.fromarray(still.pixels) for still in taken]
    for quality in (82, 70, 55, 40, 25, 10):
        stream = io.BytesIO()
        pictures[0].save(stream, "WEBP", save_all=True, append_images=pictures[1:], duration=100, loop=0, quality=quality, method=4)
        if stream.tell() <= limit:
            return stream.getvalue()
    message = f"{len(taken)} pictures of {pictures[0].width} x {pictures[0].height} do not fit in {limit} bytes"
    raise BackendError(Finding("render/turntable", message, limit=limit))


def _check_materials(meshes: Sequence[Mesh], materials: Mapping[str, Material]) -> None:
    if not meshes:
        raise BackendError(Finding("render/empty", "there is no mesh to draw"))
    for mesh in meshes:
        if mesh.material not in materials:
            raise BackendError(Finding("render/material", f"the mesh {mesh.name!r} has no material {mesh.material!r}"))


def _pose_meshes(painter: Renderer, meshes: Sequence[Mesh], materials: Mapping[str, Material], skeleton: Skeleton, pose: Pose,
            places: NDArray[np.int64], given: Mapping[str, Floats] = MappingProxyType({}),
             near: bool = True) -> tuple[list[RenderMesh], Floats]:  # fmt: skip
    """The posed meshes with normals and open sky, finely about the head where it is seen from `near`, and the posed joints (j,3)."""
    from stages.render.gl import RenderMesh
    from stages.render.posing import compute_joint_transforms

    parts = [pose_mesh(mesh, skeleton, pose) for mesh in meshes]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    points = np.concatenate(parts)
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts[:-1], strict=True)])
    shading = compute_smooth_normals(points, triangles, places)
    for mesh, start in zip(meshes, starts[:-1], strict=True):
        if mesh.name in given:
            shading[start : start + len(mesh.positions)] = rotate_directions(mesh.skin, skeleton, pose, given[mesh.name])
    bare = [
        RenderMesh(part, shading[a:b], mesh.uv, mesh.triangles, np.ones(len(part), np.float32), materials[mesh.material])
        for part, mesh, a, b in zip(parts, meshes, starts[:-1], starts[1:], strict=True)
    ]
    joints = compute_joint_transforms(skeleton, pose)[1]
    eyes = joints[[skeleton.names.index("LeftEye"), skeleton.names.index("RightEye")]].mean(0)
    sky = _measure_open_sky(painter, bare, points, shading, eyes if near else None)
    done = [replace(piece, sky=sky[a:b]) for piece, a, b in zip(bare, starts[:-1], starts[1:], strict=True)]
    return done, joints


def _spread_directions(count: int) -> Floats:
    """(count,3) unit vectors spread evenly over the sphere (Fibonacci)."""
    at = np.arange(count) + 0.5
    y, turn = 1 - 2 * at / count, np.pi * (1 + 5**0.5) * at
    ring = np.sqrt(1 - y * y)
    return np.stack([np.cos(turn) * ring, y, np.sin(turn) * ring], 1).astype(np.float32)


def _measure_open_sky(painter: Renderer, pieces: Sequence[RenderMesh], points: Floats, shading: Floats, eyes: Floats | None) -> Floats:
    """(n,) how much of the sphere over each point is free, 0..1.

    What the eye misses without it: lips, lids, collars and hair darken where they meet. The head is measured again on its
    own where its `eyes` are told, since a lid is thinner than what the depth maps of a whole body resolve.
    """
    low, high = points.min(0), points.max(0)
    everything = ((low + high) / 2, float(np.linalg.norm(high - low) / 2) + 0.02)
    with painter.upload_meshes(pieces) as held:
        sky = measure_free_sky(painter, held, points, shading, *everything)
        if eyes is not None:
            face = eyes - np.array([0, 0.02, 0.07], np.float32)
            near = np.flatnonzero(np.linalg.norm(points - face, axis=1) < _HEAD_RADIUS)
            fine = measure_free_sky(painter, held, points[near], shading[near], face, _HEAD_RADIUS)
            # No step where the fine measure ends.
            blend = np.clip((_HEAD_RADIUS - np.linalg.norm(points[near] - face, axis=1)) / 0.05, 0, 1)
            sky[near] += blend * (fine - sky[near])
    return sky


def measure_free_sky(painter: Renderer, held: Sequence[UploadedMesh], points: Floats, shading: Floats, centre: Floats, radius: float,
             ways: int = _SKY_DIRECTIONS, side: int = _OCCLUSION_SIDE) -> Floats:  # fmt: skip
    """(n,) the free part of the sphere over points within `radius` of `centre`: depth maps from all sides, cosine-weighted."""
    texel, depth = 2 * radius / side, radius + 1.5
    free, total = np.zeros(len(points), np.float32), np.full(len(points), 1e-6, np.float32)
    lifted = np.c_[points + shading * texel * 0.75, np.ones(len(points), np.float32)]
    for way in _spread_directions(ways):
        weight = np.maximum(shading @ way, 0)
        clip = orthographic(way, centre, radius, depth)
        painter.draw_depth(held, clip, side)
        nearest = painter.read_depth(side)
        at = (lifted @ clip.T)[:, :3] * 0.5 + 0.5
        cell = np.clip((at[:, :2] * side).astype(np.int32), 0, side - 1)
        free += weight * (at[:, 2] <= nearest[cell[:, 1], cell[:, 0]] + texel / (2 * depth))
        total += weight
    sky: Floats = np.clip(free / total, 0, 1)
    return sky


def _build_floor(points: Floats) -> RenderMesh:
    """A disc of ground under the feet, dark where the feet keep the light off."""
    from stages.render.gl import RenderMesh

    low, high = points.min(0), points.max(0)
    feet = points[points[:, 1] < low[1] + 0.06][:, [0, 2]]
    side, reach = 65, 1.6
    across = np.linspace(-reach, reach, side)
    middle = (low + high)[[0, 2]] / 2
    grid = np.stack(np.meshgrid(across, across, indexing="ij"), -1).reshape(-1, 2) + middle
    from scipy.spatial import cKDTree

    away, _ = cKDTree(feet).query(grid)
    place = np.c_[grid[:, 0], np.full(len(grid), low[1]), grid[:, 1]].astype(np.float32)
    cell = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    triangles = np.concatenate([np.stack([cell, cell + 1, cell + side], 1), np.stack([cell + 1, cell + side + 1, cell + side], 1)])
    uv = ((grid - middle) / (2 * reach) + 0.5).astype(np.float32)
    up = np.tile(np.array([0, 1, 0], np.float32), (len(grid), 1))
    return RenderMesh(place, up, uv, triangles.astype(np.int32), (1 - np.exp(-away / 0.09)).astype(np.float32), Material("floor"))


def _render_shot(painter: Renderer, pieces: Sequence[RenderMesh], joints: Floats, skeleton: Skeleton, shot: Shot) -> Image:
    """One picture of posed pieces."""
    points = np.concatenate([piece.points for piece in pieces])
    place = dict(zip(skeleton.names, joints, strict=True))
    eyes = (place["LeftEye"] + place["RightEye"]) / 2
    camera, aim, half = frame_camera(shot.camera, points, eyes, place["Neck"], shot.turn, shot.size[0] / shot.size[1])
    lamps = build_studio_lamps(shot.turn)
    radius = 1.5 * half
    shadow = orthographic(lamps[0].direction, aim, radius, 2.5)
    with painter.upload_meshes([*pieces, _build_floor(points)]) as held:
        painter.draw_depth(held[:-1], shadow)
        floor = held[-1] if shot.camera == "full" else None
        spread = 0.007 / (2 * radius) if shot.camera != "full" else 0.012 / (2 * radius)
        return painter.picture(held[:-1], floor, camera, lamps, shadow, spread, shot.size, shot.oversampling)
