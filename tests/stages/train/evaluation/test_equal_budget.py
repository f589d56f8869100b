"""What families that are compared are given: a size, a time, and a way back to a training that was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.weights import FOLDER, table_of
from stages.train.evaluation.equal_budget import SETTINGS, size_of, spelt, trainable
from stages.train.families.registry import family_of
from stages.train.stage import changed
from tests.stages.train.tiny import tiny_set


@pytest.mark.parametrize(("kind", "own", "size"), [("faces", 128, 64), ("faces", 32, 32), ("skins", 128, 128), ("folder", 64, 64)])
def test_all_nets_of_a_set_are_trained_at_one_size(tmp_path: Path, kind: str, own: int, size: int) -> None:
    title = {"faces": "face", "skins": "skin"}.get(kind, kind)
    assert size_of(title, tiny_set(tmp_path / "set", kind, 24, own)) == size


def test_every_committed_generator_can_be_trained_anew() -> None:
    titles = [title for title, entry in table_of(FOLDER).items() if entry["net"] != "classifier"]
    assert trainable(titles) == titles
    with pytest.raises(SpecError, match="face-small are of no family that can be trained"):
        trainable(["face-small"])


@pytest.mark.parametrize("title", SETTINGS)
def test_settings_are_of_the_family(title: str) -> None:
    assert changed(family_of(title.partition("-")[2]), SETTINGS[title]).recipe.augment == "portraits"


def test_times_are_spelt_as_they_are_given() -> None:
    assert [spelt(seconds) for seconds in (20, 90, 240)] == ["20s", "1.5m", "4m"]
