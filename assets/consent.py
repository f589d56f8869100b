"""Consent records: text files in which people state what their pictures, videos and movements may be used for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assets.digest import sha256_file
from assets.errors import Finding, RightsError
from assets.paths import find_existing_form

MAX_RECORD_BYTES = 100_000


def read_consent_record(path: Path) -> Mapping[str, str]:
    """File name, digest and text of a record; raises RightsError where it is not text, is empty or is too long."""
    path = find_existing_form(path)
    if path.exists() and not path.is_file():  # a pipe would be waited for for ever
        raise _build_error(path, "is not a file", "give a text file")
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_RECORD_BYTES + 1)
        # Cut behind the limit, a character may be torn: the length is judged first.
        text = data.decode("utf-8-sig").strip() if len(data) <= MAX_RECORD_BYTES else ""
    except OSError as error:
        raise _build_error(path, f"cannot be read: {error.strerror or error}", "check its path and permissions") from error
    except UnicodeDecodeError as error:
        raise _build_error(path, "is not UTF-8 text", "save it as UTF-8 text") from error
    if len(data) > MAX_RECORD_BYTES:
        raise _build_error(path, "has more than 100 KB", "keep what people agreed to, and when")
    if not text:
        raise _build_error(path, "is empty", "write who agreed to what, and when")
    return {"file": path.name, "sha256": sha256_file(path), "text": text}


def _build_error(path: Path, problem: str, fix: str) -> RightsError:
    return RightsError(Finding("rights/consent", f"the consent record {path} {problem}", fix=fix))
