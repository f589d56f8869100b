"""How far made pictures are from real ones, cheaply enough to ask every few minutes of training.

Sliced Wasserstein distance of patches over a pyramid (Karras et al. 2018, section 5): large coarse patches tell layout
and colour, fine ones texture. The trusted metrics with a classifier's features are stages of evaluation, not of training.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Pixels

PATCH = 7
PATCHES = 64
"""Patches a picture and level."""
DIRECTIONS = 128
COARSEST = 16


def picture_distance(real: Pixels, made: Pixels, seed: int = 0) -> float:
    """Mean distance over the levels of two sets of pictures (n,h,w,c), as many of each; 0 for equal sets, in grey levels of 0..255."""
    count = min(len(real), len(made))
    levels = zip(_pyramid(real[:count]), _pyramid(made[:count]), strict=True)
    return float(np.mean([_sliced(a, b, np.random.default_rng((seed, level))) for level, (a, b) in enumerate(levels)]))


def _pyramid(pictures: Pixels) -> list[Floats]:
    """(n,s,s,c) float at full size and every half down to COARSEST; all but the coarsest hold only what the next lacks."""
    import cv2

    levels, now = [], pictures.astype(np.float32)
    while now.shape[1] > COARSEST:
        half = now.shape[1] // 2
        small = np.stack([_resized(p, half, cv2.INTER_AREA) for p in now])
        levels.append(now - np.stack([_resized(p, now.shape[1], cv2.INTER_LINEAR) for p in small]))
        now = small
    return [*levels, now]


def _resized(picture: Floats, size: int, how: int) -> Floats:
    import cv2

    resized: Floats = cv2.resize(picture, (size, size), interpolation=how).reshape(size, size, -1)
    return resized


def _sliced(real: Floats, made: Floats, rng: np.random.Generator) -> float:
    n, size, _, channels = real.shape
    corners = rng.integers(0, size - PATCH + 1, (n, PATCHES, 2))
    a, b = (_patches(x, corners) for x in (real, made))
    directions = rng.standard_normal((PATCH * PATCH * channels, DIRECTIONS)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    gap: NDArray[np.float32] = np.abs(np.sort(a @ directions, 0) - np.sort(b @ directions, 0))
    return float(gap.mean())


def _patches(pictures: Floats, corners: NDArray[np.int64]) -> Floats:
    """(n*PATCHES, PATCH*PATCH*c)."""
    rows = [p[r : r + PATCH, c : c + PATCH].ravel() for p, places in zip(pictures, corners, strict=True) for r, c in places]
    return np.stack(rows)
