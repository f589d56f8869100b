"""The user's own coqui-tts model folder (config.json and a checkpoint), through coqui's Synthesizer.

VITS, VITS of several speakers, Tacotron 2, FastPitch and Glow-TTS with or without a vocoder, XTTS, and models with global style tokens:
a vocoder is a folder `vocoder` in the model's own, a reference clip is `speaker.wav` with its consent record. Such models give no phoneme
durations, so typical durations are scaled to fill the audible part.
"""

from __future__ import annotations

import json
import logging
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.consent import read_consent_record
from assets.digest import sha256_file, sha256_folder
from assets.errors import BackendError, Finding, Location, RightsError, SpecError
from assets.formats.wav import export_wav
from assets.media_limits import MAX_SOUND_BYTES
from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from assets.temporary_folder import open_temporary_folder
from assets.torch_defaults import TORCH_DEFAULTS_LOCK
from assets.untrusted_media import load_untrusted_sound
from stages.voice.backend import Utterance
from stages.voice.coqui_config import explain_unsafe_config, read_safe_config
from stages.voice.coqui_stats import close_stats_pickles
from stages.voice.english import phonemize_ipa
from stages.voice.mastering import find_audible_range
from stages.voice.phonemes import spread_phonemes
from stages.voice.text import strip_notation
from stages.voice.torchaudio_shim import ensure_torchaudio

if TYPE_CHECKING:
    from TTS.utils.synthesizer import Synthesizer

CHECKPOINT_NAMES = ("model.pth", "best_model.pth", "model_file.pth", "model.pth.tar", "model.safetensors")
# What coqui-tts and torch raise for an unexpected checkpoint or sentence.
_LIBRARY_ERRORS = (RuntimeError, ValueError, KeyError, OSError, TypeError, AttributeError, AssertionError, pickle.UnpicklingError)
USER_MODEL_NOTE = "the user's own model, whose licence fenshen does not know"
SPEAKER_WAV, SPEAKER_CONSENT = "speaker.wav", "consent.txt"
"""A voice to clone, in the model folder; only XTTS-like models read it. And the record in which its owner consents."""
_UNSAFE_CHECKPOINT = re.compile("unsupported (global|class|operand 149)|not an allowed global", re.IGNORECASE)
"""What torch writes of a pickle that is more than tensors and plain values, followed by how to load it all the same; 149 begins a frame of
protocol 4, which torch.save does not write."""
_DAMAGED_CHECKPOINT = "Weights only load failed"
_WEIGHTS_FIX = "save its weights alone: torch.save({'model': model.state_dict()}, 'model.pth')"
VOCODER_FOLDER = "vocoder"
"""A coqui vocoder with its own config.json and checkpoint; without one, spectrograms are inverted by Griffin and Lim's algorithm."""
_OWN_FOLDER_MODELS = ("xtts",)
"""Models that load themselves from their folder: checkpoint, vocabulary and speakers."""


