"""Spectrogram statistics of a coqui model: coqui-tts unpickled them, and ran what they named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from assets.errors import SpecError
from stages.voice.coqui_folder import _load_synthesizer
from stages.voice.coqui_stats import close_stats_pickles, read_stats
from stages.voice.torchaudio_shim import ensure_torchaudio

VECTOR = np.linspace(0, 1, 80)
STATS = {"mel_mean": VECTOR, "mel_std": VECTOR + 1, "linear_mean": VECTOR, "linear_std": VECTOR + 1, "audio_config": {"num_mels": 80}}


class Payload:
    """Runs a command where it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.target),)


def save_stats(path: Path, value: object) -> Path:
    box = np.empty((), object)
    box[()] = value
    np.save(path, box, allow_pickle=True)
    return path


def test_statistics_of_arrays_are_read(tmp_path: Path) -> None:
    found = read_stats(save_stats(tmp_path / "stats.npy", STATS))
    assert found["audio_config"] == {"num_mels": 80}
    np.testing.assert_array_equal(found["mel_std"], VECTOR + 1)


def test_a_scalar_of_numpy_is_a_value(tmp_path: Path) -> None:
    assert read_stats(save_stats(tmp_path / "stats.npy", {"mel_mean": np.float32(2)}))["mel_mean"] == 2


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", b"cos\nsystem\n(S'true'\ntR."])
def test_a_file_that_holds_no_statistics_is_one_sentence(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "stats.npy").write_bytes(data)
    with pytest.raises(ValueError, match=r"^the statistics stats\.npy cannot be read: "):
        read_stats(tmp_path / "stats.npy")


def test_statistics_that_name_code_run_nothing(tmp_path: Path) -> None:
    file = save_stats(tmp_path / "stats.npy", {"mel_mean": Payload(tmp_path / "RAN")})
    with pytest.raises(ValueError, match=r"^the statistics stats\.npy cannot be read: they name posix\.mkdir, which is never imported"):
        read_stats(file)
    assert not (tmp_path / "RAN").exists()


@pytest.mark.slow
def test_coqui_reads_statistics_of_arrays(tmp_path: Path) -> None:
    ensure_torchaudio()
    close_stats_pickles()
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.utils.audio import AudioProcessor

    file = save_stats(tmp_path / "stats.npy", STATS)
    audio = AudioProcessor(BaseAudioConfig(num_mels=80, signal_norm=True, stats_path=str(file)))
    np.testing.assert_allclose(audio.mel_scaler.mean_, VECTOR)


@pytest.mark.slow
def test_statistics_that_no_check_has_seen_run_nothing(tmp_path: Path) -> None:
    """Those of a speaker encoder, whose configuration is a file of its own."""
    ensure_torchaudio()
    close_stats_pickles()
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.utils.audio import AudioProcessor

    file = save_stats(tmp_path / "stats.npy", {"mel_mean": Payload(tmp_path / "RAN")})
    with pytest.raises(ValueError, match="which is never imported"):
        AudioProcessor(BaseAudioConfig(signal_norm=True, stats_path=str(file)))
    assert not (tmp_path / "RAN").exists()


def test_a_model_whose_statistics_name_code_is_one_sentence(tmp_path: Path) -> None:
    save_stats(tmp_path / "stats.npy", {"mel_mean": Payload(tmp_path / "RAN")})
    (tmp_path / "model.pth").write_bytes(b"weights")
    config = {"model": "glow_tts", "audio": {"signal_norm": True, "stats_path": "stats.npy"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(SpecError) as caught:
        _load_synthesizer(str(tmp_path), "digest")
    assert str(caught.value) == (
        f"{tmp_path}: error[voice/model-folder] the statistics stats.npy cannot be read: they name posix.mkdir, which is never imported, "
        "so the model is not loaded; give a coqui-tts model folder in voice.model"
    )
    assert not (tmp_path / "RAN").exists()
