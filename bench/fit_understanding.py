"""Fits the weights of the matcher on the tuning personas, and says what they understand with each persona left out.

    python -m bench.fit_understanding

Least negative log-likelihood of the right lines, with a small penalty on large weights, over the questions that need no previous
one and have one answer. Prints the weights in the order of LINE_WEIGHTS and NONE_WEIGHTS of stages/dialogue/matcher.py. Nothing of
the judged personas is read.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from bench.understanding import FOLDER, Trial, answer_trial, build_dialogue, judge, read_persona
from stages.dialogue import matcher
from stages.dialogue.answerer import Answerer
from stages.dialogue.candidates import FALLBACK_ID
from stages.dialogue.matcher import EmbeddingMatcher, Evidence

PENALTY = 0.002
THRESHOLDS = (0.4, 0.45, 0.5)
_LINES = len(matcher.LINE_WEIGHTS)
Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Example:
    """A question's evidence and which answers are right: the lines, then none of them."""

    evidence: Evidence
    right: NDArray[np.bool_]


def list_examples(answerer: Answerer, trials: Sequence[Trial]) -> list[Example]:
    ids = [candidate.line for candidate in answerer.matcher.lines]
    found = []
    for trial in trials:
        expected = frozenset().union(*trial.want)
        right = np.array([line in expected for line in ids] + [bool(expected & {FALLBACK_ID, answerer.fallback})])
        if not trial.after and all(len(want) == 1 for want in trial.want) and right.any():
            found.append(Example(answerer.matcher.collect_evidence(trial.ask), right))
    return found


def fit(examples: Sequence[Example]) -> Weights:
    """(9,) the weights of the lines, then those of none."""
    from scipy.optimize import minimize

    def measure_loss(weights: Weights) -> float:
        return float(np.mean([_measure_surprise(example, weights) for example in examples]) + PENALTY * (weights**2).mean())

    return np.asarray(minimize(measure_loss, np.array([*matcher.LINE_WEIGHTS, *matcher.NONE_WEIGHTS]), method="L-BFGS-B").x)


def _measure_surprise(example: Example, weights: Weights) -> float:
    evidence = example.evidence
    logits = np.append(evidence.lines @ weights[:_LINES], evidence.none @ weights[_LINES:])
    logits[:-1][np.asarray(evidence.health, bool)] = -50.0
    share = np.exp(logits - logits.max())
    return -float(np.log(share[example.right].sum() / share.sum() + 1e-12))


def count_results(answerer: Answerer, trials: Sequence[Trial], weights: Weights, threshold: float) -> Counter[str]:
    """How often conversations with these weights are right, wrong and missed."""
    lines, none = tuple(weights[:_LINES]), tuple(weights[_LINES:])
    with (
        patch.object(matcher, "LINE_WEIGHTS", lines), patch.object(matcher, "NONE_WEIGHTS", none),
        patch.object(EmbeddingMatcher, "threshold", threshold),
    ):  # fmt: skip
        return Counter(judge(trial, answer_trial(answerer, trial)) for trial in trials)


def main() -> None:
    personas = [read_persona(path) for path in sorted((FOLDER / "tuning").glob("*.yaml"))]
    answerers = [Answerer.from_dialogue(build_dialogue(persona)) for persona, _ in personas]
    examples = [list_examples(answerer, trials) for answerer, (_, trials) in zip(answerers, personas, strict=True)]
    others = [fit([e for other, some in enumerate(examples) if other != place for e in some]) for place in range(len(personas))]
    for threshold in THRESHOLDS:
        for language in ("en", "zh"):
            counts: Counter[str] = Counter()
            for answerer, (persona, trials), weights in zip(answerers, personas, others, strict=True):
                counts += count_results(answerer, trials, weights, threshold) if persona.language == language else Counter()
            sys.stdout.write(f"threshold {threshold}, {language}: {dict(counts)}\n")
    weights = fit([example for some in examples for example in some])
    sys.stdout.write(f"LINE_WEIGHTS = {np.round(weights[:_LINES], 2)}\nNONE_WEIGHTS = {np.round(weights[_LINES:], 2)}\n")


if __name__ == "__main__":
    main()
