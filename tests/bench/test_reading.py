"""The reading of lines that no rule was tuned on stays within its limits."""

from __future__ import annotations

import pytest

from assets.paths import PROJECT_ROOT
from bench.reading import KINDS, OLD_RATES, load_lines, measure_reading


@pytest.mark.parametrize(("kind", "limit"), [("formats", 0.03), ("names", 0.12), ("plain", 0.02), ("prosody", 0.02)])
def test_english_lines_that_judge_are_read_right(kind: str, limit: float) -> None:
    rate, count = measure_reading("en", kind, "judging")
    assert count > 20
    assert rate <= limit


def test_mandarin_syllables_that_judge_have_the_right_tones() -> None:
    rates = [measure_reading("zh", kind, "judging") for kind in KINDS]
    assert sum(rate * count for rate, count in rates) / sum(count for _, count in rates) <= 0.03


def test_the_set_has_sixty_english_and_forty_mandarin_lines_of_four_kinds() -> None:
    assert (len(load_lines("en")), len(load_lines("zh"))) == (60, 40)
    for language in ("en", "zh"):
        assert {(line.kind, line.half) for line in load_lines(language)} == {
            (kind, half) for kind in KINDS for half in ("tuning", "judging")
        }


def test_the_page_says_what_was_measured() -> None:
    page = (PROJECT_ROOT / "docs" / "speech.md").read_text("utf-8")
    for language, kind in (("en", "formats"), ("en", "names"), ("zh", "formats"), ("zh", "names")):
        rate, count = measure_reading(language, kind, "judging")
        assert f"| {rate * 100:.1f} % ({OLD_RATES[language, kind, 'judging'] * 100:.1f} %) of {count} |" in page
