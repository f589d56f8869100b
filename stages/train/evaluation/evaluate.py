"""How good shipped nets are: the same measures for every family, on people that training never saw, and a table of all.

Distances on our own reader's features are `fenshen-frechet` and `fenshen-kernel`; they compare families here, with no
published number. With Inception weights that the user brings there are FID and KID as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import BackendError, Finding, SpecError
from stages.datasets.splits import VectorSplit
from stages.nets.weights_io import TrainedNet, load_net
from stages.train.evaluation import metrics
from stages.train.evaluation.sliced_wasserstein import compute_sliced_wasserstein
from stages.train.loop.examples import downscale_pictures, read_examples
from stages.train.loop.family import Examples

MAX_SAMPLES = 300
MAX_BODIES = 120
"""Bodies of which the proportions are measured: each takes some ten milliseconds."""
FeatureExtractor = Callable[[NDArray[Any]], Floats]


@dataclass(frozen=True)
class EvaluationReport:
    """What was measured of one weights file, or of the training data in its place."""

    name: str
    data: str
    samples: int
    values: Mapping[str, float]
    """Measure -> value; see MEASURES."""
    groups: Mapping[str, float] = field(default_factory=dict)
    """Group -> Fréchet distance of its made and its real members."""
    note: str = ""
    """What a reader of the numbers has to know, e.g. that another set's reader gave the features."""


@dataclass(frozen=True)
class MeasureDescription:
    """What a measure tells, and what it is blind to."""

    meaning: str
    blind: str = ""


MEASURES: Mapping[str, MeasureDescription] = {
    "fenshen-frechet": MeasureDescription(
        "Fréchet distance on our reader's features (bodies: on standardised vectors); lower is better",
        "what does not tell age, gender or tone: light, background, sharpness",
    ),
    "fenshen-kernel": MeasureDescription("kernel distance on the same, a thousandfold; about 0 for equals", "the same"),
    "patches": MeasureDescription(
        "sliced Wasserstein distance of patches over a pyramid, in grey levels; light, background and texture count; lower is better",
        "whether the parts make a face, and whether it is of the age asked for",
    ),
    "FID": MeasureDescription(
        "Fréchet distance on the features of the Inception weights that the user gave", "what only people mind: eyes, teeth"
    ),
    "KID": MeasureDescription("kernel distance on the same, a thousandfold", "the same"),
    "precision": MeasureDescription(
        "share of made samples inside the real ones' manifold", "what is never made; the features' blind spots"
    ),
    "recall": MeasureDescription(
        "share of real samples inside the made ones' manifold", "how bad the bad ones are; the features' blind spots"
    ),
    "diversity": MeasureDescription(
        "mean distance of two made samples, as a share of that of two real ones", "whether what varies is right; the features' blind spots"
    ),
    "memory": MeasureDescription(
        "distance to the nearest training example, as a share of a held-out person's; well below 1 would be memorising",
        "a copied background or light; few copies among many: it is a median",
    ),
    "age error": MeasureDescription(
        "years between what was asked for and what our reader reads", "the reader's own error, which the last row shows"
    ),
    "gender error": MeasureDescription("the same of gender, 0..1", "the same"),
    "tone error": MeasureDescription("the same of skin tone, 0..1", "the same"),
    "impossible": MeasureDescription(
        "share of bodies that no person has (stature for age, body mass index, limbs)", "possible bodies that nobody asked for"
    ),
    "worst": MeasureDescription(
        "Fréchet distance of the worst group of skin tone, age or gender", "groups of two traits; those with under 24 members"
    ),
    "a second": MeasureDescription("samples a second on this machine, one thread"),
    "loads in": MeasureDescription("seconds from file to nets"),
    "megabytes": MeasureDescription("of the weights file"),
}


def evaluate_weights(
    file: Path,
    data: Path,
    *,
    reader: Path | None = None,
    inception: Path | None = None,
    sha256: str | None = None,
    split: Literal["validation", "test"] = "test",
) -> EvaluationReport:
    """The measures of a weights file on the test split of a data set.

    Args:
        reader: weights of our classifier for pictures of this kind; not needed for bodies.
        inception: the user's Inception v3 weights, for FID and KID.
        split: test, or validation where the numbers decide about training.

    Raises:
        BackendError: weights are missing, damaged or another net's.
        FormatError: the data set cannot be read.
        SpecError: the net is no generator, its samples and the data do not fit together, or the split is too small to be measured on.
    """
    import torch  # noqa: F401 - the library's own seconds are not the weights'

    started = time.perf_counter()
    nets = load_net(file, sha256)
    loading = time.perf_counter() - started
    if nets.net == "classifier":
        raise make_not_a_generator_error(file.name)
    size = getattr(nets.shape, "size", None)
    train, test = (read_examples(data, part, nets.conditions, size) for part in ("train", split))
    test = _select_subjects(test, data)
    started = time.perf_counter()
    made = nets.sample(test.conditions, 7)
    speed = len(made) / (time.perf_counter() - started)
    if made.shape[1:] != test.values.shape[1:]:
        message = f"{file.name} makes samples of shape {made.shape[1:]}, {data.name} holds {test.values.shape[1:]}"
        raise SpecError(Finding("evaluate/shape", message, fix="give the kind of data set that the net was trained on"))
    values, groups = measure_samples(made, train, test, reader, inception)
    values |= {"a second": speed, "loads in": loading, "megabytes": file.stat().st_size / 1e6}
    return EvaluationReport(file.stem, data.name, len(made), values, groups)


