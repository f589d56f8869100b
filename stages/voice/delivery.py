"""How a line is delivered: the speaker's manner and the line's emotion as rate, pitch and loudness.

Directions after Banse and Scherer, "Acoustic profiles in vocal emotion expression" (1996), at about half their size: this is speech to a
visitor, not acting.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Delivery:
    """Factors and offsets to the voice's own way of speaking."""

    rate: float = 1.0
    """Factor of the speaking rate."""
    semitones: float = 0.0
    """Higher by so much."""
    pitch_range: float = 1.0
    """Factor of the movement of the pitch around its middle."""
    loudness: float = 0.0
    """LU; a finished line stays within 1 LU of the target, so this is small."""
    pause: float = 1.0
    """Factor of the pauses between sentences and parts of long ones, on top of the rate's."""


NEUTRAL = Delivery()
SLOWEST, FASTEST = 0.82, 1.18
"""Rates between which emotion and manner stay together."""
MANNERS: dict[str, Delivery] = {
    "warm": NEUTRAL,
    "formal": Delivery(0.94, -0.3, 0.9, 0.0, 1.15),
    "lively": Delivery(1.14, 0.8, 1.2, 0.25, 0.8),
    "calm": Delivery(0.86, -0.6, 0.85, -0.25, 1.4),
}
EMOTIONS: dict[str, Delivery] = {
    "neutral": NEUTRAL,
    "happy": Delivery(1.04, 1.0, 1.2, 0.25),
    "sad": Delivery(0.91, -1.0, 0.75, -0.4),
    "surprised": Delivery(1.03, 1.6, 1.35, 0.25),
    "serious": Delivery(0.95, -0.8, 0.85, 0.0),
}


def choose_delivery(emotion: str, manner: str) -> Delivery:
    """Both together; an unknown name is neutral."""
    a, b = EMOTIONS.get(emotion, NEUTRAL), MANNERS.get(manner, NEUTRAL)
    rate = min(max(a.rate * b.rate, SLOWEST), FASTEST)
    return Delivery(rate, a.semitones + b.semitones, a.pitch_range * b.pitch_range, a.loudness + b.loudness, a.pause * b.pause)
