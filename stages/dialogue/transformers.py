"""The default English backend: the embedded 135M model scores the authored lines and never speaks words of its own.

Four kinds of evidence for a candidate are added up and normalised to a probability over all candidates: similarity of the
model's hidden states to the candidate's questions and to its line, how much likelier the model finds the question after the
candidate's own questions, and how much likelier it finds the line after the question than after a neutral one.
The weights of the sum were fitted once on 71 questions to three personas; with the tested persona left out of the fit,
63 of them find their line. TF-IDF as a fifth term did not improve that; as a second opinion where the model is unsure it
does (160 of 192 development and left-out example questions, 157 without it, and fewer wrong answers).
`python -m stages.dialogue.transformers` bakes the model.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from assets.rights import Source
from assets.spec.behaviour import PersonaSpec
from stages.dialogue import smollm2
from stages.dialogue.backend import Candidate, Wording
from stages.dialogue.candidates import FALLBACK_ID, HELLO_ID
from stages.dialogue.causal import CausalModel, States, load_model
from stages.dialogue.model_cache import ModelCache
from stages.dialogue.score_cache import lookup_likelihoods, lookup_states
from stages.dialogue.tfidf import MAX_QUESTION_LENGTH, TfidfMatcher

LAYER = 8
"""Hidden states after this layer separate subjects best (of 0, 4, 8 .. 30, on the questions of the fit)."""
SHORTLIST_SIZE = 5
"""Candidates for which the slow evidence is computed."""
QUESTIONS_PROMPT = "Questions on one subject: {} "
REPLY_PROMPT = "Visitor: {}\nGuide:"
QUESTION_PROMPT = "Question:"
NEUTRAL_QUESTION = "Tell me something."
QUESTION_SIMILARITY_WEIGHT, LINE_SIMILARITY_WEIGHT, QUESTION_LIKELIHOOD_WEIGHT, LINE_LIKELIHOOD_WEIGHT = 11.0, 11.6, 2.2, 0.91
BIAS = {FALLBACK_ID: 1.54, HELLO_ID: 1.02}
UNTUNED_WEIGHT, TUNED_WEIGHT, MIN_LOG_LIKELIHOOD = 0.5, 0.2, -12.0
"""Weight of a tuned model's log p(line | question): fitted on 90 example questions left out of the tuning (77 right, 74 without)."""
TUNED_SEED = 1
MIN_SECONDED_PROBABILITY = 0.2
"""Least probability of a line that is spoken because TF-IDF finds the same line."""
Vector = NDArray[np.float32]

_TOKENS: ModelCache[tuple[int, ...]] = ModelCache(4096)
"""Short tuples of integers."""
_STATES: ModelCache[States] = ModelCache(512)
"""A persona has about 100 texts of up to 0.6 MB each, and the self-check needs them for every question that it leaves out."""
_LIKELIHOODS: ModelCache[list[float]] = ModelCache(4096)
"""A few numbers each; the self-check asks for those of the neutral question again and again."""


class Transformers:
    """SmolLM2-135M-Instruct through transformers, on the CPU."""

    name = "transformers"
    languages: tuple[str, ...] = ("en",)
    takes_model = False
    isolated = True

    def unavailable_reason(self) -> str:
        """What is missing, a package or the baked model; empty if nothing is."""
        missing = [name for name in ("torch", "transformers") if not importlib.util.find_spec(name)]
        if missing:
            return f"not installed: {', '.join(missing)}"
        return "" if smollm2.read_digest() else "the model smollm2 is missing: run `fenshen bake`"

    def preload(self) -> None:
        """Loads the model: four seconds, three of them for importing its code."""
        load_model(str(smollm2.locate_model()))

    def weights(self) -> Mapping[str, str]:
        """The GGUF file that the model is baked from."""
        return {smollm2.GGUF: smollm2.read_digest()}

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """The embedded model."""
        return (smollm2.describe_source(),)

    def rephrase_fact(self, fact: str, question: str, options: PersonaSpec, seed: int) -> Wording:
        """The author's sentence: a model of this size states falsehoods when it words facts itself."""
        return Wording(fact)

    def make_matcher(self, candidates: Sequence[Candidate], options: PersonaSpec) -> LanguageModelMatcher:
        """A matcher with the baked model and, if `tune` is set, also with the same model tuned to the persona."""
        path = str(smollm2.locate_model())
        if not options.tune:
            return LanguageModelMatcher(candidates, load_model(path))
        from stages.dialogue.persona_tuning import apply_adapter, get_or_tune_adapter

        adapter = get_or_tune_adapter(path, self.weights(), build_training_pairs(candidates), TUNED_SEED)
        return LanguageModelMatcher(candidates, load_model(path), apply_adapter(path, adapter))


