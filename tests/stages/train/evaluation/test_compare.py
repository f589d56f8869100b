"""Comparison of weights on tiny nets: names, data sets, classifiers, and the page of all families."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from assets import weights
from assets.errors import BackendError, SpecError
from stages.nets import dcgan
from stages.train.evaluation.compare import (
    compare_weights,
    find_feature_source,
    find_titles,
    format_page,
    refuse_unmeasurable,
)
from stages.train.evaluation.evaluate import MEASURES
from tests.stages.train.evaluation.tiny_weights import write_face_set, write_face_weights, write_users_set, write_weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_set(tmp_path_factory.mktemp("sets") / "discs")


def test_training_images_score_better_than_untrained_nets(folder: Path, faces: Path) -> None:
    reports = compare_weights("all", folder, [faces])
    assert [report.name for report in reports] == ["face-dcgan", "face-diffusion", "training data itself"]
    scores = [report.values["fenshen-frechet"] for report in reports]
    assert scores[-1] < min(scores[:-1])


def test_one_table_holds_all_families_and_measures_with_times_and_machines(folder: Path, faces: Path) -> None:
    table = json.loads((folder / "weights.json").read_text())
    table["face-diffusion"]["machine"] = "a GPU"
    page = format_page(compare_weights("all", folder, [faces]), table)
    assert page.count("## discs: 30 samples per family") == 1
    for cell in ("face-dcgan", "face-diffusion", "training data itself", "fenshen-frechet", "| 2 min |", "| 2 min, a GPU |", "a second"):
        assert cell in page
    rows = [line for line in page.splitlines() if line.startswith("| face-")]
    assert len({line.count("|") for line in rows[:2]}) == 1


def test_the_page_describes_every_measure_and_what_it_does_not_see() -> None:
    rows = [line.split("|")[1:-1] for line in format_page([], {}).partition("## Measures")[2].splitlines() if line.startswith("|")][2:]
    assert {name.strip(): (meaning.strip(), blind.strip()) for name, meaning, blind in rows} == {
        name: (description.meaning, description.blind) for name, description in MEASURES.items()
    }
    assert all(MEASURES[name].blind for name in ("fenshen-frechet", "patches", "precision", "recall", "diversity", "memory"))


def test_a_name_is_a_title_a_family_or_all() -> None:
    table: dict[str, dict[str, Any]] = {"skin-unet": {"net": "unet"}, "face-dcgan": {"net": "dcgan"}}
    table["face-classifier"] = {"net": "classifier"}
    assert find_titles(table, "all") == ["skin-unet", "face-dcgan"]
    assert find_titles(table, "unet") == find_titles(table, "skin-unet") == ["skin-unet"]


@pytest.mark.parametrize(
    ("table", "known"),
    [({"skin-unet": {"net": "unet"}, "face-dcgan": {"net": "dcgan"}}, "take all or one of face-dcgan, skin-unet; "), ({}, "")],
)
def test_an_unknown_name_is_answered_with_the_titles(table: dict[str, dict[str, Any]], known: str) -> None:
    with pytest.raises(SpecError) as caught:
        find_titles(table, "unett")
    assert str(caught.value) == (
        f"error[evaluate/name] there are no weights called 'unett'; {known}give the folder of your own weights as --weights"
    )


def test_a_missing_data_set_is_named_by_its_kind(folder: Path, faces: Path, tmp_path: Path) -> None:
    """Every net was said to need skins, faces, bodies or a folder."""
    with pytest.raises(SpecError) as caught:
        compare_weights("dcgan", folder, [])
    sentence = "error[evaluate/data] none of the data sets is of the kind that {} generates; give a data set of {}"
    assert str(caught.value) == sentence.format("dcgan", "faces")
    write_weights(tmp_path, "skin-small", "dcgan", dcgan.Shape(size=32, channels=6, width=8, latent=8))
    with pytest.raises(SpecError) as caught:
        compare_weights("skin-small", tmp_path, [faces])
    assert str(caught.value) == sentence.format("skin-small", "skins")


def test_a_users_folder_is_measured_by_its_own_classifier_or_by_the_portraits(folder: Path, tmp_path: Path) -> None:
    """A user's images could be trained on but not measured: no data set was of the kind that folder-dcgan generates."""
    data = write_users_set(tmp_path / "mine")
    for name in ("dcgan", "classifier"):
        (tmp_path / name).mkdir()
        shutil.copy(folder / f"face-{name}.safetensors", tmp_path / name / f"folder-{name}.safetensors")
    entries = json.loads((folder / "weights.json").read_text())
    generator = {"folder-dcgan": {**entries["face-dcgan"], "file": "folder-dcgan.safetensors"}}
    classifier = {**entries["face-classifier"], "file": "../classifier/folder-classifier.safetensors"}
    for title, note in (("face-classifier", "Measured on the features of face-classifier."), ("folder-classifier", "")):
        (tmp_path / "dcgan" / "weights.json").write_text(json.dumps(generator | {title: classifier}))
        reports = compare_weights("folder-dcgan", tmp_path / "dcgan", [data])
        assert [(report.name, report.note) for report in reports] == [("folder-dcgan", note), ("training data itself", note)]
        assert {"fenshen-frechet", "age error"} <= reports[0].values.keys()
        assert note in format_page(reports, generator)
    assert find_feature_source("folder-dcgan", tmp_path).note == "Measured on the features of the bundled face-classifier."


def test_weights_without_a_classifier_are_refused_before_a_training(
    folder: Path, faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(BackendError) as caught:
        refuse_unmeasurable("face-dcgan", tmp_path, faces)
    assert str(caught.value) == (
        "error[evaluate/reader] measuring face-dcgan needs face-classifier, and there are no such weights; "
        "train them with `fenshen train classifier` into the folder of the weights"
    )
    with pytest.raises(SpecError) as caught:
        refuse_unmeasurable("face-classifier", folder, faces)
    assert str(caught.value) == (
        "error[evaluate/reader] face-classifier is a classifier and generates nothing; give the weights of a generator"
    )
    refuse_unmeasurable("face-dcgan", folder, faces)
