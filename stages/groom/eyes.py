"""Generated eyes: two eyeballs whose iris lies behind the limbus, with the normals of the clear cornea over it, and the gaze morphs.

A clear cornea would be a second, blended layer, which few engines light as glass. So the iris is a dish, which is seen to shift behind
its rim from the side, and its normals are the cornea's, on which highlights move as on a real eye. Any engine shows both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Image, Mesh, MorphTarget, Skin
from assets.conventions import EYE_VERTICES, JOINTS, LID_EDGES
from assets.rotation import from_axis_angle, rotate

EYE_SEGMENTS = 24
EYE_RINGS = (0.0, 0.045, 0.09, 0.124, 0.139, 0.152, 0.175, 0.23, 0.31, 0.41, 0.52)
"""Polar angles of the rings as shares of pi, from the pupil back to where the lids hide everything; between 0.124 and 0.152 is the wall
of the dish."""
IRIS_EDGE = 0.145
"""Polar angle of the edge of the iris as a share of pi: 26 degrees, an iris of about 12 mm on an eye of 24 mm."""
CORNEA_BULGE = 0.045
"""Height of the cornea above the sphere as a share of its radius: of its normals, for its surface is not drawn."""
_RIM_ANGLE, _FLOOR_ANGLE = 0.152, 0.124
"""Polar angles of the rim and of the floor of the iris' dish, as shares of pi."""
_IRIS_DEPTH = 0.07
"""Depth of the floor below the rim as a share of the radius: 0.8 mm, where refraction makes an iris appear (2.6 mm below the cornea)."""
PICTURE_SIDE = 512
# In V of the picture, of which 1 is 54 mm of an eye: how far the lids' shade reaches, and the height and width of the film of tears.
_UPPER_SHADE_V, _LOWER_SHADE_V, _TEARS_V = 0.058, 0.028, (0.004, 0.004)
_CATCHLIGHT, _LOWEST_CATCHLIGHT, _BELOW_LID = -0.28, -0.02, 0.20
"""Height of the catchlight in radii of the iris, down from the pupil: its usual and its lowest one, and its distance from the upper lid."""
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
    radius, height = _compute_profile(theta)
    points = np.stack([radius * np.cos(phi), radius * np.sin(phi), height], 1)
    uv = _project(np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], 1))
    faces = [(0, 1 + i, 1 + (i + 1) % EYE_SEGMENTS) for i in range(EYE_SEGMENTS)]
    for ring in range(len(EYE_RINGS) - 2):
        inner, outer = 1 + ring * EYE_SEGMENTS, 1 + (ring + 1) * EYE_SEGMENTS
        for i in range(EYE_SEGMENTS):
            j = (i + 1) % EYE_SEGMENTS
            faces += [(inner + i, outer + i, outer + j), (inner + i, outer + j, inner + j)]
    return points.astype(np.float32), np.array(faces, np.int32), uv.astype(np.float32)


def _compute_profile(theta: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """(n,) distances from the axis and (n,) heights along it of a unit eye: a sphere with a dish for the iris."""
    radius, height = np.sin(theta), np.cos(theta)
    rim = np.cos(_RIM_ANGLE * np.pi)
    floor = rim - _IRIS_DEPTH * _smoothstep(-theta / np.pi, -_RIM_ANGLE, -_FLOOR_ANGLE)
    return radius, np.where(theta < _RIM_ANGLE * np.pi, floor, height)


def compute_cornea_normals(body: Body) -> Floats:
    """(v,3) unit normals for the mesh of `build_eyes`: those of an eyeball with a cornea that bulges over the iris."""
    theta = np.r_[0, np.repeat(EYE_RINGS[1:], EYE_SEGMENTS) * np.pi]
    phi = np.r_[0, np.tile(np.arange(EYE_SEGMENTS) * 2 * np.pi / EYE_SEGMENTS, len(EYE_RINGS) - 1)]
    edge = IRIS_EDGE * 1.15 * np.pi
    rise = 1 + CORNEA_BULGE * np.clip(1 - (theta / edge) ** 2, 0, 1)
    slope = np.where(theta < edge, -2 * CORNEA_BULGE * theta / edge**2, 0)
    # The tangent along theta of (rise sin, rise cos), turned by a right angle outwards.
    out = rise * np.sin(theta) - slope * np.cos(theta)
    along = rise * np.cos(theta) + slope * np.sin(theta)
    unit = np.stack([out * np.cos(phi), out * np.sin(phi), along], 1)
    scaled = [unit / _measure_half_axes(body, side) for side in (0, 1)]
    return np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in scaled]).astype(np.float32)


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


