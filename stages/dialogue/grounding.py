"""Checks that facts support a text: nothing that matters is changed, added or dropped.

Each statement of the text must say nothing that a fact does not: its words and names, its numbers, times and prices with their units and
bounds, its negations, exceptions, conditions, duties and permissions; and the text must be near a fact in meaning, by an embedding.
In doubt it is refused.
Only the similarity is fitted, on tests/data/grounding/tuning_*.yaml; `python -m bench.grounding` prints how often the check errs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import combinations, pairwise

from stages.dialogue.canonical import CHINESE_PLEASANTRIES, PLEASANTRIES, Token, find_form
from stages.dialogue.statements import BOUNDS, DIRECTIONS, Statement, merge, read_statements

ALLOWED_CHARACTERS = re.compile(r"[\w\s.,;:!?'’\"“”()\-–—、。，！？；：（）《》「」€$£¥%°/]*")
MIN_KEPT_SHARE = 0.6
"""Least share of a fact's words that a rewording of the whole fact must keep."""
MIN_SCOPE_SHARE = 0.6
"""Least share of the words of an exception or condition by which it is recognised."""
MIN_ORDERED_SHARE = (0.4, 0.6)
"""Least share of the words of a statement about one fact, or several, that must be in their order."""
MIN_MERGED_SHARE = 0.5
"""Least share of each fact's words that a statement about several facts has."""
MIN_SIMILARITY = {"en": 0.86, "zh": 0.92}
"""Least cosine of a text to the nearest fact by e5: of the fair paraphrases in the tuning set the least have 0.876 and 0.949, and half of
its sentences are below 0.85 and 0.90 to every fact of another trade."""
CLOSED, OPEN = frozenset({"clos", "闭"}), frozenset({"open", "开", "放"})
_FILLERS = frozenset(map(find_form, PLEASANTRIES)) | CHINESE_PLEASANTRIES


def find_fault(text: str, facts: Sequence[str], language: str) -> str:
    """Why the facts do not support the text, in one clause; empty where they do.

    Args:
        facts: each a text by itself; no statement may mix two of them.
    """
    if not text.strip():
        return "it says nothing"
    if not ALLOWED_CHARACTERS.fullmatch(text):
        return "it has a character that no line has"
    if "?" in text or "？" in text:
        return "it asks a question"
    known = [read_statements(fact, language) for fact in facts]
    said = [statement for statement in read_statements(text, language) if statement.atoms - _FILLERS]
    if not said:
        return "it says nothing"
    for statement in said:
        faults = [_find_statement_fault(statement, said, statements) for statements in known]
        if all(faults):
            return min(faults, key=len)
    return "" if is_near(text, facts, language) else "it is about something else"


def is_faithful(text: str, fact: str, language: str = "en") -> bool:
    """True if the fact supports the text, and the text keeps the fact's numbers and most of its words: it may be spoken in its place."""
    return not find_fault(text, (fact,), language) and not find_loss(text, fact, language)


def find_loss(text: str, fact: str, language: str) -> str:
    """What a rewording of the whole fact has lost, in one clause; empty where it keeps what matters."""
    if len(text) > 2 * len(fact) + 40:
        return "it is more than twice as long as the fact"
    one, other = merge(read_statements(text, language)), merge(read_statements(fact, language))
    values = {number.value for number in one.numbers}
    if lost := next((number.value for number in other.numbers if number.value not in values), ""):
        return f"it drops {lost}"
    if len(one.words & other.words) < MIN_KEPT_SHARE * len(other.words):
        return "it drops most of the fact"
    return ""


def is_near(text: str, facts: Sequence[str], language: str) -> bool:
    """Whether the text means about what one of the facts does; true where no encoder is installed."""
    from stages.dialogue import e5
    from stages.dialogue.vector_cache import encode_texts

    if e5.unavailable_reason():
        return True
    vectors = encode_texts(e5.load_e5(), [text, *facts, " ".join(facts)], questions=False)
    return float((vectors[1:] @ vectors[0]).max()) >= MIN_SIMILARITY[language]


def _find_statement_fault(said: Statement, text: Sequence[Statement], facts: Sequence[Statement]) -> str:
    """The fault against the statement of one fact, or the few of them together, that fits best."""
    said = _read_closed(said, facts)
    singles = [(fact,) for fact in facts]
    pairs = [pair for size in (2, 3) for pair in combinations(facts, size)]
    faults = []
    for group in [*singles, *pairs]:
        if len(group) > 1 and not all(_covers(said, fact) for fact in group):
            continue
        fault = _compare(said, group, text) or _find_lost_contrast(group, facts, text)
        if not fault:
            return ""
        faults.append((len(said.atoms & merge(group).atoms), fault))
    return max(faults, key=lambda row: row[0])[1]


def _covers(said: Statement, fact: Statement) -> bool:
    """Whether a statement about several facts is about this one too: with its numbers and a good part of its words."""
    values = {number.value for number in said.numbers}
    return len(said.atoms & fact.atoms) >= MIN_MERGED_SHARE * len(fact.atoms) and all(n.value in values for n in fact.numbers)


