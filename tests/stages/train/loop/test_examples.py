"""Which people the first rows of a held-out split are of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stages.train.loop.examples import interleave_people, read_examples
from tests.stages.train.tiny import COLUMNS, tiny_set


@pytest.mark.parametrize(
    ("people", "rows"),
    [
        ([7, 7, 7, 8, 8, 9], [0, 3, 5, 1, 4, 2]),
        ([3, 1, 3, 1], [0, 1, 2, 3]),
        ([0, 1, 2], [0, 1, 2]),
        ([4], [0]),
        ([], []),
    ],
)
def test_everybody_has_a_turn_before_anybody_has_two(people: list[int], rows: list[int]) -> None:
    assert interleave_people(np.array(people, np.int64)).tolist() == rows


def test_the_first_rows_of_a_held_out_split_are_of_as_many_people_as_there_are(tmp_path: Path) -> None:
    """The pictures of a person follow one another: 300 of 664 showed 38 of 83 people, and a validation of 256 saw 32."""
    data = tiny_set(tmp_path / "set", count=96)
    held, seen = (read_examples(data, split, COLUMNS) for split in ("validation", "train"))
    people, everybody = held.source.people, len(set(held.source.people.tolist()))
    assert len(people) > everybody == len(set(people[:everybody].tolist()))
    assert (held.conditions[:, 2] == held.source.column("tone")).all()
    assert (np.diff(seen.source.people) >= 0).all(), "training draws its own order"
