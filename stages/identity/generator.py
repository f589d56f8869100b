"""Skin from the committed StyleGAN2-like generator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assets import digest
from assets import weights as committed
from assets.artefacts.geometry import Floats, Pixels
from assets.errors import BackendError, Finding

NAME = "skin-stylegan"


def load(file: Path, sha256: str) -> Any:
    """The generator of a weights file; raises BackendError where its bytes are not the ones promised."""
    import torch
    from safetensors.torch import load as load_tensors

    from stages.nets.stylegan import Generator

    try:
        content = file.read_bytes()
    except OSError as error:
        raise BackendError(
            Finding("weights/missing", f"{file.name} cannot be read: {error.strerror}", fix="restore it from the repository")
        ) from error
    if digest.sha256(content) != sha256:
        raise BackendError(
            Finding("weights/corrupt", f"{file.name} does not have the sha256 of weights.json", fix="restore it from the repository")
        )
    torch.set_num_threads(1)  # the nets are small: more threads cost more than they give, and one is reproducible
    net = Generator()
    net.load_state_dict(load_tensors(content))
    return net.eval()


class StyleGan:
    """The default identity backend."""

    name = "stylegan"
    latent = 64

    def __init__(self, file: Path | None = None, sha256: str | None = None) -> None:
        self.file = file or committed.path(NAME)
        self.sha256 = sha256 or committed.sha256(NAME)
        self._net: Any = None

    def weights(self) -> Mapping[str, str]:
        """The committed file and its digest."""
        return {self.file.name: self.sha256}

    def unusable(self) -> str:
        """Empty where the weights are there."""
        return "" if self.file.exists() else f"{self.file.name} is missing"

    def skin(self, latent: Floats, *, age: float, gender: float, tone: float) -> tuple[Pixels, Pixels]:
        """Head and body tile (128,128,3) sRGB, the head left-right symmetric."""
        import torch

        if self._net is None:
            self._net = load(self.file, self.sha256)
        condition = torch.tensor([[age / 100, gender, tone]], dtype=torch.float32)
        with torch.no_grad():
            made = self._net(torch.from_numpy(latent)[None], condition)[0].numpy().transpose(1, 2, 0)
        head = (made[..., :3] + made[:, ::-1, :3]) / 2
        return calm(_pixels(head), 0.5), calm(_pixels(made[..., 3:]), 0.3)


def calm(tile: Pixels, keep: float) -> Pixels:
    """The tile with only a share of its wide colour drift: a small generator leaves blotches there that no skin has."""
    import cv2

    lab = cv2.cvtColor(tile.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    wide = cv2.GaussianBlur(lab[..., 1:], (0, 0), len(tile) / 10)
    lab[..., 1:] -= (1 - keep) * (wide - np.median(wide, (0, 1)))
    return _pixels(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 2 - 1)


def _pixels(tile: Floats) -> Pixels:
    """(h,w,3) uint8 of a tile in -1..1."""
    shown: Pixels = np.clip((tile + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return shown
