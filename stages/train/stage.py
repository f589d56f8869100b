"""Training of a net on a data set: examples, run, weights file, card and sample sheet."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from assets.errors import Finding, SpecError
from assets.store import remove_abandoned_parts
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

SINGULAR_KINDS = {"skins": "skin", "faces": "face", "portraits": "portrait", "bodies": "body"}


def apply_settings(family: Family, changes: Mapping[str, Any]) -> Family:
    """The family with other settings of its recipe or of its net's shape.

    Raises:
        SpecError: neither has a setting of that name, or the setting does not take that value.
    """
    recipe_fields = {f.name for f in fields(family.recipe)}
    recipe = {name: value for name, value in changes.items() if name in recipe_fields}
    rest = {name: value for name, value in changes.items() if name not in recipe_fields}
    shape = _find_shape_class(family)
    shape_fields = {f.name for f in fields(shape)} - {"size", "channels", "conditions", "names"}
    if unknown := sorted(set(rest) - shape_fields):
        fix = f"the settings are {', '.join(sorted(recipe_fields | shape_fields))}"
        raise SpecError(Finding("train/setting", f"{family.name} has no setting {unknown[0]!r}", fix=fix))
    _refuse_wrong_values(type(family.recipe), recipe)
    _refuse_wrong_values(shape, rest)
    family = replace(family, recipe=replace(family.recipe, **recipe))  # type: ignore[type-var]
    return replace(family, changes=(*family.changes, *rest.items())) if rest else family  # type: ignore[type-var]


def _find_shape_class(family: Family) -> Any:
    from stages.nets.weights_io import import_net_module

    return import_net_module(family.net).Shape


def _refuse_wrong_values(record: type[Any], given: Mapping[str, Any]) -> None:
    """Raises SpecError for the first value that its field does not take. Strict: the string "False" is not a boolean."""
    kinds = get_type_hints(record, include_extras=True)
    for name, value in given.items():
        try:
            TypeAdapter(kinds[name]).validate_python(value, strict=True)
            reason = "" if not isinstance(value, float) or math.isfinite(value) else "input should be a finite number"
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
        if reason:
            default = next(field.default for field in fields(record) if field.name == name)
            example = json.dumps([value] if isinstance(default, tuple) and not isinstance(value, tuple) else default, default=str)
            message = f"{name} cannot be {value!r}: {reason[0].lower()}{reason[1:]}"
            raise SpecError(Finding("train/setting", message, fix=f"write a JSON value: --set {name}={example}"))


def make_weights_title(family: Family, data: Path) -> str:
    """The kind of sample and the family: skin-stylegan."""
    kind = read_index(data)["kind"]
    return f"{SINGULAR_KINDS.get(kind, kind)}-{family.name}"


def train_net(
    name: str,
    data: Path,
    out: Path,
    *,
    plan: Plan | None = None,
    changes: Mapping[str, Any] | None = None,
    resume: str = "auto",
    start: Path | None = None,
    on_progress: ProgressCallback | None = None,
) -> Path:
    """Trains a net and returns its weights file in `out`, next to its card; checkpoints and samples are in a folder there.

    Args:
        changes: settings of the recipe or of the net's shape.
        resume: auto (from the folder's checkpoint, if there is one), never, or a checkpoint's path.
        start: weights file or checkpoint of the same net to start from, for fine-tuning.

    Raises:
        SpecError: no such net or setting, or the data set lacks a condition.
        FormatError: the data set or the checkpoint cannot be read, or the checkpoint is another run's.
        BackendError: training failed too often, or the start does not fit.
        StoreError: the disk is full.
    """
    family, plan = apply_settings(make_family(name), changes or {}), plan or Plan()
    training, validation = (read_examples(data, split, family.conditions, plan.size) for split in SPLITS[:2])
    title = make_weights_title(family, data)
    folder, device = get_run_folder(out, title), find_device(plan.precision)
    board = TensorboardWriter(folder) if device.rank == 0 else None

    def report_progress(progress: TrainingProgress) -> None:
        for report in (board, on_progress):
            if report is not None:
                report(progress)

    run = begin_run(family, plan, training, validation, folder, device, report_progress)
    _load_earlier_nets(run, data, resume, start)
    if device.rank == 0:
        for place in (folder, out):
            remove_abandoned_parts(place)
    try:
        train(run)
    finally:
        if board is not None:
            board.close()
    if device.rank == 0:
        publish_weights(run, data, out, title, changes or {}, start)
    return out / f"{title}.safetensors"


def _load_earlier_nets(run: Run, data: Path, resume: str, start: Path | None) -> None:
    """Restores the run's checkpoint or else loads its start, if there is one; sets the lineage."""
    settings = {**asdict(run.family.recipe), **asdict(run.state.shape)}
    run.lineage = make_lineage(run.family.name, read_index(data), run.plan.seed, start, settings)
    if (file := _find_checkpoint(resume, run.folder)) is not None:
        run.lineage = continue_lineage(run.lineage, file, read_header(file))
        resume_run(run, file)
    elif start is not None:
        from stages.train.adapt import load_pretrained

        load_pretrained(run, start)


def _find_checkpoint(resume: str, folder: Path) -> Path | None:
    if resume == "never":
        return None
    if resume == "auto":
        return find_newest_checkpoint(folder)
    refuse_missing_checkpoint(resume)
    return Path(resume)


def refuse_missing_checkpoint(resume: str) -> None:
    """Raises SpecError for a value of --resume that is not auto, never or a file."""
    if resume not in ("auto", "never") and not Path(resume).is_file():
        raise SpecError(Finding("train/resume", f"there is no checkpoint {resume}", fix="use --resume auto or --resume never"))


def publish_weights(run: Run, data: Path, out: Path, title: str, changes: Mapping[str, Any], start: Path | None = None) -> Path:
    """Writes the weights of the best validation, their weights.json entry, card, sheet and curves; returns the weights file."""
    from assets.digest import sha256
    from assets.weights import INDEX_FILE, build_weights_index
    from stages.nets.text_image import TEXT_CONDITIONS, digest_encoder
    from stages.nets.weights_io import export_net

    # Without a validation there is no best of this run: a file of that name is from the run that it replaced.
    if math.isfinite(run.counters.best) and (run.folder / BEST_CHECKPOINT).exists():
        restore_checkpoint(run.state, run.folder / BEST_CHECKPOINT)
    index, nets = read_index(data), run.to_trained_net()
    assert run.lineage is not None
    facts = make_weights_facts(run.lineage.origins, str(index.get("command", "")))
    if nets.conditions == TEXT_CONDITIONS:
        facts = {**facts, "encoder": digest_encoder()}
    content = export_net(nets, facts)
    file = out / f"{title}.safetensors"
    write_run_file(file, content)
    write_adapters(run, file, facts)
    entry: dict[str, Any] = {"file": file.name, "sha256": sha256(content), "net": run.family.net, **facts}
    entry |= {"command": _format_command(run, data, changes, start), "steps": run.counters.best_step}
    entry |= {"wall_seconds": round(run.counters.seconds), "machine": run.state.device.name}
    write_run_file(out / INDEX_FILE, build_weights_index(out, title, entry))
    write_card(run, nets, data, out / title, entry)
    return file


def _format_command(run: Run, data: Path, changes: Mapping[str, Any], start: Path | None) -> str:
    plan = run.plan
    options = {"steps": plan.steps, "size": plan.size, "precision": plan.precision if plan.precision != Plan.precision else None}
    words = [f"fenshen train {run.family.name} --data {data.name} --budget {plan.budget_s / 60:g}m --seed {plan.seed}"]
    words += [f"--{name} {value}" for name, value in options.items() if value is not None]
    words += [f"--start {start.name}"] if start else []
    words += [f"--set {name}={json.dumps(value)}" for name, value in changes.items()]
    return " ".join(words)
