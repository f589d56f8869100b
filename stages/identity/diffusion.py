"""Skin from committed latent diffusion: 25 deterministic steps from the latent's noise, guided by age, gender and tone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Floats, Pixels
from stages.identity.shipped import Skins

NAME = "skin-diffusion"


class Diffusion:
    """An identity backend."""

    name = "diffusion"
    latent = 2048
    """Eight channels of 16 by 16."""

    def __init__(self, file: Path | None = None, sha256: str | None = None) -> None:
        self._skins = Skins(NAME, file, sha256)

    def weights(self) -> Mapping[str, str]:
        """The committed file and its digest."""
        return self._skins.weights()

    def unusable(self) -> str:
        """Empty where the weights are there."""
        return self._skins.unusable()

    def skin(self, latent: Floats, *, age: float, gender: float, tone: float) -> tuple[Pixels, Pixels]:
        """Head and body tile (128,128,3) sRGB."""
        # The stage cuts latents at two deviations; the sampler wants noise of unit deviation.
        noise = (latent / max(float(np.std(latent)), 1e-6)).astype(np.float32)
        return self._skins.tiles(noise, age=age, gender=gender, tone=tone)
