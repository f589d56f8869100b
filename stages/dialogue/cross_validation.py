"""How consistent a persona's example questions are: each is left out in turn, and the others must still lead to its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from stages.dialogue.backend import Candidate, Matcher
from stages.dialogue.candidates import FALLBACK_ID

MatcherFactory = Callable[[Sequence[Candidate]], Matcher]
MAX_QUESTIONS = 40
"""Most questions to try; those of a long persona are sampled evenly."""


def pick_line(matcher: Matcher, question: str) -> tuple[str, float]:
    """The line that answers (the fallback below the threshold), and the margin of the best score over the second."""
    ranked = sorted(matcher.score_candidates(question).items(), key=lambda item: (-item[1], item[0]))
    if not question.strip() or not ranked:
        return FALLBACK_ID, 0.0
    best, score = ranked[0]
    margin = score - (ranked[1][1] if len(ranked) > 1 else matcher.threshold)
    return (best if score >= matcher.threshold else FALLBACK_ID), margin


def leave_one_out(candidates: Sequence[Candidate], authored: Sequence[Candidate], make_matcher: MatcherFactory) -> dict[str, float]:
    """Accuracy on the facts' questions, rejection of those out of scope, the mean margin, and the number of each.

    Args:
        candidates: what a matcher is made from; the fallback has further general questions.
        authored: the same candidates with the author's own questions only; these are left out one by one.
    """
    tested = (candidate for candidate in authored if candidate.line == FALLBACK_ID or candidate.line.startswith("fact"))
    trials = [(candidate.line, question) for candidate in tested for question in candidate.questions]
    trials = trials[:: max(1, -(-len(trials) // MAX_QUESTIONS))]
    correct: dict[bool, list[bool]] = {True: [], False: []}
    margins = []
    for line, question in trials:
        found, margin = pick_line(make_matcher(_leave_out(candidates, line, question)), question)
        correct[line != FALLBACK_ID].append(found == line)
        margins.append(margin)
    return {
        "accuracy": _round_mean(correct[True]), "rejection": _round_mean(correct[False]), "margin": _round_mean(margins),
        "questions": float(len(correct[True])), "out_of_scope": float(len(correct[False])),
    }  # fmt: skip


def _leave_out(candidates: Sequence[Candidate], line: str, question: str) -> list[Candidate]:
    return [replace(c, questions=tuple(q for q in c.questions if q != question)) if c.line == line else c for c in candidates]


def _round_mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