def _read_closed(said: Statement, facts: Sequence[Statement]) -> Statement:
    """`closed` as `not open` where the fact speaks of opening alone."""
    whole = merge(facts).atoms
    if not said.atoms & CLOSED or whole & CLOSED or not whole & OPEN:
        return said
    tokens: list[Token] = []
    for token in said.tokens:
        if token.value in CLOSED:
            tokens += [Token("mark", "not"), *(Token("word", word) for word in sorted(whole & OPEN))]
        else:
            tokens.append(token)
    return Statement(tuple(tokens), said.contrasts)


def _compare(said: Statement, group: Sequence[Statement], text: Sequence[Statement]) -> str:
    fact = merge(group)
    if novel := sorted(said.atoms - fact.atoms - _FILLERS):
        return f"it says {novel[0]!r}, and the fact does not"
    if fact.subject and not fact.subject & said.atoms:
        return "it drops of whom or what the fact speaks"
    return (
        _compare_numbers(said, fact)
        or _find_lost_limit(said, group, text)
        or _compare_logic(said, group, text)
        or _compare_modality(said, fact)
        or _compare_form(said, group)
    )


def _compare_numbers(said: Statement, fact: Statement) -> str:
    for number in said.numbers:
        same = [known for known in fact.numbers if known.value == number.value]
        if not any(_agree(number.relations, known.relations) for known in same):
            return f"it changes what is said of {number.value}"
        units = {known.unit for known in same}
        if number.unit and "" not in units and number.unit not in units:
            return f"it changes the unit of {number.value}"
    return ""


def _find_lost_limit(said: Statement, group: Sequence[Statement], text: Sequence[Statement]) -> str:
    """A bound or time of a fact that the text speaks of, which the text leaves out."""
    values = {number.value for statement in text for number in statement.numbers}
    meant = [fact for fact in group if len(group) == 1 or len(said.atoms & fact.atoms) >= MIN_SCOPE_SHARE * len(fact.atoms)]
    lost = (number.value for fact in meant for number in fact.numbers if number.relations and number.value not in values)
    return next((f"it drops the limit {value}" for value in lost), "")


def _agree(one: frozenset[str], other: frozenset[str]) -> bool:
    directions = one & DIRECTIONS, other & DIRECTIONS
    return one & BOUNDS == other & BOUNDS and (not all(directions) or bool(directions[0] & directions[1]))


def _compare_logic(said: Statement, group: Sequence[Statement], text: Sequence[Statement]) -> str:
    everything, fact = merge(text), merge(group)
    # Each of several facts has its own negation; two of them do not cancel out.
    parts = (fact,) if said.has_exception else group
    same = all(said.is_negative == part.is_negative for part in parts)
    if said.has_exception:
        if not fact.has_exception:
            return "it adds an exception"
        if said.exception and fact.exception and not said.exception & fact.exception:
            return "it excepts something else"
        if not same:
            return "it turns the exception around"
    elif fact.has_exception:
        if len(group) > 1:
            return "it mixes an exception with something else"
        if fact.exception and _mentions(said, fact.exception) and len(fact.atoms) > len(fact.exception):
            if same:
                return "it denies the exception"
        elif not same:
            return "it turns a negation around"
        elif not (fact.exception and _mentions(everything, fact.exception)):
            return "it drops an exception"
    elif not same:
        return "it turns a negation around"
    if fact.condition and not (_mentions(everything, fact.condition) and ("if" in everything.marks or everything.has_exception)):
        return "it drops a condition"
    return ""


def _compare_modality(said: Statement, fact: Statement) -> str:
    if "may" in said.marks and "must" in fact.marks and not {"may", "not"} & set(fact.marks):
        return "it makes a duty a permission"
    if "must" in said.marks and not {"must", "only", "if", "least", "except"} & set(fact.marks):
        return "it adds a duty"
    if "all" in said.marks and "all" not in fact.marks and not fact.has_exception and "not" not in fact.marks:
        return "it speaks of all, and the fact does not"
    return "it speaks of some, and the fact does not" if "some" in said.marks and "some" not in fact.marks else ""


def _compare_form(said: Statement, group: Sequence[Statement]) -> str:
    """Whether it is more than a few words, in an order near the facts': the order says who does what to whom."""
    fact = merge(group)
    if len(said.atoms) < min(2 if said.numbers else 3, len(fact.atoms)):
        return "it is no sentence"
    one, other = ([t.value for t in s.tokens if t.kind in ("word", "number") and t.value in fact.atoms] for s in (said, fact))
    kept = sum(block.size for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks())
    return "it turns the order around" if kept < MIN_ORDERED_SHARE[len(group) > 1] * len(one) else ""


def _mentions(statement: Statement, scope: frozenset[str]) -> bool:
    return len(statement.atoms & scope) >= MIN_SCOPE_SHARE * len(scope)


def _find_lost_contrast(group: Sequence[Statement], facts: Sequence[Statement], text: Sequence[Statement]) -> str:
    """A `but` after one of these statements of which the text says nothing."""
    everything = merge(text)
    for before, after in pairwise(facts):
        if after.contrasts and before in group and after not in group and not _mentions(everything, after.atoms):
            return "it drops what follows a but"
    return ""
