"""Sentences of many hands: casting calls, police reports, grandmothers, dialects, chats with typos, in both languages."""

from __future__ import annotations

import pytest

from tests.stages.describe.development import SETS, list_misses, read_sentences

_LEAST_SHARE = 0.95


@pytest.mark.parametrize("name", SETS)
def test_at_least_95_percent_of_a_development_set_is_right(name: str) -> None:
    sentences = list(read_sentences(name))
    misses = {f"{one.text} >> {one.edit}" if one.edit else one.text: found for one in sentences if (found := list_misses(one, seed=1))}
    for text, found in misses.items():
        print(f"{text}\n    {'; '.join(found)}")
    assert len(misses) <= (1 - _LEAST_SHARE) * len(sentences), f"{len(misses)} of {len(sentences)} sentences are not right"


@pytest.mark.parametrize(("name", "least"), zip(SETS, (120, 80), strict=True))
def test_a_development_set_is_of_both_languages_and_many_styles(name: str, least: int) -> None:
    sentences = list(read_sentences(name))
    assert min(sum(one.language == language for one in sentences) for language in ("en", "zh")) >= least
    assert len({one.style for one in sentences}) >= 16
