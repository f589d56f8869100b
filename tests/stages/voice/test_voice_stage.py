from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from assets.artefacts.talk import Dialogue, Line, Speech
from assets.conventions import VISEMES_15
from assets.errors import SpecError
from assets.spec.behaviour import VoiceSpec
from stages.voice import mandarin
from stages.voice.default_voice import choose_voice
from stages.voice.mastering import find_audible_range, measure_loudness, measure_true_peak
from stages.voice.stage import BACKENDS, STAGE, run

TEXT = {"en": "Dr. Smith paid $5 at 10:30. Why not?", "zh": "你好，我们10:30开门。请问您要喝茶吗？"}
LANGUAGE = {"coqui": "en", "hibari": "en", "mandarin": "zh"}
HOP = {"coqui": 256, "hibari": 600, "mandarin": 300}


@pytest.fixture(scope="module", autouse=True)
def baked_model() -> None:
    if not mandarin.baked(mandarin.ACOUSTIC_MODEL).exists():
        mandarin.bake_default_model()


def dialogue(language: str, *texts: str) -> Dialogue:
    lines = tuple(Line(f"line_{i:02d}", text, language) for i, text in enumerate(texts, start=1))
    return Dialogue("Ada", language, lines, (), "line_01", "given", {})


def speak(name: str, *texts: str, seed: int = 1, rate: float = 1.0) -> Speech:
    return run(dialogue(LANGUAGE[name], *texts), options=VoiceSpec(rate=rate), backend=BACKENDS.get(name), seed=seed)


@pytest.fixture(scope="module", params=["coqui", "hibari", "mandarin"])
def spoken(request: pytest.FixtureRequest, baked_model: None) -> tuple[str, Speech]:
    return request.param, speak(request.param, TEXT[LANGUAGE[request.param]])


def test_every_backend_is_usable_here_and_names_its_weights() -> None:
    for name in BACKENDS:
        backend = BACKENDS.get(name)
        assert backend.unavailable_reason() == ""
        assert all(len(digest) == 64 for digest in backend.weights().values())
        assert backend.weights()
        assert all(source.licence for source in backend.sources(VoiceSpec()))


def test_voices_with_restricted_data_may_not_be_sold() -> None:
    sellable = {name: all(s.sellable for s in BACKENDS.get(name).sources(VoiceSpec())) for name in BACKENDS}
    assert sellable == {"coqui": False, "hibari": True, "mandarin": False}


def test_phonemes_fill_the_sound_without_a_gap(spoken: tuple[str, Speech]) -> None:
    name, speech = spoken
    line = speech.lines[0]
    assert speech.exact
    assert line.phonemes[0].start == 0.0
    assert all(
        a.end == pytest.approx(b.start, abs=1e-6) and a.end > a.start for a, b in zip(line.phonemes, line.phonemes[1:], strict=False)
    )
    total = sum(p.end - p.start for p in line.phonemes)
    assert total == pytest.approx(len(line.samples) / line.rate, abs=HOP[name] / line.rate)


def test_every_phoneme_has_a_known_viseme_and_some_are_stressed(spoken: tuple[str, Speech]) -> None:
    phonemes = spoken[1].lines[0].phonemes
    assert {p.viseme for p in phonemes} <= set(VISEMES_15)
    assert all((p.viseme == "viseme_sil") == (p.symbol == "") for p in phonemes)
    assert max(p.stress for p in phonemes) == 1.0


def test_lips_close_where_the_sound_is_silent(spoken: tuple[str, Speech]) -> None:
    line = spoken[1].lines[0]
    power = np.asarray([np.sqrt(np.mean(line.samples[int(p.start * line.rate) : int(p.end * line.rate)] ** 2)) for p in line.phonemes])
    silent = np.asarray([p.symbol == "" for p in line.phonemes])
    vowel = np.asarray([p.viseme in ("viseme_aa", "viseme_E", "viseme_O") for p in line.phonemes])
    assert np.median(power[silent]) < 0.25 * np.median(power[vowel])


def test_a_sound_begins_within_a_moment_and_pauses_between_sentences_are_natural(spoken: tuple[str, Speech]) -> None:
    line = spoken[1].lines[0]
    quiet = [p.end - p.start for p in line.phonemes if not p.symbol]
    assert line.samples.ndim == 1
    assert line.samples.dtype == np.float32
    assert find_audible_range(line.samples, line.rate)[0] / line.rate <= 0.3
    # The text holds one full stop inside; a comma or the clock time may pause as well.
    assert 0.25 <= max(quiet[1:-1]) <= 0.6


def test_a_faster_voice_pauses_less() -> None:
    def pause(rate: float) -> float:
        phonemes = speak("hibari", "Yes. No.", rate=rate).lines[0].phonemes[1:-1]
        return max(p.end - p.start for p in phonemes if not p.symbol)

    assert pause(1.6) < pause(0.8) - 0.15


