"""Disturbs real commands and counts what they lose; one JSON line a trial, and a table at the end.

python -m bench.faults [--kind kill,damage,crowd,clock,disk] [--count N] [--seed N] [--only STAGE] [--table FILE...] [...]

Exit code 1 where a count is not 0. A kill is `fenshen build`, `batch`, `train` or `cache gc`, ended by SIGKILL (to the process or to its
group), SIGTERM or SIGINT at a random moment of its usual duration, or by itself just before one of the calls that make a write atomic,
then run again to its end. `--count` is the number of kills and of damages; a crowd has 8 builds. `--table` prints the table of earlier
runs' lines instead.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.faults.clock import run_clock_changes
from bench.faults.crowd import run_crowds
from bench.faults.damage import run_damages
from bench.faults.disk import list_stages, mount_disk, run_full_disks
from bench.faults.kills import run_gc_in_build, run_gc_kills, run_kills
from bench.faults.place import Place, open_place
from bench.faults.reference import Reference, make_batch_case, make_build_case, make_reference
from bench.faults.training import run_training_kills
from bench.faults.trial import Trial, format_table, read_trials
from flows.pipeline.definition import STAGES

KINDS = ("kill", "damage", "crowd", "clock", "disk")
SHARES = {"build": 0.5, "batch": 0.1, "train": 0.2, "gc": 0.15, "gc during a build": 0.05}
"""Of the kills."""


def run_kill_kind(
    root: Path, place: Place, reference: Reference, count: int, rng: random.Random, commands: frozenset[str]
) -> Iterator[Trial]:
    """Kills of every command, in their shares; at least one of each."""
    numbers = {name: max(round(count * share), 1) for name, share in SHARES.items() if name in commands}
    if "build" in numbers:
        yield from run_kills(place, reference, numbers["build"], rng)
    if "gc" in numbers:
        yield from run_gc_kills(place, reference, numbers["gc"], rng)
    if "gc during a build" in numbers:
        yield from run_gc_in_build(place, reference, numbers["gc during a build"], rng)
    if "batch" in numbers:
        with open_place(root / "batch") as other:
            yield from run_kills(other, make_reference(other, make_batch_case(other), root / "batch-reference"), numbers["batch"], rng)
    if "train" in numbers:
        with open_place(root / "train") as other:
            yield from run_training_kills(other, numbers["train"], rng)


def run_kinds(root: Path, options: argparse.Namespace) -> Iterator[Trial]:
    """Every trial of the requested kinds."""
    rng = random.Random(options.seed)
    with open_place(root / "main") as place:
        case = make_build_case(place, options.only, options.preset)
        reference = make_reference(place, case, options.reference or root / "reference")
        print(f"undisturbed: {reference.seconds:.0f} s", file=sys.stderr, flush=True)
        for kind in options.kind:
            if kind == "kill":
                yield from run_kill_kind(root, place, reference, options.count, rng, options.commands)
            elif kind == "damage":
                yield from run_damages(place, reference, options.count, rng)
            elif kind == "crowd":
                yield from run_crowds(place, reference, options.crowd)
            elif kind == "clock":
                yield from run_clock_changes(place, reference, rng)
            else:
                with mount_disk(root / "small") as folder, open_place(folder) as small:
                    small_case = make_build_case(small, options.only, options.preset)
                    yield from run_full_disks(small, replace(reference, case=small_case), options.stages or list_stages(reference))


def parse_options(words: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", type=_split(KINDS), default=KINDS, help=",".join(KINDS))
    parser.add_argument("--commands", type=_split(tuple(SHARES)), default=tuple(SHARES), help="of the kills: " + ",".join(SHARES))
    parser.add_argument("--count", type=int, default=50, help="kills, and damages")
    parser.add_argument("--crowd", type=int, default=8, help="builds at once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="build up to this stage, which takes seconds, instead of a whole bundle")
    parser.add_argument("--stages", type=_split(tuple(STAGES)), help="at which the disk fills up; by default at all that the build runs")
    parser.add_argument("--preset", help="build this preset instead of the smallest character")
    parser.add_argument("--reference", type=Path, help="folder that keeps the undisturbed build for the next run")
    parser.add_argument("--table", type=Path, nargs="+", help="files with the lines of earlier runs")
    options = parser.parse_args(words)
    options.commands = frozenset(options.commands)
    return options


def _split(allowed: tuple[str, ...]):  # type: ignore[no-untyped-def]
    def parse(text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(","))
        if unknown := [name for name in names if name not in allowed]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
        return names

    return parse


def run_all(options: argparse.Namespace) -> list[Trial]:
    """Every trial, printed as it ends; a SIGTERM ends the commands of the trial too."""
    root, trials = Path(tempfile.mkdtemp(prefix="faults-")), list[Trial]()
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        for trial in run_kinds(root, options):
            trials.append(trial)
            print(trial.to_json(), flush=True)
    finally:
        signal.signal(signal.SIGTERM, before)
        shutil.rmtree(root, ignore_errors=True)
    return trials


def main(words: list[str]) -> int:
    """Prints every trial and the table; 1 where a count is not 0."""
    options = parse_options(words)
    lines = (line for path in options.table or () for line in path.read_text(encoding="utf-8").splitlines())
    trials = read_trials(lines) if options.table else run_all(options)
    print(format_table(trials))
    return 0 if all(trial.is_clean() for trial in trials) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
