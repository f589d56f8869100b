"""Cameras and lamps: matrices, framings, and the lights of a portrait photographer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from assets.artefacts.geometry import Floats

Framing = Literal["portrait", "close", "half", "full"]
LENS_ANGLE = np.radians(24.0)
"""Vertical field of view, radians: an 85 mm portrait lens on a 36 x 24 mm sensor held upright."""


@dataclass(frozen=True)
class Camera:
    """A perspective camera."""

    eye: Floats
    """(3,) metres."""
    view: Floats
    """(4,4) world to camera."""
    projection: Floats
    """(4,4) OpenGL clip matrix."""


@dataclass(frozen=True)
class Lamp:
    """A distant light."""

    direction: Floats
    """(3,) unit vector towards the lamp."""
    colour: tuple[float, float, float]
    """Linear irradiance."""
    size: float
    """0 a point .. 1 very wide; widens highlights."""


@dataclass(frozen=True)
class Softbox:
    """A wide light of the surroundings: radiance colour * exp(sharpness * (cos - 1)) at an angle from its middle."""

    direction: Floats
    """(3,) unit vector towards its middle."""
    colour: tuple[float, float, float]
    """Linear radiance in the middle."""
    sharpness: float
    """4 covers a wall, 20 is an umbrella at arm's length, 60 a strip."""


MAX_SOFTBOXES = 4
"""Of one scenery: the length of the shader's arrays."""


@dataclass(frozen=True)
class Scenery:
    """Surroundings in linear RGB: a backdrop that fades outwards, ambient light from above and below, and softboxes."""

    inner: tuple[float, float, float] = (0.60, 0.61, 0.62)
    outer: tuple[float, float, float] = (0.20, 0.215, 0.235)
    centre: tuple[float, float] = (0.5, 0.58)
    sky: tuple[float, float, float] = (0.53, 0.52, 0.515)
    ground: tuple[float, float, float] = (0.27, 0.24, 0.22)
    softboxes: tuple[Softbox, ...] = ()
    """At most MAX_SOFTBOXES."""
    is_filmic: bool = False
    """Whether dark and bright tones are compressed as on film; otherwise base colours are kept as they are."""


