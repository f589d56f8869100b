"""A committed weights file of stages.nets.shipping as head and body tile: what backends of the newer families share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from assets import weights as committed
from assets.artefacts.geometry import Floats, Pixels
from stages.nets.shipping import Shipped, pixels, read


class Skins:
    """Reads its weights when the first skin is asked for."""

    def __init__(self, name: str, file: Path | None = None, sha256: str | None = None) -> None:
        self.file = file or committed.path(name)
        self.sha256 = sha256 or committed.sha256(name)
        self._nets: Shipped | None = None

    def weights(self) -> Mapping[str, str]:
        """The file and its digest."""
        return {self.file.name: self.sha256}

    def unusable(self) -> str:
        """Empty where the file is there."""
        return "" if self.file.exists() else f"{self.file.name} is missing"

    def tiles(self, latent: Floats, *, age: float, gender: float, tone: float) -> tuple[Pixels, Pixels]:
        """Head and body tile (s,s,3) sRGB, the head left-right symmetric; raises BackendError where the weights are refused."""
        if self._nets is None:
            self._nets = read(self.file, self.sha256)
        made = self._nets.make(latent[None], np.array([[age / 100, gender, tone]], np.float32))
        made[:, :3] = (made[:, :3] + made[:, :3, :, ::-1]) / 2
        both = pixels(made)[0]
        return np.ascontiguousarray(both[..., :3]), np.ascontiguousarray(both[..., 3:])
