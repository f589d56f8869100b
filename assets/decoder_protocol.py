"""The messages between us and a process that decodes: a length-prefixed JSON header and raw bytes.

Never pickles: a decoder that a file has taken over could have us run anything.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Header = Mapping[str, Any]
Part = tuple[Header, bytes | bytearray | memoryview]
"""A frame, picture or sound: what it is, and its samples."""
Decode = Callable[[Header, bytes], Iterator[Part]]
"""What a decoder's module offers: the parts of one request."""
PREFIX = struct.Struct("<IQ")
"""Bytes of the header, bytes of the body."""
MAX_HEADER_BYTES = 10_000


def pack_header(header: Header, body_bytes: int) -> bytes:
    """The bytes in front of the body."""
    text = json.dumps(header).encode()
    return PREFIX.pack(len(text), body_bytes) + text


def parse_header(text: bytes) -> Header:
    """The header; raises ValueError where it is not a JSON object."""
    try:
        header = json.loads(text)
    except RecursionError as error:
        raise ValueError("the header is nested too deeply") from error
    if not isinstance(header, dict):
        raise ValueError("the header is no object")
    return header
