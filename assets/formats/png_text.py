"""Text inside a PNG file: where a picture came from travels with it.

Source: PNG specification, third edition, 11.3.3.4 (iTXt): keyword, 0, compression flag and method, two empty fields, UTF-8 text.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping

from assets.errors import Finding, FormatError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def add_png_text(png: bytes, texts: Mapping[str, str]) -> bytes:
    """The PNG with these texts, keyword -> text, after its header; raises FormatError for what is no PNG."""
    chunks = list(_iterate_chunks(png))
    added = [(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()) for keyword, text in texts.items()]
    return _SIGNATURE + b"".join(_pack_chunk(kind, data) for kind, data in (chunks[0], *added, *chunks[1:]))


def read_png_text(png: bytes) -> dict[str, str]:
    """Keyword -> text of every uncompressed iTXt chunk; raises FormatError for what is no PNG."""
    found = {}
    for kind, data in _iterate_chunks(png):
        if kind == b"iTXt":
            keyword, _, rest = data.partition(b"\0")
            if rest[:1] == b"\0":
                found[keyword.decode("latin-1")] = rest[2:].split(b"\0", 2)[2].decode()
    return found


def _iterate_chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of each chunk."""
    if not png.startswith(_SIGNATURE):
        raise FormatError(Finding("png/signature", "the data is not a PNG picture"))
    at = len(_SIGNATURE)
    while at + 8 <= len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        yield kind, png[at + 8 : at + 8 + length]
        at += 12 + length


def _pack_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
