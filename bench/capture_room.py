"""Where the films of bench.capture_films are made: cameras, lamps, rooms with patterns, and a stool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assets.artefacts.geometry import Floats, Material, Pixels

if TYPE_CHECKING:
    from stages.render.gl import RenderMesh

_FULL_FRAME_MM = 36.0
"""Long side of the sensor by which focal lengths of lenses are compared."""


@dataclass(frozen=True)
class FilmCamera:
    """A camera on a tripod or, with `pan`, in a hand that moves."""

    size: tuple[int, int]
    fps: int
    yaw: float
    """Radians around the person, from +Z to +X."""
    height: float
    """Metres over the floor."""
    lens_mm: float
    """Focal length for a full-frame sensor."""
    slack: float
    """Of the distance at which the movement just fits into the picture."""
    pan: float = 0.0
    """Radians by which it sways."""

    @property
    def focal(self) -> float:
        """Pixels."""
        return self.lens_mm / _FULL_FRAME_MM * max(self.size)


def draw_lamps(random: np.random.Generator) -> tuple[Floats, Floats]:
    """(3,3) directions to the lamps and (3,3) their colours."""
    from stages.render.light import compute_direction

    key, strength = random.uniform(-60, 60), random.uniform(0.75, 1.15)
    places = ((0, 45, 0.75), (85, 20, 0.3), (-110, 25, 0.3))
    directions = np.stack([compute_direction(np.radians(key + turn), np.radians(rise)) for turn, rise, _ in places])
    tint = random.uniform(0.92, 1.0, 3)
    return directions, np.stack([power * strength * tint for *_, power in places]).astype(np.float32)


class Room:
    """A floor and a back wall with patterns, painted by casting a ray for every pixel."""

    def __init__(self, random: np.random.Generator, joints: Floats) -> None:
        self.back = float(joints[:, 2].min()) - float(random.uniform(0.8, 3.0))
        self.textures = [_paint_pattern(random) for _ in range(2)]

    def paint(self, camera: FilmCamera, eye: Floats, view: Floats) -> tuple[Floats, Floats]:
        """(h,w,3) float32 0..255 without anybody, and (h/16,w/16,2) the floor's x and z behind every sixteenth pixel."""
        import cv2

        rays = _cast_rays(camera, view)
        # Distance along each ray to the floor at y = 0 and to the wall at z = back.
        down = np.where(rays[..., 1] < -1e-4, -eye[1] / np.minimum(rays[..., 1], -1e-4), np.inf)
        on = np.where(rays[..., 2] < -1e-4, (self.back - eye[2]) / np.minimum(rays[..., 2], -1e-4), np.inf)
        layers = []
        for distance, axes, texture in ((down, (0, 2), self.textures[0]), (on, (0, 1), self.textures[1])):
            place = eye + rays * np.minimum(distance, 50)[..., None]
            u, v = (np.mod(place[..., axis] / 4.0, 1) * (texture.shape[1] - 1) for axis in axes)
            layers.append(cv2.remap(texture, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR))
        ground = np.where((down < on)[..., None], eye + rays * np.minimum(down, 50)[..., None], 1e3)
        return np.where((down < on)[..., None], *layers).astype(np.float32), ground[::16, ::16, [0, 2]]


def shade_floor(ground: Floats, feet: Floats, size: tuple[int, int]) -> Floats:
    """(h,w,3) 0..1 the contact shadows of feet (n,3) on the floor."""
    import cv2

    away = np.square(ground[:, :, None] - feet[:, [0, 2]]).sum(-1)
    dark = np.exp(-away / 0.02 - np.maximum(feet[:, 1] - 0.1, 0) * 12).max(-1)
    return cv2.merge([cv2.resize((1 - 0.6 * dark).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)] * 3)


def _cast_rays(camera: FilmCamera, view: Floats) -> Floats:
    """(h,w,3) directions through the pixels."""
    right = np.cross(view, (0, 1, 0))
    right /= np.linalg.norm(right)
    up = np.cross(right, view)
    x = (np.arange(camera.size[0]) + 0.5 - camera.size[0] / 2) / camera.focal
    y = (np.arange(camera.size[1]) + 0.5 - camera.size[1] / 2) / camera.focal
    return np.asarray(view + x[None, :, None] * right - y[:, None, None] * up)


def build_stool(random: np.random.Generator, joints: Floats) -> RenderMesh:
    """A box under the pelvis of the last frame; `joints` (f,j,3)."""
    from stages.render.gl import RenderMesh

    hips = joints[-1, 0]
    low = np.array([hips[0] - 0.2, 0, hips[2] - 0.24])
    high = np.array([hips[0] + 0.2, max(float(hips[1]) - 0.12, 0.1), hips[2] + 0.06])
    corners = np.array([[high[i] if b >> i & 1 else low[i] for i in range(3)] for b in range(8)], np.float32)
    sides = [(0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
    points = np.concatenate([corners[list(side)] for side in sides])
    normals = np.repeat(np.array([(0, 0, -1), (0, 0, 1), (0, -1, 0), (0, 1, 0), (-1, 0, 0), (1, 0, 0)], np.float32), 4, 0)
    triangles = np.array([(4 * i, 4 * i + a, 4 * i + b) for i in range(6) for a, b in ((1, 2), (2, 3))], np.int32)
    material = Material("stool", colour=(*random.uniform(0.1, 0.6, 3).tolist(), 1.0))
    # Both sides count as front: the shader turns the normals of back faces.
    return RenderMesh(points, normals, np.zeros((24, 2), np.float32), triangles, np.ones(24, np.float32), material)


def _paint_pattern(random: np.random.Generator) -> Pixels:
    """A square of noise, stripes or tiles in two colours."""
    import cv2

    side, kind = 256, int(random.integers(3))
    # Walls and floors are nearly grey.
    first = random.uniform(50, 200) + random.uniform(-28, 28, 3)
    second = random.uniform(-35, 35) + random.uniform(-12, 12, 3)
    y, x = np.mgrid[:side, :side] / side
    count = int(random.integers(4, 12))
    share = [np.sin(2 * np.pi * count * x), (np.floor(count * x) + np.floor(count * y)) % 2, np.zeros_like(x)][kind]
    rough = sum(cv2.resize(random.normal(0, 1, (n, n)), (side, side), interpolation=cv2.INTER_CUBIC) for n in (8, 32, 96))
    return np.clip(first + (share + 0.35 * rough)[..., None] * second, 0, 255).astype(np.uint8)
