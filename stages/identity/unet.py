"""Skin from the committed U-Net: geometry maps, age, gender and tone through an image-to-image generator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assets.artefacts.geometry import Floats, Pixels
from stages.identity.shipped import Skins

NAME = "skin-unet"


class UNet:
    """An identity backend."""

    name = "unet"
    latent = 64

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
        return self._skins.tiles(latent, age=age, gender=gender, tone=tone)
