"""Face weights of a captured person, relative to the person's own neutral face and scaled by its own extremes.

The landmark model never sees a closed eye as quite closed nor an open one as quite open. A lid or a jaw that clearly moves within the
clip is scaled to what such movements reach; one that only trembles stays still.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import ARKIT_52, MORPHS_67
from stages.motion.landmark_track import LandmarkTrack

_MIN_FACE_SHARE = 0.3
_MAX_NEUTRAL = 0.6
_BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")
_MIN_BLINK, _MIN_JAW = 0.22, 0.10
"""Weights above neutral that a blink and speech reach in a face large enough to be read."""
_BLINK_NOISE, _JAW_NOISE = 6.0, 5.0
"""How many times the trembling of the neutral face a movement must exceed."""
_OPEN_JAW = 0.5
"""Weight of jawOpen at the loudest moment of speech."""
_MAX_JAW_GAIN = 2.5
_LID_START = 0.3
"""Of a blink's peak: below it the lid only trembles."""


def solve_face_weights(track: LandmarkTrack) -> Floats:
    """(f,67) weights of MORPHS_67 relative to the person's neutral face, or (f,0) where the face is rarely detected.

    The model reports some weight for every neutral face; the tenth percentile of each weight is taken as neutral.
    """
    if track.face_seen.mean() < _MIN_FACE_SHARE:
        return np.zeros((len(track.times), 0), np.float32)
    rest = np.minimum(np.percentile(track.face[track.face_seen], 10, axis=0), _MAX_NEUTRAL)
    relative = np.clip((track.face - rest) / (1 - rest), 0, 1)
    lids = [ARKIT_52.index(name) for name in _BLINKS]
    relative[:, lids] = _scale_blinks(track.face[:, lids], track.face_seen)[:, None]
    jaw = ARKIT_52.index("jawOpen")
    relative[:, jaw] = np.clip(relative[:, jaw] * _measure_jaw_gain(relative[:, jaw], track.face_seen), 0, 1)
    weights = np.zeros((len(track.times), len(MORPHS_67)), np.float32)
    weights[:, [MORPHS_67.index(name) for name in ARKIT_52]] = relative * soften_mask(track.face_seen)[:, None]
    close, opened = MORPHS_67.index("mouthClose"), MORPHS_67.index("jawOpen")
    # ARKIT's mouthClose closes lips over an open jaw: more of it than of jawOpen would push them through each other.
    weights[:, close] = np.minimum(weights[:, close], weights[:, opened])
    return weights


def _scale_blinks(lids: Floats, seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(f,) 0..1 both lids: 1 where they are as closed as in the clip's clearest blinks, 0 where they only tremble.

    Args:
        lids: (f,2) what the model reports.
    """
    # People blink with both eyes; the mean of both trembles less than either.
    both = lids.mean(1).astype(np.float64)
    neutral, spread = _measure_neutral(both[seen])
    # The median of the clip's three highest blinks: one misread frame is no blink.
    peaks = sorted((float(both[a:b].max()) for a, b in _find_runs((both - neutral > _BLINK_NOISE * spread) & seen)), reverse=True)
    peak = float(np.median(peaks[:3])) - neutral if peaks else 0.0
    if peak < max(_MIN_BLINK, _BLINK_NOISE * spread):
        return np.zeros(len(both))
    share = (both - neutral) / peak
    return np.asarray(np.clip((share - _LID_START) / (1 - _LID_START), 0, 1))


def _measure_neutral(values: NDArray[np.float64]) -> tuple[float, float]:
    """The usual value of a face at rest, and how much it trembles: the median absolute deviation, as a standard deviation."""
    neutral = float(np.median(values))
    return neutral, 1.4826 * float(np.median(np.abs(values - neutral))) + 1e-3


def _find_runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _measure_jaw_gain(jaw: Floats, seen: NDArray[np.bool_]) -> float:
    """What brings the jaw of clear speech to what speech reaches; 1 for a jaw that only trembles."""
    values = jaw[seen].astype(np.float64)
    most = float(np.percentile(values, 97))
    # Trembling from frame to frame: speech moves the jaw over several frames.
    tremble = 1.4826 * float(np.median(np.abs(np.diff(values, 2)))) if len(values) > 3 else 1.0
    if most < max(_MIN_JAW, _JAW_NOISE * tremble):
        return 1.0
    return float(np.clip(_OPEN_JAW / most, 1, _MAX_JAW_GAIN))


def soften_mask(mask: NDArray[np.bool_], reach: int = 9) -> Floats:
    """(f,) 0..1, the mask with blurred edges."""
    padded = np.pad(mask.astype(np.float32), reach // 2, mode="edge")
    return np.convolve(padded, np.full(reach, 1 / reach, np.float32), "valid").astype(np.float32)
