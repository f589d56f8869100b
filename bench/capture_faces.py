"""Faces of the movements of bench.capture_motions: blinks and speech."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Floats
from assets.conventions import MORPHS_67


def add_blinks(face: Floats, times: Floats, random: np.random.Generator) -> None:
    """Blinks of a quarter second, some two to four seconds apart, in place."""
    at = float(random.uniform(0.4, 1.2))
    while at < times[-1] - 0.3:
        share = np.clip((times - at) / 0.26, 0, 1)
        for side in ("Left", "Right"):
            column = face[:, MORPHS_67.index(f"eyeBlink{side}")]
            # Lids close faster than they open.
            np.maximum(column, np.clip(np.sin(np.pi * share**0.7), 0, 1) ** 1.5, out=column)
        at += float(random.uniform(1.2, 2.2))


def add_speech(face: Floats, times: Floats, random: np.random.Generator, start: float, end: float) -> None:
    """Jaw, lips and brows of somebody speaking, in place."""
    at = start
    while at < end:
        length = float(random.uniform(0.14, 0.3))
        bump = np.sin(np.pi * np.clip((times - at) / length, 0, 1)) ** 2
        face[:, MORPHS_67.index("jawOpen")] += random.uniform(0.15, 0.55) * bump
        shape = str(random.choice(["mouthFunnel", "mouthPucker", "mouthStretchLeft", "mouthLowerDownLeft"]))
        for name in {shape, shape.replace("Left", "Right")}:
            face[:, MORPHS_67.index(name)] += random.uniform(0.1, 0.5) * bump
        at += length * float(random.uniform(0.8, 1.5))
    for name, low in (("mouthSmileLeft", 0.2), ("mouthSmileRight", 0.2), ("browInnerUp", 0.1)):
        smile = np.sin(np.pi * np.clip((times - start) / (end - start), 0, 1)) ** 2
        face[:, MORPHS_67.index(name)] += (low + 0.4 * random.random()) * smile
    np.clip(face, 0, 1, out=face)