class LanguageModelMatcher:
    """Probability of each candidate, the fallback being one of them."""

    threshold = 0.5
    """More than all other candidates together."""

    def __init__(self, candidates: Sequence[Candidate], model: CausalModel, tuned_model: CausalModel | None = None) -> None:
        self.candidates, self.model, self.tuned_model = list(candidates), model, tuned_model
        self.lexical = TfidfMatcher(candidates)
        texts = [text for candidate in candidates for text in (candidate.text, *candidate.questions)]
        states = np.concatenate([_compute_states(model, text) for text in texts])
        self.mean, self.std = states.mean(0), states.std(0) + 1e-6
        self.document_counts = Counter(
            token for c in candidates for token in {i for text in (c.text, *c.questions) for i in _tokenize(model, text)}
        )
        self.vectors = {text: self._vectorize(text) for text in texts}

    def _vectorize(self, text: str) -> Vector:
        """Unit vector of a text: the mean of its whitened states, weighted by how rare each token is among the candidates."""
        states = _compute_states(self.model, text)
        if not len(states):
            return np.zeros_like(self.mean)
        total = len(self.candidates)
        rarity = np.asarray([log((1 + total) / (1 + self.document_counts[i])) + 0.3 for i in _tokenize(self.model, text)], np.float32)
        return _normalize(rarity @ _normalize((states - self.mean) / self.std))

    def score_candidates(self, question: str) -> dict[str, float]:
        """Line id -> probability, 0 off the shortlist; an uncertain best line is raised above the threshold if TF-IDF agrees with it."""
        question = " ".join(question[:MAX_QUESTION_LENGTH].split())
        if not self.model.tokenize_text(question):
            return {candidate.line: float(candidate.line == FALLBACK_ID) for candidate in self.candidates}
        similarity = self._score_similarity(question)
        best = np.argsort(-similarity, kind="stable")[:SHORTLIST_SIZE]
        chosen = [i for i, candidate in enumerate(self.candidates) if i in best or candidate.line == FALLBACK_ID]
        shortlist = [self.candidates[i] for i in chosen]
        evidence = self._add_tuned_evidence(similarity[chosen] + self._score_likelihood(question, shortlist), question, shortlist)
        unnormalised = np.exp(evidence - evidence.max())
        scores = dict.fromkeys((candidate.line for candidate in self.candidates), 0.0)
        scores.update({c.line: float(p) for c, p in zip(shortlist, unnormalised / unnormalised.sum(), strict=True)})
        return self._second_by_tfidf(scores, question)

    def _add_tuned_evidence(self, evidence: Vector, question: str, shortlist: Sequence[Candidate]) -> Vector:
        if not self.tuned_model:
            return evidence
        pairs = [(REPLY_PROMPT.format(question), _format_answer(candidate)) for candidate in shortlist]
        likelihoods = np.asarray(self.tuned_model.compute_likelihoods(pairs), np.float32)
        return np.asarray(UNTUNED_WEIGHT * evidence + TUNED_WEIGHT * np.maximum(likelihoods, MIN_LOG_LIKELIHOOD), np.float32)

    def _second_by_tfidf(self, scores: dict[str, float], question: str) -> dict[str, float]:
        """The scores, with the best line of TF-IDF above the threshold if no line is and the model finds it probable enough."""
        lexical = self.lexical.score_candidates(question)
        line = max(lexical, key=lambda line: lexical[line])
        unsure = max(scores.values()) < self.threshold
        if unsure and line != FALLBACK_ID and lexical[line] >= self.lexical.threshold and scores[line] >= MIN_SECONDED_PROBABILITY:
            scores[line] = self.threshold + scores[line] / 2
        return scores

    def _score_similarity(self, question: str) -> Vector:
        """Weighted evidence (candidates,) from hidden states; it costs one pass over the question."""
        query = self._vectorize(question)
        scores = []
        for candidate in self.candidates:
            # A fact without example questions has only its line.
            question_score = max(float(query @ self.vectors[example]) for example in candidate.questions or (candidate.text,))
            line_score = 0.0 if candidate.line in BIAS else float(query @ self.vectors[candidate.text])
            scores.append(QUESTION_SIMILARITY_WEIGHT * question_score + LINE_SIMILARITY_WEIGHT * line_score + BIAS.get(candidate.line, 0.0))
        return np.asarray(scores, np.float32)

    def _score_likelihood(self, question: str, shortlist: Sequence[Candidate]) -> Vector:
        """Weighted evidence (candidates,) from likelihoods."""
        answers = [candidate for candidate in shortlist if candidate.line != FALLBACK_ID]
        # Two passes: if one line changes, the likelihoods of the question after example questions, the larger part, stay cached.
        reply_likelihoods = _compute_likelihoods(self.model, tuple((REPLY_PROMPT.format(question), _format_answer(c)) for c in answers))
        prior, *posteriors = _compute_likelihoods(
            self.model, ((QUESTION_PROMPT, " " + question), *((_format_context(c), " " + question) for c in shortlist))
        )
        length = max(1, len(self.model.tokenize_text(question)))
        line_scores = {
            candidate.line: (after - self._compute_neutral_likelihood(candidate)) / self._compute_length_norm(candidate)
            for candidate, after in zip(answers, reply_likelihoods, strict=True)
        }
        scores = [
            QUESTION_LIKELIHOOD_WEIGHT * (after - prior) / length + LINE_LIKELIHOOD_WEIGHT * line_scores.get(candidate.line, 0.0)
            for candidate, after in zip(shortlist, posteriors, strict=True)
        ]
        return np.asarray(scores, np.float32)

    def _compute_neutral_likelihood(self, candidate: Candidate) -> float:
        return _compute_likelihoods(self.model, ((REPLY_PROMPT.format(NEUTRAL_QUESTION), _format_answer(candidate)),))[0]

    def _compute_length_norm(self, candidate: Candidate) -> float:
        return float(len(self.model.tokenize_text(_format_answer(candidate))) ** 0.5)


