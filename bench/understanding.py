"""How well questions are understood: right lines, wrong lines and missed ones, of every engine in one run.

    python -m bench.understanding [--tuning] [--wrong] [--passages] [--engine shipped|page|tfidf|overlap|old] [persona ...]

The personas and questions of tests/data/understanding were written before anything was tuned, and nothing is tuned on them; the
personas of its folder `tuning` set the weights and thresholds (`--tuning`, to see what they know).

With `--passages` the facts are paragraphs of a document (persona.knowledge) without example questions, for the engines shipped and page.

shipped: `fenshen ask` of a bundle; page: the report's box, its JavaScript run by node; tfidf: cosine of character n-grams;
overlap: the lexical backend; old: the language model (English only). The last three know neither the previous question nor small talk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assets.spec.behaviour import KnowledgeSpec, PersonaSpec
from stages.dialogue.answerer import Answerer, Turn
from stages.dialogue.backend import Candidate
from stages.dialogue.candidates import FALLBACK_ID, list_authored_lines, list_candidates, list_replies
from stages.dialogue.cross_validation import pick_line
from stages.dialogue.knowledge.read import read_passages
from stages.dialogue.stage import BACKENDS, run

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "understanding"
PAGE = Path(__file__).resolve().parent.parent / "flows" / "report" / "answer.js"
NGRAM_THRESHOLD = 0.4
"""Best of 0.2, 0.3, 0.4 and 0.5 on the tuning personas."""


@dataclass(frozen=True)
class Trial:
    """One question and the lines that may answer it."""

    kind: str
    ask: str
    after: str
    want: tuple[frozenset[str], ...]
    """Sets of lines, any of which is right."""


Engine = Callable[[Sequence[Trial]], list[tuple[str, ...]]]


def read_persona(path: Path) -> tuple[PersonaSpec, list[Trial]]:
    """The persona and its questions."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    trials = [
        Trial(q["kind"], q["ask"], q.get("after", ""), tuple(frozenset(want.split("+")) for want in q["want"].split("|")))
        for q in data["questions"]
    ]
    return PersonaSpec.model_validate(data["persona"]), trials


def quote_facts(persona: PersonaSpec, folder: Path) -> PersonaSpec:
    """The persona with its facts as paragraphs of a document, without their example questions."""
    path = folder / "facts.txt"
    path.write_text("\n\n".join(fact.say for fact in persona.facts), encoding="utf-8")
    document = KnowledgeSpec(file=str(path))
    count = len(read_passages(path, persona.language))
    assert count == len(persona.facts), f"{len(persona.facts)} facts made {count} passages"
    return persona.model_copy(update={"facts": (), "knowledge": (document,)})


def name_fact(line: str) -> str:
    """passage_001 -> fact_01."""
    return f"fact_{int(line.removeprefix('passage_')):02d}" if line.startswith("passage_") else line


def build_dialogue(persona: PersonaSpec) -> dict[str, Any]:
    """What a bundle of the persona has in dialogue.json, without sounds."""
    from assets.artefacts.talk import Dialogue
    from stages.package.talk_files import describe_dialogue

    made: Dialogue = run(options=persona, seed=1, backend=BACKENDS.get("embedding"), name="Somebody")
    return describe_dialogue(made)


def make_shipped(persona: PersonaSpec) -> Engine:
    answerer = Answerer.from_dialogue(build_dialogue(persona))
    return lambda trials: [answer_trial(answerer, trial) for trial in trials]


def answer_trial(answerer: Answerer, trial: Trial) -> tuple[str, ...]:
    """Ids of the lines, after the answer to the previous question where there is one."""
    history = [Turn(trial.after, answerer.answer(trial.after).lines)] if trial.after else []
    return answerer.answer(trial.ask, history).lines


