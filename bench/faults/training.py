"""A training that is killed and resumed: no more than one checkpoint interval is lost, and the result is that of an undisturbed run."""

from __future__ import annotations

import json
import random
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.rights import Source
from bench.faults.kills import KILLS, end_command
from bench.faults.place import Place
from bench.faults.trial import Trial
from stages.datasets.shards import DatasetCard, DatasetItem, compute_split_counts, plan_shards, write_dataset
from stages.train.files import find_newest_checkpoint

STEPS, INTERVAL = 750, 500
"""Of the training, and between two of its checkpoints (`Plan.validate_every`)."""
LOG_EVERY = 25
SETTINGS = [f"--set={pair}" for pair in ("width=8", "widest=16", "latent=8", "batch=8")]
STEP_LINE = re.compile(r"step (\d+), \d+ min left")
KILLS_IN_A_ROW = 2


def write_discs(folder: Path, count: int = 24, size: int = 16) -> Path:
    """A data set of noise pictures, two of each person."""
    columns = ("age_years", "gender", "tone")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, size, size, 3), np.uint8)
    places = iter(range(count))
    shards = plan_shards({split: [next(places) for _ in range(n)] for split, n in compute_split_counts(count).items()}, 64)
    card = DatasetCard("noise", "faces", size, count, columns, 0, "CC0-1.0", (Source("noise", "CC0-1.0", "made here"),), "noise")

    def make_item(index: int) -> DatasetItem:
        return DatasetItem(index, index // 2, dict(zip(columns, (20.0 + index, index % 2, 0.5), strict=True)), images[index])

    write_dataset(folder, card, shards, make_item)
    return folder


@dataclass(frozen=True)
class TrainingCase:
    """A small training and what it makes undisturbed."""

    words: list[str]
    out: Path
    tensors: dict[str, bytes]
    seconds: float


def read_tensors(out: Path) -> dict[str, bytes]:
    """Tensor -> bytes of the weights; empty where there are none. The header around them holds times."""
    from safetensors.numpy import load_file

    files = [path for path in out.glob("*.safetensors") if "-" in path.stem]
    return {name: value.tobytes() for path in files for name, value in load_file(path).items()}


def make_training_case(place: Place) -> TrainingCase:
    """Trains once without a disturbance."""
    data, out = write_discs(place.root / "set"), place.root / "weights"
    words = ["train", "dcgan", "--data", str(data), "--out", str(out), "--steps", str(STEPS), *SETTINGS]
    command = place.run(*words)
    if command.code:
        raise SystemExit(f"the undisturbed training ended with {command.code}:\n{command.read()}")
    return TrainingCase(words, out, read_tensors(out), time.monotonic() - command.started)


def run_training_kills(place: Place, count: int, rng: random.Random) -> Iterator[Trial]:
    """Kills the training `count` times, twice in a row, and lets it finish after each row."""
    case = make_training_case(place)
    for number in range(count):
        if number % KILLS_IN_A_ROW == 0:
            shutil.rmtree(case.out, ignore_errors=True)
        kill = KILLS[number % len(KILLS)]
        trial, started = Trial("kill", f"train, {kill.name}"), time.monotonic()
        log = place.outputs / "train.log"
        log.unlink(missing_ok=True)
        command, trial.detail = end_command(
            place, kill, [*case.words, "--verbose", "--log-file", str(log)], rng.uniform(0.2, case.seconds), rng.randrange(1, 25), "killed"
        )
        if command.code not in (0, *kill.codes) or "Traceback" in command.read():
            trial.count("wrong_code", [f"{command.code} after {trial.detail}: {command.get_last_line()[:200]}"])
        trial.count("processes", place.end_processes())
        steps = [int(step) for step in STEP_LINE.findall(log.read_text() if log.exists() else "")]
        _check_checkpoint(trial, case.out, max(steps, default=0))
        if (number + 1) % KILLS_IN_A_ROW == 0 or number + 1 == count:
            _finish(trial, place, case)
        trial.seconds = time.monotonic() - started
        yield trial


def read_step(checkpoint: Path) -> int:
    """The step of a checkpoint; raises ValueError where it is not whole."""
    from safetensors import safe_open

    with safe_open(checkpoint, "np") as opened:
        for name in opened.keys():  # noqa: SIM118 - not a dict
            opened.get_tensor(name)
        return int(json.loads(opened.metadata()["fenshen"])["step"])


def _check_checkpoint(trial: Trial, out: Path, reached: int) -> None:
    """The newest checkpoint is whole and not more than one interval behind the last step that was reported."""
    found = [file for folder in out.glob("run-*") if (file := find_newest_checkpoint(folder))]
    try:
        step = max(map(read_step, found), default=0)
    except Exception as error:
        trial.count("half_written", [f"{found[0].name}: {error}"])
        return
    trial.detail += f", step {reached}, checkpoint {step}"
    if reached - step > INTERVAL + LOG_EVERY:
        trial.count("lost", [f"{reached - step} steps"])


def _finish(trial: Trial, place: Place, case: TrainingCase) -> None:
    command = place.run(*case.words, log="finish")
    if command.code:
        trial.count("wrong_code", [f"the next run ended with {command.code}: {command.get_last_line()[:200]}"])
    tensors = read_tensors(case.out)
    trial.count("differing", sorted(name for name in {*tensors, *case.tensors} if tensors.get(name) != case.tensors.get(name)))
    trial.count("processes", place.end_processes())
    trial.count("temp_files", [*case.out.rglob(".part-*"), *place.collect_temporary_files()])
