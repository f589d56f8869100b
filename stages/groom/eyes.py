"""Generated eyes: two eyeballs with bulging corneas, a painted iris, and the gaze morphs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Image, Mesh, MorphTarget, Skin
from assets.conventions import EYE_VERTICES, JOINTS
from assets.rotation import from_axis_angle, rotate

EYE_SEGMENTS = 24
EYE_RINGS = (0.0, 0.035, 0.07, 0.105, 0.13, 0.15, 0.175, 0.23, 0.31, 0.41, 0.52)
"""Polar angles of the rings as shares of pi, from the pupil back to where the lids hide everything."""
IRIS_EDGE = 0.145
"""Polar angle of the edge of the iris as a share of pi: 26 degrees, an iris of about 12 mm on an eye of 24 mm."""
CORNEA_BULGE = 0.045
"""Height of the cornea above the sphere as a share of its radius."""
_GAZE_RANGES = {"Up": (-1, 0, 24), "Down": (1, 0, 28), "In": (0, -1, 30), "Out": (0, 1, 30)}
"""Direction -> x and y of the axis for the left eye, and degrees at full weight: the comfortable range of human gaze."""


def build_eyes(body: Body, material: str) -> Mesh:
    """Both eyes as one mesh, each skinned to its joint, with the eight eyeLook morphs."""
    directions, triangles, uv = _build_eye_sphere()
    parts, targets = [], []
    for side in (0, 1):
        centre, extent = body.eye_centres[side], _measure_half_axes(body, side)
        points = centre + directions * extent
        start = side * len(points)
        targets += _build_gaze_morphs(points - centre, side, start)
        parts.append(points)
    count = len(directions)
    joints = np.zeros((2 * count, 4), np.uint16)
    joints[:count, 0], joints[count:, 0] = JOINTS.index("LeftEye"), JOINTS.index("RightEye")
    weights = np.tile(np.array([1, 0, 0, 0], np.float32), (2 * count, 1))
    faces = np.concatenate([triangles, triangles + count]).astype(np.int32)
    positions = np.concatenate(parts).astype(np.float32)
    return Mesh("eyes", positions, np.tile(uv, (2, 1)), faces, Skin(joints, weights), tuple(targets), material)


def _build_eye_sphere() -> tuple[Floats, NDArray[np.int32], Floats]:
    """Points (n,3) of a unit eye with the pupil at +Z, triangles (t,3), and UVs (n,2) with the pupil in the middle."""
    rings = np.repeat(EYE_RINGS[1:], EYE_SEGMENTS) * np.pi
    around = np.tile(np.arange(EYE_SEGMENTS) * 2 * np.pi / EYE_SEGMENTS, len(EYE_RINGS) - 1)
    theta, phi = np.r_[0, rings], np.r_[0, around]
    rise = 1 + CORNEA_BULGE * np.clip(1 - (theta / (IRIS_EDGE * 1.15 * np.pi)) ** 2, 0, 1)
    points = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], 1) * rise[:, None]
    radius = theta / np.pi / EYE_RINGS[-1] * 0.48
    uv = np.stack([0.5 + radius * np.cos(phi), 0.5 - radius * np.sin(phi)], 1)
    faces = [(0, 1 + i, 1 + (i + 1) % EYE_SEGMENTS) for i in range(EYE_SEGMENTS)]
    for ring in range(len(EYE_RINGS) - 2):
        inner, outer = 1 + ring * EYE_SEGMENTS, 1 + (ring + 1) * EYE_SEGMENTS
        for i in range(EYE_SEGMENTS):
            j = (i + 1) % EYE_SEGMENTS
            faces += [(inner + i, outer + i, outer + j), (inner + i, outer + j, inner + j)]
    return points.astype(np.float32), np.array(faces, np.int32), uv.astype(np.float32)


def _measure_half_axes(body: Body, side: int) -> Floats:
    """(3,) half axes of one eyeball: the body's helper eye may be an ellipsoid, and its lids fit that shape."""
    points = body.positions[EYE_VERTICES]
    eye = points[points[:, 0] > 0] if side == 0 else points[points[:, 0] < 0]
    half: Floats = np.asarray((eye.max(0) - eye.min(0)) / 2, np.float32)
    # The helper's front already bulges to a cornea, so depth follows the other two axes; all are a little smaller than the lids' inside.
    half[2] = min(float(half[2]), float(half[:2].mean()) * 1.04)
    return half * np.float32(0.985)


