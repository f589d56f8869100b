"""What the gates said about a finished package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

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
    ran: bool = True
    """False where this machine lacks what the gate needs: nothing is claimed then."""


@dataclass(frozen=True)
class Verdict(Artefact):
    """Every check of one package, in the order of its target's gates."""

    kind: ClassVar[str] = "verdict/1"
    target: str
    checks: tuple[Check, ...]


def count_checks(checks: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """Of a manifest's checks: how many gates passed, how many ran, how many could not run here."""
    able = [check for check in checks if has_run(check)]
    return sum(bool(check["ok"]) for check in able), len(able), len(checks) - len(able)


def has_run(check: Mapping[str, Any]) -> bool:
    """Whether the gate of a manifest's check could run; manifests of older builds tell of none that could not."""
    return bool(check.get("ran", True))
