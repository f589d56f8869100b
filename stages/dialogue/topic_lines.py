"""Lines about a topic: which of the author's facts are about it, and whether a question asks for exactly that topic.

Shared words decide; without any, the language model may choose a fact. Of 30 topics that the three presets know, words find
29 and the model the last; of 38 that they do not know, one gets a line (family: children come in free).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assets.artefacts.talk import Line, RefusedWording, Reply
from assets.spec.behaviour import PersonaSpec
from stages.dialogue.backend import Candidate, DialogueBackend, Matcher
from stages.dialogue.candidates import TOPIC_PREFIX, format_topic_id, tag_line
from stages.dialogue.phrases import REQUEST_WORDS, TOPIC_QUESTION
from stages.dialogue.tfidf import TfidfMatcher, compute_base_weight, stem_words

MIN_SIMILARITY = 0.35
"""Least similarity to a fact about the topic; on the presets 0.40 and more for topics that they know, up to 0.33 for others."""
MIN_SHARE_OF_BEST = 0.75
"""Least similarity of a fact that is joined to the best one, relative to it."""
MAX_FACTS = 3
"""Most facts in a line."""


def find_facts(topic: str, candidates: Sequence[Candidate], matcher: Matcher, language: str) -> tuple[str, ...]:
    """Line ids of the up to MAX_FACTS facts about the topic, in the author's order."""
    forms = _list_forms(topic.strip(), language)
    similarity = _score_forms(forms, candidates)
    best = max(similarity, key=lambda line: similarity[line])
    if similarity[best] >= MIN_SIMILARITY:
        selected = _select_facts(best, forms, similarity, candidates)
        return tuple(line for line in similarity if line in selected) if best.startswith("fact") else ()
    if isinstance(matcher, TfidfMatcher):  # it compares words, which were compared above
        return ()
    scores = matcher.score_candidates(TOPIC_QUESTION[language].format(topic))
    line = max(scores, key=lambda line: scores[line])
    return (line,) if line.startswith("fact") and scores[line] >= matcher.threshold else ()


def _list_forms(topic: str, language: str) -> list[str]:
    """The topic in singular and plural: the stemmer does not reduce telescope and telescopes to one form."""
    return [topic] if language == "zh" else [topic, topic.removesuffix("s"), topic + "s"]


def _score_forms(forms: Sequence[str], candidates: Sequence[Candidate]) -> dict[str, float]:
    """Line id -> lexical similarity, the best of the forms."""
    lexical = TfidfMatcher(candidates)
    scores = [lexical.score_candidates(form) for form in forms]
    return {line: max(score[line] for score in scores) for line in scores[0]}


def _select_facts(best: str, forms: Sequence[str], similarity: Mapping[str, float], candidates: Sequence[Candidate]) -> list[str]:
    """The best fact, and the most similar of those that name the topic in their text and not only in a question."""
    words = {word for form in forms for word in stem_words(form) if compute_base_weight(word) == 1}
    naming = {c.line for c in candidates if c.line.startswith("fact") and words & set(stem_words(c.text))}
    further = [line for line in naming - {best} if similarity[line] >= MIN_SHARE_OF_BEST * similarity[best]]
    return [best, *sorted(further, key=lambda line: (-similarity[line], line))[: MAX_FACTS - 1]]


def build_topic_lines(
    options: PersonaSpec, candidates: Sequence[Candidate], backend: DialogueBackend, seed: int
) -> tuple[dict[int, Line], tuple[str, ...], tuple[RefusedWording, ...]]:
    """Lines by the number of their topic, from 1, a warning for each topic that no fact is about, and refused wordings."""
    if not options.topics:
        return {}, (), ()
    matcher = backend.make_matcher(candidates, options.model_copy(update={"tune": False}))
    facts = {f"fact_{index:02d}": fact.say for index, fact in enumerate(options.facts, start=1)}
    lines, warnings, refused = {}, [], []
    for number, topic in enumerate(options.topics, start=1):
        grounds = tuple(facts[line] for line in find_facts(topic, candidates, matcher, options.language))
        if grounds:
            text = ("" if options.language == "zh" else " ").join(ground.strip() for ground in grounds)
            wording = backend.rephrase_fact(text, TOPIC_QUESTION[options.language].format(topic.strip()), options, seed)
            lines[number] = tag_line(format_topic_id(number), wording.text, options, grounds)
            if wording.refused:
                refused.append(RefusedWording(format_topic_id(number), wording.refused, wording.reason))
        else:
            warnings.append(f"no fact of the persona is about {topic.strip()!r}, so there is no line about it")
    return lines, tuple(warnings), tuple(refused)


def find_topic_line(replies: Sequence[Reply], language: str, question: str) -> str:
    """The id of the line about the topic, if the question asks for a topic and nothing else; empty otherwise."""
    subject = _extract_subject(question, language)
    topic_replies = (reply for reply in replies if reply.line.startswith(TOPIC_PREFIX))
    return next((reply.line for reply in topic_replies if subject and _extract_subject(reply.questions[0], language) == subject), "")


def _extract_subject(text: str, language: str) -> set[str]:
    request_words = set(REQUEST_WORDS[language]) if language == "zh" else set(stem_words(REQUEST_WORDS[language]))
    return set(stem_words(text)) - request_words
