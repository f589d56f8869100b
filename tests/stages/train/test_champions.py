"""Champions and challengers: no measure gets worse, every trial is recorded, every replacement can be undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.digest import sha256
from assets.errors import FormatError, SpecError
from assets.weights import read_weights_index
from stages.train.champions import challenge, compare_measures, find_start, format_rows, install, read_history, read_trials, roll_back
from stages.train.files import BEST_CHECKPOINT, get_run_folder

GOOD = {"fenshen-frechet": 1.0, "precision": 0.8, "recall": 0.5, "patches": 2.0, "a second": 50.0}
BETTER = {**GOOD, "fenshen-frechet": 0.9}


def write_weights(folder: Path, content: bytes, title: str = "skin-x") -> Path:
    """A folder as a training writes it."""
    folder.mkdir(parents=True)
    (folder / f"{title}.safetensors").write_bytes(content)
    (folder / f"{title}.md").write_bytes(b"card of " + content)
    (folder / "weights.json").write_text(json.dumps({title: {"file": f"{title}.safetensors", "sha256": sha256(content)}}))
    return folder


def read_champion(registry: Path) -> tuple[bytes, bytes]:
    """Weights and card of skin-x."""
    entry = read_weights_index(registry)["skin-x"]
    content = (registry / entry["file"]).read_bytes()
    assert entry["sha256"] == sha256(content)
    return content, (registry / "skin-x.md").read_bytes()


def test_the_first_weights_are_accepted_without_a_comparison(tmp_path: Path) -> None:
    trial = challenge(tmp_path / "registry", "skin-x", write_weights(tmp_path / "a", b"one"), None, GOOD)
    assert (trial.accepted, trial.why) == (True, "there was no champion")
    assert read_champion(tmp_path / "registry") == (b"one", b"card of one")


@pytest.mark.parametrize(
    ("values", "worse"),
    [
        ({**BETTER, "recall": 0.49}, "recall"),
        ({**GOOD, "fenshen-frechet": 1.01}, "fenshen-frechet"),
        ({**GOOD, "precision": 0.0}, "precision"),
        ({**BETTER, "patches": 2.1}, "patches"),
    ],
)
def test_a_single_worse_measure_is_enough_to_refuse(tmp_path: Path, values: dict[str, float], worse: str) -> None:
    registry = tmp_path / "registry"
    challenge(registry, "skin-x", write_weights(tmp_path / "a", b"one"), None, GOOD)
    trial = challenge(registry, "skin-x", write_weights(tmp_path / "b", b"two"), GOOD, values)
    assert (trial.accepted, trial.why) == (False, f"worse: {worse}")
    assert read_champion(registry) == (b"one", b"card of one")
    assert [record["accepted"] for record in read_history(registry)] == [True, False]


def test_speed_decides_nothing() -> None:
    assert all(row.holds for row in compare_measures(GOOD, {**GOOD, "a second": 1.0}))


@pytest.mark.parametrize(("champion", "challenger", "holds"), [(1.2, 0.95, True), (1.2, 0.85, False), (0.5, 0.6, True), (0.5, 0.4, False)])
def test_being_farther_from_the_training_examples_than_strangers_is_no_advantage(champion: float, challenger: float, holds: bool) -> None:
    (row,) = compare_measures({"memory": champion}, {"memory": challenger})
    assert row.holds is holds


def test_the_rows_of_a_trial_are_formatted_for_a_table() -> None:
    (row,) = format_rows([{"measure": "FID", "champion": 1 / 3, "challenger": 2.0, "holds": False}])
    assert row == {"measure": "FID", "champion": "0.3333", "challenger": "2", "holds": "no"}


def test_a_replaced_champion_comes_back_byte_for_byte_and_only_once(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    challenge(registry, "skin-x", write_weights(tmp_path / "a", b"one"), None, GOOD)
    accepted = challenge(registry, "skin-x", write_weights(tmp_path / "b", b"two"), GOOD, BETTER)
    assert (accepted.accepted, accepted.why) == (True, "no measure is worse")
    assert read_champion(registry) == (b"two", b"card of two")
    assert roll_back(registry, "skin-x").why == "rolled back to the champion before trial 1"
    assert read_champion(registry) == (b"one", b"card of one")
    assert read_history(registry)[-1]["undoes"] == 1
    with pytest.raises(SpecError) as caught:
        roll_back(registry, "skin-x")
    assert str(caught.value) == (
        f"error[champion/first] {registry} has no earlier champion of skin-x; list the trials with `fenshen champion ls`"
    )


def test_two_replacements_are_undone_one_by_one(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    install(write_weights(tmp_path / "a", b"one"), registry, "skin-x")
    for name, content in (("b", b"two"), ("c", b"three")):
        challenge(registry, "skin-x", write_weights(tmp_path / name, content), GOOD, BETTER)
    champions = [read_champion(registry)[0]]
    for _ in range(2):
        roll_back(registry, "skin-x")
        champions.append(read_champion(registry)[0])
    assert champions == [b"three", b"two", b"one"]


def test_a_challenger_starts_from_all_nets_of_the_champion_if_they_are_kept(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    assert find_start(registry, "skin-x") is None
    install(write_weights(tmp_path / "a", b"one"), registry, "skin-x")
    assert find_start(registry, "skin-x") == registry / read_weights_index(registry)["skin-x"]["file"]
    trained = write_weights(tmp_path / "b", b"two")
    run = get_run_folder(trained, "skin-x")
    run.mkdir()
    (run / BEST_CHECKPOINT).write_bytes(b"generator and critic")
    challenge(registry, "skin-x", trained, GOOD, BETTER)
    nets = registry / "skin-x-nets.safetensors"
    assert find_start(registry, "skin-x") == nets
    assert nets.read_bytes() == b"generator and critic"
    challenge(registry, "skin-x", write_weights(tmp_path / "c", b"three"), GOOD, BETTER)
    assert not nets.exists(), "they were the nets of another champion"
    roll_back(registry, "skin-x")
    assert nets.read_bytes() == b"generator and critic"
    roll_back(registry, "skin-x")
    assert not nets.exists()


def test_other_weights_of_the_registry_stay(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    install(write_weights(tmp_path / "r", b"classifier", "skin-classifier"), registry, "skin-classifier")
    challenge(registry, "skin-x", write_weights(tmp_path / "a", b"one"), None, GOOD)
    assert set(read_weights_index(registry)) == {"skin-classifier", "skin-x"}


def test_a_title_that_starts_with_another_leaves_that_one_alone(tmp_path: Path) -> None:
    """Installing or rolling back face-dcgan copied the source's face-dcgan-hinge over the registry's champion of that name."""
    registry, old = tmp_path / "registry", tmp_path / "committed"
    write_weights(old, b"plain", "face-dcgan")
    for suffix in (".safetensors", ".md", ".png"):
        (old / f"face-dcgan-hinge{suffix}").write_bytes(b"committed hinge")
    install(write_weights(tmp_path / "a", b"champion hinge", "face-dcgan-hinge"), registry, "face-dcgan-hinge")
    install(old, registry, "face-dcgan")
    assert (registry / "face-dcgan-hinge.safetensors").read_bytes() == b"champion hinge"
    assert (registry / "face-dcgan-hinge.md").read_bytes() == b"card of champion hinge"
    assert not (registry / "face-dcgan-hinge.png").exists()
    assert (registry / "face-dcgan.md").read_bytes() == b"card of plain"


def test_a_broken_history_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text("{")
    with pytest.raises(FormatError) as caught:
        read_history(tmp_path)
    assert str(caught.value) == (
        f"error[champion/broken] {tmp_path}/history.json is not valid JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1); restore it, or choose another --registry"
    )


def test_a_missing_registry_is_one_sentence(tmp_path: Path) -> None:
    """`champion ls` printed an empty table, as if there were a registry without trials."""
    with pytest.raises(SpecError) as caught:
        read_trials(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"error[champion/none] there are no trials in {tmp_path}/nowhere; make one with `fenshen retrain`, or correct --registry"
    )
