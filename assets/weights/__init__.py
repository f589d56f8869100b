"""Small model weights in the source tree: the path of a file, its digest, its licence and its training data."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, FormatError
from assets.rights import UNKNOWN_LICENCE, Source, is_sellable
from assets.strict_json import parse_json

WeightsIndex = dict[str, dict[str, Any]]
"""Title -> entry of a weights.json."""
WEIGHTS_FOLDER = Path(__file__).resolve().parent
INDEX_FILE = "weights.json"
USER_FOLDER_VARIABLE = "FENSHEN_WEIGHTS"
"""Environment variable: a folder like this one, whose weights take precedence over committed ones of the same name."""


def read_entry(name: str) -> dict[str, Any]:
    """The entry in weights.json: file, sha256, licence, data, command, steps, wall_seconds."""
    return _require_index(_find_folder(name))[name]


def has_weights(name: str) -> bool:
    """Whether weights of that name exist."""
    return name in _require_index(_find_folder(name))


def locate_weights(name: str) -> Path:
    """Path of the weights file."""
    return _find_folder(name) / str(read_entry(name)["file"])


def read_sha256(name: str) -> str:
    """The expected digest of the file."""
    return str(read_entry(name)["sha256"])


def describe_weights(name: str, digest: str, *, committed_data: str) -> Source:
    """Origin and terms of weights by their entry; unknown terms if the entry is of other weights.

    Args:
        digest: sha256 of the weights in use.
        committed_data: what the committed weights of that name were trained on.
    """
    entry = read_entry(name) if has_weights(name) and read_sha256(name) == digest else {}
    licence = str(entry.get("licence") or UNKNOWN_LICENCE)
    committed = _require_index(WEIGHTS_FOLDER).get(name, {}).get("sha256") == digest
    data = committed_data if committed else str(entry.get("data") or "unknown data")
    note = f"trained on {data}{_format_consent_note(entry.get('consent'))}"
    folder = "assets/weights" if committed or not entry else _find_folder(name).name
    origin = f"{folder}: {entry.get('file', name)}"
    return Source(name, licence, origin, author="Fenshen" if committed else "", note=note, sellable=is_sellable(licence), sha256=digest)


def format_consents(consent: Any) -> list[str]:
    """Each consent record of weights in words: its file and digest, or its other fields."""
    return [_format_record(record) for record in parse_consent_records(consent)]


def parse_consent_records(consent: Any) -> list[Any]:
    """The value of `consent` in an entry as a list: one record or several as JSON, or text that a person wrote."""
    try:
        records = parse_json(consent) if isinstance(consent, str) and consent else consent
    except ValueError:
        records = consent
    return records if isinstance(records, list) else [records] if records else []


def _format_record(record: Any) -> str:
    if not isinstance(record, dict):
        return str(record)
    if {"file", "sha256"} <= record.keys():
        return f"{record['file']} (sha256 {record['sha256']})"
    return ", ".join(f"{key}: {value}" for key, value in record.items())


def _format_consent_note(consent: Any) -> str:
    return f"; consent record {'; '.join(format_consents(consent))}" if consent else ""


def read_weights_index(folder: Path) -> WeightsIndex:
    """A folder's weights.json, empty if it does not exist; raises FormatError if it is not valid."""
    file = folder / INDEX_FILE
    try:
        table: WeightsIndex = parse_json(file.read_text(encoding="utf-8")) if file.exists() else {}
    except ValueError as error:
        raise FormatError(Finding("weights/index", f"{file} is not JSON: {error}", fix="restore the file")) from error
    rows = table.items() if isinstance(table, dict) else [("", table)]
    if incomplete := [title for title, row in rows if not (isinstance(row, dict) and {"file", "sha256"} <= row.keys())]:
        entry = f"the entry {incomplete[0]} of {file}" if incomplete[0] else str(file)
        raise FormatError(Finding("weights/index", f"{entry} has no file and sha256", fix="restore the file"))
    return table


def build_weights_index(folder: Path, title: str, entry: Mapping[str, Any]) -> bytes:
    """The contents of the folder's weights.json with this entry added."""
    return (json.dumps({**read_weights_index(folder), title: entry}, indent=2, ensure_ascii=False) + "\n").encode()


def _find_folder(name: str) -> Path:
    """The folder of the weights: the user's if it has them."""
    folder = os.path.expanduser(os.environ.get(USER_FOLDER_VARIABLE, ""))
    if folder and not Path(folder).is_dir():
        message, fix = f"{USER_FOLDER_VARIABLE} is {folder}, which is not a folder", f"correct or unset {USER_FOLDER_VARIABLE}"
        raise BackendError(Finding("weights/folder", message, fix=fix))
    return Path(folder) if folder and name in _require_index(Path(folder)) else WEIGHTS_FOLDER


def _require_index(folder: Path) -> WeightsIndex:
    """As read_weights_index, with BackendError for the caller: a backend that cannot run without it."""
    try:
        return read_weights_index(folder)
    except FormatError as error:
        raise BackendError(
            *(replace(finding, fix=f"restore the file, or unset {USER_FOLDER_VARIABLE}") for finding in error.findings)
        ) from error
