"""The user's own coqui-tts model folder (config.json and a checkpoint), through coqui's Synthesizer.

Such models give no phoneme durations, so typical durations are scaled to fill the audible part.
"""

from __future__ import annotations

import pickle
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.digest import sha256_file, sha256_folder
from assets.errors import BackendError, Finding, Location, SpecError
from assets.rights import Source
from assets.torch_defaults import TORCH_DEFAULTS_LOCK
from stages.voice.backend import Utterance
from stages.voice.coqui_config import explain_unsafe_config
from stages.voice.english import phonemize_ipa
from stages.voice.mastering import find_audible_range
from stages.voice.phonemes import spread_phonemes
from stages.voice.torchaudio_shim import ensure_torchaudio

if TYPE_CHECKING:
    from TTS.utils.synthesizer import Synthesizer

CHECKPOINT_NAMES = ("model.pth", "best_model.pth", "model_file.pth", "model.pth.tar", "model.safetensors")
# What coqui-tts and torch raise for an unexpected checkpoint or sentence.
_LIBRARY_ERRORS = (RuntimeError, ValueError, KeyError, OSError, TypeError, AttributeError, AssertionError, pickle.UnpicklingError)
USER_MODEL_NOTE = "the user's own model, whose licence fenshen does not know"
SPEAKER_WAV = "speaker.wav"
"""A voice to clone, in the model folder; only XTTS-like models read it. The user is responsible for the speaker's consent."""


def speak_with_folder(folder: Path, text: str, *, language: str, rate: float, seed: int) -> Utterance:
    """Speaks one sentence with the folder's model; `rate` has an effect only if the model has a length scale."""
    import torch

    synthesizer = _load_synthesizer(str(folder), sha256_folder(folder))
    arguments = _build_tts_arguments(synthesizer, folder, language)
    try:
        with TORCH_DEFAULTS_LOCK:  # torch's seed and the model's length scale are shared by all threads
            torch.manual_seed(seed)
            if hasattr(synthesizer.tts_model, "length_scale"):
                synthesizer.tts_model.length_scale = 1.0 / rate
            samples = np.asarray(synthesizer.tts(text, split_sentences=False, **arguments), np.float32)
    except _LIBRARY_ERRORS as error:
        raise BackendError(_make_finding(folder, f"the model cannot speak {text[:40]!r}: {_get_first_line(error)}")) from error
    sampling_rate = int(synthesizer.output_sample_rate)
    first, last = find_audible_range(samples, sampling_rate)
    phonemes = spread_phonemes(_phonemize_text(text, language), first / sampling_rate, last / sampling_rate, len(samples) / sampling_rate)
    return Utterance(samples, sampling_rate, phonemes, exact=False)


def describe_user_model(folder: Path) -> Source:
    """The user's model, named after its folder; its licence is unknown."""
    return Source(
        folder.name, "LicenseRef-user", folder.name, note=USER_MODEL_NOTE, sellable=False, sha256=sha256_file(find_checkpoint(folder))
    )


def _phonemize_text(text: str, language: str) -> list[str]:
    if language == "en":
        return list(phonemize_ipa(text))
    from stages.voice.mandarin_symbols import to_mandarin_symbols
    from stages.voice.pinyin import to_timed_symbols

    return [timed.symbol for symbol in to_mandarin_symbols(text) for timed in to_timed_symbols(symbol, 1.0)]


def _build_tts_arguments(synthesizer: Synthesizer, folder: Path, language: str) -> dict[str, Any]:
    """The further arguments of multi-speaker and multilingual models: the voice to clone or the first speaker, and the language."""
    arguments: dict[str, Any] = {}
    speakers = getattr(getattr(synthesizer.tts_model, "speaker_manager", None), "name_to_id", None)
    if (folder / SPEAKER_WAV).exists():
        arguments["speaker_wav"] = str(folder / SPEAKER_WAV)
    elif speakers:
        arguments["speaker_name"] = sorted(speakers)[0]
    languages = getattr(getattr(synthesizer.tts_model, "language_manager", None), "name_to_id", None)
    if languages:
        arguments["language_name"] = next((name for name in languages if str(name).startswith(language)), sorted(languages)[0])
    return arguments


def find_checkpoint(folder: Path) -> Path:
    """Path of the checkpoint; raises SpecError if the folder is not a coqui model."""
    found = [folder / name for name in CHECKPOINT_NAMES if (folder / name).exists()] or sorted(folder.glob("*.pth"))
    if not found or not (folder / "config.json").exists():
        raise SpecError(_make_finding(folder, f"{folder.name} has no config.json with a checkpoint (model.pth)"))
    return found[0]


def check_model_folder(folder: Path) -> Path:
    """Path of the checkpoint; raises SpecError if the folder is not a coqui model, or one that fetches or imports something."""
    checkpoint = find_checkpoint(folder)
    if reason := explain_unsafe_config(folder / "config.json"):
        raise SpecError(_make_finding(folder, f"{reason}, so the model is not loaded"))
    return checkpoint


@lru_cache(maxsize=1)  # a model may need gigabytes, and a spec has only one
def _load_synthesizer(folder: str, digest: str) -> Synthesizer:
    """The folder's model; a changed digest loads it again."""
    weights = check_model_folder(Path(folder))
    ensure_torchaudio()
    import torch
    from TTS.utils.synthesizer import Synthesizer

    torch.set_num_threads(1)
    try:
        return Synthesizer(tts_checkpoint=str(weights), tts_config_path=str(Path(folder) / "config.json"), use_cuda=False)
    except _LIBRARY_ERRORS as error:
        raise BackendError(_make_finding(Path(folder), f"coqui-tts cannot load it: {_get_first_line(error)}")) from error


def _get_first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _make_finding(folder: Path, message: str) -> Finding:
    return Finding("voice/model-folder", message, location=Location(str(folder)), fix="give a coqui-tts model folder in voice.model")
