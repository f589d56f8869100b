"""What an identity backend is, and the ones there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from assets.artefacts.geometry import Floats, Pixels
from stages.stage import Registry


class IdentityBackend(Protocol):
    """Turns a latent and conditions into skin tiles."""

    name: str
    latent: int
    """Length of the latent."""

    def weights(self) -> Mapping[str, str]:
        """File name -> sha256."""

    def unavailable_reason(self) -> str:
        """Why it cannot run here; empty where it can."""

    def generate_skin(self, latent: Floats, *, age: float, gender: float, tone: float) -> tuple[Pixels, Pixels]:
        """Head and body tile (s,s,3) sRGB of a latent (n,), age in years, gender 0 female .. 1 male, tone 0 lightest .. 1 darkest."""


BACKENDS: Registry[IdentityBackend] = Registry(
    "identity",
    {
        "stylegan": "stages.identity.generator:StyleGan",
        "vae": "stages.identity.generator:Vae",
        "unet": "stages.identity.generator:UNet",
        "diffusion": "stages.identity.generator:Diffusion",
    },
    default="unet",
)
