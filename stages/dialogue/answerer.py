"""A finished dialogue and a question -> the lines to speak: the one way in which questions are answered, live and offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assets.artefacts.talk import Reply
from stages.dialogue.backend import Candidate
from stages.dialogue.candidates import FALLBACK_ID, HELLO_ID, TOPIC_PREFIX
from stages.dialogue.conversation import is_elliptical, split_questions
from stages.dialogue.encoder import SentenceEncoder
from stages.dialogue.foreign import is_foreign
from stages.dialogue.matcher import EmbeddingMatcher, Evidence
from stages.dialogue.passage_matcher import PassageMatcher
from stages.dialogue.phrases import (
    CONTINUE_QUESTIONS,
    GOODBYE,
    GREETING_QUESTIONS,
    LANGUAGE,
    MORE,
    REPEAT_QUESTIONS,
    SMALL_TALK_QUESTIONS,
    THANKS,
)
from stages.dialogue.topic_lines import find_topic_line

REPEAT, CONTINUE = "repeat", "continue"
"""What a visitor asks for that no line of its own answers."""
MIN_PART, MIN_FOLLOW_UP, CERTAIN = 0.6, 0.6, 0.9
"""Least probability of each of several answers, of an answer that needs the previous question, and of one that does not need it."""
_ACT_ORDER = (GOODBYE, THANKS, REPEAT, CONTINUE, MORE, LANGUAGE, HELLO_ID)
"""Of several acts in one text ("thanks, bye"), the first of these is answered."""


@dataclass(frozen=True)
class Turn:
    """One earlier turn of a conversation."""

    question: str
    lines: tuple[str, ...] = ()
    """Ids of the lines that answered it."""


@dataclass(frozen=True)
class Answer:
    """What to speak."""

    lines: tuple[str, ...]
    """Line ids in order; the fallback's alone where nothing fits."""
    text: str
    """The lines' texts, joined."""
    score: float
    """Probability that the lines answer the question, 0 to 1."""
    next: str | None
    """A line that would continue the answer; None without one."""
    why: str
    """One sentence in English on the choice, for people who debug."""
    sources: tuple[Mapping[str, Any], ...] = ()
    """Of each passage of a document among the lines: its id, file, and line, page or row."""
    about_health: bool = False
    """The question is about health and no line is: nothing else may answer it either."""


@dataclass(frozen=True)
class _Choice:
    """The best line for a text, or the fallback."""

    line: str
    score: float
    why: str
    health: bool = False
    """The text is about health, and no line may answer it."""


