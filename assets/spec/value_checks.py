"""What a spec's fields must hold beyond their types: files that exist, names that are known, words that can be spoken.

The checks read plain values, not the model, so that a wrong type elsewhere hides nothing.
"""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from assets.errors import Finding
from assets.paths import find_existing_form
from assets.portable_names import is_device_name
from assets.spec.appearance import SPEC_SUFFIXES
from assets.spec.cross_field import CrossFieldRule, Problem, check_rules
from assets.spec.expectation import join_alternatives
from assets.spec.nodes import Loc, find_matches, format_loc
from assets.spec.wording import is_null_word, quote, shorten
from assets.speech_marks import find_wrong_mark, strip_marks

NameChoices = Mapping[str, Callable[[], Iterable[str] | None]]
"""Dotted pattern -> the valid names, None where they are not known; a pattern that ends in `.*` is about a mapping's keys."""
PERSON_FIELDS = ("identity.mix", "identity.mix.*", "identity.child_of.*")
"""Fields where a word with the ending of a spec is a file, and any other a preset."""
FILE_FIELDS = (
    "motion.clips.*.video", "motion.clips.*.bvh", "rights.consent", "groom.pieces.*.print.picture", "persona.knowledge.*.file",
    *PERSON_FIELDS, *(f"{field}.spec" for field in PERSON_FIELDS),
)  # fmt: skip
FOLDER_FIELDS = ("voice.model", "persona.model", "persona.encoder")
MODEL_ID_FIELDS = ("persona.model", "persona.encoder")
"""Fields where a name that is no path and no folder is a model's id."""
SPOKEN_CLIP_PREFIX = "say_"
"""Prefix of the clips of spoken lines, whose names the user may not take."""
_CLIP_SOURCES = ("library", "video", "bvh")
_NOUNS = {
    "backend": "backend", "axes": "axis", "library": "clip", "local": "body change", "garment": "garment", "fabric": "fabric",
    "pattern": "pattern", "preset": "preset",
}  # fmt: skip
"""Last part of a field's name -> what its names are; a piece of the wardrobe elsewhere."""
_MOST_NAMES = 20
"""Names of a list in one sentence; an editor with the schema shows all."""
_OWN_FIELDS = {
    "identity.axes.*": {
        "age": "identity.age", "gender": "identity.gender", "variety": "identity.variety", "height": "body.height", "weight": "body.weight",
        "muscle": "body.muscle", "proportions": "body.proportions", "freckles": "texture.freckles", "wrinkles": "texture.wrinkles",
    },
}  # fmt: skip
"""Pattern -> names that are fields of their own elsewhere."""
_OPENED = ("picture", "file")
"""Last parts of fields whose files rules open."""
_SPOKEN_FIELDS = ("persona.greeting", "persona.fallback", "persona.facts.*.say", "persona.lines.*")
_SCRIPTS = {"en": ("LATIN", "an English", "zh"), "zh": ("CJK", "a Mandarin", "en")}


@dataclass(frozen=True)
class SpecConstraints:
    """What only the stages know about a spec."""

    names: NameChoices = field(default_factory=dict)
    rules: tuple[CrossFieldRule, ...] = ()


def find_problems(
    value: Any, folder: Path, *, allow_outside: bool, constraints: SpecConstraints, wrong: Sequence[Loc] = ()
) -> Iterator[Problem]:
    """Every (loc, finding without a location) of plain values.

    Args:
        folder: folder of the spec; paths are relative to it.
        allow_outside: files may be outside of it.
        wrong: places of values that their fields do not accept.
    """
    paths = list(_check_paths(value, folder, allow_outside))
    # Rules open pictures of prints, documents and the files of a model's folder: nothing outside, no pipe, nothing of another kind.
    refused = [*wrong, *(loc for loc, _ in paths if loc[-1] in _OPENED or format_loc(loc) in FOLDER_FIELDS or loc[0] == "identity")]
    every = (
        paths, _check_clip_sources(value, wrong), _check_clip_names(value),
        _check_names(value, constraints.names), _check_speakable(value), _check_marks(value),
        check_rules(constraints.rules, value, refused, folder),
    )  # fmt: skip
    for loc, finding in chain.from_iterable(every):
        yield loc, replace(finding, fix=_suggest_omission(finding.fix)) if is_null_word(_get_value(value, loc)) else finding


