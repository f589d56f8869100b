"""The results of the gates for a finished package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from assets.artefact import Artefact


@dataclass(frozen=True)
class Check:
    """One finding of a gate, or that its claim holds."""

    code: str
    """Gate id, e.g. rig/weights-sum-to-one."""
    severity: str
    """error, warning or info."""
    ok: bool
    message: str
    """The claim if it holds, else what is wrong."""
    value: str = ""
    limit: str = ""
    ran: bool = True
    """False if a program that the gate needs is not installed, or if it failed (`ok` is False then): the check says nothing about the
    package."""


@dataclass(frozen=True)
class Verdict(Artefact):
    """Every check of a package, in the order of its target's gates."""

    kind: ClassVar[str] = "verdict/1"
    target: str
    checks: tuple[Check, ...]


def count_checks(checks: Sequence[Mapping[str, Any]]) -> tuple[int, int, int]:
    """Of a manifest's checks: the numbers of those that passed, that ran, and that could not run."""
    run = [check for check in checks if has_run(check)]
    return sum(bool(check["ok"]) for check in run), len(run), len(checks) - len(run)


def has_run(check: Mapping[str, Any]) -> bool:
    """Whether the gate of a manifest's check could run; older manifests list only those that did."""
    return bool(check.get("ran", True))