def _build_gaze_morphs(arm: Floats, side: int, start: int) -> list[MorphTarget]:
    """The four eyeLook morphs of one eye, as rotations about its centre."""
    found = []
    name = "Left" if side == 0 else "Right"
    # The left eye is at +X: looking out rotates it towards +X, looking in towards -X. The right eye is mirrored.
    outward = 1 if side == 0 else -1
    for direction, (x, y, degrees) in _GAZE_RANGES.items():
        axis = np.array([x, y * outward, 0.0])
        rotated = rotate(from_axis_angle(axis, np.radians(degrees)), arm)
        indices = np.arange(start, start + len(arm), dtype=np.int32)
        found.append(MorphTarget(f"eyeLook{direction}{name}", indices, (rotated - arm).astype(np.float32)))
    return found


def paint_iris(colour: Floats, seed: int, size: int = 512) -> Image:
    """(s,s,3) the eye from the front in azimuthal projection: pupil, fibres, collarette, limbal ring and veined sclera.

    Args:
        colour: (3,) sRGB 0..1 of the iris.
    """
    rng = np.random.default_rng(seed)
    grid = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(grid, grid)
    radius = np.hypot(x, y) / 0.48 * EYE_RINGS[-1] / IRIS_EDGE  # 1 at the edge of the iris
    angle = np.arctan2(y, x)
    fibres = _paint_fibres(rng, angle, radius)
    shade = 0.58 + 0.55 * fibres + 0.20 * np.exp(-(((radius - 0.45) / 0.10) ** 2))
    # Every iris is browner around the pupil.
    warm = 1 + np.exp(-(((radius - 0.42) / 0.14) ** 2))[..., None] * np.array([0.30, 0.08, -0.15])
    iris = np.clip(colour[None, None] * shade[..., None] * warm, 0, 1)
    iris *= (1 - 0.72 * _smoothstep(radius, 0.80, 1.0))[..., None]
    white = _paint_sclera(rng, angle, radius)
    picture = iris + (white - iris) * _smoothstep(radius, 0.97, 1.06)[..., None]
    picture *= _smoothstep(radius, 0.30, 0.37)[..., None] * 0.985 + 0.015
    # Engines rarely cast the shadow of the upper lid and its lashes, so a little of it is painted.
    picture *= (1 - 0.38 * _smoothstep(-y / 0.48 * EYE_RINGS[-1] / IRIS_EDGE, 0.35, 1.25))[..., None]
    return Image((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def _smoothstep(x: NDArray[np.floating], low: float, high: float) -> NDArray[np.floating]:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _paint_fibres(rng: np.random.Generator, angle: NDArray[np.floating], radius: NDArray[np.floating]) -> NDArray[np.floating]:
    """0..1 streaks from the pupil outwards: waves of several frequencies, which bend a little with the radius."""
    total = np.zeros_like(angle)
    for frequency in (7, 13, 23, 41, 67, 97):
        phase, bend = rng.uniform(0, 2 * np.pi, 2)
        total += np.sin(frequency * angle + phase + 1.3 * np.sin(3 * radius + bend)) / np.sqrt(frequency)
    return np.asarray(0.5 + 0.5 * np.tanh(total * 0.9))


def _paint_sclera(rng: np.random.Generator, angle: NDArray[np.floating], radius: NDArray[np.floating]) -> NDArray[np.floating]:
    """(s,s,3) the sclera: off-white, redder and darker towards the lids, with thin veins from the corners."""
    back = _smoothstep(radius, 1.1, 3.4)[..., None]
    white = np.array([0.82, 0.79, 0.76]) * (1 - back) + np.array([0.62, 0.48, 0.46]) * back
    veins = np.zeros_like(angle)
    for _ in range(26):
        start, width, wave, phase = rng.uniform(-np.pi, np.pi), rng.uniform(0.006, 0.016), rng.uniform(3, 8), rng.uniform(0, 6)
        path = start + 0.10 * np.sin(wave * radius + phase)
        gap = np.abs((angle - path + np.pi) % (2 * np.pi) - np.pi)
        veins += np.exp(-((gap / width) ** 2)) * _smoothstep(radius, rng.uniform(1.4, 2.2), 3.4)
    return np.asarray(white - np.clip(veins, 0, 1)[..., None] * np.array([0.04, 0.16, 0.15]))
