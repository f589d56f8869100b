"""Identity backends: skin tiles from the committed weights of any net, all loaded and called the same way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from assets import weights as committed
from assets.artefacts.geometry import Floats, Pixels
from assets.errors import BackendError, Finding
from stages.identity.backend import IDENTITY_LATENT_SIZE
from stages.nets.weights_io import TrainedNet, load_net, to_pixels


class GenerativeSkin:
    """A backend whose skins come from the weights `skin-NAME`."""

    name = ""
    latent_size = IDENTITY_LATENT_SIZE

    def __init__(self, file: Path | None = None, sha256: str | None = None) -> None:
        self._file, self._sha256 = file, sha256
        self._net: TrainedNet | None = None

    @property
    def title(self) -> str:
        """Name of the weights in weights.json."""
        return f"skin-{self.name}"

    @property
    def file(self) -> Path:
        """The weights file."""
        return self._file or committed.locate_weights(self.title)

    def weights(self) -> Mapping[str, str]:
        """The weights file and its digest."""
        return {self.file.name: self._sha256 or committed.read_sha256(self.title)}

    def unavailable_reason(self) -> str:
        """Empty if the weights exist."""
        if self._file is None and not committed.has_weights(self.title):
            return f"there are no weights named {self.title}: make them with `fenshen train`"
        return "" if self.file.exists() else f"{self.file.name} is missing"

    def load_net(self) -> TrainedNet:
        """The net, loaded once; raises BackendError if its weights are damaged, another net's, or of no skins."""
        if self._net is None:
            expected_net = None if self._file else committed.read_entry(self.title).get("net")
            net = load_net(self.file, self._sha256 or committed.read_sha256(self.title), expected_net)
            if net.net == "classifier" or getattr(net.shape, "channels", 0) != 6 or net.shape.size == 0:
                message = f"{self.file.name} does not generate skins"
                raise BackendError(Finding("weights/foreign", message, fix="give weights trained on `fenshen data skins`"))
            self._net = net
        return self._net

    def generate_skin(self, latent: Floats, *, age: float, gender: float, tone: float) -> tuple[Pixels, Pixels]:
        """Head and body tile (s,s,3) sRGB; the head is symmetric."""
        net = self.load_net()
        known = {"age_years": age / 100, "gender": gender, "tone": tone}
        if unknown := [name for name in net.conditions if name not in known]:
            message = f"{self.file.name} needs conditions that an identity does not have: {', '.join(unknown)}"
            raise BackendError(Finding("weights/foreign", message, fix="give weights trained on age_years, gender and tone"))
        conditions = np.array([[known[name] for name in net.conditions]], np.float32)
        tiles = net.generate(match_latent_size(latent, net.shape.latent)[None], conditions)[0].transpose(1, 2, 0)
        head = (tiles[..., :3] + tiles[:, ::-1, :3]) / 2
        return to_pixels(head), to_pixels(tiles[..., 3:])


class StyleGan(GenerativeSkin):
    """Skins by stages.nets.stylegan."""

    name = "stylegan"


class Vae(GenerativeSkin):
    """Skins by stages.nets.vae."""

    name = "vae"


class UNet(GenerativeSkin):
    """Skins from geometry maps by stages.nets.unet."""

    name = "unet"


class Diffusion(GenerativeSkin):
    """Skins by latent diffusion (stages.nets.diffusion) in 25 steps."""

    name = "diffusion"


def match_latent_size(latent: Floats, size: int) -> Floats:
    """(size,) the latent itself if it has that length, else standard normal numbers seeded by its bytes."""
    if len(latent) == size:
        return latent
    seed = int.from_bytes(hashlib.sha256(latent.astype(np.float32).tobytes()).digest()[:8], "big")
    derived: Floats = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    return derived
