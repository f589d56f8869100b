"""docs/architecture.md draws the tree that is there."""

from __future__ import annotations

import re

import pytest

from assets.paths import PROJECT_ROOT
from flows.pipeline.definition import PIPELINE, STAGES
from tests.docs.pages import read_blocks

PAGE = PROJECT_ROOT / "docs" / "architecture.md"
FLOORS = ("flows", "stages", "assets")


def read_tree() -> dict[str, list[str]]:
    """Floor -> its rooms, as the page draws them."""
    (block,) = [block for block in read_blocks(PAGE) if block.text.startswith("flows/\n")]
    rooms: dict[str, list[str]] = {}
    for line in block.text.splitlines():
        if found := re.match(r"(\w+)/$", line):
            rooms[found[1]] = []
        elif found := re.match(r"  (\w+)/ +\S", line):
            rooms[list(rooms)[-1]].append(found[1])
    return rooms


@pytest.mark.parametrize("floor", FLOORS)
def test_every_room_of_the_floor_has_its_line(floor: str) -> None:
    folders = [path.name for path in (PROJECT_ROOT / floor).iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert sorted(read_tree()[floor]) == sorted(folders)


def test_every_stage_is_drawn() -> None:
    drawing = read_blocks(PAGE)[0].text
    assert [name for name in STAGES if name not in drawing] == []


def test_the_quoted_line_of_the_pipeline_is_one_of_it() -> None:
    quoted = next(block.text for block in read_blocks(PAGE, "python") if block.text.startswith("PipelineStage("))
    namespace: dict[str, object] = {}
    exec(f"from flows.pipeline.definition import PipelineStage\nline = {quoted}", namespace)
    assert namespace["line"] in PIPELINE


def test_files_that_the_page_names_exist() -> None:
    names = re.findall(r"`((?:flows|stages|assets|tests)/[\w/.]+)`", PAGE.read_text("utf-8"))
    assert [name for name in names if not (PROJECT_ROOT / name).exists()] == []