def speak_with_folder(folder: Path, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
    """Speaks one sentence with the folder's model; the rate has an effect only if the model has a length scale.

    Raises:
        SpecError: the folder is no model, has no such speaker or no style tokens, or a reference clip without consent.
    """
    import torch

    synthesizer = _load_synthesizer(str(folder), sha256_folder(folder))
    text = strip_notation(text)
    try:
        # torch's seed and the model's length scale are shared by all threads
        with _write_speaker(folder) as speaker, TORCH_DEFAULTS_LOCK:
            torch.manual_seed(seed)
            if hasattr(synthesizer.tts_model, "length_scale"):
                synthesizer.tts_model.length_scale = 1.0 / options.rate
            arguments = _build_tts_arguments(folder, synthesizer, speaker, language, options)
            with _apply_style(folder, synthesizer, options.style):
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


def _build_tts_arguments(folder: Path, synthesizer: Synthesizer, speaker: Path | None, language: str, options: VoiceSpec) -> dict[str, Any]:
    """The further arguments of multi-speaker, multilingual and style models: the voice to clone or a speaker, the language, the style."""
    arguments: dict[str, Any] = {}
    speakers = _list_speakers(synthesizer)
    if options.speaker:
        if options.speaker not in speakers:
            known = f"its speakers are {', '.join(speakers[:12])}" if speakers else "it has one speaker"
            message = f"{folder.name} has no speaker {options.speaker!r}: {known}"
            raise SpecError(Finding("voice/speaker", message, location=Location(str(folder)), fix="change voice.speaker or remove it"))
        arguments["speaker_name"] = options.speaker
    elif speaker:
        # Without a name: the Synthesizer's "" would be looked up among speakers that a folder without speakers_xtts.pth does not have.
        arguments |= {"speaker_wav": str(speaker), "speaker_name": None}
    elif speakers:
        arguments["speaker_name"] = speakers[0]
    languages = getattr(getattr(synthesizer.tts_model, "language_manager", None), "name_to_id", None)
    if languages:
        arguments["language_name"] = next((name for name in languages if str(name).startswith(language)), sorted(languages)[0])
    return arguments


def _list_speakers(synthesizer: Synthesizer) -> list[str]:
    manager = getattr(synthesizer.tts_model, "speaker_manager", None)
    return sorted(getattr(manager, "name_to_id", None) or getattr(manager, "speakers", None) or ())


@contextmanager
def _apply_style(folder: Path, synthesizer: Synthesizer, style: Mapping[int, float]) -> Iterator[None]:
    """Gives the model the weights of its style tokens, which coqui's Synthesizer does not pass on."""
    if not style:
        yield
        return
    model: Any = synthesizer.tts_model
    weights = _choose_style(folder, synthesizer, style)
    model.synthesize = partial(type(model).synthesize, model, style_wav=weights)
    try:
        yield
    finally:
        del model.synthesize


def _choose_style(folder: Path, synthesizer: Synthesizer, style: Mapping[int, float]) -> dict[str, float]:
    """The weights of the model's global style tokens (Wang et al. 2018); raises SpecError where it has none, or not that one."""
    tokens = getattr(getattr(synthesizer.tts_model, "gst", None), "gst_num_style_tokens", 0)
    if not getattr(synthesizer.tts_model, "use_gst", False):
        message = f"{folder.name} has no style tokens"
        raise SpecError(Finding("voice/style", message, location=Location(str(folder)), fix="remove voice.style"))
    if wrong := [token for token in style if token >= tokens]:
        message = f"{folder.name} has {tokens} style tokens, counted from 0, and no token {wrong[0]}"
        raise SpecError(Finding("voice/style", message, location=Location(str(folder)), fix="change voice.style"))
    return {str(token): weight for token, weight in style.items()}


def find_checkpoint(folder: Path) -> Path:
    """Path of the checkpoint; raises SpecError if the folder is not a coqui model."""
    found = [folder / name for name in CHECKPOINT_NAMES if (folder / name).exists()] or sorted(folder.glob("*.pth"))
    if not found or not (folder / "config.json").exists():
        raise SpecError(_make_finding(folder, f"{folder.name} has no config.json with a checkpoint (model.pth)"))
    return found[0]


def check_model_folder(folder: Path) -> Path:
    """Path of the checkpoint; raises SpecError if the folder is not a coqui model, or one that fetches or imports something."""
    checkpoint = find_checkpoint(folder)
    for part in (folder, *_find_vocoder(folder)):
        find_checkpoint(part)
        if reason := explain_unsafe_config(part / "config.json"):
            raise SpecError(_make_finding(folder, f"{reason}, so the model is not loaded"))
    if (folder / SPEAKER_WAV).is_file():
        _check_speaker_consent(folder)
    return checkpoint


def _find_vocoder(folder: Path) -> list[Path]:
    return [folder / VOCODER_FOLDER] if (folder / VOCODER_FOLDER).is_dir() else []


def _check_speaker_consent(folder: Path) -> None:
    """A voice is cloned only with the record in which its owner consents."""
    record = folder / SPEAKER_CONSENT
    fix = f"write in {SPEAKER_CONSENT} who speaks in {SPEAKER_WAV} and that they agree to its use, or remove {SPEAKER_WAV}"
    if not record.is_file():
        message = f"{folder.name} has the reference clip {SPEAKER_WAV} without its consent record {SPEAKER_CONSENT}"
        raise SpecError(Finding("voice/speaker-consent", message, location=Location(str(folder)), fix=fix))
    try:
        read_consent_record(record)
    except RightsError as error:
        raise SpecError(*error.findings) from error


@lru_cache(maxsize=1)  # a model may need gigabytes, and a spec has only one
def _load_synthesizer(folder: str, digest: str) -> Synthesizer:
    """The folder's model; a changed digest loads it again."""
    weights = check_model_folder(Path(folder))
    ensure_torchaudio()
    import torch
    from TTS.utils.synthesizer import Synthesizer

    torch.set_num_threads(1)
    logging.getLogger("TTS").setLevel(logging.ERROR)  # remarks about the configuration, among our own lines
    close_stats_pickles()
    try:
        with ExitStack() as stack:
            config = stack.enter_context(_write_safe_config(Path(folder)))
            vocoder: dict[str, str] = {}
            for part in _find_vocoder(Path(folder)):
                vocoder_config = stack.enter_context(_write_safe_config(part))
                vocoder = {"vocoder_checkpoint": str(find_checkpoint(part)), "vocoder_config": str(vocoder_config)}
            own = json.loads(config.read_text("utf-8")).get("model") in _OWN_FOLDER_MODELS
            checkpoint = folder if own else str(weights)
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # torch's advice on how to load what is refused
            return Synthesizer(tts_checkpoint=checkpoint, tts_config_path=str(config), use_cuda=False, **vocoder)
    except _LIBRARY_ERRORS as error:
        if _UNSAFE_CHECKPOINT.search(str(error)):
            message = "a file of the model holds Python objects, which could run code, so it is not loaded"
            raise SpecError(Finding("voice/model-code", message, location=Location(folder), fix=_WEIGHTS_FIX)) from error
        if _DAMAGED_CHECKPOINT in str(error):
            raise SpecError(_make_finding(Path(folder), "its checkpoint is damaged, or none of torch's")) from error
        raise SpecError(_make_finding(Path(folder), f"coqui-tts cannot load it: {_get_first_line(error)}")) from error


@contextmanager
def _write_safe_config(folder: Path) -> Iterator[Path]:
    """A copy of config.json in a temporary folder, whose files are all in the model's: coqui-tts reads it from a file only."""
    with open_temporary_folder() as temporary:
        config = Path(temporary) / "config.json"
        config.write_text(json.dumps(read_safe_config(folder / "config.json")), "utf-8")
        yield config


@contextmanager
def _write_speaker(folder: Path) -> Iterator[Path | None]:
    """The model's speaker.wav, decoded in a process of its own, as a plain WAV in a temporary folder; None where it has none."""
    source = folder / SPEAKER_WAV
    if not source.is_file():
        yield None
        return
    if source.stat().st_size > MAX_SOUND_BYTES:
        message = f"{SPEAKER_WAV} is larger than {MAX_SOUND_BYTES // 1_000_000} MB"
        raise SpecError(_make_finding(folder, message))
    samples, rate = load_untrusted_sound(source)
    with open_temporary_folder() as temporary:
        speaker = Path(temporary) / SPEAKER_WAV
        speaker.write_bytes(export_wav(samples, rate))
        yield speaker


def _get_first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _make_finding(folder: Path, message: str) -> Finding:
    return Finding("voice/model-folder", message, location=Location(str(folder)), fix="give a coqui-tts model folder in voice.model")
