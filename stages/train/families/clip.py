"""The family of text-image encoders: pictures and captions in two languages, trained together with the CLIP loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.nets.ranges import Count, Fraction, Weight
from stages.train.families.captions import CaptionSource
from stages.train.loop.device import Device
from stages.train.loop.examples import to_tensor
from stages.train.loop.family import Batch, Examples, TrainState, build_shape

VALIDATION_BATCH = 64


@dataclass(frozen=True)
class Recipe:
    """Settings of training, apart from the nets' shape."""

    batch: Count = 64
    lr: Weight = 1.5e-3
    weight_decay: Weight = 0.05
    average: Fraction = 0.99
    p: Fraction = 0.7
    """Probability of each augmentation of portraits: mirrored, turned, shifted, brighter; none changes what a sentence says."""
    noise: Weight = 0.05
    """Standard deviation of noise added to the images, so that vectors do not depend on single pixels."""


@dataclass
class ClipFamily:
    """A family of stages.train.loop.family; `shape` keeps the captions of its examples for `step`."""

    name: str = "clip"
    net: str = "clip"
    metric: str = "rank"
    averaged: tuple[str, ...] = ("clip",)
    monitored_losses: tuple[str, ...] = ("contrast",)
    conditions: tuple[str, ...] = ()
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""
    captions: CaptionSource | None = None

    def shape(self, examples: Examples) -> Any:
        """Shape for the images' size and channels; raises SpecError where the data set has no captions."""
        from stages.nets.clip import Shape

        self.captions = CaptionSource.from_split(examples.source)
        return build_shape(self, Shape, {"size": examples.values.shape[1], "channels": examples.values.shape[3]})

    def build(self, shape: Any, device: Device) -> TrainState:
        """Both encoders with one AdamW."""
        import torch

        from stages.nets.clip import Clip

        net = device.place(Clip(shape))
        optimiser = torch.optim.AdamW(net.parameters(), lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        return TrainState({"clip": net}, {"clip": optimiser}, shape, device)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """One update on new sentences."""
        import torch

        from stages.nets.augment import PORTRAITS
        from stages.nets.clip import compute_contrastive_loss, tokenize

        assert self.captions is not None
        rng = np.random.default_rng(int(torch.randint(2**31, ())))
        tokens = torch.from_numpy(tokenize(self.captions.draw([int(row) for row in batch.rows], rng), state.shape))
        x = PORTRAITS(batch.values, self.recipe.p)
        net = state.nets["clip"].train()
        with state.device.autocast():
            images = net.embed_images(x + self.recipe.noise * torch.randn_like(x))
            texts = net.embed_tokens(tokens.to(state.device.torch_device))
        loss = compute_contrastive_loss(images.float(), texts.float(), net.scale)
        state.device.backpropagate(state.optimisers["clip"], loss)
        return {"contrast": float(loss.detach()), "scale": float(net.scale.detach())}

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Mean rank, 0 first to 1 last, of the right picture among all of the split, for held-out sentences in both languages."""
        captions = CaptionSource.from_split(examples.source)
        images = embed_examples(state, examples)
        ranks = []
        for language in ("en", "zh"):
            texts = captions.draw(range(len(examples)), np.random.default_rng(1), held_out=True, language=language)
            ranks.append(rank_right_ones(embed_texts(state, texts) @ images.T).mean())
        return float(np.mean(ranks))


def embed_examples(state: TrainState, examples: Examples) -> Any:
    """(n,d) unit vectors of the images, by the averaged net."""
    import torch

    net, parts = state.averaged["clip"].eval(), []
    with torch.no_grad():
        for start in range(0, len(examples), VALIDATION_BATCH):
            rows = np.arange(start, min(start + VALIDATION_BATCH, len(examples)))
            parts.append(net.embed_images(to_tensor(examples, rows).to(state.device.torch_device)).float().cpu().numpy())
    return np.concatenate(parts)


def embed_texts(state: TrainState, texts: list[str]) -> Any:
    """(n,d) unit vectors of the texts, by the averaged net."""
    import torch

    from stages.nets.clip import tokenize

    with torch.no_grad():
        tokens = torch.from_numpy(tokenize(texts, state.shape)).to(state.device.torch_device)
        return state.averaged["clip"].eval().embed_tokens(tokens).float().cpu().numpy()


def rank_right_ones(scores: Any) -> Any:
    """(n,) of scores (n,n) the place of the diagonal's entry in its row, 0 first to 1 last; ties count half."""
    right = np.diagonal(scores)[:, None]
    better, equal = (scores > right).sum(1), (scores == right).sum(1) - 1
    return (better + 0.5 * equal) / max(len(scores) - 1, 1)
