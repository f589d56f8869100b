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
from stages.dialogue.backend import Topic
from stages.dialogue.candidates import ELSE, HELLO
from stages.dialogue.causal import Causal, States, load
from stages.dialogue.score_cache import likelihoods, states
from stages.dialogue.tfidf import LONGEST, Lexical

LAYER = 8
"""Hidden states behind this layer tell subjects apart best (of 0, 4, 8 .. 30, on the fitting questions)."""
SHORTLIST = 5
"""Topics that the slow evidence is gathered for."""
ASKED = "Questions on one subject: {} "
SAID = "Visitor: {}\nGuide:"
ALONE = "Question:"
NEUTRAL = "Tell me something."
QUESTIONS, LINE, AFTER_QUESTIONS, AFTER_QUESTION = 11.0, 11.6, 2.2, 0.91
BIAS = {ELSE: 1.54, HELLO: 1.02}
UNTUNED_SHARE, TUNED, LEAST_LIKELY = 0.5, 0.2, -12.0
"""How a tuned model's log p(line | question) joins: fitted on 90 example questions left out of the tuning (77 right, 74 without)."""
TUNED_SEED = 1
SECONDED = 0.2
"""Belief that is enough where the words in common say the same."""
Vector = NDArray[np.float32]


class Transformers:
    """SmolLM2-135M-Instruct through transformers, on the CPU."""

    name = "transformers"
    languages: tuple[str, ...] = ("en",)
    takes_model = False
    apart = True

    def unusable(self) -> str:
        """Empty where transformers is installed and the model is baked."""
        missing = [name for name in ("torch", "transformers") if not importlib.util.find_spec(name)]
        if missing:
            return f"not installed: {', '.join(missing)}"
        return "" if smollm2.digest() else "the model smollm2 is not baked: run python -m stages.dialogue.transformers"

    def warm(self) -> None:
        """Loads the model: four seconds, three of them its code."""
        load(str(smollm2.folder()))

    def weights(self) -> Mapping[str, str]:
        """The GGUF that the baked model is made of."""
        return {smollm2.GGUF: smollm2.digest()}

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """The embedded model."""
        return (smollm2.source(),)

    def worded(self, fact: str, question: str, options: PersonaSpec, seed: int) -> str:
        """The author's sentence: a model of this size states falsehoods when it words facts itself."""
        return fact

    def matcher(self, topics: Sequence[Topic], options: PersonaSpec) -> Weighing:
        """A matcher on the baked model, and with `tune` on the same model tuned to the persona."""
        where = str(smollm2.folder())
        if not options.tune:
            return Weighing(topics, load(where))
        from stages.dialogue.persona_tuning import adapted, adapter_of

        return Weighing(topics, load(where), adapted(where, adapter_of(where, self.weights(), examples(topics), TUNED_SEED)))


