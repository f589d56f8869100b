"""How often the right line answers a held-out question: a JSON line for each persona and backend.

    python -m bench.dialogue [--backend overlap|transformers|tuned] [--wrong] [persona ...]

`tuned` is transformers with the persona's own LoRA, tuned first (on the examples alone) where no store keeps it.

The questions lie in tests/data/personas; they were written before anything was tuned and nothing is tuned on them.
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
from stages.dialogue.candidates import FALLBACK_ID, list_authored_lines, list_candidates, list_replies
from stages.dialogue.cross_validation import pick_line
from stages.dialogue.stage import BACKENDS

ENGINES = {"tuned": "transformers"}
QUESTIONS = Path(__file__).resolve().parent.parent / "tests" / "data" / "personas"


def load_persona(name: str) -> tuple[PersonaSpec, list[tuple[str, str]]]:
    """A preset's persona, and its held-out questions with the line id that should answer."""
    path = PRESETS_FOLDER / f"{name}.yaml"
    spec: AvatarSpec = parse_spec(path.read_bytes(), str(path))
    asked = yaml.safe_load((QUESTIONS / f"{name}.yaml").read_text(encoding="utf-8"))
    return spec.persona, [(str(item["ask"]), str(item["want"])) for item in asked]


def measure_persona(name: str, backend_name: str) -> dict[str, object]:
    """Accuracy over all, over questions with an answer and over those without, a wrong answer's share, seconds a question."""
    options, asked = load_persona(name)
    backend = BACKENDS.get(ENGINES.get(backend_name, backend_name))
    options = options.model_copy(update={"tune": backend_name == "tuned"})
    started = time.perf_counter()
    matcher = backend.make_matcher(
        list_candidates(list_replies(options), dict(list_authored_lines(options, name)), options.language), options
    )
    begin = time.perf_counter()
    ready = begin - started
    found = [(question, want, pick_line(matcher, question)[0]) for question, want in asked]
    seconds = (time.perf_counter() - begin) / len(asked)
    known = [want == got for _, want, got in found if want != FALLBACK_ID]
    stray = [want == got for _, want, got in found if want == FALLBACK_ID]
    false = [1 for _, want, got in found if got not in (want, FALLBACK_ID)]
    return {
        "persona": name, "backend": backend_name, "language": options.language, "questions": len(asked),
        "accuracy": round((sum(known) + sum(stray)) / len(asked), 4), "answered": round(sum(known) / len(known), 4),
        "rejected": round(sum(stray) / len(stray), 4), "wrong_line": round(len(false) / len(asked), 4),
        "seconds_to_start": round(ready, 1), "seconds_a_question": round(seconds, 3), "wrong": [row for row in found if row[1] != row[2]],
    }  # fmt: skip


def main() -> None:
    """Writes one JSON line for each persona and backend that knows its language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", action="append", help="one or more; both engines of the house without it")
    parser.add_argument("--wrong", action="store_true", help="list the questions that went wrong")
    parser.add_argument("personas", nargs="*")
    arguments = parser.parse_args()
    for name in arguments.personas or ["kofi", "ada", "lin"]:
        for backend in arguments.backend or ["overlap", "transformers"]:
            if load_persona(name)[0].language in BACKENDS.get(ENGINES.get(backend, backend)).languages:
                result = measure_persona(name, backend)
                if not arguments.wrong:
                    del result["wrong"]
                sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
