"""The embedded sentence encoder: its tokens, its vectors, and that meanings decide over words and languages."""

from __future__ import annotations

import numpy as np
import pytest

from stages.dialogue.e5 import E5Encoder, load_e5
from stages.dialogue.unigram import Unigram


@pytest.fixture(scope="module")
def encoder() -> E5Encoder:
    return load_e5()


def test_unigram_finds_the_likeliest_pieces() -> None:
    pieces = {"▁a": 3, "▁ab": 4, "b": 5, "c": 6, "bc": 7}
    scores = [0.0, 0.0, 0.0, -1.0, -3.0, -2.0, -2.5, -2.6]
    unigram = Unigram({p.encode(): i for p, i in pieces.items()}, scores, {"Ａ": "a"}, 0, 1, 2, 5, -3.0)
    # a|bc costs 3.6, ab|c 5.5 and a|b|c 5.5.
    assert unigram.tokenize("Ａbc", 10) == [0, 3, 7, 1]
    assert unigram.tokenize("a?", 10) == [0, 3, 2, 1]
    assert unigram.tokenize("abc abc", 3) == [0, 3, 1]


@pytest.mark.parametrize(
    # Counted by the package's own engine, with the prefix "query: ".
    ("text", "tokens"),
    [("when do you open on Sundays please?", 14), ("你们几点开门", 11), ("Ünïcödé   x", 12),
     ("  Ｈｅｌｌｏ   wörld 🙂 ", 11), ("", 6)],
)  # fmt: skip
def test_it_splits_a_text_as_the_model_was_trained(encoder: E5Encoder, text: str, tokens: int) -> None:
    assert len(encoder.tokenizer.tokenize(f"query: {text}", 100)) == tokens


def test_its_vectors_are_units_and_do_not_depend_on_the_company(encoder: E5Encoder) -> None:
    together = encoder.encode_questions(["Where is it?", "我想问一下价格。", "x" * 5000])
    assert together.shape == (3, 384)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(encoder.encode_questions(["我想问一下价格。"])[0], together[1], atol=1e-4)
    assert encoder.encode_statements([]).shape == (0, 384)


def test_meaning_counts_more_than_words_and_language(encoder: E5Encoder) -> None:
    cost, same, chinese, other = encoder.encode_questions(["How much does it cost?", "What is the price?", "多少钱？", "How far is it?"])
    assert cost @ same > cost @ other
    assert cost @ chinese > cost @ other
