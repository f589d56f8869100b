"""Latents of people: drawn by seeds, and what is between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats

LATENT_LIMIT = 2.0
"""Standard deviations at which a latent is clipped: beyond, the generator has seen too few samples."""
_STEPS = 12
"""Of the iteration that finds a mean on the sphere; it converges to 1e-6 in five."""


def draw_latent(seed: int, size: int) -> Floats:
    """(size,) standard normal, clipped at LATENT_LIMIT."""
    values = np.random.default_rng(seed).standard_normal(size)
    latent: Floats = np.clip(values, -LATENT_LIMIT, LATENT_LIMIT).astype(np.float32)
    return latent


def interpolate_latents(first: Floats, second: Floats, share: float) -> Floats:
    """(n,) the latent at `share` 0..1 between two (n,): spherical interpolation of the directions, linear of the lengths.

    A straight line passes near the origin, where a Gaussian of many dimensions has almost no mass (White 2016).
    """
    lengths = float(np.linalg.norm(first)), float(np.linalg.norm(second))
    a, b = first / lengths[0], second / lengths[1]
    angle = float(np.arccos(np.clip(a @ b, -1, 1)))
    if angle < 1e-4:
        return np.asarray(first + share * (second - first), np.float32)
    on_circle = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    return np.asarray(on_circle * (lengths[0] + share * (lengths[1] - lengths[0])), np.float32)


def mean_latent(latents: Sequence[Floats], weights: NDArray[np.float64]) -> Floats:
    """(n,) the mean of latents (n,) by weights that sum to 1: of their directions on the sphere, and of their lengths.

    For two of them it is `interpolate_latents`. Source: Buss and Fillmore 2001, Spherical averages, algorithm A1.
    """
    lengths = np.linalg.norm(np.stack(latents), axis=1)
    units = np.stack(latents).astype(np.float64) / lengths[:, None]
    mean = weights @ units
    mean /= np.linalg.norm(mean)
    for _ in range(_STEPS):
        cosines = np.clip(units @ mean, -1, 1)
        angles = np.arccos(cosines)
        flat = units - cosines[:, None] * mean
        step = weights @ (flat * (angles / np.maximum(np.sin(angles), 1e-9))[:, None])
        size = float(np.linalg.norm(step))
        if size < 1e-9:
            break
        mean = np.cos(size) * mean + np.sin(size) * step / size
    return np.asarray(mean * (weights @ lengths), np.float32)
