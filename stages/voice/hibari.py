"""The hibari voice: small, permissive, American English, a woman; frames per phoneme come out of its own graph."""

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
from stages.voice.english import DIPHTHONGS, misaki, to_ipa
from stages.voice.package_files import file_in
from stages.voice.phonemes import Sound, on_clock, shifted

if TYPE_CHECKING:
    from hibari import Hibari as Model

DURATIONS = "/Clip_output_0"
HOP = 600
"""Samples a frame of the duration model, at 24 kHz."""
LATE_S = 0.05
"""Its frames run behind its sound by two: over 20 sentences vowels match the energy 45 ms, sibilants the hiss 55 ms earlier."""
ONSET_SHARE = 0.6
"""Share of a diphthong before its glide."""


class Hibari:
    """Voice "heart" of the package hibari-tts."""

    name = "hibari"
    languages: tuple[str, ...] = ("en",)
    gender = 0.0
    restriction = ""

    def unusable(self) -> str:
        """Empty where the package is installed."""
        return "" if importlib.util.find_spec("hibari") else "the package hibari-tts is not installed"

    def warm(self) -> None:
        """Loads the model and what reads English."""
        _model()
        misaki("warm")

    def weights(self) -> Mapping[str, str]:
        """The model and its dictionaries shape the sound; the model stands for both (one wheel)."""
        return {"hibari.onnx": sha256_file(_model_path())}

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """Apache-2.0, distilled from Kokoro-82M."""
        digest = self.weights()["hibari.onnx"]
        note = "distilled from Kokoro-82M (Apache-2.0); lexicons of misaki"
        return (Source("hibari voice heart", "Apache-2.0", "hibari-tts 0.2.1", note=note, sha256=digest),)

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """24 kHz sound of one sentence with the model's own durations."""
        from hibari import dsp

        model = _model()
        phonemes = misaki(text)
        letters = [letter for letter in phonemes if letter in model.vocab]
        feed = {"ids": np.asarray([model.ids(phonemes)], np.int64), "speed": np.asarray([options.rate], np.float32)}
        *spectrum, durations = model.sess.run(None, feed)
        samples = dsp.synth(*(part[0] for part in spectrum), np.random.default_rng(seed)).astype(np.float32)
        seconds = np.asarray(durations, float).ravel() * HOP / dsp.SR
        exact = bool(abs(seconds.sum() * dsp.SR - len(samples)) < HOP)
        seconds *= len(samples) / dsp.SR / seconds.sum()
        phones = on_clock(_sounds(["^", *letters, "$"], seconds.tolist()))
        return Utterance(samples, dsp.SR, shifted(phones, -LATE_S, len(samples) / dsp.SR), exact)


def _sounds(letters: list[str], seconds: list[float]) -> list[Sound]:
    sounds: list[Sound] = []
    for letter, length in zip(letters, seconds, strict=True):
        symbol = to_ipa(letter) if letter.isalpha() else letter
        if symbol in DIPHTHONGS:
            sounds += [Sound(symbol[0], length * ONSET_SHARE), Sound(symbol[1], length * (1 - ONSET_SHARE))]
        else:
            sounds.append(Sound(symbol.removesuffix("ː"), length))
    return sounds


def _model_path() -> Path:
    return file_in("hibari", "assets", "hibari.onnx")


@lru_cache(maxsize=1)
def _model() -> Model:
    from hibari import Hibari as Package

    from stages.voice.onnx_outputs import session, with_output

    model = Package(threads=1)
    model.sess = session(with_output(_model_path().read_bytes(), DURATIONS))
    return model
