"""Sources and their licences: what may be sold, and which licence covers a combination."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

UNKNOWN_LICENCE = "unknown"
"""Licence of a source without stated terms."""
_ATTRIBUTION_LICENCES = "0bsd apache-2.0 bsd-2-clause bsd-3-clause cdla-permissive-2.0 isc mit odc-by-1.0"
_CONDITIONS = {"cc0-1.0": frozenset[str](), "mit-0": frozenset[str](), "unlicense": frozenset[str](), "pddl-1.0": frozenset[str]()}
_CONDITIONS |= {licence: frozenset({"by"}) for licence in _ATTRIBUTION_LICENCES.split()}
"""SPDX id in lower case -> its conditions, by Creative Commons' abbreviations."""
_AND = " AND "
"""SPDX's operator between licences that all apply."""


@dataclass(frozen=True)
class Source:
    """Something made by others that a bundle contains or is derived from."""

    name: str
    licence: str
    """SPDX id if there is one, else the terms in words."""
    origin: str
    """Package and version, or the user's file name."""
    author: str = ""
    note: str = ""
    """Further terms, such as a research licence of the data of a base model."""
    sellable: bool = True
    """False if `rights.strict` must refuse it."""
    sha256: str = ""
    """Digest of the weights of a model."""


def merge_sources(groups: Iterable[Sequence[Source]]) -> tuple[Source, ...]:
    """Every source once, sorted by name and origin."""
    found = {(s.name, s.origin): s for group in groups for s in group}
    return tuple(found[key] for key in sorted(found))


def list_source_names(sources: Sequence[Source]) -> tuple[str, ...]:
    """Names of the sources, each once; Fenshen where there is none."""
    return tuple(dict.fromkeys(source.name for source in sources)) or ("Fenshen",)


def is_sellable(licence: str) -> bool:
    """Whether the licence permits sale; terms in words do not, as only a person can read them."""
    return all((conditions := _find_conditions(part)) is not None and "nc" not in conditions for part in licence.split(_AND))


def find_strictest_licence(licences: Iterable[str]) -> str:
    """The licence whose conditions include those of all others; if there is none, those that no other covers, joined by AND."""
    given = sorted({part.strip() or UNKNOWN_LICENCE for licence in licences for part in licence.split(_AND)})
    return _AND.join(one for one in given if not any(_covers(other, one) for other in given))


def _find_conditions(licence: str) -> frozenset[str] | None:
    """Of by, nc, sa and nd; None for an unknown licence."""
    spdx = licence.strip().lower()
    if found := re.fullmatch(r"cc-(by(?:-nc)?(?:-sa|-nd)?)-\d\.\d", spdx):
        return frozenset(found[1].split("-"))
    return _CONDITIONS.get(spdx)


def _covers(one: str, other: str) -> bool:
    """Whether complying with `one` satisfies `other`: it has more conditions, or `other` has none."""
    more, less = _find_conditions(one), _find_conditions(other)
    return less is not None and (not less if more is None else less < more)
