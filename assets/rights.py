"""Where things come from and under what terms; what may ship together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

UNKNOWN_LICENCE = "unknown"
"""Licence of what nobody said the terms of."""
_ATTRIBUTION_LICENCES = "0bsd apache-2.0 bsd-2-clause bsd-3-clause cdla-permissive-2.0 isc mit odc-by-1.0"
_CONDITIONS = {"cc0-1.0": frozenset[str](), "mit-0": frozenset[str](), "unlicense": frozenset[str](), "pddl-1.0": frozenset[str]()}
_CONDITIONS |= {licence: frozenset({"by"}) for licence in _ATTRIBUTION_LICENCES.split()}
"""SPDX id in small letters -> what it asks for, in Creative Commons' words."""
_AND = " AND "
"""Between licences that all hold, as SPDX writes it."""


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


def merge_sources(groups: Iterable[Sequence[Source]]) -> tuple[Source, ...]:
    """Every source once, by name."""
    found = {(s.name, s.origin): s for group in groups for s in group}
    return tuple(found[key] for key in sorted(found))


def list_source_names(sources: Sequence[Source]) -> tuple[str, ...]:
    """Names of the sources, each once; Fenshen where there is none."""
    return tuple(dict.fromkeys(source.name for source in sources)) or ("Fenshen",)


def is_sellable(licence: str) -> bool:
    """Whether what is under this licence may be sold; terms in plain words may not, until a person has read them."""
    return all((demands := _find_conditions(part)) is not None and "nc" not in demands for part in licence.split(_AND))


def find_strictest_licence(licences: Iterable[str]) -> str:
    """The licence that asks for all that the others ask for; where there is none, those that no other one covers, joined by AND."""
    given = sorted({part.strip() or UNKNOWN_LICENCE for licence in licences for part in licence.split(_AND)})
    return _AND.join(one for one in given if not any(_covers(other, one) for other in given))


def _find_conditions(licence: str) -> frozenset[str] | None:
    """by, nc, sa, nd; None where the terms are none that we know."""
    known = licence.strip().lower()
    if found := re.fullmatch(r"cc-(by(?:-nc)?(?:-sa|-nd)?)-\d\.\d", known):
        return frozenset(found[1].split("-"))
    return _CONDITIONS.get(known)


def _covers(one: str, other: str) -> bool:
    """Whether who keeps to `one` keeps to `other` too: it asks for more, or `other` asks for nothing."""
    more, less = _find_conditions(one), _find_conditions(other)
    return less is not None and (not less if more is None else less < more)
