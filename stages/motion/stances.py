"""The poses that try a dressed character: the farthest from the bind and from one another that our library of movement takes.

`python -m stages.motion.stances` writes them to assets/stances.json, where the model stage finds them.
"""

from __future__ import annotations

import json

import numpy as np

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS
from assets.home import ROOT
from stages.motion.clips import LIBRARY

FILE = ROOT / "assets" / "stances.json"
_POSES, _OF_EACH, _FPS = 8, 8, 10
_LEAST = 1e-6


def stances() -> Floats:
    """(n,j,4) local rotations xyzw; fingers are left aside in the choice: no cloth reaches them."""
    found = np.concatenate([_moments(name) for name in LIBRARY])
    arms = [i for i, name in enumerate(JOINTS) if "Hand" not in name or name in ("LeftHand", "RightHand")]
    turns = np.where(found[..., 3:] < 0, -found, found)[:, arms].reshape(len(found), -1)
    left = np.linalg.norm(turns - np.tile([0, 0, 0, 1], len(arms)), axis=1)
    chosen: list[int] = []
    while len(chosen) < _POSES and left.max() > _LEAST:
        chosen.append(int(left.argmax()))
        left = np.minimum(left, np.linalg.norm(turns - turns[chosen[-1]], axis=1))
    return np.asarray(found[chosen], np.float32)


def _moments(name: str) -> Floats:
    rotations = LIBRARY[name](_FPS).rotations
    return np.asarray(rotations[np.linspace(0, len(rotations) - 1, _OF_EACH).round().astype(int)], np.float32)


if __name__ == "__main__":
    told = {"joints": JOINTS, "rotations": stances().round(4).tolist()}
    FILE.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")
