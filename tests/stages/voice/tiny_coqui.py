"""Coqui model folders as training runs write them, with very small random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stages.voice.torchaudio_shim import ensure_torchaudio

SMALL_AUDIO = {"sample_rate": 16_000, "fft_size": 512, "win_length": 512, "hop_length": 128, "num_mels": 80, "mel_fmax": 8000.0}


def write_model(folder: Path, model: Any) -> Path:
    """config.json and model.pth of a coqui model."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    return folder


def _start() -> None:
    ensure_torchaudio()
    import torch

    torch.manual_seed(1)
    torch.set_num_threads(1)


def make_vits_of_speakers(folder: Path) -> Path:
    """Ada, Ben and Cy in one VITS."""
    _start()
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits, VitsArgs
    from TTS.tts.utils.speakers import SpeakerManager

    folder.mkdir(parents=True)
    manager = SpeakerManager()
    manager.name_to_id = {"Ada": 0, "Ben": 1, "Cy": 2}
    manager.save_ids_to_file(str(folder / "speakers.json"))
    small = VitsArgs(
        hidden_channels=16, hidden_channels_ffn_text_encoder=16, num_heads_text_encoder=2, num_layers_text_encoder=1, num_layers_flow=1,
        num_layers_posterior_encoder=1, upsample_initial_channel_decoder=16, use_sdp=False, init_discriminator=False,
        use_speaker_embedding=True, speaker_embedding_channels=8, speakers_file=str(folder / "speakers.json"),
    )  # fmt: skip
    config = VitsConfig(model_args=small, use_phonemes=False, text_cleaner="english_cleaners")
    return write_model(folder, Vits.init_from_config(config))


def make_tacotron(folder: Path, *, styles: int = 0) -> Path:
    """Tacotron 2 that stops at once, with `styles` global style tokens."""
    _start()
    from TTS.tts.configs.shared_configs import GSTConfig
    from TTS.tts.configs.tacotron2_config import Tacotron2Config
    from TTS.tts.models.tacotron2 import Tacotron2

    config = Tacotron2Config(
        audio=_make_audio(), use_phonemes=False, text_cleaner="english_cleaners", r=2, out_channels=80,
        max_decoder_steps=40, double_decoder_consistency=False,
        use_gst=bool(styles), gst=GSTConfig(gst_embedding_dim=16, gst_num_heads=2, gst_num_style_tokens=styles) if styles else None,
    )  # fmt: skip
    return write_model(folder, Tacotron2.init_from_config(config))


def make_fast_pitch(folder: Path) -> Path:
    """FastPitch."""
    _start()
    from TTS.tts.configs.fast_pitch_config import FastPitchConfig
    from TTS.tts.models.forward_tts import ForwardTTS, ForwardTTSArgs

    small = ForwardTTSArgs(
        out_channels=80, hidden_channels=16, num_chars=200,
        encoder_params={"hidden_channels_ffn": 16, "num_heads": 1, "num_layers": 1, "dropout_p": 0.1},
        decoder_params={"hidden_channels_ffn": 16, "num_heads": 1, "num_layers": 1, "dropout_p": 0.1},
    )  # fmt: skip
    config = FastPitchConfig(model_args=small, audio=_make_audio(), use_phonemes=False, text_cleaner="english_cleaners")
    return write_model(folder, ForwardTTS.init_from_config(config))


def make_glow(folder: Path) -> Path:
    """Glow-TTS."""
    _start()
    from TTS.tts.configs.glow_tts_config import GlowTTSConfig
    from TTS.tts.models.glow_tts import GlowTTS

    config = GlowTTSConfig(
        audio=_make_audio(), use_phonemes=False, text_cleaner="english_cleaners", out_channels=80, hidden_channels_enc=16,
        hidden_channels_dec=16, hidden_channels_dp=16, num_flow_blocks_dec=1, num_block_layers=1, num_splits=4, num_squeeze=2,
        encoder_params={"kernel_size": 3, "dropout_p": 0.1, "num_layers": 1, "num_heads": 2, "hidden_channels_ffn": 16,
            "input_length": None},
    )  # fmt: skip
    return write_model(folder, GlowTTS.init_from_config(config))


def make_vocoder(folder: Path) -> Path:
    """HiFi-GAN that turns the spectrograms of `make_tacotron` into sound."""
    _start()
    import torch
    from TTS.vocoder.configs import HifiganConfig
    from TTS.vocoder.models.gan import GAN

    config = HifiganConfig(audio=_make_audio(), generator_model_params={
        "upsample_factors": [8, 16], "upsample_kernel_sizes": [16, 32], "upsample_initial_channel": 16, "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]], "resblock_type": "1",
    })  # fmt: skip
    model = GAN.init_from_config(config)
    folder.mkdir(parents=True, exist_ok=True)
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    return folder


def _make_audio() -> Any:
    from TTS.tts.configs.shared_configs import BaseAudioConfig

    return BaseAudioConfig(**SMALL_AUDIO, do_trim_silence=False, power=1.5, griffin_lim_iters=10)


XTTS_SIZE = 64
_SPECIAL_TOKENS = ("[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]", "[zh-cn]")


def make_xtts(folder: Path, *, speakers: tuple[str, ...] = ()) -> Path:
    """XTTS with the smallest language model; its decoder and speaker encoder have sizes of their own, 90 MB in all.

    Args:
        speakers: names of voices whose latents are in speakers_xtts.pth; without them a reference clip decides the voice.
    """
    _start()
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models.xtts import Xtts

    folder.mkdir(parents=True)
    letters = {token: index for index, token in enumerate((*_SPECIAL_TOKENS, *"abcdefghijklmnopqrstuvwxyz0123456789.,!?'"))}
    words = Tokenizer(models.BPE(vocab=letters, merges=[], unk_token="[UNK]"))
    words.add_special_tokens(list(_SPECIAL_TOKENS))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(folder / "vocab.json"))
    small = XttsArgs(
        gpt_layers=1, gpt_n_model_channels=XTTS_SIZE, gpt_n_heads=2, gpt_max_audio_tokens=40, gpt_max_text_tokens=60,
        gpt_num_audio_tokens=66, gpt_start_audio_token=64, gpt_stop_audio_token=65, decoder_input_dim=XTTS_SIZE,
        gpt_use_perceiver_resampler=True,
    )  # fmt: skip
    model = Xtts(XttsConfig(model_args=small, languages=["en", "zh-cn"]))
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    if speakers:
        voices = {
            name: {"gpt_cond_latent": torch.randn(1, 32, XTTS_SIZE), "speaker_embedding": torch.randn(1, 512, 1)} for name in speakers
        }
        torch.save(voices, folder / "speakers_xtts.pth")
    return write_model(folder, model)
