"""Champions and challengers: nothing gets worse unseen, every trial is told, every step can be taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.digest import sha256
from assets.errors import FormatError, SpecError
from assets.weights import read_weights_index
from stages.train.champions import challenge, compare_measures, find_start, install, read_history, read_trials, roll_back

GOOD = {"fenshen-frechet": 1.0, "precision": 0.8, "recall": 0.5, "patches": 2.0, "a second": 50.0}
BETTER = {**GOOD, "fenshen-frechet": 0.9}


def made(folder: Path, content: bytes, title: str = "skin-x") -> Path:
    """A folder as a training leaves it."""
    folder.mkdir(parents=True)
    (folder / f"{title}.safetensors").write_bytes(content)
    (folder / f"{title}.md").write_bytes(b"card of " + content)
    (folder / "weights.json").write_text(json.dumps({title: {"file": f"{title}.safetensors", "sha256": sha256(content)}}))
    return folder


def held(ladder: Path) -> tuple[bytes, bytes]:
    entry = read_weights_index(ladder)["skin-x"]
    content = (ladder / entry["file"]).read_bytes()
    assert entry["sha256"] == sha256(content)
    return content, (ladder / "skin-x.md").read_bytes()


def test_the_first_weights_need_no_better_ones(tmp_path: Path) -> None:
    trial = challenge(tmp_path / "ladder", "skin-x", made(tmp_path / "a", b"one"), None, GOOD)
    assert trial.accepted
    assert held(tmp_path / "ladder") == (b"one", b"card of one")


@pytest.mark.parametrize(
    ("told", "worse"),
    [
        ({**BETTER, "recall": 0.49}, "recall"),
        ({**GOOD, "fenshen-frechet": 1.01}, "fenshen-frechet"),
        ({**GOOD, "precision": 0.0}, "precision"),
        ({**BETTER, "patches": 2.1}, "patches"),
    ],
)
def test_one_worse_measure_is_enough_to_be_refused(tmp_path: Path, told: dict[str, float], worse: str) -> None:
    ladder = tmp_path / "ladder"
    challenge(ladder, "skin-x", made(tmp_path / "a", b"one"), None, GOOD)
    trial = challenge(ladder, "skin-x", made(tmp_path / "b", b"two"), GOOD, told)
    assert not trial.accepted
    assert trial.why == f"worse: {worse}"
    assert held(ladder) == (b"one", b"card of one")
    assert [record["accepted"] for record in read_history(ladder)] == [True, False]


def test_speed_decides_nothing() -> None:
    assert all(row.holds for row in compare_measures(GOOD, {**GOOD, "a second": 1.0}))


@pytest.mark.parametrize(("champion", "challenger", "holds"), [(1.2, 0.95, True), (1.2, 0.85, False), (0.5, 0.6, True), (0.5, 0.4, False)])
def test_being_farther_from_the_training_examples_than_strangers_are_is_no_merit(champion: float, challenger: float, holds: bool) -> None:
    (row,) = compare_measures({"memory": champion}, {"memory": challenger})
    assert row.holds is holds


def test_a_replaced_champion_comes_back_byte_for_byte_and_only_once(tmp_path: Path) -> None:
    ladder = tmp_path / "ladder"
    challenge(ladder, "skin-x", made(tmp_path / "a", b"one"), None, GOOD)
    assert challenge(ladder, "skin-x", made(tmp_path / "b", b"two"), GOOD, BETTER).accepted
    assert held(ladder) == (b"two", b"card of two")
    roll_back(ladder, "skin-x")
    assert held(ladder) == (b"one", b"card of one")
    assert read_history(ladder)[-1]["undoes"] == 1
    with pytest.raises(SpecError, match="skin-x has replaced no champion"):
        roll_back(ladder, "skin-x")


def test_two_steps_are_taken_back_one_by_one(tmp_path: Path) -> None:
    ladder = tmp_path / "ladder"
    install(made(tmp_path / "a", b"one"), ladder, "skin-x")
    for name, content in (("b", b"two"), ("c", b"three")):
        challenge(ladder, "skin-x", made(tmp_path / name, content), GOOD, BETTER)
    found = [held(ladder)[0]]
    for _ in range(2):
        roll_back(ladder, "skin-x")
        found.append(held(ladder)[0])
    assert found == [b"three", b"two", b"one"]


def test_a_challenger_begins_with_all_nets_of_the_champion_where_they_are_kept(tmp_path: Path) -> None:
    ladder = tmp_path / "ladder"
    assert find_start(ladder, "skin-x") is None
    install(made(tmp_path / "a", b"one"), ladder, "skin-x")
    assert find_start(ladder, "skin-x") == ladder / read_weights_index(ladder)["skin-x"]["file"]
    learnt = made(tmp_path / "b", b"two")
    (learnt / "run-skin-x").mkdir()
    (learnt / "run-skin-x" / "best.safetensors").write_bytes(b"generator and critic")
    challenge(ladder, "skin-x", learnt, GOOD, BETTER)
    kept = find_start(ladder, "skin-x")
    assert kept == ladder / "skin-x-nets.safetensors"
    assert kept.read_bytes() == b"generator and critic"
    challenge(ladder, "skin-x", made(tmp_path / "c", b"three"), GOOD, BETTER)
    assert not kept.exists(), "they were the nets of another champion"
    roll_back(ladder, "skin-x")
    assert kept.read_bytes() == b"generator and critic"
    roll_back(ladder, "skin-x")
    assert not kept.exists()


def test_other_weights_of_the_ladder_stay(tmp_path: Path) -> None:
    ladder = tmp_path / "ladder"
    install(made(tmp_path / "r", b"reader", "skin-classifier"), ladder, "skin-classifier")
    challenge(ladder, "skin-x", made(tmp_path / "a", b"one"), None, GOOD)
    assert set(read_weights_index(ladder)) == {"skin-classifier", "skin-x"}


def test_a_title_that_begins_like_another_leaves_that_one_alone(tmp_path: Path) -> None:
    """Installing or rolling back face-dcgan copied the source's face-dcgan-hinge over the ladder's champion of that name."""
    ladder, old = tmp_path / "ladder", tmp_path / "committed"
    made(old, b"plain", "face-dcgan")
    for end in (".safetensors", ".md", ".png"):
        (old / f"face-dcgan-hinge{end}").write_bytes(b"committed hinge")
    install(made(tmp_path / "a", b"champion hinge", "face-dcgan-hinge"), ladder, "face-dcgan-hinge")
    install(old, ladder, "face-dcgan")
    assert (ladder / "face-dcgan-hinge.safetensors").read_bytes() == b"champion hinge"
    assert (ladder / "face-dcgan-hinge.md").read_bytes() == b"card of champion hinge"
    assert not (ladder / "face-dcgan-hinge.png").exists()
    assert (ladder / "face-dcgan.md").read_bytes() == b"card of plain"


def test_a_broken_history_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text("{")
    with pytest.raises(FormatError, match=r"history\.json is no JSON"):
        read_history(tmp_path)


def test_a_ladder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """`champion ls` showed an empty table, as if there were a ladder without trials."""
    with pytest.raises(SpecError, match=r"no trial was made in .*nowhere; make one with `fenshen retrain`, or mend --ladder"):
        read_trials(tmp_path / "nowhere")
