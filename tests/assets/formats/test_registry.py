"""Every format of FORMATS keeps the contract, and a new one is one file and one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.formats.registry import FORMATS, get_media_type
from tests.assets.formats.contract import check_format
from tests.tree_copy import copy_tree


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_survives_a_round_trip_and_refuses_other_bytes(name: str) -> None:
    check_format(name)


def test_the_media_type_follows_the_suffix() -> None:
    assert get_media_type("clips/idle.vrma") == "model/vrma"


TOY = '''"""TOY: a text, as the smallest format."""

from __future__ import annotations

from assets.errors import Finding, FormatError

_MAGIC = b"TOY "


def export_toy(text: str) -> bytes:
    """A file of the text."""
    return _MAGIC + text.encode()


def load_toy(data: bytes) -> str:
    """The text of a file; raises FormatError for anything else."""
    if not data.startswith(_MAGIC):
        raise FormatError(Finding("toy/malformed", "the file does not begin with the TOY magic number", fix="export it again"))
    return data.removeprefix(_MAGIC).decode()
'''
ROUND_TRIP = '''"""A text as TOY."""


def make_arguments() -> tuple[str]:
    return ("hello",)


def check(loaded: str) -> None:
    assert loaded == "hello"
'''


def test_a_new_format_is_one_file_and_one_line(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path)
    tree.write("assets/formats/toy.py", TOY)
    last = '}\n"""Suffix without its dot -> format."""'
    line = '    "toy": Format("text/x-toy", "assets.formats.toy:export_toy", "assets.formats.toy:load_toy"),\n'
    tree.edit("assets/formats/registry.py", last, line + last)
    tree.write("tests/assets/formats/round_trips/toy.py", ROUND_TRIP)
    report = tree.run_tests("tests/assets/formats/test_registry.py", options=("-k", "round_trip"))
    assert f"{len(FORMATS) + 1} passed" in report
