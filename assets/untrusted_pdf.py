"""PDF files of strangers -> the text of their pages, decoded in a process of its own (assets/decoder_process.py).

`serve_pdf` runs there. pypdf is plain Python, so what a hostile file can do is take time and memory; the process has limits of both.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from assets.decoder_process import DecoderProcess
from assets.decoder_protocol import Header, Part
from assets.errors import Finding, FormatError, Location
from assets.media_limits import MAX_PDF_BYTES, MAX_PDF_PAGE_CHARACTERS, MAX_PDF_PAGES


def load_untrusted_pdf(path: Path) -> tuple[str, ...]:
    """The text of each page of a stranger's file, empty for a page of pictures.

    Raises:
        FormatError: it is not a PDF, is encrypted, has no text at all, is beyond a limit, or breaks its decoder.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_PDF_BYTES + 1)
    if len(data) > MAX_PDF_BYTES:
        message = f"the file is larger than {MAX_PDF_BYTES // 1_000_000} MB"
        raise FormatError(Finding("pdf/too-big", message, location=Location(path.name), limit=MAX_PDF_BYTES, fix="save a part of it"))
    # Started for each file: a spec names a few, and pypdf is loaded in a fifth of a second.
    with DecoderProcess(f"{__name__}:serve_pdf") as decoder:
        pages = tuple(bytes(text).decode("utf-8", "replace") for _, text in decoder.decode(path.name, {}, data))
    if not any(page.strip() for page in pages):
        message = "the file has pictures of pages and no text"
        fix = "run a text recognition over it, or write the text into a .txt file"
        raise FormatError(Finding("pdf/no-text", message, location=Location(path.name), fix=fix))
    return pages


def serve_pdf(_: Header, data: bytes) -> Iterator[Part]:
    """The text of each page of the file `data`, as UTF-8.

    Raises:
        FormatError: pypdf cannot read it, it is encrypted, or it has too many pages.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise FormatError(Finding("pdf/encrypted", "the file needs a password", fix="save it without one"))
        count = len(reader.pages)
        if count > MAX_PDF_PAGES:
            message = f"the file has {count} pages, more than {MAX_PDF_PAGES}"
            raise FormatError(Finding("pdf/too-many-pages", message, limit=MAX_PDF_PAGES, fix="save the pages that matter"))
        for page in reader.pages:
            yield {}, page.extract_text().strip()[:MAX_PDF_PAGE_CHARACTERS].encode("utf-8", "replace")
    # What pypdf raises for damaged files is not only its own: it follows references to whatever is there.
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError, AssertionError) as error:
        fix = "export it again, for example with another program"
        raise FormatError(Finding("pdf/unreadable", "the file is not a PDF that can be read", fix=fix)) from error
