"""What thirty pictures teach: portraits become pencil drawings, by adapting a trained net and by training from nothing; a JSON line a way.

python -m bench.few_shot FACES [NET] [MINUTES] [SHEET.png]    FACES: a set of `fenshen data faces`

Both ways see the drawings of the same thirty people for the same minutes; measured on drawings of people whom no net has seen, with the
portraits' reader. SHEET.png shows real drawings, then a row of samples a way.
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
from stages.train.evaluation.evaluate import MAX_SAMPLES, measure_samples
from stages.train.families.registry import make_family
from stages.train.loop.examples import read_examples
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan
from stages.train.loop.tensorboard import draw_sample_sheet, write_png
from stages.train.stage import train_net

PEOPLE = 36
"""A twelfth is held back for validation, another for a test that is not needed here: thirty are learnt from."""
CONDITION_NAMES = ("age_years", "gender", "tone")
REPORTED_METRICS = ("fenshen-frechet", "patches", "precision", "recall", "diversity", "memory")


def draw_pencil(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h,w,3) a pencil drawing of a picture (h,w,3); Gastal and Oliveira 2011, as OpenCV has it."""
    grey, _ = cv2.pencilSketch(np.ascontiguousarray(picture[..., ::-1]), sigma_s=20, sigma_r=0.08, shade_factor=0.04)
    return np.repeat(grey[..., None], 3, -1)


def make_few_shot_set(faces: Examples, folder: Path) -> Path:
    """A data set of drawings of people of the training split, one picture each, with what is known of them."""
    _, rows = np.unique(faces.source.people, return_index=True)
    rows, pictures = np.sort(rows)[:PEOPLE], folder / "drawings"
    pictures.mkdir()
    with (folder / "told.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("file", *CONDITION_NAMES))
        for row in rows:
            cv2.imwrite(str(pictures / f"{row}.png"), draw_pencil(faces.values[row]))
            age, gender, tone = faces.conditions[row].tolist()
            table.writerow((f"{row}.png", 100 * age, gender, tone))
    consent = folder / "nobody.txt"
    consent.write_text("Nobody real is shown: portraits that we rendered.\n")
    return make_folder_dataset(FolderRequest(pictures, faces.values.shape[1], "CC0-1.0", consent, folder / "told.csv"), folder / "few")[
        0
    ].parent


def train_variants(net: str, start: Path, data: Path, minutes: float, folder: Path, size: int) -> dict[str, TrainedNet]:
    """The trained net as it is, one that begins at nothing, and the adapted one."""
    own = read_start_settings(start, make_family(net), size)
    plan = Plan(budget_s=60 * minutes, validate_every=100)
    anew = train_net(net, data, folder / "anew", plan=plan, changes=own)
    adapted = train_net(net, data, folder / "adapted", plan=plan, changes=own | FEW_SHOT_SETTINGS[make_family(net).net], start=start)
    return {"as it was": load_net(start), "from nothing": load_net(anew), "few-shot": load_net(adapted)}


def main(faces: Path, net: str, minutes: float, picture: Path | None) -> None:
    """Prints the lines."""
    start, reader = weights.locate_weights(f"face-{net}"), weights.locate_weights("face-classifier")
    size = load_net(start).shape.size
    train, test = (read_examples(faces, split, CONDITION_NAMES, size) for split in ("train", "test"))
    test = test.select(np.arange(min(MAX_SAMPLES, len(test))))
    test = replace(test, values=np.stack([draw_pencil(x) for x in test.values]))
    rows = [test.values[:16]]
    with TemporaryDirectory() as place:
        data = make_few_shot_set(train, Path(place))
        seen = read_examples(data, "train", CONDITION_NAMES)
        for way, nets in train_variants(net, start, data, minutes, Path(place), size).items():
            made = nets.sample(test.conditions, 7)
            values, _ = measure_samples(made, seen, test, reader, None)
            told = {name: round(values[name], 3) for name in REPORTED_METRICS}
            print(json.dumps({"bench": "few_shot", "net": net, "way": way, "minutes": minutes, "pictures": len(seen)} | told))
            rows.append(made[:16])
    if picture:
        write_png(picture, draw_sample_sheet(np.concatenate(rows), 16))


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    main(Path(given[0]), given.get(1, "stylegan"), float(given.get(2, 5)), Path(given[3]) if 3 in given else None)
