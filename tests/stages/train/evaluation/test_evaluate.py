"""Evaluation on tiny nets and sets: the same measures for all, and the one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from assets.digest import sha256
from assets.errors import BackendError, SpecError
from assets.paths import get_baked_path
from stages.datasets.shards import DatasetCard, DatasetItem, plan_shards, write_dataset
from stages.datasets.splits import VectorSplit
from stages.nets.weights_io import TrainedNet
from stages.nets.weights_io import export_net as packed
from stages.train.evaluation.compare import compare_weights, find_feature_source, find_titles, format_page
from stages.train.evaluation.evaluate import (
    _match_conditions,
    evaluate_weights,
    measure_features,
    measure_impossible_share,
    measure_samples,
)
from stages.train.loop.examples import make_examples
from tests.stages.train.tiny import COLUMNS, discs, examples

needs_body = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `make bake` first")
KEPT = (
    "fenshen-frechet",
    "fenshen-kernel",
    "patches",
    "precision",
    "recall",
    "diversity",
    "memory",
    "age error",
    "gender error",
    "tone error",
)


def save(folder: Path, title: str, shipped: TrainedNet) -> Path:
    """A weights file with its entry in the folder's weights.json."""
    content = packed(shipped, {})
    file = folder / f"{title}.safetensors"
    file.write_bytes(content)
    index = folder / "weights.json"
    table = json.loads(index.read_text()) if index.exists() else {}
    table[title] = {"file": file.name, "sha256": sha256(content), "net": shipped.net, "wall_seconds": 120}
    index.write_text(json.dumps(table))
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained DCGAN and diffusion of 32 px portraits, and their reader."""
    from stages.nets import classifier, dcgan, diffusion

    torch.set_num_threads(1)
    torch.manual_seed(0)
    where = tmp_path_factory.mktemp("weights")
    reader = classifier.Shape(size=32, width=8)
    save(
        where, "face-classifier", TrainedNet("classifier", reader, {n: m.eval() for n, m in classifier.build_nets(reader).items()}, COLUMNS)
    )
    gan = dcgan.Shape(size=32, width=8, latent=8)
    save(where, "face-dcgan", TrainedNet("dcgan", gan, {n: m.eval() for n, m in dcgan.build_nets(gan).items()}, COLUMNS))
    fog = diffusion.Shape(size=32, channels=3, latent_channels=2, autoencoder_width=8, width=16, depth=1, steps=2)
    save(where, "face-diffusion", TrainedNet("diffusion", fog, {n: m.eval() for n, m in diffusion.build_nets(fog).items()}, COLUMNS))
    return where


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of 32 px discs that calls itself faces."""
    pictures = discs(120, 32)
    card = DatasetCard("discs", "faces", 32, 120, COLUMNS, 0, "CC0-1.0", (), "test")
    items = {"train": list(range(60)), "validation": list(range(60, 90)), "test": list(range(90, 120))}

    def make(i: int) -> DatasetItem:
        told = dict(zip(COLUMNS, map(float, pictures.attributes[i]), strict=True))
        return DatasetItem(i, i, told, pictures.images[i], captions={"en": "", "zh": ""})

    where = tmp_path_factory.mktemp("sets") / "discs"
    write_dataset(where, card, plan_shards(items, 100), make)  # type: ignore[arg-type]
    return where


def test_every_measure_is_there_and_the_same_samples_give_the_same_numbers(folder: Path, faces: Path) -> None:
    first, again = (
        evaluate_weights(folder / "face-dcgan.safetensors", faces, reader=folder / "face-classifier.safetensors") for _ in range(2)
    )
    assert set(KEPT) <= set(first.values)
    assert [first.values[name] for name in KEPT] == [again.values[name] for name in KEPT]
    assert first.samples == 30
    assert first.values["megabytes"] > 0


