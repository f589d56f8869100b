"""Cleans a line for a voice: marks and tags taken out, everything else written as words, in sentences short enough for the models."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assets.speech_marks import EMPHASIS, MarkedPart, split_marks, unescape
from stages.voice.reading.homographs import mark_homographs
from stages.voice.reading.lexicon import build_lexicon_class
from stages.voice.reading.spans import Span, list_unreadable, tokenize_line

MAX_CHARACTERS = 300
"""Most characters of one sentence; on longer ones VITS and FastSpeech2 become unstable."""

_TAG = re.compile(r"</?[A-Za-z!?][^<>]{0,200}>")
_SENTENCE_BREAK = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。！？])\s*(?=\S)")
_CLAUSE_BREAK = re.compile(r"(?<=[,;:])\s+|(?<=[，；：、])")
_NOTATION = re.compile(r"\[([^\]]*)\]\(/[^)]*/\)")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True)
class CleanText:
    """Sentences to speak, in order, and warnings about what was left out."""

    sentences: tuple[str, ...]
    """An emphasised word has EMPHASIS before it."""
    warnings: tuple[str, ...] = ()
    pauses: tuple[float | None, ...] = ()
    """Seconds of silence after each sentence, where a mark says so; empty without marks."""


def clean_text(text: str, language: str, *, lexicon: Mapping[str, str] | None = None, marked: bool = False) -> CleanText:
    """Speakable sentences of at most MAX_CHARACTERS characters; none if nothing is speakable.

    Args:
        lexicon: the author's own readings.
        marked: the text may have pause and emphasis marks; without it, they are text.
    """
    sentences: list[str] = []
    pauses: list[float | None] = []
    spans: list[Span] = []
    tags = tuple(dict.fromkeys(_TAG.findall("".join(part.text for part in split_marks(text)) if marked else text)))
    for group, pause in _group_parts(split_marks(text) if marked else [MarkedPart(text, False, None)]):
        words = []
        for part in group:
            plain = _TAG.sub(" ", part.text)
            found = tokenize_text(unescape(plain) if marked else plain, language, lexicon)
            spans += found
            spoken = "".join(span.words for span in found)
            words.append(_emphasise(spoken, language) if part.emphasised else spoken)
        plain = tidy_words("".join(words), language)
        parts = [part for sentence in _split_sentences(plain) for part in _split_long_sentence(sentence)]
        parts = [part for part in parts if any(map(str.isalnum, part))]
        sentences += parts
        pauses += [None] * len(parts)
        if pause is not None and pauses:
            pauses[-1] = (pauses[-1] or 0.0) + pause
    if language == "en":
        sentences = list(map(mark_homographs, sentences))
    warnings = tuple(_describe_left_out(list_unreadable(spans), tags, language))
    return CleanText(tuple(sentences), warnings, tuple(pauses) if any(pause is not None for pause in pauses) else ())


def _group_parts(parts: Sequence[MarkedPart]) -> Iterator[tuple[list[MarkedPart], float | None]]:
    """The parts up to each break, and the seconds of the break."""
    group: list[MarkedPart] = []
    for part in parts:
        group.append(part)
        if part.pause is not None:
            yield group, part.pause
            group = []
    yield group, None


def _emphasise(words: str, language: str) -> str:
    if language == "zh":
        return re.sub(r"(\[[^\]]*\]\(/[^)]*/\)|[\u3400-\u9fff])", rf"{EMPHASIS}\1", words)
    return re.sub(r"(?<!\S)(?=[\[\w])", EMPHASIS, words)


def tokenize_text(text: str, language: str, lexicon: Mapping[str, str] | None = None) -> Sequence[Span]:
    """The spans of a line."""
    if language == "zh":
        from stages.voice.reading import mandarin_reader

        tokenize, classes = mandarin_reader.tokenize_mandarin, mandarin_reader.CLASSES
    else:
        from stages.voice.reading import english_reader

        tokenize, classes = english_reader.tokenize_english, english_reader.CLASSES
    if not lexicon:
        return tokenize(text)

    def read(respelling: str) -> str:
        return "".join(span.words for span in tokenize(respelling))

    return tokenize_line(unicodedata.normalize("NFC", text), (build_lexicon_class(lexicon, language, read), *classes))


def strip_notation(sentence: str) -> str:
    """The words of a sentence without the pronunciations and the emphasis in it."""
    return _NOTATION.sub(r"\1", sentence).replace(EMPHASIS, "")


def tidy_words(words: str, language: str) -> str:
    """One space between words, none before punctuation, one mark where several meet."""
    if language == "zh":
        joined = re.sub(r"\s+", "", words)
        return re.sub(r"[，；：、]+(?=[。！？，；：、]|$)|^[，；：、。]+", "", joined)
    joined = re.sub(r"\s+", " ", words).strip()
    joined = re.sub(r"\s+([,;:.!?])", r"\1", joined)
    joined = re.sub(r"[,;:]+(?=[,;:.!?])", "", joined)
    joined = re.sub(r"([.!?])(?:\s?[,;:.])+", r"\1", re.sub(r"\.{3}", "…", joined)).replace("…", "...")
    return re.sub(r"^[\s,;:.]+", "", joined)


def _describe_left_out(characters: Sequence[str], tags: Sequence[str], language: str) -> list[str]:
    voice = "an English voice" if language == "en" else "the Mandarin voice"
    found = []
    if characters:
        shown = " ".join(f"{character} ({_name_character(character)})" for character in characters[:8])
        many, them = (f"{len(characters)} characters", "them") if len(characters) > 1 else ("one character", "it")
        found.append(f"left out {many}, {shown}: {voice} cannot read {them}")
    if tags:
        found.append(f"left out the markup {' '.join(tags[:8])}")
    return found


def _name_character(character: str) -> str:
    return ", ".join(unicodedata.name(letter, f"U+{ord(letter):04X}").lower() for letter in character)


def _split_sentences(text: str) -> list[str]:
    """Sentences of a text that is written out: a full stop in it ends a sentence, unless a small letter follows."""
    out, begin = [], 0
    for match in _SENTENCE_BREAK.finditer(text):
        if text[match.end()].islower() and text[: match.start()].endswith((".", "...")):
            continue
        out.append(text[begin : match.end()].strip())
        begin = match.end()
    return [part for part in [*out, text[begin:].strip()] if part]


def _split_long_sentence(sentence: str) -> list[str]:
    """The sentence in pieces of at most MAX_CHARACTERS characters, split at clauses, else at spaces, else anywhere."""
    if _count_characters(sentence) <= MAX_CHARACTERS:
        return [sentence] if sentence else []
    pieces = [piece for piece in _CLAUSE_BREAK.split(sentence) if piece]
    if len(pieces) == 1:
        pieces = sentence.split(" ")
    if len(pieces) == 1:
        return [sentence[i : i + MAX_CHARACTERS] for i in range(0, len(sentence), MAX_CHARACTERS)]
    glue = "" if _HAN.search(sentence) else " "
    return [part for packed in _pack_pieces(pieces, glue) for part in _split_long_sentence(packed)]


def _count_characters(text: str) -> int:
    return len(strip_notation(text))


def _pack_pieces(pieces: list[str], glue: str) -> list[str]:
    packed = [pieces[0]]
    for piece in pieces[1:]:
        if _count_characters(packed[-1]) + len(glue) + _count_characters(piece) <= MAX_CHARACTERS:
            packed[-1] += glue + piece
        else:
            packed.append(piece)
    return packed
