"""Faces at rest: what portraits, clips and previews show while nothing else moves a face."""

from __future__ import annotations

from collections.abc import Mapping


def mirror_sides(**weights: float) -> dict[str, float]:
    """The weights on the morphs of both sides."""
    return {f"{name}{side}": weight for name, weight in weights.items() for side in ("Left", "Right")}


# The neutral face of a scan looks stern; a face at rest has the corners of the mouth and the inner brows slightly raised.
REST_FACES: Mapping[str, Mapping[str, float]] = {
    "neutral": {"browInnerUp": 0.2, **mirror_sides(mouthSmile=0.16, cheekSquint=0.06, browOuterUp=0.05)},
    "smile": {"browInnerUp": 0.16, **mirror_sides(mouthSmile=0.5, cheekSquint=0.42, eyeSquint=0.14, mouthDimple=0.1, browOuterUp=0.1)},
    "serious": mirror_sides(browDown=0.2, eyeSquint=0.14, mouthPress=0.1),
}
"""Expression (performance.expression) -> weights of the face while nothing else moves it. None of them opens the lips."""
