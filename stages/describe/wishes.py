"""Claims to wishes: which of several words counts for each attribute, and what is ruled out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stages.describe.claims import EXACT, NORMAL, WEAK, Claim, Reading, WornClaim
from stages.describe.hair import HairWish
from stages.describe.measures import classify_measured_height, classify_measured_weight
from stages.describe.outfit import OutfitWish
from stages.describe.vocabulary import VALUES

_FIRST_COUNTS = frozenset({"gender"})
"""Attributes of which the first word counts, because the subject comes first; of the others the last one does."""
_OPPOSITES: Mapping[str, Mapping[str, str]] = {
    "height": {"tall": "average", "short": "average"},
    "build": {"thin": "average", "heavy": "average", "muscular": "average"},
    "glasses": {"yes": "no", "no": "yes"}, "hat": {"yes": "no", "no": "yes"}, "freckles": {"yes": "no", "no": "yes"},
    "beard": {"beard": "none", "moustache": "none", "stubble": "none"},
    "expression": {"smile": "neutral", "serious": "neutral", "neutral": "smile"},
    "tone": {"dark": "light|medium", "light": "medium|dark", "medium": "light|dark"},
    "face": {"round": "oval", "long": "oval", "square": "oval", "oval": "round|long|square"},
    "gender": {"female": "male", "male": "female"},
}  # fmt: skip
"""What a negated value means where nothing else is said; of hair and clothes it is only ruled out."""
_NOT_AGES = {"19-29": "38-55", "66-82": "28-45", "42-56": "25-35"}
_NAMES = ("hair", "beard_style", "glasses_style")


@dataclass
class Wishes:
    """What a text asks for, one value for each name."""

    values: dict[str, Claim] = field(default_factory=dict)
    """Attribute or field -> the claim that counts."""
    excluded: dict[str, frozenset[str]] = field(default_factory=dict)
    outfit: OutfitWish = field(default_factory=OutfitWish)
    worn: list[WornClaim] = field(default_factory=list)
    """The garments that count."""
    contradictions: list[tuple[Claim, Claim]] = field(default_factory=list)
    """(overruled, counting)."""
    age: tuple[int, int] | None = None
    age_rank: float = 0.0

    def get(self, name: str) -> str | None:
        """The value of an attribute or field, or None."""
        claim = self.values.get(name)
        return claim.value if claim else None

    def get_degree(self, name: str) -> str:
        """mild, strong or empty."""
        claim = self.values.get(name)
        return claim.degree if claim else ""

    def build_hair_wish(self) -> HairWish:
        """What is said about the style of the hair."""
        length = self.get("hair_length")
        return HairWish(
            length, self.get("hair_texture"), self.get("hair_style"), self.get("hair"),
            self.excluded.get("hair_length", frozenset()), self.excluded.get("hair_texture", frozenset()),
            self.excluded.get("hair_style", frozenset()), self.excluded.get("hair", frozenset()),
        )  # fmt: skip


def negate_less(reading: Reading) -> Reading:
    """The reading of a text that changes nobody: `not so tall` is not tall."""
    claims = [replace(one, negated=True, degree="") if one.degree == "less" and one.name in _OPPOSITES else one for one in reading.claims]
    return replace(reading, claims=claims)


def gather_wishes(reading: Reading) -> Wishes:
    """One wish for each attribute."""
    wishes = Wishes()
    names = dict.fromkeys(claim.name for claim in reading.claims)
    for name in names:
        claims = [claim for claim in reading.claims if claim.name == name]
        if name == "age":
            _choose_age(wishes, claims)
        else:
            _choose(wishes, name, claims)
    _apply_measures(wishes)
    _drop_stale_styles(wishes)
    _gather_outfit(wishes, reading)
    return wishes


def _apply_measures(wishes: Wishes) -> None:
    """Centimetres and kilograms as words, where no word says it: `tall` is what the writer calls tall."""
    height, weight, gender = wishes.values.get("stature"), wishes.values.pop("mass", None), wishes.get("gender")
    metres = float(height.value) if height else None
    if height and metres and not _is_said(wishes, "height"):
        wishes.values["height"] = replace(height, name="height", value=classify_measured_height(100 * metres, gender))
    if weight and not _is_said(wishes, "build"):
        found = classify_measured_weight(float(weight.value), metres, gender)
        if found != "average":
            wishes.values["build"] = replace(weight, name="build", value=found)


def _is_said(wishes: Wishes, name: str) -> bool:
    claim = wishes.values.get(name)
    return claim is not None and claim.rank >= NORMAL and not claim.negated


def _choose(wishes: Wishes, name: str, claims: Sequence[Claim]) -> None:
    positive = [claim for claim in claims if not claim.negated]
    negative = [claim for claim in claims if claim.negated]
    if negative:
        wishes.excluded[name] = frozenset(value for claim in negative for value in claim.value.split("|"))
    if positive:
        top = max(claim.rank for claim in positive)
        best = [claim for claim in positive if claim.rank == top]
        wishes.values[name] = best[0] if name in _FIRST_COUNTS else best[-1]
        options = wishes.values[name].value.split("|")
        hints = [claim for claim in positive if claim.rank < top and claim.value in options]
        if len(options) > 1 and hints:
            wishes.values[name] = replace(wishes.values[name], value=hints[-1].value)  # dark hair and a black beard
        if name == "gender" and top < NORMAL:
            wishes.values[name] = _vote(best)
        _note_contradiction(wishes, name, best)
    elif name == "hair_length" and {"long", "short"} <= wishes.excluded.get(name, frozenset()):
        wishes.values[name] = Claim(name, "medium", negative[-1].start, negative[-1].end, NORMAL, "", True, "hair")  # 不长不短
    elif negative and name in _OPPOSITES:
        last = negative[-1]
        value = "average" if len(negative) > 1 and name in ("height", "build") else _OPPOSITES[name].get(last.value.split("|")[0])
        if value and "|" in value:
            # 不白也不黑 leaves what is between.
            value = "|".join(one for one in value.split("|") if one not in wishes.excluded[name])
        if value and last.rank > WEAK:
            wishes.values[name] = Claim(name, value, last.start, last.end, last.rank, "", True, last.head)


def _vote(claims: Sequence[Claim]) -> Claim:
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.value] = counts.get(claim.value, 0) + 1
    best = max(counts.values())
    return next(claim for claim in claims if counts[claim.value] == best)


def _note_contradiction(wishes: Wishes, name: str, best: Sequence[Claim]) -> None:
    chosen = wishes.values[name]
    if name not in VALUES or chosen.rank < NORMAL:
        return
    allowed = set(chosen.value.split("|"))
    for claim in best:
        if not allowed & set(claim.value.split("|")) and (claim.start, claim.end) != (chosen.start, chosen.end):
            wishes.contradictions.append((claim, chosen))


def _choose_age(wishes: Wishes, claims: Sequence[Claim]) -> None:
    positive = [claim for claim in claims if not claim.negated]
    if not positive:
        last = claims[-1]
        value = _NOT_AGES.get(last.value)
        positive = [Claim("age", value, last.start, last.end, last.rank, "", True)] if value else []
    if not positive:
        return
    top = max(claim.rank for claim in positive)
    best = [claim for claim in positive if claim.rank == top]
    low, high = _parse_range(best[0].value)
    wishes.values["age"] = best[0]
    for claim in best[1:] if top < EXACT else []:
        other = _parse_range(claim.value)
        if max(low, other[0]) <= min(high, other[1]):
            low, high = max(low, other[0]), min(high, other[1])
        else:
            if top >= NORMAL:
                wishes.contradictions.append((wishes.values["age"], claim))
            low, high = other
            wishes.values["age"] = claim
    wishes.age, wishes.age_rank = (low, high), top


def _parse_range(value: str) -> tuple[int, int]:
    low, _, high = value.partition("-")
    return int(low), int(high or low)


def _drop_stale_styles(wishes: Wishes) -> None:
    """A style that an overruled word named is not worn: of `braids, now a pixie cut` the braids are gone."""
    name = wishes.values.get("hair")
    for attribute in ("hair_style", "hair_length", "hair_texture"):
        claim = wishes.values.get(attribute)
        if name and claim and claim.rank > name.rank and claim.start != name.start:
            wishes.values.pop("hair", None)
            return
    bald = wishes.values.get("hair_length")
    if bald and bald.value == "bald":
        for attribute in ("hair_style", "hair_texture"):
            other = wishes.values.get(attribute)
            if other and other.rank <= bald.rank:
                wishes.values.pop(attribute)
                if other.rank >= NORMAL and other.start != bald.start:
                    wishes.contradictions.append((other, bald))


def _gather_outfit(wishes: Wishes, reading: Reading) -> None:
    outfit = wishes.outfit
    worn = [one for one in reading.garments if not one.negated]
    outfit.excluded = frozenset(name for one in reading.garments if one.negated for name in (*one.wish.names, one.kind) if name)
    wishes.worn = worn
    sets = [one for one in worn if one.kind]
    if sets:
        last = sets[-1]
        outfit.kind, outfit.uniform = last.kind, last.uniform or None
        if last.wish.slot == "set":
            outfit.colour = last.wish.colour
    outfit.garments = [one.wish for one in worn if one.wish.slot != "set"]
    claim = wishes.values.get("outfit")
    clothes = [one for one in outfit.garments if one.slot in ("top", "bottom", "dress") or (one.slot == "over" and one.names != ("tie",))]
    if claim and not sets and not clothes:
        kind, _, uniform = claim.value.partition(":")
        if kind not in outfit.excluded:
            outfit.kind, outfit.uniform = kind, uniform or None
    elif sets and outfit.kind == "uniform" and outfit.uniform == "plain" and claim and claim.value.startswith("uniform:"):
        outfit.uniform = claim.value.partition(":")[2]
