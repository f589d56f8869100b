"""Skin detail that a photograph of 512 px does not show: pores, freckles and wrinkles; and normals, occlusion and roughness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Pixels

EYES = ((0.365, 0.462), (0.635, 0.462))
MOUTH = (0.5, 0.79)
NOSTRILS = ((0.465, 0.66), (0.535, 0.66))


def draw_soft_spot(size: int, x: float, y: float, width: float, height: float) -> Floats:
    """(s,s) a soft ellipse, 1 at its centre; all measures in tile widths."""
    grid = (np.arange(size, dtype=np.float32) + 0.5) / size
    out: Floats = np.exp(-(((grid[None] - x) / width) ** 2)) * np.exp(-(((grid[:, None] - y) / height) ** 2))
    return out


def generate_pore_height(size: int, rng: np.random.Generator) -> Floats:
    """(s,s) height of pores and fine cracks, with a standard deviation of 1."""
    import cv2

    noise = rng.standard_normal((size, size)).astype(np.float32)
    scale = size / 1024
    fine = cv2.GaussianBlur(noise, (0, 0), 0.9 * scale + 0.3) - cv2.GaussianBlur(noise, (0, 0), 2.2 * scale + 0.5)
    # A difference of Gaussians is noise of one size; its ridges are cut off because pores only go inward.
    pits = np.minimum(fine, 0.3 * float(fine.std()))
    height: Floats = (pits - pits.mean()) / (pits.std() + 1e-9)
    return height


def _list_wrinkles() -> list[tuple[NDArray[Any], float]]:
    """Wrinkles of the head tile as polylines with a depth: forehead, crow's feet, smile lines, under the eyes."""
    t = np.linspace(0, 1, 24)
    lines = []
    for k, y in enumerate((0.27, 0.305, 0.34)):
        lines.append((np.stack([0.33 + 0.34 * t, y + 0.008 * np.cos(6.3 * t + k) - 0.010 * np.sin(np.pi * t)], 1), 0.4))
    for slope in (-0.35, -0.05, 0.3):
        lines.append((np.stack([0.295 - 0.045 * t, 0.462 + 0.05 * slope * t], 1), 0.6))
        lines.append((np.stack([0.705 + 0.045 * t, 0.462 + 0.05 * slope * t], 1), 0.6))
    for sign in (-1, 1):
        lines.append((np.stack([0.5 + sign * (0.062 + 0.055 * t**0.8), 0.655 + 0.12 * t], 1), 1.0))
        lines.append((np.stack([0.5 + sign * (0.09 + 0.09 * t), 0.505 + 0.022 * np.sin(np.pi * t)], 1), 0.6))
    return lines


