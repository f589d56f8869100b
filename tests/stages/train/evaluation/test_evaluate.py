"""Evaluation of tiny nets: the same measures for every family, on people unseen in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.errors import BackendError, SpecError
from assets.paths import get_baked_path
from stages.datasets.splits import VectorSplit
from stages.nets import classifier, dcgan
from stages.train.evaluation.evaluate import (
    MEASURES,
    _match_conditions,
    evaluate_training_data,
    evaluate_weights,
    measure_features,
    measure_impossible_share,
    measure_samples,
)
from stages.train.loop.examples import make_examples
from tests.stages.train.evaluation.tiny_weights import write_face_set, write_face_weights, write_users_set, write_weights
from tests.stages.train.tiny import make_tiny_examples

needs_body = pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")
TIMED = {"a second", "loads in", "megabytes"}
OF_IMAGES = MEASURES.keys() - TIMED - {"FID", "KID", "text rank", "impossible", "worst"}
ATTRIBUTE_MEASURES = {"age error", "tone error", "gender error"}
TRAIN_CLASSIFIER = "train a classifier on this data set with `fenshen train classifier`"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_set(tmp_path_factory.mktemp("sets") / "discs")


def test_a_report_has_every_measure_and_repeats_itself(folder: Path, faces: Path) -> None:
    file, classifier_file = folder / "face-dcgan.safetensors", folder / "face-classifier.safetensors"
    first, again = (evaluate_weights(file, faces, classifier=classifier_file) for _ in range(2))
    assert first.values.keys() >= OF_IMAGES | TIMED
    assert {name: first.values[name] for name in OF_IMAGES} == {name: again.values[name] for name in OF_IMAGES}
    assert (first.name, first.data, first.samples) == ("face-dcgan", "discs", 30)
    assert first.values["megabytes"] > 0


def test_larger_images_are_measured_at_the_classifiers_size_and_smaller_ones_are_refused(folder: Path, faces: Path, tmp_path: Path) -> None:
    small_classifier = write_weights(tmp_path, "face-classifier", "classifier", classifier.Shape(size=16, width=8))
    small_gan = write_weights(tmp_path, "face-dcgan", "dcgan", dcgan.Shape(size=16, width=8, latent=8))
    for file in (folder / "face-dcgan.safetensors", small_gan):
        assert np.isfinite(evaluate_weights(file, faces, classifier=small_classifier).values["fenshen-frechet"])
    with pytest.raises(SpecError) as caught:
        evaluate_weights(small_gan, faces, classifier=folder / "face-classifier.safetensors")
    assert str(caught.value) == (
        f"error[evaluate/reader] the classifier takes images of shape (32, 32, 3), not (16, 16, 3); {TRAIN_CLASSIFIER}"
    )


def test_people_of_equal_conditions_are_matched_with_different_training_examples() -> None:
    requested = np.zeros((4, 3), np.float32)
    available = np.concatenate([np.zeros((3, 3), np.float32), np.full((2, 3), 0.1, np.float32)])
    rows = _match_conditions(requested, available)
    assert sorted(rows[:3]) == [0, 1, 2]
    assert rows[3] in (3, 4)
    assert len(_match_conditions(requested, available[:2])) == 4


def test_patches_see_another_light(folder: Path) -> None:
    train, test = make_tiny_examples(60, 32), make_tiny_examples(40, 32, seed=1)
    brighter, file = np.minimum(test.values.astype(int) + 20, 255).astype(np.uint8), folder / "face-classifier.safetensors"
    assert measure_samples(test.values, train, test, file, None)[0]["patches"] == 0
    assert measure_samples(brighter, train, test, file, None)[0]["patches"] > 1


@pytest.mark.parametrize(("columns", "measures"), [((), set()), (("tone",), {"tone error"})])
def test_only_recorded_attributes_have_an_error(columns: tuple[str, ...], measures: set[str], folder: Path, tmp_path: Path) -> None:
    report = evaluate_training_data(write_users_set(tmp_path / "mine", columns), classifier=folder / "face-classifier.safetensors")
    assert ATTRIBUTE_MEASURES & report.values.keys() == measures
    assert report.values["memory"] == pytest.approx(0, abs=1e-3)


def test_samples_of_another_shape_than_the_data_are_refused(folder: Path, faces: Path, tmp_path: Path) -> None:
    file = write_weights(tmp_path, "face-small", "dcgan", dcgan.Shape(size=32, channels=6, width=8, latent=8))
    with pytest.raises(SpecError) as caught:
        evaluate_weights(file, faces, classifier=folder / "face-classifier.safetensors")
    assert str(caught.value) == (
        "error[evaluate/shape] face-small.safetensors generates samples of shape (32, 32, 6), but discs holds (32, 32, 3); "
        "give a data set of the kind that the net was trained on"
    )


def test_too_few_held_out_examples_are_refused(folder: Path, tmp_path: Path) -> None:
    data = write_users_set(tmp_path / "mine", count=6)
    with pytest.raises(SpecError) as caught:
        evaluate_weights(folder / "face-dcgan.safetensors", data, classifier=folder / "face-classifier.safetensors")
    assert str(caught.value) == (
        "error[evaluate/few] mine has 3 held-out examples; measuring needs at least 4; make a data set of more people"
    )


def test_images_cannot_be_measured_without_a_classifier(folder: Path, faces: Path) -> None:
    with pytest.raises(BackendError) as caught:
        evaluate_weights(folder / "face-dcgan.safetensors", faces)
    assert str(caught.value) == (
        "error[evaluate/reader] images are measured on a classifier's features, but there is no classifier; "
        "train one with `fenshen train classifier`"
    )


def test_a_classifier_is_not_measured_as_a_generator(folder: Path, faces: Path) -> None:
    with pytest.raises(SpecError) as caught:
        evaluate_weights(folder / "face-classifier.safetensors", faces)
    assert str(caught.value) == (
        "error[evaluate/reader] face-classifier.safetensors is a classifier and generates nothing; give the weights of a generator"
    )


def test_a_damaged_file_is_one_sentence(folder: Path, faces: Path, tmp_path: Path) -> None:
    broken = tmp_path / "face-dcgan.safetensors"
    broken.write_bytes((folder / "face-dcgan.safetensors").read_bytes()[:-4])
    with pytest.raises(BackendError) as caught:
        evaluate_weights(broken, faces, sha256="0" * 64)
    assert "\n" not in str(caught.value)


def test_memorised_features_are_noticed() -> None:
    rng = np.random.default_rng(0)
    train, real = rng.standard_normal((200, 4)).astype(np.float32), rng.standard_normal((100, 4)).astype(np.float32)
    assert measure_features(train, real, train[:100])["memory"] == pytest.approx(0, abs=1e-6)
    assert measure_features(train, real, rng.standard_normal((100, 4)).astype(np.float32))["memory"] > 0.7


def test_a_copy_of_any_training_image_is_noticed_in_a_large_set(folder: Path) -> None:
    """The nearest example was searched among 2000 random ones: of a set three times as large, two copies in three went unnoticed."""
    train, test = make_tiny_examples(6000, 32), make_tiny_examples(40, 32, seed=1)
    copies, file = train.values[-40:], folder / "face-classifier.safetensors"
    assert measure_samples(copies, train, test, file, None)[0]["memory"] == pytest.approx(0, abs=1e-3)
    assert measure_samples(test.values[::-1], train, test, file, None)[0]["memory"] == pytest.approx(1, abs=1e-3)


@needs_body
def test_a_copy_of_any_training_body_is_noticed_in_a_large_set() -> None:
    rng = np.random.default_rng(0)
    names, columns = ("muscle", "weight", "height", "proportions"), ("age_years", "gender")
    attributes = np.tile(np.array([[30, 1]], np.float32), (3000, 1))
    values = rng.uniform(0.3, 0.7, (3000, 4)).astype(np.float32)
    splits = [VectorSplit(values[rows], names, attributes[rows], columns, np.arange(3000)[rows]) for rows in (slice(30, None), slice(30))]
    train, test = (make_examples(split, columns) for split in splits)
    assert measure_samples(train.values[-30:], train, test, None, None)[0]["memory"] == pytest.approx(0, abs=1e-6)


@needs_body
def test_impossible_bodies_raise_the_impossible_share() -> None:
    names = ("muscle", "weight", "height", "proportions")
    bodies = np.full((4, 4), 0.5, np.float32)
    bodies[2:, 2] = 1.0  # a six-year-old and an adult of the greatest height
    conditions = np.array([[0.3, 0.5], [0.5, 0.0], [0.06, 0.5], [0.3, 0.5]], np.float32)
    assert 0.25 <= measure_impossible_share(bodies, conditions, names) <= 0.75
    assert measure_impossible_share(np.full((2, 4), 0.45, np.float32), conditions[:2], names) == 0
