"""User text in Markdown: shown as it was written, never as a link, a heading, HTML or a column."""

from __future__ import annotations

import re

# An underscore within a word is no emphasis (CommonMark 6.2): names such as en_US stay readable in the source.
_SPECIAL = re.compile(r"[\\`*\[\]<>{}|~$&#!]|(?<!\w)_|_(?!\w)|(?<=:)/(?=/)")


def escape_markdown(text: str) -> str:
    """The text on one line, with a backslash before everything that Markdown would read as its own."""
    return _SPECIAL.sub(lambda found: "\\" + found[0], " ".join(text.split()))


def quote_code(text: str) -> str:
    """The text as inline code, between more backticks than it has in a row (CommonMark 6.1)."""
    line = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"
