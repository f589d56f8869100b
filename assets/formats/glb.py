"""GLB 2.0: the container that holds a glTF document and its one buffer. Bytes in, bytes out."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

from assets.errors import FenshenError, Finding, FormatError

# glTF 2.0, 4.4.3: the chunk types are "JSON" and "BIN\0" in ASCII, read as little-endian uint32.
MAGIC, JSON_CHUNK, BIN_CHUNK = b"glTF", 0x4E4F534A, 0x004E4942


def pack_glb(document: dict[str, Any], binary: bytes, others: Sequence[dict[str, Any]] = ()) -> bytes:
    """A GLB file of a document and its buffer; `buffers` is set here, so that the lengths always agree.

    Args:
        others: further buffers, whose bytes are not in the file.
    """
    complete = {**document, "buffers": [{"byteLength": len(binary)}, *others]} if binary else document
    text = json.dumps(complete, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    # 4.4.3: chunks end on multiples of 4; JSON is padded with spaces, so that it stays JSON, the buffer with zeros.
    text += b" " * (-len(text) % 4)
    data = binary + b"\0" * (-len(binary) % 4)
    chunks = struct.pack("<II", len(text), JSON_CHUNK) + text
    if data:
        chunks += struct.pack("<II", len(data), BIN_CHUNK) + data
    return struct.pack("<4sII", MAGIC, 2, 12 + len(chunks)) + chunks


def unpack_glb(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The document and the buffer of a GLB file; raises FormatError for anything else."""
    # 12 bytes of header and 8 of the first chunk's: length and type.
    if len(data) < 20 or data[:4] != MAGIC:
        raise _make_error("the file does not begin with the glTF magic number")
    version, length = struct.unpack_from("<II", data, 4)
    if version != 2 or length != len(data):
        raise _make_error(f"the header declares version {version} and {length} bytes; expected version 2 and {len(data)} bytes")
    chunks: dict[int, bytes] = {}
    offset = 12
    while offset + 8 <= len(data):
        size, kind = struct.unpack_from("<II", data, offset)
        if offset + 8 + size > len(data):
            raise _make_error(f"a chunk declares {size} bytes, but only {len(data) - offset - 8} follow")
        # The first chunk of a type counts; types that are unknown must be ignored (4.4.3).
        chunks.setdefault(kind, data[offset + 8 : offset + 8 + size])
        offset += 8 + size
    try:
        document = json.loads(chunks[JSON_CHUNK])
    except (KeyError, ValueError, RecursionError) as error:
        raise _make_error("the file has no readable JSON chunk") from error
    if not isinstance(document, dict):
        raise _make_error("the JSON chunk is not an object")
    return document, chunks.get(BIN_CHUNK, b"")


def _make_error(message: str) -> FenshenError:
    return FormatError(Finding("glb/malformed", message, fix="export the file again"))
