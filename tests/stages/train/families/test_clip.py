"""The text-image encoder in the training loop: it learns to find pictures, from captions in two languages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from assets.errors import SpecError
from stages.nets.weights_io import load_net
from stages.train.evaluation.retrieval import collect_phrases, measure_retrieval, name_attributes, retrieve
from stages.train.families.captions import CaptionSource
from stages.train.families.clip import ClipFamily, Recipe
from stages.train.loop.device import Device
from stages.train.loop.examples import make_examples, read_examples
from stages.train.loop.loop import Plan, Run, advance_run, begin_run
from stages.train.stage import train_net
from tests.stages.train.captioned import draw_captioned, write_captioned_set
from tests.stages.train.tiny import draw_discs

CHANGES = (("width", 8), ("embedding", 32), ("text_width", 32), ("text_layers", 1), ("dropout", 0.0))


def begin(folder: Path) -> Run:
    torch.set_num_threads(1)
    family = ClipFamily(recipe=Recipe(batch=32, lr=3e-3, average=0.9, p=0.0), changes=CHANGES)
    train, validation = (make_examples(draw_captioned(count, seed), ()) for count, seed in ((160, 1), (40, 2)))
    return begin_run(family, Plan(steps=8), train, validation, folder, Device())


def test_sixty_steps_find_unseen_pictures_by_unseen_sentences(tmp_path: Path) -> None:
    run = begin(tmp_path)
    assert run.family.validate(run.state, run.validation) > 0.4
    for _ in range(60):
        advance_run(run)
    # Half of the sentences say nothing of what these pictures show, so that 0.31 is the best that there is.
    assert run.family.validate(run.state, run.validation) < 0.37
    found = retrieve(run.to_trained_net(), run.validation)
    assert set(found) == {f"{way}, {language}" for way in ("sentence to picture", "picture to sentence") for language in ("en", "zh")}
    named = name_attributes(run.to_trained_net(), run.validation)
    english, chinese, commonest = named["gender"]
    assert min(english, chinese) > commonest


def test_a_step_draws_other_sentences_than_the_one_before() -> None:
    captions = CaptionSource.from_split(draw_captioned(4, 0))
    one, two = (captions.draw(range(4), np.random.default_rng(seed)) for seed in (1, 2))
    assert one != two
    assert captions.draw(range(4), np.random.default_rng(1)) == one


def test_a_users_own_captions_are_taken_as_they_are() -> None:
    split = draw_captioned(3, 0)
    own = CaptionSource({"en": ("one", "two", "three")}, ())
    assert own.draw([2, 0], np.random.default_rng(0), language="zh") == ["three", "one"]
    assert CaptionSource.from_split(split).labels == split.labels


def test_a_data_set_without_captions_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        ClipFamily().shape(make_examples(draw_discs(4, 16), ()))
    fix = "make one with `fenshen data portraits`, or give `fenshen data folder` a table with caption_en or caption_zh"
    assert str(caught.value) == f"error[train/captions] the data set has no captions; {fix}"


def test_training_writes_weights_with_a_card_that_reports_retrieval(tmp_path: Path) -> None:
    data = write_captioned_set(tmp_path / "set")
    changes = {**dict(CHANGES), "batch": 8}
    file = train_net("clip", data, tmp_path / "out", plan=Plan(steps=3, validate_every=2), changes=changes)
    assert file.name == "portrait-clip.safetensors"
    assert load_net(file).net == "clip"
    card = file.with_suffix(".md").read_text(encoding="utf-8")
    assert "| sentence to picture, zh |" in card
    assert "| hair_colour |" in card
    assert read_examples(data, "test", ()).source.labels


def test_a_perfect_search_and_one_by_chance() -> None:
    perfect, chance = measure_retrieval(np.eye(8, dtype=np.float32)), measure_retrieval(np.zeros((9, 9), np.float32))
    assert (perfect.first, perfect.fifth, perfect.rank) == (1.0, 1.0, 0.0)
    assert chance.rank == pytest.approx(0.5)


def test_every_value_has_phrases_in_both_languages() -> None:
    for name in ("gender", "tone", "beard", "glasses", "hat", "outfit"):
        english, chinese = collect_phrases(name, "en"), collect_phrases(name, "zh")
        assert english.keys() == chinese.keys()
        assert all((*english.values(), *chinese.values()))
