"""The default English backend: the embedded 135M model weighs the authored lines, and never speaks a word of its own.

Four kinds of evidence for a topic are added up and turned into a share of belief over all topics: likeness of the
model's hidden states to the topic's questions and to its line, how much likelier the model finds the question after the
topic's own questions, and how much likelier it finds the line after the question than after a neutral one.
The weights of the sum were fitted once on 71 questions to three personas; with the persona tested left out of the fit,
63 of them find their line. Words in common, added as a fifth kind, made it no better; as a second opinion where the model
is unsure they do (160 of 192 dev and left-out example questions, 157 without, and fewer false answers).
`python -m stages.dialogue.transformers` bakes the model.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log

import numpy as np
from numpy.typing import NDArray

from assets.rights import Source
from assets.spec.behaviour import PersonaSpec
from stages.dialogue import smollm2
from stages.dialogue.backend import Candidate
from stages.dialogue.candidates import FALLBACK_ID, HELLO_ID
from stages.dialogue.causal import CausalModel, States, load_model
from stages.dialogue.score_cache import lookup_likelihoods, lookup_states
from stages.dialogue.tfidf import MAX_QUESTION_LENGTH, TfidfMatcher

LAYER = 8
"""Hidden states behind this layer tell subjects apart best (of 0, 4, 8 .. 30, on the fitting questions)."""
SHORTLIST_SIZE = 5
"""Topics that the slow evidence is gathered for."""
QUESTIONS_PROMPT = "Questions on one subject: {} "
REPLY_PROMPT = "Visitor: {}\nGuide:"
QUESTION_PROMPT = "Question:"
NEUTRAL_QUESTION = "Tell me something."
QUESTION_SIMILARITY_WEIGHT, LINE_SIMILARITY_WEIGHT, QUESTION_LIKELIHOOD_WEIGHT, LINE_LIKELIHOOD_WEIGHT = 11.0, 11.6, 2.2, 0.91
BIAS = {FALLBACK_ID: 1.54, HELLO_ID: 1.02}
UNTUNED_WEIGHT, TUNED_WEIGHT, MIN_LOG_LIKELIHOOD = 0.5, 0.2, -12.0
"""How a tuned model's log p(line | question) joins: fitted on 90 example questions left out of the tuning (77 right, 74 without)."""
TUNED_SEED = 1
MIN_SECONDED_BELIEF = 0.2
"""Belief that is enough where the words in common say the same."""
Vector = NDArray[np.float32]


class Transformers:
    """SmolLM2-135M-Instruct through transformers, on the CPU."""

    name = "transformers"
    languages: tuple[str, ...] = ("en",)
    takes_model = False
    isolated = True

    def unavailable_reason(self) -> str:
        """Empty where transformers is installed and the model is baked."""
        missing = [name for name in ("torch", "transformers") if not importlib.util.find_spec(name)]
        if missing:
            return f"not installed: {', '.join(missing)}"
        return "" if smollm2.read_digest() else "the model smollm2 is not baked: run python -m stages.dialogue.transformers"

    def preload(self) -> None:
        """Loads the model: four seconds, three of them its code."""
        load_model(str(smollm2.locate_model()))

    def weights(self) -> Mapping[str, str]:
        """The GGUF that the baked model is made of."""
        return {smollm2.GGUF: smollm2.read_digest()}

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """The embedded model."""
        return (smollm2.describe_source(),)

    def rephrase_fact(self, fact: str, question: str, options: PersonaSpec, seed: int) -> str:
        """The author's sentence: a model of this size states falsehoods when it words facts itself."""
        return fact

    def make_matcher(self, topics: Sequence[Candidate], options: PersonaSpec) -> LanguageModelMatcher:
        """A matcher on the baked model, and with `tune` on the same model tuned to the persona."""
        where = str(smollm2.locate_model())
        if not options.tune:
            return LanguageModelMatcher(topics, load_model(where))
        from stages.dialogue.persona_tuning import apply_adapter, get_or_tune_adapter

        return LanguageModelMatcher(
            topics,
            load_model(where),
            apply_adapter(where, get_or_tune_adapter(where, self.weights(), build_training_pairs(topics), TUNED_SEED)),
        )


