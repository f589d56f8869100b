"""The grounding check: which rewordings of a fact pass."""

from __future__ import annotations

import pytest

from stages.dialogue.grounding import extract_numbers, is_faithful, is_supported

HOURS = "The museum is open from ten in the morning until six in the evening, every day except Monday."
CLOCK = "Our oldest clock was built in 1583 by a blacksmith called Anna Rook."
FLASH = "You may take photographs, but please leave the flash off."
CLASS = "一个班最多有十二个学生，所以每个人都能说话。"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (HOURS, HOURS),
        ("Of course! The oldest clock was built in 1583 by Anna Rook, a blacksmith.", CLOCK),
        ("Sure, you may take photographs, but leave the flash off, please.", FLASH),
        ("We are open every day except Monday. It is from ten until six.", "We are open every day except Monday, from ten until six."),
        ("一个班最多有十二个学生，每个人都能说话。", CLASS),
    ],
)  # fmt: skip
def test_a_rewording_that_adds_nothing_passes(text: str, fact: str) -> None:
    assert is_faithful(text, fact)


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
        ("You may take photographs, but please leave the flash off! 😀", FLASH),
        ("<speak>You may take photographs, but please leave the flash off.</speak>", FLASH),
        ("一个班最多有二十个学生，每个人都能说话。", CLASS),
        ("一个班最多有十二个学生，不是每个人都能说话。", CLASS),
        ("一个班最多有十二个老师，每个人都能说话。", CLASS),
        (CLOCK + " " + CLOCK + " " + CLOCK, CLOCK),
    ],
)
def test_a_changed_added_or_lost_meaning_is_refused(text: str, fact: str) -> None:
    assert not is_faithful(text, fact)


def test_numbers_in_words_and_digits_are_equal() -> None:
    assert extract_numbers("ten cats, 3,500 dogs and twelve birds") == ["10", "3500", "12"]
    assert is_supported("We open at 10.", "We open at ten.")
    assert extract_numbers("八点半有十二个人") == ["八点半", "十二"]
