"""Items to claims: which modifier belongs to which head, what is negated, and what each word says about the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stages.describe.colours import CLOTH_COLOURS
from stages.describe.heads import SKIN_HEADS, WORN, Heads
from stages.describe.items import Item, split_items
from stages.describe.lexicon import Lexicon, Sense, Terms, load_lexicon
from stages.describe.negation import find_negated
from stages.describe.outfit import GarmentWish

WEAK, GUESS, PRONOUN, NORMAL, EXACT = 1.0, 1.2, 1.5, 2.0, 3.0
"""Ranks of a claim: what a word suggests, what the net makes of an unknown one, pronouns, what a word says, and numbers."""
_BEARDS = frozenset({"beard", "moustache", "stubble", "brows"})
_OF_ANYTHING = frozenset({"small", "big", "short", "long", "heavy", "medium", "average", "middling", "messy", "oval", "thick"})
"""Concepts that are said of things as well."""
_PRONOUNS = frozenset({"she", "her", "herself", "hers", "she's", "he", "him", "his", "himself", "he's", "她", "他", "她的", "他的"})
_STANDALONE = {
    "矮": "short",
    "高": "tall",
    "瘦": "thin",
    "胖": "fat",
    "老": "old",
    "壮": "muscular",
    "黑": "dark",
    "白": "fair",
    "秃": "bald",
    "肥": "fat",
}
"""Chinese characters that speak of the person by themselves."""
_EYES = {
    "black": "brown", "brown": "brown", "blue": "blue", "green": "green", "grey": "grey", "hazel": "hazel", "blond": "hazel",
    "yellow": "hazel",
    "white": "grey", "beige": "hazel", "orange": "hazel",
}  # fmt: skip
_HAIR = {"yellow": "blond", "orange": "red", "beige": "blond", "hazel": "brown"}
_DYES = frozenset({"blue", "green", "pink", "purple"})
_TONES = {
    "black": "dark",
    "white": "light",
    "brown": "medium",
    "yellow": "medium",
    "red": "",
    "blond": "medium",
    "beige": "medium",
    "pink": "light",
    "grey": "light",
}


@dataclass(frozen=True)
class Claim:
    """One thing that a word says."""

    name: str
    """Attribute, or a field's wish such as `hair`, `beard_style`, `local.nose-hump-incr`, `manner`."""
    value: str
    start: int
    """In the normalised text."""
    end: int
    rank: float = NORMAL
    degree: str = ""
    """mild, strong, more, less or empty."""
    negated: bool = False
    head: str = ""


@dataclass(frozen=True)
class WornClaim:
    """A garment that is worn, or is not."""

    wish: GarmentWish
    start: int
    end: int
    negated: bool = False
    kind: str = ""
    """The vocabulary's word that it asks for as a whole, and the kind of uniform."""
    uniform: str = ""


@dataclass
class Reading:
    """What a text says."""

    claims: list[Claim] = field(default_factory=list)
    garments: list[WornClaim] = field(default_factory=list)
    notes: list[tuple[str, int, int]] = field(default_factory=list)
    """(key of a remark, start, end)."""
    colours: list[tuple[int, int, str]] = field(default_factory=list)
    """(start, end, field) of the colours, patterns and cloth of what is worn."""
    unknown: list[Item] = field(default_factory=list)
    """Words of content that say nothing."""
    items: list[Item] = field(default_factory=list)
    negated: frozenset[int] = frozenset()
    """Indices of the items that a negation applies to."""


def read_claims(text: str, lexicon: Lexicon | None = None) -> Reading:
    """The claims of a normalised text."""
    return _Reader(split_items(text, lexicon or load_lexicon()), lexicon or load_lexicon()).read()


