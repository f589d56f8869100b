"""From persona to lines and topics, and from a finished dialogue back to the topics that a live question is weighed against."""

from __future__ import annotations

from collections.abc import Container

from assets.artefacts.talk import Dialogue, Line, Reply
from assets.spec.behaviour import PersonaSpec
from stages.dialogue.backend import Topic
from stages.dialogue.phrases import FALLBACK, GREETED, STRAY, greeting
from stages.dialogue.tags import emotion_of, gesture_of

HELLO, ELSE, TOPIC = "hello", "fallback", "topic"


def authored(options: PersonaSpec, name: str) -> list[tuple[str, str]]:
    """(line id, text) of everything that the author wrote: hello, fact_01.., line_01.., fallback."""
    facts = [(f"fact_{index:02d}", fact.say) for index, fact in enumerate(options.facts, start=1)]
    own = [(f"line_{index:02d}", text) for index, text in enumerate(options.lines, start=1)]
    hello = options.greeting or greeting(name, options.who, options.language)
    return [(HELLO, hello), *facts, *own, (ELSE, options.fallback or FALLBACK[options.language])]


def tagged(line: str, text: str, options: PersonaSpec, grounds: tuple[str, ...]) -> Line:
    """The line with its emotion and gesture."""
    kind = line.partition("_")[0]
    return Line(line, text, options.language, emotion_of(kind, text, options.manner), gesture_of(kind, text, options.manner), grounds)


def replies_of(options: PersonaSpec, told: Container[int] = ()) -> tuple[Reply, ...]:
    """Questions by the line that answers them; the fallback's are those out of scope. A blank question asks nothing.

    Args:
        told: which topics have a line, counted from 1.
    """
    asked = [Reply(HELLO, GREETED[options.language])]
    asked += [Reply(f"fact_{index:02d}", _kept(fact.ask)) for index, fact in enumerate(options.facts, start=1)]
    # The bare topic: words of asking, the same in every such question, would draw other questions to it.
    asked += [Reply(topic_id(index), (topic,)) for index, topic in enumerate(options.topics, start=1) if index in told]
    return (*asked, Reply(ELSE, _kept(options.out_of_scope)))


def topic_id(index: int) -> str:
    """topic_01 for the first topic, counted from 1."""
    return f"{TOPIC}_{index:02d}"


def _kept(questions: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(question for question in questions if question.strip())


def topics_of(replies: tuple[Reply, ...], texts: dict[str, str], language: str) -> list[Topic]:
    """A topic a reply; the fallback's is widened by questions that lie outside of nearly every persona.

    Lines about a topic are left out: they repeat facts, and two equal lines would share the belief that one deserves.
    """
    further = {ELSE: STRAY[language]}
    weighed = (reply for reply in replies if not reply.line.startswith(TOPIC))
    return [Topic(reply.line, texts[reply.line], (*reply.questions, *further.get(reply.line, ()))) for reply in weighed]


def topics_in(dialogue: Dialogue) -> list[Topic]:
    """The topics of a finished dialogue; grounded text, where there is one, stands for a worded line."""
    texts = {line.id: " ".join(line.grounded_in) or line.text for line in dialogue.lines}
    return topics_of(dialogue.replies, texts, dialogue.language)
