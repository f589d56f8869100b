"""PersonaSpec -> Dialogue: a closed set of lines, the questions that they answer, and a self-check of that."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from assets.artefacts.talk import Dialogue, Line, Paraphrases, RefusedWording
from assets.errors import Finding, SpecError
from assets.spec.behaviour import PersonaSpec
from assets.speech_marks import has_marks, strip_marks
from stages.dialogue.backend import Candidate, DialogueBackend, Matcher
from stages.dialogue.candidates import (
    FALLBACK_ID,
    has_answers,
    list_authored_lines,
    list_candidates,
    list_replies,
    make_passage_lines,
    recover_candidates,
    tag_line,
)
from stages.dialogue.cross_validation import leave_one_out, pick_line
from stages.dialogue.endpoint import explain_wrong_address, is_address, report_missing_key
from stages.dialogue.knowledge.read import list_knowledge_sources, read_knowledge
from stages.dialogue.openers import add_opener
from stages.dialogue.score_cache import open_score_cache
from stages.dialogue.topic_lines import build_topic_lines, find_topic_line
from stages.stage import Registry, Stage

BACKENDS: Registry[DialogueBackend] = Registry(
    "dialogue",
    {
        "embedding": "stages.dialogue.embedding:Embedding",
        "transformers": "stages.dialogue.transformers:Transformers",
        "overlap": "stages.dialogue.tfidf:Tfidf",
        "writer": "stages.dialogue.writer:Writer",
    },
    default="embedding",
)


def _mark_lines(lines: Sequence[Line], marked: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines with the marks of the author's texts in what is spoken."""
    found = []
    for line in lines:
        if line.source:  # its text is the document's, whatever the author's marked texts say
            found.append(line)
            continue
        spoken = marked.get(line.text, line.text)
        if line.text not in marked:  # a line about a topic joins facts, and an opener comes before one
            for plain, text in marked.items():
                spoken = spoken.replace(plain, text)
        found.append(replace(line, spoken=spoken) if spoken != line.text else line)
    return tuple(found)


def _strip_persona(options: PersonaSpec) -> tuple[PersonaSpec, dict[str, str]]:
    """The persona without pause and emphasis marks, and its marked texts: shown -> as written."""
    talk = options.small_talk
    own = (options.greeting, options.fallback, talk.thanks, talk.goodbye, talk.more, talk.language)
    written = [*(fact.say for fact in options.facts), *options.lines, *(text for text in own if text)]
    marked = {strip_marks(text): text for text in written if has_marks(text)}
    facts = tuple(fact.model_copy(update={"say": _strip(fact.say)}) for fact in options.facts)
    lines = tuple(_strip(text) for text in options.lines)
    greeting, fallback = (text and _strip(text) for text in (options.greeting, options.fallback))
    talk = talk.model_copy(update={name: _strip(text) for name, text in talk if text})
    changes = {"facts": facts, "lines": lines, "greeting": greeting, "fallback": fallback, "small_talk": talk}
    return options.model_copy(update=changes), marked


def _strip(text: str) -> str:
    return strip_marks(text) if has_marks(text) else text


def run(*, options: PersonaSpec, seed: int, backend: DialogueBackend, name: str = "") -> Dialogue:
    """Every line with its tags and the facts behind it, and the questions of each line.

    No text of the persona is treated as an instruction: facts, questions and lines are compared and spoken, never obeyed.

    Raises:
        SpecError: the backend does not support the options.
        FormatError: a document of the persona cannot be read, or all of them have too many passages.
    """
    if findings := [finding for _, finding in find_unsupported_options(options, backend)]:
        raise SpecError(*findings)
    options, marked = _strip_persona(options)
    replies = list_replies(options)
    texts = dict(list_authored_lines(options, name))
    questions = {reply.line: reply.questions for reply in replies}
    lines, refused = [], list[RefusedWording]()
    for line, text in texts.items():
        if line.startswith("fact"):
            question = questions[line][0] if questions[line] else ""
            wording = backend.rephrase_fact(text, question, options, seed)
            spoken = tag_line(line, wording.text, options, (text,))
            # A model that words the fact finds an opening of its own.
            lines.append(add_opener(spoken, options, seed) if spoken.text == text else spoken)
            refused += [RefusedWording(line, wording.refused, wording.reason)] if wording.refused else []
        else:
            lines.append(tag_line(line, text, options, ()))
    candidates = list_candidates(replies, texts, options.language)
    authored = [Candidate(reply.line, texts[reply.line], reply.questions) for reply in replies]
    persona = name or " ".join(options.who.split())[:60]
    if options.tune:
        backend.make_matcher(candidates, options)  # tunes now, so that the store has the adapter when live questions come
    # The self-check leaves out example questions, on which a tuned model was trained: it would look better than it is.
    untuned = options.model_copy(update={"tune": False})
    with open_score_cache({"weights": dict(backend.weights()), "persona": persona, "language": options.language}):
        scores = leave_one_out(candidates, authored, lambda subset: backend.make_matcher(subset, untuned))
        topic_lines, warnings, refused_topics = build_topic_lines(options, candidates, backend, seed)
    passages = make_passage_lines(read_knowledge(options.knowledge, options.language, options.max_passages), options)
    lines[-1:-1] = [*topic_lines.values(), *passages]  # the fallback stays last
    replies = list_replies(options, topic_lines)
    sources = (*backend.sources(options), *list_knowledge_sources(options.knowledge))
    marked_lines = _mark_lines(lines, marked)
    refused += refused_topics
    warnings += warn_of_refusals(refused, len(options.facts) + len(topic_lines))
    described = (backend.name, scores, sources, warnings, options.manner, _find_paraphrases(candidates, options, passages))
    return Dialogue(persona, options.language, marked_lines, replies, FALLBACK_ID, *described, tuple(refused))


