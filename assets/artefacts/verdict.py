"""What the gates said about a finished package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from assets.artefact import Artefact


@dataclass(frozen=True)
class Check:
    """One claim and whether it holds."""

    code: str
    """Gate id, e.g. rig/weights-sum-to-one."""
    severity: str
    """error, warning or info."""
    ok: bool
    message: str
    """The claim where it holds, else what is wrong."""
    value: str = ""
    limit: str = ""


@dataclass(frozen=True)
class Verdict(Artefact):
    """Every check of one package, in the order of its target's gates."""

    kind: ClassVar[str] = "verdict/1"
    target: str
    checks: tuple[Check, ...]
