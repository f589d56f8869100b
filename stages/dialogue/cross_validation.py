"""How well a persona's own examples hold together: each is left out in turn and must be found again by the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from stages.dialogue.backend import Matcher, Topic
from stages.dialogue.candidates import ELSE, HELLO

Maker = Callable[[Sequence[Topic]], Matcher]
MOST = 40
"""Questions tried at the most; a long persona is sampled evenly."""


def pick(matcher: Matcher, question: str) -> tuple[str, float]:
    """The line that answers and the lead of the best topic over the next; the fallback below the threshold."""
    ranked = sorted(matcher.scores(question).items(), key=lambda item: (-item[1], item[0]))
    if not question.strip() or not ranked:
        return ELSE, 0.0
    best, score = ranked[0]
    lead = score - (ranked[1][1] if len(ranked) > 1 else matcher.threshold)
    return (best if score >= matcher.threshold else ELSE), lead


def leave_one_out(topics: Sequence[Topic], own: Sequence[Topic], maker: Maker) -> dict[str, float]:
    """accuracy on the facts' questions, rejection of those out of scope, mean margin, and how many of each were tried.

    Args:
        topics: all topics, the fallback's widened by general questions.
        own: the same with the author's own questions only; these are left out one by one.
    """
    asked = [(topic.line, question) for topic in own if topic.line != HELLO for question in topic.questions]
    asked = asked[:: max(1, -(-len(asked) // MOST))]
    right: dict[bool, list[bool]] = {True: [], False: []}
    margins = []
    for line, question in asked:
        others = [replace(t, questions=tuple(q for q in t.questions if q != question)) if t.line == line else t for t in topics]
        found, margin = pick(maker(others), question)
        right[line != ELSE].append(found == line)
        margins.append(margin)
    return {
        "accuracy": _mean(right[True]), "rejection": _mean(right[False]), "margin": _mean(margins),
        "questions": float(len(right[True])), "out_of_scope": float(len(right[False])),
    }  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
