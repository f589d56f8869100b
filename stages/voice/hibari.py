"""The hibari voice: an American woman, small, under a permissive licence; its graph also gives the frames per phoneme."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assets.digest import sha256_file
from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from stages.voice.backend import Utterance
from stages.voice.english import DIPHTHONGS, misaki_to_ipa, phonemize_misaki
from stages.voice.package_files import find_package_file
from stages.voice.phonemes import TimedSymbol, align_phonemes, shift_phonemes

if TYPE_CHECKING:
    from hibari import Hibari as Model

DURATIONS_OUTPUT = "/Clip_output_0"
HOP_LENGTH = 600
"""Samples per frame of the duration model, at 24 kHz."""
DURATION_LAG_S = 0.05
"""The frames lag behind the sound by two: measured over 20 sentences, vowels lead their frames by 45 ms and sibilants by 55 ms."""
ONSET_SHARE = 0.6
"""Share of a diphthong's duration before its glide."""


class Hibari:
    """Voice "heart" of the package hibari-tts."""

    name = "hibari"
    languages: tuple[str, ...] = ("en",)
    gender = 0.0
    restriction = ""

    def unavailable_reason(self) -> str:
        """Says that the package is missing; empty if it is installed."""
        return "" if importlib.util.find_spec("hibari") else "the package hibari-tts is not installed"

    def preload(self) -> None:
        """Loads the model and the English G2P."""
        _load_model()
        phonemize_misaki("ready")

    def weights(self) -> Mapping[str, str]:
        """The model; its digest covers the dictionaries too, which come in the same wheel."""
        return {"hibari.onnx": sha256_file(_find_model_path())}

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """The voice, distilled from Kokoro-82M."""
        digest = self.weights()["hibari.onnx"]
        note = "distilled from Kokoro-82M (Apache-2.0); lexicons of misaki"
        return (Source("hibari voice heart", "Apache-2.0", "hibari-tts 0.2.1", note=note, sha256=digest),)

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """One sentence at 24 kHz with the model's own durations."""
        from hibari import dsp

        model = _load_model()
        phonemes = phonemize_misaki(text)
        letters = [letter for letter in phonemes if letter in model.vocab]
        feed = {"ids": np.asarray([model.ids(phonemes)], np.int64), "speed": np.asarray([options.rate], np.float32)}
        *spectrum, durations = model.sess.run(None, feed)
        samples = dsp.synth(*(part[0] for part in spectrum), np.random.default_rng(seed)).astype(np.float32)
        seconds = np.asarray(durations, float).ravel() * HOP_LENGTH / dsp.SR
        exact = bool(abs(seconds.sum() * dsp.SR - len(samples)) < HOP_LENGTH)
        seconds *= len(samples) / dsp.SR / seconds.sum()
        aligned = align_phonemes(_to_timed_symbols(["^", *letters, "$"], seconds.tolist()))
        return Utterance(samples, dsp.SR, shift_phonemes(aligned, -DURATION_LAG_S, len(samples) / dsp.SR), exact)


def _to_timed_symbols(letters: list[str], seconds: list[float]) -> list[TimedSymbol]:
    timed: list[TimedSymbol] = []
    for letter, length in zip(letters, seconds, strict=True):
        symbol = misaki_to_ipa(letter) if letter.isalpha() else letter
        if symbol in DIPHTHONGS:
            timed += [TimedSymbol(symbol[0], length * ONSET_SHARE), TimedSymbol(symbol[1], length * (1 - ONSET_SHARE))]
        else:
            timed.append(TimedSymbol(symbol.removesuffix("ː"), length))
    return timed


def _find_model_path() -> Path:
    return find_package_file("hibari", "assets", "hibari.onnx")


@lru_cache(maxsize=1)  # one model; a run keeps no state, so all lines share its session
def _load_model() -> Model:
    from hibari import Hibari as Package

    from stages.voice.onnx_outputs import add_graph_output, open_session

    model = Package(threads=1)
    model.sess = open_session(add_graph_output(_find_model_path().read_bytes(), DURATIONS_OUTPUT))
    return model
