"""Learning from thirty images: portraits become pencil drawings, by adapting a trained net and by training from scratch.

python -m bench.few_shot FACES [NET] [MINUTES] [SHEET.png]    FACES: a data set of `fenshen data faces`

Both nets are trained on drawings of the same thirty people for the same time, and measured on drawings of unseen people with the
portraits' classifier; one JSON line per net. SHEET.png shows real drawings, then a row of samples per net.
"""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from assets import weights
from stages.datasets.folder import FolderRequest
from stages.datasets.make import make_folder_dataset
from stages.nets.weights_io import TrainedNet, load_net
from stages.train.adapt import FEW_SHOT_SETTINGS, read_start_settings
from stages.train.evaluation.evaluate import MAX_SAMPLES, SAMPLE_SEED, measure_samples
from stages.train.families.registry import make_family
from stages.train.loop.examples import read_examples
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan
from stages.train.loop.tensorboard import draw_sample_sheet, write_png
from stages.train.stage import train_net

PEOPLE = 36
"""A twelfth is held out for validation, another for a test split that is not used here: thirty are left for training."""
CONDITION_NAMES = ("age_years", "gender", "tone")
REPORTED_METRICS = ("fenshen-frechet", "patches", "precision", "recall", "diversity", "memory")


def draw_pencil(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h,w,3) a pencil drawing of an image (h,w,3), by OpenCV's implementation of Gastal and Oliveira 2011."""
    grey, _ = cv2.pencilSketch(np.ascontiguousarray(image[..., ::-1]), sigma_s=20, sigma_r=0.08, shade_factor=0.04)
    return np.repeat(grey[..., None], 3, -1)


def make_few_shot_set(faces: Examples, folder: Path) -> Path:
    """A data set of drawings of people of the training split, one image each, with their attributes."""
    _, rows = np.unique(faces.source.people, return_index=True)
    rows, drawings, attributes = np.sort(rows)[:PEOPLE], folder / "drawings", folder / "attributes.csv"
    drawings.mkdir()
    with attributes.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("file", *CONDITION_NAMES))
        for row in rows:
            cv2.imwrite(str(drawings / f"{row}.png"), draw_pencil(faces.values[row]))
            age, gender, tone = faces.conditions[row].tolist()
            table.writerow((f"{row}.png", 100 * age, gender, tone))
    consent = folder / "nobody.txt"
    consent.write_text("Rendered portraits; no real person is shown.\n")
    request = FolderRequest(drawings, faces.values.shape[1], "CC0-1.0", consent, attributes)
    return make_folder_dataset(request, folder / "few")[0].parent


def train_variants(net: str, start: Path, data: Path, minutes: float, folder: Path, size: int) -> dict[str, TrainedNet]:
    """The trained net itself, a new one, and the adapted one."""
    settings = read_start_settings(start, make_family(net), size)
    plan = Plan(budget_s=60 * minutes, validate_every=100)
    new = train_net(net, data, folder / "new", plan=plan, changes=settings)
    few_shot = settings | FEW_SHOT_SETTINGS[make_family(net).net]
    adapted = train_net(net, data, folder / "adapted", plan=plan, changes=few_shot, start=start)
    return {"unchanged": load_net(start), "from scratch": load_net(new), "few-shot": load_net(adapted)}


def main(faces: Path, net: str, minutes: float, sheet: Path | None) -> None:
    """Prints the lines and writes the sheet."""
    start, classifier = weights.locate_weights(f"face-{net}"), weights.locate_weights("face-classifier")
    size = load_net(start).shape.size
    train, test = (read_examples(faces, split, CONDITION_NAMES, size) for split in ("train", "test"))
    test = test.select(np.arange(min(MAX_SAMPLES, len(test))))
    test = replace(test, values=np.stack([draw_pencil(image) for image in test.values]))
    rows = [test.values[:16]]
    with TemporaryDirectory() as folder:
        data = make_few_shot_set(train, Path(folder))
        few = read_examples(data, "train", CONDITION_NAMES)
        for variant, nets in train_variants(net, start, data, minutes, Path(folder), size).items():
            samples = nets.sample(test.conditions, SAMPLE_SEED)
            values, _ = measure_samples(samples, few, test, classifier, None)
            rounded = {name: round(values[name], 3) for name in REPORTED_METRICS}
            print(json.dumps({"bench": "few_shot", "net": net, "variant": variant, "minutes": minutes, "images": len(few)} | rounded))
            rows.append(samples[:16])
    if sheet:
        write_png(sheet, draw_sample_sheet(np.concatenate(rows), 16))


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    main(Path(given[0]), given.get(1, "stylegan"), float(given.get(2, 5)), Path(given[3]) if 3 in given else None)
