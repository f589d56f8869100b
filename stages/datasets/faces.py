"""Faces: portraits of random people, rendered by ourselves; nobody real is shown, and every attribute is known."""

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
from stages.datasets.skins import list_sources as skin_sources
from stages.datasets.splits import SPLITS, Split
from stages.groom.stage import STAGE as GROOM
from stages.groom.wardrobe import build_item_source, load_catalogue, load_item
from stages.identity.stage import STAGE as IDENTITY
from stages.model.stage import STAGE as MODEL
from stages.render.portrait import PortraitStudio
from stages.texture.stage import STAGE as TEXTURE
from stages.texture.tiles import ORIGINS, SkinLibrary

PICTURES_PER_PERSON = 8
"""Pictures of one person: making somebody costs as much as taking eight."""
ITEMS_PER_SHARD = 25 * PICTURES_PER_PERSON
VERSION = 1
"""Raise it when the same seed makes other people or pictures; what the stages change is in their versions."""
COLUMNS = (
    "age_years", "gender", "tone", "monk", *ORIGINS, "muscle", "weight", "height", "hair_black", "hair_brown", "hair_blond", "hair_red",
    "hair_grey", "hair_dyed", "hair_length", "hair_curly", "bald", "eyes_brown", "eyes_green", "eyes_blue", "eyes_grey", "redness",
    "freckles", "moles", "scars", "stubble", "makeup", "lipstick", "lip_colour", "formal", *shots.COLUMNS,
)  # fmt: skip


def plan(library: SkinLibrary, *, count: int, size: int, seed: int, command: str) -> tuple[DatasetCard, tuple[Shard, ...]]:
    """What `fenshen data faces` will write: `count` pictures of count / 8 people, each person in one split only."""
    items = {
        split: range(numbers.start * PICTURES_PER_PERSON, min(numbers.stop * PICTURES_PER_PERSON, count))
        for split, numbers in split_people(count).items()
    }
    notes = (f"{-(-count // PICTURES_PER_PERSON)} people, split by person, balanced over Monk tone x age x gender", "nobody real is shown")
    made = {"faces": VERSION, "skins": SKINS} | {stage.name: stage.version for stage in (BODY, GROOM, IDENTITY, MODEL, TEXTURE)}
    card = DatasetCard("faces", "faces", size, count, COLUMNS, seed, "CC0-1.0", list_sources(library), command, versions=made, notes=notes)
    return card, plan_shards(items, ITEMS_PER_SHARD)


def split_people(count: int) -> dict[Split, range]:
    """Split -> numbers of its people, for so many pictures."""
    numbers, start = {}, 0
    for split, some in compute_split_counts(-(-count // PICTURES_PER_PERSON)).items():
        numbers[split] = range(start, start + some)
        start += some
    return numbers


def list_sources(library: SkinLibrary) -> tuple[Source, ...]:
    """Body model, skins and wardrobe."""
    worn = [
        build_item_source(load_item(slot, name))
        for slot, names in load_catalogue().items()
        if slot not in ("shoes", "hat")
        for name in names
    ]
    return merge_sources((BACKENDS.get().sources(), skin_sources(library), worn))


class FaceGenerator:
    """Makes the items of a plan; the person of the last one is kept, since the next is likely the same."""

    def __init__(self, library: SkinLibrary, studio: PortraitStudio, *, count: int, size: int, seed: int) -> None:
        self._studio, self._size, self._seed, self._seats = studio, size, seed, split_people(count)
        self._wardrobe = subjects.SubjectBuilder(library, 256 if size <= 128 else 512)
        self._number = -1

    def __call__(self, index: int) -> DatasetItem:
        """The picture of that index."""
        number, which = divmod(index, PICTURES_PER_PERSON)
        if number != self._number:
            self._prepare_subject(number)
        rng = np.random.default_rng([self._seed, 4, index])
        # Everybody shows every expression, in an order of their own.
        order = np.random.default_rng([self._seed, 5, number]).permutation(len(shots.EXPRESSIONS))
        shot = shots.sample_shot(self._sitter.skeleton, list(shots.EXPRESSIONS)[int(order[which])], rng)
        picture = self._studio.take(shot.view, self._size)
        who = self._who
        told = subjects.describe_person(who, self._told) | shots.describe_shot(shot)
        labels = {"monk": who.monk, "hair": who.hair, "hair_colour": who.hair_colour, "eyes_colour": who.eyes_colour, "outfit": who.outfit,
                  "expression": shot.expression}  # fmt: skip
        return DatasetItem(
            index, number, {name: told[name] for name in COLUMNS}, picture, captions=compose_captions(who, shot, rng), labels=labels
        )

    def _prepare_subject(self, number: int) -> None:
        from stages.render.posing import build_standing_pose

        self._who: Person = sample_person(number, self._find_index_in_split(number), self._seed)
        self._sitter, self._told = self._wardrobe.build_subject(self._who, self._seed)
        self._studio.set_subject(self._sitter, build_standing_pose(self._sitter.skeleton))
        self._number = number

    def _find_index_in_split(self, number: int) -> int:
        return next(number - self._seats[split].start for split in SPLITS if number in self._seats[split])
