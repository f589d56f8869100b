"""Quality of trained nets: the same measures for every family, on people unseen in training, and one table for all.

Distances on our own classifier's features, `fenshen-frechet` and `fenshen-kernel`, compare families within this project only,
not with published numbers. FID and KID need Inception weights from the user.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import BackendError, Finding, SpecError
from stages.datasets.splits import VectorSplit
from stages.nets.text_image import TEXT_CONDITIONS
from stages.nets.weights_io import TrainedNet, load_net
from stages.train.evaluation import metrics
from stages.train.evaluation.sliced_wasserstein import compute_sliced_wasserstein
from stages.train.loop.examples import downscale_images, make_examples, read_examples
from stages.train.loop.family import Examples

MAX_SAMPLES = 300
MAX_BODIES = 120
"""Bodies whose proportions are measured, at about ten milliseconds each."""
SAMPLE_SEED = 7


@dataclass(frozen=True)
class EvaluationReport:
    """The measures of one weights file, or of training data in place of samples."""

    name: str
    data: str
    samples: int
    values: Mapping[str, float]
    """Measure -> value; see MEASURES."""
    groups: Mapping[str, float] = field(default_factory=dict)
    """Group -> Fréchet distance of its generated and its real members."""
    note: str = ""
    """A remark on how the numbers were measured, if they need one."""


@dataclass(frozen=True)
class MeasureDescription:
    """What a measure shows, and what it does not see."""

    meaning: str
    blind: str = ""


_SAME = "the same"
_BLIND_FEATURES = "the features' blind spots"
MEASURES: Mapping[str, MeasureDescription] = {
    "fenshen-frechet": MeasureDescription(
        "Fréchet distance on our classifier's features (bodies: on standardised vectors); lower is better",
        "anything that does not depend on age, gender or tone: light, background, sharpness",
    ),
    "fenshen-kernel": MeasureDescription("kernel distance on the same features, times 1000; about 0 for equal distributions", _SAME),
    "patches": MeasureDescription(
        "sliced Wasserstein distance of patches over a pyramid, in grey levels; includes light, background and texture; lower is better",
        "whether the parts form a face, and whether its age is the requested one",
    ),
    "FID": MeasureDescription(
        "Fréchet distance on the features of the user's Inception weights", "details that only people mind: eyes, teeth"
    ),
    "KID": MeasureDescription("kernel distance on the same features, times 1000", _SAME),
    "precision": MeasureDescription(
        "share of generated samples in the manifold of the real ones", f"what is never generated; {_BLIND_FEATURES}"
    ),
    "recall": MeasureDescription(
        "share of real samples in the manifold of the generated ones", f"how bad the worst samples are; {_BLIND_FEATURES}"
    ),
    "diversity": MeasureDescription(
        "mean distance between two generated samples, relative to two real ones", f"whether the variation is realistic; {_BLIND_FEATURES}"
    ),
    "memory": MeasureDescription(
        "distance to the nearest training example, relative to a held-out person's; well below 1 means memorised",
        "a copied background or light; a few copies among many samples, because it is a median",
    ),
    "age error": MeasureDescription(
        "years between the requested age and the classifier's estimate", "the classifier's own error, which the last row shows"
    ),
    "gender error": MeasureDescription("the same for gender, 0..1", _SAME),
    "tone error": MeasureDescription("the same for skin tone, 0..1", _SAME),
    "text rank": MeasureDescription(
        "mean place of a sample, 0 first to 1 last, when our text-image encoder searches all samples for its caption; chance is 0.5",
        "what the encoder does not see; a generator that was trained against the same encoder may deceive it",
    ),
    "impossible": MeasureDescription(
        "share of bodies with impossible proportions (stature for age, body mass index, limbs)",
        "whether a possible body is the requested one",
    ),
    "worst": MeasureDescription(
        "Fréchet distance of the worst group by skin tone, age or gender",
        f"groups of two traits; groups of fewer than {metrics.MIN_GROUP_MEMBERS}",
    ),
    "a second": MeasureDescription("samples per second on this machine, one thread"),
    "loads in": MeasureDescription("seconds to load the file"),
    "megabytes": MeasureDescription("size of the weights file"),
}


def evaluate_weights(
    file: Path,
    data: Path,
    *,
    classifier: Path | None = None,
    inception: Path | None = None,
    sha256: str | None = None,
    split: Literal["validation", "test"] = "test",
) -> EvaluationReport:
    """The measures of a weights file on the test split of a data set.

    Args:
        classifier: weights of our classifier for images of this kind; not needed for bodies.
        inception: the user's Inception v3 weights, for FID and KID.
        split: test, or validation if the numbers decide about training.

    Raises:
        BackendError: weights are missing, damaged or another net's.
        FormatError: the data set cannot be read.
        SpecError: the net is not a generator, its samples do not fit the data, or the split is too small.
    """
    import torch  # noqa: F401 - importing it is no part of the weights' loading time

    started = time.perf_counter()
    nets = load_net(file, sha256)
    loading_s = time.perf_counter() - started
    if nets.net in NOT_GENERATORS:
        raise make_not_a_generator_error(file.name, nets.net)
    size = getattr(nets.shape, "size", None)
    train, test = (read_examples(data, part, nets.conditions, size) for part in ("train", split))
    test = _select_subjects(test, data)
    started = time.perf_counter()
    samples = nets.sample(test.conditions, SAMPLE_SEED)
    speed = len(samples) / (time.perf_counter() - started)
    if samples.shape[1:] != test.values.shape[1:]:
        message = f"{file.name} generates samples of shape {samples.shape[1:]}, but {data.name} holds {test.values.shape[1:]}"
        raise SpecError(Finding("evaluate/shape", message, fix="give a data set of the kind that the net was trained on"))
    values, groups = measure_samples(samples, train, test, classifier, inception)
    values |= {"a second": speed, "loads in": loading_s, "megabytes": file.stat().st_size / 1e6}
    return EvaluationReport(file.stem, data.name, len(samples), values, groups)


NOT_GENERATORS: Mapping[str, str] = {"classifier": "a classifier", "clip": "a text-image encoder"}
"""Nets that have no samples to measure -> what they are."""


def make_not_a_generator_error(name: str, net: str) -> SpecError:
    """The error for a net of NOT_GENERATORS."""
    message = f"{name} is {NOT_GENERATORS[net]} and generates nothing"
    return SpecError(Finding("evaluate/reader", message, fix="give the weights of a generator"))


def evaluate_training_data(data: Path, *, classifier: Path | None = None, inception: Path | None = None) -> EvaluationReport:
    """The same measures of training examples in place of samples: the score of perfect memorisation."""
    from stages.datasets.shards import read_index

    names = tuple(name for name in ATTRIBUTE_ERRORS if name in read_index(data)["columns"])
    train, test = (read_examples(data, split, names) for split in ("train", "test"))
    test = _select_subjects(test, data)
    rows = _match_conditions(test.conditions, train.conditions)
    values, groups = measure_samples(train.values[rows], train, test, classifier, inception)
    return EvaluationReport("training data itself", data.name, len(test), values, groups)


def _select_subjects(test: Examples, data: Path) -> Examples:
    """The people whose conditions every net is given; raises SpecError for too few to estimate a manifold."""
    if len(test) <= metrics.NEIGHBOURS:
        message = f"{data.name} has {len(test)} held-out examples; measuring needs at least {metrics.NEIGHBOURS + 1}"
        raise SpecError(Finding("evaluate/few", message, fix="make a data set of more people"))
    return test.select(np.arange(min(MAX_SAMPLES, len(test))))


def _match_conditions(requested: Floats, available: Floats) -> NDArray[np.int64]:
    """(n,) for each requested row the nearest available one, each used once if possible: duplicates would have a manifold of radius 0."""
    from scipy.spatial import cKDTree

    if not requested.shape[1]:
        return np.arange(len(requested)) % len(available)
    nearest = cKDTree(available).query(requested, k=min(len(requested), len(available)))[1].reshape(len(requested), -1)
    chosen: list[int] = []
    used: set[int] = set()
    for candidates in nearest.tolist():
        chosen.append(next((i for i in candidates if i not in used), candidates[0]))
        used.add(chosen[-1])
    return np.asarray(chosen, np.int64)


def measure_samples(
    samples: NDArray[Any], train: Examples, test: Examples, classifier: Path | None, inception: Path | None
) -> tuple[dict[str, float], dict[str, float]]:
    """Values by measure, and the Fréchet distance of each group, of samples generated under the test split's conditions."""
    requested, names = _select_recorded(test)
    if isinstance(test.source, VectorSplit):
        features = _standardise_bodies(samples, train, test)
        values = {"impossible": measure_impossible_share(samples[:MAX_BODIES], test.conditions[:MAX_BODIES], test.source.names)}
    else:
        features, values = _measure_images(samples, train, test, classifier)
        if test.names == TEXT_CONDITIONS:
            values |= {"text rank": measure_text_rank(samples, test)}
        if inception is not None:
            values |= _measure_inception(test.values, samples, inception)
    values |= measure_features(*features)
    _, real, generated = features
    groups = {
        name: metrics.compute_frechet_distance(real[rows], generated[rows])
        for name, rows in metrics.find_group_members(requested, names).items()
    }
    if groups:
        values["worst"] = metrics.find_worst_group(groups)[1]
    return values, groups


