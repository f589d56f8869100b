"""The scope of a negation: `no beard`, `without a hat or glasses`, 不胖不瘦, 没有胡子和雀斑."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stages.describe.items import Item

_WITHOUT = frozenset(
    {"without", "w/o", "minus", "sans", "free of", "lacking", "lacks", "devoid of", "neither", "without any", "remove", "removes"}
)
_SAYS_NO = ("no ", "not a ", "nothing ")
_GONE = frozenset({"off", "gone", "removed", "away"})
_CONTENT = ("noun", "garment", "head", "modifier", "colour", "person")


def find_negated(items: Sequence[Item]) -> frozenset[int]:
    """Indices of the items that a negation applies to."""
    found: set[int] = set(_find_denied(items))
    at = 0
    while at < len(items):
        if items[at].has("neg"):
            if double := _find_double(items, at):
                at = double
                continue
            start = at + 1
            is_double = start < len(items) and items[start].has("neg")
            while start < len(items) and items[start].has("neg"):
                start += 1
            end = _find_end(items, start, items[at].text)
            # `never without a hat` is a hat; 不胖不瘦 are two negations of one word each.
            if not (is_double and (start - at) % 2 == 0):
                found.update(range(start, end))
            at = max(end, start)
        else:
            at += 1
    # `ain't got no hair` says no once, in words that say it twice.
    return frozenset(at for at in found if not items[at].text.startswith(_SAYS_NO))


def _find_double(items: Sequence[Item], at: int) -> int:
    """One past the second no of `not a man who is without`, which says yes; 0 where there is none."""
    for to in range(at + 1, len(items)):
        if items[to].has("neg"):
            has_person = any(item.has("person") for item in items[at + 1 : to])
            return to + 1 if has_person and items[to].text in _WITHOUT else 0
        if not items[to].has("person", "scope", "stop") or items[to].has("modifier"):
            return 0
    return 0


def _find_denied(items: Sequence[Item]) -> Iterator[int]:
    """Nouns with a no after them, as in a form: `Glasses: no`, `beard none`."""
    for at, item in enumerate(items):
        if item.text in _GONE and at:
            # `take the glasses off`, `the glasses are gone`
            back = at - 2 if at > 1 and items[at - 1].text in ("is", "are", "was", "were") else at - 1
            if items[back].has("noun", "garment", "head") and not items[back].has("modifier"):
                yield back
        if item.has("neg") and _ends_clause(items, at):
            yield from _find_worn(items, at)
            back = at - 1
            if back > 0 and items[back].is_sign and items[back].text in (":", "?"):
                back -= 1
            if back >= 0 and items[back].has("noun", "garment", "head"):
                yield back


def _ends_clause(items: Sequence[Item], at: int) -> bool:
    """Whether nothing that could be negated follows in the clause."""
    for item in items[at + 1 :]:
        if item.is_sign:
            return True
        if (not item.has("stop") or item.has("modifier")) and not (item.has("scope") and item.is_han):
            return False
    return True


def _find_worn(items: Sequence[Item], at: int) -> Iterator[int]:
    """The glasses or hat that a 不戴 without an object is said of: 程序员都戴眼镜?他就不戴."""
    if not items[at].text.endswith(("戴", "带")):
        return
    for back in range(at - 1, max(at - 14, -1), -1):
        if any(name in ("glasses", "hat") for sense in items[back].senses for name, _ in sense.terms):
            if back == 0 or items[back - 1].text not in ("除了", "除", "除开"):
                yield back
            return


def _find_end(items: Sequence[Item], start: int, word: str) -> int:
    """One past the last item of the scope."""
    at, has_content = start, False
    while at < len(items):
        item = items[at]
        if item.has("neg") or (item.has("scope") and (has_content or at > start)):
            return at
        if item.is_sign:
            if not (has_content and item.text in ",、/" and _is_list(items, at)):
                return at
            has_content = False
        elif item.has("join"):
            if not has_content or not _continues(items, at, word):
                return at
            has_content = False
        elif has_content and not item.has("stop"):
            return at
        elif item.has("noun", "garment") or (item.has(*_CONTENT) and not _leads_to_head(items, at)):
            has_content = True
        elif (item.has("neutral") or item.is_unknown) and not item.is_han:
            has_content = at + 1 < len(items) and items[at + 1].has("join")  # `without makeup or glasses`
        at += 1
    return at


def _leads_to_head(items: Sequence[Item], at: int) -> bool:
    """Whether a modifier is followed by what it is said of: `no thick beard`."""
    for item in items[at + 1 :]:
        if item.has("noun", "garment", "head", "person") and not item.has("modifier"):
            return items[at].has("modifier", "colour")
        if not item.has("modifier", "colour", "shade", "stop", "degree"):
            return False
    return False


def _continues(items: Sequence[Item], at: int, word: str) -> bool:
    """Whether a negation reaches over `and` or `or`."""
    if items[at].get("join")[0].name in ("or", "或"):
        return True
    after = items[at + 1 : at + 4]
    if not after:
        return False
    if after[0].has("noun", "garment") or (after[0].has("head") and not after[0].has("modifier")):
        return True
    return word in _WITHOUT and after[0].text in ("a", "an", "any") and len(after) > 1 and after[1].has("noun", "garment")


def _is_list(items: Sequence[Item], comma: int) -> bool:
    """Whether nouns follow that end with `or`: `no beard, hat or glasses`; 、 always continues."""
    if items[comma].text in "、/":
        return True
    for item in items[comma + 1 :]:
        if item.has("join") and item.get("join")[0].name in ("or", "或"):
            return True
        if not (item.has("noun", "garment", "stop") or (item.is_sign and item.text == ",")):
            return False
    return False
