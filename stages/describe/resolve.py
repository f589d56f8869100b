"""A description in English or Chinese to a person: the fields of a spec, what the person then is, and what each word did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assets.errors import Finding, SpecError
from stages.describe.build import build_fields
from stages.describe.claims import Claim, Reading, read_claims
from stages.describe.hair import HairWish
from stages.describe.normalise import PlainText, normalise
from stages.describe.person import read_person
from stages.describe.remarks import list_remarks
from stages.describe.safety import check_text
from stages.describe.vocabulary import MAX_TEXT
from stages.describe.wishes import gather_wishes

_FIELD_NAMES = {
    "hair": "groom.hair", "beard_style": "groom.beard", "manner": "persona.manner", "rate": "voice.rate", "energy": "performance.energy",
    "wrinkles": "texture.wrinkles", "earrings": "groom.earrings", "lashes": "groom.lashes", "grey": "groom.grey", "hair_hex": "groom.hair_colour",
    "hair_shade": "groom.hair_colour", "eye_hex": "groom.eye_colour", "eye_shade": "groom.eye_colour", "origin": "body.local",
    "dye": "groom.hair_colour", "fit": "groom.pieces", "shade": "groom.pieces",
}  # fmt: skip
"""Claims that are no attributes -> the field that they decide."""


@dataclass(frozen=True)
class Word:
    """What a word or a phrase did."""

    text: str
    """As it was written."""
    start: int
    end: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Attribute -> the value that it asked for; `not VALUE` where it is negated."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The other fields that it decided."""


@dataclass(frozen=True)
class Description:
    """A person as fields of a spec."""

    text: str
    fields: dict[str, Any]
    """Dotted name -> value that the spec accepts; everything that is drawn is written out."""
    attributes: dict[str, Any]
    """The closed vocabulary: what the person is."""
    words: tuple[Word, ...] = ()
    ignored: tuple[str, ...] = ()
    """Words of content that did nothing."""
    notes: tuple[str, ...] = ()
    """Sentences: what contradicts itself, and what the wardrobe does not hold."""
    hair_wish: HairWish = HairWish()
    """Tells apart the words that fit one style: a bun is of medium or of long hair."""
    base: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The object that `fenshen describe --json` prints."""
        words = [
            {"text": one.text, "start": one.start, "end": one.end, "attributes": dict(one.attributes), "fields": dict(one.fields)}
            for one in self.words
        ]
        return {
            "fields": self.fields, "attributes": self.attributes, "words": words, "ignored": list(self.ignored), "notes": list(self.notes),
        }  # fmt: skip


def describe(text: str, *, seed: int, base: Mapping[str, Any] | None = None) -> Description:
    """The person that a text describes; the same text and seed give the same fields.

    Args:
        seed: of the avatar; what the text leaves open is drawn by it as in a spec without a text.
        base: dotted fields that were given explicitly; they win, and the attributes are of the person with them.

    Raises:
        SpecError: the text is empty or too long, names a real person, asks for nudity, or describes a child.
    """
    plain = _prepare(text)
    reading = read_claims(plain.text)
    wishes = gather_wishes(reading)
    check_text(plain.text, text, wishes)
    fixed = dict(base or {})
    fields = build_fields(wishes, seed, fixed)
    wish = wishes.build_hair_wish()
    attributes = read_person(fields, seed, wish)
    words = collect_words(reading, plain, text)
    return Description(
        text, fields, attributes, words, list_ignored(reading, plain, text),
        list_remarks(reading, wishes, attributes, plain, text), wish, fixed,
    )  # fmt: skip


def _prepare(text: str) -> PlainText:
    """The normalised text; raises SpecError for one that is empty or too long."""
    if not any(letter.isalnum() for letter in text):
        raise SpecError(Finding("describe/empty", "the description is empty", fix='write one such as "a tall woman with short red hair"'))
    if len(text) > MAX_TEXT:
        message = f"the description has {len(text)} characters, more than {MAX_TEXT}"
        raise SpecError(Finding("describe/too-long", message, fix="shorten it to what is seen of the person"))
    return normalise(text)


def collect_words(reading: Reading, plain: PlainText, text: str) -> tuple[Word, ...]:
    """What each word did, in the order of the text."""
    spans: dict[tuple[int, int], tuple[dict[str, Any], dict[str, Any]]] = {}
    for claim in reading.claims:
        attributes, fields = spans.setdefault((claim.start, claim.end), ({}, {}))
        _record(claim, attributes, fields)
    for worn in reading.garments:
        attributes, fields = spans.setdefault((worn.start, worn.end), ({}, {}))
        fields["groom.pieces"] = ("not " if worn.negated else "") + (worn.kind or "|".join(worn.wish.names))
    for start, end, name in reading.colours:
        spans.setdefault((start, end), ({}, {}))[1]["groom.pieces"] = name
    found = []
    for (start, end), (attributes, fields) in sorted(spans.items()):
        first, last = plain.locate(start, end)
        found.append(Word(text[first:last], first, last, attributes, fields))
    return tuple(found)


def _record(claim: Claim, attributes: dict[str, Any], fields: dict[str, Any]) -> None:
    value = f"not {claim.value}" if claim.negated else claim.value
    if claim.name.startswith("local."):
        fields[f"body.{claim.name}"] = value
    elif claim.name in _FIELD_NAMES:
        fields[_FIELD_NAMES[claim.name]] = value
    else:
        attributes[claim.name] = value


def list_ignored(reading: Reading, plain: PlainText, text: str) -> tuple[str, ...]:
    """The words that did nothing, as they were written."""
    spans = [plain.locate(item.start, item.end) for item in reading.unknown]
    return tuple(text[start:end] for start, end in spans)

