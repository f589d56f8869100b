"""The model card and the sample sheet beside the weights, with what was measured on people that training never saw."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.datasets.pictures import Pictures
from stages.nets.shipping import Shipped
from stages.train.examples import read_examples
from stages.train.family import Examples
from stages.train.health import diversity
from stages.train.loop import Run
from stages.train.measure import picture_distance
from stages.train.watch import curves, sheet, write_png

MEASURED = 256
SHEET_BYTES = 480_000


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
    test = read_examples(data, "test", run.family.conditions)
    lines = [f"# {stem.name}", "", "| | |", "|---|---|"]
    facts: dict[str, Any] = {"net": f"{entry['net']}, {nets.shape}", "licence": f"{entry['licence']} (weights), Apache-2.0 (code)"}
    facts |= {"data": f"{entry['data']}, made by `{entry['data_command']}`: {len(run.train)} training pictures"}
    facts |= {"command": f"`{entry['command']}`", "conditions": ", ".join(nets.conditions) or "none"}
    facts |= {"steps": f"{entry['steps']} of batch {run.family.recipe.batch}", "wall time": f"{run.counters.seconds / 60:.0f} min"}
    facts |= {"parameters": sum(p.numel() for net in nets.nets.values() for p in net.parameters()), "sha256": f"`{entry['sha256']}`"}
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    lines += ["", f"Recipe: `{asdict(run.family.recipe)}`", ""]
    if run.counters.events:
        lines += ["## Roll backs", *[f"- {event}" for event in run.counters.events], ""]
    if isinstance(test.source, Pictures):
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


def _sheet(nets: Shipped, test: Examples, count: int = 64) -> NDArray[np.uint8]:
    """Sixty-four samples, made smaller until the PNG is small enough to travel with the source."""
    import cv2

    picture = sheet(nets.sample(test.conditions[np.arange(count) % len(test)], 1), 16)
    while len(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]) > SHEET_BYTES:
        picture = cv2.resize(picture, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    return picture