def make_page(persona: PersonaSpec) -> Engine:
    dialogue = build_dialogue(persona)

    def ask(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
        trials_json = json.dumps({"dialogue": dialogue, "questions": [[trial.ask, trial.after] for trial in trials]})
        code = (
            f"import {{ createAnswerer }} from {json.dumps(PAGE.as_uri())}; let text = '';"
            "for await (const part of process.stdin) text += part;"
            "const { dialogue, questions } = JSON.parse(text); const answer = createAnswerer(dialogue);"
            "console.log(JSON.stringify(questions.map(([ask, after]) => answer(ask, after).lines)));"
        )
        done = subprocess.run(["node", "--input-type=module", "-e", code], input=trials_json, capture_output=True, text=True, check=True)
        return [tuple(lines) for lines in json.loads(done.stdout)]

    return ask


def make_ngrams(persona: PersonaSpec) -> Engine:
    """Cosine of TF-IDF over character n-grams of 2 to 4, the usual baseline."""
    from bench.ngrams import NgramIndex

    candidates = list_old_candidates(persona)
    index = NgramIndex([(c.line, text) for c in candidates for text in (*c.questions, *((c.text,) if c.line.startswith("fact") else ()))])
    return lambda trials: [(index.find(trial.ask, NGRAM_THRESHOLD, FALLBACK_ID),) for trial in trials]


def make_backend(name: str) -> Callable[[PersonaSpec], Engine]:
    def make(persona: PersonaSpec) -> Engine:
        matcher = BACKENDS.get(name).make_matcher(list_old_candidates(persona), persona)
        return lambda trials: [(pick_line(matcher, trial.ask)[0],) for trial in trials]

    return make


def list_old_candidates(persona: PersonaSpec) -> list[Candidate]:
    return list_candidates(list_replies(persona), dict(list_authored_lines(persona, "Somebody")), persona.language)


ENGINES: dict[str, Callable[[PersonaSpec], Engine]] = {
    "shipped": make_shipped, "page": make_page, "tfidf": make_ngrams, "overlap": make_backend("overlap"),
    "old": make_backend("transformers"),
}  # fmt: skip


def judge(trial: Trial, lines: tuple[str, ...]) -> str:
    """right, wrong (a line that no expected answer has) or missed."""
    if any(set(lines) == want for want in trial.want):
        return "right"
    return "wrong" if set(lines) - {FALLBACK_ID} - frozenset().union(*trial.want) else "missed"


def measure(path: Path, name: str, show: bool, passages: bool = False) -> dict[str, object] | None:
    """The counts of one engine on one persona; None where it does not understand the language."""
    persona, trials = read_persona(path)
    if name == "old" and persona.language not in BACKENDS.get("transformers").languages:
        return None
    with tempfile.TemporaryDirectory() as folder:
        engine = ENGINES[name](quote_facts(persona, Path(folder)) if passages else persona)
    started = time.process_time()
    answers = [tuple(map(name_fact, lines)) for lines in engine(trials)]
    seconds = time.process_time() - started
    results = [judge(trial, lines) for trial, lines in zip(trials, answers, strict=True)]
    if show:
        for trial, lines, result in zip(trials, answers, results, strict=True):
            if result != "right":
                want = "|".join("+".join(sorted(lines)) for lines in trial.want)
                sys.stdout.write(f"{result:6} {trial.kind:11} {want:24} {'+'.join(lines):18} {trial.ask}\n")
    kinds = Counter(trial.kind for trial, result in zip(trials, results, strict=True) if result == "right")
    counts = Counter(results)
    return {
        "persona": path.stem, "language": persona.language, "engine": name, "questions": len(trials), "right": counts["right"],
        "wrong": counts["wrong"], "missed": counts["missed"], "cpu_ms": round(1000 * seconds / len(trials)), "right_by_kind": dict(kinds),
    }  # fmt: skip


def main() -> None:
    """Writes one JSON line per persona and engine, then the sums by language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", action="append", choices=list(ENGINES))
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="list the questions that are not right")
    parser.add_argument("--passages", action="store_true", help="the facts are passages of a document")
    parser.add_argument("personas", nargs="*")
    arguments = parser.parse_args()
    paths = sorted((FOLDER / "tuning" if arguments.tuning else FOLDER).glob("*.yaml"))
    sums: Counter[tuple[str, str, str]] = Counter()
    for name in arguments.engine or (["shipped", "page"] if arguments.passages else list(ENGINES)):
        for path in paths:
            if (arguments.personas and path.stem not in arguments.personas) or not (
                found := measure(path, name, arguments.wrong, arguments.passages)
            ):
                continue
            sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
            sys.stdout.flush()
            for key in ("right", "wrong", "missed", "questions"):
                sums[name, str(found["language"]), key] += int(str(found[key]))
    for name, language in dict.fromkeys((name, language) for name, language, _ in sums):
        right, wrong, missed, total = (sums[name, language, key] for key in ("right", "wrong", "missed", "questions"))
        share = f"{right / total:.0%} right, {wrong / total:.0%} wrong"
        sys.stdout.write(f"{name:8} {language}: {right} right, {wrong} wrong, {missed} missed of {total} ({share})\n")


if __name__ == "__main__":
    main()
