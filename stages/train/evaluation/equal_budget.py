"""Every family from scratch on the same data, at the same size, for the same time: a fair comparison of families.

The committed weights are not one: each was trained for as long as there was time, on whatever machine was free.
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

TRAINING_SIZES = {"skin": 128, "face": 64, "portrait": 64, "folder": 64}
"""First word of a title -> pixels a side, if the data set's can be reduced to it; otherwise the data set's own."""
PORTRAIT_SETTINGS = {"augment": "portraits", "patch": 1, "batch": 32, "generator_lr": 1e-3}
"""The default recipe of a StyleGAN is for skins, which share one layout; this one is docs/training.md's for portraits."""
TITLE_SETTINGS: Mapping[str, Mapping[str, Any]] = {"face-stylegan": PORTRAIT_SETTINGS, "folder-stylegan": PORTRAIT_SETTINGS}
"""Title -> settings that differ from its family's recipe."""
UNLIMITED_STEPS = 10**9
MessageCallback = Callable[[str], None]


def train_equal_budget(titles: list[str], data: Path, out: Path, seconds: float, on_message: MessageCallback = lambda _: None) -> Path:
    """Trains those of the titles that are not yet in `out`; returns the folder of the weights in `out`.

    Args:
        titles: face-dcgan and the like, all of the data set's kind.
        on_message: called with a sentence for each title: trained before, or starting.

    Raises:
        SpecError: `out` holds nets of another data set of this name.
        FormatError, BackendError, StoreError: as stages.train.stage.train_net.
    """
    size = find_training_size(titles[0].partition("-")[0], data)
    folder = out / f"{data.resolve().name}{f'-{size}px' if size else ''}-{format_duration(seconds)}"
    _refuse_other_data(folder, data)
    plan = Plan(budget_s=seconds, size=size, patience=None)  # a net that stops improving still gets the time of the others
    for title in titles:
        trained = title in read_weights_index(folder)
        on_message(f"{title}: already trained" if trained else f"{title}: training for {format_duration(seconds)}")
        if not trained:
            _train_title(title, data, folder, plan)
    return folder


def find_trainable(titles: list[str]) -> list[str]:
    """The titles whose family can be trained; raises SpecError if there are none."""
    trainable = [title for title in titles if title.partition("-")[2] in FAMILIES]
    if not trainable:
        message = f"no family can train {', '.join(titles)}"
        raise SpecError(Finding("evaluate/family", message, fix=f"the families are {', '.join(sorted(FAMILIES))}"))
    return trainable


def format_duration(seconds: float) -> str:
    """The time in the form that --train takes."""
    return f"{seconds / 60:g}m" if seconds >= 60 else f"{seconds:g}s"


def find_training_size(kind: str, data: Path) -> int | None:
    """Pixels a side at which all nets are trained; None for bodies."""
    from stages.datasets.shards import read_index

    own = int(read_index(data)["size"])
    size = TRAINING_SIZES.get(kind, own)
    return (size if own % size == 0 else own) if own else None


def _refuse_other_data(folder: Path, data: Path) -> None:
    from stages.datasets.shards import read_index

    command = str(read_index(data).get("command", ""))
    for title, entry in read_weights_index(folder).items():
        if entry.get("data_command") != command:
            message = f"{folder} holds {title}, which was trained on another data set: {entry.get('data_command')}"
            raise SpecError(Finding("evaluate/other-set", message, fix="choose another --out"))


def _train_title(title: str, data: Path, folder: Path, plan: Plan) -> None:
    from stages.train.stage import train_net

    name, settings = title.partition("-")[2], dict(TITLE_SETTINGS.get(title, {}))
    if make_family(name).net == "diffusion":
        settings["autoencoder_steps"] = _train_autoencoder(name, settings, data, get_run_folder(folder, title), plan)
    train_net(name, data, folder, plan=plan, changes=settings)


def _train_autoencoder(name: str, settings: Mapping[str, Any], data: Path, folder: Path, plan: Plan) -> int:
    """Trains an autoencoder for half of the time; returns its steps. Its checkpoint is in the run's folder for the denoiser to resume.

    How many steps fit into the time depends on the machine, the size and the net, and is known only afterwards.
    """
    from stages.datasets.splits import SPLITS
    from stages.train.loop.device import find_device
    from stages.train.loop.examples import read_examples
    from stages.train.loop.loop import begin_run, resume_run, train
    from stages.train.stage import apply_settings

    if not (folder / AUTOENCODER_STEPS_FILE).exists():
        family = apply_settings(make_family(name), {**settings, "autoencoder_steps": UNLIMITED_STEPS})
        training, validation = (read_examples(data, split, family.conditions, plan.size) for split in SPLITS[:2])
        half = replace(plan, budget_s=plan.budget_s / 2)
        run = begin_run(family, half, training, validation, folder, find_device(plan.precision))
        if (file := find_newest_checkpoint(folder)) is not None:
            resume_run(run, file)
        write_atomic(folder / AUTOENCODER_STEPS_FILE, str(train(run).state.step).encode())
    return int((folder / AUTOENCODER_STEPS_FILE).read_text())
