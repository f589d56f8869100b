"""Every kind of coqui model speaks from its folder; tiny random weights that the test makes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.talk import Dialogue, Line, SpokenLine
from assets.errors import SpecError
from assets.formats.wav import export_wav
from assets.spec.behaviour import VoiceSpec
from stages.voice.coqui import Coqui
from stages.voice.coqui_folder import check_model_folder
from stages.voice.stage import run
from tests.stages.voice import tiny_coqui

pytestmark = pytest.mark.slow
NIHAO = Dialogue("Lin", "zh", (Line("hello", "你好。", "zh"),), (), "hello", "given", {})
HELLO = Dialogue("Ada", "en", (Line("hello", "Hello there.", "en"),), (), "hello", "given", {})


def speak(folder: Path, dialogue: Dialogue = HELLO, **options: object) -> SpokenLine:
    return run(dialogue, options=VoiceSpec.model_validate({"model": str(folder), **options}), backend=Coqui(), seed=3).lines[0]


@pytest.mark.parametrize("make", [tiny_coqui.make_tacotron, tiny_coqui.make_fast_pitch, tiny_coqui.make_glow])
@pytest.mark.parametrize("vocoder", [False, True])
def test_a_spectrogram_model_speaks_with_and_without_a_vocoder(make: Callable[[Path], Path], vocoder: bool, tmp_path: Path) -> None:
    folder = make(tmp_path / "mine")
    if vocoder:
        tiny_coqui.make_vocoder(folder / "vocoder")
    line = speak(folder)
    assert line.rate == 16_000
    assert len(line.samples) > 1_000
    assert np.isfinite(line.samples).all()
    assert np.abs(line.samples).max() > 0
    assert line.phonemes[-1].end == pytest.approx(len(line.samples) / line.rate)


def test_a_model_of_several_speakers_speaks_as_the_one_that_is_named(tmp_path: Path) -> None:
    folder = tiny_coqui.make_vits_of_speakers(tmp_path / "mine")
    first, ada, ben = speak(folder), speak(folder, speaker="Ada"), speak(folder, speaker="Ben")
    assert first.samples.tobytes() == ada.samples.tobytes() != ben.samples.tobytes()
    with pytest.raises(SpecError) as caught:
        speak(folder, speaker="Dan")
    assert str(caught.value) == (
        f"{folder}: error[voice/speaker] mine has no speaker 'Dan': its speakers are Ada, Ben, Cy; change voice.speaker or remove it"
    )


def test_style_tokens_change_the_speech(tmp_path: Path) -> None:
    folder = tiny_coqui.make_tacotron(tmp_path / "mine", styles=4)
    plain, styled = speak(folder), speak(folder, style={2: 3.0})
    assert plain.samples.tobytes() != styled.samples.tobytes()
    with pytest.raises(SpecError) as caught:
        speak(folder, style={9: 1.0})
    assert "mine has 4 style tokens, counted from 0, and no token 9" in str(caught.value)


def test_a_model_without_style_tokens_refuses_a_style(tmp_path: Path) -> None:
    folder = tiny_coqui.make_glow(tmp_path / "mine")
    with pytest.raises(SpecError, match="mine has no style tokens"):
        speak(folder, style={0: 1.0})


def test_xtts_clones_the_voice_of_a_reference_clip_in_both_languages(tmp_path: Path) -> None:
    """Nobody's clip could be read: torchaudio's reader needs torchcodec, and an unnamed speaker was looked up among no speakers."""
    folder = tiny_coqui.make_xtts(tmp_path / "mine")
    t = np.arange(2 * 22_050) / 22_050
    (folder / "speaker.wav").write_bytes(export_wav((0.3 * np.sin(2 * np.pi * 180 * t)).astype(np.float32), 22_050))
    (folder / "consent.txt").write_text("Ada Byron agrees, 2026-11-30.", "utf-8")
    hello, nihao = speak(folder), speak(folder, dialogue=NIHAO)
    for line in (hello, nihao):
        assert line.rate == 24_000
        assert len(line.samples) > 1_000
        assert np.isfinite(line.samples).all()


def test_xtts_speaks_as_the_speaker_that_is_named(tmp_path: Path) -> None:
    folder = tiny_coqui.make_xtts(tmp_path / "mine", speakers=("Ada", "Ben"))
    first, ada, ben = speak(folder), speak(folder, speaker="Ada"), speak(folder, speaker="Ben")
    assert first.samples.tobytes() == ada.samples.tobytes() != ben.samples.tobytes()


def test_a_reference_clip_needs_a_consent_record(tmp_path: Path) -> None:
    for name in ("config.json", "model.pth", "speaker.wav"):
        (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(SpecError) as caught:
        check_model_folder(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: error[voice/speaker-consent] {tmp_path.name} has the reference clip speaker.wav without its consent record "
        "consent.txt; write in consent.txt who speaks in speaker.wav and that they agree to its use, or remove speaker.wav"
    )
    (tmp_path / "consent.txt").write_text("", "utf-8")
    with pytest.raises(SpecError, match="is empty"):
        check_model_folder(tmp_path)
    (tmp_path / "consent.txt").write_text("Ada Byron agrees, 2026-11-30.", "utf-8")
    assert check_model_folder(tmp_path).name == "model.pth"


def test_a_vocoder_is_checked_like_a_model(tmp_path: Path) -> None:
    for part in (tmp_path, tmp_path / "vocoder"):
        part.mkdir(exist_ok=True)
        (part / "model.pth").write_bytes(b"")
        (part / "config.json").write_text("{}", "utf-8")
    (tmp_path / "vocoder" / "config.json").write_text('{"model": "https://x.org/y"}', "utf-8")
    with pytest.raises(SpecError, match="so the model is not loaded"):
        check_model_folder(tmp_path)
