"""The manner of a speaker as numbers: how far the hands go, how often they beat, how much brows, smile, head and gaze do.

Wide, frequent strokes are read as extravert, few and small ones as reserved (Neff, Wang, Abbott and
Walker, "Evaluating the effect of gesture and language on personality perception in conversational agents", 2010); the sizes are chosen by
eye. The pace of the voice is in stages/voice/delivery.py.
"""

from __future__ import annotations

from dataclasses import dataclass

BOTH, LEFT, RIGHT = (1.0, 1.0), (1.0, 0.2), (0.2, 1.0)
"""Weights of the left and right hand."""


@dataclass(frozen=True)
class Manner:
    """Factors of what the library's clips and the faces do, where nothing else is said."""

    reach: float = 1.0
    """How far a gesture goes from the resting arm to its full pose; above 1 goes beyond it."""
    beat: float = 1.0
    """Size of the strokes on stressed words."""
    spacing: float = 0.55
    """Least seconds between two accents that hands, head and brows mark."""
    hands: tuple[tuple[float, float], ...] = (BOTH, LEFT, RIGHT)
    """Hand weights of which an explaining line draws one."""
    head: float = 1.0
    """Size of nods, drift and tilt."""
    lean: float = 0.0
    """Degrees by which the trunk leans to the listener while speaking; below 0 it is held upright."""
    brows: float = 1.0
    """Height to which stressed words raise the brows."""
    emotion: float = 1.0
    """Strength of a line's emotion on the face."""
    smile: float = 0.0
    """Weight added to the smile while speaking, but for sad and serious lines; below 0 it is taken from the resting face."""
    averted: float = 0.18
    """Share of fixations to the side of the listener's face."""
    fixation: float = 1.0
    """Duration of fixations."""


MANNERS: dict[str, Manner] = {
    "warm": Manner(reach=0.88, lean=1.0, smile=0.14, averted=0.12),
    "formal": Manner(0.68, 0.55, 0.8, (LEFT, RIGHT), 0.5, -2.0, 0.55, 0.6, -0.1, 0.04, 1.4),
    "lively": Manner(1.1, 1.7, 0.4, (BOTH,), 1.6, 3.0, 1.9, 1.25, 0.18, 0.3, 0.6),
    "calm": Manner(0.56, 0.4, 1.05, (BOTH, LEFT, RIGHT), 0.55, 0.0, 0.4, 0.75, 0.04, 0.2, 1.7),
}


def choose_manner(name: str) -> Manner:
    """The manner of a persona; an unknown name is warm."""
    return MANNERS.get(name, MANNERS["warm"])
