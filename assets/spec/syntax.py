"""Syntax errors of YAML as one sentence each, with what to write instead: the parser's own words help only its authors."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from assets.errors import Finding, Location
from assets.spec.wording import shorten, suggest_yaml_quotes

_QUOTE = "put it in quotes: "
_FIELD = r"[\w-]+"
_VALUE = re.compile(rf"^\s*(?:- +)*(?:{_FIELD}: +)?(?:- +)*(?P<value>\S.*?)\s*$")
"""A line's indentation, dashes and field, and the value behind them."""

_RULES = (
    ("but found another document", "a second document begins here (---)", "keep one document in a file"),
    ("expected '<document start>'", "text follows the end of the document (...)", "remove the line `...`"),
    ("incompatible YAML document", "this version of YAML is not supported", "remove the line that begins with %YAML"),
    (r"'\\t' that cannot start", "a tab is used for indentation", "indent with spaces"),
    ("found character '(.+?)' that cannot start", "a value may not begin with {0}", _QUOTE),
    ("expected the node content, but found '(.+?)'", "a value may not begin with {0}", _QUOTE),
    ("while scanning a block scalar", "text may not follow | or > in the same line", _QUOTE),
    ("while scanning an alias", "a value may not begin with *", _QUOTE),
    ("while scanning an anchor", "a value may not begin with &", _QUOTE),
    ("while (?:scanning|parsing) a tag", "a value may not begin with !", _QUOTE),
    (
        "unknown escape character|expected escape sequence",
        "a backslash in double quotes begins an escape such as \\n",
        "use single quotes, or write \\\\ for a backslash",
    ),
    (
        r"expected ',' or '[\]}]'(?s:.*) #.*\n\Z",
        "a comment begins before the bracket in line {begin} is closed",
        "put text that contains # in quotes",
    ),
    (
        r"expected ',' or '([\]}])'",
        "the bracket in line {begin} is not closed",
        "add `{0}`, or put text that begins with a bracket in quotes",
    ),
    ("found unexpected end of stream", "the quotation mark in line {begin} is not closed", "close it"),
    (
        "could not find expected ':'",
        "a field's name needs a colon and a space behind it, a list item a space behind its dash",
        "write `field: value` or `- item`",
    ),
    ("but found '-'", "a list item is not allowed between fields", "put the list under a field, e.g. `lines:`"),
    (r"but found '\?'", "a field is not allowed between list items", "move it before the list"),
    ("found '<block mapping start>'", "the indentation of this line matches no line above", "align it with the fields that it belongs to"),
)
"""(pattern of PyYAML's message, what is wrong, what to do); the first that matches counts, groups fill {0}, {begin} is a line number."""


@dataclass(frozen=True)
class _Problem:
    """A syntax error and the text around it."""

    message: str
    """PyYAML's with its context, and the line in which the broken value begins."""
    line: str
    before: str
    """The line before."""
    column: int
    begin: int
    """Number of the line in which the broken value begins."""


def describe_syntax_error(error: Exception, text: str, name: str) -> Finding:
    """The finding of what PyYAML raised on this text."""
    if isinstance(error, yaml.reader.ReaderError):
        return _describe_refused_character(error, text, name)
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Finding("spec/too-deep", "the spec is nested too deeply", location=Location(name), fix="a spec has three or four levels")
    begin = getattr(error, "context_mark", None) or mark
    # The line in which the value begins is added: PyYAML's own quotation of it may be cut.
    message = f"{error}\n{get_line(text, begin.line)}\n"
    problem = _Problem(message, get_line(text, mark.line), get_line(text, mark.line - 1), mark.column, begin.line + 1)
    message, fix = _explain(problem)
    return Finding("spec/syntax", f"invalid YAML: {message}", location=Location(name, mark.line + 1, mark.column + 1), fix=fix)


def get_line(text: str, number: int) -> str:
    """The line of that number, counted from 0 as YAML counts; empty where there is none."""
    lines = split_lines(text)
    return lines[number] if 0 <= number < len(lines) else ""


def split_lines(text: str) -> list[str]:
    """The lines as YAML counts them."""
    return re.split("\r\n|[\r\n\x85\u2028\u2029]", text)


def suggest_quoted_value(line: str) -> str:
    """`put it in quotes: "..."` for the value of a line of text."""
    found = _VALUE.match(line)
    value = found["value"] if found else line
    if found and value[0] == value[-1] == "'":
        value = value[1:-1]  # '...' around an apostrophe: the outer quotes were meant, double ones hold it
    return _QUOTE + suggest_yaml_quotes(value)


def _describe_refused_character(error: yaml.reader.ReaderError, text: str, name: str) -> Finding:
    before = text[: error.position]
    where = Location(name, before.count("\n") + 1, len(before) - before.rfind("\n"))
    message = f"invalid YAML: the character U+{error.character:04X} is not allowed"
    return Finding("spec/syntax", message, location=where, fix="remove it")


def _explain(problem: _Problem) -> tuple[str, str]:
    """What is wrong, and what to do."""
    if wide := re.search(rf"^\s*(?:- +)*({_FIELD})：", f"{problem.before}\n{problem.line}", re.MULTILINE):
        return f"a full-width colon follows {wide[1]}", f"write `{wide[1]}: ` with a half-width colon and a space"
    if "mapping values are not allowed" in problem.message:
        return _explain_colon(problem)
    if "found '<scalar>'" in problem.message:
        return _explain_trailing_text(problem)
    if "'\\t' that cannot start" in problem.message and problem.line[: problem.column].strip():
        return "a tab is used where YAML needs a space", "write a space instead"
    for pattern, what, fix in _RULES:
        if found := re.search(pattern, problem.message):
            groups = [group for group in found.groups() if group]
            shown = suggest_quoted_value(problem.line) if fix == _QUOTE else fix.format(*groups)
            return what.format(*groups, begin=problem.begin), shown
    return problem.message.partition("\n")[0], "check the indentation, brackets and quotes of this line and the line before"


def _explain_colon(problem: _Problem) -> tuple[str, str]:
    """A field begins where none may."""
    if unspaced := re.match(rf"^\s*({_FIELD}):(\S.*)$", problem.before):
        return f"a space is missing after `{unspaced[1]}:` in the line before", f"write `{unspaced[1]}: {shorten(unspaced[2].strip())}`"
    if re.fullmatch(rf"\s*(?:- +)*{_FIELD}", problem.line[: problem.column]):
        return "this field is indented deeper than the line before allows", "align it with the fields that it belongs to"
    return "a colon and a space in a value begin a new field", suggest_quoted_value(problem.line)


def _explain_trailing_text(problem: _Problem) -> tuple[str, str]:
    """Text follows a value that had ended."""
    found = _VALUE.match(problem.line)
    if found and found["value"].startswith(('"', "'", "[", "{")):
        return "text follows the closing quotation mark or bracket", suggest_quoted_value(problem.line)
    return "this line belongs to no field", "check its indentation, and whether a comment in the line before interrupts a text"
