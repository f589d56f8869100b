"""Pause and emphasis marks in a line, a part of SSML 1.1: <break/>, <break time="500ms"/>, <emphasis>word</emphasis>.

Only an author's line has marks. A literal mark is written with &lt; as in XML; `strip_marks` gives what is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BREAK_S = 10.0
STRENGTHS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.2}
"""Seconds of a break's strength."""
EMPHASIS = "\ue000"
"""Stands before each emphasised word of a cleaned sentence; no text has it, as it is a private character."""
_MARK = re.compile(
    r"(?P<break><break(?:\s+(?:time=\"(?P<time>\d{1,5}(?:\.\d{1,3})?)(?P<unit>ms|s)\"|strength=\"(?P<strength>none|x-weak|weak|medium|strong|x-strong)\"))?\s*/>)"
    r"|(?P<open><emphasis(?:\s+level=\"(?:strong|moderate)\")?>)|(?P<close></emphasis>)"
)
_SSML_TAG = re.compile(r"</?(?:break|emphasis|speak|prosody|say-as|phoneme|sub|audio|voice|mark|lang)(?:\s[^<>]{0,200})?/?>", re.IGNORECASE)
"""What its author means as a mark, readable or not."""
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ESCAPES = {character: entity for entity, character in _ENTITIES.items()}
_ENTITY = re.compile("|".join(_ENTITIES))


@dataclass(frozen=True)
class MarkedPart:
    """A part of a line between marks."""

    text: str
    emphasised: bool
    pause: float | None
    """Seconds of silence after it; None without a break."""


def has_marks(text: str) -> bool:
    """True if the text has a mark, or an escape of one."""
    return bool(_MARK.search(text) or _ENTITY.search(text))


def find_wrong_mark(text: str) -> str:
    """What is wrong with the first mark that cannot be followed; empty where all can."""
    is_open = False
    for tag in _SSML_TAG.finditer(text):
        mark, shown = _MARK.fullmatch(tag.group()), tag.group()
        if mark is None:
            return f'{shown} is not a mark: marks are <break/>, <break time="0.5s"/> and <emphasis>word</emphasis>'
        if mark.group("time") and _read_seconds(mark) > MAX_BREAK_S:
            return f"{shown} is longer than {MAX_BREAK_S:g} seconds"
        if mark.group("open") and is_open:
            return f"{shown} stands inside another <emphasis>"
        if mark.group("close") and not is_open:
            return f"{shown} closes no <emphasis>"
        is_open = bool(mark.group("open")) or (is_open and not mark.group("close"))
    return "<emphasis> has no </emphasis>" if is_open else ""


def strip_marks(text: str) -> str:
    """The text that is shown: without marks, its escapes written out."""
    shown = re.sub(r"(?<=\s)\s+|\s+(?=[,.;:!?])", "", _MARK.sub("", text)) if _MARK.search(text) else text
    return unescape(shown).strip()


def escape_marks(text: str) -> str:
    """The text so that all of it is shown and read as it is: the inverse of `strip_marks` where there is anything to escape."""
    return re.sub("[<>&]", lambda match: _ESCAPES[match.group()], text) if has_marks(text) or _SSML_TAG.search(text) else text


def unescape(text: str) -> str:
    """The text with &lt; &gt; &amp; written out."""
    return _ENTITY.sub(lambda match: _ENTITIES[match.group()], text)


def split_marks(text: str) -> list[MarkedPart]:
    """The parts of a marked text, in order; escapes are not written out yet."""
    parts: list[MarkedPart] = []
    emphasised, begin = False, 0
    for match in _MARK.finditer(text):
        pause = _read_pause(match) if match.group("break") else None
        parts.append(MarkedPart(text[begin : match.start()], emphasised, pause))
        emphasised = bool(match.group("open")) or (emphasised and not match.group("close"))
        begin = match.end()
    return [*parts, MarkedPart(text[begin:], emphasised, None)]


def _read_pause(match: re.Match[str]) -> float:
    return min(_read_seconds(match), MAX_BREAK_S) if match.group("time") else STRENGTHS[match.group("strength") or "medium"]


def _read_seconds(match: re.Match[str]) -> float:
    return float(match.group("time")) / (1000 if match.group("unit") == "ms" else 1)
