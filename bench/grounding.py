"""How well the check of wordings separates what a fact supports from what it does not: one line for each language and half.

    python -m bench.grounding [--show] [--half tuning|judging]

tests/data/grounding has facts of many trades with fair paraphrases and falsehoods, written before the check; nothing is tuned on the
judging half.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from stages.dialogue.grounding import find_fault

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "grounding"


def read_pairs(half: str, language: str) -> list[tuple[str, str, bool]]:
    """(fact, sentence, whether the fact supports it) of one half (tuning, judging) and language."""
    rows = yaml.safe_load((FOLDER / f"{half}_{language}.yaml").read_text(encoding="utf-8"))
    return [(row["fact"], text, kind) for row in rows for kind in (True, False) for text in row[kind]]


def measure(half: str, language: str, show: bool = False) -> tuple[int, int, int, int]:
    """Falsehoods that pass, falsehoods, fair paraphrases that are refused, fair paraphrases."""
    passed = refused = falsehoods = fair = 0
    for fact, text, supported in read_pairs(half, language):
        fault = find_fault(text, (fact,), language)
        falsehoods, fair = falsehoods + (not supported), fair + supported
        passed, refused = passed + (not supported and not fault), refused + (supported and bool(fault))
        if show and supported == bool(fault):
            sys.stdout.write(f"{'refused' if supported else 'PASSED '} {text}  <-  {fact}  {fault}\n")
    return passed, falsehoods, refused, fair


def main() -> None:
    """Writes the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("tuning", "judging"), action="append")
    parser.add_argument("--show", action="store_true", help="list the sentences that are judged wrong")
    arguments = parser.parse_args()
    for half in arguments.half or ("tuning", "judging"):
        for language in ("en", "zh"):
            passed, falsehoods, refused, fair = measure(half, language, arguments.show)
            sys.stdout.write(
                f"{half:8} {language}: falsehoods passed {passed} of {falsehoods} ({passed / falsehoods:.0%}), "
                f"fair paraphrases refused {refused} of {fair} ({refused / fair:.0%})\n"
            )


if __name__ == "__main__":
    main()
