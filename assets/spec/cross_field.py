"""What of a spec must go together across its sections; the stages know the rules, this asks them.

A rule is asked although something else is wrong, but never about a field that is: its default would be judged in its place.
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
    """One thing that must hold between fields."""

    reads: tuple[str, ...]
    """Dotted fields that it looks at."""
    find_violations: Callable[[AvatarSpec, Path], Iterable[Problem]]
    """(loc, finding without a place) of what does not hold in a spec that lies in this folder."""


def check_rules(rules: Iterable[CrossFieldRule], value: Any, wrong: Sequence[Loc], folder: Path) -> Iterator[Problem]:
    """What the rules say of plain values.

    Args:
        wrong: where a value is not what its field takes.
    """
    spec = _drop_wrong_fields(value, wrong)
    for rule in rules:
        if not any(_is_same_branch(read.split("."), loc) for read in rule.reads for loc in wrong):
            yield from rule.find_violations(spec, folder)


def _drop_wrong_fields(value: Any, wrong: Sequence[Loc]) -> AvatarSpec:
    """The spec with each wrong field left out."""
    sound = {key: dict(item) if isinstance(item, dict) else item for key, item in value.items()} if isinstance(value, dict) else {}
    for section, *rest in wrong:
        holder, key = (sound.get(str(section)), rest[0]) if rest else (sound, section)
        if isinstance(holder, dict):
            holder.pop(key, None)
    return AvatarSpec.model_validate({"name": "unread", **sound})


def _is_same_branch(read: Sequence[str], loc: Loc) -> bool:
    return all(one == other for one, other in zip(read, loc, strict=False))