def measure_text_rank(samples: NDArray[Any], test: Examples) -> float:
    """Mean place of each sample among all, 0 first .. 1 last, when the encoder searches for the sample's caption."""
    import torch

    from stages.nets.text_image import open_encoder, to_conditions
    from stages.train.evaluation.retrieval import measure_retrieval

    encoder = open_encoder()
    with torch.no_grad():
        images = torch.cat([to_conditions(encoder.embed_images(x)) for x in _iterate_batches(samples)]).numpy()
    return measure_retrieval((test.conditions - 0.5) @ (images - 0.5).T).rank


def _select_recorded(test: Examples) -> tuple[Floats, tuple[str, ...]]:
    """Conditions (n,k) that the data set records, and their names."""
    if test.names == TEXT_CONDITIONS:
        # A text says some of them; what it does not say counts as an error of chance, the same for every net.
        names = tuple(name for name in ATTRIBUTE_ERRORS if name in test.source.columns)
        return make_examples(test.source, names).conditions, names
    names = tuple(name for name in test.names if name in test.source.columns)
    return test.conditions[:, [test.names.index(name) for name in names]], names


def _standardise_bodies(samples: NDArray[Any], train: Examples, test: Examples) -> list[Floats]:
    """Features of training, test and generated bodies: vectors in units of the training data's spread, with their conditions."""
    spread = np.maximum(train.values.std(0), 1e-3)
    pairs = ((train.values, train.conditions), (test.values, test.conditions), (samples, test.conditions))
    return [np.concatenate([np.asarray(x / spread, np.float32), conditions], 1) for x, conditions in pairs]


