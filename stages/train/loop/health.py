"""Signs that training has failed: divergence, a critic that always wins, and loss of variety."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WINDOW_STEPS = 200
"""Steps over which the critic's accuracy is averaged, and over which a loss is remembered."""
BLOW_UP_RATIO = 12.0
"""A loss whose median over RECENT_STEPS is this many times its median before is no longer noise."""
RECENT_STEPS = 20
MAX_CRITIC_ACCURACY = 0.998
MIN_VARIETY_RATIO = 0.2
"""Variety below this share of its median is a collapse: images of a single face differ by more through pose and light alone."""


def measure_variety(samples: NDArray[np.generic]) -> float:
    """Mean standard deviation over the first axis: how much the images (or vectors) of one batch differ."""
    return float(samples.astype(np.float64).std(0).mean())


@dataclass
class Health:
    """Monitors one run; each check returns the failure as a sentence, or an empty string."""

    monitored_losses: tuple[str, ...]
    losses: dict[str, deque[float]] = field(default_factory=dict)
    critic_accuracies: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW_STEPS))
    varieties: list[float] = field(default_factory=list)

    def check_losses(self, losses: Mapping[str, float]) -> str:
        """Checks the losses of one step for divergence and for a critic that always wins."""
        for name, value in losses.items():
            if not math.isfinite(value):
                return f"the {name} loss is not finite"
        for name in self.monitored_losses:
            if name not in losses:
                continue
            recorded = self.losses.setdefault(name, deque(maxlen=WINDOW_STEPS))
            recorded.append(abs(losses[name]))
            if len(recorded) >= 3 * RECENT_STEPS and (failure := _check_blow_up(name, list(recorded))):
                return failure
        return self._check_critic(losses["right"]) if "right" in losses else ""

    def _check_critic(self, accuracy: float) -> str:
        self.critic_accuracies.append(accuracy)
        mean = float(np.mean(self.critic_accuracies))
        if len(self.critic_accuracies) < WINDOW_STEPS or mean <= MAX_CRITIC_ACCURACY:
            return ""
        return f"the critic was right about {mean:.1%} of the images of the last {WINDOW_STEPS} steps: the generator learns nothing"

    def check_variety(self, variety: float) -> str:
        """Checks the variety of samples from a fixed batch of latents for mode collapse."""
        if not math.isfinite(variety):
            return "the samples are not finite"
        median = float(np.median(self.varieties)) if len(self.varieties) >= 3 else 0.0
        if variety < MIN_VARIETY_RATIO * median:
            return f"the variety of the samples fell from {median:.2f} to {variety:.2f}: the generator has collapsed"
        self.varieties.append(variety)
        return ""

    def reset(self) -> None:
        """Forgets the losses of a failed attempt; a rollback starts without them."""
        self.losses.clear()
        self.critic_accuracies.clear()


def _check_blow_up(name: str, recorded: list[float]) -> str:
    before, now = float(np.median(recorded[:-RECENT_STEPS])), float(np.median(recorded[-RECENT_STEPS:]))
    if now > BLOW_UP_RATIO * (before + 1):
        return f"the {name} loss rose from {before:.2f} to {now:.2f}"
    return ""
