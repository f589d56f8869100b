"""The text-image encoder's net: words become tokens, vectors are of unit length, and the loss is that of CLIP."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from stages.nets.clip import MAX_GRAMS, Clip, Shape, compute_contrastive_loss, generate, tokenize

SMALL = Shape(size=16, width=8, embedding=16, buckets=512, text_width=16, text_layers=1, text_length=12)


def count_tokens(text: str) -> int:
    return int((tokenize([text], SMALL)[0] > 0).any(1).sum())


@pytest.mark.parametrize(("text", "count"), [
    ("an old man", 3), ("戴眼镜的人", 5), ("a 35岁 man", 5), ("", 0), ("!?…", 0), ("word " * 40, 12), ("don't", 1), ("ＡＢＣ", 1),
])  # fmt: skip
def test_a_token_is_an_english_word_a_digit_or_a_chinese_character(text: str, count: int) -> None:
    assert count_tokens(text) == count


def test_tokens_do_not_depend_on_case_or_width() -> None:
    assert (tokenize(["Grey HAIR"], SMALL) == tokenize(["ｇｒｅｙ hair"], SMALL)).all()


def test_a_misspelt_word_shares_n_grams_with_the_right_one() -> None:
    right, wrong, other = (set(row[row > 0].tolist()) for row in tokenize(["glasses", "glases", "beard"], Shape())[:, 0])
    assert len(right & wrong) >= 3
    assert len(right & other) == 0
    assert len(right) <= MAX_GRAMS


def test_vectors_have_unit_length_for_every_text_and_size() -> None:
    for size in (16, 64, 128):
        shape = Shape(size=size, width=8, embedding=16, buckets=512, text_width=16)
        clip = Clip(shape).eval()
        texts = clip.embed_tokens(torch.from_numpy(tokenize(["a man", "", "一位女士"], shape)))
        images = clip.embed_images(torch.rand(2, 3, size, size) * 2 - 1)
        for vectors in (texts, images):
            assert torch.allclose(vectors.norm(dim=1), torch.ones(len(vectors)), atol=1e-5)


def test_a_text_does_not_depend_on_those_it_is_embedded_with() -> None:
    clip = Clip(SMALL).eval()
    alone = clip.embed_tokens(torch.from_numpy(tokenize(["a man"], SMALL)))
    among = clip.embed_tokens(torch.from_numpy(tokenize(["a man", "a woman with long grey hair and a hat"], SMALL)))
    assert torch.allclose(alone[0], among[0], atol=1e-6)


def test_the_loss_is_the_logarithm_of_the_batch_for_equal_vectors_and_nearly_zero_for_right_ones() -> None:
    same, right = torch.ones(8, 16) / 4, torch.eye(8, 16)
    assert float(compute_contrastive_loss(same, same, 10.0)) == pytest.approx(math.log(8), abs=1e-4)
    assert float(compute_contrastive_loss(right, right, 20.0)) < 1e-3


def test_the_temperature_has_a_limit() -> None:
    clip = Clip(SMALL)
    with torch.no_grad():
        clip.log_scale.fill_(50.0)
    assert float(clip.scale) == pytest.approx(100.0, rel=1e-4)


def test_random_images_show_a_collapse() -> None:
    clip = Clip(SMALL).eval()
    vectors = generate({"clip": clip}, torch.randn(6, 16), torch.zeros(6, 0))
    assert float(vectors.std(0).mean()) > 1e-4
    for parameter in clip.image.out.parameters():
        torch.nn.init.zeros_(parameter)
    assert float(generate({"clip": clip}, torch.randn(6, 16), torch.zeros(6, 0)).std(0).mean()) < 1e-6


def test_a_width_that_the_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="text_width must be a multiple of text_heads, 5, not 16"):
        Shape(text_width=16, text_heads=5)
    with pytest.raises(ValueError, match="size must be at least 16, not 8"):
        Shape(size=8)


def test_twice_the_same_seed_gives_the_same_net() -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(Clip(SMALL).state_dict())
    assert all(np.array_equal(states[0][key].numpy(), states[1][key].numpy()) for key in states[0])