def _suggest_omission(fix: str) -> str:
    """What to do about a word such as None."""
    return "leave the line out to take the default" + (", or write none for no item" if "none" in fix else "")


def _get_value(value: Any, loc: Loc) -> Any:
    """The value at a place; None where the spec has none."""
    for part in loc:
        value = value.get(part) if isinstance(value, dict) else value[part] if isinstance(value, list) and isinstance(part, int) else None
    return value


def _find_field_values(value: Any, pattern: str) -> Iterator[tuple[Loc, Any]]:
    return find_matches(value, tuple(pattern.split(".")))


def _check_paths(value: Any, folder: Path, allow_outside: bool) -> Iterator[Problem]:
    for pattern in (*FILE_FIELDS, *FOLDER_FIELDS):
        for loc, written in _find_field_values(value, pattern):
            if not isinstance(written, str) or not written:
                continue
            if pattern in PERSON_FIELDS and not written.lower().endswith(SPEC_SUFFIXES):
                continue
            # os.path.realpath and not Path.resolve, which raises at links that lead to one another.
            target = Path(os.path.realpath(find_existing_form(folder / written)))
            # os.path and not Path, which raises where a name is too long for a file.
            if pattern in MODEL_ID_FIELDS and not (written.startswith((".", "/")) or os.path.isdir(target)):
                continue
            kind = "file" if pattern in FILE_FIELDS else "folder"
            if not allow_outside and not target.is_relative_to(folder):
                fix = f"move the {kind} into it, or pass --allow-outside"
                yield loc, Finding("spec/path-escape", f"{format_loc(loc)}: {shorten(written)} is outside the spec's folder", fix=fix)
            elif not (os.path.isfile(target) if kind == "file" else os.path.isdir(target)):
                message = f"{format_loc(loc)}: there is no {kind} {shorten(written)}"
                yield loc, Finding(f"spec/no-such-{kind}", message, fix=_suggest_path(written, target))
            elif kind == "folder" and (finding := _check_folder(target, folder, format_loc(loc), allow_outside)):
                yield loc, finding


def _check_folder(model: Path, folder: Path, field_name: str, allow_outside: bool) -> Finding | None:
    """The finding for the first entry of a model's folder, at any depth, that is no file: a pipe would be waited for for ever."""
    for parent, _, names in os.walk(model):
        for path in (Path(parent, name) for name in sorted(names)):
            target, shown = Path(os.path.realpath(path)), shorten(path.relative_to(model).as_posix())
            if not allow_outside and path.is_symlink() and not target.is_relative_to(folder):
                message = f"{field_name}: {shown} is a link to a place outside the spec's folder"
                return Finding("spec/path-escape", message, fix="copy the file into the model's folder, or pass --allow-outside")
            if not os.path.isfile(target):
                return Finding("spec/no-such-file", f"{field_name}: {shown} is not a file", fix="remove it from the model's folder")
    return None


def _suggest_path(written: str, target: Path) -> str:
    """The nearest name in the folder, where there is one."""
    if "\\" in written or not written.isprintable():  # in double quotes, \n of clips\new.mp4 is a line break
        return "write / and not \\ between folders"
    if os.path.lexists(target):
        return "something else is in its place: a pipe, a broken link, a file or a folder"
    try:
        names = {name.lower(): name for name in os.listdir(target.parent)}
    except OSError:
        names = {}
    near = difflib.get_close_matches(target.name.lower(), names, 1, 0.8)
    return f"did you mean {Path(written).with_name(names[near[0]])}?" if near else "paths are relative to the spec's folder"


def _check_clip_sources(value: Any, wrong: Sequence[Loc]) -> Iterator[Problem]:
    for loc, clip in _find_field_values(value, "motion.clips.*"):
        if not isinstance(clip, dict):
            continue
        given = [kind for kind in _CLIP_SOURCES if clip.get(kind) or (*loc, kind) in wrong]
        if len(given) != 1:
            got = join_alternatives(given, "and") if given else "none of them"
            message = f"{format_loc(loc)}: expected one of {', '.join(_CLIP_SOURCES)}, got {got}"
            yield loc, Finding("spec/clip-source", message, fix="keep exactly one" if given else "add exactly one")