def build_training_pairs(candidates: Sequence[Candidate]) -> tuple[tuple[str, str], ...]:
    """(prompt, reply) of every example question, for tuning."""
    return tuple(
        (REPLY_PROMPT.format(question[:MAX_QUESTION_LENGTH]), _format_answer(candidate))
        for candidate in candidates
        for question in candidate.questions
    )


def _format_answer(candidate: Candidate) -> str:
    return " " + candidate.text[:MAX_QUESTION_LENGTH]


def _format_context(candidate: Candidate) -> str:
    questions = " ".join(text[:MAX_QUESTION_LENGTH] for text in candidate.questions[:4])
    return QUESTIONS_PROMPT.format(questions or candidate.text[:MAX_QUESTION_LENGTH])


def _normalize(vectors: States) -> States:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9), np.float32)


def _tokenize(model: CausalModel, text: str) -> tuple[int, ...]:
    return _TOKENS.get_or_compute(model, text, lambda: tuple(model.tokenize_text(text[:MAX_QUESTION_LENGTH])))


def _compute_states(model: CausalModel, text: str) -> States:
    short = text[:MAX_QUESTION_LENGTH]
    return lookup_states(short, lambda _: _STATES.get_or_compute(model, short, lambda: model.compute_states(short, LAYER)))


def _compute_likelihoods(model: CausalModel, pairs: tuple[tuple[str, str], ...]) -> list[float]:
    return lookup_likelihoods(pairs, lambda _: _LIKELIHOODS.get_or_compute(model, pairs, lambda: model.compute_likelihoods(pairs)))


if __name__ == "__main__":
    smollm2.bake_model()
