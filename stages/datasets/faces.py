"""Faces: portraits of random people, rendered by ourselves; nobody real is shown, and every attribute is known."""

from __future__ import annotations

import numpy as np

from assets.rights import Source, merged
from stages.body.stage import BACKENDS
from stages.body.stage import STAGE as BODY
from stages.datasets import shots, subjects
from stages.datasets.captions import captions
from stages.datasets.people import Person, person
from stages.datasets.shards import Card, Item, Shard, planned, shares
from stages.datasets.skins import VERSION as SKINS
from stages.datasets.skins import sources as skin_sources
from stages.datasets.splits import SPLITS, Split
from stages.groom.stage import STAGE as GROOM
from stages.groom.wardrobe import catalogue, item, source
from stages.identity.stage import STAGE as IDENTITY
from stages.model.stage import STAGE as MODEL
from stages.render.portrait import Portraits
from stages.texture.stage import STAGE as TEXTURE
from stages.texture.tiles import ORIGINS, SkinLibrary

EACH = 8
"""Pictures of one person: making somebody costs as much as taking eight."""
SHARD = 25 * EACH
VERSION = 1
"""Raise it when the same seed makes other people or pictures; what the stages change is in their versions."""
COLUMNS = (
    "age_years", "gender", "tone", "monk", *ORIGINS, "muscle", "weight", "height", "hair_black", "hair_brown", "hair_blond", "hair_red",
    "hair_grey", "hair_dyed", "hair_length", "hair_curly", "bald", "eyes_brown", "eyes_green", "eyes_blue", "eyes_grey", "redness",
    "freckles", "moles", "scars", "stubble", "makeup", "lipstick", "lip_colour", "formal", *shots.COLUMNS,
)  # fmt: skip


def plan(library: SkinLibrary, *, count: int, size: int, seed: int, command: str) -> tuple[Card, tuple[Shard, ...]]:
    """What `fenshen data faces` will write: `count` pictures of count / 8 people, each person in one split only."""
    items = {split: range(numbers.start * EACH, min(numbers.stop * EACH, count)) for split, numbers in seats(count).items()}
    notes = (f"{-(-count // EACH)} people, split by person, balanced over Monk tone x age x gender", "nobody real is shown")
    made = {"faces": VERSION, "skins": SKINS} | {stage.name: stage.version for stage in (BODY, GROOM, IDENTITY, MODEL, TEXTURE)}
    card = Card("faces", "faces", size, count, COLUMNS, seed, "CC0-1.0", sources(library), command, versions=made, notes=notes)
    return card, planned(items, SHARD)


def seats(count: int) -> dict[Split, range]:
    """Split -> numbers of its people, for so many pictures."""
    numbers, start = {}, 0
    for split, some in shares(-(-count // EACH)).items():
        numbers[split] = range(start, start + some)
        start += some
    return numbers


def sources(library: SkinLibrary) -> tuple[Source, ...]:
    """Body model, skins and wardrobe."""
    worn = [source(item(slot, name)) for slot, names in catalogue().items() if slot not in ("shoes", "hat") for name in names]
    return merged((BACKENDS.get().sources(), skin_sources(library), worn))


class Faces:
    """Makes the items of a plan; the person of the last one is kept, since the next is likely the same."""

    def __init__(self, library: SkinLibrary, studio: Portraits, *, count: int, size: int, seed: int) -> None:
        self._studio, self._size, self._seed, self._seats = studio, size, seed, seats(count)
        self._wardrobe = subjects.Wardrobe(library, 256 if size <= 128 else 512)
        self._number = -1

    def __call__(self, index: int) -> Item:
        """The picture of that index."""
        number, which = divmod(index, EACH)
        if number != self._number:
            self._invite(number)
        rng = np.random.default_rng([self._seed, 4, index])
        # Everybody shows every expression, in an order of their own.
        order = np.random.default_rng([self._seed, 5, number]).permutation(len(shots.EXPRESSIONS))
        shot = shots.taken(self._sitter.skeleton, list(shots.EXPRESSIONS)[int(order[which])], rng)
        picture = self._studio.take(shot.view, self._size)
        who = self._who
        told = subjects.describe(who, self._told) | shots.describe(shot)
        labels = {"monk": who.monk, "hair": who.hair, "hair_colour": who.hair_colour, "eyes_colour": who.eyes_colour, "outfit": who.outfit,
                  "expression": shot.expression}  # fmt: skip
        return Item(index, number, {name: told[name] for name in COLUMNS}, picture, captions=captions(who, shot, rng), labels=labels)

    def _invite(self, number: int) -> None:
        from stages.render.posing import standing

        self._who: Person = person(number, self._place(number), self._seed)
        self._sitter, self._told = self._wardrobe.sitter(self._who, self._seed)
        self._studio.seat(self._sitter, standing(self._sitter.skeleton))
        self._number = number

    def _place(self, number: int) -> int:
        return next(number - self._seats[split].start for split in SPLITS if number in self._seats[split])