def test_larger_nets_and_sets_are_compared_at_the_size_that_the_reader_reads(folder: Path, faces: Path) -> None:
    import shutil

    from stages.nets import classifier, dcgan

    where = folder.parent / "small"
    shutil.copytree(folder, where)
    reader, gan = classifier.Shape(size=16, width=8), dcgan.Shape(size=16, width=8, latent=8)
    save(
        where, "face-classifier", TrainedNet("classifier", reader, {n: m.eval() for n, m in classifier.build_nets(reader).items()}, COLUMNS)
    )
    save(where, "face-dcgan", TrainedNet("dcgan", gan, {n: m.eval() for n, m in dcgan.build_nets(gan).items()}, COLUMNS))
    reports = compare_weights("all", where, [faces])
    assert [report.samples for report in reports] == [30, 30, 30]
    assert np.isfinite([report.values["fenshen-frechet"] for report in reports]).all()
    with pytest.raises(SpecError, match="the reader reads 32 px"):
        evaluate_weights(where / "face-dcgan.safetensors", faces, reader=folder / "face-classifier.safetensors")


def test_people_of_the_same_age_and_tone_are_each_answered_by_another_training_example() -> None:
    asked = np.zeros((4, 3), np.float32)
    there = np.concatenate([np.zeros((3, 3), np.float32), np.full((2, 3), 0.1, np.float32)])
    found = _match_conditions(asked, there)
    assert sorted(found[:3]) == [0, 1, 2]
    assert found[3] in (3, 4)
    assert len(_match_conditions(asked, there[:2])) == 4


def test_training_pictures_score_better_than_untrained_nets(folder: Path, faces: Path) -> None:
    reports = compare_weights("all", folder, [faces])
    assert [report.name for report in reports] == ["face-dcgan", "face-diffusion", "training data itself"]
    scores = [report.values["fenshen-frechet"] for report in reports]
    assert scores[-1] < min(scores[:-1])


def test_one_table_holds_all_families_measures_and_the_worst_group(folder: Path, faces: Path) -> None:
    table = json.loads((folder / "weights.json").read_text())
    table["face-diffusion"]["machine"] = "a GPU"
    page = format_page(compare_weights("all", folder, [faces]), table)
    assert page.count("## discs") == 1
    for word in ("face-dcgan", "face-diffusion", "training data itself", "fenshen-frechet", "| 2 min |", "| 2 min, a GPU |", "a second"):
        assert word in page
    rows = [line for line in page.splitlines() if line.startswith("| face-")]
    assert len({line.count("|") for line in rows[:2]}) == 1


def test_the_page_says_what_each_measure_does_not_see() -> None:
    rows = [line for line in format_page([], {}).splitlines() if line.startswith(("| fenshen-frechet |", "| patches |", "| precision |"))]
    assert len(rows) == 3
    assert all(len(row.split("|")[3].strip()) > 10 for row in rows)
    assert "light" in rows[0].split("|")[3]


def test_another_light_is_seen_by_patches(folder: Path) -> None:
    train, test = examples(60, 32), examples(40, 32, seed=1)
    lit, reader = np.minimum(test.values.astype(int) + 20, 255).astype(np.uint8), folder / "face-classifier.safetensors"
    assert measure_samples(test.values, train, test, reader, None)[0]["patches"] == 0
    assert measure_samples(lit, train, test, reader, None)[0]["patches"] > 1


def test_names_mean_a_title_a_family_or_all() -> None:
    table: dict[str, dict[str, Any]] = {"skin-unet": {"net": "unet"}, "face-dcgan": {"net": "dcgan"}}
    table["face-classifier"] = {"net": "classifier"}
    assert find_titles(table, "all") == ["skin-unet", "face-dcgan"]
    assert find_titles(table, "unet") == find_titles(table, "skin-unet") == ["skin-unet"]
    with pytest.raises(SpecError, match="no weights are called 'unett'"):
        find_titles(table, "unett")
    with pytest.raises(SpecError, match="called 'unet'; name the folder of your own as --weights"):
        find_titles({}, "unet")


