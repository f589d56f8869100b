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
from stages.datasets.folder import Ask
from stages.datasets.make import make_folder
from stages.nets.weights_io import Shipped, read
from stages.train.adapt import FEW_SHOT, settings_of_start
from stages.train.evaluation.evaluate import SAMPLES, compared
from stages.train.families.registry import family_of
from stages.train.loop.examples import read_examples
from stages.train.loop.family import Examples
from stages.train.loop.loop import Plan
from stages.train.loop.tensorboard import sheet, write_png
from stages.train.stage import train_net

PEOPLE = 36
"""A twelfth is held back for validation, another for a test that is not needed here: thirty are learnt from."""
NAMES = ("age_years", "gender", "tone")
TOLD = ("fenshen-frechet", "patches", "precision", "recall", "diversity", "memory")


def drawn(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h,w,3) a pencil drawing of a picture (h,w,3); Gastal and Oliveira 2011, as OpenCV has it."""
    grey, _ = cv2.pencilSketch(np.ascontiguousarray(picture[..., ::-1]), sigma_s=20, sigma_r=0.08, shade_factor=0.04)
    return np.repeat(grey[..., None], 3, -1)


def few(faces: Examples, folder: Path) -> Path:
    """A data set of drawings of people of the training split, one picture each, with what is known of them."""
    _, rows = np.unique(faces.source.people, return_index=True)
    rows, pictures = np.sort(rows)[:PEOPLE], folder / "drawings"
    pictures.mkdir()
    with (folder / "told.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("file", *NAMES))
        for row in rows:
            cv2.imwrite(str(pictures / f"{row}.png"), drawn(faces.values[row]))
            age, gender, tone = faces.conditions[row].tolist()
            table.writerow((f"{row}.png", 100 * age, gender, tone))
    consent = folder / "nobody.txt"
    consent.write_text("Nobody real is shown: portraits that we rendered.\n")
    return make_folder(Ask(pictures, faces.values.shape[1], "CC0-1.0", consent, folder / "told.csv"), folder / "few")[0].parent


def ways(net: str, start: Path, data: Path, minutes: float, folder: Path, size: int) -> dict[str, Shipped]:
    """The trained net as it is, one that begins at nothing, and the adapted one."""
    own = settings_of_start(start, family_of(net), size)
    plan = Plan(budget_s=60 * minutes, validate_every=100)
    anew = train_net(net, data, folder / "anew", plan=plan, changes=own)
    adapted = train_net(net, data, folder / "adapted", plan=plan, changes=own | FEW_SHOT[family_of(net).net], start=start)
    return {"as it was": read(start), "from nothing": read(anew), "few-shot": read(adapted)}


def main(faces: Path, net: str, minutes: float, picture: Path | None) -> None:
    """Prints the lines."""
    start, reader = weights.path(f"face-{net}"), weights.path("face-classifier")
    size = read(start).shape.size
    train, test = (read_examples(faces, split, NAMES, size) for split in ("train", "test"))
    test = test.at(np.arange(min(SAMPLES, len(test))))
    test = replace(test, values=np.stack([drawn(x) for x in test.values]))
    rows = [test.values[:16]]
    with TemporaryDirectory() as place:
        data = few(train, Path(place))
        seen = read_examples(data, "train", NAMES)
        for way, nets in ways(net, start, data, minutes, Path(place), size).items():
            made = nets.sample(test.conditions, 7)
            values, _ = compared(made, seen, test, reader, None)
            told = {name: round(values[name], 3) for name in TOLD}
            print(json.dumps({"bench": "few_shot", "net": net, "way": way, "minutes": minutes, "pictures": len(seen)} | told))
            rows.append(made[:16])
    if picture:
        write_png(picture, sheet(np.concatenate(rows), 16))


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    main(Path(given[0]), given.get(1, "stylegan"), float(given.get(2, 5)), Path(given[3]) if 3 in given else None)
