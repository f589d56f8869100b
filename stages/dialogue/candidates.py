"""Persona -> lines and replies; finished dialogue -> the candidates that a live question is matched against."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from assets.artefacts.talk import Dialogue, Line, Reply
from assets.spec.behaviour import PersonaSpec
from assets.speech_marks import escape_marks
from stages.dialogue.backend import Candidate
from stages.dialogue.knowledge.read import Passage
from stages.dialogue.phrases import (
    FALLBACK_TEXT,
    GREETING_QUESTIONS,
    OUT_OF_SCOPE_QUESTIONS,
    SMALL_TALK_QUESTIONS,
    SMALL_TALK_TEXTS,
    compose_greeting,
)
from stages.dialogue.tags import choose_tags

HELLO_ID, FALLBACK_ID, TOPIC_PREFIX, PASSAGE_PREFIX = "hello", "fallback", "topic", "passage"


def list_authored_lines(options: PersonaSpec, name: str) -> list[tuple[str, str]]:
    """(line id, text) of everything that is said: hello, fact_01.., line_01.., small talk where there is something to ask, fallback."""
    facts = [(f"fact_{index:02d}", fact.say) for index, fact in enumerate(options.facts, start=1)]
    lines = [(f"line_{index:02d}", text) for index, text in enumerate(options.lines, start=1)]
    hello = options.greeting or compose_greeting(name, options.who, options.language)
    talk = [
        (line, getattr(options.small_talk, line) or text)
        for line, text in SMALL_TALK_TEXTS[options.language].items()
        if has_answers(options)
    ]
    return [(HELLO_ID, hello), *facts, *lines, *talk, (FALLBACK_ID, options.fallback or FALLBACK_TEXT[options.language])]


def has_answers(options: PersonaSpec) -> bool:
    """Whether the persona has anything with which to answer questions."""
    return bool(options.facts or options.knowledge)


def make_passage_lines(passages: Sequence[Passage], options: PersonaSpec) -> list[Line]:
    """passage_001.. with emotion and gesture, each spoken word for word: what looks like a mark in a document is text."""
    lines = []
    for number, passage in enumerate(passages, start=1):
        line = tag_line(f"{PASSAGE_PREFIX}_{number:03d}", passage.text, options, (passage.text,))
        spoken = escape_marks(passage.text)
        spoken = spoken if spoken != passage.text else ""
        lines.append(replace(line, source=passage.source, topic=passage.topic, spoken=spoken))
    return lines


def tag_line(line: str, text: str, options: PersonaSpec, grounds: tuple[str, ...]) -> Line:
    """The line with its emotion and gesture."""
    tags = choose_tags(line.partition("_")[0], text, options.language, options.manner)
    return Line(line, text, options.language, tags.emotion, tags.gesture, grounds)


def list_replies(options: PersonaSpec, topics_with_line: Container[int] = ()) -> tuple[Reply, ...]:
    """The questions of each line that answers any; those of the fallback are the questions out of scope. Blank questions are dropped.

    Args:
        topics_with_line: numbers, from 1, of the topics that have a line.
    """
    replies = [Reply(HELLO_ID, GREETING_QUESTIONS[options.language])]
    replies += [Reply(f"fact_{index:02d}", _drop_blank(fact.ask)) for index, fact in enumerate(options.facts, start=1)]
    # Only the topic itself: the words of the request, the same for every topic, would attract other questions.
    replies += [Reply(format_topic_id(index), (topic,)) for index, topic in enumerate(options.topics, start=1) if index in topics_with_line]
    replies += [Reply(line, questions) for line, questions in SMALL_TALK_QUESTIONS[options.language].items() if has_answers(options)]
    return (*replies, Reply(FALLBACK_ID, _drop_blank(options.out_of_scope)))


def format_topic_id(index: int) -> str:
    """topic_01 for the first topic, counted from 1."""
    return f"{TOPIC_PREFIX}_{index:02d}"


def _drop_blank(questions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(question for question in questions if question.strip())


def list_candidates(replies: tuple[Reply, ...], texts: dict[str, str], language: str) -> list[Candidate]:
    """One candidate per reply; the fallback gets further questions that are out of scope for nearly every persona.

    Lines about a topic are not candidates: they repeat facts, and two equal lines would share the probability of one.
    """
    further = {FALLBACK_ID: OUT_OF_SCOPE_QUESTIONS[language]}
    matched = (reply for reply in replies if not reply.line.startswith(TOPIC_PREFIX))
    return [Candidate(reply.line, texts[reply.line], (*reply.questions, *further.get(reply.line, ()))) for reply in matched]


def recover_candidates(dialogue: Dialogue) -> list[Candidate]:
    """The candidates of a finished dialogue; a reworded line is matched by the facts behind it."""
    texts = {line.id: " ".join(line.grounded_in) or line.text for line in dialogue.lines}
    return list_candidates(dialogue.replies, texts, dialogue.language)
