"""The recipes of docs/extending.md, followed to the letter in a copy of the source: their code works, and nothing else has to change."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assets.paths import PROJECT_ROOT
from tests.tree_copy import TreeCopy, copy_tree

pytestmark = pytest.mark.slow

PAGE = (PROJECT_ROOT / "docs" / "extending.md").read_text("utf-8")
_STEP = re.compile(r"^(?:(New file|In|At the end of) `([^`]+)`[^\n]*:\n\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MODULES = {"pytest": ("-m", "pytest", "-p", "no:cacheprovider"), "fenshen": ("-m", "flows"), "python": ()}


@dataclass(frozen=True)
class Step:
    """One block of a recipe: a file to write, a diff to apply, code to append, or commands to run."""

    action: str
    path: str
    language: str
    text: str


def read_recipe(title: str) -> list[Step]:
    """The steps of a section, in order; a diff without a path of its own edits the file of the one above."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    steps: list[Step] = []
    for match in _STEP.finditer(section):
        action, path, language, text = match.groups()
        steps.append(Step(action or steps[-1].action, path or steps[-1].path, language, text))
    return steps


def split_diff(text: str) -> tuple[str, str]:
    """The text before and after a diff without line numbers."""
    rows = text.splitlines()
    return tuple("\n".join(row[1:] for row in rows if row[:1] in (" ", mark)) for mark in "-+")  # type: ignore[return-value]


def follow(steps: list[Step], tree: TreeCopy) -> Iterator[tuple[str, str]]:
    """Does the steps; gives (command, its output) of each command."""
    for step in steps:
        file = tree.root / step.path
        if step.language == "sh":
            for line in step.text.splitlines():
                program, *arguments = shlex.split(line)
                yield line, tree.run(*_MODULES[program], *arguments)
        elif step.language == "diff":
            tree.edit(step.path, *split_diff(step.text))
        elif step.action == "New file":
            assert not file.exists(), f"{step.path} exists already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.text, "utf-8")
        else:
            file.write_text(f"{file.read_text('utf-8')}\n\n{step.text}", "utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> TreeCopy:
    return copy_tree(tmp_path / "fenshen")


def test_every_recipe_of_the_page_is_followed_here() -> None:
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == ["A backend", "A stage", "A gate", "A format"]


@pytest.mark.slow
def test_a_backend(tree: TreeCopy) -> None:
    outputs = dict(follow(read_recipe("A backend"), tree))
    assert re.search(r"^\d+ passed, \d+ deselected", outputs["pytest -q tests/stages/voice/contract.py -k telephone"], re.MULTILINE)
    assert re.search(r"voice +telephone +yes", outputs["fenshen backends"])


@pytest.mark.slow
def test_a_stage(tree: TreeCopy) -> None:
    (tree.root / "stages" / "measures").mkdir()
    (tree.root / "stages" / "measures" / "__init__.py").touch()
    outputs = dict(follow(read_recipe("A stage"), tree))
    assert all(re.search(r"^[1-9]\d* passed", output, re.MULTILINE) for line, output in outputs.items() if line.startswith("pytest"))
    assert re.search(r"measures +1 +body +measures/1", outputs["fenshen stages"])
    assert re.search(r"measures +run ", outputs["fenshen plan kofi"])


def test_a_gate(tree: TreeCopy) -> None:
    outputs = dict(follow(read_recipe("A gate"), tree))
    assert "speech/length" in outputs["fenshen gates"]
    assert all(re.search(r"^[1-9]\d* passed", output, re.MULTILINE) for line, output in outputs.items() if line.startswith("pytest"))


def test_a_format(tree: TreeCopy) -> None:
    [output] = dict(follow(read_recipe("A format"), tree)).values()
    assert "1 passed" in output
