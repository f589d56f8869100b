"""Captions: rows that fit, times by the spoken words, and SRT that no text can break out of."""

from __future__ import annotations

import pytest

from assets.artefacts.talk import Word
from stages.present.captions import WIDTH, TimedCaption, time_captions, write_srt
from stages.present.frames import CAPTION_SIZE
from stages.present.typeface import BODY, find_undrawable, measure_text, wrap_text


def test_a_caption_begins_with_its_own_word() -> None:
    """Numbers are read in other words than they are written."""
    spoken = ["Hello", "there", "It", "costs", "eight", "pounds", "every", "day"]
    words = [Word(0.5 * i, 0.5 * i + 0.4, word) for i, word in enumerate(spoken)]
    long = "Hello there, " + "la " * 60 + "and on. "
    first, *_, last = time_captions(long + "It costs £8 every day.", words, 10.0, 4.0)
    assert first.start == 10.0
    assert last.rows == ("It costs £8 every day.",)
    assert last.start == pytest.approx(11.0)


def test_without_words_captions_share_the_time_by_letters() -> None:
    text = "First sentence that is rather long, so that it fills one row of captions all by itself. " * 2
    first, second = time_captions(text, [], 0.0, 8.0)
    assert (first.start, second.start) == (0.0, pytest.approx(4.0, abs=0.1))


@pytest.mark.parametrize("text", ["word " * 80, "海港钟表博物馆欢迎您。" * 12, "x" * 400, "门票：80元，12岁以下儿童免费。" * 9])
def test_rows_fit_and_lose_nothing(text: str) -> None:
    rows = wrap_text(text, BODY, CAPTION_SIZE, WIDTH)
    assert "".join("".join(rows).split()) == "".join(text.split())
    assert all(measure_text(row, BODY, CAPTION_SIZE) <= WIDTH for row in rows)
    assert not any(row[0] in "，。：、,." for row in rows)
    assert all(len(caption.rows) <= 2 for caption in time_captions(text, [], 0.0, 9.0))


def test_srt_has_numbers_times_and_rows() -> None:
    text = write_srt([TimedCaption(0.04, 1.5, ("Hello,", "world.")), TimedCaption(3661.25, 3662.0, ("再见。",))])
    assert text == "1\n00:00:00,040 --> 00:00:01,500\nHello,\nworld.\n\n2\n01:01:01,250 --> 01:01:02,000\n再见。\n"


def test_text_cannot_pose_as_times_or_tags_of_an_srt() -> None:
    text = write_srt([TimedCaption(0, 1, ("<b>x</b> 00:00:09,000 --> 00:00:10,000",))])
    assert text.count("-->") == 1
    assert "<b>" not in text


def test_the_fonts_have_latin_and_chinese_letters_and_no_emoji() -> None:
    assert find_undrawable("Größe, naïve, Ωμέγα, Привет, 你好世界，“引号”— … € £") == ""
    assert find_undrawable("fine 🎉") == "🎉"
