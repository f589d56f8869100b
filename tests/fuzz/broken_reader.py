"""A reader that one file in a few breaks in every way there is, so that the tests see that each is noticed and kept."""

from __future__ import annotations

import ctypes
from pathlib import Path

from hypothesis import strategies as st

from assets.errors import Finding, FormatError
from tests.fuzz.readers import Reader


def read_badly(data: bytes) -> None:
    """An exception of Python, a crash, and a proper refusal."""
    if data == b"raise":
        raise IndexError("list index out of range")
    if data == b"crash":
        ctypes.string_at(0)
    raise FormatError(Finding("test/refused", "this is refused"))


class _ReaderWithoutCorpus(Reader):
    def list_files(self) -> list[Path]:
        """None: the strategy has its own inputs."""
        return []


BROKEN = _ReaderWithoutCorpus("broken", read_badly, lambda _: st.sampled_from([b"fine", b"raise", b"crash"]))
