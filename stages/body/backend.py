"""What the body stage needs from a body model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from assets.artefacts.geometry import Floats, Ints, Skin
from assets.rights import Source
from stages.stage import Backend


@dataclass(frozen=True)
class BodyShape:
    """One body at rest on the hm08 base mesh, +Y up, facing +Z, metres."""

    positions: Floats
    """(19158,3)."""
    names: tuple[str, ...]
    """(j,) joint names, Mixamo's without the prefix."""
    heads: Floats
    """(j,3) joint positions."""
    skin: Skin
    """(19158,4) influences; joints index `names`."""
    actions: Mapping[str, tuple[Ints, Floats]]
    """ARKit name -> moved vertices (k,) ascending and their deltas (k,3) in metres."""


@dataclass(frozen=True)
class BodyBuild:
    """The build that a backend proposes for a person; empty if it leaves the build to the spec."""

    axes: Mapping[str, float] = field(default_factory=dict)
    """Anny's phenotype axes except age, gender and origins, 0..1."""
    local: Mapping[str, float] = field(default_factory=dict)
    """Local changes, -1..1."""


class BodyBackend(Backend, Protocol):
    """A parametric body model."""

    def list_changes(self) -> tuple[str, ...]:
        """Names of the local changes that `evaluate` knows."""

    def evaluate(self, phenotype: Mapping[str, float], local: Mapping[str, float]) -> BodyShape:
        """The body of Anny's phenotype axes (missing ones are 0.5) with local changes -1..1."""

    def propose_build(self, latent: Floats, years: float, gender: float) -> BodyBuild:
        """The build of a person: the identity's latent, the age in years and the gender (0 female .. 1 male)."""

    def sources(self) -> tuple[Source, ...]:
        """Where the shape comes from and under what licence, for the bundle's rights."""
