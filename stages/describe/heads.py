"""Heads: which noun a modifier, a colour or a pattern is said of, over the words and commas between."""

from __future__ import annotations

from stages.describe.items import Item
from stages.describe.lexicon import Lexicon

_HAIR_HEADS = frozenset({
    "hair", "curls", "waves", "tail", "bun", "braids", "bob", "fringe", "temples", "sides", "beard", "moustache", "stubble", "head",
    "brows",
})  # fmt: skip
SKIN_HEADS = frozenset({"skin", "face", "tone", "body", "arms", "hands", "cheeks"})
WORN = frozenset({"garment", "hat", "glasses"})
_REACH = 40
"""Items between a modifier and its head, at most."""
_COPULAS = frozenset({
    "is", "are", "was", "looks", "seems", "appears", "be", "that", "which", "she's", "he's", "they're", ":", "keeps", "wore", "as",
    "是", "显", "生得", "长得", "染成", "烫成", "剪成", "理成", "变成", "换成", "改成", "换", "改", "变",
})  # fmt: skip
_ARTICLES = frozenset({"a", "an", "the", "this", "that", "一个", "一位", "个", "一名", "位", "的"})
_TRANSPARENT = ("modifier", "colour", "degree", "shade", "pattern", "fabric", "join", "neg")


class Heads:
    """The heads of a text, and the search for the one that a word belongs to."""

    def __init__(self, items: list[Item], lexicon: Lexicon, negated: frozenset[int]) -> None:
        self.items, self.lexicon, self.negated = items, lexicon, negated
        self.names = [self._name(item) for item in items]
        """Of each item: hair, eyes, person, garment and so on; empty for what is no head."""
        self.has_own: set[int] = set()
        """Heads that a modifier before them belongs to."""

    def find(self, at: int) -> int | None:
        """Index of the head that the item belongs to; None where there is none."""
        right = None if self._is_predicate_of_degree(at) else self._look_right(at)
        if right is not None and self._is_bound(right):
            self.has_own.add(right)
            return right
        if self._is_simile(at):
            left = self._look_left(at)[0]
            right = self._look_right(at) if left is None or self.names[left] == "person" else None  # 像雪一样的头发
            return left if right is None else right
        left, is_close = self._look_left(at)
        if left is not None and self.names[left] == "person" and right == at + 1 and self.names[right] != "person":
            left = None  # of `my 奶奶: white hair` it is the hair
        if left is not None and is_close and left not in self.has_own:
            return left
        if right is not None:
            self.has_own.add(right)
            return right
        return left

    def name_of(self, at: int) -> str:
        head = self.find(at)
        return self.names[head] if head is not None and head >= 0 else ""

    def pick_concept(self, item: Item, head: str) -> str:
        """The concept that can be said of the head: a trim figure is slim, trim the beard is not."""
        concepts = [sense.name for sense in item.get("modifier")]
        return next((concept for concept in concepts if head in self.lexicon.meanings[concept].heads), concepts[0])

    def _name(self, item: Item) -> str:
        """hair, eyes, person, garment and so on; empty for what is no head."""
        for sense in item.senses:
            if sense.kind in ("head", "noun"):
                return sense.name
            if sense.kind == "garment":
                return "garment"
        if item.has("person") and not item.has("modifier", "colour", "neg", "scope", "stop", "join", "degree"):
            return "person"
        return "person" if item.age and not item.is_han else ""

    def _fits(self, at: int, head: int) -> bool:
        """Whether the modifier or colour can be said of this head."""
        item, name = self.items[at], self.names[head]
        if item.has("modifier"):
            heads = self.lexicon.meanings[self.pick_concept(item, name)].heads
            if name in heads or (name in WORN and "garment" in heads):
                return True
            if not item.has("colour"):
                return False
        if item.has("colour"):
            colour = item.get("colour")[0].name
            if name == "person":
                return colour in ("black", "white", "brown", "blond", "red", "grey") and not item.is_han
            return name in _HAIR_HEADS or name in SKIN_HEADS or name == "eyes" or name in WORN
        return name in WORN

    def _says_nothing(self, at: int, head: int) -> bool:
        """Whether the modifier is read and ignored of that head, as `thin hair` is."""
        item = self.items[at]
        if not item.has("modifier"):
            return False
        terms = self.lexicon.meanings[self.pick_concept(item, self.names[head])].heads.get(self.names[head], ())
        return all(name == "ignore" for name, _ in terms)

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
        return self.names[to] in WORN and any(k.has("modifier") and not k.has("colour", "shade", "pattern", "fabric") for k in between)

    def _look_right(self, at: int) -> int | None:
        """The next head that the item is said of, over other modifiers."""
        skipped, has_comma = 0, False
        for to in range(at + 1, min(len(self.items), at + _REACH)):
            item = self.items[to]
            if self.names[to]:
                if self._is_bound(to):
                    if all(
                        self.items[k].has("modifier", "colour", "shade") and (self.items[k].joins_next or k == to - 1)
                        for k in range(at, to)
                    ):
                        return to
                    continue
                if self._fits(at, to) and not (has_comma and (self._says_nothing(at, to) or self._is_of_person(at, to))):
                    return to
                if self.names[to] in WORN or self.names[to] == "person" or not item.age:
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
            if to in self.negated and at not in self.negated and self.names[to] not in ("", "person", "hair", "head"):
                continue  # of `no glasses, very thin` it is the person, of 别扎辫子,散着 the hair
            if self.names[to]:
                if (
                    self._is_bound(to)
                    or not self._fits(at, to)
                    or (crossed and (to in self.has_own or self.names[to] in WORN or self._says_nothing(at, to)))
                ):
                    if crossed or self.names[to] == "person":
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
        return any(self.names[k] not in ("", "person") for k in range(first, last))
