"""What an identity backend is, and the registry of backends."""

from __future__ import annotations

from typing import Protocol

from assets.artefacts.geometry import Floats, Pixels
from stages.stage import Backend, Registry

IDENTITY_LATENT_SIZE = 64
"""Length of an identity's latent, for every backend: the shape of the face depends on it and must not change with the backend."""


class IdentityBackend(Backend, Protocol):
    """Generates skin tiles from a latent and conditions."""

    latent_size: int
    """Length of the latent that it takes."""

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
