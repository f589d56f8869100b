"""What a coqui model's config.json may say: coqui-tts opens every address and file that it names and imports every class."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from stages.voice.coqui_stats import read_stats

MAX_CONFIG_BYTES = 4_000_000
"""XTTS configurations, the longest, have about 5 KB; a larger file is no configuration."""
_TEXT_FIELDS = frozenset({
    "run_name", "run_description", "test_sentences", "github_branch", "project_name", "logger_uri", "distributed_url",
})  # fmt: skip
"""Free text, and addresses that only a training run opens: every configuration names tcp://localhost:54321 in distributed_url."""
_TRAINING_FIELDS = frozenset({
    "output_path", "datasets", "phoneme_cache_path", "f0_cache_path", "energy_cache_path", "attn_prior_cache_path", "test_sentences_file",
    "restore_path", "continue_path", "config_path", "mel_norm_file", "original_xtts_checkpoints_folder_path",
})  # fmt: skip
"""Files and folders of the machine that trained the model; they are left out, as no speech depends on them."""
_SYMBOL_FIELDS = frozenset({"characters", "punctuations", "phonemes", "pad", "eos", "bos", "blank"})
"""Letters, which may include slashes."""
_FILE_FIELD = re.compile(r"file|path|dir|folder|checkpoint", re.IGNORECASE)
"""Names of fields whose text coqui-tts opens as a file, wherever the program runs."""
_FETCHING_MODELS = ("bark", "tortoise")
"""Their code in coqui-tts downloads further models from fixed addresses."""
_MODULE_FIELDS = frozenset({"model", "base_model", "generator_model", "discriminator_model", "phonemizer", "formatter"})
"""Names that coqui-tts completes to a module of its own, such as `vits`."""


def explain_unsafe_config(file: Path) -> str:
    """What a config.json asks coqui-tts to fetch, to import or to open elsewhere, as a sentence; empty where it asks for nothing."""
    try:
        read_safe_config(file)
    except ValueError as error:
        return str(error)
    return ""


def read_safe_config(file: Path) -> dict[str, Any]:
    """The configuration with the files that it names as absolute paths inside its folder, and without those of its training.

    Raises:
        ValueError: it names an address, foreign code, a file outside its folder, or statistics that name code; the text is a sentence.
    """
    if file.stat().st_size > MAX_CONFIG_BYTES:
        raise ValueError(f"{file.name} is larger than {MAX_CONFIG_BYTES // 1_000_000} MB")
    try:
        config = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        # coqui-tts would drop comments and try again; what it then reads cannot be checked here.
        raise ValueError(f"{file.name} is not JSON") from None
    if not isinstance(config, dict):
        raise ValueError(f"{file.name} is not a JSON object")
    config = {name: value for name, value in config.items() if name not in _TRAINING_FIELDS}
    for name, value in _iterate_texts(config):
        if name not in _TEXT_FIELDS and (problem := _explain_unsafe_text(name, value)):
            raise ValueError(f"{file.name} names {problem}")
    safe: dict[str, Any] = _find_files(config, "", file)
    for name, value in _iterate_texts(safe):
        if name == "stats_path" and value:
            read_stats(Path(value))
    return safe


def _explain_unsafe_text(name: str, value: str) -> str:
    # fsspec opens `http://`, `s3://` and chains such as `filecache::http:`.
    if "://" in value or "::" in value:
        return f"the address {value[:80]!r} in {name}"
    if name.endswith("_class") and not re.fullmatch(r"TTS(\.\w+)+", value):
        return f"the class {value[:80]!r} in {name}, which is not one of coqui-tts"
    if name in _MODULE_FIELDS and not re.fullmatch(r"[\w-]*", value):
        return f"the module {value[:80]!r} in {name}, which is not one of coqui-tts"
    if name == "model" and value.lower() in _FETCHING_MODELS:
        return f"the model {value}, for which coqui-tts downloads further files"
    return ""


def _find_files(value: Any, name: str, config: Path) -> Any:
    """The value with every file in it as an absolute path inside the folder of `config`; raises ValueError for one that is not there."""
    if isinstance(value, dict):
        return {key: _find_files(item, str(key), config) for key, item in value.items()}
    if isinstance(value, list):
        return [_find_files(item, name, config) for item in value]
    if not isinstance(value, str) or not value or name in _TEXT_FIELDS | _SYMBOL_FIELDS:
        return value
    if not (_FILE_FIELD.search(name) or "/" in value or "\\" in value or value.startswith("~")):
        return value
    folder = Path(os.path.realpath(config.parent))
    # The folder may have moved since its training: then its file has the same name, and another place in front of it.
    for place in (value, PurePosixPath(value).name, PureWindowsPath(value).name):
        found = Path(os.path.realpath(folder / place)) if "\0" not in place else folder
        if found != folder and found.is_relative_to(folder) and os.path.exists(found):
            return str(found)
    raise ValueError(f"{config.name} names the file {value[:80]!r} in {name}, which is not in the model's folder")


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
