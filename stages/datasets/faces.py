"""Faces: rendered portraits of random people. No real person is shown, and every attribute is known exactly."""

from __future__ import annotations

import numpy as np

from assets.rights import Source, merge_sources
from stages.body.stage import BACKENDS
from stages.body.stage import STAGE as BODY
from stages.datasets import shots, subjects
from stages.datasets.captions import compose_captions
from stages.datasets.people import Person, sample_person
from stages.datasets.shards import DatasetCard, DatasetItem, Shard, compute_split_counts, plan_shards
from stages.datasets.skins import VERSION as SKINS
from stages.datasets.skins import list_sources as list_skin_sources
from stages.datasets.splits import SPLITS, Split
from stages.groom.stage import STAGE as GROOM
from stages.groom.wardrobe import build_item_source, load_catalogue, load_item
from stages.identity.stage import STAGE as IDENTITY
from stages.model.stage import STAGE as MODEL
from stages.render.portrait import PortraitStudio
from stages.texture.stage import STAGE as TEXTURE
from stages.texture.tiles import ORIGINS, SkinLibrary

PICTURES_PER_PERSON = 8
"""Building a person takes as long as rendering eight pictures."""
ITEMS_PER_SHARD = 25 * PICTURES_PER_PERSON
VERSION = 1
"""To be raised when the same seed makes other people or pictures; changes of the stages are in their own versions."""
COLUMNS = (
    "age_years", "gender", "tone", "monk", *ORIGINS, "muscle", "weight", "height", "hair_black", "hair_brown", "hair_blond", "hair_red",
    "hair_grey", "hair_dyed", "hair_length", "hair_curly", "bald", "eyes_brown", "eyes_green", "eyes_blue", "eyes_grey", "redness",
    "freckles", "moles", "scars", "stubble", "makeup", "lipstick", "lip_colour", "formal", *shots.COLUMNS,
)  # fmt: skip


def plan(library: SkinLibrary, *, count: int, size: int, seed: int, command: str) -> tuple[DatasetCard, tuple[Shard, ...]]:
    """The data set that `fenshen data faces` writes: `count` pictures of count / 8 people, each person in one split only."""
    items = {
        split: range(numbers.start * PICTURES_PER_PERSON, min(numbers.stop * PICTURES_PER_PERSON, count))
        for split, numbers in split_people(count).items()
    }
    people = -(-count // PICTURES_PER_PERSON)
    notes = (f"{people} people, split by person, balanced over Monk tone x age x gender", "no real person is shown")
    versions = {"faces": VERSION, "skins": SKINS} | {stage.name: stage.version for stage in (BODY, GROOM, IDENTITY, MODEL, TEXTURE)}
    sources = list_sources(library)
    card = DatasetCard("faces", "faces", size, count, COLUMNS, seed, "CC0-1.0", sources, command, versions=versions, notes=notes)
    return card, plan_shards(items, ITEMS_PER_SHARD)


def split_people(count: int) -> dict[Split, range]:
    """Split -> numbers of its people, for `count` pictures."""
    numbers, start = {}, 0
    for split, size in compute_split_counts(-(-count // PICTURES_PER_PERSON)).items():
        numbers[split] = range(start, start + size)
        start += size
    return numbers


def list_sources(library: SkinLibrary) -> tuple[Source, ...]:
    """The body model, the skins and the wardrobe."""
    wardrobe = [
        build_item_source(load_item(slot, name))
        for slot, names in load_catalogue().items()
        if slot not in ("shoes", "hat")
        for name in names
    ]
    return merge_sources((BACKENDS.get().sources(), list_skin_sources(library), wardrobe))


class FaceGenerator:
    """Makes the items of a plan; keeps the last person, because the next picture usually shows the same one."""

    def __init__(self, library: SkinLibrary, studio: PortraitStudio, *, count: int, size: int, seed: int) -> None:
        self._studio, self._size, self._seed, self._numbers = studio, size, seed, split_people(count)
        self._builder = subjects.SubjectBuilder(library, 256 if size <= 128 else 512)
        self._number = -1

    def __call__(self, index: int) -> DatasetItem:
        """The picture of that index."""
        number, which = divmod(index, PICTURES_PER_PERSON)
        if number != self._number:
            self._prepare_subject(number)
        rng = np.random.default_rng([self._seed, 4, index])
        # Each person shows every expression once, in a random order.
        order = np.random.default_rng([self._seed, 5, number]).permutation(len(shots.EXPRESSIONS))
        shot = shots.sample_shot(self._subject.skeleton, list(shots.EXPRESSIONS)[int(order[which])], rng)
        picture = self._studio.take(shot.view, self._size)
        person = self._person
        attributes = subjects.describe_person(person, self._skin_tone) | shots.describe_shot(shot)
        labels = {"monk": person.monk, "hair": person.hair, "hair_colour": person.hair_colour, "eyes_colour": person.eyes_colour,
                  "outfit": person.outfit, "expression": shot.expression}  # fmt: skip
        captions = compose_captions(person, shot, rng)
        return DatasetItem(index, number, {name: attributes[name] for name in COLUMNS}, picture, captions=captions, labels=labels)

    def _prepare_subject(self, number: int) -> None:
        from stages.render.posing import build_standing_pose

        self._person: Person = sample_person(number, self._find_index_in_split(number), self._seed)
        self._subject, self._skin_tone = self._builder.build_subject(self._person, self._seed)
        self._studio.set_subject(self._subject, build_standing_pose(self._subject.skeleton))
        self._number = number

    def _find_index_in_split(self, number: int) -> int:
        return next(number - self._numbers[split].start for split in SPLITS if number in self._numbers[split])
