"""Small weights that travel with the source: where a file lies, and the digest that it must have."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, FormatError
from assets.rights import UNKNOWN_LICENCE, Source, is_sellable

WeightsIndex = dict[str, dict[str, Any]]
"""Title -> entry of a weights.json."""
WEIGHTS_FOLDER = Path(__file__).resolve().parent
INDEX_FILE = "weights.json"
USER_FOLDER_VARIABLE = "FENSHEN_WEIGHTS"
"""Environment variable: a folder like this one whose weights go before the committed ones of the same name."""


def read_entry(name: str) -> dict[str, Any]:
    """What weights.json says of these weights: file, sha256, licence, data, command, steps, wall_seconds."""
    return _require_index(_find_folder(name))[name]


def has_weights(name: str) -> bool:
    """Whether there are weights of that name."""
    return name in _require_index(_find_folder(name))


def locate_weights(name: str) -> Path:
    """The weights file."""
    return _find_folder(name) / str(read_entry(name)["file"])


def read_sha256(name: str) -> str:
    """The digest that the file must have."""
    return str(read_entry(name)["sha256"])


def describe_weights(name: str, digest: str, *, usual: str) -> Source:
    """Where weights come from and under what terms, as their entry says; unknown terms where the entry is of other weights.

    Args:
        digest: sha256 of the weights that are used.
        usual: what the committed weights of that name were trained on.
    """
    told = read_entry(name) if has_weights(name) and read_sha256(name) == digest else {}
    licence = str(told.get("licence") or UNKNOWN_LICENCE)
    ours = _require_index(WEIGHTS_FOLDER).get(name, {}).get("sha256") == digest
    data = usual if ours else str(told.get("data") or "unknown data")
    note = f"trained on {data}{_format_consent_note(told.get('consent'))}"
    folder = "assets/weights" if ours or not told else _find_folder(name).name
    origin = f"{folder}: {told.get('file', name)}"
    return Source(name, licence, origin, author="Fenshen" if ours else "", note=note, sellable=is_sellable(licence), sha256=digest)


def format_consents(told: Any) -> list[str]:
    """Each consent record of weights in words: its file and digest, or what it says where it is no file."""
    return [_format_record(record) for record in parse_consent_records(told)]


def parse_consent_records(told: Any) -> list[Any]:
    """What an entry says under `consent`: one record or several, as JSON, or in plain words where a person wrote them there."""
    try:
        records = json.loads(told) if isinstance(told, str) and told else told
    except ValueError:
        records = told
    return records if isinstance(records, list) else [records] if records else []


def _format_record(record: Any) -> str:
    if not isinstance(record, dict):
        return str(record)
    if {"file", "sha256"} <= record.keys():
        return f"{record['file']} (sha256 {record['sha256']})"
    return ", ".join(f"{key}: {value}" for key, value in record.items())


def _format_consent_note(told: Any) -> str:
    return f"; consent record {'; '.join(format_consents(told))}" if told else ""


def read_weights_index(folder: Path) -> WeightsIndex:
    """A folder's weights.json, empty where there is none; raises FormatError where it is no JSON or not such a table."""
    file = folder / INDEX_FILE
    try:
        table: WeightsIndex = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except ValueError as error:
        raise FormatError(Finding("weights/index", f"{file} is no JSON: {error}", fix="restore it")) from error
    rows = table.items() if isinstance(table, dict) else [("", table)]
    if wrong := [title for title, row in rows if not (isinstance(row, dict) and {"file", "sha256"} <= row.keys())]:
        where = f"{wrong[0]} in {file}" if wrong[0] else str(file)
        raise FormatError(Finding("weights/index", f"{where} names no file and sha256", fix="restore it"))
    return table


def build_weights_index(folder: Path, title: str, entry: Mapping[str, Any]) -> bytes:
    """What the folder's weights.json holds once it has this entry too."""
    return (json.dumps({**read_weights_index(folder), title: entry}, indent=2, ensure_ascii=False) + "\n").encode()


def _find_folder(name: str) -> Path:
    """The folder that holds the weights: the user's where it does."""
    yours = os.environ.get(USER_FOLDER_VARIABLE)
    if yours and not Path(yours).is_dir():
        raise BackendError(
            Finding(
                "weights/folder", f"{USER_FOLDER_VARIABLE} names {yours}, which is no folder", fix=f"mend or unset {USER_FOLDER_VARIABLE}"
            )
        )
    return Path(yours) if yours and name in _require_index(Path(yours)) else WEIGHTS_FOLDER


def _require_index(folder: Path) -> WeightsIndex:
    """As table_of, for a backend that cannot do without."""
    try:
        return read_weights_index(folder)
    except FormatError as error:
        raise BackendError(*(replace(finding, fix=f"restore it, or unset {USER_FOLDER_VARIABLE}") for finding in error.findings)) from error