def test_the_kind_of_data_set_that_a_net_makes_is_named(folder: Path) -> None:
    """Whatever it makes, a net was said to want skins, faces, bodies or a folder."""
    table = json.loads((folder / "weights.json").read_text())
    assert "face-dcgan" in table
    with pytest.raises(SpecError, match=r"no data set given is of the kind that dcgan makes; give a set of faces$"):
        compare_weights("dcgan", folder, [])


def test_a_set_of_another_kind_is_said(folder: Path, faces: Path, tmp_path: Path) -> None:
    from stages.nets import dcgan

    shape = dcgan.Shape(size=32, channels=6, width=8, latent=8)
    save(tmp_path, "face-small", TrainedNet("dcgan", shape, dcgan.build_nets(shape), COLUMNS))
    with pytest.raises(SpecError, match="makes samples of shape"):
        evaluate_weights(tmp_path / "face-small.safetensors", faces, reader=folder / "face-classifier.safetensors")
    save(tmp_path, "skin-small", TrainedNet("dcgan", shape, dcgan.build_nets(shape), COLUMNS))
    with pytest.raises(SpecError, match="no data set given is of the kind"):
        compare_weights("skin-small", tmp_path, [faces])


def own_set(where: Path, columns: tuple[str, ...] = COLUMNS, count: int = 120) -> Path:
    """A user's folder of 32 px discs that records these columns."""
    pictures, half = discs(count, 32), count // 2
    consent = {"person": "nobody", "given": "2026-01-01"}
    card = DatasetCard("mine", "folder", 32, count, columns, 0, "CC0-1.0", (), "test", consent=consent)
    items = {"train": list(range(half)), "validation": [], "test": list(range(half, count))}

    def make(i: int) -> DatasetItem:
        return DatasetItem(
            i, i, {name: float(pictures.column(name)[i]) for name in columns}, pictures.images[i], captions={"en": "", "zh": ""}
        )

    write_dataset(where, card, plan_shards(items, 100), make)  # type: ignore[arg-type]
    return where


def test_a_users_folder_is_measured_by_its_own_reader_or_by_the_portraits_which_is_said(folder: Path, tmp_path: Path) -> None:
    """It could be trained on but not measured: no data set given was of the kind that folder-dcgan makes."""
    import shutil

    data = own_set(tmp_path / "mine")
    for name in ("dcgan", "classifier"):
        where = tmp_path / name
        where.mkdir()
        shutil.copy(folder / f"face-{name}.safetensors", where / f"folder-{name}.safetensors")
    entries = json.loads((folder / "weights.json").read_text())
    made = {"folder-dcgan": {**entries["face-dcgan"], "file": "folder-dcgan.safetensors"}}
    lent = {"face-classifier": {**entries["face-classifier"], "file": "../classifier/folder-classifier.safetensors"}}
    own = {"folder-classifier": lent["face-classifier"]}
    for reader, note in ((lent, "Measured on the features of face-classifier."), (own, "")):
        (tmp_path / "dcgan" / "weights.json").write_text(json.dumps(made | reader))
        reports = compare_weights("folder-dcgan", tmp_path / "dcgan", [data])
        assert [(report.name, report.note) for report in reports] == [("folder-dcgan", note), ("training data itself", note)]
        assert {"fenshen-frechet", "age error"} <= set(reports[0].values)
        assert (note in format_page(reports, made)) is True
    assert find_feature_source("folder-dcgan", tmp_path).note == "Measured on the features of face-classifier, which ships."


