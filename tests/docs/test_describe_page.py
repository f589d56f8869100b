"""docs/describe.md lists the vocabulary that the code has, and its edits and limits are true."""

from __future__ import annotations

import re

from assets.paths import PROJECT_ROOT
from stages.describe.resolve import describe, edit
from stages.describe.vocabulary import VALUES

PAGE = (PROJECT_ROOT / "docs" / "describe.md").read_text("utf-8")


def test_the_page_lists_the_vocabulary() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.+`) \|$", PAGE.partition("## Vocabulary")[2].partition("## ")[0], re.MULTILINE))
    assert {name: tuple(re.findall(r"`([^`]+)`", values)) for name, values in rows.items()} == dict(VALUES)


def test_the_examples_of_the_page_are_understood() -> None:
    tables = PAGE.partition("## What is understood")[2].partition("## Edits")[0]
    examples = re.findall(
        r"`([^`]+)`", "".join(row.split("|")[2] for row in tables.splitlines() if row.startswith("| ") and row.count("|") == 3)
    )
    assert len(examples) > 30
    assert [text for text in examples if not describe(text, seed=1).words] == []


def test_the_changes_of_the_page_change_something() -> None:
    person = describe("a man with long hair, a beard, glasses and a shirt", seed=1)
    table = PAGE.partition("## Edits")[2].partition("## ")[0]
    changes = [text for row in table.splitlines() if row.startswith("| `") for text in re.findall(r"`([^`]+)`", row)]
    assert len(changes) >= 15
    assert [text for text in changes if edit(person, text, seed=1).fields == person.fields] == []
