"""Accuracy of the dialogue backends on questions to the presets: one JSON line per persona and backend.

    python -m bench.dialogue [--backend embedding|overlap|transformers|tuned] [--wrong] [persona ...]

`tuned` is transformers with the persona's LoRA, which is trained first, on the example questions alone.

The questions are in tests/data/personas. Some synonyms were written after them: `python -m bench.understanding` judges on others.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import yaml

from assets.spec.avatar import AvatarSpec
from assets.spec.behaviour import PersonaSpec
from assets.spec.read import PRESETS_FOLDER, parse_spec
from stages.dialogue.backend import DialogueBackend
from stages.dialogue.candidates import FALLBACK_ID, list_authored_lines, list_candidates, list_replies
from stages.dialogue.cross_validation import pick_line
from stages.dialogue.stage import BACKENDS

VARIANTS = {"tuned": "transformers"}
"""Name on the command line -> backend, where they differ."""
QUESTIONS = Path(__file__).resolve().parent.parent / "tests" / "data" / "personas"


def load_persona(name: str) -> tuple[PersonaSpec, list[tuple[str, str]]]:
    """A preset's persona, and its held-out questions with the expected line id."""
    path = PRESETS_FOLDER / f"{name}.yaml"
    spec: AvatarSpec = parse_spec(path.read_bytes(), str(path))
    questions = yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text(encoding="utf-8"))
    return spec.persona, [(str(item["ask"]), str(item["want"])) for item in questions]


def measure_persona(name: str, backend_name: str) -> dict[str, object]:
    """Accuracy on all questions, on those with and those without an answer, share of wrong answers, seconds per question."""
    options, questions = load_persona(name)
    backend = get_backend(backend_name)
    options = options.model_copy(update={"tune": backend_name == "tuned"})
    started = time.perf_counter()
    matcher = backend.make_matcher(
        list_candidates(list_replies(options), dict(list_authored_lines(options, name)), options.language), options
    )
    ready = time.perf_counter()
    rows = [(question, expected, pick_line(matcher, question)[0]) for question, expected in questions]
    seconds = (time.perf_counter() - ready) / len(questions)
    in_scope = [expected == found for _, expected, found in rows if expected != FALLBACK_ID]
    out_of_scope = [expected == found for _, expected, found in rows if expected == FALLBACK_ID]
    wrong_line = sum(found not in (expected, FALLBACK_ID) for _, expected, found in rows)
    return {
        "persona": name, "backend": backend_name, "language": options.language, "questions": len(questions),
        "accuracy": round((sum(in_scope) + sum(out_of_scope)) / len(questions), 4), "answered": round(sum(in_scope) / len(in_scope), 4),
        "rejected": round(sum(out_of_scope) / len(out_of_scope), 4), "wrong_line": round(wrong_line / len(questions), 4),
        "seconds_to_start": round(ready - started, 1), "seconds_per_question": round(seconds, 3),
        "wrong": [row for row in rows if row[1] != row[2]],
    }  # fmt: skip


def get_backend(name: str) -> DialogueBackend:
    """The backend of a name on the command line."""
    return BACKENDS.get(VARIANTS.get(name, name))


def main() -> None:
    """Writes one JSON line per persona and backend that understands its language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", action="append", help="may be repeated; by default embedding, overlap and transformers")
    parser.add_argument("--wrong", action="store_true", help="list the questions with a wrong answer")
    parser.add_argument("personas", nargs="*")
    arguments = parser.parse_args()
    for name in arguments.personas or ["kofi", "ada", "lin"]:
        for backend in arguments.backend or ["embedding", "overlap", "transformers"]:
            if load_persona(name)[0].language in get_backend(backend).languages:
                result = measure_persona(name, backend)
                if not arguments.wrong:
                    del result["wrong"]
                sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
