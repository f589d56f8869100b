"""A generator of portraits from noise and a text: the adversarial game of `adversarial`, and a contrastive loss.

The contrastive loss asks the image encoder of a trained CLIP whose caption each generated picture fits (Zhang et al. 2021, XMC-GAN).
Noise regularisation is the mode-seeking loss of Mao et al. 2019: pictures of two noises for one text have to differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from stages.nets.ranges import Weight
from stages.nets.text_image import TEXT_CONDITIONS, open_encoder, to_conditions
from stages.train.families.adversarial import (
    AdversarialFamily,
    Recipe,
    WeightedLosses,
    generate_images,
    grow_batch,
    update_critic,
    update_generator,
)
from stages.train.families.captions import CaptionSource
from stages.train.loop.family import Batch, Examples, TrainState

_MIN_DIFFERENCE = 1e-3


@dataclass(frozen=True)
class TextRecipe(Recipe):
    """Settings of adversarial training with texts."""

    contrast: Weight = 1.0
    """Weight of the contrastive loss."""
    spread: Weight = 0.0
    """Weight of the noise regularisation."""


@dataclass(frozen=True)
class TextGanFamily(AdversarialFamily):
    """A family of stages.train.loop.family; `shape` keeps the captions of its examples for `step`."""

    recipe: TextRecipe = TextRecipe()
    conditions: tuple[str, ...] = TEXT_CONDITIONS
    captions: list[CaptionSource] = field(default_factory=list, compare=False)
    """Of the examples last given to `shape`."""

    def shape(self, examples: Examples) -> Any:
        """The net's Shape; raises SpecError where the data set has no captions or no such net can be built."""
        self.captions[:] = [CaptionSource.from_split(examples.source)]
        return super().shape(examples)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """Updates the critic and, every `critic_steps`, the generator, with new sentences about the batch's pictures."""
        import torch

        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        vectors = open_encoder().embed_texts(self.captions[0].draw([int(row) for row in batch.rows], rng))
        texts = vectors.to(batch.conditions.device)
        batch = grow_batch(self.recipe, state, replace(batch, conditions=to_conditions(vectors).to(batch.conditions.device)))
        losses = update_critic(self.recipe, state, batch)
        if state.step % self.recipe.critic_steps == 0:
            losses |= update_generator(self.recipe, state, batch, lambda images: self._measure(state, batch, texts, images))
        return losses

    def _measure(self, state: TrainState, batch: Batch, texts: Any, images: Any) -> WeightedLosses:
        """The losses that other adversarial families do not have."""
        from stages.nets.clip import compute_contrastive_loss

        losses: dict[str, tuple[float, Any]] = {}
        if self.recipe.contrast:
            encoder = open_encoder()
            contrast = compute_contrastive_loss(encoder.embed_images(images.float()), texts, encoder.scale)
            losses["contrast"] = (self.recipe.contrast, contrast)
        if self.recipe.spread:
            losses["spread"] = (self.recipe.spread, self._measure_spread(state, batch))
        return losses

    def _measure_spread(self, state: TrainState, batch: Batch) -> Any:
        """Scalar: how little two pictures of one text differ, relative to how much any two pictures of the batch do."""
        half = batch.conditions[: max(len(batch.conditions) // 2, 1)]
        one, two = (generate_images(self.recipe, state, half)[0].float() for _ in range(2))
        between = (one - two).abs().mean((1, 2, 3))
        usual = (batch.values - batch.values.roll(1, 0)).abs().mean().detach()
        return (usual / (between + _MIN_DIFFERENCE)).mean()
