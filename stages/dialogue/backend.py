"""What a dialogue backend is: topics in, a matcher that weighs questions against them out; and who words a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from assets.rights import Source
from assets.spec.behaviour import PersonaSpec
from stages.stage import Backend


@dataclass(frozen=True)
class Candidate:
    """A line that can answer, its text, and example questions that it answers."""

    line: str
    text: str
    questions: tuple[str, ...]


class Matcher(Protocol):
    """Weighs questions against the topics that it was made of."""

    threshold: float
    """Least score of a topic that may be spoken; below it the fallback is."""

    def scores(self, question: str) -> Mapping[str, float]:
        """Line id -> how well it answers, -inf .. 1 or a little over; the best one wins."""


@runtime_checkable
class DialogueBackend(Backend, Protocol):
    """One way to find the line that answers a question."""

    languages: tuple[str, ...]
    """Language codes that it understands."""
    takes_model: bool
    """It reads PersonaSpec.model."""

    def make_matcher(self, topics: Sequence[Candidate], options: PersonaSpec) -> Matcher:
        """A matcher of these topics; the same arguments give the same scores."""

    def rephrase_fact(self, fact: str, question: str, options: PersonaSpec, seed: int) -> str:
        """The sentence to speak for a fact: the author's own, or one that rests on nothing but the fact."""

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """Whose model it is and under what terms."""