class Answerer:
    """Answers questions with the lines of one dialogue; safe to use from several threads, and without a memory of its own."""

    def __init__(self, dialogue: Mapping[str, Any], encoder: SentenceEncoder) -> None:
        self.language = str(dialogue.get("persona", {}).get("language", "en"))
        self.texts = {str(line["id"]): str(line["text"]) for line in dialogue["lines"]}
        self.fallback = str(dialogue["fallback"])
        self.replies = [Reply(str(r["line"]), tuple(map(str, r["questions"]))) for r in dialogue["replies"]]
        grounds = {str(line["id"]): " ".join(line.get("grounded_in", ())) or str(line["text"]) for line in dialogue["lines"]}
        candidates = list_dialogue_candidates(self.replies, grounds, self.fallback, self.language)
        self.matcher = EmbeddingMatcher(candidates, encoder, self.language)
        self.sources = {str(line["id"]): dict(line["source"]) for line in dialogue["lines"] if line.get("source")}
        quoted = {line["id"]: f"{line.get('topic', '')} {line['text']}".strip() for line in dialogue["lines"] if line.get("source")}
        strays = [question for reply in self.replies if reply.line == self.fallback for question in reply.questions]
        self.passages = PassageMatcher(quoted, strays, encoder, self.language) if quoted else None

    @classmethod
    def from_dialogue(cls, dialogue: Mapping[str, Any], *, encoder: SentenceEncoder | None = None) -> Answerer:
        """The answerer of a bundle's dialogue.json, parsed, with the embedded encoder or another.

        Raises:
            BackendError: the embedded encoder is not installed.
        """
        from stages.dialogue.e5 import load_e5

        return cls(dialogue, encoder or load_e5())

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The lines for a question of any content.

        Args:
            history: earlier turns, the oldest first; the last few are used.
        """
        if not question.strip():
            return self._speak((self.fallback,), 0.0, "there is no question", history)
        if topic := find_topic_line(self.replies, self.language, question):
            return self._speak((topic,), 1.0, "it asks for this topic", history)
        if is_foreign(question, self.language) and LANGUAGE in self.texts:
            return self._speak((LANGUAGE,), 1.0, "it is in another language", history)
        pieces = split_questions(question, self.language)
        if len(pieces) > 1 and (found := self._combine([self._choose(piece) for piece in pieces])):
            return self._speak(*found, history)
        choice = self._follow_up(question, self._choose(question), history)
        answer = self._speak((choice.line,), choice.score, choice.why, history)
        return replace(answer, about_health=True) if choice.health else answer

    def _choose(self, text: str) -> _Choice:
        """The best line for a text by itself; an act keeps its name."""
        evidence = self.matcher.collect_evidence(text)
        scores = self.matcher.weigh(evidence)
        best = max(scores, key=lambda line: scores[line])
        score = scores[best]
        if best == FALLBACK_ID or score < self.matcher.threshold:
            health = any(evidence.health)
            if self.passages and not health and (found := self.passages.find(text)):
                return _Choice(found.line, found.score, f"no fact answers it, and {format_source(self.sources[found.line])} does")
            why = "it is about health, on which no line says anything" if health else "nothing that the persona knows is near enough"
            return _Choice(self.fallback, scores[FALLBACK_ID], why, health)
        return _Choice(best, score, f'nearest known question: "{self._find_nearest(best, evidence)}"')

    def _find_nearest(self, line: str, evidence: Evidence) -> str:
        return next(text for candidate, text in zip(self.matcher.lines, evidence.nearest, strict=True) if candidate.line == line)

    def _combine(self, parts: Sequence[_Choice]) -> tuple[tuple[str, ...], float, str] | None:
        """Several facts in the order of their questions, a fact next to small talk, or one act of several; None for anything else."""
        facts = [part for part in parts if not self._is_act(part.line) and part.line != self.fallback and part.score >= MIN_PART]
        lines = tuple(dict.fromkeys(part.line for part in facts))
        acts = [part for part in parts if self._is_act(part.line)]
        if len(lines) > 1 or (lines and len(facts) + len(acts) == len(parts)):
            unknown = (self.fallback,) if any(part.health for part in parts) else ()
            return (*lines, *unknown), min(part.score for part in facts), "; ".join(part.why for part in facts)
        if acts and len(acts) == len(parts):
            act = min(acts, key=lambda part: _ACT_ORDER.index(part.line))
            return (act.line,), act.score, act.why
        return None

    def _is_act(self, line: str) -> bool:
        return line in _ACT_ORDER

    def _follow_up(self, question: str, alone: _Choice, history: Sequence[Turn]) -> _Choice:
        """The choice for the question after the previous one, where it needs that one to be understood."""
        certain = alone.line != self.fallback and (self._is_act(alone.line) or alone.score >= CERTAIN)
        if not history or certain or alone.health or not is_elliptical(question, self.language):
            return alone
        joined = self._choose(f"{history[-1].question.strip()} {question.strip()}")
        if joined.line == self.fallback or self._is_act(joined.line) or joined.score < MIN_FOLLOW_UP:
            return alone
        return _Choice(joined.line, joined.score, f"after the previous question, {joined.why}")

    def _speak(self, lines: tuple[str, ...], score: float, why: str, history: Sequence[Turn]) -> Answer:
        """The answer with these lines; what no line of the bundle says is replaced."""
        last = history[-1].lines if history else ()
        spoken = {line for turn in history for line in turn.lines}
        if lines == (REPEAT,):
            lines, why = last or (MORE,), "it asks to hear the last answer again" if last else why
        if lines == (CONTINUE,):
            following = self._find_next(last, spoken)
            lines = (following,) if following else (MORE,)
        known = tuple(line for line in lines if line in self.texts) or (self.fallback,)
        space = "" if self.language == "zh" else " "
        text = space.join(self.texts.get(line, "") for line in known)
        sources = tuple({"id": line} | self.sources[line] for line in known if line in self.sources)
        return Answer(known, text, round(score, 4), self._find_next(known, spoken), why, sources)

    def _find_next(self, lines: Sequence[str], spoken: set[str]) -> str | None:
        """The fact nearest in meaning to the last of the lines that has not been spoken, or the next passage of the same document."""
        if lines and lines[-1] in self.sources:
            return self._find_next_passage(lines[-1], spoken)
        places = {candidate.line: place for place, candidate in enumerate(self.matcher.lines) if candidate.line in self.texts}
        facts = [line for line in places if line.startswith("fact") and line not in spoken and line not in lines]
        if not lines or not lines[-1].startswith("fact") or lines[-1] not in places or not facts:
            return None
        near = self.matcher.texts @ self.matcher.texts[places[lines[-1]]]
        return max(facts, key=lambda line: float(near[places[line]]))

    def _find_next_passage(self, line: str, spoken: set[str]) -> str | None:
        ordered = list(self.sources)
        after = ordered[ordered.index(line) + 1 :][:1]
        return next((one for one in after if self.sources[one]["file"] == self.sources[line]["file"] and one not in spoken), None)


def format_source(source: Mapping[str, Any]) -> str:
    """guide.pdf, page 3"""
    return f"{source['file']}, " + ", ".join(f"{unit} {source[unit]}" for unit in ("page", "line", "row") if unit in source)


def list_dialogue_candidates(replies: Sequence[Reply], texts: Mapping[str, str], fallback: str, language: str) -> list[Candidate]:
    """What a question can be about: the lines with their questions, and the acts that every conversation has."""
    known = {reply.line: reply.questions for reply in replies if reply.line in texts and not reply.line.startswith(TOPIC_PREFIX)}
    found = [Candidate(FALLBACK_ID, "", known.pop(fallback, ()))]
    found += [Candidate(line, texts[line], questions) for line, questions in known.items()]
    acts = {HELLO_ID: GREETING_QUESTIONS[language], **SMALL_TALK_QUESTIONS[language]}
    acts |= {REPEAT: REPEAT_QUESTIONS[language], CONTINUE: CONTINUE_QUESTIONS[language]}
    return [*found, *(Candidate(act, "", questions) for act, questions in acts.items() if act not in known)]
