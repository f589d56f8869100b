"""The U-Net family: skins from geometry maps, trained by L1, an adversarial loss and feature matching.

The first half of BicycleGAN (Zhu et al. 2017): for half of every batch an encoder infers the latent of a real skin, and the
generator has to reproduce the skin from it; the other half starts from random latents and is judged by the critic alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from stages.nets.ranges import Count, Fraction, FractionBelowOne, Weight
from stages.train.families.adversarial import freeze_layers, refuse_all_frozen
from stages.train.families.conditional_mean import fit_conditional_mean, make_design_matrix
from stages.train.loop.device import Device
from stages.train.loop.family import Batch, Examples, TrainState, build_shape


@dataclass(frozen=True)
class Recipe:
    """Settings of training, apart from the nets' shape."""

    batch: Count = 8
    generator_lr: Weight = 1e-3
    critic_lr: Weight = 3e-4
    momentum: FractionBelowOne = 0.5
    l1: Weight = 10.0
    adversarial: Weight = 0.3
    features: Weight = 1.0
    kl: Weight = 0.002
    """Per number of the latent; with a larger one, the generator ignores its latents."""
    gamma: Weight = 1.0
    """Weight of R1, which is applied every `lazy` steps."""
    lazy: Count = 16
    average: Fraction = 0.995
    weight_decay: Weight = 0.0
    """Of the critic."""
    frozen: tuple[str, ...] = ()
    """Parameters whose "net/name" starts with one of these are not trained (fine-tuning)."""


MAX_COMPONENT_EXAMPLES = 1500
"""Images from which the principal components are computed."""
MAX_VALIDATED = 128
"""Images of a validation."""


def compute_principal_components(examples: Examples, mean_skins: Floats, count: int) -> Floats:
    """(count,c,s,s) principal components of the images' residual from their conditional mean.

    Each is as long as its standard deviation; the largest comes first.
    """
    few = examples.select(np.random.default_rng(0).permutation(len(examples))[:MAX_COMPONENT_EXAMPLES])
    images = few.values.transpose(0, 3, 1, 2).reshape(len(few), -1).astype(np.float32) / 127.5 - 1
    residual = images - make_design_matrix(few).astype(np.float32) @ mean_skins.reshape(len(mean_skins), -1)
    values, vectors = np.linalg.eigh((residual @ residual.T).astype(np.float64))
    order = np.argsort(values)[::-1][:count]
    basis = (vectors[:, order].T @ residual) / np.sqrt(len(few))
    components: Floats = basis.reshape(len(order), *mean_skins.shape[1:]).astype(np.float32)
    return components