class Weighing:
    """Belief in each topic, 0..1, the fallback being one of them."""

    threshold = 0.5
    """More than all other topics together."""

    def __init__(self, topics: Sequence[Topic], model: Causal, tuned: Causal | None = None) -> None:
        self.topics, self.model, self.tuned, self.lexical = list(topics), model, tuned, Lexical(topics)
        texts = [text for topic in topics for text in (topic.text, *topic.questions)]
        every = np.concatenate([_states(model, text) for text in texts])
        self.mean, self.spread = every.mean(0), every.std(0) + 1e-6
        self.seen = Counter(token for topic in topics for token in {i for t in (topic.text, *topic.questions) for i in _ids(model, t)})
        self.vectors = {text: self._vector(text) for text in texts}

    def _vector(self, text: str) -> Vector:
        """Unit vector of a text: its whitened states, averaged by how rare each token is among the topics."""
        states = _states(self.model, text)
        if not len(states):
            return np.zeros_like(self.mean)
        total = len(self.topics)
        rarity = np.asarray([log((1 + total) / (1 + self.seen[i])) + 0.3 for i in _ids(self.model, text)], np.float32)
        return _unit(rarity @ _unit((states - self.mean) / self.spread))

    def scores(self, question: str) -> dict[str, float]:
        """Line id -> belief, none off the shortlist; an unsure one is raised over the threshold where the lexical matcher seconds it."""
        question = " ".join(question[:LONGEST].split())
        if not self.model.ids(question):
            return {topic.line: float(topic.line == ELSE) for topic in self.topics}
        quick = self._quick(question)
        order = np.argsort(-quick, kind="stable")[:SHORTLIST]
        chosen = [i for i, topic in enumerate(self.topics) if i in order or topic.line == ELSE]
        some = [self.topics[i] for i in chosen]
        total = quick[chosen] + self._slow(question, some)
        if self.tuned:
            told = self.tuned.likelihoods([(SAID.format(question), _answer(topic)) for topic in some])
            total = UNTUNED_SHARE * total + TUNED * np.maximum(np.asarray(told, np.float32), LEAST_LIKELY)
        belief = np.exp(total - total.max())
        found = dict.fromkeys((topic.line for topic in self.topics), 0.0)
        found.update({self.topics[i].line: float(share) for i, share in zip(chosen, belief / belief.sum(), strict=True)})
        words = self.lexical.scores(question)
        second = max(words, key=lambda line: words[line])
        unsure = max(found.values()) < self.threshold
        if unsure and second != ELSE and words[second] >= self.lexical.threshold and found[second] >= SECONDED:
            found[second] = self.threshold + found[second] / 2
        return found

    def _quick(self, question: str) -> Vector:
        """Weighted evidence (topics,) that costs one pass over the question."""
        asked = self._vector(question)
        found = []
        for topic in self.topics:
            # A fact without example questions is known by its line alone.
            near = max(float(asked @ self.vectors[example]) for example in topic.questions or (topic.text,))
            said = 0.0 if topic.line in BIAS else float(asked @ self.vectors[topic.text])
            found.append(QUESTIONS * near + LINE * said + BIAS.get(topic.line, 0.0))
        return np.asarray(found, np.float32)

    def _slow(self, question: str, topics: Sequence[Topic]) -> Vector:
        """Weighted evidence (topics,) of the model's likelihoods."""
        told = [topic for topic in topics if topic.line != ELSE]
        # In two passes: where one line changes, what its topic's questions tell stays known, and with it most prompts unread.
        said = _likely(self.model, tuple((SAID.format(question), _answer(topic)) for topic in told))
        asked = _likely(self.model, ((ALONE, " " + question), *((_context(topic), " " + question) for topic in topics)))
        length = max(1, len(self.model.ids(question)))
        saying = {topic.line: (after - self._neutral(topic)) / self._root(topic) for topic, after in zip(told, said, strict=True)}
        found = [
            AFTER_QUESTIONS * (after - asked[0]) / length + AFTER_QUESTION * saying.get(topic.line, 0.0)
            for topic, after in zip(topics, asked[1:], strict=True)
        ]
        return np.asarray(found, np.float32)

    def _neutral(self, topic: Topic) -> float:
        return _likely(self.model, ((SAID.format(NEUTRAL), _answer(topic)),))[0]

    def _root(self, topic: Topic) -> float:
        return float(len(self.model.ids(_answer(topic))) ** 0.5)


def examples(topics: Sequence[Topic]) -> tuple[tuple[str, str], ...]:
    """(prompt, reply) of every example question: what a tuning learns."""
    return tuple((SAID.format(question[:LONGEST]), _answer(topic)) for topic in topics for question in topic.questions)


def _answer(topic: Topic) -> str:
    return " " + topic.text[:LONGEST]


def _context(topic: Topic) -> str:
    return ASKED.format(" ".join(text[:LONGEST] for text in topic.questions[:4]) or topic.text[:LONGEST])


def _unit(vectors: States) -> States:
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9), np.float32)


@lru_cache(maxsize=4096)
def _ids(model: Causal, text: str) -> tuple[int, ...]:
    return tuple(model.ids(text[:LONGEST]))


@lru_cache(maxsize=4096)
def _states(model: Causal, text: str) -> States:
    return states(text[:LONGEST], lambda some: model.states(some, LAYER))


@lru_cache(maxsize=4096)
def _likely(model: Causal, pairs: tuple[tuple[str, str], ...]) -> list[float]:
    return likelihoods(pairs, model.likelihoods)


if __name__ == "__main__":
    smollm2.bake()
