"""What travels: an Artefact is a frozen record of values, arrays and bytes; a Ref is its name in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar


@dataclass(frozen=True)
class Artefact:
    """Root of everything that the store keeps; `kind` is a noun and a layout version such as "speech/1"."""

    kind: ClassVar[str]


A = TypeVar("A", bound=Artefact)


@dataclass(frozen=True)
class Ref(Generic[A]):
    """The only thing that travels between tasks: what it is, and the sha256 of its encoded bytes."""

    kind: str
    digest: str
