"""The model card and the sample sheet beside the weights, with what was measured on people that training never saw."""

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


def measure_pictures(nets: TrainedNet, train: Examples, test: Examples) -> dict[str, float]:
    """Distances, variety and memory of made pictures against the test split, and the same of training pictures for scale."""
    count = min(len(test), len(train), MAX_MEASURED)
    real, told = test.values[:count], test.conditions[:count]
    made = nets.sample(told, 7)
    other = train.values[np.random.default_rng(0).choice(len(train), count, replace=False)]
    return {
        "made to test": compute_sliced_wasserstein(real, made),
        "training to test": compute_sliced_wasserstein(real, other),
        "variety made": measure_variety(made),
        "variety test": measure_variety(real),
        "nearest training picture of made": compute_nearest_difference(made, train.values),
        "nearest training picture of test": compute_nearest_difference(real, train.values),
    }


def compute_nearest_difference(these: NDArray[Any], those: NDArray[Any]) -> float:
    """Mean over `these` of the root mean square difference to the nearest of `those`, at 32 px, in grey levels of 0..255."""
    a, b = (_shrink_pictures(x) for x in (these, those))
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return float(np.sqrt(np.maximum(squared, 0).min(1) / a.shape[1]).mean())


def _shrink_pictures(pictures: NDArray[Any]) -> NDArray[np.float32]:
    import cv2

    return np.stack([cv2.resize(p.astype(np.float32), (32, 32), interpolation=cv2.INTER_AREA).ravel() for p in pictures])


def write_card(run: Run, nets: TrainedNet, data: Path, stem: Path, entry: dict[str, Any]) -> None:
    """STEM.md, STEM.png (samples under the test split's conditions) and STEM-curves.png."""
    test = read_examples(data, "test", run.family.conditions, run.plan.size)
    lines = [f"# {stem.name}", "", "| | |", "|---|---|"]
    facts: dict[str, Any] = {"net": f"{entry['net']}, {nets.shape}", "licence": f"{entry['licence']} (weights), Apache-2.0 (code)"}
    facts |= _describe_origins(entry, len(run.train))
    facts |= {"command": f"`{entry['command']}`", "conditions": ", ".join(nets.conditions) or "none"}
    facts |= {"steps": f"{entry['steps']} of batch {run.family.recipe.batch}"}
    facts |= {"wall time": f"{run.counters.seconds / 60:.0f} min on {run.state.device.name}"}
    facts |= {"precision": "bfloat16 and float32 mixed" if run.state.device.half else "float32"}
    facts |= {"parameters": sum(p.numel() for net in nets.nets.values() for p in net.parameters()), "sha256": f"`{entry['sha256']}`"}
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    lines += ["", f"Recipe: `{asdict(run.family.recipe)}`", ""]
    if run.counters.events:
        lines += ["## Roll backs", *[f"- {event}" for event in run.counters.events], ""]
    if isinstance(test.source, VectorSplit):
        lines += _describe_bodies(nets, test, stem)
    elif nets.net == "classifier":
        lines += _describe_classifier(nets, test)
    else:
        write_png(stem.with_suffix(".png"), _draw_sheet(nets, test))
        lines += ["## Measured on people that training never saw", "", "| measure | value |", "|---|---|"]
        lines += [f"| {name} | {value:.2f} |" for name, value in measure_pictures(nets, run.train, test).items()]
        lines += [
            "",
            "Distances are sliced Wasserstein distances of patches over a pyramid, in grey levels; the others root mean",
            "square.",
        ]
    write_png(stem.with_name(f"{stem.name}{CURVES_SUFFIX}"), draw_curves(run.counters.history))
    stem.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _describe_origins(entry: dict[str, Any], pictures: int) -> dict[str, str]:
    """What the nets have seen, in this run and before it, and who agreed to that."""
    *before, own = parse_origins(entry)
    rows = {"data": f"{own.data}, made by `{entry['data_command']}`: {pictures} training pictures"}
    if before:
        rows["learnt before"] = ", ".join(f"{origin.data} ({origin.licence})" for origin in before)
    if records := format_consents(entry.get("consent")):
        rows["consent"] = "; ".join(records).replace("|", "\\|").replace("\n", " ")
    return rows


def _describe_bodies(nets: TrainedNet, test: Examples, stem: Path) -> list[str]:
    """STEM.png with sixty-four made adults, children where nobody is grown up, and the share of impossible bodies of any age."""
    from stages.train.evaluation.body_sheet import draw_body_sheet
    from stages.train.evaluation.evaluate import MAX_BODIES, measure_impossible_share

    told, names = test.conditions[:MAX_BODIES], nets.shape.names
    made = nets.sample(told, 1)
    adults = told[:, 0] >= 0.18
    shown = np.flatnonzero(adults if adults.any() else ~adults)[:SHEET_SAMPLES]
    write_png(stem.with_suffix(".png"), _fit_sheet_bytes(draw_body_sheet(made[shown], told[shown], names, min(16, len(shown)))))
    real, own = (measure_impossible_share(x, told, names) for x in (test.values[:MAX_BODIES], made))
    text = f"Of {len(told)} made bodies {own:.1%} are ones that no person has (stature for age, body mass index, limbs)"
    return ["## Measured on people that training never saw", "", f"{text}; of as many of the data set {real:.1%}."]


def _describe_classifier(nets: TrainedNet, test: Examples) -> list[str]:
    """How far the readings of unseen people's pictures are off."""
    from stages.train.evaluation.evaluate import measure_attribute_errors

    errors = measure_attribute_errors(nets, test.values, test.conditions)
    guess = np.abs(test.conditions - np.median(test.conditions, 0)).mean(0) * (100, 1, 1)
    rows = [f"| {name} | {value:.3f} | {blind:.3f} |" for (name, value), blind in zip(errors.items(), guess, strict=True)]
    head = ["## Measured on people that training never saw", "", "| mean absolute | reader | always the median |", "|---|---|---|"]
    return [*head, *rows, "", "Its features carry `fenshen-frechet` and `fenshen-kernel`; they are not Inception's."]


def _draw_sheet(nets: TrainedNet, test: Examples) -> NDArray[np.uint8]:
    return _fit_sheet_bytes(draw_sample_sheet(nets.sample(test.conditions[np.arange(SHEET_SAMPLES) % len(test)], 1), 16))


def _fit_sheet_bytes(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, made smaller until its PNG is small enough to travel with the source."""
    import cv2

    while len(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]) > MAX_SHEET_BYTES:
        picture = cv2.resize(picture, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    return picture
