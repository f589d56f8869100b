"""Undisturbed runs, which disturbed ones are compared with."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assets.store import LocalStore
from bench.faults.checks import compare_bundles, find_half_written
from bench.faults.place import Place
from bench.faults.trial import Trial

STARTUP_SHARE = 0.25
"""Of the seconds of a build from an empty store: imports and Prefect's server, before its first stage."""


@dataclass(frozen=True)
class Case:
    """A command that makes bundles."""

    name: str
    words: Sequence[str]
    """After `fenshen`."""
    bundles: Sequence[Path]


@dataclass(frozen=True)
class Reference:
    """What the case makes when nothing disturbs it."""

    case: Case
    store: Path
    """A copy of the store after it."""
    bundles: Sequence[Path]
    """Copies of its bundles, in the same order."""
    seconds: float
    stage_seconds: dict[str, float] = field(default_factory=dict)
    """Key -> seconds of the stage that it belongs to."""

    def estimate_seconds(self, stored: set[str]) -> float:
        """How long the command takes where these keys are stored."""
        total = sum(self.stage_seconds.values())
        left = sum(seconds for key, seconds in self.stage_seconds.items() if key not in stored)
        return self.seconds * (STARTUP_SHARE + (1 - STARTUP_SHARE) * left / max(total, 1e-9))


def make_build_case(place: Place, only: str | None = None, preset: str | None = None) -> Case:
    """`fenshen build` of the smallest character or a preset; with `only` up to one stage, without a server and a bundle."""
    spec, out = preset or str(place.write_spec()), place.root / "out"
    if only:
        return Case(f"build --only {only}", ("build", spec, "--only", only), ())
    return Case(f"build {preset}" if preset else "build", ("build", spec, "--out", str(out)), (out,))


def make_batch_case(place: Place) -> Case:
    """`fenshen batch` of two characters, both at once."""
    names = {"one": 11, "two": 12}
    for name, seed in names.items():
        place.write_spec(name, seed=seed)
    folder, out = place.root / "specs", place.root / "out"
    return Case("batch", ("batch", str(folder), "--out", str(out), "--jobs", "2"), tuple(out / name for name in names))


def make_reference(place: Place, case: Case, folder: Path) -> Reference:
    """Runs the case from an empty store and keeps what it made in the folder; what is there from an earlier run is used again."""
    if not (folder / "seconds").exists():
        shutil.rmtree(folder, ignore_errors=True)
        place.reset_store()
        command = place.run(*case.words)
        if command.code:
            raise SystemExit(f"the undisturbed {case.name} ended with {command.code}:\n{command.read()}")
        seconds = time.monotonic() - command.started
        for bundle in case.bundles:
            shutil.copytree(bundle, folder / "bundles" / bundle.name)
        shutil.copytree(place.store.root, folder / "store")
        (folder / "seconds").write_text(f"{seconds:.1f}")
    return read_reference(case, folder / "store", [folder / "bundles" / bundle.name for bundle in case.bundles], folder)


def read_reference(case: Case, store: Path, bundles: Sequence[Path], folder: Path | None = None) -> Reference:
    """A reference of what a build has left in these folders."""
    records = [(key, record) for key, record in LocalStore(store).list_records() if "stage" in record]
    stages = {key: float(record["seconds"]) for key, record in records}
    # The stages of a build overlap: on two cores it takes half of their sum at least.
    seconds = float((folder / "seconds").read_text()) if folder else sum(stages.values()) / 2 / (1 - STARTUP_SHARE)
    return Reference(case, store, tuple(bundles), seconds, stages)


def remove_bundles(reference: Reference) -> None:
    """Removes what earlier trials built."""
    for bundle in reference.case.bundles:
        shutil.rmtree(bundle, ignore_errors=True)


def check_results(trial: Trial, place: Place, reference: Reference) -> None:
    """Counts what a trial must not leave: half written files, bundles that differ, and processes."""
    trial.count("half_written", find_half_written(place.store, reference.case.bundles))
    trial.count("differing", compare_results(reference))
    trial.count("processes", place.end_processes())


def compare_results(reference: Reference) -> list[str]:
    """Files of the bundles that differ from those of the undisturbed build."""
    pairs = zip(reference.case.bundles, reference.bundles, strict=True)
    return [name for one, two in pairs for name in compare_bundles(one, two)]
