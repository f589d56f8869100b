"""The interface of a dialogue backend: it matches a question to one of the authored lines, and may reword facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from assets.rights import Source
from assets.spec.behaviour import PersonaSpec
from stages.stage import Backend


@dataclass(frozen=True)
class Candidate:
    """A line that can be the answer: its id, its text, and example questions that it answers."""

    line: str
    text: str
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Wording:
    """What is spoken for a fact."""

    text: str
    refused: str = ""
    """The model's sentence where the fact does not support it."""
    reason: str = ""
    """Why it is refused, in one clause."""


class Matcher(Protocol):
    """Scores how well each of its candidates answers a question."""

    threshold: float
    """Least score of a line that may be spoken; below it, the fallback is spoken."""

    def score_candidates(self, question: str) -> Mapping[str, float]:
        """Line id -> score of every candidate, the highest wins; the same question gives the same scores."""


@runtime_checkable
class DialogueBackend(Backend, Protocol):
    """A way to find the line that answers a question."""

    languages: tuple[str, ...]
    """Codes of the languages that it understands."""
    takes_model: bool
    """True if it needs PersonaSpec.model, False if it cannot use it."""

    def make_matcher(self, candidates: Sequence[Candidate], options: PersonaSpec) -> Matcher:
        """A matcher for these candidates; the same arguments give the same scores."""

    def rephrase_fact(self, fact: str, question: str, options: PersonaSpec, seed: int) -> Wording:
        """The sentence to speak for a fact: the author's own, or a rewording that is supported by the fact alone."""

    def sources(self, options: PersonaSpec) -> tuple[Source, ...]:
        """The models behind it, with authors and licences."""
