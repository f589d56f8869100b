"""The model card and the sample sheet next to the weights, with measures on people unseen in training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.weights import format_consents
from stages.datasets.splits import VectorSplit
from stages.nets.weights_io import TrainedNet
from stages.train.evaluation.sliced_wasserstein import compute_sliced_wasserstein
from stages.train.files import CURVES_SUFFIX
from stages.train.loop.examples import read_examples
from stages.train.loop.family import Examples
from stages.train.loop.health import measure_variety
from stages.train.loop.lineage import parse_origins
from stages.train.loop.loop import Run
from stages.train.loop.tensorboard import draw_curves, draw_sample_sheet, write_png

MAX_MEASURED = 256
MAX_SHEET_BYTES, SHEET_SAMPLES = 480_000, 64
ADULT_AGE = 0.18
"""Of a sheet of bodies, in hundreds of years."""
THUMBNAIL_SIZE = 32
"""Pixels a side at which images are compared with the training images."""
MEASURED_TITLE = "## Measured on people unseen in training"
MEASURED_NOTE = (
    "Distances are sliced Wasserstein distances of patches over a pyramid, in grey levels; variety is a mean standard deviation,",
    "the distance to the nearest training image a root mean square difference.",
)


def measure_images(nets: TrainedNet, train: Examples, test: Examples) -> dict[str, float]:
    """Distance, variety and memorisation of generated images, and the same of training images for comparison."""
    count = min(len(test), len(train), MAX_MEASURED)
    real, conditions = test.values[:count], test.conditions[:count]
    generated = nets.sample(conditions, 7)
    other = train.values[np.random.default_rng(0).choice(len(train), count, replace=False)]
    return {
        "generated to test": compute_sliced_wasserstein(real, generated),
        "training to test": compute_sliced_wasserstein(real, other),
        "variety of generated": measure_variety(generated),
        "variety of test": measure_variety(real),
        "generated to nearest training image": compute_nearest_difference(generated, train.values),
        "test to nearest training image": compute_nearest_difference(real, train.values),
    }


def compute_nearest_difference(images: NDArray[Any], references: NDArray[Any]) -> float:
    """Mean over images of the RMS difference to the nearest reference, at THUMBNAIL_SIZE, in grey levels of 0..255."""
    a, b = (_shrink_images(x) for x in (images, references))
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return float(np.sqrt(np.maximum(squared, 0).min(1) / a.shape[1]).mean())


def _shrink_images(images: NDArray[Any]) -> NDArray[np.float32]:
    import cv2

    size = (THUMBNAIL_SIZE, THUMBNAIL_SIZE)
    return np.stack([cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA).ravel() for image in images])


def write_card(run: Run, nets: TrainedNet, data: Path, stem: Path, entry: dict[str, Any]) -> None:
    """Writes STEM.md, STEM.png (samples under the test split's conditions) and STEM-curves.png."""
    test = read_examples(data, "test", run.family.conditions, run.plan.size)
    lines = [f"# {stem.name}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in _collect_facts(run, nets, entry).items()]
    lines += ["", f"Recipe: `{asdict(run.family.recipe)}`", ""]
    if run.counters.events:
        lines += ["## Rollbacks", *[f"- {event}" for event in run.counters.events], ""]
    if isinstance(test.source, VectorSplit):
        lines += _describe_bodies(nets, test, stem)
    elif nets.net == "classifier":
        lines += _describe_classifier(nets, test)
    elif nets.net == "clip":
        lines += _describe_encoder(nets, test)
    else:
        lines += _describe_images(run, nets, test, stem)
    write_png(stem.with_name(f"{stem.name}{CURVES_SUFFIX}"), draw_curves(run.counters.history))
    stem.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _collect_facts(run: Run, nets: TrainedNet, entry: dict[str, Any]) -> dict[str, Any]:
    """Rows of the card's first table."""
    facts: dict[str, Any] = {"net": f"{entry['net']}, {nets.shape}", "licence": f"{entry['licence']} (weights), Apache-2.0 (code)"}
    facts |= _describe_origins(entry, len(run.train))
    facts |= {"command": f"`{entry['command']}`", "conditions": ", ".join(nets.conditions) or "none"}
    facts |= {"steps": f"{entry['steps']} of batch {run.family.recipe.batch}"}
    facts |= {"wall time": f"{run.counters.seconds / 60:.0f} min on {run.state.device.name}"}
    facts |= {"precision": "bfloat16 and float32 mixed" if run.state.device.half else "float32"}
    facts |= {"parameters": sum(p.numel() for net in nets.nets.values() for p in net.parameters()), "sha256": f"`{entry['sha256']}`"}
    return facts


def _describe_origins(entry: dict[str, Any], examples: int) -> dict[str, str]:
    """The data sets that the nets have seen, in this run and before it, and the consent records."""
    *earlier, own = parse_origins(entry)
    rows = {"data": f"{own.data}, made by `{entry['data_command']}`: {examples} training examples"}
    if earlier:
        rows["pretrained on"] = ", ".join(f"{origin.data} ({origin.licence})" for origin in earlier)
    if records := format_consents(entry.get("consent")):
        rows["consent"] = "; ".join(records).replace("|", "\\|").replace("\n", " ")
    return rows


def _describe_images(run: Run, nets: TrainedNet, test: Examples, stem: Path) -> list[str]:
    """Writes STEM.png; returns the measures of generated images."""
    write_png(stem.with_suffix(".png"), _draw_sheet(nets, test))
    rows = [f"| {name} | {value:.2f} |" for name, value in measure_images(nets, run.train, test).items()]
    return [MEASURED_TITLE, "", "| measure | value |", "|---|---|", *rows, "", *MEASURED_NOTE]


def _describe_bodies(nets: TrainedNet, test: Examples, stem: Path) -> list[str]:
    """Writes STEM.png, adults or, if there are none, children; returns the share of impossible bodies at any age."""
    from stages.train.evaluation.body_sheet import draw_body_sheet
    from stages.train.evaluation.evaluate import MAX_BODIES, measure_impossible_share

    conditions, names = test.conditions[:MAX_BODIES], nets.shape.names
    generated = nets.sample(conditions, 1)
    adults = conditions[:, 0] >= ADULT_AGE
    rows = np.flatnonzero(adults if adults.any() else ~adults)[:SHEET_SAMPLES]
    sheet = draw_body_sheet(generated[rows], conditions[rows], names, min(16, len(rows)))
    write_png(stem.with_suffix(".png"), _fit_sheet_bytes(sheet))
    real_share, share = (measure_impossible_share(x, conditions, names) for x in (test.values[:MAX_BODIES], generated))
    text = f"{share:.1%} of {len(conditions)} generated bodies have impossible proportions (stature for age, body mass index, limbs)"
    return [MEASURED_TITLE, "", f"{text}; of as many bodies of the data set, {real_share:.1%}."]


def _describe_classifier(nets: TrainedNet, test: Examples) -> list[str]:
    """Attribute errors on images of unseen people, and those of a constant guess."""
    from stages.train.evaluation.evaluate import measure_attribute_errors

    errors = measure_attribute_errors(nets, test.values, test.conditions)
    guess = np.abs(test.conditions - np.median(test.conditions, 0)).mean(0) * (100, 1, 1)
    rows = [f"| {name} | {value:.3f} | {blind:.3f} |" for (name, value), blind in zip(errors.items(), guess, strict=True)]
    head = [MEASURED_TITLE, "", "| mean absolute error | classifier | always the median |", "|---|---|---|"]
    return [*head, *rows, "", "`fenshen-frechet` and `fenshen-kernel` are computed on its features, not on Inception's."]


def _describe_encoder(nets: TrainedNet, test: Examples) -> list[str]:
    """Retrieval of pictures and sentences, and what is named rightly."""
    from stages.train.evaluation.retrieval import name_attributes, retrieve

    people = len(set(test.source.people.tolist()))
    rows = [f"| {name} | {one.first:.3f} | {one.fifth:.3f} | {one.rank:.3f} |" for name, one in retrieve(nets, test).items()]
    chance = f"| chance | {1 / len(test):.3f} | {min(5 / len(test), 1):.3f} | 0.500 |"
    note = (f"Among {len(test)} pictures of {people} people; sentences have frames that training never used, and a third of their",
            "phrases are new to it. Many sentences fit several pictures; rank is the mean place, 0 first and 1 last.")  # fmt: skip
    lines = [MEASURED_TITLE, "", "| search | first | among five | rank |", "|---|---|---|---|", *rows, chance, "", *note]
    if named := name_attributes(nets, test):
        head = ["", "Named by the nearest phrases, of pictures that show one of the values with words of their own:", ""]
        table = ["| attribute | English | Chinese | always the commonest |", "|---|---|---|---|"]
        lines += head + table + [f"| {name} | {en:.3f} | {zh:.3f} | {blind:.3f} |" for name, (en, zh, blind) in named.items()]
    return lines


def _draw_sheet(nets: TrainedNet, test: Examples) -> NDArray[np.uint8]:
    return _fit_sheet_bytes(draw_sample_sheet(nets.sample(test.conditions[np.arange(SHEET_SAMPLES) % len(test)], 1), 16))


def _fit_sheet_bytes(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The sheet, scaled down until its PNG is at most MAX_SHEET_BYTES, small enough for the repository."""
    import cv2

    while len(cv2.imencode(".png", sheet, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]) > MAX_SHEET_BYTES:
        sheet = cv2.resize(sheet, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    return sheet
