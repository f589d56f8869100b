"""What the taps wrote down -> waiting times: where speech ends in the microphone, where sound begins in the loudspeaker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Doubles

QUIET = 10 ** (-45 / 20)
"""Loudness below which nothing is heard."""
JOIN_S = 0.9
"""Pauses within a question are shorter than those between two."""
SHORT_S = 0.15
HELD_S = 0.05
"""Silence so long is the end of a sound, and no zero crossing."""


@dataclass(frozen=True)
class Trace:
    """Loudness over time, both on the audio clock of the page."""

    times: Doubles
    microphone: Doubles
    loudspeaker: Doubles

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[float]]) -> Trace:
        """From rows of time, microphone and loudspeaker."""
        table = np.asarray(rows, float)
        return cls(table[:, 0], table[:, 1], table[:, 2])


def find_sounds(times: Doubles, level: Doubles, join: float = JOIN_S) -> list[tuple[float, float]]:
    """Start and end of each sound; gaps shorter than `join` belong to it, and what is shorter than SHORT_S is none."""
    loud = times[level > QUIET]
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) > join)
    spans = zip(loud[np.r_[0, cuts + 1]], loud[np.r_[cuts, len(loud) - 1]], strict=True)
    return [(float(a), float(b)) for a, b in spans if b - a > SHORT_S]


def find_first_sound(trace: Trace, after: float, before: float) -> float | None:
    """When the loudspeaker is first heard in a span of time; None where it is silent."""
    at = trace.times[(trace.times >= after) & (trace.times < before) & (trace.loudspeaker > QUIET)]
    return float(at[0]) if len(at) else None


def find_silence(trace: Trace, after: float) -> float | None:
    """When the loudspeaker falls silent for HELD_S; None where it never does, or was silent at `after`."""
    later = trace.times >= after
    times, loud = trace.times[later], trace.loudspeaker[later] > QUIET
    if not loud[times < after + 0.1].any():
        return None
    heard = times[loud]
    gaps = np.flatnonzero(np.diff(np.r_[heard, times[-1] + 1]) > HELD_S)
    return float(heard[gaps[0]])


def summarise(values: Sequence[float]) -> str:
    """Median, 95th percentile and number."""
    if not values:
        return "none"
    return f"median {np.median(values):.2f} s, p95 {np.percentile(values, 95):.2f} s (n = {len(values)})"


def measure_lips(frames: Sequence[Sequence[float]], clocks: Sequence[Sequence[float]], starts: dict[float, float]) -> list[float]:
    """Seconds by which the pose of each frame is ahead of what the loudspeaker plays.

    Args:
        frames: performance time (ms), time of the pose in its clip, planned start of the sound on the audio clock.
        clocks: performance time (ms), audio clock, audible time of the audio clock, performance time of that (ms).
        starts: planned start of a sound -> start as the tap heard it.
    """
    table = np.asarray(clocks, float)
    table = table[table[:, 3] > 0]
    offsets = table[:, 2] - table[:, 3] / 1000  # audible audio time less performance time
    ahead = []
    for now, pose, planned in frames:
        if pose > 0.05 and planned in starts:
            near = np.abs(table[:, 0] - now) < 1500
            if near.any():
                audible = now / 1000 + float(np.median(offsets[near])) - starts[planned]
                ahead.append(pose - audible)
    return ahead
