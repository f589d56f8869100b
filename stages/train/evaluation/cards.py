"""The model card and the sample sheet beside the weights, with what was measured on people that training never saw."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.weights import consents
from stages.datasets.splits import Vectors
from stages.nets.weights_io import Shipped
from stages.train.evaluation.sliced_wasserstein import picture_distance
from stages.train.loop.examples import read_examples
from stages.train.loop.family import Examples
from stages.train.loop.health import diversity
from stages.train.loop.lineage import origins_in
from stages.train.loop.loop import Run
from stages.train.loop.tensorboard import curves, sheet, write_png

MEASURED = 256
SHEET_BYTES, SAMPLES = 480_000, 64


def measured(nets: Shipped, train: Examples, test: Examples) -> dict[str, float]:
    """Distances, variety and memory of made pictures against the test split, and the same of training pictures for scale."""
    count = min(len(test), len(train), MEASURED)
    real, told = test.values[:count], test.conditions[:count]
    made = nets.sample(told, 7)
    other = train.values[np.random.default_rng(0).choice(len(train), count, replace=False)]
    return {
        "made to test": picture_distance(real, made),
        "training to test": picture_distance(real, other),
        "variety made": diversity(made),
        "variety test": diversity(real),
        "nearest training picture of made": nearest(made, train.values),
        "nearest training picture of test": nearest(real, train.values),
    }


def nearest(these: NDArray[Any], those: NDArray[Any]) -> float:
    """Mean over `these` of the root mean square difference to the nearest of `those`, at 32 px, in grey levels of 0..255."""
    a, b = (_small(x) for x in (these, those))
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return float(np.sqrt(np.maximum(squared, 0).min(1) / a.shape[1]).mean())


def _small(pictures: NDArray[Any]) -> NDArray[np.float32]:
    import cv2

    return np.stack([cv2.resize(p.astype(np.float32), (32, 32), interpolation=cv2.INTER_AREA).ravel() for p in pictures])


def write_card(run: Run, nets: Shipped, data: Path, stem: Path, entry: dict[str, Any]) -> None:
    """STEM.md, STEM.png (samples under the test split's conditions) and STEM-curves.png."""
    test = read_examples(data, "test", run.family.conditions, run.plan.size)
    lines = [f"# {stem.name}", "", "| | |", "|---|---|"]
    facts: dict[str, Any] = {"net": f"{entry['net']}, {nets.shape}", "licence": f"{entry['licence']} (weights), Apache-2.0 (code)"}
    facts |= _learnt(entry, len(run.train))
    facts |= {"command": f"`{entry['command']}`", "conditions": ", ".join(nets.conditions) or "none"}
    facts |= {"steps": f"{entry['steps']} of batch {run.family.recipe.batch}"}
    facts |= {"wall time": f"{run.counters.seconds / 60:.0f} min on {run.state.machine.name}"}
    facts |= {"precision": "bfloat16 and float32 mixed" if run.state.machine.half else "float32"}
    facts |= {"parameters": sum(p.numel() for net in nets.nets.values() for p in net.parameters()), "sha256": f"`{entry['sha256']}`"}
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    lines += ["", f"Recipe: `{asdict(run.family.recipe)}`", ""]
    if run.counters.events:
        lines += ["## Roll backs", *[f"- {event}" for event in run.counters.events], ""]
    if isinstance(test.source, Vectors):
        lines += _bodies(nets, test, stem)
    elif nets.net == "classifier":
        lines += _read(nets, test)
    else:
        write_png(stem.with_suffix(".png"), _sheet(nets, test))
        lines += ["## Measured on people that training never saw", "", "| measure | value |", "|---|---|"]
        lines += [f"| {name} | {value:.2f} |" for name, value in measured(nets, run.train, test).items()]
        lines += [
            "",
            "Distances are sliced Wasserstein distances of patches over a pyramid, in grey levels; the others root mean",
            "square.",
        ]
    write_png(stem.with_name(f"{stem.name}-curves.png"), curves(run.counters.history))
    stem.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _learnt(entry: dict[str, Any], pictures: int) -> dict[str, str]:
    """What the nets have seen, in this run and before it, and who agreed to that."""
    *before, own = origins_in(entry)
    rows = {"data": f"{own.data}, made by `{entry['data_command']}`: {pictures} training pictures"}
    if before:
        rows["learnt before"] = ", ".join(f"{origin.data} ({origin.licence})" for origin in before)
    if records := consents(entry.get("consent")):
        rows["consent"] = "; ".join(records).replace("|", "\\|").replace("\n", " ")
    return rows


def _bodies(nets: Shipped, test: Examples, stem: Path) -> list[str]:
    """STEM.png with sixty-four made adults, children where nobody is grown up, and the share of impossible bodies of any age."""
    from stages.train.evaluation.body_sheet import body_sheet
    from stages.train.evaluation.evaluate import BODIES, impossible_share

    told, names = test.conditions[:BODIES], nets.shape.names
    made = nets.sample(told, 1)
    adults = told[:, 0] >= 0.18
    shown = np.flatnonzero(adults if adults.any() else ~adults)[:SAMPLES]
    write_png(stem.with_suffix(".png"), _light(body_sheet(made[shown], told[shown], names, min(16, len(shown)))))
    real, own = (impossible_share(x, told, names) for x in (test.values[:BODIES], made))
    text = f"Of {len(told)} made bodies {own:.1%} are ones that no person has (stature for age, body mass index, limbs)"
    return ["## Measured on people that training never saw", "", f"{text}; of as many of the data set {real:.1%}."]


def _read(nets: Shipped, test: Examples) -> list[str]:
    """How far the readings of unseen people's pictures are off."""
    from stages.train.evaluation.evaluate import attribute_errors

    errors = attribute_errors(nets, test.values, test.conditions)
    guess = np.abs(test.conditions - np.median(test.conditions, 0)).mean(0) * (100, 1, 1)
    rows = [f"| {name} | {value:.3f} | {blind:.3f} |" for (name, value), blind in zip(errors.items(), guess, strict=True)]
    head = ["## Measured on people that training never saw", "", "| mean absolute | reader | always the median |", "|---|---|---|"]
    return [*head, *rows, "", "Its features carry `fenshen-frechet` and `fenshen-kernel`; they are not Inception's."]


def _sheet(nets: Shipped, test: Examples) -> NDArray[np.uint8]:
    return _light(sheet(nets.sample(test.conditions[np.arange(SAMPLES) % len(test)], 1), 16))


def _light(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, made smaller until its PNG is small enough to travel with the source."""
    import cv2

    while len(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]) > SHEET_BYTES:
        picture = cv2.resize(picture, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    return picture
