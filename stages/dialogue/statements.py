"""Tokens to statements: what a text says, each with its exceptions, conditions, negations and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from stages.dialogue.canonical import AUXILIARIES, DAYTIMES, PREPOSITIONS, Token, read_tokens

EXCEPTIONS = ("except", "excepting", "only", "other")
CONDITIONAL = ("except", "excepting", "only", "other", "if", "but")
BOUNDS, DIRECTIONS = frozenset({"least", "most"}), frozenset({"from", "until"})
_REACH = 5
"""Tokens from a number to the mark that is about it; in Mandarin each character is one."""


@dataclass(frozen=True)
class Number:
    """A number or time with what is said of it."""

    value: str
    relations: frozenset[str]
    """Of least, most, from and until."""
    unit: str
    """The word behind it; empty without one."""


@dataclass(frozen=True)
class Statement:
    """One statement of a text."""

    tokens: tuple[Token, ...]
    contrasts: bool = False
    """It follows a `but`: it limits the statement before it."""

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """Names of its marks in order."""
        return tuple(token.value for token in self.tokens if token.kind == "mark")

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words."""
        return frozenset(token.value for token in self.tokens if token.kind == "word")

    @cached_property
    def atoms(self) -> frozenset[str]:
        """Its words and numbers."""
        return frozenset(token.value for token in self.tokens if token.kind in ("word", "number"))

    @cached_property
    def is_negative(self) -> bool:
        """Whether what it says of its subject is negated; `only` denies it of everything else."""
        return bool((self.marks.count("not") + ("only" in self.marks)) % 2)

    @cached_property
    def has_exception(self) -> bool:
        """Whether something is excepted."""
        return any(mark in EXCEPTIONS for mark in self.marks)

    @cached_property
    def exception(self) -> frozenset[str]:
        """What is excepted, or what alone is meant."""
        return self._collect_scope(("except", "excepting", "only"))

    @cached_property
    def condition(self) -> frozenset[str]:
        """What is required."""
        return self._collect_scope(("if",))

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Its numbers and times in order."""
        return tuple(self._describe_number(at) for at, token in enumerate(self.tokens) if token.kind == "number")

    @cached_property
    def subject(self) -> frozenset[str]:
        """The words before the first mark, number or auxiliary; empty where it begins with a pronoun."""
        found = []
        for token in self.tokens:
            if token.kind in ("mark", "number", "break") or token.value in AUXILIARIES:
                break
            if token.kind == "word":
                found.append(token.value)
        return frozenset(found[:3])

    def _collect_scope(self, names: Sequence[str]) -> frozenset[str]:
        """What the first of these marks is about: what follows it up to a comma, or what stands before it at the end."""
        at = next((at for at, token in enumerate(self.tokens) if token.kind == "mark" and token.value in names), None)
        if at is None:
            return frozenset()
        behind = [] if self.tokens[at].value == "excepting" else self._read_scope(self.tokens[at + 1 :], forward=True)
        return frozenset(behind or self._read_scope(self.tokens[:at][::-1], forward=False))

    def _read_scope(self, tokens: Sequence[Token], *, forward: bool) -> list[str]:
        found: list[str] = []
        for token in tokens:
            if token.kind == "break" or (token.kind == "mark" and token.value in CONDITIONAL) or (found and token.value in AUXILIARIES):
                break
            if token.kind in ("word", "number"):
                found.append(token.value)
            elif found and not forward and token.value in PREPOSITIONS:
                break
        return found

    def _describe_number(self, at: int) -> Number:
        relations: set[str] = set()
        for step in (-1, 1):
            for place in range(at + step, at + step * _REACH, step):
                token = self.tokens[place] if 0 <= place < len(self.tokens) else Token("break", "")
                # "from" before a number is about it; behind it, about the next one, except at the end.
                if token.kind in ("break", "number"):
                    break
                if token.kind == "mark":
                    is_about = token.value in BOUNDS | DIRECTIONS and (step < 0 or self._is_last(place))
                    relations |= {token.value} if is_about and not relations & BOUNDS else set()
                    break
        rest = [token for token in self.tokens[at + 1 : at + 4] if token.kind != "stop" or token.value in PREPOSITIONS]
        unit = rest[0].value if rest and rest[0].kind == "word" else rest[1].value if _is_prepositional(rest) else ""
        return Number(self.tokens[at].value, frozenset(relations), unit)

    def _is_last(self, place: int) -> bool:
        """Whether no number follows the mark before the next comma: it is about the number before it."""
        for token in self.tokens[place + 1 :]:
            if token.kind == "number":
                return False
            if token.kind in ("break", "mark"):
                break
        return True


def _is_prepositional(rest: Sequence[Token]) -> bool:
    """`in the morning` behind a number."""
    return len(rest) > 1 and rest[0].value in PREPOSITIONS and rest[1].value in DAYTIMES


def merge(statements: Sequence[Statement]) -> Statement:
    """Several statements as one."""
    return Statement(tuple(token for statement in statements for token in statement.tokens))


@lru_cache(maxsize=256)
def read_statements(text: str, language: str) -> tuple[Statement, ...]:
    """The statements of a text: between full stops and semicolons, and at a comma where both sides stand alone."""
    found: list[Statement] = []
    for part in _split(read_tokens(text, language), ".;!?。；！？"):
        contrasts = False
        for clause in _split_at_contrast(part):
            pieces = _split_commas(clause, language)
            found += [Statement(tuple(piece), contrasts and first) for first, piece in _mark_first(pieces)]
            contrasts = True
    return tuple(statement for statement in found if statement.atoms)


def _mark_first(pieces: Sequence[Sequence[Token]]) -> list[tuple[bool, Sequence[Token]]]:
    return [(number == 0, piece) for number, piece in enumerate(pieces)]


def _split(tokens: Sequence[Token], signs: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "break" and token.value in signs:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _split_at_contrast(tokens: Sequence[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token == Token("mark", "but"):
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if any(token.kind in ("word", "number") for token in part)]


def _split_commas(tokens: Sequence[Token], language: str) -> list[list[Token]]:
    """The clauses, but a condition or exception stays with what it limits."""
    clauses: list[list[Token]] = [[]]
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        is_cut = (
            token.kind == "break"
            and token.value in ",，"
            and (language == "zh" or following in (Token("stop", "and"), Token("stop", "or")))
        )
        if is_cut:
            clauses.append([])
        else:
            clauses[-1].append(token)
    joined: list[list[Token]] = []
    for clause in (clause for clause in clauses if any(token.kind != "break" for token in clause)):
        limits = _is_limit(clause) or (bool(joined) and _is_limit(joined[-1], opening=True))
        if joined and limits:
            joined[-1] += [Token("break", ","), *clause]
        else:
            joined.append(clause)
    return joined


def _is_limit(clause: Sequence[Token], opening: bool = False) -> bool:
    """Whether the clause begins with a condition or exception, or is nothing but one."""
    names = ("if", "except", "excepting") if not opening else ("if", "except")
    marks = [at for at, token in enumerate(clause) if token.kind == "mark" and token.value in names]
    words = sum(token.kind in ("word", "number") for token in clause)
    first = next((at for at, token in enumerate(clause) if token.kind in ("word", "number")), len(clause))
    return bool(marks) and (marks[0] < first or words <= 3 or (opening and clause[-1] == Token("mark", "if")))
