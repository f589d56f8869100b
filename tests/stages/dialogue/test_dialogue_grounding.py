"""The grounding check: which sentences facts support, which rewordings of a fact may be spoken in its place, and how often it errs."""

from __future__ import annotations

import pytest

from bench.grounding import measure, read_pairs
from stages.dialogue.canonical import read_tokens
from stages.dialogue.grounding import find_fault, is_faithful, is_near
from stages.dialogue.statements import read_statements

HOURS = "The museum is open from ten in the morning until six in the evening, every day except Monday."
CLOCK = "Our oldest clock was built in 1583 by a blacksmith called Anna Rook."
FLASH = "You may take photographs, but please leave the flash off."
CLASS = "一个班最多有十二个学生，所以每个人都能说话。"
LANGUAGES = ("en", "zh")


def guess_language(text: str) -> str:
    return "en" if text.isascii() else "zh"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (HOURS, HOURS),
        ("Of course! The oldest clock was built in 1583 by Anna Rook, a blacksmith.", CLOCK),
        ("Sure, you may take photographs, but leave the flash off, please.", FLASH),
        ("We are open every day except Monday. It is from ten until six.", "We are open every day except Monday, from ten until six."),
        ("一个班最多有十二个学生，每个人都能说话。", CLASS),
    ],
)
def test_a_rewording_that_adds_nothing_passes(text: str, fact: str) -> None:
    assert is_faithful(text, fact, guess_language(fact))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", CLOCK),
        ("Our oldest clock was built in 1853 by a blacksmith called Anna Rook.", CLOCK),
        ("Our oldest clock was built in 1583 by a goldsmith called Anna Rook.", CLOCK),
        ("Our oldest clock was built by a blacksmith called Anna Rook.", CLOCK),
        ("The museum is open from six in the morning until ten in the evening, every day except Monday.", HOURS),
        ("The museum is open from ten in the morning until six in the evening, every day, Monday.", HOURS),
        ("Anna Rook.", CLOCK),
        ("You may not take photographs, but please leave the flash off.", FLASH),
        ("You may take photographs.", FLASH),
        ("You may take photographs, but please leave the flash off! 😀", FLASH),
        ("<speak>You may take photographs, but please leave the flash off.</speak>", FLASH),
        ("May you take photographs, but please leave the flash off?", FLASH),
        ("一个班最多有二十个学生，每个人都能说话。", CLASS),
        ("一个班最多有十二个学生，不是每个人都能说话。", CLASS),
        ("一个班最多有十二个老师，每个人都能说话。", CLASS),
        (CLOCK + " " + CLOCK + " " + CLOCK, CLOCK),
    ],
)
def test_a_changed_added_or_lost_meaning_is_refused(text: str, fact: str) -> None:
    assert not is_faithful(text, fact, guess_language(fact))


@pytest.mark.parametrize(
    ("text", "fact", "reason"),
    [
        ("The shop is open until nine.", "The shop is open until eight.", "it says '9', and the fact does not"),
        ("The shop is open.", "The shop is open until eight.", "it drops the limit 8"),
        ("Dogs may come in.", "Dogs may come in if they are small.", "it drops a condition"),
        ("Dogs may come in.", "Dogs may come in, except wolves.", "it drops an exception"),
        ("Dogs may come in.", "Dogs may not come in.", "it turns a negation around"),
        ("We close at four.", "We close at five hours.", "it says '4', and the fact does not"),
        ("Tea takes three hours.", "Tea takes three minutes.", "it says 'hour', and the fact does not"),
        ("You must order tea.", "You order tea.", "it adds a duty"),
        ("You may order tea.", "You must order tea.", "it makes a duty a permission"),
        ("All the teas are green.", "The teas are green.", "it speaks of all, and the fact does not"),
        ("茶是绿的。", "如果天冷，茶是绿的。", "it drops a condition"),
        ("茶要三天以上。", "茶要三天以下。", "it changes what is said of 3"),
    ],
)
def test_the_reason_says_what_is_wrong(text: str, fact: str, reason: str) -> None:
    assert find_fault(text, (fact,), guess_language(fact)) == reason
    assert find_fault(fact, (fact,), guess_language(fact)) == ""


def test_who_does_what_to_whom_is_read_from_the_order() -> None:
    """Every word of it is in the fact."""
    fact = "The bridge was built by the river, and the house by the lake was painted red for the king."
    assert find_fault("The bridge was built by the river.", (fact,), "en") == ""
    assert find_fault("The king painted the lake red for the house.", (fact,), "en") == "it turns the order around"


@pytest.mark.parametrize(
    ("near", "far", "language"), [("The museum opens at ten.", "Dogs like bones.", "en"), ("博物馆十点开门。", "狗爱啃骨头。", "zh")]
)
def test_a_text_is_near_a_fact_in_meaning_or_not(near: str, far: str, language: str) -> None:
    facts = {"en": "The museum is open from ten.", "zh": "博物馆十点开始开放。"}[language]
    assert is_near(near, (facts,), language)
    assert not is_near(far, (facts,), language)


def test_a_statement_mixes_no_two_facts_and_a_text_may_name_both() -> None:
    facts = ("A ticket costs eight euros.", "A guide costs ninety euros.")
    assert find_fault("A ticket costs eight euros. A guide costs ninety euros.", facts, "en") == ""
    assert find_fault("A ticket costs ninety euros.", facts, "en")


def test_numbers_in_words_and_digits_are_equal() -> None:
    def numbers(text: str, language: str) -> list[str]:
        return [token.value for token in read_tokens(text, language) if token.kind == "number"]

    assert numbers("ten cats, 3,500 dogs, a hundred birds and twenty-one mice", "en") == ["10", "3500", "100", "21"]
    assert numbers("十二个人，一九六四年，两千零五元，三百二十米", "zh") == ["12", "1964", "2005", "320"]
    assert find_fault("We open at 10 every day.", ("We open at ten every day.",), "en") == ""


def test_limits_and_their_direction_belong_to_a_number() -> None:
    (statement,) = read_statements("Open from ten until six for at least two days", "en")
    assert [(n.value, set(n.relations)) for n in statement.numbers] == [("10", {"from"}), ("6", {"until"}), ("2", {"least"})]
    assert [set(n.relations) for n in read_statements("十点以前，三人以上，最多五天", "zh")[0].numbers] == [{"until"}]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("half", ["tuning", "judging"])
def test_a_half_of_the_judging_set_has_fair_and_false_sentences_of_its_own(half: str, language: str) -> None:
    pairs = read_pairs(half, language)
    other = {fact for fact, _, _ in read_pairs("judging" if half == "tuning" else "tuning", language)}
    assert len(pairs) >= 60
    assert len({text for _, text, _ in pairs}) == len(pairs)
    assert not other & {fact for fact, _, _ in pairs}


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_falsehoods_pass_and_most_fair_paraphrases_do_on_sentences_that_nothing_was_tuned_on(language: str) -> None:
    """Measured: 1 of 40 falsehoods and 9 of 30 fair paraphrases in each language; before, 6 and 25 in English, 5 and 23 in Mandarin."""
    passed, falsehoods, refused, fair = measure("judging", language)
    assert passed <= 0.05 * falsehoods
    assert 0.1 * fair <= refused <= 0.35 * fair
