"""The 52 ARKit shapes of a posed body and the 15 visemes composed from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, MorphTarget
from assets.conventions import ARKIT_52, VISEMES_15

FacialActions = Mapping[str, tuple[Ints, Floats]]
TONGUE_VERTICES = range(13380, 13606)
TONGUE_GAIN = 1.6
"""The face units' tongueOut ends behind the lower lip; ARKit's shows the tongue."""
_MIN_MOVEMENT_M = 1e-6
"""Metres; below it a vertex does not move."""


def _expand_sides(**weights: float) -> dict[str, float]:
    return {f"{name}{side}": weight for name, weight in weights.items() for side in ("Left", "Right")}


# Our own mouth shapes after the Oculus reference pictures; weights of ARKit shapes. Open sounds lift the upper lip rather than
# draw down the lower one: speech shows the upper teeth, and the body's lower lip stands low against its teeth already.
VISEME_WEIGHTS: dict[str, dict[str, float]] = {
    "sil": _expand_sides(mouthPress=0.25),
    "PP": {"mouthRollLower": 0.4, "mouthRollUpper": 0.4, **_expand_sides(mouthPress=0.6)},
    "FF": {"jawOpen": 0.05, "mouthRollLower": 0.85, **_expand_sides(mouthUpperUp=0.8, mouthStretch=0.1)},
    "TH": {"jawOpen": 0.15, "tongueOut": 0.42, **_expand_sides(mouthLowerDown=0.1, mouthUpperUp=0.4)},
    "DD": {"jawOpen": 0.12, **_expand_sides(mouthLowerDown=0.15, mouthUpperUp=0.4)},
    "kk": {"jawOpen": 0.2, **_expand_sides(mouthStretch=0.2, mouthLowerDown=0.1, mouthUpperUp=0.3)},
    "CH": {"jawOpen": 0.06, "mouthFunnel": 0.6, "mouthPucker": 0.25, **_expand_sides(mouthUpperUp=0.3, mouthLowerDown=0.1)},
    "SS": {"jawOpen": 0.03, **_expand_sides(mouthStretch=0.4, mouthSmile=0.2, mouthLowerDown=0.35, mouthUpperUp=0.55)},
    "nn": {"jawOpen": 0.1, **_expand_sides(mouthLowerDown=0.1, mouthUpperUp=0.3, mouthSmile=0.1)},
    "RR": {"jawOpen": 0.12, "mouthFunnel": 0.45, "mouthPucker": 0.3},
    "aa": {"jawOpen": 0.68, **_expand_sides(mouthUpperUp=0.5)},
    "E": {"jawOpen": 0.28, **_expand_sides(mouthStretch=0.4, mouthSmile=0.25, mouthLowerDown=0.05, mouthUpperUp=0.5)},
    "I": {"jawOpen": 0.12, **_expand_sides(mouthStretch=0.4, mouthSmile=0.5, mouthLowerDown=0.12, mouthUpperUp=0.4)},
    "O": {"jawOpen": 0.38, "mouthFunnel": 0.6, "mouthPucker": 0.4},
    "U": {"jawOpen": 0.1, "mouthFunnel": 0.3, "mouthPucker": 0.9},
}


def build_morph_targets(actions: FacialActions, turns: NDArray[np.floating]) -> tuple[MorphTarget, ...]:
    """The 67 targets in the order of MORPHS_67, their deltas turned by each vertex's (v,3,3) blended rotation."""
    dense = {name: _rotate_deltas(*actions[name], turns) for name in ARKIT_52}
    dense["tongueOut"][TONGUE_VERTICES.start : TONGUE_VERTICES.stop] *= TONGUE_GAIN
    spoken = {name: _blend_deltas(dense, VISEME_WEIGHTS[name.removeprefix("viseme_")]) for name in VISEMES_15}
    return tuple(_to_sparse_target(name, deltas) for name, deltas in (dense | spoken).items())


def _rotate_deltas(vertices: Ints, deltas: Floats, turns: NDArray[np.floating]) -> Floats:
    dense = np.zeros((len(turns), 3), np.float32)
    dense[vertices] = np.einsum("vij,vj->vi", turns[vertices], deltas)
    return dense


def _blend_deltas(shapes: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    total = np.zeros_like(next(iter(shapes.values())))
    for name, weight in weights.items():
        total += np.float32(weight) * shapes[name]
    return total


def _to_sparse_target(name: str, deltas: Floats) -> MorphTarget:
    far = np.abs(deltas) > _MIN_MOVEMENT_M
    # Column by column: a reduction over three numbers a row is several times slower.
    moved = np.flatnonzero(far[:, 0] | far[:, 1] | far[:, 2]).astype(np.int32)
    return MorphTarget(name, moved, deltas[moved])
