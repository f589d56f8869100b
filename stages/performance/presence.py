"""Motion -> Motion: what a living body does by itself, breath, blinks and gaze, on every clip that holds still."""

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
    """The clips with a living face; nothing here depends on what is said."""
    return replace(motion, clips=tuple(_animate_clip(clip, options, seed) for clip in motion.clips))


def make_rng(seed: int, name: str) -> np.random.Generator:
    """Chance that hangs on the clip's name, not on its neighbours: one changed line leaves the others as they were."""
    return np.random.default_rng((seed % 2**32, zlib.crc32(name.encode())))


def _animate_clip(clip: Clip, options: PerformanceSpec, seed: int) -> Clip:
    """The clip with breath where it was made and not captured, with blinks and gaze where it leaves the face alone."""
    times = clip.times.astype(np.float64)
    if clip.source == "library":
        # Made movement holds its breath; a captured body brings its own.
        moved = clip.rotations.astype(np.float64)
        gesture.add_breathing(moved, times, clip.loop)
        clip = replace(clip, rotations=make_continuous(moved))
    if clip.face.shape[1] == len(MORPHS_67) and len(clip.face) == len(times):
        return clip
    return replace(clip, face=face.animate_idle_face(times, options.blink_rate, make_rng(seed, clip.name)))


STAGE = Stage("presence", 1, run, makes=Motion)
