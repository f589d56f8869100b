"""The spec's fields by their place: which there are, and where a misplaced one belongs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from assets.spec.avatar import AvatarSpec
from assets.spec.nodes import Loc, format_loc

Path = tuple[str, ...]
"""Names from the top of the spec to a field; a list adds no name of its own: ("motion", "clips", "library")."""
_SIBLING_CUTOFF, _NESTED_CUTOFF = 0.6, 0.75
"""Similarity from which a name counts as misspelt; difflib's default, and more for a field of another section: hiar and hair reach 0.75."""
_MAX_LENGTH_DIFFERENCE = 2
"""Between a misspelt name and a field of another section: colour is as similar to eye_colour as hiar to hair, but no misspelling of it."""


def find_model(loc: Loc) -> type[BaseModel] | None:
    """The model that the fields at `loc` belong to; None where they belong to none."""
    model: type[BaseModel] | None = AvatarSpec
    for part in loc:
        if isinstance(part, int):
            continue
        if model is None or part not in model.model_fields:
            return None
        model = _find_nested_model(model.model_fields[part].annotation)
    return model


def find_field(loc: Loc) -> FieldInfo | None:
    """The field at `loc`, or for an item of a list or mapping the field that holds it."""
    for end in range(len(loc), 0, -1):
        model, name = find_model(loc[: end - 1]), loc[end - 1]
        if model is not None and isinstance(name, str):
            return _get_fields(model).get(name)
    return None


def list_fields(loc: Loc) -> list[str]:
    """Names of the fields of the section at `loc`; none where it is no section."""
    model = find_model(loc)
    return list(_get_fields(model)) if model else []


def suggest_field(loc: Loc, value: str) -> str:
    """What to do about an unknown field: where one of that name belongs, else the nearest name, else the known ones.

    Args:
        value: the field's value as YAML, for an example; empty where it is long.
    """
    name, siblings = str(loc[-1]), list_fields(loc[:-1])
    if _normalise(name) in siblings:
        return f"did you mean {_normalise(name)}?"
    here = tuple(part for part in loc[:-1] if isinstance(part, str))
    every = [path for path in _list_paths() if path[:-1] != here]
    if homes := [path for path in every if path[-1] == _normalise(name)]:
        return _suggest_home(homes, value)
    near = _find_nearest(name, {sibling: sibling for sibling in siblings}, _SIBLING_CUTOFF)
    elsewhere = {path[-1]: format_loc(path) for path in reversed(every) if abs(len(path[-1]) - len(name)) <= _MAX_LENGTH_DIFFERENCE}
    nested = _find_nearest(name, elsewhere, _NESTED_CUTOFF)
    # A field of the same section wins a tie: a typing error is likelier than one in a wrong place.
    best = max((near, nested), key=lambda found: found[0])
    return f"did you mean {best[1]}?" if best[1] else f"known here: {', '.join(siblings)}"


def _suggest_home(homes: list[Path], value: str) -> str:
    # A printed picture's licence is seldom what a licence at the top level is meant to be.
    homes = [path for path in homes if len(path) == min(map(len, homes))]
    name = homes[0][-1]
    if homes[0] == (name,):
        return f"{name} belongs at the top level: write it without indentation"
    sections = [format_loc(path[:-1]) or "the top level" for path in homes]
    if len(homes) > 1:
        return f"{name} belongs under {', '.join(sections[:-1])} or {sections[-1]}"
    return f"{name} belongs under {sections[0]}: write `{_write_path(homes[0], value or '...')}`"


def _write_path(path: Path, value: str) -> str:
    """`motion: {clips: [{library: wave}]}`"""
    text = f"{path[-1]}: {value}"
    for end in range(len(path) - 1, 0, -1):
        field = find_field(path[:end])
        inner = f"{{{text}}}"
        text = f"{path[end - 1]}: [{inner}]" if field and _is_list(field.annotation) else f"{path[end - 1]}: {inner}"
    return text


def _find_nearest(name: str, shown: dict[str, str], cutoff: float) -> tuple[float, str]:
    """(similarity, what to show) of the most similar key; (0, "") where none is similar enough."""
    scores = {key: difflib.SequenceMatcher(None, _normalise(name), key).ratio() for key in shown}
    best = max(scores, key=lambda key: scores[key], default="")
    return (scores[best], shown[best]) if best and scores[best] >= cutoff else (0.0, "")


def _normalise(name: str) -> str:
    """The name in the spelling of the spec: lowercase letters, underscores, British."""
    return name.strip().lower().replace("-", "_").replace("color", "colour").replace("license", "licence")


def _list_paths(model: type[BaseModel] = AvatarSpec, above: Path = ()) -> Iterator[Path]:
    """The path of every field."""
    for name, field in _get_fields(model).items():
        yield (*above, name)
        if nested := _find_nested_model(field.annotation):
            yield from _list_paths(nested, (*above, name))


def _get_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the names that a spec writes."""
    return {field.alias or key: field for key, field in model.model_fields.items()}


def _find_nested_model(annotation: Any) -> type[BaseModel] | None:
    return next((part for part in (annotation, *get_args(annotation)) if isinstance(part, type) and issubclass(part, BaseModel)), None)


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is tuple
