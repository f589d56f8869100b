"""Skin from a committed net of any family: one loader, one way to call it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from assets import weights as committed
from assets.artefacts.geometry import Floats, Pixels
from assets.errors import BackendError, Finding
from stages.nets.weights_io import TrainedNet, load_net

IDENTITY_LATENT_SIZE = 64
"""Length of an identity's latent, whatever the net's: the face's shape follows from it and must not change with the backend."""


class GenerativeSkin:
    """A backend whose skin comes from the weights called `skin-NAME`."""

    name = ""
    latent = IDENTITY_LATENT_SIZE

    def __init__(self, file: Path | None = None, sha256: str | None = None) -> None:
        self._file, self._sha256 = file, sha256
        self._net: TrainedNet | None = None

    @property
    def title(self) -> str:
        """The weights' name in weights.json."""
        return f"skin-{self.name}"

    @property
    def file(self) -> Path:
        """The weights file."""
        return self._file or committed.locate_weights(self.title)

    def weights(self) -> Mapping[str, str]:
        """The file and its digest."""
        return {self.file.name: self._sha256 or committed.read_sha256(self.title)}

    def unavailable_reason(self) -> str:
        """Empty where the weights are there."""
        if self._file is None and not committed.has_weights(self.title):
            return f"no weights called {self.title} are committed; `fenshen train` makes them"
        return "" if self.file.exists() else f"{self.file.name} is missing"

    def load_net(self) -> TrainedNet:
        """The net, read once; raises BackendError where its weights are refused or make no skin."""
        if self._net is None:
            promised = None if self._file else committed.read_entry(self.title).get("net")
            net = load_net(self.file, self._sha256 or committed.read_sha256(self.title), promised)
            if net.net == "classifier" or getattr(net.shape, "channels", 0) != 6 or net.shape.size == 0:
                raise BackendError(Finding("weights/foreign", f"{self.file.name} makes no skin", fix="give weights trained on skins"))
            self._net = net
        return self._net

    def generate_skin(self, latent: Floats, *, age: float, gender: float, tone: float) -> tuple[Pixels, Pixels]:
        """Head and body tile (s,s,3) sRGB, the head left-right symmetric."""
        net = self.load_net()
        told = {"age_years": age / 100, "gender": gender, "tone": tone}
        if odd := [name for name in net.conditions if name not in told]:
            message = f"{self.file.name} must be told {', '.join(odd)}, which no identity has"
            raise BackendError(Finding("weights/foreign", message, fix="give weights trained on age_years, gender and tone"))
        conditions = np.array([[told[name] for name in net.conditions]], np.float32)
        made = net.generate(match_latent_size(latent, net.shape.latent)[None], conditions)[0].transpose(1, 2, 0)
        head = (made[..., :3] + made[:, ::-1, :3]) / 2
        return _to_pixels(head), _to_pixels(made[..., 3:])


class StyleGan(GenerativeSkin):
    """Skin from the style-based generator."""

    name = "stylegan"


class Vae(GenerativeSkin):
    """Skin from the decoder of the variational autoencoder."""

    name = "vae"


class UNet(GenerativeSkin):
    """Skin from geometry maps by the U-Net."""

    name = "unet"


class Diffusion(GenerativeSkin):
    """Skin from noise by latent diffusion in 25 steps."""

    name = "diffusion"


def match_latent_size(latent: Floats, size: int) -> Floats:
    """(size,) the latent itself where it is as long, else standard normal numbers that depend on it alone."""
    if len(latent) == size:
        return latent
    key = int.from_bytes(hashlib.sha256(latent.astype(np.float32).tobytes()).digest()[:8], "big")
    drawn: Floats = np.random.default_rng(key).standard_normal(size).astype(np.float32)
    return drawn


def _to_pixels(tile: Floats) -> Pixels:
    """(h,w,3) uint8 of a tile in -1..1."""
    shown: Pixels = np.clip((tile + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return shown
