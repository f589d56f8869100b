"""The stage's own work: refusing what cannot be spoken, and staying light to import. What every voice promises is in contract.py."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.talk import Dialogue, Line
from assets.errors import SpecError
from assets.spec.behaviour import VoiceSpec
from stages.voice.backend import Utterance
from stages.voice.hibari import Hibari
from stages.voice.phonemes import TimedSymbol, align_phonemes
from stages.voice.stage import BACKENDS, STAGE, run


def make_dialogue(language: str, *texts: str) -> Dialogue:
    lines = tuple(Line(f"line_{i:02d}", text, language) for i, text in enumerate(texts, start=1))
    return Dialogue("Ada", language, lines, (), "line_01", "given", {})


def list_findings(dialogue: Dialogue, voice: str, options: VoiceSpec | None = None) -> list[str]:
    with pytest.raises(SpecError) as caught:
        run(dialogue, options=options or VoiceSpec(), backend=BACKENDS.get(voice), seed=1)
    return [str(finding) for finding in caught.value.findings]


def test_all_lines_that_cannot_be_spoken_are_reported_together() -> None:
    assert list_findings(make_dialogue("en", "🙂", "Hello.", "Да!"), "hibari") == [
        "dialogue#/lines/line_01: error[voice/nothing-to-say] the line line_01 has no speakable text: '🙂'; write words in it",
        "dialogue#/lines/line_03: error[voice/nothing-to-say] the line line_03 has no speakable text: 'Да!'; write words in it",
    ]


def test_a_language_that_the_voice_does_not_speak_is_reported_once_for_all_lines() -> None:
    assert list_findings(make_dialogue("zh", "你好", "再见"), "hibari") == [
        "error[voice/language] the hibari voice speaks en, not zh; remove voice.backend to get the default voice"
    ]


def test_a_folder_that_is_not_a_coqui_model_is_refused(tmp_path: Path) -> None:
    assert list_findings(make_dialogue("en", "Hello."), "coqui", VoiceSpec(model=str(tmp_path))) == [
        f"{tmp_path}: error[voice/model-folder] {tmp_path.name} has no config.json with a checkpoint (model.pth); "
        "give a coqui-tts model folder in voice.model"
    ]


def test_a_model_folder_for_another_voice_is_refused() -> None:
    assert list_findings(make_dialogue("en", "Hello."), "hibari", VoiceSpec(model="mine")) == [
        "error[voice/model-unused] voice.model is a coqui model folder, which the hibari voice cannot use; set voice.backend to coqui"
    ]


class ToneVoice(Hibari):
    """Speaks a tone of estimated phonemes, as a model without durations does."""

    def speak(self, text: str, *, language: str, options: VoiceSpec, seed: int) -> Utterance:
        samples = 0.1 * np.sin(np.arange(24_000) / 20).astype(np.float32)
        return Utterance(samples, 24_000, align_phonemes([TimedSymbol("a", 1.0)]), exact=False)


def test_what_was_left_out_or_estimated_is_a_warning() -> None:
    speech = run(make_dialogue("en", "I say Ы to you"), options=VoiceSpec(), backend=ToneVoice(), seed=1)
    assert not speech.exact
    assert speech.warnings == (
        "line_01: left out one character, Ы (cyrillic capital letter yeru): an English voice cannot read it",
        "the hibari model gives no phoneme durations: they are estimated from typical lengths",
    )


def test_a_dialogue_without_lines_is_silence() -> None:
    empty = replace(make_dialogue("en"), fallback="")
    assert run(empty, options=VoiceSpec(), backend=ToneVoice(), seed=1).lines == ()


def test_importing_the_stage_loads_nothing_heavy() -> None:
    heavy = "{'torch','onnxruntime','TTS','hibari','ai_edge_litert','tensorflow','faster_whisper','transformers'}"
    code = f"import sys, stages.voice.stage; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    assert STAGE.takes == ("dialogue",)
