"""A description in English or Chinese to a person: the fields of a spec, what the person then is, and what each word did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assets.errors import Finding, SpecError
from stages.describe.build import build_fields
from stages.describe.claims import Claim, Reading, read_claims
from stages.describe.comparatives import take_comparatives
from stages.describe.edit import Steps, apply_steps, drop_hints, find_relative_years, find_steps, list_affected, merge_pieces
from stages.describe.guess import add_guesses
from stages.describe.hair import HairWish
from stages.describe.normalise import PlainText, normalise
from stages.describe.outfit import list_slots
from stages.describe.person import read_person
from stages.describe.remarks import list_remarks
from stages.describe.safety import check_text
from stages.describe.vocabulary import MAX_TEXT
from stages.describe.wishes import Wishes, gather_wishes, negate_less

_FIELD_NAMES = {
    "hair": "groom.hair", "stature": "body.height", "beard_style": "groom.beard", "manner": "persona.manner", "rate": "voice.rate",
    "energy": "performance.energy", "wrinkles": "texture.wrinkles", "earrings": "groom.earrings", "lashes": "groom.lashes",
    "grey": "groom.grey", "hair_hex": "groom.hair_colour", "hair_shade": "groom.hair_colour", "eye_hex": "groom.eye_colour",
    "eye_shade": "groom.eye_colour", "origin": "body.local", "dye": "groom.hair_colour", "fit": "groom.pieces", "shade": "groom.pieces",
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
    """Attribute -> the value that it stands for; `not VALUE` where it is negated."""
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
    hair_wish: HairWish = field(default_factory=HairWish)
    """Decides between the words that fit one style: a bun is of medium or of long hair."""
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
    reading = add_guesses(read_claims(plain.text), plain, text)
    wishes = gather_wishes(take_comparatives(negate_less(reading)))
    check_text(plain.text, text, wishes)
    fixed = dict(base or {})
    wish = wishes.build_hair_wish()
    fields = build_fields(wishes, seed, fixed, wish)
    attributes = read_person(fields, seed, wish)
    words = collect_words(reading, plain, text)
    return Description(
        text, fields, attributes, words, list_ignored(reading, plain, text),
        list_remarks(reading, wishes, attributes, plain, text), wish, fixed,
    )  # fmt: skip


def edit(description: Description, change: str, *, seed: int) -> Description:
    """The person after a change such as `older, without glasses`; what the change does not speak of stays as it is.

    Raises:
        SpecError: as `describe`.
    """
    plain = _prepare(change)
    relative = find_relative_years(plain.text, int(description.attributes["age"]))
    reading = add_guesses(read_claims(relative.text), plain, change)
    steps, rest = find_steps(drop_hints(reading))
    wishes = replace(gather_wishes(rest), contradictions=[])  # `change the beard to a moustache` is none
    check_text(plain.text, change, wishes)
    before = description.fields
    moved, hair = apply_steps(before, steps, relative.years, description.attributes)
    _take_hair_steps(wishes, steps, hair)
    affected = list_affected(wishes, bool(rest.garments))
    known = {name: value for name, value in {**before, **moved}.items() if name not in affected}
    wish = _keep_hair(wishes.build_hair_wish(), description)
    built = build_fields(wishes, seed, known, wish)
    fields = {**before, **moved, **{name: built[name] for name in affected if name in built}}
    for name in affected:
        if name not in built:
            fields.pop(name, None)
    _merge_outfit(fields, before, rest, affected)
    _merge_local(fields, before, affected)
    attributes = read_person(fields, seed, wish)
    words = (*collect_words(reading, plain, change), *_list_relative(relative, plain, change))
    ignored = tuple(word for word in list_ignored(reading, plain, change) if word.strip())
    notes = list_remarks(rest, wishes, attributes, plain, change)
    return Description(f"{description.text}; {change}", fields, attributes, words, ignored, notes, wish, description.base)


def _take_hair_steps(wishes: Wishes, steps: Sequence[Claim], hair: Mapping[str, str]) -> None:
    for name, value in hair.items():
        step = next(one for one in steps if one.name == name)
        wishes.values.setdefault(name, replace(step, value=value, degree="", negated=False))


def _keep_hair(wish: HairWish, description: Description) -> HairWish:
    """The wish, with the rest of the hair as it was."""
    if wish.is_empty:
        return description.hair_wish
    old = {name: str(description.attributes[f"hair_{name}"]) for name in ("length", "texture", "style")}
    is_new = old["length"] == "bald" and wish.length is None
    kept = {
        name: value
        for name, value in old.items()
        if getattr(wish, name) is None and value not in getattr(wish, f"not_{name}s") and not is_new
    }
    if wish.length == "bald":
        kept = {}
    return replace(
        wish, length=kept.get("length", wish.length), texture=kept.get("texture", wish.texture), style=kept.get("style", wish.style),
        kept=frozenset(kept),
    )  # fmt: skip


def _merge_outfit(fields: dict[str, Any], before: Mapping[str, Any], reading: Reading, affected: frozenset[str]) -> None:
    """Of the clothes the named ones change."""
    if "groom.pieces" not in affected or not before.get("groom.pieces"):
        return
    named = frozenset(one.wish.slot for one in reading.garments if not one.negated and one.wish.slot != "set")
    gone = {name for one in reading.garments if one.negated for name in one.wish.names}
    slots = list_slots()
    old = [piece for piece in before["groom.pieces"] if piece["garment"] not in gone]
    has_set = any(one.wish.slot == "set" and not one.negated for one in reading.garments)  # `a suit instead of the dress`
    if gone and not named and not has_set:
        fields["groom.pieces"] = old
        fields.pop("groom.outfit", None)
    elif named and fields.get("groom.pieces") and not any(one.kind for one in reading.garments):
        fields["groom.pieces"] = merge_pieces(old, fields["groom.pieces"], named, slots)


def _merge_local(fields: dict[str, Any], before: Mapping[str, Any], affected: frozenset[str]) -> None:
    """Of the local changes the new ones are added to the old ones."""
    if "body.local" in affected and before.get("body.local"):
        fields["body.local"] = {**before["body.local"], **fields.get("body.local", {})}


def _list_relative(relative: Steps, plain: PlainText, change: str) -> tuple[Word, ...]:
    if not relative.years:
        return ()
    spans = [at for at, (a, b) in enumerate(zip(plain.text, relative.text, strict=True)) if a != b]
    first, last = plain.locate(spans[0], spans[-1] + 1)
    return (Word(change[first:last], first, last, {"age": f"{relative.years:+d}"}),)


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
    if claim.name.startswith("+"):
        sign = -float(claim.value) if claim.negated else float(claim.value)
        fields[claim.name[1:]] = f"{sign:+g}"
    elif claim.name.startswith("local."):
        fields[f"body.{claim.name}"] = value
    elif claim.name in _FIELD_NAMES:
        fields[_FIELD_NAMES[claim.name]] = value
    else:
        attributes[claim.name] = value


def list_ignored(reading: Reading, plain: PlainText, text: str) -> tuple[str, ...]:
    """The words that did nothing, as they were written."""
    spans = [plain.locate(item.start, item.end) for item in reading.unknown]
    return tuple(text[start:end] for start, end in spans)
