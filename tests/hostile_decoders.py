"""Decoders that do what a hostile file might make of a real one; tests run them in the decoder's process."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from assets.decoder_protocol import Header, Part


def crash(_: Header, __: bytes) -> Iterator[Part]:
    """SIGSEGV after the first part."""
    yield {}, b"first"
    ctypes.string_at(0)


def compute(_: Header, __: bytes) -> Iterator[Part]:
    """Never ends."""
    while True:
        pass
    yield {}, b""


def wait(_: Header, __: bytes) -> Iterator[Part]:
    """Waits without computing."""
    os.read(os.pipe()[0], 1)
    yield {}, b""


def grow(_: Header, __: bytes) -> Iterator[Part]:
    """Takes memory without end."""
    taken = []
    while True:
        taken.append(bytearray(1 << 28))
    yield {}, b""


def flood(_: Header, __: bytes) -> Iterator[Part]:
    """Announces more than fits into memory."""
    os.write(_find_reply_pipe(), (10).to_bytes(4, "little") + (1 << 50).to_bytes(8, "little"))
    yield {}, b""


def babble(_: Header, __: bytes) -> Iterator[Part]:
    """Sends what is no reply."""
    os.write(_find_reply_pipe(), (4).to_bytes(4, "little") + bytes(8) + b"\xff[[[")
    yield {}, b""


def _find_reply_pipe() -> int:
    """The pipe that the child opened for its replies: standard output itself is the standard error by now."""
    return next(number for number in range(3, 64) if _is_writable_pipe(number))


def _is_writable_pipe(number: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode) and bool(fcntl.fcntl(number, fcntl.F_GETFL) & os.O_WRONLY)
    except OSError:
        return False


def explore(request: Header, _: bytes) -> Iterator[Part]:
    """Tries what decoding does not need; the names of what succeeded."""
    done = [name for name in ("connect", "read", "write", "signal", "secret", "run") if _succeeds(name, request)]
    yield {"done": done, "allowed": Path(request["allowed"]).read_text()}, b""


def _succeeds(name: str, request: Header) -> bool:
    try:
        if name == "connect":
            socket.create_connection(("127.0.0.1", request["port"]), 5).close()
        elif name == "read":
            Path(request["other"]).read_bytes()
        elif name == "write":
            Path(request["new"]).write_text("written")
        elif name == "signal":
            os.kill(request["pid"], 0)
        elif name == "run":
            os.posix_spawn("/bin/true" if os.path.exists("/bin/true") else sys.executable, ["true"], {})
        else:
            return "FENSHEN_TEST_SECRET" in os.environ
    except OSError:
        return False
    return True


def crash_as_film(_: Header, __: bytes) -> Iterator[Part]:
    """A film whose second frame breaks ffmpeg."""
    yield {"opened": True, "frames": 2}, b""
    yield {"time": 0.0, "shape": [1, 1, 3]}, bytes(3)
    ctypes.string_at(0)


def grow_as_film(header: Header, body: bytes) -> Iterator[Part]:
    """A film whose first frame takes all memory."""
    yield {"opened": True, "frames": 2}, b""
    yield from grow(header, body)
