"""Lines about a topic: which of the author's facts speak about it, and whether a question asks for just that topic.

Words in common decide; where there are none, the language model may name a fact. Of 30 topics that the three presets know,
words find 29 and the model the last; of 38 that they do not know, one gets a line (family: children come in free).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assets.artefacts.talk import Dialogue, Line
from assets.spec.behaviour import PersonaSpec
from stages.dialogue.backend import Candidate, DialogueBackend, Matcher
from stages.dialogue.candidates import TOPIC_PREFIX, format_topic_id, tag_line
from stages.dialogue.phrases import ASKING_WORDS, TOPIC_QUESTION
from stages.dialogue.tfidf import TfidfMatcher, compute_base_weight, stem_words

MIN_SIMILARITY = 0.35
"""Likeness to a fact that is about the topic: 0.40 and more on the presets for topics they know, up to 0.33 for others."""
MIN_SHARE_OF_BEST = 0.75
"""Of the best fact's likeness, for a fact that is joined to it."""
MAX_FACTS = 3
"""Facts in a line."""


def find_facts(topic: str, topics: Sequence[Candidate], matcher: Matcher, language: str) -> tuple[str, ...]:
    """Line ids of the one to three facts that are about the topic, in the author's order; none where no fact is."""
    forms = _list_forms(topic.strip(), language)
    found = _score_forms(forms, topics)
    best = max(found, key=lambda line: found[line])
    if found[best] >= MIN_SIMILARITY:
        near = _select_joined_facts(best, forms, found, topics)
        return tuple(line for line in found if line in near) if best.startswith("fact") else ()
    if isinstance(matcher, TfidfMatcher):
        return ()
    scores = matcher.scores(TOPIC_QUESTION[language].format(topic))
    named = max(scores, key=lambda line: scores[line])
    return (named,) if named.startswith("fact") and scores[named] >= matcher.threshold else ()


def _list_forms(topic: str, language: str) -> list[str]:
    """The topic in singular and plural: stemming alone parts telescope from telescopes."""
    return [topic] if language == "zh" else [topic, topic.removesuffix("s"), topic + "s"]


def _score_forms(forms: Sequence[str], topics: Sequence[Candidate]) -> dict[str, float]:
    """Line id -> likeness of words, the best of the forms."""
    lexical = TfidfMatcher(topics)
    scores = [lexical.scores(form) for form in forms]
    return {line: max(score[line] for score in scores) for line in scores[0]}


def _select_joined_facts(best: str, forms: Sequence[str], found: Mapping[str, float], topics: Sequence[Candidate]) -> list[str]:
    """The best fact and the nearest of those that name the topic in their own words, not in a question alone."""
    named = {word for form in forms for word in stem_words(form) if compute_base_weight(word) == 1}
    saying = {topic.line for topic in topics if topic.line.startswith("fact") and named & set(stem_words(topic.text))}
    near = [line for line in saying - {best} if found[line] >= MIN_SHARE_OF_BEST * found[best]]
    return [best, *sorted(near, key=lambda line: (-found[line], line))[: MAX_FACTS - 1]]


def build_topic_lines(
    options: PersonaSpec, topics: Sequence[Candidate], backend: DialogueBackend, seed: int
) -> tuple[dict[int, Line], tuple[str, ...]]:
    """The line of each topic that a fact is about, by its number from 1, and a warning for each of the others."""
    if not options.topics:
        return {}, ()
    matcher = backend.make_matcher(topics, options.model_copy(update={"tune": False}))
    facts = {f"fact_{index:02d}": fact.say for index, fact in enumerate(options.facts, start=1)}
    lines, warnings = {}, []
    for number, topic in enumerate(options.topics, start=1):
        grounds = tuple(facts[line] for line in find_facts(topic, topics, matcher, options.language))
        if grounds:
            text = ("" if options.language == "zh" else " ").join(ground.strip() for ground in grounds)
            text = backend.rephrase_fact(text, TOPIC_QUESTION[options.language].format(topic.strip()), options, seed)
            lines[number] = tag_line(format_topic_id(number), text, options, grounds)
        else:
            warnings.append(f"no fact of the persona is about {topic.strip()!r}, so no line speaks about it")
    return lines, tuple(warnings)


def find_topic_line(dialogue: Dialogue, question: str) -> str:
    """The id of the line about the topic that the question asks for and for nothing else, empty where there is none."""
    subject = _extract_subject(question, dialogue.language)
    mine = (reply for reply in dialogue.replies if reply.line.startswith(TOPIC_PREFIX))
    return next((reply.line for reply in mine if subject and _extract_subject(reply.questions[0], dialogue.language) == subject), "")


def _extract_subject(text: str, language: str) -> set[str]:
    asking = set(ASKING_WORDS[language]) if language == "zh" else set(stem_words(ASKING_WORDS[language]))
    return set(stem_words(text)) - asking
