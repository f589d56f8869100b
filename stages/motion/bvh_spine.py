"""Spines of any number of joints on our three."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats
from assets.rotation import slerp

OUR_SPINE = ("Spine", "Spine1", "Spine2")


def spread_spine(hips: Floats, trunk: Floats) -> Floats:
    """World rotations (f,3,4) of our spine between those of the hips (f,4) and of the file's trunk joints (f,n,4).

    Our last joint turns as their last one, which carries the arms; the others are at the same share of the chain from the hips.
    A trunk without joints stays in line with the hips.
    """
    chain = np.concatenate([hips[:, None], trunk], 1)
    rotations = []
    for number in range(1, len(OUR_SPINE) + 1):
        position = number / len(OUR_SPINE) * trunk.shape[1]
        # Index 0 of the chain is the hips; the upper limit keeps `high` inside where the last position is a whole number.
        low = min(int(position), max(trunk.shape[1] - 1, 0))
        high = min(low + 1, trunk.shape[1])
        rotations.append(slerp(chain[:, low], chain[:, high], np.full(len(chain), position - low)))
    return np.stack(rotations, 1)
