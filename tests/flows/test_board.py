"""The live lines of a build."""

from flows.board import Board
from flows.events import Event


def test_a_stage_that_ends_leaves_a_line_and_one_that_begins_none():
    board = Board({"voice": 12.0})
    assert board.take(Event("voice", "running")) == ""
    assert board.take(Event("voice", "done", 3.25)).split() == ["voice", "3.2", "s"]
    assert board.begun == {}


def test_time_left_is_told_from_the_last_time():
    board = Board({"voice": 12.0, "body": None})
    assert board.left("voice", 2.0) == "about 10 s left"
    assert board.left("voice", 13.0) == "a little longer than the last time"
    assert board.left("body", 1.0) == "first time here"