def test_what_a_folder_does_not_record_has_no_error(folder: Path, tmp_path: Path) -> None:
    from stages.train.evaluation.evaluate import evaluate_training_data

    reader = folder / "face-classifier.safetensors"
    assert {"age error", "tone error", "gender error"} & set(
        evaluate_training_data(own_set(tmp_path / "a", ()), reader=reader).values
    ) == set()
    told = evaluate_training_data(own_set(tmp_path / "b", ("tone",)), reader=reader)
    assert {"age error", "tone error", "gender error"} & set(told.values) == {"tone error"}
    assert told.values["memory"] == pytest.approx(0, abs=1e-3)


def test_too_few_held_out_pictures_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    data = own_set(tmp_path / "mine", count=6)
    with pytest.raises(SpecError, match="mine holds 3 pictures to measure on, 4 at least are needed"):
        evaluate_weights(folder / "face-dcgan.safetensors", data, reader=folder / "face-classifier.safetensors")


def test_pictures_without_a_reader_and_readers_as_generators_are_refused(folder: Path, faces: Path) -> None:
    with pytest.raises(BackendError, match="there is none"):
        evaluate_weights(folder / "face-dcgan.safetensors", faces)
    with pytest.raises(SpecError, match="reads pictures and makes none"):
        evaluate_weights(folder / "face-classifier.safetensors", faces)


def test_a_damaged_file_is_refused_in_one_sentence(folder: Path, faces: Path, tmp_path: Path) -> None:
    broken = tmp_path / "face-dcgan.safetensors"
    broken.write_bytes((folder / "face-dcgan.safetensors").read_bytes()[:-4])
    with pytest.raises(BackendError) as caught:
        evaluate_weights(broken, faces, sha256="0" * 64)
    assert "\n" not in str(caught.value)


def test_memorised_features_are_seen() -> None:
    rng = np.random.default_rng(0)
    train, real = rng.standard_normal((200, 4)).astype(np.float32), rng.standard_normal((100, 4)).astype(np.float32)
    assert measure_features(train, real, train[:100])["memory"] == pytest.approx(0, abs=1e-6)
    assert measure_features(train, real, rng.standard_normal((100, 4)).astype(np.float32))["memory"] > 0.7


def test_a_copy_of_any_training_picture_is_seen_in_a_large_set(folder: Path) -> None:
    """The nearest was looked for among 2000 random ones: of a set three times as large, two copies in three passed for new people."""
    train, test = examples(6000, 32), examples(40, 32, seed=1)
    copies, reader = train.values[-40:], folder / "face-classifier.safetensors"
    assert measure_samples(copies, train, test, reader, None)[0]["memory"] == pytest.approx(0, abs=1e-3)
    assert measure_samples(test.values[::-1], train, test, reader, None)[0]["memory"] == pytest.approx(1, abs=1e-3)


@needs_body
def test_a_copy_of_any_training_body_is_seen_in_a_large_set() -> None:
    rng = np.random.default_rng(0)
    names, columns = ("muscle", "weight", "height", "proportions"), ("age_years", "gender")
    told = np.tile(np.array([[30, 1]], np.float32), (3000, 1))
    values = rng.uniform(0.3, 0.7, (3000, 4)).astype(np.float32)
    bodies = [VectorSplit(values[rows], names, told[rows], columns, np.arange(3000)[rows]) for rows in (slice(30, None), slice(30))]
    train, test = (make_examples(part, columns) for part in bodies)
    assert measure_samples(train.values[-30:], train, test, None, None)[0]["memory"] == pytest.approx(0, abs=1e-6)


@needs_body
def test_planted_bodies_raise_the_impossible_share() -> None:
    names = ("muscle", "weight", "height", "proportions")
    usual = np.full((4, 4), 0.5, np.float32)
    usual[2:, 2], usual[3, 1] = 1.0, 0.5
    told = np.array([[0.3, 0.5], [0.5, 0.0], [0.06, 0.5], [0.3, 0.5]], np.float32)
    share = measure_impossible_share(usual, told, names)
    assert 0.25 <= share <= 0.75
    assert measure_impossible_share(np.full((2, 4), 0.45, np.float32), told[:2], names) == 0
