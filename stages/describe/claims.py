"""Items to claims: which modifier belongs to which head, what is negated, and what each word says about the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from stages.describe.colours import CLOTH_COLOURS
from stages.describe.items import Item, split_items
from stages.describe.lexicon import Lexicon, Sense, Terms, load_lexicon
from stages.describe.negation import find_negated
from stages.describe.outfit import GarmentWish

WEAK, GUESS, PRONOUN, NORMAL, EXACT = 1.0, 1.2, 1.5, 2.0, 3.0
"""Ranks of a claim: what a word suggests, what the net makes of an unknown one, pronouns, what a word says, and numbers."""
HAIR_HEADS = frozenset({
    "hair", "curls", "waves", "tail", "bun", "braids", "bob", "fringe", "temples", "sides", "beard", "moustache", "stubble", "head",
    "brows",
})  # fmt: skip
_BEARDS = frozenset({"beard", "moustache", "stubble", "brows"})
_SKIN_HEADS = frozenset({"skin", "face", "tone", "body", "arms", "hands", "cheeks"})
_WORN = frozenset({"garment", "hat", "glasses"})
_REACH = 40
"""Items between a modifier and its head, at most."""
_OF_ANYTHING = frozenset({"small", "big", "short", "long", "heavy", "medium", "average", "middling", "messy", "oval", "thick"})
"""Concepts that are said of things as well."""
_COPULAS = frozenset({
    "is", "are", "was", "looks", "seems", "appears", "be", "that", "which", "she's", "he's", "they're", ":", "keeps", "wore", "as",
    "是", "显", "生得", "长得", "染成", "烫成", "剪成", "理成", "变成", "换成", "改成", "换", "改", "变",
})  # fmt: skip
_PRONOUNS = frozenset({"she", "her", "herself", "hers", "she's", "he", "him", "his", "himself", "he's", "她", "他", "她的", "他的"})
_ARTICLES = frozenset({"a", "an", "the", "this", "that", "一个", "一位", "个", "一名", "位", "的"})
_TRANSPARENT = ("modifier", "colour", "degree", "shade", "pattern", "fabric", "join", "neg")
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
        self.heads = [self._name_head(item) for item in items]
        self.has_own: set[int] = set()
        """Heads that a modifier before them belongs to."""
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

    def _name_head(self, item: Item) -> str:
        """hair, eyes, person, garment and so on; empty for what is no head."""
        for sense in item.senses:
            if sense.kind in ("head", "noun"):
                return sense.name
            if sense.kind == "garment":
                return "garment"
        if item.has("person") and not item.has("modifier", "colour", "neg", "scope", "stop", "join", "degree"):
            return "person"
        return "person" if item.age and not item.is_han else ""

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
        if item.has("head") and at in self.negated and item.get("head")[0].name == "hair" and at not in self.has_own:
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
        if item.has("modifier", "colour") and self._find_head(at) not in (None, -1) and self._get_head_name(at) != "person":
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

    def _get_head_name(self, at: int) -> str:
        head = self._find_head(at)
        return self.heads[head] if head is not None and head >= 0 else ""

    def _read_modifier(self, at: int, item: Item) -> bool:
        head = self._find_head(at)
        name = self.heads[head] if head is not None and head >= 0 else ""
        concept = self._pick_concept(item, name)
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
        elif name in _WORN and name not in meaning.heads:
            name = "garment"
        terms = meaning.heads.get(name, ())
        if head is not None and head >= 0 and name == "garment":
            return self._note_part(head, terms)
        if head is not None and head > at:
            self.refined.setdefault(head, set()).update(term for term, _ in terms)
        self._add_terms(at, terms, self._find_degree(at), name)
        return bool(terms)

    def _pick_concept(self, item: Item, head: str) -> str:
        """The concept that can be said of the head: a trim figure is slim, trim the beard is not."""
        concepts = [sense.name for sense in item.get("modifier")]
        return next((concept for concept in concepts if head in self.lexicon.meanings[concept].heads), concepts[0])

    def _is_of_unknown(self, at: int) -> bool:
        """Whether a word that no table has follows: a small scar is no small person."""
        after = next((item for item in self.items[at + 1 :] if not item.has("modifier", "colour", "stop")), None)
        return after is not None and (after.is_unknown or after.has("neutral")) and not after.is_han

    def _note_part(self, head: int, terms: Terms) -> bool:
        for name, value in terms:
            self.parts.setdefault(head, {})[name] = value
        return bool(terms)

    def _read_cloth(self, at: int, item: Item) -> bool:
        head = self._find_head(at)
        if head is None or head < 0:
            return False
        for sense in item.get("pattern", "fabric"):
            self.reading.colours.append((item.start, item.end, sense.name))
            self.parts.setdefault(head, {})[sense.kind] = sense.name
        return True

    def _read_colour(self, at: int, item: Item) -> bool:
        sense = item.get("colour")[0]
        head = self._find_head(at)
        name = self.heads[head] if head is not None and head >= 0 else ""
        if not name and item.text in _STANDALONE and self._find_degree(at):
            concept = _STANDALONE[item.text]  # 晒得很黑
            self._add_terms(at, self.lexicon.meanings[concept].heads["skin"], self._find_degree(at), "skin")
            return True
        if not name and (
            (item.is_han and (len(item.text) == 1 or sense.name not in ("grey", "white")))
            or sense.name not in ("blond", "red", "grey", "white", "black", "brown")
        ):
            return False
        if name in _WORN and head is not None:
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

    def _fits(self, at: int, head: int) -> bool:
        """Whether the modifier or colour can be said of this head."""
        item, name = self.items[at], self.heads[head]
        if item.has("modifier"):
            heads = self.lexicon.meanings[self._pick_concept(item, name)].heads
            if name in heads or (name in _WORN and "garment" in heads):
                return True
            if not item.has("colour"):
                return False
        if item.has("colour"):
            colour = item.get("colour")[0].name
            if name == "person":
                return colour in ("black", "white", "brown", "blond", "red", "grey") and not item.is_han
            return name in HAIR_HEADS or name in _SKIN_HEADS or name == "eyes" or name in _WORN
        return name in _WORN

    def _says_nothing(self, at: int, head: int) -> bool:
        """Whether the modifier is read and ignored of that head, as `thin hair` is."""
        item = self.items[at]
        if not item.has("modifier"):
            return False
        terms = self.lexicon.meanings[self._pick_concept(item, self.heads[head])].heads.get(self.heads[head], ())
        return all(name == "ignore" for name, _ in terms)

    def _find_head(self, at: int) -> int | None:
        """Index of the head that the item belongs to; None where there is none."""
        right = None if self._is_predicate_of_degree(at) else self._look_right(at)
        if right is not None and self._is_bound(right):
            self.has_own.add(right)
            return right
        if self._is_simile(at):
            left = self._look_left(at)[0]
            right = self._look_right(at) if left is None or self.heads[left] == "person" else None  # 像雪一样的头发
            return left if right is None else right
        left, is_close = self._look_left(at)
        if left is not None and self.heads[left] == "person" and right == at + 1 and self.heads[right] != "person":
            left = None  # of `my 奶奶: white hair` it is the hair
        if left is not None and is_close and left not in self.has_own:
            return left
        if right is not None:
            self.has_own.add(right)
            return right
        return left

    def _is_simile(self, at: int) -> bool:
        """Whether it is `like straw`, which stands after what it is said of."""
        return any(sense.name.startswith("like_") for sense in self.items[at].get("modifier"))

    def _is_predicate_of_degree(self, at: int) -> bool:
        """Whether 一点 follows a Chinese word, so that what it is said of stands before it: 矮一点 头发短一点."""
        if not self.items[at].is_han or at + 1 >= len(self.items):
            return False
        after = self.items[at + 1]
        return after.text in ("一点", "一点儿", "一点点", "一些", "些", "一丢丢") and after.start == self.items[at].end

    def _is_bound(self, at: int) -> bool:
        return any(sense.is_bound for sense in self.items[at].senses)

    def _is_of_person(self, at: int, to: int) -> bool:
        """Whether the item is in a list about the person that ends in a garment: `pale, serious, black t-shirt`."""
        between = self.items[at + 1 : to]
        return self.heads[to] in _WORN and any(k.has("modifier") and not k.has("colour", "shade", "pattern", "fabric") for k in between)

    def _look_right(self, at: int) -> int | None:
        """The next head that the item is said of, over other modifiers."""
        skipped, has_comma = 0, False
        for to in range(at + 1, min(len(self.items), at + _REACH)):
            item = self.items[to]
            if self.heads[to]:
                if self._is_bound(to):
                    if all(
                        self.items[k].has("modifier", "colour", "shade") and (self.items[k].joins_next or k == to - 1)
                        for k in range(at, to)
                    ):
                        return to
                    continue
                if self._fits(at, to) and not (has_comma and (self._says_nothing(at, to) or self._is_of_person(at, to))):
                    return to
                if self.heads[to] in _WORN or self.heads[to] == "person" or not item.age:
                    return None
            if item.age or (item.has("stop", *_TRANSPARENT) and not item.has("scope")):
                continue
            if item.is_sign and item.text in (",", "、", "/", "(", '"', "'") and self._continues_list(at, to):
                has_comma = True
                continue
            if (item.is_unknown or item.has("neutral")) and not skipped and not item.is_han:
                skipped += 1
                continue
            return None
        return None

    def _continues_list(self, at: int, comma: int) -> bool:
        """Whether a comma parts two modifiers of one head, as in `long, curly hair`."""
        before = self.items[comma - 1]
        after = self.items[comma + 1] if comma + 1 < len(self.items) else None
        return (
            before.has("modifier", "colour") and after is not None and (after.has("modifier", "colour", "degree") or after.age is not None)
        )

    def _look_left(self, at: int) -> tuple[int | None, bool]:
        """(head, whether the item is its predicate): the nearest head before the item that it can be said of."""
        is_predicate, has_article, crossed, skipped = True, False, 0, 0
        for to in range(at - 1, max(at - _REACH, -1), -1):
            item = self.items[to]
            if to in self.negated and at not in self.negated and self.heads[to] not in ("", "person", "hair", "head"):
                continue  # of `no glasses, very thin` it is the person, of 别扎辫子,散着 the hair
            if self.heads[to]:
                if (
                    self._is_bound(to)
                    or not self._fits(at, to)
                    or (crossed and (to in self.has_own or self.heads[to] in _WORN or self._says_nothing(at, to)))
                ):
                    if crossed or self.heads[to] == "person":
                        continue
                    is_predicate = False
                    continue
                is_pure = item.has("head") or any(self.items[k].text in _COPULAS for k in range(to + 1, at))
                return to, is_predicate and is_pure and not has_article and not (crossed and self._clause_has_head(at))
            if item.text in _ARTICLES and not item.is_han:
                has_article = True
            if item.has("stop", *_TRANSPARENT) or item.text in _COPULAS:
                continue
            is_skipped = not item.is_han or (self._is_simile(at) and len(item.text) == 1)  # 脑袋光得像灯泡
            if (item.is_unknown or item.has("neutral")) and is_skipped and skipped < 2:
                skipped += 1
                continue
            if item.is_sign and item.text in (",", "、") and crossed < self._count_crossable(at) and not self._clause_has_head(at):
                crossed += 1
                continue
            if item.has("scope") and item.is_han and item.text == "有":
                continue
            return None, False
        return None, False

    def _count_crossable(self, at: int) -> int:
        """How many commas the item's head may be away: a single Chinese character needs a degree or a negation, 是 looks further back."""
        item = self.items[at]
        if item.is_han and len(item.text) == 1 and not (at and self.items[at - 1].has("degree", "neg", "stop")):
            return 0
        first = next((k + 1 for k in range(at - 1, -1, -1) if self.items[k].is_sign), 0)
        return 2 if self.items[first].text in ("是", "is", "are", "was") else 1

    def _clause_has_head(self, at: int) -> bool:
        """Whether a head that is no person is in the item's clause."""
        first = next((k + 1 for k in range(at, -1, -1) if self.items[k].is_sign), 0)
        last = next((k for k in range(at, len(self.items)) if self.items[k].is_sign), len(self.items))
        return any(self.heads[k] not in ("", "person") for k in range(first, last))


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
    if head in _SKIN_HEADS or (head == "person" and sense.name in ("black", "white", "brown")):
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
