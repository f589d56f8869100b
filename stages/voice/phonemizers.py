"""Phonemizers of ours in coqui-tts' own shape: hibari's G2P by default, espeak-ng (GPL-3) only where somebody asks."""

from __future__ import annotations

import ctypes
import importlib.util
import re
import unicodedata
from functools import lru_cache

from TTS.tts.utils.text.phonemizers.base import BasePhonemizer

from assets.errors import BackendError, Finding
from stages.voice.english import phonemize_ipa


class HibariPhonemizer(BasePhonemizer):  # type: ignore[misc]
    """hibari's G2P as espeak-style IPA, cut to the symbols that the voice knows."""

    def __init__(self, symbols: frozenset[str]) -> None:
        self._symbols = symbols
        super().__init__("en-us", keep_puncs=True)

    @staticmethod
    def name() -> str:
        """Backend id as coqui-tts shows it."""
        return "hibari"

    @classmethod
    def is_available(cls) -> bool:
        """True where the package is there."""
        return importlib.util.find_spec("hibari") is not None

    def version(self) -> str:
        """Version of the package."""
        from importlib.metadata import version

        return version("hibari-tts")

    @staticmethod
    def supported_languages() -> dict[str, str]:
        """Language code -> name."""
        return {"en-us": "American English"}

    def _phonemize(self, text: str, separator: str) -> str:
        return phonemize_ipa(text)

    def phonemize(self, text: str, separator: str = "|", language: str | None = None) -> str:
        """IPA of a whole sentence: the G2P reads across punctuation (dates, times, prices), so nothing is cut first."""
        letters = self._phonemize(text.strip(), separator)
        return "".join(letter for letter in letters if letter in self._symbols)


class EspeakPhonemizer(HibariPhonemizer):
    """espeak-ng through the optional package espeakng-loader."""

    # At a mark before a space or the end; not after a title or an initial; 9:30 and 3.14 stay whole.
    _CLAUSE_END = re.compile(r"(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bSt)(?<!\b[A-Z])([.,;:!?]+)(?=\s|$)")

    @staticmethod
    def name() -> str:
        """Backend id as coqui-tts shows it."""
        return "espeak"

    @classmethod
    def is_available(cls) -> bool:
        """True where the package is there."""
        return importlib.util.find_spec("espeakng_loader") is not None

    def version(self) -> str:
        """Version of the package."""
        from importlib.metadata import version

        return version("espeakng-loader")

    def _phonemize(self, text: str, separator: str) -> str:
        parts = self._CLAUSE_END.split(text)
        spoken = [
            _run_espeak(part.strip()) + (mark[:1] + " " if mark else "") for part, mark in zip(parts[::2], [*parts[1::2], ""], strict=True)
        ]
        return unicodedata.normalize("NFD", "".join(spoken).strip())


@lru_cache(maxsize=1)
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
    """The phonemizer for a voice with these symbols; raises BackendError where espeak is asked for and absent."""
    wanted = EspeakPhonemizer if espeak else HibariPhonemizer
    if not wanted.is_available():
        raise BackendError(Finding("voice/no-g2p", f"the {wanted.name()} phonemizer is not installed", fix="pip install fenshen[espeak]"))
    return wanted(symbols)
