"""What a spec with films of people must state; checked when the spec is read, before any work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assets.consent import read_consent_record
from assets.errors import Finding, RightsError
from assets.paths import find_existing_form
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem

CONSENT_FIX = "set rights.consent to a file that states who consented, or that no real person is shown"


def list_missing_consents(spec: AvatarSpec) -> list[str]:
    """A sentence for each clip that is read from a video while no consent record is named."""
    if spec.rights.consent:
        return []
    return [f"clip {c.name} is read from the video {Path(c.video).name} without a consent record" for c in spec.motion.clips if c.video]


def _check_record_content(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """A consent record that is there says something."""
    # A missing file is reported by the check of paths.
    if spec.rights.consent and os.path.isfile(record := find_existing_form(folder / spec.rights.consent)):
        try:
            read_consent_record(record)
        except RightsError as error:
            yield from ((("rights", "consent"), finding) for finding in error.findings)


def _check_strict_consent(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """With rights.strict every film needs a consent record."""
    if spec.rights.strict:
        yield from ((("rights", "strict"), Finding("rights/consent", message, fix=CONSENT_FIX)) for message in list_missing_consents(spec))


RULES = (
    CrossFieldRule(("rights.consent",), _check_record_content),
    CrossFieldRule(("rights.strict", "rights.consent", "motion.clips"), _check_strict_consent),
)