@dataclass(frozen=True)
class LidLines:
    """Where the edges of the lids cross the picture of an eye, mean of both eyes."""

    upper: Floats
    """(s,) V at each column of the picture."""
    lower: Floats
    """(s,) likewise."""


def find_lid_lines(body: Body, size: int = PICTURE_SIDE) -> LidLines:
    """The lines of both lids at rest on the eyeballs of `build_eyes`."""
    columns = (np.arange(size) + 0.5) / size
    found = np.zeros((2, size))
    for side, edges in enumerate(LID_EDGES.values()):
        for lid, edge in enumerate(edges):
            arm = (body.positions[list(edge)] - body.eye_centres[side]) / _measure_half_axes(body, side)
            uv = _project(arm / np.linalg.norm(arm, axis=1, keepdims=True))
            order = np.argsort(uv[:, 0])
            # Both eyes have one picture, so a line is the mean of an eye's and the other's, which is mirrored.
            found[lid] += np.interp(columns, uv[order, 0], uv[order, 1]) / 2
    return LidLines(found[0].astype(np.float32), found[1].astype(np.float32))


def _project(directions: NDArray[np.floating]) -> NDArray[np.floating]:
    """(n,2) UVs of unit directions (n,3) of an eye that looks along +Z."""
    theta = np.arccos(np.clip(directions[:, 2], -1, 1))
    phi = np.arctan2(directions[:, 1], directions[:, 0])
    radius = theta / np.pi / EYE_RINGS[-1] * 0.48
    return np.stack([0.5 + radius * np.cos(phi), 0.5 - radius * np.sin(phi)], 1)


