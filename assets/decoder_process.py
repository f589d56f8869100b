"""Decoding of a stranger's media in a child process: it may crash, hang or fill its memory, and the build gets one sentence.

The child has limits of memory and computing time, no network, and no file but those named (assets/sandbox.py). What it sends is not
trusted: plain headers and samples, each of a size that we expect.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.child_process import make_python_environment
from assets.decoder_protocol import MAX_HEADER_BYTES, PREFIX, Header, pack_header, parse_header
from assets.errors import BackendError, Finding, FormatError, Location
from assets.media_limits import DECODER_CPU_S, DECODER_MEMORY_BYTES, DECODER_WAIT_S, MAX_REPLY_BYTES

Samples = NDArray[np.uint8]
"""(n,) the bytes of a decoded frame, picture or sound."""
_KEPT_VARIABLES = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE")
"""Of our environment; everything else, such as keys and tokens, is not the decoder's business."""
_OWN_VARIABLES = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    # Each arena of malloc reserves 64 MB of the address space.
    "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip
_PIPE_BYTES = 1 << 20
"""Of the pipe: a frame of 640 x 480, so that the child decodes the next one while we look at this one."""
_REEXPORT = "export it again, for example with another program"


@dataclass
class DecoderProcess:
    """A child that decodes one kind of media, one request after the other; started on first use, and again after it has ended."""

    decoder: str
    """"module:function", a `Decode` of assets/decoder_protocol.py."""
    readable: Sequence[Path] = ()
    """The only files of the user that it may open."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further variables of the library."""
    wait_s: float = DECODER_WAIT_S
    isolation: Mapping[str, bool] = field(default_factory=dict)
    """`offline`, `confined`: what the kernel granted to the running child."""
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> DecoderProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child at once."""
        if self._process:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe, "it was opened with pipes"
                with contextlib.suppress(OSError):
                    pipe.close()
            self._process.wait()
        self._process = None

    def decode(self, name: str, request: Header, body: bytes = b"") -> Generator[tuple[Header, Samples], None, None]:
        """The parts of one file as they come; `name` is the file's in errors. One request at a time.

        Raises:
            FormatError: the file is refused, or its decoding crashes, hangs or needs too much memory.
            BackendError: the child was killed from outside, or its libraries cannot be loaded.
        """
        finished = False
        try:
            self._start(name)
            self._write(name, pack_header(request, len(body)))
            self._write(name, body)
            while (reply := self._read_reply(name))[0]["kind"] == "part":
                yield reply[0]["part"], reply[1]
            finished = True
            self._finish(name, reply[0])
        finally:
            # Left in the middle of a file, the child would continue with it.
            if not finished:
                self.close()

    def _start(self, name: str) -> None:
        if self._process and self._process.poll() is None:
            return
        self.close()
        inherited = make_python_environment()
        environment = {key: inherited[key] for key in _KEPT_VARIABLES if key in inherited} | _OWN_VARIABLES | dict(self.environment)
        command = [sys.executable, "-P", "-m", "assets.decoder_child", self.decoder, *map(os.fspath, self.readable)]
        # A process group of its own: Ctrl-C in the terminal goes to the build, which ends its children.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, process_group=0, bufsize=0
        )
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe, "it was opened with pipes"
            os.set_blocking(pipe.fileno(), False)
            _widen_pipe(pipe.fileno())
        reply, _ = self._read_reply(name)
        if reply["kind"] != "ready":
            raise BackendError(Finding("media/decoder", f"the decoder does not start: {_get_last_line(reply)}", fix="run `fenshen doctor`"))
        self.isolation = {key: reply.get(key) is True for key in ("offline", "confined")}

    def _read_reply(self, name: str) -> tuple[Header, Samples]:
        header_bytes, body_bytes = PREFIX.unpack(self._read(name, PREFIX.size).tobytes())
        if header_bytes > MAX_HEADER_BYTES or body_bytes > MAX_REPLY_BYTES:
            raise _make_error(
                name, "media/decoder", f"its decoder sent {header_bytes + body_bytes} bytes that were not requested", _REEXPORT
            )
        text = self._read(name, header_bytes).tobytes()
        body = self._read(name, body_bytes)
        try:
            header = parse_header(text)
            return {"kind": str(header["kind"]), **header}, body
        except (ValueError, KeyError) as error:
            raise _make_error(name, "media/decoder", "its decoder sent no valid reply", _REEXPORT) from error

    def _finish(self, name: str, reply: Header) -> None:
        if reply["kind"] == "end":
            return
        if reply["kind"] == "memory":
            message = f"decoding it needs more than {DECODER_MEMORY_BYTES // 1_000_000_000} GB of memory"
            raise _make_error(name, "media/memory", message, "make it smaller")
        if reply["kind"] == "refused":
            raise _make_error(name, *(_make_plain(reply.get(key)) for key in ("code", "message", "fix")))
        raise RuntimeError(f"the decoder of {name} failed:\n{reply.get('text')}")

    def _read(self, name: str, count: int) -> Samples:
        assert self._process
        assert self._process.stdout
        descriptor = self._process.stdout.fileno()
        # Not a bytearray: that would write every byte twice.
        data = np.empty(count, np.uint8)
        view, filled, ends_at = data.data, 0, time.monotonic() + self.wait_s
        while filled < count:
            self._wait_until_ready(name, descriptor, select.POLLIN, ends_at)
            with contextlib.suppress(BlockingIOError):
                got = os.readv(descriptor, [view[filled:]])
                if not got:
                    raise self._explain_end(name)
                filled += got
        return data

    def _write(self, name: str, data: bytes) -> None:
        assert self._process
        assert self._process.stdin
        descriptor = self._process.stdin.fileno()
        view, sent, ends_at = memoryview(data), 0, time.monotonic() + self.wait_s
        while sent < len(view):
            self._wait_until_ready(name, descriptor, select.POLLOUT, ends_at)
            try:
                with contextlib.suppress(BlockingIOError):
                    sent += os.write(descriptor, view[sent:])
            except BrokenPipeError:
                raise self._explain_end(name) from None

    def _wait_until_ready(self, name: str, descriptor: int, event: int, ends_at: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(ends_at - time.monotonic(), 0) * 1000):
            raise _make_error(name, "media/hang", f"its decoder has not answered for {self.wait_s:g} seconds", _REEXPORT)

    def _explain_end(self, name: str) -> FormatError | BackendError:
        """Why the child has closed its pipes."""
        assert self._process
        # Both ends are closed, so it is ending.
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return BackendError(
                Finding("media/killed", f"the decoder of {name} was killed from outside", fix="free memory, then run it again")
            )
        if code == -signal.SIGXCPU:
            return _make_error(name, "media/cpu", f"decoding a part of it takes more than {DECODER_CPU_S} seconds of computing", _REEXPORT)
        reason = f"by {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"with code {code}"
        return _make_error(name, "media/crash", f"its decoder was ended {reason}: the file is damaged or hostile", _REEXPORT)


def _widen_pipe(descriptor: int) -> None:
    import fcntl

    # Refused where the user has many pipes already; then it stays at 64 KB.
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _make_plain(text: Any) -> str:
    """Text of a child that a file may have taken over, without control characters."""
    return "".join(character for character in str(text) if character.isprintable())[:500]


def _get_last_line(reply: Header) -> str:
    return _make_plain((str(reply.get("text", "")).strip().splitlines() or [reply["kind"]])[-1])


def _make_error(name: str, code: str, message: str, fix: str) -> FormatError:
    return FormatError(Finding(code, message, location=Location(name), fix=fix))