def _measure_images(
    samples: NDArray[Any], train: Examples, test: Examples, classifier: Path | None
) -> tuple[list[Floats], dict[str, float]]:
    """Classifier features of training, test and generated images, and the measures on the images themselves."""
    if classifier is None:
        message = "images are measured on a classifier's features, but there is no classifier"
        raise BackendError(Finding("evaluate/reader", message, fix="train one with `fenshen train classifier`"))
    nets = load_net(classifier)
    features = [
        extract_training_features(classifier, nets, train.values),
        extract_features(nets, test.values),
        extract_features(nets, samples),
    ]
    patches = compute_sliced_wasserstein(_resize_for_classifier(nets, test.values), _resize_for_classifier(nets, samples))
    return features, {"patches": patches, **measure_attribute_errors(nets, samples, *_select_recorded(test))}


def measure_features(train: Floats, real: Floats, generated: Floats) -> dict[str, float]:
    """All measures that need only feature vectors (n,d)."""
    precision, recall = metrics.compute_precision_recall(real, generated)
    return {
        "fenshen-frechet": metrics.compute_frechet_distance(real, generated),
        "fenshen-kernel": 1000 * metrics.compute_kernel_distance(real, generated),
        "precision": precision, "recall": recall,
        "diversity": metrics.compute_diversity(generated) / max(metrics.compute_diversity(real), 1e-12),
        "memory": metrics.measure_memorisation(train, real, generated).ratio,
    }  # fmt: skip


def _iterate_batches(images: NDArray[Any], size: int = 64) -> Iterator[Any]:
    """(b,c,h,w) float32 -1..1 tensors of (n,h,w,c) images."""
    import torch

    for start in range(0, len(images), size):
        part = torch.from_numpy(np.ascontiguousarray(images[start : start + size]))
        yield part.permute(0, 3, 1, 2).float() / 127.5 - 1


def extract_features(classifier: TrainedNet, images: NDArray[Any]) -> Floats:
    """(n,64) features; raises SpecError for images that the classifier does not take."""
    import torch

    images = _resize_for_classifier(classifier, images)
    with torch.no_grad():
        features: Floats = torch.cat([classifier.nets["classifier"].extract_features(x) for x in _iterate_batches(images)]).numpy()
    return features


