"""Transfers clips between skeletons: both are T-posed with world-aligned joints, so that local rotations carry over unchanged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.rotation import make_continuous, measure_leg, normalize_quaternions


def measure_leg_length(skeleton: Skeleton) -> float:
    """Metres from the hip joint through the knee to the ankle."""
    return measure_leg(dict(zip(skeleton.names, skeleton.heads, strict=True)))


def transfer_clip(clip: Clip, source: Skeleton, target: Skeleton) -> Clip:
    """The clip on the target's joints; the displacement of the root scales with the length of the legs."""
    index = [source.names.index(name) if name in source.names else -1 for name in target.names]
    rotations = np.zeros((len(clip.times), len(index), 4), np.float32)
    rotations[..., 3] = 1
    for joint, origin in enumerate(index):
        if origin >= 0:
            rotations[:, joint] = clip.rotations[:, origin]
    # By the legs, not the height: the length of a step follows them, and the feet would slide otherwise.
    scale = measure_leg_length(target) / measure_leg_length(source)
    return replace(clip, rotations=rotations, root=(clip.root * scale).astype(np.float32))


def smooth_clip(clip: Clip, window: int) -> Clip:
    """The clip with rotations and root smoothed by a second-order Savitzky-Golay filter of `window` frames."""
    from scipy.signal import savgol_filter

    # Savitzky-Golay needs an odd window, and one that is longer than its order; below 5 a parabola hardly smooths.
    window = min(window | 1, len(clip.times) - 1 | 1)
    if window < 5 or len(clip.times) <= window:
        return clip
    # Continuous signs first: a filter across q and -q averages to nonsense. Its result has no unit length.
    rotations = normalize_quaternions(savgol_filter(make_continuous(clip.rotations), window, 2, axis=0))
    root: Floats = savgol_filter(clip.root, window, 2, axis=0).astype(np.float32)
    return replace(clip, rotations=rotations, root=root)
