"""Distance of generated images to real ones, cheap enough for every validation during training.

Sliced Wasserstein distance of patches over a pyramid (Karras et al. 2018, section 5): coarse patches show layout and colour,
fine ones texture. The metrics on a classifier's features are for the evaluation after training.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Pixels

PATCH_SIZE = 7
PATCHES_PER_LEVEL = 64
"""Patches per image and level."""
DIRECTION_COUNT = 128
MIN_LEVEL_SIZE = 16


def compute_sliced_wasserstein(real: Pixels, generated: Pixels, seed: int = 0) -> float:
    """Mean distance over the levels of two equally large sets of images (n,h,w,c), in grey levels of 0..255; 0 for equal sets."""
    count = min(len(real), len(generated))
    levels = zip(_build_pyramid(real[:count]), _build_pyramid(generated[:count]), strict=True)
    return float(np.mean([_compute_level_distance(a, b, np.random.default_rng((seed, level))) for level, (a, b) in enumerate(levels)]))


def _build_pyramid(images: Pixels) -> list[Floats]:
    """(n,s,s,c) float Laplacian pyramid: full size and every half down to MIN_LEVEL_SIZE, where the image itself is left."""
    import cv2

    levels, current = [], images.astype(np.float32)
    while current.shape[1] > MIN_LEVEL_SIZE:
        half = current.shape[1] // 2
        small = np.stack([_resize_image(image, half, cv2.INTER_AREA) for image in current])
        levels.append(current - np.stack([_resize_image(image, current.shape[1], cv2.INTER_LINEAR) for image in small]))
        current = small
    return [*levels, current]


def _resize_image(image: Floats, size: int, interpolation: int) -> Floats:
    import cv2

    resized: Floats = cv2.resize(image, (size, size), interpolation=interpolation).reshape(size, size, -1)
    return resized


def _compute_level_distance(real: Floats, generated: Floats, rng: np.random.Generator) -> float:
    n, size, _, channels = real.shape
    corners = rng.integers(0, size - PATCH_SIZE + 1, (n, PATCHES_PER_LEVEL, 2))
    a, b = (_extract_patches(x, corners) for x in (real, generated))
    directions = rng.standard_normal((PATCH_SIZE * PATCH_SIZE * channels, DIRECTION_COUNT)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    gap: NDArray[np.float32] = np.abs(np.sort(a @ directions, 0) - np.sort(b @ directions, 0))
    return float(gap.mean())


def _extract_patches(images: Floats, corners: NDArray[np.int64]) -> Floats:
    """(n*PATCHES_PER_LEVEL, PATCH_SIZE*PATCH_SIZE*c)."""
    rows = [x[r : r + PATCH_SIZE, c : c + PATCH_SIZE].ravel() for x, places in zip(images, corners, strict=True) for r, c in places]
    return np.stack(rows)
