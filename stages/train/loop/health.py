"""When training has gone wrong, told by numbers: divergence, a critic that wins absolutely, and loss of variety."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WINDOW_STEPS = 200
"""Steps over which a critic must win before it counts."""
BLOW_UP_RATIO = 12.0
"""A loss this many times its usual size, over RECENT steps, is no noise."""
RECENT_STEPS = 20
MAX_CRITIC_ACCURACY = 0.998
MIN_VARIETY_RATIO = 0.2
"""Variety below this share of what it was is a collapse: pictures of one face differ by pose and light alone by more."""


def measure_variety(made: NDArray[np.generic]) -> float:
    """Mean standard deviation over the first axis: how different the pictures (or vectors) of one batch are."""
    return float(made.astype(np.float64).std(0).mean())


@dataclass
class Health:
    """Watches one run; `step` and `look` return what is wrong in one sentence, or nothing."""

    monitored_losses: tuple[str, ...]
    losses: dict[str, deque[float]] = field(default_factory=dict)
    critic_accuracies: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW_STEPS))
    varieties: list[float] = field(default_factory=list)

    def check_losses(self, losses: Mapping[str, float]) -> str:
        """Of the losses of one step: divergence or a critic that wins absolutely; empty where all is well."""
        for name, value in losses.items():
            if not math.isfinite(value):
                return f"the {name} loss is no longer a number"
        for name in self.monitored_losses:
            if name not in losses:
                continue
            kept = self.losses.setdefault(name, deque(maxlen=WINDOW_STEPS))
            kept.append(abs(losses[name]))
            if len(kept) >= 3 * RECENT_STEPS and (sentence := _check_blow_up(name, list(kept))):
                return sentence
        if "right" in losses:
            self.critic_accuracies.append(losses["right"])
            if len(self.critic_accuracies) == WINDOW_STEPS and float(np.mean(self.critic_accuracies)) > MAX_CRITIC_ACCURACY:
                share = np.mean(self.critic_accuracies)
                return f"the critic told real from made in {share:.1%} of the last {WINDOW_STEPS} steps: the generator learns nothing"
        return ""

    def check_variety(self, variety: float) -> str:
        """Of the variety of a fixed batch of latents: a collapse; empty where all is well."""
        if not math.isfinite(variety):
            return "made pictures are no longer numbers"
        usual = float(np.median(self.varieties)) if len(self.varieties) >= 3 else 0.0
        if variety < MIN_VARIETY_RATIO * usual:
            return f"made pictures differ by {variety:.2f}, where they differed by {usual:.2f}: the generator has collapsed"
        self.varieties.append(variety)
        return ""

    def reset(self) -> None:
        """After a roll back: the losses that led astray say nothing of the new attempt."""
        self.losses.clear()
        self.critic_accuracies.clear()


def _check_blow_up(name: str, kept: list[float]) -> str:
    usual, now = float(np.median(kept[:-RECENT_STEPS])), float(np.median(kept[-RECENT_STEPS:]))
    if now > BLOW_UP_RATIO * (usual + 1):
        return f"the {name} loss rose from {usual:.2f} to {now:.2f}"
    return ""
