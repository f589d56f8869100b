from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.talk import Dialogue, Line
from assets.conventions import VISEMES_15
from assets.errors import BackendError, SpecError
from assets.spec.behaviour import VoiceSpec
from stages.voice.coqui import Coqui
from stages.voice.stage import run
from stages.voice.torchaudio_shim import ensure_torchaudio

pytestmark = pytest.mark.slow

FIX = "give a coqui-tts model folder in voice.model"
HELLO = Dialogue("Ada", "en", (Line("hello", "Hello there, my friend.", "en"),), (), "hello", "given", {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A coqui model folder as a training run writes it: a very small VITS with random weights."""
    ensure_torchaudio()
    import torch
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits, VitsArgs

    torch.manual_seed(1)
    torch.set_num_threads(1)
    small = VitsArgs(
        hidden_channels=16, hidden_channels_ffn_text_encoder=16, num_heads_text_encoder=2, num_layers_text_encoder=1,
        num_layers_flow=1, num_layers_posterior_encoder=1, upsample_initial_channel_decoder=16, use_sdp=False,
        init_discriminator=False,
    )  # fmt: skip
    config = VitsConfig(model_args=small, use_phonemes=False, text_cleaner="english_cleaners")
    model = Vits.init_from_config(config)
    path = tmp_path_factory.mktemp("mine")
    model.config.save_json(str(path / "config.json"))
    torch.save({"model": model.state_dict()}, path / "model.pth")
    return path


def test_the_users_own_model_folder_speaks_with_estimated_durations(folder: Path) -> None:
    options = VoiceSpec(model=str(folder))
    speech, again = (run(HELLO, options=options, backend=Coqui(), seed=3) for _ in range(2))
    line = speech.lines[0]
    assert not speech.exact
    assert speech.warnings == ("the coqui model gives no phoneme durations: they are estimated from typical lengths",)
    assert np.isfinite(line.samples).all()
    assert line.samples.tobytes() == again.lines[0].samples.tobytes()
    assert {p.viseme for p in line.phonemes} <= set(VISEMES_15)
    assert "viseme_FF" in {p.viseme for p in line.phonemes}
    assert line.phonemes[-1].end == pytest.approx(len(line.samples) / line.rate)
    assert [source.sellable for source in speech.sources] == [False, True]


def test_a_damaged_checkpoint_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    (tmp_path / "model.pth").write_bytes(b"not a checkpoint")
    with pytest.raises(SpecError) as caught:
        run(HELLO, options=VoiceSpec(model=str(tmp_path)), backend=Coqui(), seed=1)
    assert str(caught.value) == f"{tmp_path}: error[voice/model-folder] its checkpoint is damaged, or none of torch's; {FIX}"


def test_a_sentence_that_the_model_cannot_speak_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from TTS.utils.synthesizer import Synthesizer

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("the vocabulary is empty\nTraceback")

    monkeypatch.setattr(Synthesizer, "tts", fail)
    with pytest.raises(BackendError) as caught:
        run(HELLO, options=VoiceSpec(model=str(folder)), backend=Coqui(), seed=1)
    assert str(caught.value) == (
        f"{folder}: error[voice/model-folder] the model cannot speak 'Hello there, my friend.': the vocabulary is empty; {FIX}"
    )


def test_a_folder_whose_weights_changed_is_loaded_again(folder: Path, tmp_path: Path) -> None:
    import torch

    mine = tmp_path / "mine"
    shutil.copytree(folder, mine)
    options = VoiceSpec(model=str(mine))
    before = run(HELLO, options=options, backend=Coqui(), seed=3).lines[0].samples
    state = torch.load(mine / "model.pth")
    torch.save({"model": {name: 1.5 * weight for name, weight in state["model"].items()}}, mine / "model.pth")
    assert run(HELLO, options=options, backend=Coqui(), seed=3).lines[0].samples.tobytes() != before.tobytes()
