"""What families that are compared are given: a size, a time, and a way back to a training that was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.weights import WEIGHTS_FOLDER, read_weights_index
from stages.train.evaluation.equal_budget import TITLE_SETTINGS, find_trainable, find_training_size, format_duration
from stages.train.families.registry import make_family
from stages.train.stage import apply_settings
from tests.stages.train.tiny import tiny_set


@pytest.mark.parametrize(("kind", "own", "size"), [("faces", 128, 64), ("faces", 32, 32), ("skins", 128, 128), ("folder", 64, 64)])
def test_all_nets_of_a_set_are_trained_at_one_size(tmp_path: Path, kind: str, own: int, size: int) -> None:
    title = {"faces": "face", "skins": "skin"}.get(kind, kind)
    assert find_training_size(title, tiny_set(tmp_path / "set", kind, 24, own)) == size


def test_every_committed_generator_can_be_trained_anew() -> None:
    titles = [title for title, entry in read_weights_index(WEIGHTS_FOLDER).items() if entry["net"] != "classifier"]
    assert find_trainable(titles) == titles
    with pytest.raises(SpecError, match="face-small are of no family that can be trained"):
        find_trainable(["face-small"])


@pytest.mark.parametrize("title", TITLE_SETTINGS)
def test_settings_are_of_the_family(title: str) -> None:
    assert apply_settings(make_family(title.partition("-")[2]), TITLE_SETTINGS[title]).recipe.augment == "portraits"


def test_times_are_spelt_as_they_are_given() -> None:
    assert [format_duration(seconds) for seconds in (20, 90, 240)] == ["20s", "1.5m", "4m"]
