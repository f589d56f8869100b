"""How what was written is quoted in a sentence, and how to quote it in YAML."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

MAX_SHOWN_PATH = 255
"""Characters of a path in a message: the file's name at its end identifies it."""
_MAX_SUGGESTION = 90
_NULL_WORDS = ("none", "null", "nil", "undefined", "~")
_CURLY_QUOTES = {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "「": '"', "」": '"'}


def is_null_word(given: Any) -> bool:
    """Whether it is what other languages write for nothing; YAML reads it as text where only an omitted line means nothing."""
    return isinstance(given, str) and given.strip().lower() in _NULL_WORDS


def shorten(given: Any, most: int = 60) -> str:
    """What was written, short enough for a sentence and on one line."""
    text = _show_control_characters(given if isinstance(given, str) else repr(given))
    return text if len(text) <= most else f"{text[: most - 3]}..."


def quote(text: str) -> str:
    """The text in quotes for a sentence, shortened."""
    return f"'{shorten(text)}'"


def suggest_name(given: str, names: Iterable[str], cutoff: float = 0.5) -> str:
    """What to do about an unknown name: take the nearest known one, or, where none is near, any of them."""
    known = list(names)
    near = difflib.get_close_matches(given, known, 1, cutoff)
    return f"did you mean {near[0]}?" if near else f"choose one of {', '.join(known)}"


def suggest_yaml_quotes(text: str) -> str:
    """The text as a quoted YAML scalar that reads back as written; a long text is shortened."""
    text = shorten(text, _MAX_SUGGESTION)
    return f'"{text}"' if not set('"\\') & set(text) else "'" + text.replace("'", "''") + "'"


def straighten_quotes(text: str) -> str:
    """The text with typographic quotation marks replaced by those of YAML."""
    return "".join(_CURLY_QUOTES.get(character, character) for character in text)


def _show_control_characters(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
