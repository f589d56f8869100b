"""Rewrites the golden results: python -m tests.golden.update [STAGE ...] [--force]

A result that changed while its stage kept its version is refused: raise the version first, or stored results of the old code
would be taken for those of the new one. --force writes it all the same, for a change of the inputs in cases.py.
"""

from __future__ import annotations

import argparse
import sys

from flows.pipeline.definition import STAGES
from tests.golden.cases import CASES
from tests.golden.golden import compare, make_golden, read_golden, write_golden


def update(name: str, *, force: bool = False) -> str:
    """Writes the golden result of a stage where it is missing or out of date; a sentence where it is refused."""
    golden, stage = read_golden(name), STAGES[name]
    result = CASES[name].run()
    problem = compare(stage, golden, result, CASES[name].tolerance)
    if problem and golden and not force and problem.startswith("the result of stage"):
        return problem
    if problem:
        write_golden(name, make_golden(name, result))
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description="Rewrites the golden results of the stages.")
    parser.add_argument("stages", nargs="*", choices=[[], *CASES], help="default: all")
    parser.add_argument("--force", action="store_true", help="write a changed result although its stage kept its version")
    arguments = parser.parse_args()
    problems = [problem for name in arguments.stages or CASES if (problem := update(name, force=arguments.force))]
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
