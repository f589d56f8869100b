"""Fits the usual picture of stages.nets.conditional_mean to the training examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats
from stages.train.loop.family import Examples

CHUNK = 256
RIDGE = 1e-3
"""Keeps the answer small where a condition hardly varies."""


def fit_conditional_mean(examples: Examples) -> Floats:
    """(1+2k,c,h,w) the least squares answer of pictures (-1..1) to one, their conditions and the squares of these."""
    told = examples.conditions.astype(np.float64)
    known = np.concatenate([np.ones((len(told), 1)), told, told**2], 1)
    n, h, w, c = examples.values.shape
    met = np.zeros((known.shape[1], h * w * c))
    for i in range(0, n, CHUNK):
        met += known[i : i + CHUNK].T @ (examples.values[i : i + CHUNK].reshape(-1, h * w * c) / 127.5 - 1)
    answer = np.linalg.solve(known.T @ known + RIDGE * np.eye(known.shape[1]), met)
    pictures: Floats = answer.reshape(-1, h, w, c).transpose(0, 3, 1, 2).astype(np.float32)
    return pictures


def set_conditional_mean(net: Any, pictures: Floats) -> None:
    """Sets the usual picture of a net that has one."""
    import torch

    net.usual.answer.copy_(torch.from_numpy(pictures))
