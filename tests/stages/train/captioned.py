"""Pictures with captions, small enough to train on in a test: the upper half is as the hair colour, the lower one as the gender."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stages.datasets.portrait_captions import LANGUAGES, compose_caption
from stages.datasets.portrait_people import sample_portrait_person
from stages.datasets.splits import ImageSplit

SIZE = 16
_COLOURS = {
    "black": (20, 20, 20), "brown": (120, 70, 30), "blond": (220, 190, 90), "red": (200, 60, 30), "grey": (128, 128, 128),
    "white": (240, 240, 240), "dyed": (60, 60, 200),
}  # fmt: skip
_SHOT = {"mood": "smile", "expression": "smile", "view": "front", "background": "dark", "light": "soft"}
COLUMNS = ("age_years", "gender", "tone")


def draw_captioned(count: int, seed: int, size: int = SIZE) -> ImageSplit:
    """One picture each of `count` people."""
    rng = np.random.default_rng(seed)
    people = [sample_portrait_person(1000 * seed + number, seed) for number in range(count)]
    labels = tuple({**person.labels, **_SHOT} for person in people)
    images = np.zeros((count, size, size, 3))
    for image, one in zip(images, labels, strict=True):
        image[: size // 2] = _COLOURS[one["hair_colour"]]
        image[size // 2 :] = 255 if one["gender"] == "male" else 0
    pixels = np.clip(images + rng.normal(0, 8, images.shape), 0, 255).astype(np.uint8)
    attributes = np.array([[p.spec.identity.age, p.spec.identity.gender, p.spec.identity.tone] for p in people], np.float32)
    captions = {language: tuple(compose_caption(one, language, rng) for one in labels) for language in LANGUAGES}
    return ImageSplit(pixels, attributes, COLUMNS, np.arange(count, dtype=np.int64), captions, labels)


def write_captioned_set(folder: Path, count: int = 36, seed: int = 0, size: int = SIZE) -> Path:
    """The same as a data set on disk, one picture per person."""
    from assets.rights import Source
    from stages.datasets.shards import DatasetCard, DatasetItem, compute_split_counts, plan_shards, write_dataset

    split = draw_captioned(count, seed, size)
    places = iter(range(count))
    shards = plan_shards({name: [next(places) for _ in range(n)] for name, n in compute_split_counts(count).items()}, 64)
    card = DatasetCard(
        "patches", "portraits", size, count, COLUMNS, seed, "CC0-1.0", (Source("patches", "CC0-1.0", "made here"),), "a test"
    )

    def make_item(index: int) -> DatasetItem:
        attributes = dict(zip(COLUMNS, split.attributes[index].tolist(), strict=True))
        captions = {language: sentences[index] for language, sentences in split.captions.items()}
        return DatasetItem(index, index, attributes, split.images[index], captions=captions, labels=split.labels[index])

    write_dataset(folder, card, shards, make_item)
    return folder
