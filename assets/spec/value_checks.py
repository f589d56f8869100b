"""What a spec's fields must hold beyond their types: files that are there, names that are known, words that can be spoken.

It looks at the plain values and not at the model, so that a wrong type elsewhere hides nothing.
"""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from assets.errors import Finding
from assets.spec.cross_field import CrossFieldRule, Problem, check_rules
from assets.spec.nodes import Loc, find_matches, is_null_word, shorten

NameChoices = Mapping[str, Callable[[], Iterable[str] | None]]
"""Dotted pattern -> the names that may stand there, None where they cannot be told; one that ends in `.*` is about a mapping's keys."""
FILE_FIELDS = ("motion.clips.*.video", "motion.clips.*.bvh", "rights.consent")
FOLDER_FIELDS = ("voice.model", "persona.model")
MODEL_ID_FIELDS = ("persona.model",)
"""Where a name that is no path and no folder is a model's id."""
SPOKEN_CLIP_PREFIX = "say_"
"""How the names of the clips begin that speak a line each."""
_SPOKEN_FIELDS = ("persona.greeting", "persona.fallback", "persona.facts.*.say", "persona.lines.*")
_SCRIPTS = {"en": ("LATIN", "an English"), "zh": ("CJK", "a Mandarin")}


@dataclass(frozen=True)
class SpecConstraints:
    """What only the stages know of a spec."""

    names: NameChoices = field(default_factory=dict)
    rules: tuple[CrossFieldRule, ...] = ()


def find_problems(value: Any, folder: Path, *, outside: bool, known: SpecConstraints, wrong: Sequence[Loc] = ()) -> Iterator[Problem]:
    """Every (loc, finding without a place) of plain values.

    Args:
        folder: where the spec lies; paths are relative to it.
        outside: files may lie outside of it.
        wrong: where a value is not what its field takes.
    """
    every = (
        _check_paths(value, folder, outside), _check_clips(value, wrong), _check_names(value, known.names), _check_speakable(value),
        check_rules(known.rules, value, wrong, folder),
    )  # fmt: skip
    for loc, finding in chain.from_iterable(every):
        yield loc, replace(finding, fix=_suggest_omission(finding.fix)) if is_null_word(_get_value(value, loc)) else finding


def _suggest_omission(fix: str) -> str:
    """What to do where nothing was meant."""
    return "leave the line out to take the default" + (", or write none where there shall be none" if "none" in fix else "")


def _get_value(value: Any, loc: Loc) -> Any:
    """The value at a place; None where the spec says nothing there."""
    for part in loc:
        value = value.get(part) if isinstance(value, dict) else value[part] if isinstance(value, list) and isinstance(part, int) else None
    return value


def _find_field_values(value: Any, pattern: str) -> Iterator[tuple[Loc, Any]]:
    return find_matches(value, tuple(pattern.split(".")))


def _check_paths(value: Any, folder: Path, outside: bool) -> Iterator[Problem]:
    for pattern in (*FILE_FIELDS, *FOLDER_FIELDS):
        for loc, written in _find_field_values(value, pattern):
            if not isinstance(written, str) or not written:
                continue
            target = Path(os.path.realpath(folder / written))  # Path.resolve raises at links that lead to one another
            # os.path and not Path: a name too long to be a file's is no file, where Path raises.
            if pattern in MODEL_ID_FIELDS and not (written.startswith((".", "/")) or os.path.isdir(target)):
                continue
            kind = "file" if pattern in FILE_FIELDS else "folder"
            if not outside and not target.is_relative_to(folder):
                fix = f"move the {kind} beside the spec or pass --allow-outside"
                yield loc, Finding("spec/path-escape", f"{shorten(written)} lies outside the spec's folder", fix=fix)
            elif not (os.path.isfile(target) if kind == "file" else os.path.isdir(target)):
                yield loc, Finding(f"spec/no-such-{kind}", f"there is no {kind} {shorten(written)}", fix="paths are relative to the spec")


def _check_clips(value: Any, wrong: Sequence[Loc]) -> Iterator[Problem]:
    named: set[str] = set()
    for loc, clip in _find_field_values(value, "motion.clips.*"):
        if not isinstance(clip, dict):
            continue
        kinds = ("library", "video", "bvh")
        given = [kind for kind in kinds if clip.get(kind) or (*loc, kind) in wrong]
        if len(given) != 1:
            message = f"{format_loc(loc)} names {len(given)} of library, video, bvh"
            yield loc, Finding("spec/clip-source", message, fix="name exactly one")
        name = clip.get("name")
        if isinstance(name, str) and name.startswith(SPOKEN_CLIP_PREFIX):
            message = f"{shorten(name)} begins like the clips of spoken lines ({SPOKEN_CLIP_PREFIX}ID)"
            yield (*loc, "name"), Finding("spec/clip-of-line", message, fix="give it another name")
        if isinstance(name, str) and name in named:
            yield (*loc, "name"), Finding("spec/clip-twice", f"two clips are called {shorten(name)}", fix="give each a name of its own")
        named.add(str(name))


def _check_names(value: Any, known: NameChoices) -> Iterator[Problem]:
    for pattern, names in known.items():
        keys = pattern.endswith(".*")
        for loc, item in _find_field_values(value, pattern):
            given = loc[-1] if keys else item
            if not isinstance(given, str) or (known_here := names()) is None:
                continue
            allowed = sorted(known_here)
            if given not in allowed:
                near = difflib.get_close_matches(given, allowed, 1, 0.5)
                fix = f"did you mean {near[0]}?" if near else f"known here: {', '.join(allowed[:20])}"
                yield loc, Finding("spec/unknown-name", f"{format_loc(loc[:-1] if keys else loc)} knows no {shorten(given)!r}", fix=fix)


def _check_speakable(value: Any) -> Iterator[Problem]:
    """Lines without one letter of the language: a voice would have nothing to say."""
    language = next((item for _, item in _find_field_values(value, "persona.language")), "en")
    own_model = any(item for _, item in _find_field_values(value, "voice.model"))
    if language not in _SCRIPTS or own_model:
        return
    script, voice = _SCRIPTS[language]
    for pattern in _SPOKEN_FIELDS:
        for loc, text in _find_field_values(value, pattern):
            if isinstance(text, str) and text and not any(c.isdecimal() or unicodedata.name(c, "").startswith(script) for c in text):
                message = f"{format_loc(loc)} holds no word that {voice} voice can speak, got {shorten(text)!r}"
                yield loc, Finding("spec/unspeakable", message, fix="give it words of that language, or set persona.language (en, zh)")


def format_loc(loc: Loc) -> str:
    """`motion.clips.0.video`."""
    return ".".join(str(part) for part in loc)
