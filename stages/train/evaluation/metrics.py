"""Metrics of generated samples against real ones on feature vectors: pure functions of arrays.

Distances on the features of our own classifier are called `fenshen-frechet` and `fenshen-kernel`; the names FID and KID
belong to Inception's features (see stages.nets.inception).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Doubles, Floats

NEIGHBOURS = 3
"""k of the manifolds (Kynkäänniemi et al. 2019)."""


def compute_frechet_distance(real: Floats, generated: Floats) -> float:
    """Squared Wasserstein distance of the normal distributions fitted to two feature sets (n,d), (m,d) (Heusel et al. 2017)."""
    # Double precision: the distance is a small difference of large traces.
    a, b = np.asarray(real, np.float64), np.asarray(generated, np.float64)
    return compute_gaussian_distance(a.mean(0), np.cov(a.T), b.mean(0), np.cov(b.T))


def compute_gaussian_distance(mean_a: Doubles, cov_a: Doubles, mean_b: Doubles, cov_b: Doubles) -> float:
    """|mean_a - mean_b|^2 + trace(cov_a + cov_b - 2 (cov_a cov_b)^1/2); never below 0.

    The trace of the root is computed from the eigenvalues of the symmetric product, so that no complex number appears.
    """
    values, vectors = np.linalg.eigh(np.atleast_2d(cov_a))
    # Rounding leaves tiny negative eigenvalues where there are fewer samples than features.
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ np.atleast_2d(cov_b) @ root).clip(min=0)
    between_means = float(((mean_a - mean_b) ** 2).sum())
    return max(0.0, between_means + float(np.trace(np.atleast_2d(cov_a)) + np.trace(np.atleast_2d(cov_b)) - 2 * np.sqrt(inner).sum()))


def compute_kernel_distance(real: Floats, generated: Floats) -> float:
    """Unbiased squared maximum mean discrepancy with the cubic kernel (x.y/d + 1)^3 (Bińkowski et al. 2018); about 0 for equals."""
    a, b = np.asarray(real, np.float64), np.asarray(generated, np.float64)
    d, n, m = a.shape[1], len(a), len(b)
    within_a, within_b, across = ((x @ y.T / d + 1) ** 3 for x, y in ((a, a), (b, b), (a, b)))
    # Without the diagonals, or each sample's likeness to itself would bias the estimate.
    within = (within_a.sum() - np.trace(within_a)) / (n * (n - 1)) + (within_b.sum() - np.trace(within_b)) / (m * (m - 1))
    return float(within - 2 * across.mean())


def compute_pairwise_distances(a: Floats, b: Floats) -> Doubles:
    """(n,m) Euclidean distances between the rows of two sets."""
    from scipy.spatial.distance import cdist

    distances: Doubles = cdist(np.asarray(a, np.float64), np.asarray(b, np.float64))
    return distances


def _find_neighbour_radii(points: Floats, k: int) -> Doubles:
    """(n,) distance of each point to its k-th neighbour among the others."""
    distances = compute_pairwise_distances(points, points)
    # Infinite, so that a point is not its own nearest neighbour.
    np.fill_diagonal(distances, np.inf)
    return np.partition(distances, k - 1, axis=1)[:, k - 1]


def compute_precision_recall(real: Floats, generated: Floats, k: int = NEIGHBOURS) -> tuple[float, float]:
    """Share of generated points in the k-neighbour manifold of the real points, and of real points in that of the generated ones."""
    across = compute_pairwise_distances(real, generated)
    # Rows are real points: a generated one counts if it is inside any real point's radius.
    precision = (across <= _find_neighbour_radii(real, k)[:, None]).any(0).mean()
    recall = (across <= _find_neighbour_radii(generated, k)[None]).any(1).mean()
    return float(precision), float(recall)


def compute_diversity(points: Floats) -> float:
    """Mean distance between two different points."""
    # The diagonal adds 0 to the sum, so only the number of pairs leaves it out.
    return float(compute_pairwise_distances(points, points).sum() / (len(points) * (len(points) - 1)))


@dataclass(frozen=True)
class Memorisation:
    """Distance to the training examples, of generated samples and of held-out real ones."""

    generated: float
    """Median distance of a generated sample to its nearest training example."""
    held_out: float
    """The same of a held-out real example."""

    @property
    def ratio(self) -> float:
        """Well below 1: samples copy training examples; about 1 or more: they are no closer to them than new people are."""
        return self.generated / max(self.held_out, 1e-12)


def measure_memorisation(train: Floats, held_out: Floats, generated: Floats) -> Memorisation:
    """Nearest-neighbour distances to the training set."""
    nearest = [float(np.median(compute_pairwise_distances(x, train).min(1))) for x in (generated, held_out)]
    return Memorisation(*nearest)


GROUPS: dict[str, tuple[tuple[str, float, float], ...]] = {
    # 1.01, because upper limits are exclusive and 1 is a value.
    "tone": (("light", 0, 1 / 3), ("medium", 1 / 3, 2 / 3), ("dark", 2 / 3, 1.01)),
    "age": (("under 30", 0, 0.30), ("30 to 60", 0.30, 0.60), ("over 60", 0.60, 1.01)),
    "gender": (("female", 0, 0.5), ("male", 0.5, 1.01)),
}
"""Attribute -> name, lower limit (inclusive) and upper limit (exclusive) of each group; ages in hundreds of years."""
MIN_GROUP_MEMBERS = 24
"""Smaller groups are left out: their numbers would be noise."""


def find_group_members(condition: Floats, names: Sequence[str] = ("age_years", "gender", "tone")) -> dict[str, NDArray[np.intp]]:
    """Group name -> rows of conditions (n,k; 0..1, years in hundreds) in the group, for groups of MIN_GROUP_MEMBERS or more."""
    members = {}
    for attribute, groups in GROUPS.items():
        column = next((i for i, name in enumerate(names) if name.removesuffix("_years") == attribute), None)
        for name, low, high in groups if column is not None else ():
            rows = np.flatnonzero((condition[:, column] >= low) & (condition[:, column] < high))
            if len(rows) >= MIN_GROUP_MEMBERS:
                members[f"{attribute} {name}"] = rows
    return members


def find_worst_group(groups: Mapping[str, float]) -> tuple[str, float]:
    """The group with the highest value; ("", nan) if there are no groups."""
    return max(groups.items(), key=lambda item: item[1]) if groups else ("", float("nan"))
