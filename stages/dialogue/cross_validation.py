"""How well a persona's own examples hold together: each is left out in turn and must be found again by the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from stages.dialogue.backend import Candidate, Matcher
from stages.dialogue.candidates import FALLBACK_ID, HELLO_ID

MatcherFactory = Callable[[Sequence[Candidate]], Matcher]
MAX_QUESTIONS = 40
"""Questions tried at the most; a long persona is sampled evenly."""


def pick_line(matcher: Matcher, question: str) -> tuple[str, float]:
    """The line that answers and the lead of the best topic over the next; the fallback below the threshold."""
    ranked = sorted(matcher.scores(question).items(), key=lambda item: (-item[1], item[0]))
    if not question.strip() or not ranked:
        return FALLBACK_ID, 0.0
    best, score = ranked[0]
    lead = score - (ranked[1][1] if len(ranked) > 1 else matcher.threshold)
    return (best if score >= matcher.threshold else FALLBACK_ID), lead


def leave_one_out(topics: Sequence[Candidate], own: Sequence[Candidate], maker: MatcherFactory) -> dict[str, float]:
    """accuracy on the facts' questions, rejection of those out of scope, mean margin, and how many of each were tried.

    Args:
        topics: all topics, the fallback's widened by general questions.
        own: the same with the author's own questions only; these are left out one by one.
    """
    asked = [(topic.line, question) for topic in own if topic.line != HELLO_ID for question in topic.questions]
    asked = asked[:: max(1, -(-len(asked) // MAX_QUESTIONS))]
    right: dict[bool, list[bool]] = {True: [], False: []}
    margins = []
    for line, question in asked:
        others = [replace(t, questions=tuple(q for q in t.questions if q != question)) if t.line == line else t for t in topics]
        found, margin = pick_line(maker(others), question)
        right[line != FALLBACK_ID].append(found == line)
        margins.append(margin)
    return {
        "accuracy": _round_mean(right[True]), "rejection": _round_mean(right[False]), "margin": _round_mean(margins),
        "questions": float(len(right[True])), "out_of_scope": float(len(right[False])),
    }  # fmt: skip


def _round_mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
