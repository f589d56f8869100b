"""The form of questions: several in one, ellipses, other languages, and misspelt words."""

from __future__ import annotations

import pytest

from stages.dialogue.conversation import is_elliptical, split_questions
from stages.dialogue.foreign import is_foreign
from stages.dialogue.spelling import Speller, measure_distance


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("What is it, and where can I buy one?", "en", ["What is it", "where can I buy one?"]),
        ("I like bread and butter.", "en", ["I like bread and butter."]),
        ("Thanks. Bye!", "en", ["Thanks.", "Bye!"]),
        ("几点开门？多少钱？", "zh", ["几点开门", "多少钱"]),
        ("A? B? C? D?", "en", ["A?", "B?", "C?"]),
        ("...", "en", []),
    ],
)
def test_questions_are_split(text: str, language: str, parts: list[str]) -> None:
    assert split_questions(text, language) == parts


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("And on Sunday?", "en", True), ("How long does it take to walk there?", "en", True),
        ("Where can I park my large red car?", "en", False),
        ("那孩子的呢？", "zh", True), ("要多少钱？", "zh", True), ("请问你们星期天上午几点钟开门？", "zh", False),
    ],
)  # fmt: skip
def test_an_ellipsis_points_back_or_is_short(text: str, language: str, expected: bool) -> None:
    assert is_elliptical(text, language) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Wie viel kostet das?", "en", True), ("¿Dónde está la salida?", "en", True), ("Сколько это стоит?", "en", True),
        ("Where is the café?", "en", False), ("how mcuh is teh hony", "en", False), ("🙂", "en", False), ("", "en", False),
        ("How much is it?", "zh", True), ("Wi-Fi 密码是多少？", "zh", False), ("OK", "zh", False),
    ],
)  # fmt: skip
def test_another_language_is_recognised(text: str, language: str, expected: bool) -> None:
    assert is_foreign(text, language) == expected


def test_misspelt_words_are_read_as_the_personas() -> None:
    speller = Speller(["How much is the honey?", "Do you send parcels?", "有会员卡吗？", "手艺跟谁学的？"])
    assert speller.correct("hw mcuh is the hony") == "how much is the honey"
    assert speller.correct("Do you grind parcles?") == "do you grind parcels?"
    assert speller.correct("有会圆卡吗？") == "有会员卡吗?"
    assert speller.correct("手艺是自己学的") == "手艺是自己学的"


@pytest.mark.parametrize(
    ("first", "second", "distance"), [("honey", "honey", 0), ("hony", "honey", 1), ("mcuh", "much", 1), ("abc", "xyz", 3)]
)
def test_distances(first: str, second: str, distance: int) -> None:
    assert measure_distance(first, second, 2) == min(distance, 3)
