"""How often the emotion and the gesture of a sentence are right: the sentence encoder and the rules that it replaced.

    python -m bench.tags [--tuning] [--wrong]

The sentences of tests/data/tags/judging.tsv got their emotion and gesture by hand before anything was tuned, and nothing is tuned on
them; those of tuning.tsv chose how lines are compared (`--tuning`). Their trades are of no preset, and none of them is an example.
The Mandarin sentences are translations of the English ones, so the two languages are not independent.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench.tag_rules import choose_emotion, choose_gesture
from stages.dialogue.tags import Tags, classify

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "tags"
ENGINES: dict[str, Callable[[str, str], Tags]] = {
    "encoder": classify,
    "rules": lambda text, language: Tags(choose_emotion("fact", text, "warm"), choose_gesture("fact", text, "warm")),
}


def read_sentences(name: str) -> list[tuple[str, Tags, str]]:
    """(language, tags given by hand, sentence) of tuning or judging."""
    rows = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    parts = [row.split("\t") for row in rows if not row.startswith("#")]
    return [(language, Tags(emotion, gesture), text) for language, emotion, gesture, text in parts]


def measure(name: str, engine: str, language: str) -> tuple[int, int, int, list[str]]:
    """Sentences, right emotions, right gestures, and a line for each sentence with a wrong one."""
    rows = [(given, text) for of, given, text in read_sentences(name) if of == language]
    found = [(given, ENGINES[engine](text, language), text) for given, text in rows]
    emotions = sum(given.emotion == tags.emotion for given, tags, _ in found)
    gestures = sum(given.gesture == tags.gesture for given, tags, _ in found)
    wrong = [
        f"  {given.emotion}+{given.gesture}, found {tags.emotion}+{tags.gesture}: {text}" for given, tags, text in found if given != tags
    ]
    return len(rows), emotions, gestures, wrong


def main() -> None:
    """Writes one line per engine and language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="list the sentences with a wrong emotion or gesture")
    arguments = parser.parse_args()
    for engine in ENGINES:
        for language in ("en", "zh"):
            count, emotions, gestures, wrong = measure("tuning" if arguments.tuning else "judging", engine, language)
            sys.stdout.write(f"{engine:8} {language}: emotion {emotions} of {count}, gesture {gestures} of {count}\n")
            if arguments.wrong:
                sys.stdout.writelines(f"{line}\n" for line in wrong)


if __name__ == "__main__":
    main()
