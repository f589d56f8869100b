"""Generators with a text as their condition: every loss and switch, sizes up to 256 px, and pictures from weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from assets import weights as committed
from assets.errors import BackendError, SpecError
from stages.nets import classifier, text_image
from stages.nets.clip import Clip, Shape
from stages.nets.text_image import TEXT_CONDITIONS, OwnEncoder
from stages.nets.weights_io import TrainedNet, export_net, load_net
from stages.portrait.generator import generate_portraits
from stages.train.evaluation.evaluate import evaluate_weights, measure_text_rank
from stages.train.families import text_gan
from stages.train.families.registry import make_family
from stages.train.loop.device import Device
from stages.train.loop.examples import check_conditions, make_examples
from stages.train.loop.loop import Plan, Run, advance_run, begin_run, train
from stages.train.stage import apply_settings, train_net
from tests.stages.train.captioned import draw_captioned, write_captioned_set
from tests.stages.train.evaluation.tiny_weights import write_weights
from tests.stages.train.tiny import draw_discs

SMALL: dict[str, Any] = {"width": 8, "widest": 16, "batch": 8}


@pytest.fixture(autouse=True)
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnEncoder:
    """A tiny text-image encoder in place of the committed one."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = Shape(size=16, width=8, embedding=32, buckets=512, text_width=16, text_layers=1)
    file = tmp_path / "clip.safetensors"
    file.write_bytes(export_net(TrainedNet("clip", shape, {"clip": Clip(shape)}, ()), {}))
    found = OwnEncoder(file)
    for module in (text_image, text_gan):
        monkeypatch.setattr(module, "open_encoder", lambda: found)
    return found


def begin(folder: Path, name: str = "textgan", size: int = 16, **settings: Any) -> Run:
    family = apply_settings(make_family(name), {**(SMALL if name == "textgan" else {}), **settings})
    examples = [make_examples(draw_captioned(count, seed, size), family.conditions) for count, seed in ((24, 1), (8, 2))]
    return begin_run(family, Plan(steps=3, validate_every=2), *examples, folder, Device())


@pytest.mark.parametrize("settings", [
    {"loss": "hinge"}, {"loss": "lsgan", "contrast": 0.0}, {"loss": "wgan", "between_gamma": 10.0, "real_gamma": 0.0}, {"spread": 0.5},
], ids=["hinge", "lsgan", "wgan-gp", "noise regularisation"])  # fmt: skip
def test_every_loss_and_switch_trains(settings: dict[str, Any], tmp_path: Path) -> None:
    run = begin(tmp_path, **settings)
    losses = advance_run(run)
    assert ("contrast" in losses) == (settings.get("contrast") != 0.0)
    assert ("spread" in losses) == ("spread" in settings)
    assert all(np.isfinite(list(losses.values())))


@pytest.mark.parametrize("size", [64, 128, 256])
def test_it_trains_at_every_size_up_to_256(size: int, tmp_path: Path) -> None:
    run = begin(tmp_path, size=size, batch=2)
    for _ in range(2):
        advance_run(run)
    assert run.to_trained_net().sample(run.validation.conditions[:2], 0).shape == (2, size, size, 3)


@pytest.mark.parametrize(("name", "settings"), [
    ("textstylegan", {"width": 8, "batch": 4}), ("textdiffusion", {"batch": 4, "autoencoder_steps": 1}),
])  # fmt: skip
def test_other_generators_take_texts_too(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    run = train(begin(tmp_path, name, **settings))
    assert run.to_trained_net().conditions == TEXT_CONDITIONS


def test_the_contrastive_loss_makes_pictures_fit_their_texts(encoder: OwnEncoder, tmp_path: Path) -> None:
    """Without an adversary to please, the pictures of a batch become those that the encoder finds by their texts."""
    run = begin(tmp_path, contrast=20.0, generator_lr=5e-3)
    first = advance_run(run)["contrast"]
    for _ in range(25):
        last = advance_run(run)["contrast"]
    assert last < first - 0.1


def test_a_texts_rank_is_a_half_for_pictures_that_ignore_it() -> None:
    test = make_examples(draw_captioned(12, 3), TEXT_CONDITIONS)
    assert measure_text_rank(np.zeros_like(test.values), test) == pytest.approx(0.5)


def test_an_evaluation_measures_attributes_and_the_rank_of_the_texts(tmp_path: Path) -> None:
    data = write_captioned_set(tmp_path / "set", count=60)
    file = train_net("textgan", data, tmp_path / "out", plan=Plan(steps=2, validate_every=2), changes=SMALL)
    reader = write_weights(tmp_path, "face-classifier", "classifier", classifier.Shape(size=16, width=8))
    values = evaluate_weights(file, data, classifier=reader).values
    assert {"text rank", "age error", "gender error", "tone error", "fenshen-frechet"} <= values.keys()
    assert 0 <= values["text rank"] <= 1


def test_an_encoder_generates_nothing_to_measure(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        evaluate_weights(tmp_path / "clip.safetensors", tmp_path)
    sentence = "clip.safetensors is a text-image encoder and generates nothing; give the weights of a generator"
    assert str(caught.value) == f"error[evaluate/reader] {sentence}"


def test_a_data_set_without_captions_is_refused() -> None:
    with pytest.raises(SpecError, match="the data set has no captions"):
        make_examples(draw_discs(4), TEXT_CONDITIONS)


def test_weights_make_the_same_portrait_of_the_same_text_and_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_captioned_set(tmp_path / "set")
    assert check_conditions(data, make_family("textgan")) is None
    file = train_net("textgan", data, tmp_path / "out", plan=Plan(steps=2, validate_every=2), changes=SMALL)
    assert load_net(file).conditions == TEXT_CONDITIONS
    monkeypatch.setenv("FENSHEN_WEIGHTS", str(tmp_path / "out"))
    monkeypatch.setattr("stages.portrait.generator.find_missing_encoder", lambda: "")
    assert committed.has_weights("portrait-textgan")
    assert "encoder" in committed.read_entry("portrait-textgan")
    one, again = (list(generate_portraits("a man", [3, 4], 128)) for _ in range(2))
    assert one[0].pixels.shape == (128, 128, 3)
    assert (one[0].pixels == again[0].pixels).all()
    assert (one[0].pixels != one[1].pixels).any()
    monkeypatch.setattr("stages.portrait.generator.digest_encoder", lambda: "another")
    with pytest.raises(BackendError, match="portrait-textgan was trained with another text-image encoder; unset FENSHEN_CLIP"):
        next(generate_portraits("a man", [3], 128))
