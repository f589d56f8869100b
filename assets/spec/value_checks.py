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
from assets.spec.cross_field import Problem, Rule, misfits
from assets.spec.nodes import Loc, found, says_nothing, shown

Names = Mapping[str, Callable[[], Iterable[str] | None]]
"""Dotted pattern -> the names that may stand there, None where they cannot be told; one that ends in `.*` is about a mapping's keys."""
FILES = ("motion.clips.*.video", "motion.clips.*.bvh", "rights.consent")
FOLDERS = ("voice.model", "persona.model")
IDS = ("persona.model",)
"""Where a name that is no path and no folder is a model's id."""
SPOKEN = "say_"
"""How the names of the clips begin that speak a line each."""
_TEXTS = ("persona.greeting", "persona.fallback", "persona.facts.*.say", "persona.lines.*")
_SCRIPTS = {"en": ("LATIN", "an English"), "zh": ("CJK", "a Mandarin")}


@dataclass(frozen=True)
class Known:
    """What only the stages know of a spec."""

    names: Names = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


def problems(value: Any, folder: Path, *, outside: bool, known: Known, wrong: Sequence[Loc] = ()) -> Iterator[Problem]:
    """Every (loc, finding without a place) of plain values.

    Args:
        folder: where the spec lies; paths are relative to it.
        outside: files may lie outside of it.
        wrong: where a value is not what its field takes.
    """
    every = (
        _paths(value, folder, outside), _clips(value, wrong), _names(value, known.names), _spoken(value),
        misfits(known.rules, value, wrong, folder),
    )  # fmt: skip
    for loc, finding in chain.from_iterable(every):
        yield loc, replace(finding, fix=_leave(finding.fix)) if says_nothing(_at(value, loc)) else finding


def _leave(fix: str) -> str:
    """What to do where nothing was meant."""
    return "leave the line out to take the default" + (", or write none where there shall be none" if "none" in fix else "")


def _at(value: Any, loc: Loc) -> Any:
    """The value at a place; None where the spec says nothing there."""
    for part in loc:
        value = value.get(part) if isinstance(value, dict) else value[part] if isinstance(value, list) and isinstance(part, int) else None
    return value


def _every(value: Any, pattern: str) -> Iterator[tuple[Loc, Any]]:
    return found(value, tuple(pattern.split(".")))


def _paths(value: Any, folder: Path, outside: bool) -> Iterator[Problem]:
    for pattern in (*FILES, *FOLDERS):
        for loc, written in _every(value, pattern):
            if not isinstance(written, str) or not written:
                continue
            target = Path(os.path.realpath(folder / written))  # Path.resolve raises at links that lead to one another
            # os.path and not Path: a name too long to be a file's is no file, where Path raises.
            if pattern in IDS and not (written.startswith((".", "/")) or os.path.isdir(target)):
                continue
            kind = "file" if pattern in FILES else "folder"
            if not outside and not target.is_relative_to(folder):
                fix = f"move the {kind} beside the spec or pass --allow-outside"
                yield loc, Finding("spec/path-escape", f"{shown(written)} lies outside the spec's folder", fix=fix)
            elif not (os.path.isfile(target) if kind == "file" else os.path.isdir(target)):
                yield loc, Finding(f"spec/no-such-{kind}", f"there is no {kind} {shown(written)}", fix="paths are relative to the spec")


def _clips(value: Any, wrong: Sequence[Loc]) -> Iterator[Problem]:
    named: set[str] = set()
    for loc, clip in _every(value, "motion.clips.*"):
        if not isinstance(clip, dict):
            continue
        kinds = ("library", "video", "bvh")
        given = [kind for kind in kinds if clip.get(kind) or (*loc, kind) in wrong]
        if len(given) != 1:
            message = f"{dotted(loc)} names {len(given)} of library, video, bvh"
            yield loc, Finding("spec/clip-source", message, fix="name exactly one")
        name = clip.get("name")
        if isinstance(name, str) and name.startswith(SPOKEN):
            message = f"{shown(name)} begins like the clips of spoken lines ({SPOKEN}ID)"
            yield (*loc, "name"), Finding("spec/clip-of-line", message, fix="give it another name")
        if isinstance(name, str) and name in named:
            yield (*loc, "name"), Finding("spec/clip-twice", f"two clips are called {shown(name)}", fix="give each a name of its own")
        named.add(str(name))


def _names(value: Any, known: Names) -> Iterator[Problem]:
    for pattern, names in known.items():
        keys = pattern.endswith(".*")
        for loc, item in _every(value, pattern):
            given = loc[-1] if keys else item
            if not isinstance(given, str) or (known_here := names()) is None:
                continue
            allowed = sorted(known_here)
            if given not in allowed:
                near = difflib.get_close_matches(given, allowed, 1, 0.5)
                fix = f"did you mean {near[0]}?" if near else f"known here: {', '.join(allowed[:20])}"
                yield loc, Finding("spec/unknown-name", f"{dotted(loc[:-1] if keys else loc)} knows no {shown(given)!r}", fix=fix)


def _spoken(value: Any) -> Iterator[Problem]:
    """Lines without one letter of the language: a voice would have nothing to say."""
    language = next((item for _, item in _every(value, "persona.language")), "en")
    own_model = any(item for _, item in _every(value, "voice.model"))
    if language not in _SCRIPTS or own_model:
        return
    script, voice = _SCRIPTS[language]
    for pattern in _TEXTS:
        for loc, text in _every(value, pattern):
            if isinstance(text, str) and text and not any(c.isdecimal() or unicodedata.name(c, "").startswith(script) for c in text):
                message = f"{dotted(loc)} holds no word that {voice} voice can speak, got {shown(text)!r}"
                yield loc, Finding("spec/unspeakable", message, fix="give it words of that language, or set persona.language (en, zh)")


def dotted(loc: Loc) -> str:
    """`motion.clips.0.video`."""
    return ".".join(str(part) for part in loc)
