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
from stages.body.anny import Anny, load_baked_model
from stages.body.anthropometry import find_limit_violations, measure_body
from stages.body.backend import BodyBuild
from stages.body.phenotype import ORIGINS, to_age_axis
from stages.nets.weights_io import TrainedNet, load_net

LATENT_SCALES = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
"""Lengths of the latent that are tried in turn."""
_IDENTITY_AXES = ("age", "gender", *ORIGINS)
"""Axes that the identity decides."""


class GenerativeBody(Anny):
    """Anny's shapes with a build that a net draws."""

    title = ""
    """Of the net's weights."""
    kind = ""

    def __init__(self, file: Path | None = None, sha256: str | None = None) -> None:
        self.file = file or committed.locate_weights(self.title)
        self.sha256 = sha256 or committed.read_sha256(self.title)
        self._promised: str | None = None if file else committed.read_entry(self.title).get("net")
        self._net: TrainedNet | None = None

    def weights(self) -> Mapping[str, str]:
        """The baked body and the committed generator."""
        return {**super().weights(), self.file.name: self.sha256}

    def unavailable_reason(self) -> str:
        """Empty where body and weights are there."""
        return super().unavailable_reason() or ("" if self.file.exists() else f"{self.file.name} is missing")

    def sources(self) -> tuple[Source, ...]:
        """Anny's, and the generator's own with the terms of what it was trained on."""
        own = committed.describe_weights(self.title, self.sha256, committed_data="body vectors of Anny's calibrated shape distribution")
        return (*super().sources(), replace(own, note=f"a {self.kind} {own.note}"))

    def propose_build(self, latent: Floats, years: float, gender: float) -> BodyBuild:
        """The build of a latent; raises BackendError where the weights are damaged or another net's."""
        if self._net is None:
            self._net = load_net(self.file, self.sha256, self._promised)
        z = _project_latent(latent, self._net.shape.latent)
        builds = (self._generate_build(z * nearer, years, gender) for nearer in LATENT_SCALES)
        axes = {"age": to_age_axis(years), "gender": 1 - gender}
        return next(
            (b for b in builds if not find_limit_violations(measure_body(self.evaluate({**b.axes, **axes}, b.local)), years, gender)),
            BodyBuild(),
        )

    def _generate_build(self, z: Floats, years: float, gender: float) -> BodyBuild:
        assert self._net is not None
        vector = self._net.generate(z[None], np.array([[years / 100, gender]], np.float32))[0]
        told = {name: float(value) for name, value in zip(self._net.shape.names, vector, strict=True) if name not in _IDENTITY_AXES}
        phenotypes = set(load_baked_model().names["phenotypes"])
        local = {name: value for name, value in told.items() if name not in phenotypes}
        return BodyBuild({name: value for name, value in told.items() if name in phenotypes}, local)


class GanBody(GenerativeBody):
    """By stages.nets.bodygan."""

    name, title, kind = "gan", "body-bodygan", "WGAN-GP"


class VaeBody(GenerativeBody):
    """By stages.nets.vae."""

    name, title, kind = "vae", "body-bodyvae", "variational autoencoder"


def _project_latent(latent: Floats, size: int) -> Floats:
    """(size,) standard normal numbers of a latent of any length: fixed random directions."""
    if not latent.size:
        return np.zeros(size, np.float32)
    directions = np.random.default_rng(latent.size).standard_normal((size, latent.size))
    folded: Floats = (directions @ latent.ravel() / np.linalg.norm(directions, axis=1)).astype(np.float32)
    return folded
