"""Fits the conditional mean image of stages.nets.conditional_mean to the training examples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from stages.train.loop.family import Examples

CHUNK = 256
"""Images that are converted to float64 at once: all of them would fill the memory."""
RIDGE = 1e-3
"""Keeps the coefficients small if a condition hardly varies."""


def make_design_matrix(examples: Examples) -> NDArray[np.float64]:
    """(n,1+2k) regressors: one, the conditions and their squares."""
    conditions = examples.conditions.astype(np.float64)
    return np.concatenate([np.ones((len(conditions), 1)), conditions, conditions**2], 1)


def fit_conditional_mean(examples: Examples) -> Floats:
    """(1+2k,c,h,w) ridge regression of the images, in -1..1, on the design matrix."""
    regressors = make_design_matrix(examples)
    n, h, w, c = examples.values.shape
    moments = np.zeros((regressors.shape[1], h * w * c))
    for i in range(0, n, CHUNK):
        moments += regressors[i : i + CHUNK].T @ (examples.values[i : i + CHUNK].reshape(-1, h * w * c) / 127.5 - 1)
    coefficients = np.linalg.solve(regressors.T @ regressors + RIDGE * np.eye(regressors.shape[1]), moments)
    images: Floats = np.ascontiguousarray(coefficients.reshape(-1, h, w, c).transpose(0, 3, 1, 2)).astype(np.float32)
    return images


def set_conditional_mean(net: Any, images: Floats) -> None:
    """Copies the fit into a net with a conditional mean."""
    import torch

    net.usual.answer.copy_(torch.from_numpy(images))