def predict_attributes(classifier: TrainedNet, images: NDArray[Any]) -> Floats:
    """(n,3) age/100, gender and tone as the classifier estimates them."""
    import torch

    images = _resize_for_classifier(classifier, images)
    with torch.no_grad():
        attributes: Floats = torch.cat([torch.sigmoid(classifier.nets["classifier"](x)) for x in _iterate_batches(images)]).numpy()
    return attributes


_MAX_CACHED_FEATURES = 4
"""A comparison needs one entry per classifier and data set."""
_CACHED_FEATURES: dict[tuple[str, str], Floats] = {}
"""(digest of a classifier, digest of training images) -> features: the slowest part, and the same for every family compared."""


def extract_training_features(file: Path, classifier: TrainedNet, images: NDArray[Any]) -> Floats:
    """(n,64) features of all training images, by the classifier of `file`: a copy of any image has to find its original."""
    from assets.digest import sha256, sha256_file

    images = np.ascontiguousarray(_resize_for_classifier(classifier, images))
    key = sha256_file(file), sha256(images.tobytes())
    if key not in _CACHED_FEATURES:
        while len(_CACHED_FEATURES) >= _MAX_CACHED_FEATURES:
            del _CACHED_FEATURES[next(iter(_CACHED_FEATURES))]
        _CACHED_FEATURES[key] = extract_features(classifier, images)
    return _CACHED_FEATURES[key]


def _resize_for_classifier(classifier: TrainedNet, images: NDArray[Any]) -> NDArray[Any]:
    """The images at the classifier's size, at which families of all sizes are compared."""
    shape = classifier.shape
    if images.shape[1] > shape.size and images.shape[1] % shape.size == 0:
        images = downscale_images(images, shape.size)
    if images.shape[1:] != (shape.size, shape.size, shape.channels):
        message = f"the classifier takes images of shape {(shape.size, shape.size, shape.channels)}, not {images.shape[1:]}"
        fix = "train a classifier on this data set with `fenshen train classifier`"
        raise SpecError(Finding("evaluate/reader", message, fix=fix))
    return images


ATTRIBUTE_ERRORS: Mapping[str, tuple[str, float]] = {
    "age_years": ("age error", 100),
    "gender": ("gender error", 1),
    "tone": ("tone error", 1),
}
"""Column of a data set -> measure, and the unit's factor."""


def measure_attribute_errors(
    classifier: TrainedNet, images: NDArray[Any], requested: Floats, names: Sequence[str] = tuple(ATTRIBUTE_ERRORS)
) -> dict[str, float]:
    """Mean absolute difference between the requested attributes (n,k) and the classifier's estimates; age in years."""
    if not (known := [name for name in ATTRIBUTE_ERRORS if name in names]):
        return {}
    predicted, columns = predict_attributes(classifier, images), list(ATTRIBUTE_ERRORS)
    errors = {name: np.abs(predicted[:, columns.index(name)] - requested[:, list(names).index(name)]).mean() for name in known}
    return {ATTRIBUTE_ERRORS[name][0]: ATTRIBUTE_ERRORS[name][1] * float(value) for name, value in errors.items()}


def refuse_unclassifiable(classifier: Path, size: int, channels: int) -> None:
    """Raises SpecError if the classifier does not take images of that size and so many channels."""
    _resize_for_classifier(load_net(classifier), np.zeros((1, size, size, channels), np.uint8))


def _measure_inception(real: NDArray[Any], samples: NDArray[Any], file: Path) -> dict[str, float]:
    """FID and KID; of skins, the head tile only."""
    import torch

    from stages.nets.inception import load_inception

    net = load_inception(file)
    with torch.no_grad():
        features = [torch.cat([net.extract_features(x[:, :3]) for x in _iterate_batches(p, 16)]).numpy() for p in (real, samples)]
    return {"FID": metrics.compute_frechet_distance(*features), "KID": 1000 * metrics.compute_kernel_distance(*features)}


def measure_impossible_share(vectors: Floats, conditions: Floats, names: Sequence[str]) -> float:
    """Share of body vectors whose proportions are outside the human range for their age/100 and gender."""
    from stages.body.anthropometry import find_limit_violations, measure_body
    from stages.train.evaluation.body_sheet import build_body_shape

    bodies = [(build_body_shape(vector, names, float(age), float(gender)), 100 * float(age), float(gender))
              for vector, (age, gender) in zip(vectors, conditions, strict=True)]  # fmt: skip
    return sum(bool(find_limit_violations(measure_body(shape), years, gender)) for shape, years, gender in bodies) / max(len(bodies), 1)