def test_a_line_is_at_the_loudness_of_the_house_and_does_not_clip(spoken: tuple[str, Speech]) -> None:
    line = spoken[1].lines[0]
    assert measure_loudness(line.samples, line.rate) == pytest.approx(-16, abs=1)
    assert measure_true_peak(line.samples) <= 10 ** (-1 / 20)


def test_the_same_seed_gives_the_same_bytes_whatever_was_said_before(spoken: tuple[str, Speech]) -> None:
    name, speech = spoken
    other = "Tea." if LANGUAGE[name] == "en" else "茶。"
    again = speak(name, other, TEXT[LANGUAGE[name]])
    assert again.lines[1].samples.tobytes() == speech.lines[0].samples.tobytes()


def test_a_sentence_keeps_its_sound_and_not_the_memory_of_the_session() -> None:
    """A line of ten thousand characters took 13 GB: each sentence's sound held the 80 MB arena of the session that made it."""
    samples = BACKENDS.get("coqui").speak("Good morning.", language="en", options=VoiceSpec(), seed=1).samples
    while isinstance(samples.base, np.ndarray):
        samples = samples.base
    assert samples.flags.owndata


def test_rate_changes_the_length(spoken: tuple[str, Speech]) -> None:
    name, speech = spoken
    fast = speak(name, TEXT[LANGUAGE[name]], rate=1.5).lines[0]
    assert 0.55 < len(fast.samples) / len(speech.lines[0].samples) < 0.85


def test_lines_that_cannot_be_said_are_refused_together() -> None:
    with pytest.raises(SpecError) as caught:
        run(dialogue("en", "🙂", "Hello.", "..."), options=VoiceSpec(), backend=BACKENDS.get("hibari"), seed=1)
    assert [finding.code for finding in caught.value.findings] == ["voice/nothing-to-say"] * 2
    assert str(caught.value.findings[0]) == (
        "dialogue#/lines/line_01: error[voice/nothing-to-say] the line line_01 holds nothing that can be spoken: '🙂'; give it words"
    )


def test_a_voice_refuses_a_language_that_it_does_not_speak() -> None:
    with pytest.raises(SpecError, match="the hibari voice speaks en, not zh"):
        run(dialogue("zh", "你好"), options=VoiceSpec(), backend=BACKENDS.get("hibari"), seed=1)


def test_chinese_words_for_an_english_voice_are_one_sentence() -> None:
    with pytest.raises(SpecError, match="the line line_01 holds nothing that can be spoken: '你好，欢迎！'; give it words"):
        run(dialogue("en", "你好，欢迎！"), options=VoiceSpec(), backend=BACKENDS.get("hibari"), seed=1)


def test_a_folder_that_is_no_coqui_model_is_refused(tmp_path: object) -> None:
    with pytest.raises(SpecError, match=r"holds no config.json with a checkpoint"):
        run(dialogue("en", "Hello."), options=VoiceSpec(model=str(tmp_path)), backend=BACKENDS.get("coqui"), seed=1)


def test_the_choice_follows_language_and_gender() -> None:
    assert [choose_voice("zh", 1.0), choose_voice("en", 0.9), choose_voice("en", 0.1)] == ["mandarin", "coqui", "hibari"]
    assert choose_voice("zh", 0.1, model="mine") == "coqui"


def test_the_choice_follows_rights_where_a_voice_may_be_sold() -> None:
    assert [choose_voice("en", 1.0, strict=True), choose_voice("en", 0.0, strict=True), choose_voice("zh", 0.0, strict=True)] == [
        "hibari",
        "hibari",
        "mandarin",
    ]


@pytest.mark.parametrize("name", list(BACKENDS))
def test_a_voice_with_a_restriction_says_so_of_its_sources(name: str) -> None:
    voice = BACKENDS.get(name)
    assert [source.note for source in voice.sources(VoiceSpec()) if not source.sellable] == list(filter(None, [voice.restriction]))


def test_a_language_that_the_voice_does_not_speak_is_told_once_for_all_lines() -> None:
    with pytest.raises(SpecError) as caught:
        run(dialogue("zh", "你好", "再见"), options=VoiceSpec(), backend=BACKENDS.get("hibari"), seed=1)
    assert str(caught.value) == ("error[voice/language] the hibari voice speaks en, not zh; leave voice.backend out and one is picked")


def test_a_model_folder_given_to_another_voice_is_refused() -> None:
    with pytest.raises(SpecError, match=r"voice\.model is a coqui model folder, the hibari voice has no use for it"):
        run(dialogue("en", "Hello."), options=VoiceSpec(model="mine"), backend=BACKENDS.get("hibari"), seed=1)


def test_importing_the_stage_loads_nothing_heavy() -> None:
    heavy = "{'torch','onnxruntime','TTS','hibari','ai_edge_litert','tensorflow','faster_whisper','transformers'}"
    code = f"import sys, stages.voice.stage; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    assert STAGE.takes == ("dialogue",)
