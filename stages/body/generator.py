"""Bodies drawn by a net of ours (WGAN-GP or VAE) and shaped by Anny: the build follows from age, gender and latent.

No body leaves this backend that no person has: a latent whose body is impossible is drawn nearer to the average one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from assets import weights as committed
from assets.artefacts.geometry import Floats
from assets.rights import Source
from stages.body.anny import Anny, model
from stages.body.anthropometry import impossible, measured
from stages.body.backend import Build
from stages.body.phenotype import ORIGINS, age_axis
from stages.nets.weights_io import Shipped, read

NEARER = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
"""Lengths of the latent that are tried in turn."""
_FIXED = ("age", "gender", *ORIGINS)
"""Axes that the identity decides."""


class Drawn(Anny):
    """Anny's shapes with a build that a net draws."""

    title = ""
    """Of the net's weights."""
    kind = ""

    def __init__(self, file: Path | None = None, sha256: str | None = None) -> None:
        self.file = file or committed.path(self.title)
        self.sha256 = sha256 or committed.sha256(self.title)
        self._promised: str | None = None if file else committed.entry(self.title).get("net")
        self._net: Shipped | None = None

    def weights(self) -> Mapping[str, str]:
        """The baked body and the committed generator."""
        return {**super().weights(), self.file.name: self.sha256}

    def unusable(self) -> str:
        """Empty where body and weights are there."""
        return super().unusable() or ("" if self.file.exists() else f"{self.file.name} is missing")

    def sources(self) -> tuple[Source, ...]:
        """Anny's, and the generator's own with the terms of what it was trained on."""
        own = committed.source(self.title, self.sha256, usual="body vectors of Anny's calibrated shape distribution")
        return (*super().sources(), replace(own, note=f"a {self.kind} {own.note}"))

    def proposed(self, latent: Floats, years: float, gender: float) -> Build:
        """The build of a latent; raises BackendError where the weights are damaged or another net's."""
        if self._net is None:
            self._net = read(self.file, self.sha256, self._promised)
        z = _folded(latent, self._net.shape.latent)
        builds = (self._build(z * nearer, years, gender) for nearer in NEARER)
        axes = {"age": age_axis(years), "gender": 1 - gender}
        return next((b for b in builds if not impossible(measured(self.shape({**b.axes, **axes}, b.local)), years, gender)), Build())

    def _build(self, z: Floats, years: float, gender: float) -> Build:
        assert self._net is not None
        vector = self._net.make(z[None], np.array([[years / 100, gender]], np.float32))[0]
        told = {name: float(value) for name, value in zip(self._net.shape.names, vector, strict=True) if name not in _FIXED}
        phenotypes = set(model().names["phenotypes"])
        local = {name: value for name, value in told.items() if name not in phenotypes}
        return Build({name: value for name, value in told.items() if name in phenotypes}, local)


class GanBody(Drawn):
    """By stages.nets.bodygan."""

    name, title, kind = "gan", "body-bodygan", "WGAN-GP"


class VaeBody(Drawn):
    """By stages.nets.vae."""

    name, title, kind = "vae", "body-bodyvae", "variational autoencoder"


def _folded(latent: Floats, size: int) -> Floats:
    """(size,) standard normal numbers of a latent of any length: fixed random directions."""
    if not latent.size:
        return np.zeros(size, np.float32)
    directions = np.random.default_rng(latent.size).standard_normal((size, latent.size))
    folded: Floats = (directions @ latent.ravel() / np.linalg.norm(directions, axis=1)).astype(np.float32)
    return folded
