"""Text-image encoders behind one interface: our own weights, and a CLIP folder that the test makes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from assets.errors import BackendError
from stages.nets import text_image
from stages.nets.clip import Clip, Shape
from stages.nets.text_image import FOLDER_VARIABLE, TEXT_WIDTH, ClipFolder, OwnEncoder, TextImageEncoder, open_encoder, to_conditions
from stages.nets.weights_io import TrainedNet, export_net

TEXTS = ("a man with glasses", "an old woman", "")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> TextImageEncoder:
    shape = Shape(size=16, width=8, embedding=16, buckets=512, text_width=16, text_layers=1)
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("own") / "clip.safetensors"
    file.write_bytes(export_net(TrainedNet("clip", shape, {"clip": Clip(shape)}, ()), {}))
    return OwnEncoder(file)


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIPModel with a tokenizer of letters, as `save_pretrained` writes them."""
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTokenizer, CLIPVisionConfig

    folder = tmp_path_factory.mktemp("clip")
    letters = [chr(k) for k in range(ord("a"), ord("z") + 1)]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: k for k, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    end = len(vocabulary) - 1
    text = CLIPTextConfig(vocab_size=len(vocabulary), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
                          max_position_embeddings=24, eos_token_id=end, bos_token_id=end - 1, pad_token_id=end)  # fmt: skip
    vision = CLIPVisionConfig(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=16, patch_size=8)
    torch.manual_seed(0)
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=12)
    CLIPModel(config).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(params=["own", "folder"])
def encoder(request: pytest.FixtureRequest) -> TextImageEncoder:
    """Each of them: what follows is true of both."""
    if request.param == "own":
        return request.getfixturevalue("own")  # type: ignore[no-any-return]
    return ClipFolder(request.getfixturevalue("clip_folder"))


def test_texts_and_images_have_unit_vectors_of_one_length(encoder: TextImageEncoder) -> None:
    texts, images = encoder.embed_texts(TEXTS), encoder.embed_images(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert texts.shape[1] == images.shape[1]
    for vectors in (texts, images):
        assert torch.allclose(vectors.norm(dim=1), torch.ones(len(vectors)), atol=1e-5)
    assert encoder.scale > 1


def test_different_texts_have_different_vectors(encoder: TextImageEncoder) -> None:
    texts = encoder.embed_texts(TEXTS[:2])
    assert float((texts[0] - texts[1]).norm()) > 1e-3


def test_images_have_gradients_for_a_generator_to_learn_from(encoder: TextImageEncoder) -> None:
    images = (torch.rand(2, 3, 32, 32) * 2 - 1).requires_grad_(True)
    encoder.embed_images(images)[:, 0].sum().backward()
    assert images.grad is not None
    assert float(images.grad.abs().max()) > 0


def test_conditions_of_a_text_are_0_to_1_and_of_one_length(encoder: TextImageEncoder) -> None:
    conditions = to_conditions(encoder.embed_texts(TEXTS))
    assert conditions.shape == (3, TEXT_WIDTH)
    assert float(conditions.min()) >= 0
    assert float(conditions.max()) <= 1


def test_a_projection_keeps_angles() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(40, 512, generator=torch.Generator().manual_seed(1)), dim=1)
    found = torch.nn.functional.normalize(to_conditions(vectors) - 0.5, dim=1)
    assert float(np.abs((vectors @ vectors.T - found @ found.T).numpy()).mean()) < 0.1


def test_the_variable_selects_the_users_folder(clip_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(clip_folder))
    assert isinstance(open_encoder(), ClipFolder)


def test_a_folder_without_a_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(BackendError) as caught:
        open_encoder()
    assert str(caught.value) == (
        f"error[clip/folder] {tmp_path} holds no CLIP model; give a folder that `save_pretrained` of transformers' CLIPModel wrote"
    )


def test_without_weights_the_command_that_makes_them_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(text_image, "TITLE", "portrait-nothing")
    with pytest.raises(BackendError, match="there are no weights named portrait-nothing: make them with `fenshen train clip`"):
        open_encoder()
