"""PersonaSpec -> Dialogue: a closed set of lines, which questions they answer, and how well that holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from assets.artefacts.talk import Dialogue, Line
from assets.errors import Finding, SpecError
from assets.spec.behaviour import PersonaSpec
from stages.dialogue.backend import Candidate, DialogueBackend, Matcher
from stages.dialogue.candidates import FALLBACK_ID, list_authored_lines, list_candidates, list_replies, recover_candidates, tag_line
from stages.dialogue.cross_validation import leave_one_out, pick_line
from stages.dialogue.score_cache import open_score_cache
from stages.dialogue.topic_lines import build_topic_lines, find_topic_line
from stages.stage import Registry, Stage

BACKENDS: Registry[DialogueBackend] = Registry(
    "dialogue",
    {
        "transformers": "stages.dialogue.transformers:Transformers",
        "overlap": "stages.dialogue.tfidf:Tfidf",
        "writer": "stages.dialogue.writer:Writer",
    },
    default="transformers",
)


def run(*, options: PersonaSpec, seed: int, backend: DialogueBackend, name: str = "") -> Dialogue:
    """Every line with its tags and grounds, and the questions by line.

    Nothing that the persona holds is ever an instruction: facts, questions and lines are compared and spoken, never obeyed.

    Raises:
        SpecError: the backend cannot do what the options ask.
    """
    if findings := [finding for _, finding in find_unsupported_options(options, backend)]:
        raise SpecError(*findings)
    replies = list_replies(options)
    texts = dict(list_authored_lines(options, name))
    asked = {reply.line: reply.questions for reply in replies}
    lines = []
    for line, text in texts.items():
        if line.startswith("fact"):
            question = asked[line][0] if asked[line] else ""
            lines.append(tag_line(line, backend.rephrase_fact(text, question, options, seed), options, (text,)))
        else:
            lines.append(tag_line(line, text, options, ()))
    topics = list_candidates(replies, texts, options.language)
    own = [Candidate(reply.line, texts[reply.line], reply.questions) for reply in replies]
    whose = name or " ".join(options.who.split())[:60]
    if options.tune:
        backend.make_matcher(topics, options)  # Tunes now, so that the adapter lies in the store for live questions.
    # The self-check leaves examples out one by one; a model tuned on them would flatter it, so the plain one is checked.
    plain = options.model_copy(update={"tune": False})
    with open_score_cache({"weights": dict(backend.weights()), "persona": whose, "language": options.language}):
        scores = leave_one_out(topics, own, lambda some: backend.make_matcher(some, plain))
        about, warnings = build_topic_lines(options, topics, backend, seed)
    lines[-1:-1] = about.values()  # The fallback stays the last.
    replies = list_replies(options, about)
    return Dialogue(whose, options.language, tuple(lines), replies, FALLBACK_ID, backend.name, scores, backend.sources(options), warnings)


def find_unsupported_options(options: PersonaSpec, backend: DialogueBackend) -> Iterator[tuple[str, Finding]]:
    """(field of the options, finding) of what this backend cannot do."""
    if options.language not in backend.languages:
        message = f"the {backend.name} dialogue understands {', '.join(backend.languages)}, not {options.language}"
        yield "backend", Finding("dialogue/language", message, fix="leave persona.backend out and one is picked")
    if options.tune and backend.name != "transformers":
        message = f"persona.tune is for the transformers dialogue, the {backend.name} dialogue has nothing to tune"
        yield "tune", Finding("dialogue/tune-unused", message, fix="leave persona.tune out")
    if options.model and not backend.takes_model:
        message = f"persona.model is for the writer, the {backend.name} dialogue has no use for it"
        yield "model", Finding("dialogue/model-unused", message, fix="set persona.backend to writer")
    if backend.takes_model and not options.model:
        message = f"the {backend.name} needs persona.model, a transformers folder or the id of a model in the local cache"
        yield "backend", Finding("dialogue/no-model", message, fix="set persona.model, or leave persona.backend out")


def answer(dialogue: Dialogue, question: str, *, backend: DialogueBackend | None = None, tune: bool = False) -> Line:
    """The line to speak for a question, whatever it holds; the fallback line where nothing fits.

    Args:
        backend: what weighs the question; None takes the one that made the dialogue.
        tune: weigh with the model tuned to the persona; its adapter is found in the store inside of `remembering`.
    """
    found = find_topic_line(dialogue, question)
    if not found:
        found, _ = pick_line(_get_matcher(dialogue, backend or BACKENDS.get(dialogue.engine), tune), question)
    return next(line for line in dialogue.lines if line.id == found)


def _get_matcher(dialogue: Dialogue, backend: DialogueBackend, tune: bool) -> Matcher:
    return _load_matcher(tuple(recover_candidates(dialogue)), dialogue.language, backend.name, tune)


@lru_cache(maxsize=8)
def _load_matcher(topics: Sequence[Candidate], language: str, name: str, tune: bool) -> Matcher:
    options = PersonaSpec.model_validate({"language": language, "tune": tune})
    return BACKENDS.get(name).make_matcher(topics, options)


STAGE = Stage("dialogue", 6, run, makes=Dialogue, backends=BACKENDS)