class LanguageModelMatcher:
    """Belief in each topic, 0..1, the fallback being one of them."""

    threshold = 0.5
    """More than all other topics together."""

    def __init__(self, topics: Sequence[Candidate], model: CausalModel, tuned: CausalModel | None = None) -> None:
        self.topics, self.model, self.tuned, self.lexical = list(topics), model, tuned, TfidfMatcher(topics)
        texts = [text for topic in topics for text in (topic.text, *topic.questions)]
        every = np.concatenate([_compute_states(model, text) for text in texts])
        self.mean, self.spread = every.mean(0), every.std(0) + 1e-6
        self.seen = Counter(token for topic in topics for token in {i for t in (topic.text, *topic.questions) for i in _tokenize(model, t)})
        self.vectors = {text: self._vectorize(text) for text in texts}

    def _vectorize(self, text: str) -> Vector:
        """Unit vector of a text: its whitened states, averaged by how rare each token is among the topics."""
        states = _compute_states(self.model, text)
        if not len(states):
            return np.zeros_like(self.mean)
        total = len(self.topics)
        rarity = np.asarray([log((1 + total) / (1 + self.seen[i])) + 0.3 for i in _tokenize(self.model, text)], np.float32)
        return _normalize(rarity @ _normalize((states - self.mean) / self.spread))

    def scores(self, question: str) -> dict[str, float]:
        """Line id -> belief, none off the shortlist; an unsure one is raised over the threshold where the lexical matcher seconds it."""
        question = " ".join(question[:MAX_QUESTION_LENGTH].split())
        if not self.model.ids(question):
            return {topic.line: float(topic.line == FALLBACK_ID) for topic in self.topics}
        quick = self._score_similarity(question)
        order = np.argsort(-quick, kind="stable")[:SHORTLIST_SIZE]
        chosen = [i for i, topic in enumerate(self.topics) if i in order or topic.line == FALLBACK_ID]
        some = [self.topics[i] for i in chosen]
        total = quick[chosen] + self._score_likelihood(question, some)
        if self.tuned:
            told = self.tuned.compute_likelihoods([(REPLY_PROMPT.format(question), _format_answer(topic)) for topic in some])
            total = UNTUNED_WEIGHT * total + TUNED_WEIGHT * np.maximum(np.asarray(told, np.float32), MIN_LOG_LIKELIHOOD)
        belief = np.exp(total - total.max())
        found = dict.fromkeys((topic.line for topic in self.topics), 0.0)
        found.update({self.topics[i].line: float(share) for i, share in zip(chosen, belief / belief.sum(), strict=True)})
        words = self.lexical.scores(question)
        second = max(words, key=lambda line: words[line])
        unsure = max(found.values()) < self.threshold
        if unsure and second != FALLBACK_ID and words[second] >= self.lexical.threshold and found[second] >= MIN_SECONDED_BELIEF:
            found[second] = self.threshold + found[second] / 2
        return found

    def _score_similarity(self, question: str) -> Vector:
        """Weighted evidence (topics,) that costs one pass over the question."""
        asked = self._vectorize(question)
        found = []
        for topic in self.topics:
            # A fact without example questions is known by its line alone.
            near = max(float(asked @ self.vectors[example]) for example in topic.questions or (topic.text,))
            said = 0.0 if topic.line in BIAS else float(asked @ self.vectors[topic.text])
            found.append(QUESTION_SIMILARITY_WEIGHT * near + LINE_SIMILARITY_WEIGHT * said + BIAS.get(topic.line, 0.0))
        return np.asarray(found, np.float32)

    def _score_likelihood(self, question: str, topics: Sequence[Candidate]) -> Vector:
        """Weighted evidence (topics,) of the model's likelihoods."""
        told = [topic for topic in topics if topic.line != FALLBACK_ID]
        # In two passes: where one line changes, what its topic's questions tell stays known, and with it most prompts unread.
        said = _compute_likelihoods(self.model, tuple((REPLY_PROMPT.format(question), _format_answer(topic)) for topic in told))
        asked = _compute_likelihoods(
            self.model, ((QUESTION_PROMPT, " " + question), *((_format_context(topic), " " + question) for topic in topics))
        )
        length = max(1, len(self.model.ids(question)))
        saying = {
            topic.line: (after - self._compute_neutral_likelihood(topic)) / self._compute_length_norm(topic)
            for topic, after in zip(told, said, strict=True)
        }
        found = [
            QUESTION_LIKELIHOOD_WEIGHT * (after - asked[0]) / length + LINE_LIKELIHOOD_WEIGHT * saying.get(topic.line, 0.0)
            for topic, after in zip(topics, asked[1:], strict=True)
        ]
        return np.asarray(found, np.float32)

    def _compute_neutral_likelihood(self, topic: Candidate) -> float:
        return _compute_likelihoods(self.model, ((REPLY_PROMPT.format(NEUTRAL_QUESTION), _format_answer(topic)),))[0]

    def _compute_length_norm(self, topic: Candidate) -> float:
        return float(len(self.model.ids(_format_answer(topic))) ** 0.5)


def build_training_pairs(topics: Sequence[Candidate]) -> tuple[tuple[str, str], ...]:
    """(prompt, reply) of every example question: what a tuning learns."""
    return tuple(
        (REPLY_PROMPT.format(question[:MAX_QUESTION_LENGTH]), _format_answer(topic)) for topic in topics for question in topic.questions
    )


def _format_answer(topic: Candidate) -> str:
    return " " + topic.text[:MAX_QUESTION_LENGTH]


def _format_context(topic: Candidate) -> str:
    return QUESTIONS_PROMPT.format(" ".join(text[:MAX_QUESTION_LENGTH] for text in topic.questions[:4]) or topic.text[:MAX_QUESTION_LENGTH])


def _normalize(vectors: States) -> States:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9), np.float32)


@lru_cache(maxsize=4096)
def _tokenize(model: CausalModel, text: str) -> tuple[int, ...]:
    return tuple(model.ids(text[:MAX_QUESTION_LENGTH]))


@lru_cache(maxsize=4096)
def _compute_states(model: CausalModel, text: str) -> States:
    return lookup_states(text[:MAX_QUESTION_LENGTH], lambda some: model.states(some, LAYER))


@lru_cache(maxsize=4096)
def _compute_likelihoods(model: CausalModel, pairs: tuple[tuple[str, str], ...]) -> list[float]:
    return lookup_likelihoods(pairs, model.compute_likelihoods)


if __name__ == "__main__":
    smollm2.bake_model()