def make_not_a_generator_error(name: str) -> SpecError:
    """What is said of a classifier, whose readings are no samples to be measured."""
    return SpecError(Finding("evaluate/reader", f"{name} reads pictures and makes none", fix="give the weights of a generator"))


def evaluate_training_data(data: Path, *, reader: Path | None = None, inception: Path | None = None) -> EvaluationReport:
    """The same measures of training examples in place of made ones: what a perfect memory would score."""
    from stages.datasets.shards import read_index

    names = tuple(name for name in ATTRIBUTE_ERRORS if name in read_index(data)["columns"])
    train, test = (read_examples(data, split, names) for split in ("train", "test"))
    test = _select_subjects(test, data)
    alike = _match_conditions(test.conditions, train.conditions)
    values, groups = measure_samples(train.values[alike], train, test, reader, inception)
    return EvaluationReport("training data itself", data.name, len(test), values, groups)


def _select_subjects(test: Examples, data: Path) -> Examples:
    """The people whom all nets are asked for; raises SpecError for so few that no manifold can be drawn through them."""
    if len(test) <= metrics.NEIGHBOURS:
        message = f"{data.name} holds {len(test)} pictures to measure on, {metrics.NEIGHBOURS + 1} at least are needed"
        raise SpecError(Finding("evaluate/few", message, fix="make the data set of more people"))
    return test.select(np.arange(min(MAX_SAMPLES, len(test))))


def _match_conditions(asked: Floats, there: Floats) -> NDArray[np.int64]:
    """(n,) for each row asked for the nearest that is there and not taken yet: two of the same would have no manifold between them."""
    from scipy.spatial import cKDTree

    if not asked.shape[1]:
        return np.arange(len(asked)) % len(there)
    near = cKDTree(there).query(asked, k=min(len(asked), len(there)))[1].reshape(len(asked), -1)
    chosen: list[int] = []
    taken: set[int] = set()
    for row in near.tolist():
        chosen.append(next((i for i in row if i not in taken), row[0]))
        taken.add(chosen[-1])
    return np.asarray(chosen, np.int64)


def measure_samples(
    made: NDArray[Any], train: Examples, test: Examples, reader: Path | None, inception: Path | None
) -> tuple[dict[str, float], dict[str, float]]:
    """Values by measure, and the Fréchet distance of each group, of samples made under the test split's conditions."""
    told = tuple(name for name in test.names if name in test.source.columns)
    asked = test.conditions[:, [test.names.index(name) for name in told]]
    if isinstance(test.source, VectorSplit):
        spread = np.maximum(train.values.std(0), 1e-3)
        features: FeatureExtractor = lambda x: np.asarray(x / spread, np.float32)  # noqa: E731
        values = {"impossible": measure_impossible_share(made[:MAX_BODIES], test.conditions[:MAX_BODIES], test.source.names)}
        pairs = ((train.values, train.conditions), (test.values, test.conditions), (made, test.conditions))
        seen = [np.concatenate([features(x), told], 1) for x, told in pairs]
    else:
        if reader is None:
            fix = "train one with `fenshen train classifier`"
            raise BackendError(Finding("evaluate/reader", "pictures are measured on a reader's features, and there is none", fix=fix))
        ours = load_net(reader)
        features = lambda x: extract_features(ours, x)  # noqa: E731
        seen = [extract_training_features(reader, ours, train.values), features(test.values), features(made)]
        values = {"patches": compute_sliced_wasserstein(_resize_for_classifier(ours, test.values), _resize_for_classifier(ours, made))}
        values |= measure_attribute_errors(ours, made, asked, told)
        if inception is not None:
            values |= _measure_inception(test.values, made, inception)
    values |= measure_features(*seen)
    groups = {
        name: metrics.compute_frechet_distance(seen[1][rows], seen[2][rows])
        for name, rows in metrics.find_group_members(asked, told).items()
    }
    if groups:
        values["worst"] = metrics.find_worst_group(groups)[1]
    return values, groups


def measure_features(train: Floats, real: Floats, made: Floats) -> dict[str, float]:
    """All measures that need nothing but feature vectors (n,d)."""
    precision, recall = metrics.compute_precision_recall(real, made)
    return {
        "fenshen-frechet": metrics.compute_frechet_distance(real, made),
        "fenshen-kernel": 1000 * metrics.compute_kernel_distance(real, made),
        "precision": precision, "recall": recall,
        "diversity": metrics.compute_diversity(made) / max(metrics.compute_diversity(real), 1e-12),
        "memory": metrics.measure_memorisation(train, real, made).ratio,
    }  # fmt: skip


