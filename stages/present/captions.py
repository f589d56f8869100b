"""What is said -> captions with their times, as SRT and as rows of the film: the text as it was written, not as the voice reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assets.artefacts.talk import Word
from stages.present.frames import CAPTION_MARGIN, CAPTION_SIZE
from stages.present.typeface import BODY, is_wide, wrap_text

ROWS = 2
"""Of one caption."""
WIDTH = 1280 - 2 * CAPTION_MARGIN
"""Pixels of a row in a film of 720 rows; other heights scale letters and width alike, and so break rows alike."""
HOLD_S = 0.25
"""How long a caption stays after its last word, where the next does not follow."""
_SENTENCE_END = re.compile(r"[.!?…。！？][\"”’)\]」』]*$")


@dataclass(frozen=True)
class TimedCaption:
    """One caption."""

    start: float
    """Seconds."""
    end: float
    rows: tuple[str, ...]


def time_captions(text: str, words: Sequence[Word], start: float, seconds: float) -> list[TimedCaption]:
    """The captions of a line.

    Args:
        text: as the author wrote it.
        words: as the voice read it, with their times in the line; they need not be those of the text.
        start: of the line in the film, seconds.
        seconds: of its sound.
    """
    groups = _group_rows(text)
    tokens = [_split_tokens(" ".join(rows)) for rows in groups]
    times = _time_tokens([token for group in tokens for token in group], words, seconds)
    starts: list[float] = []
    at = 0
    for group in tokens:
        starts.append(times[min(at, len(times) - 1)] if times else 0.0)
        at += len(group)
    ends = [*starts[1:], seconds + HOLD_S]
    return [TimedCaption(start + a, start + max(b, a + 0.04), rows) for a, b, rows in zip(starts, ends, groups, strict=True)]


def _group_rows(text: str) -> list[tuple[str, ...]]:
    """Rows of at most ROWS a caption; where a row ends a sentence, so does its caption."""
    groups: list[tuple[str, ...]] = []
    for sentence in _split_sentences(text):
        rows = wrap_text(sentence, BODY, CAPTION_SIZE, WIDTH)
        groups += [tuple(rows[i : i + ROWS]) for i in range(0, len(rows), ROWS)]
    return groups


def _split_sentences(text: str) -> list[str]:
    """Sentences; short ones stay with the one before while both fit in a caption."""
    parts = [part for part in re.split(r"(?<=[.!?…])\s+|(?<=[。！？])\s*", text.strip()) if part.strip()]
    out: list[str] = []
    for part in parts:
        glue = "" if out and is_wide(out[-1][-1]) else " "
        if out and len(wrap_text(out[-1] + glue + part, BODY, CAPTION_SIZE, WIDTH)) == 1:
            out[-1] += glue + part
        else:
            out.append(part)
    return out


def _split_tokens(text: str) -> list[str]:
    """Words in small letters, and single Chinese letters; without punctuation."""
    found = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower())
    return [token for word in found for token in re.findall(r"[^\u3400-\u9fff\uf900-\ufaff]+|.", word)]


def _time_tokens(tokens: Sequence[str], words: Sequence[Word], seconds: float) -> list[float]:
    """When each token of the text begins: that of the same spoken word; between two such, in proportion to letters."""
    spoken = [(token, word) for word in words for token in _split_tokens(word.text)]
    anchors: list[tuple[int, float]] = [(0, spoken[0][1].start if spoken else 0.0)]
    matcher = SequenceMatcher(None, [token for token, _ in spoken], tokens, autojunk=False)
    for block in matcher.get_matching_blocks():
        anchors += [(block.b + i, spoken[block.a + i][1].start) for i in range(block.size)]
    anchors.append((len(tokens), spoken[-1][1].end if spoken else seconds))
    lengths = [0]
    for token in tokens:
        lengths.append(lengths[-1] + len(token) + 1)
    times, k = [], 0
    for number in range(len(tokens)):
        while k + 1 < len(anchors) - 1 and anchors[k + 1][0] <= number:
            k += 1
        (a, begin), (b, end) = anchors[k], anchors[k + 1]
        share = (lengths[number] - lengths[a]) / max(lengths[b] - lengths[a], 1)
        times.append(begin + share * max(end - begin, 0.0))
    return times


def write_srt(captions: Sequence[TimedCaption]) -> str:
    """SubRip: number, times, rows, an empty line."""
    blocks = []
    for number, caption in enumerate(captions, 1):
        # Players read tags and `-->` in a caption as their own: in text they lose their angle brackets.
        rows = "\n".join(row.replace("<", "‹").replace(">", "›") for row in caption.rows)
        blocks.append(f"{number}\n{_format_time(caption.start)} --> {_format_time(caption.end)}\n{rows}\n")
    return "\n".join(blocks)


def _format_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"