@dataclass
class UnetFamily:
    """A family of stages.train.loop.family; `shape` keeps the data's conditional mean and components for `build`."""

    name: str = "unet"
    net: str = "unet"
    metric: str = "distance"
    averaged: tuple[str, ...] = ("generator",)
    monitored_losses: tuple[str, ...] = ("critic", "generator", "l1")
    conditions: tuple[str, ...] = ("age_years", "gender", "tone")
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""
    mean_and_components: tuple[Floats, Floats] | None = None

    def shape(self, examples: Examples) -> Any:
        """Shape for tiles of this size; raises SpecError for images that are not skins."""
        from stages.nets.unet import COLOURS, Shape
        from stages.train.families.geometry_maps import MAP_COUNT

        if (channels := examples.values.shape[-1]) != COLOURS:
            message = f"{self.name} generates skins of {COLOURS} channels (head and body RGB); the images have {channels}"
            raise SpecError(Finding("train/channels", message, fix="give a data set of `fenshen data skins`"))
        shape = build_shape(self, Shape, {"size": examples.values.shape[1], "maps": MAP_COUNT})
        mean_skins = fit_conditional_mean(examples)
        self.mean_and_components = mean_skins, compute_principal_components(examples, mean_skins, shape.components)
        return shape

    def build(self, shape: Any, device: Device) -> TrainState:
        """Generator, encoder and critic; the generator starts from the conditional mean."""
        import torch

        from stages.nets.unet import Critic, Encoder, Generator
        from stages.train.families.geometry_maps import draw_geometry_maps

        nets: dict[str, Any] = {"generator": Generator(shape), "encoder": Encoder(shape), "critic": Critic(shape)}
        maps = torch.from_numpy(draw_geometry_maps(shape.size))
        nets["generator"].maps.copy_(maps)
        nets["critic"].maps.copy_(maps)
        if self.mean_and_components is not None:
            # The buffers are in this order: mean, components; a small data set has fewer components than the shape.
            for buffer, fit in zip(nets["generator"].linear.buffers(), self.mean_and_components, strict=True):
                buffer[: len(fit)] = torch.from_numpy(fit)
        nets = {name: device.place(net) for name, net in nets.items()}
        betas, recipe = (self.recipe.momentum, 0.99), self.recipe
        trainable = freeze_layers(nets, recipe.frozen)
        parameters = [*trainable["generator"], *trainable["encoder"]]
        refuse_all_frozen(generator=parameters, critic=trainable["critic"])
        optimisers = {
            "generator": torch.optim.AdamW(parameters, lr=recipe.generator_lr, betas=betas, weight_decay=0.0),
            "critic": torch.optim.AdamW(trainable["critic"], lr=recipe.critic_lr, betas=betas, weight_decay=recipe.weight_decay),
        }
        return TrainState(nets, optimisers, shape, device)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """One update of the critic and one of generator and encoder."""
        import torch

        from stages.nets.conditional_mean import expand_conditions

        real, conditions, half = batch.values, batch.conditions, max(len(batch.values) // 2, 1)
        with state.device.autocast():
            start = state.nets["generator"].linear.fit_coefficients(real[:half], expand_conditions(conditions[:half]))
            mean, spread = state.nets["encoder"](real[:half], start)
            z = torch.randn(len(real), state.shape.latent, device=real.device)
            z = torch.cat([mean + (0.5 * spread).exp() * z[:half], z[half:]])
            skins = state.nets["generator"](z, conditions)
        losses, features = _update_critic(self.recipe, state, batch, skins)
        return losses | _update_generator(self.recipe, state, batch, skins, (mean, spread), features)

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Sliced Wasserstein distance of the examples to skins generated under their conditions."""
        from stages.train.evaluation.sliced_wasserstein import compute_sliced_wasserstein
        from stages.train.loop.loop import to_trained_net

        count = min(len(examples), MAX_VALIDATED)
        skins = to_trained_net(self, state).sample(examples.conditions[:count], 1)
        return compute_sliced_wasserstein(examples.values[:count], skins)


def _update_critic(recipe: Recipe, state: TrainState, batch: Batch, skins: Any) -> tuple[dict[str, float], list[Any]]:
    """Hinge loss on patches; returns the losses and the features of the real skins."""
    import torch.nn.functional as F

    from stages.nets.losses import compute_r1_penalty

    critic = state.nets["critic"].requires_grad_(True)
    with state.device.autocast():
        features = critic.extract_features(batch.values)
        scores = critic.score(features, batch.conditions), critic(skins.detach(), batch.conditions)
        loss = F.relu(1 - scores[0].float()).mean() + F.relu(1 + scores[1].float()).mean()
    losses = {"critic": float(loss.detach()), "right": float((scores[0] > 0).float().mean() + (scores[1] < 0).float().mean()) / 2}
    if state.step % recipe.lazy == 0:
        loss = loss + recipe.lazy * compute_r1_penalty(lambda x: critic(x, batch.conditions).float(), batch.values, recipe.gamma)
    state.device.backpropagate(state.optimisers["critic"], loss)
    return losses, [feature.detach() for feature in features]


def _update_generator(
    recipe: Recipe, state: TrainState, batch: Batch, skins: Any, moments: tuple[Any, Any], features: list[Any]
) -> dict[str, float]:
    """L1 and feature matching for the skins whose latents were inferred; the critic's score for all."""
    import torch.nn.functional as F

    from stages.nets.autoencoder import mean_kl_divergence
    from stages.nets.unet import compute_feature_matching_loss

    critic, half = state.nets["critic"].requires_grad_(False), len(moments[0])
    with state.device.autocast():
        generated_features = critic.extract_features(skins)
        adversarial = -critic.score(generated_features, batch.conditions).float().mean()
        l1 = F.l1_loss(skins[:half], batch.values[:half])
        matched = compute_feature_matching_loss([f[:half] for f in features], [f[:half] for f in generated_features])
        loss = recipe.l1 * l1 + recipe.adversarial * adversarial + recipe.features * matched + recipe.kl * mean_kl_divergence(*moments)
    state.device.backpropagate(state.optimisers["generator"], loss)
    return {"generator": float(adversarial.detach()), "l1": float(l1.detach()), "matched": float(matched.detach())}
