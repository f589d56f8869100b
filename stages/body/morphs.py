"""The 52 ARKit shapes of a posed body and the 15 visemes composed from them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, MorphTarget
from assets.conventions import ARKIT_52, VISEMES_15

Actions = Mapping[str, tuple[Ints, Floats]]
TONGUE = range(13380, 13606)
TONGUE_GAIN = 1.6
"""The face units' tongueOut ends behind the lower lip; ARKit's shows the tongue."""
_STILL = 1e-6
"""Metres; below it a vertex does not move."""


def _both(**weights: float) -> dict[str, float]:
    return {f"{name}{side}": weight for name, weight in weights.items() for side in ("Left", "Right")}


# Our own mouth shapes after the Oculus reference pictures; weights of ARKit shapes.
VISEMES: dict[str, dict[str, float]] = {
    "sil": _both(mouthPress=0.25),
    "PP": {"mouthRollLower": 0.4, "mouthRollUpper": 0.4, **_both(mouthPress=0.6)},
    "FF": {"jawOpen": 0.05, "mouthRollLower": 0.75, **_both(mouthUpperUp=0.4)},
    "TH": {"jawOpen": 0.16, "tongueOut": 0.5, **_both(mouthLowerDown=0.2, mouthUpperUp=0.2)},
    "DD": {"jawOpen": 0.14, **_both(mouthLowerDown=0.3, mouthUpperUp=0.2)},
    "kk": {"jawOpen": 0.22, **_both(mouthStretch=0.2, mouthLowerDown=0.2, mouthUpperUp=0.1)},
    "CH": {"jawOpen": 0.07, "mouthFunnel": 0.6, "mouthPucker": 0.15, **_both(mouthUpperUp=0.25, mouthLowerDown=0.25)},
    "SS": {"jawOpen": 0.04, **_both(mouthStretch=0.35, mouthSmile=0.2, mouthLowerDown=0.4, mouthUpperUp=0.35)},
    "nn": {"jawOpen": 0.11, **_both(mouthLowerDown=0.2, mouthUpperUp=0.1, mouthSmile=0.1)},
    "RR": {"jawOpen": 0.13, "mouthFunnel": 0.45, "mouthPucker": 0.2},
    "aa": {"jawOpen": 0.7, **_both(mouthLowerDown=0.15, mouthUpperUp=0.2)},
    "E": {"jawOpen": 0.3, **_both(mouthStretch=0.4, mouthSmile=0.25, mouthLowerDown=0.2, mouthUpperUp=0.25)},
    "I": {"jawOpen": 0.13, **_both(mouthStretch=0.4, mouthSmile=0.5, mouthLowerDown=0.25, mouthUpperUp=0.2)},
    "O": {"jawOpen": 0.42, "mouthFunnel": 0.65, "mouthPucker": 0.25},
    "U": {"jawOpen": 0.13, "mouthFunnel": 0.35, "mouthPucker": 0.75},
}


def morph_targets(actions: Actions, turns: NDArray[np.floating]) -> tuple[MorphTarget, ...]:
    """The 67 targets in the order of MORPHS_67, their deltas turned by each vertex's (v,3,3) blended rotation."""
    dense = {name: _turned(*actions[name], turns) for name in ARKIT_52}
    dense["tongueOut"][TONGUE.start : TONGUE.stop] *= TONGUE_GAIN
    spoken = {name: _mixed(dense, VISEMES[name.removeprefix("viseme_")]) for name in VISEMES_15}
    return tuple(_sparse(name, deltas) for name, deltas in (dense | spoken).items())


def _turned(vertices: Ints, deltas: Floats, turns: NDArray[np.floating]) -> Floats:
    dense = np.zeros((len(turns), 3), np.float32)
    dense[vertices] = np.einsum("vij,vj->vi", turns[vertices], deltas)
    return dense


def _mixed(shapes: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    total = np.zeros_like(next(iter(shapes.values())))
    for name, weight in weights.items():
        total += np.float32(weight) * shapes[name]
    return total


def _sparse(name: str, deltas: Floats) -> MorphTarget:
    moved = np.flatnonzero(np.abs(deltas).max(axis=1) > _STILL).astype(np.int32)
    return MorphTarget(name, moved, deltas[moved])
