"""How far made pictures are from real ones, cheaply enough to ask every few minutes of training.

Sliced Wasserstein distance of patches over a pyramid (Karras et al. 2018, section 5): large coarse patches tell layout
and colour, fine ones texture. The trusted metrics with a classifier's features are stages of evaluation, not of training.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Pixels

PATCH_SIZE = 7
PATCHES_PER_LEVEL = 64
"""Patches a picture and level."""
DIRECTION_COUNT = 128
MIN_LEVEL_SIZE = 16


def compute_sliced_wasserstein(real: Pixels, made: Pixels, seed: int = 0) -> float:
    """Mean distance over the levels of two sets of pictures (n,h,w,c), as many of each; 0 for equal sets, in grey levels of 0..255."""
    count = min(len(real), len(made))
    levels = zip(_build_pyramid(real[:count]), _build_pyramid(made[:count]), strict=True)
    return float(np.mean([_compute_level_distance(a, b, np.random.default_rng((seed, level))) for level, (a, b) in enumerate(levels)]))


def _build_pyramid(pictures: Pixels) -> list[Floats]:
    """(n,s,s,c) float at full size and every half down to COARSEST; all but the coarsest hold only what the next lacks."""
    import cv2

    levels, now = [], pictures.astype(np.float32)
    while now.shape[1] > MIN_LEVEL_SIZE:
        half = now.shape[1] // 2
        small = np.stack([_resize_picture(p, half, cv2.INTER_AREA) for p in now])
        levels.append(now - np.stack([_resize_picture(p, now.shape[1], cv2.INTER_LINEAR) for p in small]))
        now = small
    return [*levels, now]


def _resize_picture(picture: Floats, size: int, how: int) -> Floats:
    import cv2

    resized: Floats = cv2.resize(picture, (size, size), interpolation=how).reshape(size, size, -1)
    return resized


def _compute_level_distance(real: Floats, made: Floats, rng: np.random.Generator) -> float:
    n, size, _, channels = real.shape
    corners = rng.integers(0, size - PATCH_SIZE + 1, (n, PATCHES_PER_LEVEL, 2))
    a, b = (_extract_patches(x, corners) for x in (real, made))
    directions = rng.standard_normal((PATCH_SIZE * PATCH_SIZE * channels, DIRECTION_COUNT)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    gap: NDArray[np.float32] = np.abs(np.sort(a @ directions, 0) - np.sort(b @ directions, 0))
    return float(gap.mean())


def _extract_patches(pictures: Floats, corners: NDArray[np.int64]) -> Floats:
    """(n*PATCHES, PATCH*PATCH*c)."""
    rows = [p[r : r + PATCH_SIZE, c : c + PATCH_SIZE].ravel() for p, places in zip(pictures, corners, strict=True) for r, c in places]
    return np.stack(rows)
