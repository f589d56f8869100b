"""Sentences of many hands: casting calls, police reports, grandmothers, dialects, chats with typos, in both languages."""

from __future__ import annotations

from tests.stages.describe.development import list_misses, read_sentences

_LEAST_SHARE = 0.95


def test_at_least_95_percent_of_the_development_set_is_right() -> None:
    sentences = list(read_sentences())
    misses = {f"{one.text} >> {one.edit}" if one.edit else one.text: found for one in sentences if (found := list_misses(one, seed=1))}
    for text, found in misses.items():
        print(f"{text}\n    {'; '.join(found)}")
    assert len(misses) <= (1 - _LEAST_SHARE) * len(sentences), f"{len(misses)} of {len(sentences)} sentences are not right"


def test_the_development_set_is_of_both_languages_and_many_styles() -> None:
    sentences = list(read_sentences())
    assert min(sum(one.language == name for one in sentences) for name in ("en", "zh")) >= 120
    assert len({one.style for one in sentences}) >= 16
