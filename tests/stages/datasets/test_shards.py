"""A data set on disk: what is written is read back, a killed run resumes, and damage is reported in whole sentences."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assets.errors import FenshenError, FormatError, SpecError, StoreError
from assets.rights import Source
from stages.datasets.shards import (
    SCHEMA,
    DatasetCard,
    DatasetItem,
    Shard,
    compute_split_counts,
    find_shard_files,
    load_images,
    load_people,
    load_vectors,
    plan_shards,
    read_index,
    write_dataset,
)
from stages.datasets.splits import SPLITS

SIZE = 8
OTHER_OUT = "give another --out, or remove the folder"


def make_card(kind: str = "faces", count: int = 12, seed: int = 0) -> DatasetCard:
    source = (Source("us", "CC0-1.0", "made here"),)
    return DatasetCard("tiny", kind, SIZE, count, ("age_years", "tone"), seed, "CC0-1.0", source, "fenshen data tiny", names=("a", "b"))


def make_plan(count: int = 12, each: int = 4) -> tuple[Shard, ...]:
    index = iter(range(count))
    return plan_shards({split: [next(index) for _ in range(n)] for split, n in compute_split_counts(count).items()}, each)


def make_face(index: int) -> DatasetItem:
    rng = np.random.default_rng(index)
    picture = rng.integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    captions = {"en": f"face {index}", "zh": f"面孔{index}"}
    return DatasetItem(index, index // 2, {"age_years": 20.0 + index, "tone": 0.5}, picture, captions=captions)


def make_skin(index: int) -> DatasetItem:
    picture = np.random.default_rng(index).integers(0, 256, (SIZE, SIZE, 6)).astype(np.uint8)
    return DatasetItem(index, index, {"age_years": 30.0, "tone": 0.1}, picture)


def test_from_three_on_no_split_is_empty() -> None:
    for count in (3, 4, 11, 12, 13, 3600):
        parts = compute_split_counts(count)
        assert sum(parts.values()) == count
        assert min(parts.values()) >= 1
        assert parts["train"] >= parts["test"] == parts["validation"]


def test_pictures_attributes_people_and_captions_are_read_back(tmp_path: Path) -> None:
    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    train = load_images(tmp_path, "train")
    assert len(train) == 10
    for index in range(10):
        assert (train.images[index] == make_face(index).picture).all()
    assert train.column("age_years").tolist() == [20.0 + i for i in range(10)]
    assert train.people.tolist() == [i // 2 for i in range(10)]
    assert train.captions["zh"][3] == "面孔3"


def test_six_channels_are_read_back(tmp_path: Path) -> None:
    write_dataset(tmp_path, make_card("skins"), make_plan(), make_skin)
    assert (load_images(tmp_path, "test").images[0] == make_skin(11).picture).all()


def test_vectors_are_read_back_block_by_block(tmp_path: Path) -> None:
    def make_block(index: int) -> DatasetItem:
        rows = np.arange(6, dtype=np.float32).reshape(3, 2) + index
        return DatasetItem(index, index, {}, arrays={"vectors": rows, "attributes": rows / 100, "people": np.arange(3) + 3 * index})

    write_dataset(tmp_path, make_card("bodies"), make_plan(6, 2), make_block)
    train = load_vectors(tmp_path, "train")
    assert train.vectors.shape == (12, 2)
    assert train.people.tolist() == list(range(12))
    assert train.names == ("a", "b")


def test_a_killed_run_resumes_and_gives_the_same_bytes(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    write_dataset(whole, make_card(), make_plan(), make_face)

    def fail_at_six(index: int) -> DatasetItem:
        if index == 6:
            raise KeyboardInterrupt
        return make_face(index)

    with pytest.raises(KeyboardInterrupt):
        write_dataset(killed, make_card(), make_plan(), fail_at_six)
    assert [p.name for p in killed.glob("*.tar")] == ["train-000000.tar"]
    indices: list[int] = []

    def make_and_record(index: int) -> DatasetItem:
        indices.append(index)
        return make_face(index)

    write_dataset(killed, make_card(), make_plan(), make_and_record)
    assert indices == list(range(4, 12))
    assert {p.name: p.read_bytes() for p in whole.iterdir()} == {p.name: p.read_bytes() for p in killed.iterdir()}


def test_progress_counts_every_item(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    write_dataset(tmp_path, make_card(), make_plan(), make_face, lambda done, total: calls.append((done, total)))
    assert sorted(set(calls)) == [(done, 12) for done in range(1, 13)]


def test_another_wording_of_the_notes_is_the_same_set(tmp_path: Path) -> None:
    """A note that a new version words differently made a finished set another one."""
    write_dataset(tmp_path, replace(make_card(), notes=("nobody is shown",)), make_plan(), make_face)
    write_dataset(tmp_path, replace(make_card(), notes=("no real person is shown",)), make_plan(), make_face)
    assert read_index(tmp_path)["notes"] == ["no real person is shown"]


def test_what_a_killed_run_was_writing_does_not_block_the_next_one(tmp_path: Path) -> None:
    (tmp_path / ".part-0f").write_text("half of a plan")
    assert write_dataset(tmp_path, make_card(), make_plan(), make_face).is_file()


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.txt").write_text("dear diary")
    message = f"error[data/not-empty] {tmp_path} contains files of something else; give an empty folder as --out"
    assert catch_message(SpecError, lambda: write_dataset(tmp_path, make_card(), make_plan(), make_face)) == message
    assert [p.name for p in tmp_path.iterdir()] == ["holiday.txt"]


def catch_message(kind: type[FenshenError], call: Callable[[], object]) -> str:
    """The whole text of the error that the call raises."""
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_a_folder_that_holds_another_set_is_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    message = f"error[data/other-set] {tmp_path} holds a data set of another kind, count, size, seed or version; {OTHER_OUT}"
    assert catch_message(SpecError, lambda: write_dataset(tmp_path, make_card(seed=1), make_plan(), make_face)) == message


@pytest.mark.parametrize("content", [b"5", b"[]", b'{"card": 5}', b"null"])
def test_a_plan_that_is_no_plan_is_another_set(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    message = f"error[data/other-set] {tmp_path} holds a data set of another kind, count, size, seed or version; {OTHER_OUT}"
    assert catch_message(SpecError, lambda: write_dataset(tmp_path, make_card(), make_plan(), make_face)) == message


def test_a_damaged_plan_is_reported(tmp_path: Path) -> None:
    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    (tmp_path / "plan.json").write_bytes(b'{"card": ')
    reason = "the plan is damaged: Expecting value: line 1 column 10 (char 9)"
    message = f"{tmp_path}/plan.json: error[data/damaged] {reason}; {OTHER_OUT}"
    assert catch_message(FormatError, lambda: write_dataset(tmp_path, make_card(), make_plan(), make_face)) == message


def test_a_file_in_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("dear diary")
    message = f"error[data/not-a-folder] {tmp_path}/file is not a folder; give another --out"
    assert catch_message(SpecError, lambda: write_dataset(tmp_path / "file", make_card(), make_plan(), make_face)) == message


def test_a_full_disk_is_reported_and_leaves_no_partial_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    message = catch_message(StoreError, lambda: write_dataset(tmp_path / "set", make_card(), make_plan(), make_face))
    assert message.startswith(f"error[store/write] cannot write {tmp_path}/set/plan.json: No space left on device (it needs 0.1 MB, ")
    assert message.endswith(" MB are free); free some disk space, e.g. by `fenshen cache gc --days 30`, or choose another folder")
    assert list((tmp_path / "set").iterdir()) == []


def test_an_unfinished_set_says_how_to_finish_it(tmp_path: Path) -> None:
    message = f"error[data/unfinished] {tmp_path} holds no finished data set; make one with `fenshen data`"
    assert catch_message(FormatError, lambda: load_images(tmp_path, "train")) == message
    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    (tmp_path / "dataset.json").unlink()
    fix = "run the same `fenshen data` command again: it resumes where it stopped"
    message = f"error[data/unfinished] {tmp_path} holds no finished data set; {fix}"
    assert catch_message(FormatError, lambda: load_images(tmp_path, "train")) == message


def test_damaged_and_missing_shards_are_named(tmp_path: Path) -> None:
    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    (tmp_path / "train-000001.tar").write_bytes(b"torn")
    (tmp_path / "train-000002.tar").unlink()
    again = "run the same `fenshen data` command again"
    assert catch_message(FormatError, lambda: find_shard_files(tmp_path, "train")).splitlines() == [
        f"error[data/shard] {tmp_path}/train-000001.tar is damaged; {again} after removing it",
        f"error[data/shard] {tmp_path}/train-000002.tar is missing; {again}",
    ]


def test_an_unknown_split_and_a_wrong_kind_are_refused(tmp_path: Path) -> None:
    write_dataset(tmp_path / "faces", make_card(), make_plan(), make_face)
    write_dataset(
        tmp_path / "bodies", make_card("bodies", 3), make_plan(3), lambda i: DatasetItem(i, i, {}, arrays={"people": np.arange(1)})
    )
    message = "error[data/split] unknown split 'dev'; use one of train, validation, test"
    assert catch_message(SpecError, lambda: load_images(tmp_path / "faces", "dev")) == message  # type: ignore[arg-type]
    message = f"error[data/kind] {tmp_path}/faces holds pictures, not body vectors; give a data set of body vectors"
    assert catch_message(FormatError, lambda: load_vectors(tmp_path / "faces", "train")) == message
    message = f"error[data/kind] {tmp_path}/bodies holds body vectors, not pictures; give a data set of pictures"
    assert catch_message(FormatError, lambda: load_images(tmp_path / "bodies", "train")) == message


def test_an_index_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """Links that lead to one another, and a JSON list, ended in a traceback."""
    (tmp_path / "a").symlink_to("a")
    reason = f"{tmp_path}/a/dataset.json cannot be read: Too many levels of symbolic links"
    message = f"error[data/unreadable] {reason}; give the folder of a data set"
    assert catch_message(FormatError, lambda: read_index(tmp_path / "a")) == message
    for content, code, reason in (
        ("[1]", "schema", "has schema None, expected 'fenshen/dataset@1'"),
        ('{"schema": "other@2"}', "schema", "has schema 'other@2', expected 'fenshen/dataset@1'"),
        ("{", "index", "is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ):
        (tmp_path / "dataset.json").write_text(content)
        message = f"error[data/{code}] {tmp_path}/dataset.json {reason}; make the data set again"
        assert catch_message(FormatError, lambda: read_index(tmp_path)) == message


def test_people_are_read_without_their_pictures(tmp_path: Path) -> None:
    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    assert load_people(tmp_path, "train").tolist() == [i // 2 for i in range(10)]


def test_the_index_records_terms_and_digests(tmp_path: Path) -> None:
    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    index = read_index(tmp_path)
    assert index["splits"] == {"train": 10, "validation": 1, "test": 1}
    assert index["sources"][0]["licence"] == index["licence"] == "CC0-1.0"
    assert index["command"] == "fenshen data tiny"
    assert sum(shard["items"] for shard in index["shards"]) == 12
    assert all(len(shard["sha256"]) == 64 for shard in index["shards"])


def test_webdataset_reads_a_shard(tmp_path: Path) -> None:
    import webdataset

    write_dataset(tmp_path, make_card(), make_plan(), make_face)
    paths = [str(path) for split in SPLITS for path in find_shard_files(tmp_path, split)]
    samples = list(webdataset.WebDataset(paths, shardshuffle=False).decode("rgb8"))
    assert [sample["__key__"] for sample in samples] == [f"{i:06d}" for i in range(12)]
    assert (samples[5]["png"] == make_face(5).picture).all()
    assert samples[5]["json"]["captions"] == {"en": "face 5", "zh": "面孔5"}


def test_large_pictures_are_jpeg_of_high_quality(tmp_path: Path) -> None:
    import cv2

    smooth = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (192, 192, 3)).astype(np.uint8), (0, 0), 6)
    write_dataset(tmp_path, make_card(count=3), make_plan(3), lambda i: DatasetItem(i, i, {"age_years": 1, "tone": 0}, smooth))
    data = (tmp_path / "train-000000.tar").read_bytes()
    assert b"000000.jpg" in data
    index = json.loads((tmp_path / "dataset.json").read_bytes())
    (tmp_path / "dataset.json").write_text(json.dumps(index | {"size": 192}))
    assert np.abs(load_images(tmp_path, "train").images[0].astype(int) - smooth).mean() < 2


@pytest.mark.parametrize(("index", "sentence"), [
    ({}, "has no valid kind"), ({"kind": "skins", "licence": "CC0-1.0", "splits": [], "shards": [], "columns": []}, "has no valid splits"),
])  # fmt: skip
def test_an_index_without_its_fields_is_one_sentence(index: dict[str, object], sentence: str, tmp_path: Path) -> None:
    """It was a traceback."""
    (tmp_path / "dataset.json").write_text(json.dumps({"schema": SCHEMA, **index}))
    with pytest.raises(FormatError, match=f"{sentence}; make the data set again"):
        read_index(tmp_path)


def test_a_pipe_in_the_place_of_the_index_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dataset.json")
    with pytest.raises(FormatError, match=r"dataset\.json is not a file"):
        read_index(tmp_path)