def compute_irradiance(scenery: Scenery) -> Floats:
    """(9,3) irradiance over pi, by normal (x, y, z): the factors of 1, y, z, x, x*y, y*z, 3*z*z - 1, x*z and x*x - y*y.

    Source: Ramamoorthi and Hanrahan, An efficient representation for irradiance environment maps, 2001.
    """
    sky, ground = np.array(scenery.sky), np.array(scenery.ground)
    found = np.zeros((9, 3))
    # Ambient light is given as irradiance, which a hemisphere light varies linearly with the height of the normal.
    found[0], found[1] = (sky + ground) / 2, (sky - ground) / 2
    x, y, z = directions = spread_directions(_QUADRATURE_DIRECTIONS).T.astype(np.float64)
    basis = np.stack([np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    for box in scenery.softboxes:
        radiance = np.exp(box.sharpness * (box.direction @ directions - 1))[:, None] * np.array(box.colour)
        found += _HARMONICS[:, None] * (basis @ radiance) * (4 / _QUADRATURE_DIRECTIONS)
    return found.astype(np.float32)


_QUADRATURE_DIRECTIONS = 4000
# Squared constants of the real spherical harmonics, times the cosine lobe's coefficients pi, 2 pi / 3 and pi / 4.
_HARMONICS = np.array(
    [0.282095**2 * np.pi] + [0.488603**2 * 2 * np.pi / 3] * 3
    + [c**2 * np.pi / 4 for c in (1.092548, 1.092548, 0.315392, 1.092548, 0.546274)]
)  # fmt: skip


def spread_directions(count: int) -> Floats:
    """(count,3) unit vectors spread evenly over the sphere (Fibonacci)."""
    index = np.arange(count) + 0.5
    # Equal steps in y cut a sphere into zones of equal area (Archimedes); the golden angle spreads them around it.
    y, angle = 1 - 2 * index / count, np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - y * y)
    return np.stack([np.cos(angle) * radius, y, np.sin(angle) * radius], 1).astype(np.float32)


def look_at(eye: Floats, aim: Floats) -> Floats:
    """(4,4) world to camera, +Y up."""
    back = eye - aim
    back = back / np.linalg.norm(back)
    # Where the view is almost vertical, +Y has no direction across it.
    up = np.array([0, 1, 0], np.float32) if abs(back[1]) < 0.98 else np.array([0, 0, -1], np.float32)
    right = np.cross(up, back)
    right = right / np.linalg.norm(right)
    # The camera looks along its own -Z, as OpenGL expects: the third row points back.
    out = np.eye(4, dtype=np.float32)
    out[:3, :3] = np.stack([right, np.cross(back, right), back])
    out[:3, 3] = -out[:3, :3] @ eye
    return out


def perspective(height: float, aspect: float, near: float, far: float) -> Floats:
    """(4,4) clip matrix; `height` is the vertical field of view in radians."""
    f = 1 / np.tan(height / 2)
    out = np.zeros((4, 4), np.float32)
    out[0, 0], out[1, 1] = f / aspect, f
    # The -1 makes w the distance in front of the camera, which is -z.
    out[2, 2], out[2, 3], out[3, 2] = (far + near) / (near - far), 2 * far * near / (near - far), -1
    return out


def orthographic(direction: Floats, centre: Floats, radius: float, depth: float) -> Floats:
    """(4,4) clip matrix of an orthographic view of a sphere from a direction (3,)."""
    view = look_at(np.asarray(centre + direction * depth, np.float32), centre)
    scale = np.diag([1 / radius, 1 / radius, -1 / depth, 1]).astype(np.float32)
    # The centre is at z = -depth, which becomes 0; near and far are at 0 and 2 depth from the camera.
    scale[2, 3] = -1
    return np.asarray(scale @ view, np.float32)


def frame_camera(framing: Framing, points: Floats, eyes: Floats, neck: Floats, turn: float, aspect: float) -> tuple[Camera, Floats, float]:
    """Camera, aim (3,) and half the visible height in metres of a framing.

    Args:
        points: (n,3) all that is drawn.
        eyes: (3,) the middle between the eyes.
        neck: (3,) the neck joint.
        turn: radians; positive shows the character turned to its left.
        aspect: width over height.
    """
    top = float(points[np.abs(points - eyes)[:, [0, 2]].max(1) < 0.25, 1].max(initial=float(eyes[1]) + 0.12))
    head = top - float(neck[1])
    if framing == "full":
        low, high = points.min(0), points.max(0)
        half = 0.5 * max(high[1] - low[1], (high[0] - low[0]) / aspect) * 1.12
        aim = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2 - 0.01, eyes[2] - 0.05], np.float32)
    else:
        # In heights of the head, above the crown and below the neck joint.
        above, below = {"portrait": (0.20, 0.52), "close": (0.08, 0.05), "half": (0.25, 2.3)}[framing]
        high_y, low_y = top + above * head, float(neck[1]) - below * head
        half = (high_y - low_y) / 2
        aim = np.array([eyes[0], (high_y + low_y) / 2, eyes[2] - 0.06], np.float32)
    distance = half / np.tan(LENS_ANGLE / 2)
    rise = 0.03 if framing == "full" else 0.0
    # The camera and its lamps move around the character, which then needs no new pose.
    direction = np.array([-np.sin(turn), rise, np.cos(turn)], np.float32)
    eye = np.asarray(aim + distance * direction, np.float32)
    projection = perspective(float(LENS_ANGLE), aspect, max(0.05, distance - 2.0), distance + 4.0)
    return Camera(eye, look_at(eye, aim), projection), aim, float(half)


def compute_direction(yaw: float, pitch: float) -> Floats:
    """(3,) unit vector; yaw (radians) turns from +Z, in front of the character, to +X, its left, and pitch rises from there."""
    # A yaw of 0 is +Z, hence the sine on X.
    return np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], np.float32)


def build_studio_lamps(turn: float) -> tuple[Lamp, ...]:
    """Key light (the only one with a shadow), fill and two rim lights, which move with the camera."""
    return (
        Lamp(_aim_light(-38, 38, turn), (3.1, 2.96, 2.78), 0.45),
        Lamp(_aim_light(48, 12, turn), (0.30, 0.31, 0.33), 0.8),
        Lamp(_aim_light(142, 30, turn), (1.9, 2.0, 2.15), 0.5),
        Lamp(_aim_light(-150, 25, turn), (1.3, 1.28, 1.22), 0.5),
    )


def build_studio(turn: float) -> Scenery:
    """The studio's surroundings, which move with the camera: a large softbox around the key light, a wall that fills, a strip behind."""
    boxes = (
        Softbox(_aim_light(-48, 34, turn), (1.65, 1.58, 1.48), 9.0),
        Softbox(_aim_light(70, 8, turn), (0.40, 0.42, 0.46), 5.0),
        Softbox(_aim_light(165, 40, turn), (0.9, 0.95, 1.05), 12.0),
    )
    return Scenery(
        inner=(0.45, 0.44, 0.43), outer=(0.06, 0.068, 0.082), centre=(0.5, 0.56),
        sky=(0.20, 0.21, 0.225), ground=(0.135, 0.115, 0.10), softboxes=boxes, is_filmic=True,
    )  # fmt: skip


def _aim_light(yaw: float, pitch: float, turn: float) -> Floats:
    """(3,) the direction of a light at these degrees, as seen from a camera that moved around by `turn` radians."""
    return compute_direction(np.radians(yaw) - turn, np.radians(pitch))
