"""Consent records: text files in which people state what their pictures, videos and movements may be used for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assets.digest import sha256_file
from assets.errors import Finding, RightsError

MAX_RECORD_CHARACTERS = 100_000


def read_consent_record(path: Path) -> Mapping[str, str]:
    """The record's file name, digest and text; raises RightsError where it is not text, empty or too long."""
    try:
        text = path.read_bytes()[: MAX_RECORD_CHARACTERS + 1].decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the consent record {path} is not a readable text file"
        raise RightsError(Finding("rights/consent", message, fix="use a UTF-8 text file")) from error
    if not text or len(text) > MAX_RECORD_CHARACTERS:
        problem = "is empty" if not text else f"has more than {MAX_RECORD_CHARACTERS:,} characters"
        fix = "write down who consented to what, and when"
        raise RightsError(Finding("rights/consent", f"the consent record {path} {problem}", fix=fix))
    return {"file": path.name, "sha256": sha256_file(path), "text": text}
