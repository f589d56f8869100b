"""What the people of an identity must be, checked when the spec is read: one way to name each, and spec files without errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from assets.errors import Finding, SpecError
from assets.spec.appearance import PersonSpec
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from assets.spec.expectation import join_alternatives
from assets.spec.nodes import Loc, format_loc
from assets.spec.read import list_presets
from assets.spec.value_checks import NameChoices, SpecConstraints, suggest_name
from assets.spec.wording import quote
from stages.identity.people import locate_person, read_person

_WAYS = ("seed", "spec", "preset")


def make_people_rules(names: NameChoices) -> tuple[CrossFieldRule, ...]:
    """The rules; `names` are those that the spec files of people may hold."""
    return (CrossFieldRule(("identity.mix", "identity.child_of"), partial(_check_people, names)),)


def _check_people(names: NameChoices, spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    identity = spec.identity
    if identity.mix and identity.child_of:
        message = "identity has both mix and child_of"
        yield ("identity", "child_of"), Finding("identity/people", message, fix="keep one; a parent may be a spec with a mix of its own")
    if len(identity.child_of) == 1:
        yield ("identity", "child_of"), Finding("identity/people", "identity.child_of: expected two parents, got one", fix="add the other")
    for field, people in (("mix", identity.mix), ("child_of", identity.child_of)):
        for number, person in enumerate(people):
            yield from _check_person(("identity", field, number), person, len(people), names, folder)


def _check_person(loc: Loc, person: PersonSpec, count: int, names: NameChoices, folder: Path) -> Iterator[Problem]:
    given = [way for way in _WAYS if getattr(person, way) is not None]
    if len(given) != 1:
        message = (
            f"{format_loc(loc)}: expected one of {join_alternatives(_WAYS)}, got {join_alternatives(given, 'and') if given else 'none'}"
        )
        yield loc, Finding("identity/person", message, fix="keep exactly one" if given else "add exactly one")
        return
    if person.share is not None and (count > 1 or person.seed is None or loc[1] != "mix"):
        message = f"{format_loc(loc)}.share is for a single seed"
        yield (*loc, "share"), Finding("identity/person", message, fix="write weight, which counts among all people of the list")
    if person.preset and person.preset not in list_presets():
        # The reader finds it too where the field is written out; of equal findings one is reported.
        message = f"{format_loc((*loc, 'preset'))}: unknown preset {quote(person.preset)}"
        yield (*loc, "preset"), Finding("spec/unknown-name", message, fix=suggest_name(person.preset, list_presets()))
        return
    path = locate_person(person, folder)
    if path and path.is_file():  # a missing file is its own finding
        try:
            read_person(path, constraints=SpecConstraints(names))
        except SpecError as error:
            first, *more = error.findings
            where = f"{first.location}: ".removeprefix(f"{folder.resolve()}/") if str(first.location) else ""
            others = f" (and {len(more)} more)" if more else ""
            yield (*loc, given[0]), Finding("identity/person", f"{format_loc(loc)}: {where}{first.message}{others}", fix=first.fix)
