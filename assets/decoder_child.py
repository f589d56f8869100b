"""The process in which a stranger's media are decoded: it takes requests on its standard input and replies on its standard output.

    python -P -m assets.decoder_child MODULE:FUNCTION [FILE...]

It gives up everything that decoding does not need (assets/sandbox.py) before it reads a byte; FILEs are the only ones that it may open.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import BinaryIO

from assets.decoder_protocol import MAX_HEADER_BYTES, PREFIX, Decode, Header, pack_header, parse_header
from assets.errors import FormatError
from assets.media_limits import DECODER_CPU_S, DECODER_MEMORY_BYTES, DECODER_OPEN_FILES, DECODER_TOTAL_CPU_S
from assets.sandbox import close_files, close_network, end_with_owner, grant_cpu_time, limit_resources


def main() -> None:
    """Serves requests until the owner closes the standard input or ends."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    # What a library prints would be taken for a reply.
    os.dup2(2, 1)
    address, *readable = sys.argv[1:]
    # The network first: importing a library may start threads.
    offline = close_network()
    limit_resources(memory_bytes=DECODER_MEMORY_BYTES, cpu_s=DECODER_TOTAL_CPU_S, open_files=DECODER_OPEN_FILES)
    try:
        decode = _import_decoder(address)
    except Exception:
        _send(replies, {"kind": "bug", "text": traceback.format_exc()})
        return
    confined = close_files([Path(path) for path in readable])
    end_with_owner(requests.fileno())
    _send(replies, {"kind": "ready", "offline": offline, "confined": confined})
    while (request := _receive(requests)) is not None:
        _serve_request(decode, *request, replies)


def _import_decoder(address: str) -> Decode:
    module, _, name = address.partition(":")
    decode: Decode = getattr(importlib.import_module(module), name)
    return decode


def _serve_request(decode: Decode, header: Header, body: bytes, replies: BinaryIO) -> None:
    grant_cpu_time(DECODER_CPU_S)
    try:
        for part, samples in decode(header, body):
            _send(replies, {"kind": "part", "part": part}, samples)
            grant_cpu_time(DECODER_CPU_S)
        _send(replies, {"kind": "end"})
    except MemoryError:
        _send(replies, {"kind": "memory"})
    except FormatError as error:
        finding = error.findings[0]
        _send(replies, {"kind": "refused", "code": finding.code, "message": finding.message, "fix": finding.fix})
    except Exception:
        _send(replies, {"kind": "bug", "text": traceback.format_exc()[-MAX_HEADER_BYTES // 4 :]})


def _receive(requests: BinaryIO) -> tuple[Header, bytes] | None:
    prefix = requests.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    header_bytes, body_bytes = PREFIX.unpack(prefix)
    return parse_header(requests.read(header_bytes)), requests.read(body_bytes)


def _send(replies: BinaryIO, header: Header, body: bytes | bytearray | memoryview = b"") -> None:
    view = memoryview(body).cast("B")
    try:
        replies.write(pack_header(header, len(view)))
        sent = 0
        while sent < len(view):
            sent += replies.write(view[sent:])
    except BrokenPipeError:
        # The owner has ended, or wants no more.
        os._exit(0)


if __name__ == "__main__":
    main()
