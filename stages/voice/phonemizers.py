"""Phonemizers for coqui-tts: hibari's G2P by default, espeak-ng (GPL-3) only on request (FENSHEN_G2P=espeak)."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import unicodedata
from functools import lru_cache

from TTS.tts.utils.text.phonemizers.base import BasePhonemizer
from typing_extensions import override

from assets.errors import BackendError, Finding
from stages.voice.english import phonemize_ipa


class HibariPhonemizer(BasePhonemizer):  # type: ignore[misc]
    """hibari's G2P as espeak-style IPA, without symbols that the voice does not have."""

    def __init__(self, symbols: frozenset[str]) -> None:
        self._symbols = symbols
        super().__init__("en-us", keep_puncs=True)

    @staticmethod
    def name() -> str:
        """Name of the phonemizer in coqui-tts."""
        return "hibari"

    @classmethod
    def is_available(cls) -> bool:
        """True if the package is installed."""
        return importlib.util.find_spec("hibari") is not None

    def version(self) -> str:
        """Version of the package."""
        from importlib.metadata import version

        return version("hibari-tts")

    @staticmethod
    @override
    def supported_languages() -> dict[str, str]:
        """Language code -> name."""
        return {"en-us": "American English"}

    def _phonemize(self, text: str, separator: str) -> str:
        return phonemize_ipa(text)

    def phonemize(self, text: str, separator: str = "|", language: str | None = None) -> str:
        """IPA of a sentence; it is not split at punctuation, because the G2P needs the context for dates, times and prices."""
        letters = self._phonemize(text.strip(), separator)
        return "".join(letter for letter in letters if letter in self._symbols)


class EspeakPhonemizer(HibariPhonemizer):
    """espeak-ng through the optional package espeakng-loader."""

    # Punctuation before a space or the end, but not after a title or an initial; 9:30 and 3.14 are not split.
    _CLAUSE_END = re.compile(r"(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bSt)(?<!\b[A-Z])([.,;:!?]+)(?=\s|$)")

    @staticmethod
    def name() -> str:
        """Name of the phonemizer in coqui-tts."""
        return "espeak"

    @classmethod
    def is_available(cls) -> bool:
        """True if the package is installed."""
        return importlib.util.find_spec("espeakng_loader") is not None

    def version(self) -> str:
        """Version of the package."""
        from importlib.metadata import version

        return version("espeakng-loader")

    def _phonemize(self, text: str, separator: str) -> str:
        parts = self._CLAUSE_END.split(re.sub(r"\[([^\]]*)\]\(/[^)]*/\)", r"\1", text))
        spoken = [
            _run_espeak(part.strip()) + (mark[:1] + " " if mark else "") for part, mark in zip(parts[::2], [*parts[1::2], ""], strict=True)
        ]
        return unicodedata.normalize("NFD", "".join(spoken).strip())


@lru_cache(maxsize=1)  # a C library that is initialised once per process
def _load_espeak() -> ctypes.CDLL:
    import espeakng_loader

    library = ctypes.cdll.LoadLibrary(espeakng_loader.get_library_path())
    retrieval = 1  # AUDIO_OUTPUT_RETRIEVAL: nothing is played
    library.espeak_Initialize(retrieval, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_SetVoiceByName(b"en-us")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library


def _run_espeak(text: str) -> str:
    pointer = ctypes.c_char_p(text.encode())
    parts = []
    utf8, ipa_mode = 1, 2
    while pointer.value:
        parts.append(_load_espeak().espeak_TextToPhonemes(ctypes.byref(pointer), utf8, ipa_mode).decode())
    return " ".join(part for part in parts if part)


def build_english_phonemizer(symbols: frozenset[str], *, espeak: bool = False) -> HibariPhonemizer:
    """The phonemizer for a voice with these symbols; raises BackendError if its package is not installed."""
    phonemizer = EspeakPhonemizer if espeak else HibariPhonemizer
    if not phonemizer.is_available():
        fix = "pip install fenshen[espeak]" if espeak else "run `make setup`"
        raise BackendError(Finding("voice/no-g2p", f"the {phonemizer.name()} phonemizer is not installed", fix=fix))
    return phonemizer(symbols)
