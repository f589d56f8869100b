"""Where training begins: the linear skin of the generator set to the data's principal components."""

from __future__ import annotations

from typing import Any

import numpy as np

from stages.train.data import Blends


def fresh_generator(seed: int, data: Blends) -> Any:
    """A seeded generator that has seen the data's principal components and nothing else."""
    import torch

    from stages.nets.stylegan import Generator

    torch.manual_seed(seed)
    generator = Generator()
    principal_skin(generator, data, np.random.default_rng(seed))
    return generator


def principal_skin(generator: Any, data: Blends, rng: np.random.Generator, samples: int = 400) -> None:
    """Fits mean, basis and condition weights of `generator.linear` to drawn samples, as probabilistic PCA."""
    import torch

    from stages.nets.stylegan import condition_features

    tiles, told = data.batch(rng, samples)
    flat = tiles.reshape(samples, -1).astype(np.float64)
    features = condition_features(torch.from_numpy(told)).numpy().astype(np.float64)
    mean = flat.mean(0)
    centred = flat - mean
    values, vectors = np.linalg.eigh(centred @ centred.T)
    components = generator.linear.basis.shape[0]
    order = np.argsort(values)[::-1][:components]
    coefficients = vectors[:, order] * np.sqrt(samples)
    basis = coefficients.T @ centred / samples
    weights, *_ = np.linalg.lstsq(features, coefficients, rcond=None)
    rest = coefficients - features @ weights
    root = np.linalg.cholesky(np.cov(rest.T) + 1e-6 * np.eye(components))
    linear = generator.linear
    with torch.no_grad():
        linear.mean.copy_(torch.from_numpy(mean.reshape(linear.mean.shape)))
        linear.basis.copy_(torch.from_numpy(basis.reshape(linear.basis.shape)))
        linear.from_condition.copy_(torch.from_numpy(weights.T))
        linear.from_latent[:, :components] = torch.from_numpy(root)
