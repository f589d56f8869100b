"""What a coqui model's config.json may say: coqui-tts opens every address that it names and imports every class."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_CONFIG_BYTES = 4_000_000
"""XTTS configurations, the longest, have about 5 KB; a larger file is no configuration."""
_TEXT_FIELDS = frozenset({
    "run_name", "run_description", "test_sentences", "github_branch", "project_name", "logger_uri", "distributed_url",
})  # fmt: skip
"""Free text, and addresses that only a training run opens: every configuration names tcp://localhost:54321 in distributed_url."""
_MODULE_FIELDS = frozenset({"model", "base_model", "generator_model", "discriminator_model", "phonemizer", "formatter"})
"""Names that coqui-tts completes to a module of its own, such as `vits`."""


def explain_unsafe_config(file: Path) -> str:
    """What a config.json asks coqui-tts to fetch or to import, as a sentence; empty where it asks for neither."""
    if file.stat().st_size > MAX_CONFIG_BYTES:
        return f"{file.name} is larger than {MAX_CONFIG_BYTES // 1_000_000} MB"
    try:
        config = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        # coqui-tts would drop comments and try again; what it then reads cannot be checked here.
        return f"{file.name} is not JSON"
    for name, value in _iterate_texts(config):
        if name in _TEXT_FIELDS:
            continue
        # fsspec opens `http://`, `s3://` and chains such as `filecache::http:`.
        if "://" in value or "::" in value:
            return f"{file.name} names the address {value[:80]!r} in {name}"
        if name.endswith("_class") and not re.fullmatch(r"TTS(\.\w+)+", value):
            return f"{file.name} names the class {value[:80]!r} in {name}, which is not one of coqui-tts"
        if name in _MODULE_FIELDS and not re.fullmatch(r"[\w-]*", value):
            return f"{file.name} names the module {value[:80]!r} in {name}, which is not one of coqui-tts"
    return ""


def _iterate_texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """(field, text) of every text at any depth; items of a list have the field of the list."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _iterate_texts(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _iterate_texts(item, name)
