"""Consent records: a file in which real people say what their pictures, films and movements may be used for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assets.digest import sha256_file
from assets.errors import Finding, RightsError

MAX_RECORD_CHARACTERS = 100_000
"""Characters."""


def read_consent_record(path: Path) -> Mapping[str, str]:
    """A record as it travels: its file name, digest and text; raises RightsError where it is no text or says nothing."""
    try:
        text = path.read_bytes()[: MAX_RECORD_CHARACTERS + 1].decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RightsError(
            Finding("rights/consent", f"the consent record {path} is no text that can be read", fix="give a text file")
        ) from error
    if not text or len(text) > MAX_RECORD_CHARACTERS:
        said = "is empty" if not text else "has more than 100 KB"
        raise RightsError(Finding("rights/consent", f"the consent record {path} {said}", fix="write who agreed to what, and when"))
    return {"file": path.name, "sha256": sha256_file(path), "text": text}
