"""PDF files of strangers: the text of their pages, and one sentence where a file is hostile, damaged, locked or a scan."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from assets import untrusted_pdf
from assets.errors import FormatError
from assets.untrusted_pdf import load_untrusted_pdf

pytestmark = pytest.mark.slow


def make_pdf(*pages: str) -> bytes:
    """A PDF with a page for each text, a line of text for each line."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(count))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {count}>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, text in enumerate(pages):
        shown = "".join(f"({line}) Tj T* " for line in text.split("\n"))
        stream = f"BT /F1 12 Tf 14 TL 50 700 Td {shown}ET"
        font = "/Resources<</Font<</F1 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R{font}/MediaBox[0 0 600 800]/Contents {5 + 2 * number} 0 R>>")
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    out, starts = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        starts.append(len(out))
        out += f"{number} 0 obj {content} endobj\n".encode()
    table = "".join(f"{start:010d} 00000 n \n" for start in starts)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
    return out + end.encode()


def load(folder: Path, data: bytes) -> tuple[str, ...]:
    path = folder / "a.pdf"
    path.write_bytes(data)
    return load_untrusted_pdf(path)


def refuse(folder: Path, data: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        load(folder, data)
    return str(caught.value)


def read_or_refuse(folder: Path, data: bytes) -> str:
    """The text of the pages, or the sentence with which they are refused."""
    try:
        return " ".join(load(folder, data))
    except FormatError as error:
        return str(error)


def lock(data: bytes) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_the_text_of_each_page_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, make_pdf("The museum is open from ten.\nNever on Mondays.", "", "A ticket costs six euros.")) == (
        "The museum is open from ten.\nNever on Mondays.",
        "",
        "A ticket costs six euros.",
    )


def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    good = make_pdf("The museum is open.")
    fix = "export it again, for example with another program"
    assert refuse(tmp_path, b"") == f"a.pdf: error[pdf/unreadable] the file is not a PDF that can be read; {fix}"
    assert refuse(tmp_path, b"\0" * 5000) == f"a.pdf: error[pdf/unreadable] the file is not a PDF that can be read; {fix}"
    assert refuse(tmp_path, make_pdf("", "")) == (
        "a.pdf: error[pdf/no-text] the file has pictures of pages and no text; "
        "run a text recognition over it, or write the text into a .txt file"
    )
    assert refuse(tmp_path, lock(good)) == "a.pdf: error[pdf/encrypted] the file needs a password; save it without one"


def test_too_many_pages_and_too_large_a_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refuse(tmp_path, make_pdf(*["Hello."] * 301)) == (
        "a.pdf: error[pdf/too-many-pages] the file has 301 pages, more than 300; save the pages that matter"
    )
    monkeypatch.setattr(untrusted_pdf, "MAX_PDF_BYTES", 100)
    assert refuse(tmp_path, make_pdf("Hello.")).startswith("a.pdf: error[pdf/too-big]")


def test_damage_at_any_place_is_text_or_one_sentence_and_never_a_traceback(tmp_path: Path) -> None:
    good = make_pdf("The museum is open from ten.", "A ticket costs six euros.")
    for at in range(0, len(good), len(good) // 12):
        for data in (good[:at], good[:at] + b"\xff<<[" + good[at:]):
            said = read_or_refuse(tmp_path, data)
            assert "Traceback" not in said
            assert said.count("error[") <= 1


def test_a_stream_that_swells_to_a_gigabyte_is_refused(tmp_path: Path) -> None:
    press = zlib.compressobj(9)
    packed = b"".join([*(press.compress(b"BT (a) Tj ET " * 80_000) for _ in range(1000)), press.flush()])
    stream = b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed)
    data, changes = re.subn(rb"<</Length \d+>>stream\n.*?\nendstream", lambda _: stream, make_pdf("swell"), flags=re.DOTALL)
    assert changes == 1
    assert refuse(tmp_path, data).startswith("a.pdf: error[")
