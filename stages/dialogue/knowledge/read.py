"""PersonaSpec.knowledge -> passages: what a persona quotes from its author's documents."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from assets.artefacts.talk import Citation
from assets.errors import Finding, FormatError, Location
from assets.rights import Source, is_sellable
from assets.spec.behaviour import KnowledgeSpec
from assets.spec.wording import quote, shorten
from assets.untrusted_pdf import load_untrusted_pdf
from stages.dialogue.knowledge.blocks import Block, join_parts
from stages.dialogue.knowledge.encodings import decode_text
from stages.dialogue.knowledge.markdown import read_markdown
from stages.dialogue.knowledge.pdf_text import read_pdf_pages
from stages.dialogue.knowledge.plain_text import read_plain_text
from stages.dialogue.knowledge.sentences import MAX_SENTENCE, group_sentences
from stages.dialogue.knowledge.table import read_table

TEXT_READERS = {".md": read_markdown, ".markdown": read_markdown, ".txt": read_plain_text, ".csv": read_table, ".tsv": read_table}
PDF = ".pdf"
MAX_TEXT_BYTES = 2_000_000
"""A long novel has one megabyte; only max_passages of it can be spoken."""
_SCRIPTS = {"en": "LATIN", "zh": "CJK"}
_LANGUAGES = {"en": "English", "zh": "Mandarin"}


@dataclass(frozen=True)
class Passage:
    """What is spoken as an answer, word for word."""

    text: str
    source: Citation
    topic: str = ""
    """The headings above it, by which a question finds it."""


def read_knowledge(files: Sequence[KnowledgeSpec], language: str, most: int) -> tuple[Passage, ...]:
    """The passages of files whose paths are absolute, in order, each text once.

    Raises:
        FormatError: a file cannot be read, has no text of the language, or there are more than `most` passages.
    """
    found: dict[str, Passage] = {}
    counts: dict[str, int] = {}
    for file in files:
        before = len(found)
        for passage in read_passages(Path(file.file), language):
            found.setdefault(passage.text, passage)
        counts[Path(file.file).name] = len(found) - before
    if len(found) > most:
        listed = ", ".join(f"{shorten(name)} {count}" for name, count in counts.items())
        message = f"the files have {len(found)} passages ({listed}), and persona.max_passages is {most}"
        fix = "shorten the files, or raise persona.max_passages: each passage is spoken, a few seconds of build time"
        raise FormatError(Finding("knowledge/too-many", message, limit=most, fix=fix))
    return tuple(found.values())


def read_passages(path: Path, language: str) -> tuple[Passage, ...]:
    """The passages of one file, at least one.

    Raises:
        FormatError: as `read_knowledge`; its location has the file's name and line.
    """
    status = path.stat()
    return _read_passages(path, language, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=64)  # a spec is checked more than once in a build, and a PDF takes a second
def _read_passages(path: Path, language: str, changed: int, size: int) -> tuple[Passage, ...]:
    passages = [passage for block in _read_blocks(path) for passage in _split_block(block, path.name, language)]
    if not passages:
        message = "the file has no text that can be spoken"
        raise FormatError(Finding("knowledge/empty", message, location=Location(path.name), fix="write sentences into it, or remove it"))
    return tuple(passages)


def list_knowledge_sources(files: Sequence[KnowledgeSpec]) -> tuple[Source, ...]:
    """Each file with its licence; one without is the author's own."""
    return tuple(map(_describe_source, files))


def name_source(file_name: str) -> str:
    """Name of the source of a document in a bundle's lists."""
    return f"knowledge {file_name}"


def _describe_source(file: KnowledgeSpec) -> Source:
    name, author = Path(file.file).name, file.author or ""
    if file.licence:
        return Source(name_source(name), file.licence, name, author, sellable=is_sellable(file.licence))
    return Source(name_source(name), "the spec's licence", name, author, "the user's own file; passages of it are spoken word for word")


def _read_blocks(path: Path) -> Iterator[Block]:
    ending = path.suffix.lower()
    if ending == PDF:
        return read_pdf_pages(load_untrusted_pdf(path))
    if ending not in TEXT_READERS:
        known = ", ".join(dict.fromkeys((*TEXT_READERS, PDF)))
        message = f"{quote(ending)} is no kind of file that can be read" if ending else "the file's name has no ending"
        raise FormatError(Finding("knowledge/kind", message, location=Location(path.name), fix=f"use one of {known}"))
    with path.open("rb") as stream:
        data = stream.read(MAX_TEXT_BYTES + 1)
    if len(data) > MAX_TEXT_BYTES:
        message = f"the file is larger than {MAX_TEXT_BYTES // 1_000_000} MB"
        raise FormatError(Finding("knowledge/too-big", message, location=Location(path.name), fix="shorten it"))
    return TEXT_READERS[ending](decode_text(data, path.name), path.name)


def _split_block(block: Block, name: str, language: str) -> Iterator[Passage]:
    text, starts = join_parts(block.parts)
    for at, passage in [(0, text)] if block.whole else group_sentences(text):
        place = next(place for begin, place in reversed(starts) if begin <= at)
        source = Citation(name, block.unit, place)
        if not any(letter.isalnum() for letter in passage):
            continue
        _check_passage(passage, source, language)
        yield Passage(passage, source, block.topic)


def _check_passage(text: str, source: Citation, language: str) -> None:
    """Raises FormatError for what cannot be said at once, or not in this language."""
    where = Location(source.file, source.number) if source.unit == "line" else Location(source.file)
    at = "" if source.unit == "line" else f"{source.unit} {source.number}: "
    if len(text) > MAX_SENTENCE:
        kind = "a row" if source.unit == "row" else "a sentence"
        message = f"{at}{kind} of {len(text)} characters is too long to be said: {quote(shorten(text, 40))}"
        fix = f"split it into sentences of at most {MAX_SENTENCE} characters"
        raise FormatError(Finding("knowledge/too-long", message, location=where, limit=MAX_SENTENCE, fix=fix))
    if not _is_speakable(text, language):
        message = f"{at}the voice of persona.language {language} cannot say {quote(shorten(text, 40))}"
        fix = f"write {_LANGUAGES[language]}, or set persona.language to the language of the file"
        raise FormatError(Finding("knowledge/language", message, location=where, fix=fix))


def _is_speakable(text: str, language: str) -> bool:
    """Whether a good part of it is in the language's script; numbers are in every language."""
    letters = [letter for letter in text if letter.isalpha()]
    own = sum(unicodedata.name(letter, "").startswith(_SCRIPTS[language]) for letter in letters)
    return 2 * own >= len(letters) if language == "en" else own > 0 or not letters


def relocate(error: FormatError, field_name: str) -> Finding:
    """The error's finding with its place in the sentence, for a finding at a field of the spec."""
    found = error.findings[0]
    place = f"{found.location}: " if str(found.location) else ""
    return replace(found, message=f"{field_name}: {place}{found.message}", location=Location())
