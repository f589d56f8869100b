"""A temporary copy of the source tree, to prove a recipe by doing it: add a gate, a format, and see that nothing else must change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.paths import PROJECT_ROOT, get_home, get_node_modules

_FLOORS = ("assets", "stages", "flows", "tests")
_MAX_COPIED_BYTES = 200_000
"""Larger files (weights, films) are linked: no recipe edits them."""


@dataclass(frozen=True)
class TreeCopy:
    """The floors of the house and their tests in a folder of their own."""

    root: Path

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces one piece of text in a file."""
        file = self.root / path
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        file.write_text(text.replace(old, new), "utf-8")

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, "utf-8")

    def run(self, *arguments: str) -> str:
        """What `python ARGUMENTS` prints in the copy; fails with its output where it does not succeed."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "FENSHEN_HOME": str(get_home().resolve()),
            "FENSHEN_NODE_MODULES": str(get_node_modules().resolve()),
        }
        command = [sys.executable, "-B", *arguments]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run_tests(self, *paths: str, options: Sequence[str] = ()) -> str:
        """Runs test files of the copy."""
        return self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *paths)


def copy_tree(folder: Path) -> TreeCopy:
    """The working tree's code, tests and small data."""
    for floor in _FLOORS:
        shutil.copytree(PROJECT_ROOT / floor, folder / floor, copy_function=_copy_or_link, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT_ROOT / "pyproject.toml", folder)
    return TreeCopy(folder)


def _copy_or_link(source: str, target: str) -> None:
    if os.path.getsize(source) > _MAX_COPIED_BYTES:
        os.symlink(source, target)
    else:
        shutil.copy(source, target)
