"""Motion -> Motion: adds the involuntary motion of a living body (breathing, blinks, gaze) to the clips."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from assets.artefacts.motion import Clip, Motion
from assets.conventions import MORPHS_67
from assets.rotation import make_continuous
from assets.spec.behaviour import PerformanceSpec
from stages.performance import face, gesture
from stages.stage import Stage


def run(motion: Motion, *, options: PerformanceSpec, seed: int) -> Motion:
    """Every clip with breathing and an animated face; nothing here depends on the dialogue."""
    return replace(motion, clips=tuple(_animate_clip(clip, options, seed) for clip in motion.clips))


def make_rng(seed: int, name: str) -> np.random.Generator:
    """A generator seeded by the clip's name: a changed line does not change the others."""
    return np.random.default_rng((seed % 2**32, zlib.crc32(name.encode())))


def _animate_clip(clip: Clip, options: PerformanceSpec, seed: int) -> Clip:
    """The clip with breathing if it comes from the library, and with blinks and gaze if it does not animate the face."""
    times = clip.times.astype(np.float64)
    if clip.source == "library":
        # Synthetic motion does not breathe; captured motion already does.
        rotations = clip.rotations.astype(np.float64)
        gesture.add_breathing(rotations, times, clip.loop)
        clip = replace(clip, rotations=make_continuous(rotations))
    if clip.face.shape[1] == len(MORPHS_67) and len(clip.face) == len(times):
        return clip
    rng = make_rng(seed, clip.name)
    return replace(clip, face=face.animate_idle_face(times, options.blink_rate, rng, options.expression))


STAGE = Stage("presence", 2, run, makes=Motion)
