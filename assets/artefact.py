"""What stages pass on: an Artefact is a frozen record of values, arrays and bytes; a Ref is its address in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar


@dataclass(frozen=True)
class Artefact:
    """Base of everything that the store keeps; `kind` is a noun and the version of its layout, such as "speech/1"."""

    kind: ClassVar[str]


A = TypeVar("A", bound=Artefact)


@dataclass(frozen=True)
class Ref(Generic[A]):
    """All that is passed between tasks: the kind of an artefact and the sha256 of its encoded bytes."""

    kind: str
    digest: str
