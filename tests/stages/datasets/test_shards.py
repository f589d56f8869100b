"""A data set on disk: what is written is read back, a killed run goes on, damage is said."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from assets.errors import FormatError, SpecError, StoreError
from assets.rights import Source
from stages.datasets.shards import (
    DatasetCard,
    DatasetItem,
    compute_split_counts,
    find_shard_files,
    load_images,
    load_vectors,
    plan_shards,
    read_index,
    write_dataset,
)
from stages.datasets.splits import SPLITS

SIZE = 8


def card(kind: str = "faces", count: int = 12, seed: int = 0) -> DatasetCard:
    source = (Source("us", "CC0-1.0", "made here"),)
    return DatasetCard("tiny", kind, SIZE, count, ("age_years", "tone"), seed, "CC0-1.0", source, "fenshen data tiny", names=("a", "b"))


def plan(count: int = 12, each: int = 4):
    place = iter(range(count))
    return plan_shards({split: [next(place) for _ in range(n)] for split, n in compute_split_counts(count).items()}, each)


def face(index: int) -> DatasetItem:
    rng = np.random.default_rng(index)
    picture = rng.integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    told = {"en": f"face {index}", "zh": f"面孔{index}"}
    return DatasetItem(index, index // 2, {"age_years": 20.0 + index, "tone": 0.5}, picture, captions=told)


def skin(index: int) -> DatasetItem:
    picture = np.random.default_rng(index).integers(0, 256, (SIZE, SIZE, 6)).astype(np.uint8)
    return DatasetItem(index, index, {"age_years": 30.0, "tone": 0.1}, picture)


def test_every_split_has_something_from_three_on() -> None:
    for count in (3, 4, 11, 12, 13, 3600):
        parts = compute_split_counts(count)
        assert sum(parts.values()) == count
        assert min(parts.values()) >= 1
        assert parts["train"] >= parts["test"] == parts["validation"]


def test_pictures_attributes_people_and_captions_come_back_as_they_were(tmp_path: Path) -> None:
    write_dataset(tmp_path, card(), plan(), face)
    train = load_images(tmp_path, "train")
    assert len(train) == 10
    for place in range(10):
        assert (train.images[place] == face(place).picture).all()
    assert train.column("age_years").tolist() == [20.0 + i for i in range(10)]
    assert train.people.tolist() == [i // 2 for i in range(10)]
    assert train.captions["zh"][3] == "面孔3"


def test_six_channels_survive(tmp_path: Path) -> None:
    write_dataset(tmp_path, card("skins"), plan(), skin)
    assert (load_images(tmp_path, "test").images[0] == skin(11).picture).all()


def test_vectors_come_back_block_by_block(tmp_path: Path) -> None:
    def block(index: int) -> DatasetItem:
        rows = np.arange(6, dtype=np.float32).reshape(3, 2) + index
        return DatasetItem(index, index, {}, arrays={"vectors": rows, "attributes": rows / 100, "people": np.arange(3) + 3 * index})

    write_dataset(tmp_path, card("bodies"), plan(6, 2), block)
    train = load_vectors(tmp_path, "train")
    assert train.vectors.shape == (12, 2)
    assert train.people.tolist() == list(range(12))
    assert train.names == ("a", "b")


def test_a_killed_run_goes_on_and_gives_the_same_bytes(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    write_dataset(whole, card(), plan(), face)

    def dies_at_six(index: int) -> DatasetItem:
        if index == 6:
            raise KeyboardInterrupt
        return face(index)

    with pytest.raises(KeyboardInterrupt):
        write_dataset(killed, card(), plan(), dies_at_six)
    assert [p.name for p in killed.glob("*.tar")] == ["train-000000.tar"]
    made: list[int] = []

    def watched(index: int) -> DatasetItem:
        made.append(index)
        return face(index)

    write_dataset(killed, card(), plan(), watched)
    assert made == list(range(4, 12))
    assert {p.name: p.read_bytes() for p in whole.iterdir()} == {p.name: p.read_bytes() for p in killed.iterdir()}


def test_another_set_is_not_mixed_in(tmp_path: Path) -> None:
    write_dataset(tmp_path, card(), plan(), face)
    with pytest.raises(SpecError, match="holds a data set of another kind, count, size, seed or version; give another --out"):
        write_dataset(tmp_path, card(seed=1), plan(), face)


def test_a_damaged_plan_is_one_sentence(tmp_path: Path) -> None:
    write_dataset(tmp_path, card(), plan(), face)
    (tmp_path / "plan.json").write_bytes(b'{"card": ')
    with pytest.raises(FormatError, match=r"plan\.json is damaged"):
        write_dataset(tmp_path, card(), plan(), face)


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("dear diary")
    with pytest.raises(SpecError, match="holds files that are no data set"):
        write_dataset(tmp_path, card(), plan(), face)
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.txt"]


def test_what_a_killed_run_was_writing_does_not_keep_the_next_one_out(tmp_path: Path) -> None:
    (tmp_path / ".part-0f").write_text("half of a plan")
    assert write_dataset(tmp_path, card(), plan(), face).is_file()


def test_a_file_in_the_sets_place_and_a_disk_that_refuses_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("dear diary")
    with pytest.raises(SpecError, match="is there and is not a folder; give another --out"):
        write_dataset(tmp_path / "file", card(), plan(), face)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"cannot write .*: No space left on device; free some disk space"):
        write_dataset(tmp_path / "set", card(), plan(), face)
    assert list((tmp_path / "set").iterdir()) == []


def test_an_unfinished_set_says_so(tmp_path: Path) -> None:
    write_dataset(tmp_path, card(), plan(), face)
    (tmp_path / "dataset.json").unlink()
    with pytest.raises(FormatError, match="holds no finished data set; run the same `fenshen data` command again"):
        load_images(tmp_path, "train")


def test_a_damaged_or_missing_shard_is_named(tmp_path: Path) -> None:
    write_dataset(tmp_path, card(), plan(), face)
    (tmp_path / "train-000001.tar").write_bytes(b"torn")
    (tmp_path / "train-000002.tar").unlink()
    with pytest.raises(FormatError) as caught:
        find_shard_files(tmp_path, "train")
    assert [(" is damaged" in f.message, " is missing" in f.message) for f in caught.value.findings] == [(True, False), (False, True)]


def test_wrong_split_and_wrong_kind_are_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path, card(), plan(), face)
    with pytest.raises(SpecError, match="'dev' is no split; take train, validation, test"):
        load_images(tmp_path, "dev")  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="holds pictures, not body vectors"):
        load_vectors(tmp_path, "train")


def test_the_index_tells_terms_and_digests(tmp_path: Path) -> None:
    write_dataset(tmp_path, card(), plan(), face)
    index = read_index(tmp_path)
    assert index["splits"] == {"train": 10, "validation": 1, "test": 1}
    assert index["sources"][0]["licence"] == index["licence"] == "CC0-1.0"
    assert index["command"] == "fenshen data tiny"
    assert sum(shard["items"] for shard in index["shards"]) == 12
    assert all(len(shard["sha256"]) == 64 for shard in index["shards"])


def test_webdataset_reads_a_shard(tmp_path: Path) -> None:
    import webdataset

    write_dataset(tmp_path, card(), plan(), face)
    paths = [str(path) for split in SPLITS for path in find_shard_files(tmp_path, split)]
    samples = list(webdataset.WebDataset(paths, shardshuffle=False).decode("rgb8"))
    assert [sample["__key__"] for sample in samples] == [f"{i:06d}" for i in range(12)]
    assert (samples[5]["png"] == face(5).picture).all()
    assert samples[5]["json"]["captions"] == {"en": "face 5", "zh": "面孔5"}


def test_large_pictures_are_jpeg_and_near(tmp_path: Path) -> None:
    import cv2

    smooth = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (192, 192, 3)).astype(np.uint8), (0, 0), 6)
    write_dataset(tmp_path, card(count=3), plan(3), lambda i: DatasetItem(i, i, {"age_years": 1, "tone": 0}, smooth))
    data = (tmp_path / "train-000000.tar").read_bytes()
    assert b"000000.jpg" in data
    told = json.loads((tmp_path / "dataset.json").read_bytes())
    (tmp_path / "dataset.json").write_text(json.dumps(told | {"size": 192}))
    assert np.abs(load_images(tmp_path, "train").images[0].astype(int) - smooth).mean() < 2


def test_an_index_that_cannot_be_read_or_is_no_index_is_one_sentence(tmp_path):
    """Links that lead to one another, and a JSON list, ended in a traceback."""
    (tmp_path / "a").symlink_to("a")
    with pytest.raises(FormatError, match=r"data/unreadable. .*/a/dataset.json cannot be read: Too many levels of symbolic links; give"):
        read_index(tmp_path / "a")
    (tmp_path / "dataset.json").write_text("[1]")
    with pytest.raises(FormatError, match=r"dataset\.json says schema None, not"):
        read_index(tmp_path)