class _Reader:
    """Walks through the items once, from the left."""

    def __init__(self, items: list[Item], lexicon: Lexicon) -> None:
        self.items, self.lexicon = items, lexicon
        self.negated = find_negated(items)
        self.heads = Heads(items, lexicon, self.negated)
        self.refined: dict[int, set[str]] = {}
        """Noun -> what a modifier before it says more exactly."""
        self.parts: dict[int, dict[str, str]] = {}
        """Garment -> colour, pattern and cloth that were said of it."""
        self.reading = Reading(items=items, negated=self.negated)

    def read(self) -> Reading:
        for at, item in enumerate(self.items):
            self._read_item(at, item)
        for at, item in enumerate(self.items):
            if senses := item.get("garment"):
                self._read_garment(at, item, senses[0])
        return self.reading

    def _read_item(self, at: int, item: Item) -> None:
        if item.age:
            self._add(at, "age", f"{item.age.low}-{item.age.high}", EXACT)
            for pronoun, gender in (("her", "female"), ("his", "male")):
                if f" {pronoun} " in item.text:  # `in her sixties`
                    self._add(at, "gender", gender, PRONOUN)
            return
        self._read_pronoun(at, item)
        if item.has("garment"):
            return
        used = self._read_people(at, item) if item.has("person") else False
        if item.has("head") and at in self.negated and item.get("head")[0].name == "hair" and at not in self.heads.has_own:
            self.reading.claims.append(Claim("hair_length", "bald", item.start, item.end, head="hair"))
        if item.has("noun"):
            used = self._read_noun(at, item.get("noun")[0]) or True
        elif item.has("modifier"):
            used = self._read_modifier(at, item) or (item.has("colour") and self._read_colour(at, item)) or used
        elif item.has("colour"):
            used = self._read_colour(at, item) or used
        elif item.has("pattern", "fabric"):
            used = self._read_cloth(at, item)
        is_function = item.has("neg", "degree", "join", "scope", "stop", "head", "shade", "person") or item.is_sign
        if not used and not is_function and (item.is_unknown or item.has("neutral", "modifier", "colour", "pattern", "fabric")):
            self.reading.unknown.append(item)

    def _read_pronoun(self, at: int, item: Item) -> None:
        """The gender of `make her`, `down to his shoulders`, 给她: a pronoun inside a longer phrase."""
        words = set(item.text) if item.is_han else set(item.text.split())
        if len(words) < 2 or item.has("person"):
            return
        for gender, pronouns in (("female", {"she", "her", "she's", "她"}), ("male", {"he", "him", "his", "he's", "他"})):
            if words & pronouns:
                self.reading.claims.append(Claim("gender", gender, item.start, item.end, PRONOUN))

    def _add(self, at: int, name: str, value: str, rank: float, degree: str = "", head: str = "") -> None:
        item = self.items[at]
        # `a man who is not tall` is a man.
        is_negated = at in self.negated and (name != "gender" or self._is_right_after_negation(at))
        self.reading.claims.append(Claim(name, value, item.start, item.end, rank, degree, is_negated, head))

    def _add_terms(self, at: int, terms: Terms, degree: str = "", head: str = "") -> None:
        for name, value in terms:
            if name == "note" and at not in self.negated:
                self.reading.notes.append((value, self.items[at].start, self.items[at].end))
            if name in ("ignore", "note"):
                continue
            weak = name.startswith("~") or name.endswith("_weak")
            if weak and at in self.negated:
                continue
            rank = NORMAL if not weak else PRONOUN if self.items[at].text in _PRONOUNS else WEAK
            self._add(at, name.removeprefix("~").removesuffix("_weak"), value, rank, degree, head)

    def _is_right_after_negation(self, at: int) -> bool:
        before = next((self.items[k] for k in range(at - 1, -1, -1) if not self.items[k].has("stop")), None)
        return before is not None and before.has("neg")

    def _read_people(self, at: int, item: Item) -> bool:
        # A word that is a modifier as well says by its head which of the two it is.
        if item.has("modifier", "colour") and self.heads.find(at) not in (None, -1) and self.heads.name_of(at) != "person":
            return False
        if self._is_compared_kin(at):
            return True
        for sense in item.get("person"):
            self._add_terms(at, sense.terms, self._find_degree(at), "person")
        return True

    def _is_compared_kin(self, at: int) -> bool:
        """Whether it is somebody else: `ginger like her grandfather`."""
        before = [one.text for one in self.items[max(0, at - 2) : at]]
        is_owner = self.items[at].text.endswith("'s") and before[-1:] == ["a"]  # `short as a boy's`
        return len(before) == 2 and before[0] in ("like", "as", "than") and (before[1] in ("his", "her", "their") or is_owner)

    def _read_noun(self, at: int, sense: Sense) -> bool:
        # Of tight curls the modifier says how curly they are.
        terms = tuple(term for term in sense.terms if term[0] not in self.refined.get(at, ()))
        self._add_terms(at, terms, self._find_degree(at), sense.name)
        return True

    def _read_modifier(self, at: int, item: Item) -> bool:
        head = self.heads.find(at)
        name = self.heads.names[head] if head is not None and head >= 0 else ""
        concept = self.heads.pick_concept(item, name)
        if name in ("", "person") and any(term in ("height", "build") for sense in item.get("person") for term, _ in sense.terms):
            return True  # `lanky` says as a noun all that it says as a modifier, `bald` does not
        if item.is_han and len(item.text) == 1 and not name:
            if item.text not in _STANDALONE or not self._stands_alone(at):
                return False
            concept = _STANDALONE[item.text]
        meaning = self.lexicon.meanings[concept]
        if not name:
            if meaning.needs_head or (concept in _OF_ANYTHING and self._is_of_unknown(at)):
                return False
            name = next(iter(meaning.heads))
        elif name in WORN and name not in meaning.heads:
            name = "garment"
        terms = meaning.heads.get(name, ())
        if head is not None and head >= 0 and name == "garment":
            return self._note_part(head, terms)
        if head is not None and head > at:
            self.refined.setdefault(head, set()).update(term for term, _ in terms)
        self._add_terms(at, terms, self._find_degree(at), name)
        return bool(terms)

    def _is_of_unknown(self, at: int) -> bool:
        """Whether a word that no table has follows: a small scar is no small person."""
        after = next((item for item in self.items[at + 1 :] if not item.has("modifier", "colour", "stop")), None)
        return after is not None and (after.is_unknown or after.has("neutral")) and not after.is_han

    def _note_part(self, head: int, terms: Terms) -> bool:
        for name, value in terms:
            self.parts.setdefault(head, {})[name] = value
        return bool(terms)

    def _read_cloth(self, at: int, item: Item) -> bool:
        head = self.heads.find(at)
        if head is None or head < 0:
            return False
        for sense in item.get("pattern", "fabric"):
            self.reading.colours.append((item.start, item.end, sense.name))
            self.parts.setdefault(head, {})[sense.kind] = sense.name
        return True

    def _read_colour(self, at: int, item: Item) -> bool:
        sense = item.get("colour")[0]
        head = self.heads.find(at)
        name = self.heads.names[head] if head is not None and head >= 0 else ""
        if not name and item.text in _STANDALONE and self._find_degree(at):
            concept = _STANDALONE[item.text]  # 晒得很黑
            self._add_terms(at, self.lexicon.meanings[concept].heads["skin"], self._find_degree(at), "skin")
            return True
        if not name and (
            (item.is_han and (len(item.text) == 1 or sense.name not in ("grey", "white")))
            or sense.name not in ("blond", "red", "grey", "white", "black", "brown")
        ):
            return False
        if name in WORN and head is not None:
            return self._colour_worn(head, sense, item)
        for claim, value in _read_colour_claims(sense, name or "hair"):
            rank = WEAK + 0.5 if name in _BEARDS and claim.startswith("hair") else NORMAL
            self._add(at, claim, value, rank, "", name or "hair")
        return True

    def _colour_worn(self, head: int, sense: Sense, item: Item) -> bool:
        part = self.parts.setdefault(head, {})
        terms = dict(sense.terms)
        if "colour" not in part:
            part["colour"] = terms.get("cloth") or CLOTH_COLOURS[sense.name]
            part["shade"] = terms.get("shade", "0") if "cloth" not in terms else "0"
            self.reading.colours.append((item.start, item.end, sense.name))
        return True

    def _read_garment(self, at: int, item: Item, sense: Sense) -> None:
        terms, part = dict(sense.terms), self.parts.get(at, {})
        if sense.name == "other" and at in self.negated:
            return
        if sense.name == "other":
            self.reading.notes.append(("other", item.start, item.end))
            return
        names = () if sense.name == "set" else tuple(terms["names"].split("|"))
        colour = part.get("colour")
        if colour and part.get("shade") not in (None, "0"):
            colour = f"{colour}{part['shade']}"
        wish = GarmentWish(
            sense.name, names, item.text, colour, part.get("pattern"), part.get("fabric"), float(part["fit"]) if "fit" in part else None
        )
        if at not in self.negated and _is_womens(sense.name, names, item.text):
            self.reading.claims.append(Claim("gender", "female", item.start, item.end, WEAK))
        kind = terms["names"] if sense.name == "set" else terms.get("class", "")
        whole, _, uniform = kind.partition(":")
        self.reading.garments.append(WornClaim(wish, item.start, item.end, at in self.negated, whole, uniform))

    def _find_degree(self, at: int) -> str:
        found: list[str] = []
        for back in range(at - 1, max(at - 4, -1), -1):
            item = self.items[back]
            if item.has("degree"):
                found.append(item.get("degree")[0].name)
            elif not item.has("stop", "neg"):
                break
        # 少一点雀斑 are fewer freckles.
        return next((name for name in ("less", "more") if name in found), found[0] if found else "")

    def _stands_alone(self, at: int) -> bool:
        """Whether degree, negation or the lack of neighbours makes a single character speak of the person."""
        before = self.items[at - 1] if at else None
        after = self.items[at + 1] if at + 1 < len(self.items) else None
        if before is None or before.is_sign or before.has("degree", "neg", "join", "scope", "person"):
            return True
        return after is not None and after.has("person", "join", "degree") and not before.is_unknown


