"""The tables name what exists: styles, garments, concepts; and every word of them reads as it was written."""

from __future__ import annotations

import pytest

from stages.describe.ages import find_ages
from stages.describe.hair import BEARD_KINDS, ITEM_LOOKS, LOOKS
from stages.describe.lexicon import LANGUAGES, load_lexicon, read_lines
from stages.describe.normalise import normalise
from stages.describe.outfit import ITEM_CLASSES, UNIFORMS
from stages.describe.spelling import correct_word, measure_edits
from stages.describe.vocabulary import VALUES
from stages.groom.garments.style import load_garments
from stages.groom.hair.beard import list_beards
from stages.groom.hair.style import list_styles
from stages.groom.wardrobe import load_catalogue


def test_every_style_and_beard_has_a_look() -> None:
    assert sorted(LOOKS) == sorted(list_styles())
    assert sorted(BEARD_KINDS) == sorted([*list_beards(), "none"])
    assert set(ITEM_LOOKS) == {*load_catalogue()["hair"], "none"}
    assert set(ITEM_CLASSES) == set(load_catalogue()["outfit"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tables_name_garments_styles_and_concepts_that_exist(language: str) -> None:
    garments, meanings = load_garments(), load_lexicon().meanings
    for section, payload, phrase in read_lines(language):
        if section == "modifiers":
            assert payload in meanings, phrase
        if section == "garments":
            slot, names, *_ = payload.split()
            if slot == "set":
                assert names.partition(":")[0] in VALUES["outfit"], phrase
                assert not names.partition(":")[2] or names.partition(":")[2] in UNIFORMS, phrase
            elif names != "-":
                assert set(names.split("|")) <= set(garments), phrase


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_values_of_the_tables_are_of_the_vocabulary(language: str) -> None:
    wrong = []
    for section, payload, phrase in read_lines(language):
        terms = payload.partition("|")[2] if section == "nouns" else payload if section == "people" else ""
        for pair in terms.split():
            name, _, value = pair.partition("=")
            name = name.removeprefix("~").removesuffix("_weak")
            values = value.partition(":")[0].split("|")
            if name in VALUES and name != "glasses" and not set(values) <= set(VALUES[name]):
                wrong.append((phrase, pair))
            if name == "hair" and value not in LOOKS:
                wrong.append((phrase, pair))
    assert wrong == []


def test_each_language_has_more_than_a_thousand_words() -> None:
    assert all(len({phrase for _, _, phrase in read_lines(language)}) > 1000 for language in LANGUAGES)


def test_normalised_text_knows_its_places() -> None:
    plain = normalise("Ａ 頭髮 café")
    assert plain.text == "a 头发 cafe"
    assert plain.locate(2, 4) == (2, 4)


@pytest.mark.parametrize(
    ("first", "second", "edits"), [("hair", "hair", 0), ("hiar", "hair", 1), ("glases", "glasses", 1), ("abc", "xyz", 3)]
)
def test_a_transposition_is_one_edit(first: str, second: str, edits: int) -> None:
    assert measure_edits(first, second, 9) == edits


def test_a_known_word_is_not_corrected() -> None:
    lexicon = load_lexicon()
    assert correct_word("board", lexicon.words, lexicon.targets) == "board"
    assert correct_word("moustahce", lexicon.words, lexicon.targets) == "moustache"


def test_a_measure_is_no_age() -> None:
    assert find_ages("180 cm, 80 kg, size 42 cm") == []
