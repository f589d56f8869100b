"""Equal-budget trainings: one size, one time, one data set for all families."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.weights import WEIGHTS_FOLDER, read_weights_index
from stages.train.evaluation.equal_budget import (
    TITLE_SETTINGS,
    find_trainable,
    find_training_size,
    format_duration,
    train_equal_budget,
)
from stages.train.families.registry import FAMILIES, make_family
from stages.train.stage import apply_settings
from tests.stages.train.tiny import write_tiny_set


@pytest.mark.parametrize(("kind", "own", "size"), [("faces", 128, 64), ("faces", 32, 32), ("skins", 128, 128), ("folder", 64, 64)])
def test_all_nets_of_a_data_set_are_trained_at_one_size(tmp_path: Path, kind: str, own: int, size: int) -> None:
    title = {"faces": "face", "skins": "skin"}.get(kind, kind)
    assert find_training_size(title, write_tiny_set(tmp_path / "set", kind, 24, own)) == size


def test_every_committed_generator_can_be_trained_again() -> None:
    titles = [title for title, entry in read_weights_index(WEIGHTS_FOLDER).items() if entry["net"] != "classifier"]
    assert find_trainable(titles) == titles


def test_a_title_without_a_family_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        find_trainable(["face-small"])
    assert str(caught.value) == (f"error[evaluate/family] no family can train face-small; the families are {', '.join(sorted(FAMILIES))}")


def test_nets_of_another_data_set_of_the_same_name_are_refused(tmp_path: Path) -> None:
    data = write_tiny_set(tmp_path / "discs")
    folder = tmp_path / "out" / "discs-16px-20s"
    folder.mkdir(parents=True)
    entry = {"file": "face-vae.safetensors", "sha256": "0", "data_command": "another command"}
    (folder / "weights.json").write_text(json.dumps({"face-vae": entry}))
    with pytest.raises(SpecError) as caught:
        train_equal_budget(["face-vae"], data, tmp_path / "out", 20)
    assert str(caught.value) == (
        f"error[evaluate/other-set] {folder} holds face-vae, which was trained on another data set: another command; choose another --out"
    )


def test_a_message_says_which_nets_are_already_trained(tmp_path: Path) -> None:
    data, messages = write_tiny_set(tmp_path / "discs"), list[str]()
    folder = tmp_path / "out" / "discs-16px-20s"
    folder.mkdir(parents=True)
    entry = {"file": "face-vae.safetensors", "sha256": "0", "data_command": "made by a test"}
    (folder / "weights.json").write_text(json.dumps({"face-vae": entry}))
    assert train_equal_budget(["face-vae"], data, tmp_path / "out", 20, messages.append) == folder
    assert messages == ["face-vae: already trained"]


@pytest.mark.parametrize("title", TITLE_SETTINGS)
def test_the_settings_of_a_title_belong_to_its_family(title: str) -> None:
    assert apply_settings(make_family(title.partition("-")[2]), TITLE_SETTINGS[title]).recipe.augment == "portraits"


def test_times_are_written_as_train_takes_them() -> None:
    assert [format_duration(seconds) for seconds in (20, 90, 240)] == ["20s", "1.5m", "4m"]
