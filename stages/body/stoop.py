"""The stoop of old age: the model's axis of age leaves the back as straight as at twenty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS, PARENTS
from assets.rotation import forward_kinematics, from_axis_angle, rotate
from assets.skinning import skin_points
from stages.body.backend import BodyShape

# Mean thoracic kyphosis is 41 degrees in the third decade and 60 above 70 years, and changes after the fifth decade only (O'Gorman and
# Jull 1987, Thoracic kyphosis and mobility: the effect of age, 120 women). The model's back is that of the young.
_GROWTH_YEARS = 48.0, 82.0
_GROWTH_DEGREES = 19.0
_SHARES: Mapping[str, float] = {"Spine": -0.60, "Spine1": 0.70, "Spine2": 0.90, "Neck": -0.55, "Head": -0.45}
"""Of the growth, at each joint: the lower back leans backwards to keep the balance, the neck until the face is level again."""


def compute_stoop(years: float) -> float:
    """Degrees by which a back of this age bends further than that of a young adult."""
    share = min(max((years - _GROWTH_YEARS[0]) / (_GROWTH_YEARS[1] - _GROWTH_YEARS[0]), 0.0), 1.0)
    return _GROWTH_DEGREES * share * share * (3 - 2 * share)


def bend_back(shape: BodyShape, years: float) -> BodyShape:
    """The body at rest with the back of its age; facial actions stay as they are, because the head is turned back."""
    degrees = compute_stoop(years)
    if degrees <= 0:
        return shape
    matrices = _compute_matrices(shape, degrees)
    positions = skin_points(shape.positions, shape.skin, matrices)
    heads = np.einsum("jab,jb->ja", matrices[:, :3, :3], shape.heads) + matrices[:, :3, 3]
    return replace(shape, positions=positions, heads=heads.astype(np.float32))


def _compute_matrices(shape: BodyShape, degrees: float) -> Floats:
    """(j,4,4) of the model's joints, from the straight to the bent back."""
    known = [name for name in JOINTS if name in shape.names]
    parents = [known.index(_find_parent(name, known)) if _find_parent(name, known) else -1 for name in known]
    heads = np.array([shape.heads[shape.names.index(name)] for name in known], np.float32)
    # A turn about +X takes +Y, upwards, to +Z, the front.
    turns = np.stack([from_axis_angle(np.array([1.0, 0, 0]), np.radians(degrees * _SHARES.get(name, 0.0))) for name in known])
    places, rotations = forward_kinematics(np.array(parents), heads, turns[None], np.zeros((1, 3)))
    found = np.tile(np.eye(4), (len(shape.names), 1, 1))
    for row, name in enumerate(known):
        matrix = rotate(rotations[0, row], np.eye(3)).T
        found[shape.names.index(name), :3, :3] = matrix
        found[shape.names.index(name), :3, 3] = places[0, row] - matrix @ heads[row]
    return found.astype(np.float32)


def _find_parent(name: str, known: list[str]) -> str:
    """The nearest ancestor that the model has; empty for the root."""
    parent = PARENTS[JOINTS.index(name)]
    while parent >= 0 and JOINTS[parent] not in known:
        parent = PARENTS[parent]
    return JOINTS[parent] if parent >= 0 else ""
