"""What a description says that cannot be: contradictions, and what the wardrobe does not hold; one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stages.describe.claims import NORMAL, Reading
from stages.describe.normalise import PlainText
from stages.describe.vocabulary import MAX_AGE, MIN_AGE, VALUES
from stages.describe.wishes import Wishes

_SENTENCES = {
    "sunglasses": "{word}: the wardrobe has no dark lenses yet; a clear frame is worn",
    "hat": "{word}: the wardrobe has no such hat yet; a fedora is worn",
    "headscarf": "{word}: the wardrobe has no such thing yet; it is left out",
    "other": "{word}: the wardrobe has no such thing yet; it is left out",
    "girl": "", "boy": "",
    "teen": "{word}: the youngest age is 18",
    "curves": "",
}  # fmt: skip
_LISTED = (
    "tone",
    "build",
    "height",
    "hair_length",
    "hair_texture",
    "hair_style",
    "hair_colour",
    "eye_colour",
    "beard",
    "freckles",
    "expression",
    "face",
)


def list_remarks(reading: Reading, wishes: Wishes, attributes: Mapping[str, Any], plain: PlainText, text: str) -> tuple[str, ...]:
    """The sentences, in the order of the text."""

    def quote(start: int, end: int) -> str:
        first, last = plain.locate(start, end)
        return text[first:last]

    found = []
    for key, start, end in reading.notes:
        if sentence := _SENTENCES.get(key, ""):
            found.append(sentence.format(word=quote(start, end)))
    for overruled, counting in wishes.contradictions:
        found.append(f"{quote(overruled.start, overruled.end)} contradicts {quote(counting.start, counting.end)}, which counts")
    if wishes.age and wishes.age[0] > MAX_AGE:
        found.append(f"{quote(wishes.values['age'].start, wishes.values['age'].end)}: the oldest age is {MAX_AGE}")
    if wishes.age and wishes.age[0] < MIN_AGE <= wishes.age[1]:
        found.append(f"{quote(wishes.values['age'].start, wishes.values['age'].end)}: the youngest age is {MIN_AGE}")
    return tuple(dict.fromkeys([*found, *_list_unmet(wishes, attributes, quote)]))


def _list_unmet(wishes: Wishes, attributes: Mapping[str, Any], quote: Any) -> list[str]:
    """Wishes that the person does not have: no style is a curly braid."""
    found = []
    for name in _LISTED:
        claim = wishes.values.get(name)
        if claim and claim.rank >= NORMAL and claim.name in VALUES and attributes[name] not in claim.value.split("|"):
            found.append(
                f"{quote(claim.start, claim.end)}: no {name.replace('_', ' ')} like it goes with the rest; it is {attributes[name]}"
            )
    kind = wishes.outfit.kind
    if kind and attributes["outfit"] != kind:
        found.append(f"the outfit is {attributes['outfit']}, not {kind}")
    return found
