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
from stages.datasets.shards import index_of
from stages.datasets.splits import SPLITS
from stages.train.evaluation.cards import write_card
from stages.train.families.diffusion import write_adapters
from stages.train.families.registry import family_of
from stages.train.loop.checkpoint import header, restore, write_whole
from stages.train.loop.device import find_machine
from stages.train.loop.examples import read_examples
from stages.train.loop.family import Family
from stages.train.loop.lineage import facts_of, lineage_of, same_run
from stages.train.loop.loop import BEST, Plan, Progress, Run, Watch, begin, newest, resume, train
from stages.train.loop.tensorboard import Board

SINGULAR = {"skins": "skin", "faces": "face", "bodies": "body"}


def changed(family: Family, changes: Mapping[str, Any]) -> Family:
    """The family with settings of its recipe or of its net's shape changed.

    Raises:
        SpecError: neither has a setting of that name, or it takes another kind of value.
    """
    known = {f.name for f in fields(family.recipe)}
    recipe = {name: value for name, value in changes.items() if name in known}
    rest = {name: value for name, value in changes.items() if name not in known}
    shape = _shape_of(family)
    shapes = {f.name for f in fields(shape)} - {"size", "channels", "conditions", "names"}
    if odd := sorted(set(rest) - shapes):
        fix = f"take one of {', '.join(sorted(known | shapes))}"
        raise SpecError(Finding("train/setting", f"{family.name} has no setting {odd[0]!r}", fix=fix))
    _refuse_kinds(type(family.recipe), recipe)
    _refuse_kinds(shape, rest)
    family = replace(family, recipe=replace(family.recipe, **recipe))  # type: ignore[type-var]
    return replace(family, changes=(*family.changes, *rest.items())) if rest else family  # type: ignore[type-var]


def _shape_of(family: Family) -> Any:
    from stages.nets.weights_io import module_of

    return module_of(family.net).Shape


def _refuse_kinds(record: type[Any], given: Mapping[str, Any]) -> None:
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


def weights_name(family: Family, data: Path) -> str:
    """skin-stylegan and the like: what the net makes, and its family."""
    kind = index_of(data)["kind"]
    return f"{SINGULAR.get(kind, kind)}-{family.name}"


def train_net(
    name: str,
    data: Path,
    out: Path,
    *,
    plan: Plan | None = None,
    changes: Mapping[str, Any] | None = None,
    going_on: str = "auto",
    start: Path | None = None,
    watch: Watch | None = None,
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
    family, plan = changed(family_of(name), changes or {}), plan or Plan()
    seen, held = (read_examples(data, split, family.conditions, plan.size) for split in SPLITS[:2])
    title = weights_name(family, data)
    folder = out / f"run-{title}"
    machine = find_machine(plan.precision)
    board = Board(folder) if machine.rank == 0 else None

    def told(progress: Progress) -> None:
        for watcher in (board, watch):
            if watcher is not None:
                watcher(progress)

    run = begin(family, plan, seen, held, folder, machine, told)
    settings = {**asdict(family.recipe), **asdict(run.state.shape)}
    run.lineage = lineage_of(family.name, index_of(data), plan.seed, start, settings)
    if (file := _checkpoint(going_on, folder)) is not None:
        run.lineage = same_run(run.lineage, file, header(file))
        resume(run, file)
    elif start is not None:
        from stages.train.adapt import warm

        warm(run, start)
    try:
        train(run)
    finally:
        if board is not None:
            board.close()
    if machine.rank == 0:
        publish(run, data, out, title, changes or {}, start)
    return out / f"{title}.safetensors"


def _checkpoint(going_on: str, folder: Path) -> Path | None:
    if going_on == "never":
        return None
    if going_on == "auto":
        return newest(folder)
    if not Path(going_on).is_file():
        raise SpecError(Finding("train/resume", f"there is no checkpoint {going_on}", fix="take --resume auto or --resume never"))
    return Path(going_on)


def publish(run: Run, data: Path, out: Path, title: str, changes: Mapping[str, Any], start: Path | None = None) -> Path:
    """Weights of the best validation, weights.json entry, card, sheet and curves in `out`; returns the weights file."""
    from assets.digest import sha256
    from assets.weights import INDEX, index_with
    from stages.nets.weights_io import write

    # A run that was never measured has no best: what lies there is of a run whose place it took.
    if math.isfinite(run.counters.best) and (run.folder / BEST).exists():
        restore(run.state, run.folder / BEST)
    index, nets = index_of(data), run.shipped()
    assert run.lineage is not None
    facts = facts_of(run.lineage.origins, str(index.get("command", "")))
    content = write(nets, facts)
    file = out / f"{title}.safetensors"
    write_whole(file, content)
    write_adapters(run, file, facts)
    entry = {"file": file.name, "sha256": sha256(content), "net": run.family.net, **facts, "command": _command(run, data, changes, start)}
    entry |= {"steps": run.counters.best_step, "wall_seconds": round(run.counters.seconds), "machine": run.state.machine.name}  # type: ignore[dict-item]
    write_whole(out / INDEX, index_with(out, title, entry))
    write_card(run, nets, data, out / title, entry)
    return file


def _command(run: Run, data: Path, changes: Mapping[str, Any], start: Path | None) -> str:
    given = f" --start {start.name}" if start else ""
    settings = "".join(f" --set {name}={json.dumps(value)}" for name, value in changes.items())
    plan = run.plan
    more = {"steps": plan.steps, "size": plan.size, "precision": plan.precision if plan.precision != Plan.precision else None}
    asked = "".join(f" --{name} {value}" for name, value in more.items() if value is not None)
    return f"fenshen train {run.family.name} --data {data.name} --budget {plan.budget_s / 60:g}m --seed {plan.seed}{asked}{given}{settings}"
