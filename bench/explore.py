"""Seconds from a change on the page of `fenshen explore` to its portrait: python -m bench.explore [SPEC], ada by default.

A Markdown table of what changed, the processor's seconds and the seconds that passed: the median of five quick portraits each, then one
exact portrait with its own hair and clothes. On a busy machine only the processor's seconds can be compared.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from assets.spec.read import read_spec
from flows.explore.document import Document
from flows.explore.portrait import LivePortraits, open_portrait_maker

REPEATS = 5


def list_changes() -> Iterator[tuple[str, Callable[[int], dict[str, Any]]]]:
    """(what changes, fields of its k-th time)."""
    yield "an axis of the face", lambda k: {"identity.axes.lips": 0.1 * k}
    yield "weight", lambda k: {"body.weight": 0.5 + 0.05 * k}
    yield "age", lambda k: {"identity.age": 31 + k}
    yield "skin and origin", lambda k: {"identity.tone": 0.4 + 0.05 * k}
    yield "another seed", lambda k: {"seed": 100 + k}
    yield "a mixture", lambda k: {"identity.mix": ["ada", {"seed": 200 + k}]}


def measure(draw: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the processor, and seconds that passed."""
    cpu, wall = time.process_time(), time.perf_counter()
    draw()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure_changes(maker: LivePortraits, document: Document) -> Iterator[tuple[str, float, float]]:
    """(what changed, processor's seconds, seconds that passed)."""
    first = measure(lambda: maker.draw(document.resolve({}), exact=True))
    for name, make_fields in list_changes():
        specs = [document.resolve(make_fields(k)) for k in range(REPEATS + 1)]
        runs = [measure(partial(maker.draw, spec)) for spec in specs]
        yield name, *(median(column) for column in zip(*runs[1:], strict=True))
    yield "exact portrait, the first one", *first
    yield "exact portrait", *measure(lambda: maker.draw(document.resolve({"identity.axes.lips": 0.7}), exact=True))


def main(spec: str) -> None:
    """Prints the table."""
    base = Document.from_file(read_spec(spec)).base
    with open_portrait_maker() as maker:
        rows = list(measure_changes(maker, Document(Path.cwd(), base)))
    print("| changed | processor, s | passed, s |\n|---|---|---|")
    for name, cpu, wall in rows:
        print(f"| {name} | {cpu:.2f} | {wall:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "ada")