def _is_womens(slot: str, names: Sequence[str], text: str) -> bool:
    """Whether a garment suggests a woman: a dress or a skirt, no kilt or robe."""
    is_robe = any(word in text for word in ("kilt", "robe", "kurta", "tunic", "smock", "sarong", "cassock", "gown", "袍", "长衫"))
    return not is_robe and (slot == "dress" or any("skirt" in name for name in names))


def _read_colour_claims(sense: Sense, head: str) -> list[tuple[str, str]]:
    """(claim, value) of a colour said of a part of the person."""
    terms = dict(sense.terms)
    if head == "eyes":
        found = [("eye_colour", _EYES[sense.name])] if sense.name in _EYES else [("eye_hex", CLOTH_COLOURS[sense.name])]
        return [*found, *([("eye_shade", terms["shade"])] if "shade" in terms else [])]
    if head in SKIN_HEADS or (head == "person" and sense.name in ("black", "white", "brown")):
        if sense.name == "brown" and float(terms.get("shade", 0)) < 0:
            return [("tone", "dark")]
        return [("tone", _TONES[sense.name])] if _TONES.get(sense.name) else []
    if sense.name in _DYES:
        return [
            ("hair_colour", "dyed"),
            ("hair_hex", CLOTH_COLOURS[sense.name]),
            *([("hair_shade", terms["shade"])] if "shade" in terms else []),
        ]
    name = _HAIR.get(sense.name, sense.name)
    found = [("hair_colour", name)]
    if "hair" in terms:
        found.append(("hair_hex", terms["hair"]))
    elif "cloth" in terms and name == "red":
        found = [("hair_colour", "red"), ("hair_hex", "#7a2f1a,#6f2c18")]
    return found + ([("hair_shade", terms["shade"])] if "shade" in terms else [])