def warn_of_refusals(refused: Sequence[RefusedWording], total: int) -> tuple[str, ...]:
    """One warning with the count and the reasons; none where every wording is spoken."""
    if not refused:
        return ()
    reasons = Counter(wording.reason for wording in refused)
    counted = ", ".join(f"{count} x {reason}" for reason, count in reasons.most_common(5)) + (", ..." if len(reasons) > 5 else "")
    return (f"the author's words are spoken in place of {len(refused)} of {total} wordings by the model: {counted}",)


def _find_paraphrases(candidates: Sequence[Candidate], options: PersonaSpec, passages: Sequence[Line]) -> tuple[Paraphrases, ...]:
    """What the report's page needs to answer without an encoder; none for a persona that nobody can ask."""
    from stages.dialogue import e5
    from stages.dialogue.embedding import load_encoder
    from stages.dialogue.lexical import list_paraphrases
    from stages.dialogue.matcher import EmbeddingMatcher
    from stages.dialogue.passage_matcher import PassageMatcher

    if not has_answers(options) or e5.unavailable_reason():
        return ()
    encoder, language = load_encoder(options.encoder), options.language
    texts = {line.id: f"{line.topic} {line.text}".strip() for line in passages}
    quoted = PassageMatcher(texts, options.out_of_scope, encoder, language) if texts else None
    return list_paraphrases(EmbeddingMatcher(candidates, encoder, language), language, quoted)


def find_unsupported_options(options: PersonaSpec, backend: DialogueBackend) -> Iterator[tuple[str, Finding]]:
    """(field of the options, finding) for each thing that this backend does not support."""
    if options.language not in backend.languages:
        message = f"the {backend.name} backend understands {', '.join(backend.languages)}, not {options.language}"
        yield "backend", Finding("dialogue/language", message, fix="remove persona.backend to get the default backend")
    if options.tune and backend.name != "transformers":
        message = f"persona.tune needs the transformers backend, the {backend.name} backend has no model to tune"
        yield "tune", Finding("dialogue/tune-unused", message, fix="remove persona.tune")
    if options.encoder and backend.name != "embedding":
        message = f"persona.encoder needs the embedding backend, the {backend.name} backend does not encode sentences"
        yield "encoder", Finding("dialogue/encoder-unused", message, fix="remove persona.encoder")
    if options.model and not backend.takes_model:
        message = f"persona.model needs the writer backend, the {backend.name} backend cannot use it"
        yield "model", Finding("dialogue/model-unused", message, fix="set persona.backend to writer")
    if backend.takes_model and not options.model:
        message = f"the {backend.name} backend needs persona.model, a transformers folder, the id of a cached model or an address"
        yield "backend", Finding("dialogue/no-model", message, fix="set persona.model, or remove persona.backend")


def find_address_problems(options: PersonaSpec) -> Iterator[tuple[str, Finding]]:
    """(field of the options, finding) for a model at an address that cannot be used."""
    model = options.model or ""
    if not is_address(model):
        for name in ("model_name", "key_variable"):
            if getattr(options, name):
                message = f"persona.{name} belongs to an address, and persona.model is {'a folder or an id' if model else 'left out'}"
                yield name, Finding("dialogue/endpoint-unused", message, fix="remove it, or set persona.model to an address")
    elif reason := explain_wrong_address(model):
        fix = "write it as http://127.0.0.1:8000/v1; a key belongs into the environment variable of persona.key_variable"
        yield "model", Finding("dialogue/endpoint", f"persona.model: {reason}", fix=fix)
    elif not options.model_name:
        yield (
            "model",
            Finding("dialogue/endpoint", "persona.model is an address without persona.model_name", fix="add the model's name there"),
        )
    elif options.key_variable and not os.environ.get(options.key_variable, "").strip():
        yield "key_variable", report_missing_key(options.key_variable)


def answer(dialogue: Dialogue, question: str, *, backend: DialogueBackend | None = None, tune: bool = False) -> Line:
    """The line to speak for a question of any content; the fallback line if no other fits.

    Args:
        backend: the matcher's backend; by default the one that made the dialogue.
        tune: match with the model tuned to the persona, whose adapter is in the store of `assets.substage_cache.use_cache`.
    """
    found = find_topic_line(dialogue.replies, dialogue.language, question)
    if not found:
        found, _ = pick_line(_get_matcher(dialogue, backend or BACKENDS.get(dialogue.engine), tune), question)
    return next(line for line in dialogue.lines if line.id == found)


def _get_matcher(dialogue: Dialogue, backend: DialogueBackend, tune: bool) -> Matcher:
    load = _load_tuned_matcher if tune else _load_matcher
    return load(tuple(recover_candidates(dialogue)), dialogue.language, backend.name)


@lru_cache(maxsize=8)  # personas that one server answers for: about 1 MB each, the model is shared
def _load_matcher(candidates: tuple[Candidate, ...], language: str, name: str) -> Matcher:
    return BACKENDS.get(name).make_matcher(candidates, PersonaSpec.model_validate({"language": language}))


@lru_cache(maxsize=2)  # each holds a tuned model of 0.5 GB
def _load_tuned_matcher(candidates: tuple[Candidate, ...], language: str, name: str) -> Matcher:
    return BACKENDS.get(name).make_matcher(candidates, PersonaSpec.model_validate({"language": language, "tune": True}))


STAGE = Stage("dialogue", 12, run, makes=Dialogue, memory_gb=1.5, backends=BACKENDS)
