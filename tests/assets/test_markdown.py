"""Text in Markdown is shown as it was written."""

import re

import pytest

from assets.markdown import escape_markdown, quote_code


@pytest.mark.parametrize("text", ["Ada", "CC-BY-4.0", "kofi_reach.mp4", "林老师", "O'Neil (the 2nd), 50 %", "en_US-joe-medium 1.0.0"])
def test_plain_text_stays_as_it_is(text):
    assert escape_markdown(text) == text


@pytest.mark.parametrize(("text", "escaped"), [
    ("[x](http://a.example)", "\\[x\\](http:\\//a.example)"), ("<img src=x>", "\\<img src=x\\>"), ("a | b", "a \\| b"),
    ("*big* _slanted_ `code` ~~old~~", "\\*big\\* \\_slanted\\_ \\`code\\` \\~\\~old\\~\\~"),
    ("one\n# two", "one \\# two"), ("&lt;b&gt; $x$ \\", "\\&lt;b\\&gt; \\$x\\$ \\\\"), ("![x][y] {z}", "\\!\\[x\\]\\[y\\] \\{z\\}"),
])  # fmt: skip
def test_what_markdown_would_read_is_escaped(text, escaped):
    assert escape_markdown(text) == escaped
    assert re.sub(r"\\(\W|_)", r"\1", escaped) == " ".join(text.split())


@pytest.mark.parametrize(("text", "code"), [
    ("/tmp/a", "`/tmp/a`"), ("a`b", "``a`b``"), ("`a``", "``` `a`` ```"), ("a\n# b", "`a # b`"), ("", "``"),
])  # fmt: skip
def test_code_ends_where_the_text_ends(text, code):
    assert quote_code(text) == code
