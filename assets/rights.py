"""Where things come from and under what terms; what may ship together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One thing that somebody else made and that a bundle holds or rests on."""

    name: str
    licence: str
    """SPDX id where there is one, else plain words."""
    origin: str
    """Package and version, or the user's file name."""
    author: str = ""
    note: str = ""
    """What a lawyer would want to know, e.g. a research licence of the base model's data."""
    sellable: bool = True
    """False where `rights.strict` must refuse it."""
    sha256: str = ""
    """Digest of the weights, where it is a model."""


def merged(groups: Iterable[Sequence[Source]]) -> tuple[Source, ...]:
    """Every source once, by name."""
    found = {(s.name, s.origin): s for group in groups for s in group}
    return tuple(found[key] for key in sorted(found))