def _check_clip_names(value: Any) -> Iterator[Problem]:
    names: set[str] = set()
    for loc, name in _find_field_values(value, "motion.clips.*.name"):
        if not isinstance(name, str):
            continue
        here, shown = format_loc(loc), shorten(name) if name == name.strip() else quote(name)
        if name.startswith(SPOKEN_CLIP_PREFIX):
            message = f"{here}: the prefix {SPOKEN_CLIP_PREFIX} is reserved for spoken lines, got {shown}"
            yield loc, Finding("spec/clip-of-line", message, fix="choose another name")
        if is_device_name(name):
            message = f"{here}: {shown} is a device name on Windows, where the bundle could not be unpacked"
            yield loc, Finding("spec/reserved-name", message, fix=f"choose another name, e.g. {_suggest_clip_name(name)}")
        if name in names:
            yield loc, Finding("spec/clip-twice", f"{here}: another clip is called {shown}", fix="give each clip its own name")
        names.add(name)


def _suggest_clip_name(device: str) -> str:
    """`com1_clip` for COM1: a clip's name has lowercase letters, digits and _ only."""
    return f"{re.sub('[^a-z0-9]+', '_', device.lower())[:35].strip('_')}_clip"


def _check_names(value: Any, choices: NameChoices) -> Iterator[Problem]:
    for pattern, list_names in choices.items():
        is_key = pattern.endswith(".*")
        for loc, item in _find_field_values(value, pattern):
            given = loc[-1] if is_key else item
            if not isinstance(given, str) or (names := list_names()) is None:
                continue
            allowed, where = sorted(names), loc[:-1] if is_key else loc
            if given not in allowed:
                noun = _NOUNS.get(str(where[-1]), "item")
                message = f"{format_loc(where)}: unknown {noun} {quote(given)}"
                yield loc, Finding("spec/unknown-name", message, fix=suggest_name(given, allowed, _OWN_FIELDS.get(pattern, {})))


def suggest_name(given: str, allowed: Sequence[str], own_fields: Mapping[str, str] = MappingProxyType({})) -> str:
    """The nearest of the allowed names, or some of them."""
    if given in own_fields:
        return f"write it as {own_fields[given]}"
    if near := difflib.get_close_matches(given.lower(), allowed, 1, 0.5):
        return f"did you mean {near[0]}?"
    more = f" and {len(allowed) - _MOST_NAMES} more (see `fenshen schema`)" if len(allowed) > _MOST_NAMES else ""
    return f"known here: {', '.join(allowed[:_MOST_NAMES])}{more}"


def _check_marks(value: Any) -> Iterator[Problem]:
    """Pause and emphasis marks that would be cut short or read aloud."""
    for pattern in _SPOKEN_FIELDS:
        for loc, text in _find_field_values(value, pattern):
            if isinstance(text, str) and (problem := find_wrong_mark(text)):
                fix = "correct it, or write &lt; for a < that is to be read"
                yield loc, Finding("spec/speech-mark", f"{format_loc(loc)}: {problem}", fix=fix)


def _check_speakable(value: Any) -> Iterator[Problem]:
    """Lines without one letter of the language: a voice would have nothing to say."""
    language = next((item for _, item in _find_field_values(value, "persona.language")), "en")
    own_model = any(item for _, item in _find_field_values(value, "voice.model"))
    if language not in _SCRIPTS or own_model:
        return
    script, voice, other = _SCRIPTS[language]
    for pattern in _SPOKEN_FIELDS:
        for loc, text in _find_field_values(value, pattern):
            if not isinstance(text, str) or not text:
                continue
            # The names of marks are no words.
            if not any(c.isdecimal() or unicodedata.name(c, "").startswith(script) for c in strip_marks(text)):
                message = f"{format_loc(loc)}: {voice} voice cannot speak any word of {quote(text)}"
                fix = f"write words of that language, or set persona.language to {other}"
                yield loc, Finding("spec/unspeakable", message, fix=fix)
