"""Rules between fields of different sections; the stages define them, and they are checked when the spec is read.

A rule is checked although something else in the spec is wrong, but not where one of its own fields is: it would judge the default instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.errors import Finding
from assets.spec.avatar import AvatarSpec
from assets.spec.nodes import Loc

Problem = tuple[Loc, Finding]


@dataclass(frozen=True)
class CrossFieldRule:
    """One condition on several fields."""

    reads: tuple[str, ...]
    """Dotted names of the fields that it reads."""
    find_violations: Callable[[AvatarSpec, Path], Iterable[Problem]]
    """(spec, its folder) -> (loc, finding without a location) of each violation."""


def check_rules(rules: Iterable[CrossFieldRule], value: Any, wrong: Sequence[Loc], folder: Path) -> Iterator[Problem]:
    """Violations of the rules in plain values.

    Args:
        wrong: places of values that their fields do not accept.
    """
    spec = _drop_wrong_fields(value, wrong)
    for rule in rules:
        if not any(_is_same_branch(read.split("."), loc) for read in rule.reads for loc in wrong):
            yield from rule.find_violations(spec, folder)


def _drop_wrong_fields(value: Any, wrong: Sequence[Loc]) -> AvatarSpec:
    """The spec with the default in place of each wrong field."""
    valid = {key: dict(item) if isinstance(item, dict) else item for key, item in value.items()} if isinstance(value, dict) else {}
    for section, *rest in wrong:
        holder, key = (valid.get(str(section)), rest[0]) if rest else (valid, section)
        if isinstance(holder, dict):
            holder.pop(key, None)
    return AvatarSpec.model_validate({"name": "unread", **valid})


def _is_same_branch(read: Sequence[str], loc: Loc) -> bool:
    return all(one == other for one, other in zip(read, loc, strict=False))
