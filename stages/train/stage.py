"""Training of a net on a data set: examples, run, weights file, card and sheet."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from assets.errors import Finding, SpecError
from stages.datasets.shards import read_index
from stages.datasets.splits import SPLITS
from stages.train.evaluation.cards import write_card
from stages.train.families.diffusion import write_adapters
from stages.train.families.registry import make_family
from stages.train.files import BEST_CHECKPOINT, find_newest_checkpoint, get_run_folder, read_header, write_run_file
from stages.train.loop.checkpoint import restore_checkpoint
from stages.train.loop.device import find_device
from stages.train.loop.examples import read_examples
from stages.train.loop.family import Family
from stages.train.loop.lineage import continue_lineage, make_lineage, make_weights_facts
from stages.train.loop.loop import Plan, ProgressCallback, Run, TrainingProgress, begin_run, resume_run, train
from stages.train.loop.tensorboard import TensorboardWriter

SINGULAR_KINDS = {"skins": "skin", "faces": "face", "bodies": "body"}


def apply_settings(family: Family, changes: Mapping[str, Any]) -> Family:
    """The family with settings of its recipe or of its net's shape changed.

    Raises:
        SpecError: neither has a setting of that name, or it takes another kind of value.
    """
    known = {f.name for f in fields(family.recipe)}
    recipe = {name: value for name, value in changes.items() if name in known}
    rest = {name: value for name, value in changes.items() if name not in known}
    shape = _find_shape_class(family)
    shapes = {f.name for f in fields(shape)} - {"size", "channels", "conditions", "names"}
    if odd := sorted(set(rest) - shapes):
        fix = f"take one of {', '.join(sorted(known | shapes))}"
        raise SpecError(Finding("train/setting", f"{family.name} has no setting {odd[0]!r}", fix=fix))
    _refuse_wrong_types(type(family.recipe), recipe)
    _refuse_wrong_types(shape, rest)
    family = replace(family, recipe=replace(family.recipe, **recipe))  # type: ignore[type-var]
    return replace(family, changes=(*family.changes, *rest.items())) if rest else family  # type: ignore[type-var]


def _find_shape_class(family: Family) -> Any:
    from stages.nets.weights_io import import_net_module

    return import_net_module(family.net).Shape


def _refuse_wrong_types(record: type[Any], given: Mapping[str, Any]) -> None:
    """Raises SpecError for the first value that its field cannot hold: a `False` that is a word would count as true."""
    kinds = get_type_hints(record, include_extras=True)
    for name, value in given.items():
        try:
            TypeAdapter(kinds[name]).validate_python(value, strict=True)
            reason = "" if not isinstance(value, float) or math.isfinite(value) else "input should be a finite number"
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
        if reason:
            default = next(field.default for field in fields(record) if field.name == name)
            usual = json.dumps([value] if isinstance(default, tuple) and not isinstance(value, tuple) else default, default=str)
            message = f"{name} cannot be {value!r}: {reason[0].lower()}{reason[1:]}"
            raise SpecError(Finding("train/setting", message, fix=f"write it as in JSON, e.g. --set {name}={usual}"))


def make_weights_title(family: Family, data: Path) -> str:
    """skin-stylegan and the like: what the net makes, and its family."""
    kind = read_index(data)["kind"]
    return f"{SINGULAR_KINDS.get(kind, kind)}-{family.name}"


def train_net(
    name: str,
    data: Path,
    out: Path,
    *,
    plan: Plan | None = None,
    changes: Mapping[str, Any] | None = None,
    going_on: str = "auto",
    start: Path | None = None,
    watch: ProgressCallback | None = None,
) -> Path:
    """Trains a net and returns its weights file in `out`, where checkpoints, samples and curves lie as well.

    Args:
        going_on: auto (from the folder's checkpoint, where there is one), never, or a checkpoint's path.
        start: weights file of the same net to start from, for fine-tuning.

    Raises:
        SpecError: no such net or setting, or the data set lacks a condition.
        FormatError: the data set or the checkpoint cannot be read, or the checkpoint is another run's.
        BackendError: training diverged again and again, or the start weights are refused.
        StoreError: the disk is full.
    """
    family, plan = apply_settings(make_family(name), changes or {}), plan or Plan()
    seen, held = (read_examples(data, split, family.conditions, plan.size) for split in SPLITS[:2])
    title = make_weights_title(family, data)
    folder = get_run_folder(out, title)
    machine = find_device(plan.precision)
    board = TensorboardWriter(folder) if machine.rank == 0 else None

    def told(progress: TrainingProgress) -> None:
        for watcher in (board, watch):
            if watcher is not None:
                watcher(progress)

    run = begin_run(family, plan, seen, held, folder, machine, told)
    settings = {**asdict(family.recipe), **asdict(run.state.shape)}
    run.lineage = make_lineage(family.name, read_index(data), plan.seed, start, settings)
    if (file := _find_checkpoint(going_on, folder)) is not None:
        run.lineage = continue_lineage(run.lineage, file, read_header(file))
        resume_run(run, file)
    elif start is not None:
        from stages.train.adapt import load_pretrained

        load_pretrained(run, start)
    try:
        train(run)
    finally:
        if board is not None:
            board.close()
    if machine.rank == 0:
        publish_weights(run, data, out, title, changes or {}, start)
    return out / f"{title}.safetensors"


def _find_checkpoint(going_on: str, folder: Path) -> Path | None:
    if going_on == "never":
        return None
    if going_on == "auto":
        return find_newest_checkpoint(folder)
    if not Path(going_on).is_file():
        raise SpecError(Finding("train/resume", f"there is no checkpoint {going_on}", fix="take --resume auto or --resume never"))
    return Path(going_on)


def publish_weights(run: Run, data: Path, out: Path, title: str, changes: Mapping[str, Any], start: Path | None = None) -> Path:
    """Weights of the best validation, weights.json entry, card, sheet and curves in `out`; returns the weights file."""
    from assets.digest import sha256
    from assets.weights import INDEX_FILE, build_weights_index
    from stages.nets.weights_io import export_net

    # A run that was never measured has no best: what lies there is of a run whose place it took.
    if math.isfinite(run.counters.best) and (run.folder / BEST_CHECKPOINT).exists():
        restore_checkpoint(run.state, run.folder / BEST_CHECKPOINT)
    index, nets = read_index(data), run.to_trained_net()
    assert run.lineage is not None
    facts = make_weights_facts(run.lineage.origins, str(index.get("command", "")))
    content = export_net(nets, facts)
    file = out / f"{title}.safetensors"
    write_run_file(file, content)
    write_adapters(run, file, facts)
    entry = {
        "file": file.name,
        "sha256": sha256(content),
        "net": run.family.net,
        **facts,
        "command": _format_command(run, data, changes, start),
    }
    entry |= {"steps": run.counters.best_step, "wall_seconds": round(run.counters.seconds), "machine": run.state.device.name}  # type: ignore[dict-item]
    write_run_file(out / INDEX_FILE, build_weights_index(out, title, entry))
    write_card(run, nets, data, out / title, entry)
    return file


def _format_command(run: Run, data: Path, changes: Mapping[str, Any], start: Path | None) -> str:
    given = f" --start {start.name}" if start else ""
    settings = "".join(f" --set {name}={json.dumps(value)}" for name, value in changes.items())
    plan = run.plan
    more = {"steps": plan.steps, "size": plan.size, "precision": plan.precision if plan.precision != Plan.precision else None}
    asked = "".join(f" --{name} {value}" for name, value in more.items() if value is not None)
    return f"fenshen train {run.family.name} --data {data.name} --budget {plan.budget_s / 60:g}m --seed {plan.seed}{asked}{given}{settings}"