def _iterate_batches(pictures: NDArray[Any], size: int = 64) -> Any:
    """(b,c,h,w) float32 -1..1 tensors of (n,h,w,c) pictures."""
    import torch

    for start in range(0, len(pictures), size):
        part = torch.from_numpy(np.ascontiguousarray(pictures[start : start + size]))
        yield part.permute(0, 3, 1, 2).float() / 127.5 - 1


def extract_features(reader: TrainedNet, pictures: NDArray[Any]) -> Floats:
    """(n,64) of our reader; raises SpecError where it reads larger pictures, or others."""
    import torch

    pictures = _resize_for_classifier(reader, pictures)
    with torch.no_grad():
        features: Floats = torch.cat([reader.nets["classifier"].extract_features(x) for x in _iterate_batches(pictures)]).numpy()
    return features


def predict_attributes(reader: TrainedNet, pictures: NDArray[Any]) -> Floats:
    """(n,3) age/100, gender and tone as our reader reads them."""
    import torch

    pictures = _resize_for_classifier(reader, pictures)
    with torch.no_grad():
        read_off: Floats = torch.cat([torch.sigmoid(reader.nets["classifier"](x)) for x in _iterate_batches(pictures)]).numpy()
    return read_off


_CACHED_FEATURES: dict[tuple[str, str], Floats] = {}
"""Digest of a reader, digest of training pictures -> their features: families that are compared share them, and reading takes longest."""


def extract_training_features(file: Path, reader: TrainedNet, pictures: NDArray[Any]) -> Floats:
    """(n,64) of the reader in `file`, of all training pictures: a copy of any of them has to find its original."""
    from assets.digest import sha256, sha256_file

    pictures = np.ascontiguousarray(_resize_for_classifier(reader, pictures))
    key = sha256_file(file), sha256(pictures.tobytes())
    if key not in _CACHED_FEATURES:
        _CACHED_FEATURES[key] = extract_features(reader, pictures)
    return _CACHED_FEATURES[key]


def _resize_for_classifier(reader: TrainedNet, pictures: NDArray[Any]) -> NDArray[Any]:
    """The pictures at the reader's size: families of all sizes are compared at the one that all of them reach."""
    shape = reader.shape
    if pictures.shape[1] > shape.size and pictures.shape[1] % shape.size == 0:
        pictures = downscale_pictures(pictures, shape.size)
    if pictures.shape[1:] != (shape.size, shape.size, shape.channels):
        message = f"the reader reads {shape.size} px in {shape.channels} planes, the pictures have shape {pictures.shape[1:]}"
        raise SpecError(Finding("evaluate/reader", message, fix="train a reader on this data set with `fenshen train classifier`"))
    return pictures


ATTRIBUTE_ERRORS: Mapping[str, tuple[str, float]] = {
    "age_years": ("age error", 100),
    "gender": ("gender error", 1),
    "tone": ("tone error", 1),
}
"""Column of a data set -> measure, and what it is multiplied by."""


def measure_attribute_errors(
    reader: TrainedNet, made: NDArray[Any], asked: Floats, names: Sequence[str] = tuple(ATTRIBUTE_ERRORS)
) -> dict[str, float]:
    """Mean absolute difference of what was asked for (n,k) and what is read, age in years, of every trait among the names."""
    if not (known := [name for name in ATTRIBUTE_ERRORS if name in names]):
        return {}
    read_off, columns = predict_attributes(reader, made), list(ATTRIBUTE_ERRORS)
    wrong = {name: np.abs(read_off[:, columns.index(name)] - asked[:, list(names).index(name)]).mean() for name in known}
    return {ATTRIBUTE_ERRORS[name][0]: ATTRIBUTE_ERRORS[name][1] * float(value) for name, value in wrong.items()}


def refuse_unclassifiable(reader: Path, size: int, channels: int) -> None:
    """Raises SpecError where the reader cannot read pictures of that size and so many channels."""
    _resize_for_classifier(load_net(reader), np.zeros((1, size, size, channels), np.uint8))


def _measure_inception(real: NDArray[Any], made: NDArray[Any], file: Path) -> dict[str, float]:
    """FID and KID; of skins, the head tile."""
    import torch

    from stages.nets.inception import load_inception

    net = load_inception(file)
    with torch.no_grad():
        seen = [torch.cat([net.extract_features(x[:, :3]) for x in _iterate_batches(p, 16)]).numpy() for p in (real, made)]
    return {"FID": metrics.compute_frechet_distance(*seen), "KID": 1000 * metrics.compute_kernel_distance(*seen)}


def measure_impossible_share(vectors: Floats, conditions: Floats, names: Sequence[str]) -> float:
    """Share of body vectors whose bodies no person of that age/100 and gender has."""
    from stages.body.anthropometry import find_limit_violations, measure_body
    from stages.train.evaluation.body_sheet import build_body_shape

    told = [(build_body_shape(v, names, float(age), float(gender)), 100 * float(age), float(gender))
            for v, (age, gender) in zip(vectors, conditions, strict=True)]  # fmt: skip
    return sum(bool(find_limit_violations(measure_body(shape), years, gender)) for shape, years, gender in told) / max(len(told), 1)
