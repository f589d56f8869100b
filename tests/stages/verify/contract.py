"""What every gate guarantees: it accepts an intact bundle, rejects one with its own fault, and says where to look its claim up."""

from __future__ import annotations

from assets.errors import Severity
from stages.verify.bundle_view import BundleView
from stages.verify.gate import Gate


def check_gate(gate: Gate, intact: BundleView, broken: BundleView) -> list[str]:
    """The sentences about the broken bundle; fails where the gate breaks the contract.

    A gate whose program is not installed reports INFO, for the intact bundle as well.
    """
    assert gate.claim
    assert gate.source
    assert [str(finding) for finding in gate.check(intact) if finding.severity is Severity.ERROR] == []
    findings = list(gate.check(broken))
    assert findings, f"{gate.code} accepts the broken bundle"
    assert {finding.code for finding in findings} == {gate.code}
    assert all(finding.location.file for finding in findings), f"{gate.code} names no file"
    return [str(finding) for finding in findings]
