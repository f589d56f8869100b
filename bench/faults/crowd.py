"""Builds at the same time on one store: of one spec into several folders, and of several specs twice each."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.faults.checks import compare_bundles, find_doubles, find_half_written
from bench.faults.place import Place
from bench.faults.reference import Reference
from bench.faults.trial import Trial

SEEDS = (7, 21, 22, 23)
"""Of the four specs; the first is the reference's."""


def run_crowds(place: Place, reference: Reference, size: int) -> Iterator[Trial]:
    """`size` builds of one spec, then of up to four specs, `size / 4` times each."""
    spec = place.write_spec()
    yield run_crowd(place, reference, f"{reference.case.name}, {size} of one spec at once", [spec] * size)
    others = [place.write_spec(f"tiny{seed}", seed=seed, line=f"Lamp {seed} is green.") for seed in SEEDS[1:]]
    specs = [spec, *others][: max(size // 2, 1)]
    times = size // len(specs)
    yield run_crowd(place, reference, f"{reference.case.name}, {len(specs)} specs {times} times at once", specs * times)


def run_crowd(place: Place, reference: Reference, name: str, specs: Sequence[Path]) -> Trial:
    """All builds at once from an empty store; equal specs must give equal bundles."""
    trial, started = Trial("crowd", name), time.monotonic()
    only = reference.case.words[-2:] if not reference.bundles else ()
    place.reset_store()
    outs = [place.root / f"crowd{number}" / "out" for number in range(len(specs))]
    logs = [place.root / f"crowd{number}.log" for number in range(len(specs))]
    for out, log in zip(outs, logs, strict=True):
        shutil.rmtree(out.parent, ignore_errors=True)
        log.unlink(missing_ok=True)
    commands = [
        place.start("build", str(spec), *(only or ("--out", str(out))), "--verbose", "--log-file", str(log), log=out.parent.name)
        for spec, out, log in zip(specs, outs, logs, strict=True)
    ]
    for command in commands:
        if command.process.wait():
            trial.count("wrong_code", [f"{command.code}: {command.get_last_line()[:200]}"])
    trial.detail = f"{len(specs)} builds in {time.monotonic() - started:.0f} s"
    trial.count("made_twice", find_doubles(logs))
    trial.count("half_written", find_half_written(place.store, outs))
    first = dict(zip(specs[:1], reference.bundles, strict=False))
    for spec, out in zip(specs, outs, strict=True) if not only else ():
        trial.count("differing", compare_bundles(out, first.setdefault(spec, out)))
    trial.count("processes", place.end_processes())
    trial.count("temp_files", place.collect_temporary_files())
    for out in outs:
        shutil.rmtree(out.parent, ignore_errors=True)
    trial.seconds = time.monotonic() - started
    return trial
