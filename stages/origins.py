"""The mixture of origins that a person's shape has: Anny blends African, Asian and Caucasian means."""

from __future__ import annotations

import math
from collections.abc import Mapping

from assets.artefacts.geometry import Floats

ORIGINS = ("african", "asian", "caucasian")


def derive_origins(tone: float, latent: Floats) -> dict[str, float]:
    """Shares, summing to 1, that go with a skin tone 0..1 and a latent (n,)."""
    # Every origin keeps a share: real faces are mixtures, and so is the average of the skins.
    african = 0.04 + 0.9 * smoothstep((tone - 0.45) / 0.4)
    draw = 0.5 * (1 + math.erf(float(latent.ravel()[0]) / math.sqrt(2))) if latent.size else 0.5
    asian = (1 - african) * (0.05 + 0.9 * smoothstep((draw - 0.35) / 0.4))
    return {"african": african, "asian": asian, "caucasian": 1 - african - asian}


def share_origins(given: Mapping[str, float]) -> dict[str, float]:
    """The given amounts as shares that sum to 1; empty where none is positive."""
    amounts = {name: max(given.get(name, 0.0), 0.0) for name in ORIGINS}
    total = sum(amounts.values())
    return {name: amount / total for name, amount in amounts.items()} if total > 0 else {}


def smoothstep(x: float) -> float:
    """0 up to 0, 1 from 1 on, smooth in between."""
    x = min(max(x, 0.0), 1.0)
    return x * x * (3 - 2 * x)