def generate_wrinkle_height(size: int, rng: np.random.Generator) -> Floats:
    """(s,s) height of the head's wrinkles: 0 outside them, about -1 in the deepest."""
    import cv2

    height = np.zeros((size, size), np.float32)
    for points, depth in _list_wrinkles():
        # A random walk: the line wanders gradually instead of shaking from point to point.
        wave = np.cumsum(rng.normal(0, 0.0012, len(points)))
        moved = np.stack([points[:, 0], points[:, 1] + wave], 1)
        canvas = np.zeros((size, size), np.float32)
        # Sixteenths of a pixel, for the shift of 4 bits in cv2.line.
        fixed = np.round(moved * size * 16).astype(int)
        breaks = np.clip(np.sin(np.pi * np.linspace(0, 1, len(points))) * rng.uniform(0.5, 1.1, len(points)), 0, 1)
        for start, end, strength in zip(fixed[:-1], fixed[1:], breaks, strict=False):
            cv2.line(canvas, tuple(start.tolist()), tuple(end.tolist()), float(strength), max(1, size // 512), cv2.LINE_8, 4)
        soft = cv2.GaussianBlur(canvas, (0, 0), size / 220)
        height = np.minimum(height, -depth * soft / max(float(soft.max()), 1e-6))
    return height


def generate_freckles(size: int, amount: float, rng: np.random.Generator) -> Floats:
    """(s,s) melanin that each pixel of the head gains, 0..1."""
    import cv2

    count = int(700 * amount)
    dots = np.zeros((size, size), np.float32)
    xs, ys = rng.normal(0.5, 0.12, count), rng.normal(0.6, 0.07, count)
    for x, y, radius, strength in zip(xs, ys, rng.uniform(0.6, 1.9, count), rng.uniform(0.3, 1, count), strict=True):
        # Sixteenths of a pixel, as above.
        centre = (round(float(x) * size * 16), round(float(y) * size * 16))
        cv2.circle(dots, centre, round(radius * size / 1024 * 16), float(strength), -1, cv2.LINE_8, 4)
    out: Floats = cv2.GaussianBlur(dots, (0, 0), 0.9 * size / 1024)
    return out


def compute_normal_map(height: Floats, strength: float) -> Pixels:
    """(s,s,3) tangent-space normals of a height field, with +Y up as in glTF."""
    import cv2

    # The weights of a 3 x 3 Sobel kernel sum to 8: divided by it, these are slopes per pixel.
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3) / 8 * strength
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3) / 8 * strength
    # A normal points against the slope, so X is -across. Rows run down and tangent Y up: that sign flips twice.
    normal = np.stack([-across, down, np.ones_like(height)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    # 127.5 + 0.5 to round: a flat normal is exactly 128, 128, 255.
    pixels: Pixels = np.clip(normal * 127.5 + 128, 0, 255).astype(np.uint8)
    return pixels


def estimate_relief(lab: Floats) -> Floats:
    """(s,s) height, about -1..1, that the painted shading suggests: small dark lines are deeper."""
    import cv2

    light = lab[..., 0]
    band = cv2.GaussianBlur(light, (0, 0), len(lab) / 900) - cv2.GaussianBlur(light, (0, 0), len(lab) / 130)
    height: Floats = np.clip(band / 8, -1, 1)
    return height


def estimate_occlusion(lab: Floats, is_head: bool) -> Floats:
    """(s,s) ambient occlusion, 1 where open: less in nostrils, mouth and corners of the eyes, and where the paint is locally darker."""
    import cv2

    size = len(lab)
    light = lab[..., 0]
    hollow = np.clip((cv2.GaussianBlur(light, (0, 0), size / 40) - light) / 40, 0, 0.35)
    openness = 1 - cv2.GaussianBlur(hollow, (0, 0), size / 400)
    if is_head:
        for x, y in NOSTRILS:
            openness -= 0.45 * draw_soft_spot(size, x, y, 0.016, 0.012)
        openness -= 0.3 * draw_soft_spot(size, MOUTH[0], MOUTH[1], 0.07, 0.008)
        for x, y in EYES:
            openness -= 0.2 * draw_soft_spot(size, x, y, 0.05, 0.014)
    occlusion: Floats = np.clip(openness, 0.3, 1).astype(np.float32)
    return occlusion


def estimate_roughness(size: int, pores: Floats, is_head: bool) -> Floats:
    """(s,s) roughness: about 0.64 on skin, less on lips and nose, more on the scalp."""
    rough = np.full((size, size), 0.64, np.float32) + 0.015 * pores
    if is_head:
        rough -= 0.14 * draw_soft_spot(size, MOUTH[0], MOUTH[1], 0.085, 0.035)
        rough -= 0.07 * draw_soft_spot(size, 0.5, 0.58, 0.06, 0.12) + 0.05 * draw_soft_spot(size, 0.5, 0.33, 0.14, 0.06)
        rough += 0.15 * np.clip((0.2 - (np.arange(size) + 0.5) / size) / 0.1, 0, 1).astype(np.float32)[:, None]
    out: Floats = np.clip(rough, 0.4, 0.85)
    return out
