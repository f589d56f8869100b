"""The bytes of a text file to text: UTF-8, UTF-16 with a byte order mark, or GB18030; anything else is refused, never guessed."""

from __future__ import annotations

import codecs

from assets.errors import Finding, FormatError, Location

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FIX = "save it as UTF-8"
MIN_COMMON = 0.9
"""Share of the characters outside ASCII that are common Chinese ones, from which bytes are taken for GB18030."""


def decode_text(data: bytes, name: str) -> str:
    """The text of a file, with \\n between its lines.

    Raises:
        FormatError: its encoding is not one of the three, or it is not text.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        found = _decode_chinese(data) if encoding == "utf-8" else None
        if found is None:
            line = data[: error.start].count(b"\n") + 1
            message = "the text is neither UTF-8 nor UTF-16 with a byte order mark nor GB18030"
            raise FormatError(Finding("knowledge/encoding", message, location=Location(name, line), fix=_FIX)) from error
        text = found
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        message = "the file has zero bytes: it is not text, or UTF-16 without a byte order mark"
        raise FormatError(Finding("knowledge/encoding", message, location=Location(name, line), fix=_FIX))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_chinese(data: bytes) -> str | None:
    """The text where the bytes are GB18030; None for bytes of another encoding that happen to decode."""
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    others = [letter for letter in text if not letter.isascii()]
    common = sum(_is_common(letter) for letter in others)
    return text if common >= MIN_COMMON * len(others) else None


def _is_common(letter: str) -> bool:
    """Whether it is a sign or one of the 3,755 characters of GB 2312's first level."""
    raw = letter.encode("gb2312", "ignore")
    return len(raw) == 2 and (0xA1 <= raw[0] <= 0xA3 or 0xB0 <= raw[0] <= 0xD7)
