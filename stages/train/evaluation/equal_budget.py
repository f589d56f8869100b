"""Every family from nothing on the same data, at the same size, for the same time: a table that compares families.

The committed weights cannot tell that: each was trained as long as there was time for it, on the machine that was free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from assets.errors import Finding, SpecError
from assets.store import write_atomic
from assets.weights import read_weights_index
from stages.train.families.registry import FAMILIES, make_family
from stages.train.files import AUTOENCODER_STEPS_FILE, find_newest_checkpoint, get_run_folder
from stages.train.loop.loop import Plan

TRAINING_SIZES = {"skin": 128, "face": 64, "folder": 64}
"""First word of a title -> pixels a side, where the data set's can be reduced to it; the set's own else."""
PORTRAIT_SETTINGS = {"augment": "portraits", "patch": 1, "batch": 32, "generator_lr": 1e-3}
"""A StyleGAN's recipe is that of skins, which lie in one layout; this one is docs/training.md's of portraits."""
TITLE_SETTINGS: Mapping[str, Mapping[str, Any]] = {"face-stylegan": PORTRAIT_SETTINGS, "folder-stylegan": PORTRAIT_SETTINGS}
"""Title -> what it needs that is not its family's recipe."""
UNLIMITED_STEPS = 10**9
MessageCallback = Callable[[str], None]


def train_equal_budget(titles: list[str], data: Path, out: Path, seconds: float, told: MessageCallback | None = None) -> Path:
    """Trains those of the titles that are not there yet; returns the folder of the weights, under `out`.

    Args:
        titles: face-dcgan and the like, all of what the data set's kind is.
        told: is told in a sentence which net begins and which is there.

    Raises:
        SpecError: `out` holds nets of another data set of this name.
        FormatError, BackendError, StoreError: as stages.train.stage.train_net.
    """
    size = find_training_size(titles[0].partition("-")[0], data)
    folder = out / f"{data.resolve().name}{f'-{size}px' if size else ''}-{format_duration(seconds)}"
    _refuse_other_data(folder, data)
    plan = Plan(budget_s=seconds, size=size, patience=None)  # who has learnt enough still has the time of the others
    for title in titles:
        there = title in read_weights_index(folder)
        if told is not None:
            told(f"{title}: {'is there' if there else f'trains for {format_duration(seconds)}'}")
        if not there:
            _train_title(title, data, folder, plan)
    return folder


def find_trainable(titles: list[str]) -> list[str]:
    """Those whose family can be trained; raises SpecError where that is none."""
    found = [title for title in titles if title.partition("-")[2] in FAMILIES]
    if not found:
        message = f"{', '.join(titles)} are of no family that can be trained"
        raise SpecError(Finding("evaluate/family", message, fix=f"take one of {', '.join(sorted(FAMILIES))}"))
    return found


def format_duration(seconds: float) -> str:
    """The time as --train takes it."""
    return f"{seconds / 60:g}m" if seconds >= 60 else f"{seconds:g}s"


def find_training_size(kind: str, data: Path) -> int | None:
    """Pixels a side that all nets are trained at; None for bodies."""
    from stages.datasets.shards import read_index

    own = int(read_index(data)["size"])
    wanted = TRAINING_SIZES.get(kind, own)
    return (wanted if own % wanted == 0 else own) if own else None


def _refuse_other_data(folder: Path, data: Path) -> None:
    from stages.datasets.shards import read_index

    command = str(read_index(data).get("command", ""))
    other = [title for title, entry in read_weights_index(folder).items() if entry.get("data_command") != command]
    if other:
        message = f"{folder} holds {other[0]}, which was trained on another set: {read_weights_index(folder)[other[0]].get('data_command')}"
        raise SpecError(Finding("evaluate/other-set", message, fix="give another --out"))


def _train_title(title: str, data: Path, folder: Path, plan: Plan) -> None:
    from stages.train.stage import train_net

    name, settings = title.partition("-")[2], dict(TITLE_SETTINGS.get(title, {}))
    if make_family(name).net == "diffusion":
        settings["autoencoder_steps"] = _train_autoencoder(name, settings, data, get_run_folder(folder, title), plan)
    train_net(name, data, folder, plan=plan, changes=settings)


def _train_autoencoder(name: str, settings: Mapping[str, Any], data: Path, folder: Path, plan: Plan) -> int:
    """Steps of an autoencoder that was trained for half of the time; its checkpoint lies in the run's folder, for the denoiser to go on.

    How many fit is known only afterwards: it hangs on the machine, the size and the net.
    """
    from stages.datasets.splits import SPLITS
    from stages.train.loop.device import find_device
    from stages.train.loop.examples import read_examples
    from stages.train.loop.loop import begin_run, resume_run, train
    from stages.train.stage import apply_settings

    if not (folder / AUTOENCODER_STEPS_FILE).exists():
        family = apply_settings(make_family(name), {**settings, "autoencoder_steps": UNLIMITED_STEPS})
        seen, held = (read_examples(data, split, family.conditions, plan.size) for split in SPLITS[:2])
        run = begin_run(family, replace(plan, budget_s=plan.budget_s / 2), seen, held, folder, find_device(plan.precision))
        if (file := find_newest_checkpoint(folder)) is not None:
            resume_run(run, file)
        write_atomic(folder / AUTOENCODER_STEPS_FILE, str(train(run).state.step).encode())
    return int((folder / AUTOENCODER_STEPS_FILE).read_text())