def paint_iris(colour: Floats, seed: int, size: int = PICTURE_SIDE, lids: LidLines | None = None, white: float = 1.0) -> Image:
    """(s,s,3) the eye from the front in azimuthal projection: pupil, fibres, limbus, veined sclera, the shade of the lids, a catchlight.

    Args:
        colour: (3,) sRGB 0..1 of the iris.
        lids: of this size, for the shade of the lids and the wet line on the lower one; without them a general shade from above.
        white: brightness of the sclera; 1 is that of fair people.
    """
    rng = np.random.default_rng(seed)
    grid = (np.arange(size) + 0.5) / size - 0.5
    x, y = np.meshgrid(grid, grid)
    scale = EYE_RINGS[-1] / IRIS_EDGE / 0.48
    radius = np.hypot(x, y) * scale  # 1 at the edge of the iris
    angle = np.arctan2(y, x)
    iris = _paint_iris_disc(rng, colour, x * scale, y * scale, radius, angle)
    sclera = _paint_sclera(rng, angle, radius) * white
    # The limbus is soft: the cornea turns into sclera over a millimetre.
    picture = iris + (sclera - iris) * _smoothstep(radius, 0.93, 1.10)[..., None]
    picture *= _smoothstep(radius, 0.29, 0.36)[..., None] * 0.985 + 0.015
    if lids is None:
        # Engines rarely cast the shadow of the upper lid and its lashes, so a little of it is painted.
        picture *= (1 - 0.38 * _smoothstep(-y * scale, 0.35, 1.25))[..., None]
    else:
        picture = _shade_lids(picture, (grid + 0.5)[:, None], lids)
    # A low lid would hide the window, and an eye without a catchlight looks dead.
    lid = -1.0 if lids is None else (float(lids.upper[size // 2]) - 0.5) * scale
    picture = _add_catchlight(picture, x * scale, y * scale, float(np.clip(lid + _BELOW_LID, _CATCHLIGHT, _LOWEST_CATCHLIGHT)))
    return Image((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def _paint_iris_disc(
    rng: np.random.Generator,
    colour: Floats,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    radius: NDArray[np.floating],
    angle: NDArray[np.floating],
) -> NDArray[np.floating]:
    """(s,s,3) the iris; x and y (s,s) are in radii of the iris, y down."""
    fibres = _paint_fibres(rng, angle, radius)
    shade = 0.58 + 0.55 * fibres + 0.20 * np.exp(-(((radius - 0.45) / 0.10) ** 2))
    # Light from above is refracted by the cornea to the far side of the iris: it makes the depth that one sees.
    shade *= 1 + 0.42 * _smoothstep(y, -0.5, 0.8) * np.exp(-(((radius - 0.66) / 0.24) ** 2)) - 0.30 * _smoothstep(-y, -0.1, 0.8)
    # Every iris is browner around the pupil.
    warm = 1 + np.exp(-(((radius - 0.42) / 0.14) ** 2))[..., None] * np.array([0.30, 0.08, -0.15])
    iris = np.clip(colour[None, None] * shade[..., None] * warm, 0, 1)
    return np.asarray(iris * (1 - 0.70 * _smoothstep(radius, 0.74, 1.0))[..., None])


def _shade_lids(picture: NDArray[np.floating], v: NDArray[np.floating], lids: LidLines) -> NDArray[np.floating]:
    """The picture in the shade of the lids, redder where it is darkest, with the film of tears on the lower lid; v (s,1) of its rows."""
    below, above = v - lids.upper[None], lids.lower[None] - v
    shade = 0.62 * np.exp(-((np.maximum(below, 0) / _UPPER_SHADE_V) ** 1.3)) + 0.30 * np.exp(-np.maximum(above, 0) / _LOWER_SHADE_V)
    light = np.clip(1 - shade, 0.12, 1)[..., None] ** np.array([0.85, 1.0, 1.04])
    tears = 0.20 * np.exp(-(((above - _TEARS_V[0]) / _TEARS_V[1]) ** 2))[..., None]
    return np.asarray(picture * light + tears)


def _add_catchlight(
    picture: NDArray[np.floating], x: NDArray[np.floating], y: NDArray[np.floating], window_y: float
) -> NDArray[np.floating]:
    """The picture with the reflection of a window, for viewers without lights, and its faint counterpart from below."""
    window = 0.85 * np.exp(-((((x + 0.24) / 0.15) ** 2 + ((y - window_y) / 0.17) ** 2) ** 3))
    floor = 0.10 * np.exp(-(((x - 0.22) / 0.26) ** 2 + ((y - 0.42) / 0.16) ** 2))
    return np.asarray(picture + (1 - picture) * (window + floor)[..., None])


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
    white = np.array([0.83, 0.80, 0.77]) * (1 - back) + np.array([0.60, 0.46, 0.44]) * back
    veins = np.zeros_like(angle)
    for _ in range(26):
        start, width, wave, phase = rng.uniform(-np.pi, np.pi), rng.uniform(0.006, 0.016), rng.uniform(3, 8), rng.uniform(0, 6)
        path = start + 0.10 * np.sin(wave * radius + phase)
        gap = np.abs((angle - path + np.pi) % (2 * np.pi) - np.pi)
        veins += np.exp(-((gap / width) ** 2)) * _smoothstep(radius, rng.uniform(1.4, 2.2), 3.4)
    return np.asarray(white - np.clip(veins, 0, 1)[..., None] * np.array([0.04, 0.16, 0.15]))
