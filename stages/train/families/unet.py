"""The U-Net family: skins from geometry maps, trained by L1, an adversarial loss and feature matching.

BicycleGAN's first half (Zhu et al. 2017): an encoder reads the latent behind a real skin, and from that latent the skin
has to come back; the other half of every batch starts from random latents and answers to the critic alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from stages.nets.ranges import Count, Fraction, FractionBelowOne, Weight
from stages.train.families.adversarial import freeze_layers, refuse_all_frozen
from stages.train.loop.device import Device
from stages.train.loop.family import Batch, Examples, TrainState, build_shape


@dataclass(frozen=True)
class Recipe:
    """What the training depends on beside the nets' shape."""

    batch: Count = 8
    generator_lr: Weight = 1e-3
    critic_lr: Weight = 3e-4
    momentum: FractionBelowOne = 0.5
    l1: Weight = 10.0
    adversarial: Weight = 0.3
    features: Weight = 1.0
    kl: Weight = 0.002
    """A number of the latent; small, or skins forget their latents."""
    gamma: Weight = 1.0
    """R1, every `lazy` steps."""
    lazy: Count = 16
    average: Fraction = 0.995
    weight_decay: Weight = 0.0
    """Of the critic."""
    frozen: tuple[str, ...] = ()
    """Parameters whose "net/name" starts with one of these stay as they are (fine-tuning)."""


MAX_COMPONENT_EXAMPLES = 1500
"""Pictures that the principal components are found on."""


def make_design_matrix(examples: Examples) -> NDArray[np.float64]:
    """(n,7) one, age, gender, tone and the squares of these."""
    told = examples.conditions.astype(np.float64)
    return np.concatenate([np.ones((len(told), 1)), told, told**2], 1)


def fit_mean_skins(examples: Examples) -> Floats:
    """(7,c,s,s): least squares of the pictures, -1..1, on their condition features."""
    features = make_design_matrix(examples)
    n, h, w, c = examples.values.shape
    answer = np.zeros((features.shape[1], h * w * c))
    for start in range(0, n, 256):  # in parts: all pictures as numbers would fill the memory
        answer += features[start : start + 256].T @ (examples.values[start : start + 256].reshape(-1, h * w * c) / 127.5 - 1)
    ridge = 1e-3 * np.eye(features.shape[1])
    found = np.linalg.solve(features.T @ features + ridge, answer).reshape(-1, h, w, c)
    linear: Floats = np.ascontiguousarray(found.transpose(0, 3, 1, 2)).astype(np.float32)
    return linear


def compute_principal_components(examples: Examples, usual: Floats, count: int) -> Floats:
    """(count,c,s,s) principal components of what the usual skins leave, each as long as its deviation; the largest first."""
    few = examples.select(np.random.default_rng(0).permutation(len(examples))[:MAX_COMPONENT_EXAMPLES])
    pictures = few.values.transpose(0, 3, 1, 2).reshape(len(few), -1).astype(np.float32) / 127.5 - 1
    left = pictures - make_design_matrix(few).astype(np.float32) @ usual.reshape(len(usual), -1)
    values, vectors = np.linalg.eigh((left @ left.T).astype(np.float64))
    order = np.argsort(values)[::-1][:count]
    basis = (vectors[:, order].T @ left) / np.sqrt(len(few))
    found: Floats = basis.reshape(len(order), *usual.shape[1:]).astype(np.float32)
    return found


@dataclass
class UnetFamily:
    """A family of stages.train.loop.family; `shape` keeps the data's usual skins and their components for `build`."""

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
        """Shape for tiles of this size; raises SpecError for pictures that are no skins."""
        from stages.nets.unet import COLOURS, Shape
        from stages.train.families.geometry_maps import MAP_COUNT

        if examples.values.shape[-1] != COLOURS:
            message = f"{self.name} paints head and body tiles (six channels), the pictures have {examples.values.shape[-1]}"
            raise SpecError(Finding("train/channels", message, fix="give a data set of `fenshen data skins`"))
        shape = build_shape(self, Shape, {"size": examples.values.shape[1], "maps": MAP_COUNT})
        usual = fit_mean_skins(examples)
        self.mean_and_components = usual, compute_principal_components(examples, usual, shape.components)
        return shape

    def build(self, shape: Any, machine: Device) -> TrainState:
        """Generator, encoder and critic; the generator starts at the usual skin of an age, gender and tone."""
        import torch

        from stages.nets.unet import Critic, Encoder, Generator
        from stages.train.families.geometry_maps import draw_geometry_maps

        nets: dict[str, Any] = {"generator": Generator(shape), "encoder": Encoder(shape), "critic": Critic(shape)}
        maps = torch.from_numpy(draw_geometry_maps(shape.size))
        nets["generator"].maps.copy_(maps)
        nets["critic"].maps.copy_(maps)
        if self.mean_and_components is not None:
            linear = nets["generator"].linear
            for kept, found in zip((linear.told, linear.basis), self.mean_and_components, strict=True):
                kept[: len(found)] = torch.from_numpy(found)
        nets = {name: machine.place(net) for name, net in nets.items()}
        betas, recipe = (self.recipe.momentum, 0.99), self.recipe
        free = freeze_layers(nets, recipe.frozen)
        own = [*free["generator"], *free["encoder"]]
        refuse_all_frozen(generator=own, critic=free["critic"])
        optimisers = {
            "generator": torch.optim.AdamW(own, lr=recipe.generator_lr, betas=betas, weight_decay=0.0),
            "critic": torch.optim.AdamW(free["critic"], lr=recipe.critic_lr, betas=betas, weight_decay=recipe.weight_decay),
        }
        return TrainState(nets, optimisers, shape, machine)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """One update of the critic and one of generator and encoder."""
        import torch

        from stages.nets.conditional_mean import expand_conditions as features_of

        real, told, half = batch.values, batch.conditions, max(len(batch.values) // 2, 1)
        with state.device.autocast():
            start = state.nets["generator"].linear.fit_coefficients(real[:half], features_of(told[:half]))
            mean, spread = state.nets["encoder"](real[:half], start)
            z = torch.randn(len(real), state.shape.latent, device=real.device)
            z = torch.cat([mean + (0.5 * spread).exp() * z[:half], z[half:]])
            made = state.nets["generator"](z, told)
        told_critic, features = _update_critic(self.recipe, state, batch, made)
        return told_critic | _update_generator(self.recipe, state, batch, made, (mean, spread), features)

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Sliced Wasserstein distance of made skins to the examples, asked for with their conditions."""
        from stages.train.evaluation.sliced_wasserstein import compute_sliced_wasserstein
        from stages.train.loop.loop import to_trained_net

        count = min(len(examples), 128)
        made = to_trained_net(self, state).sample(examples.conditions[:count], 1)
        return compute_sliced_wasserstein(examples.values[:count], made)


def _update_critic(recipe: Recipe, state: TrainState, batch: Batch, made: Any) -> tuple[dict[str, float], list[Any]]:
    """Hinge loss on patches; returns the losses and the features of the real skins."""
    import torch.nn.functional as F

    from stages.nets.losses import compute_r1_penalty

    critic = state.nets["critic"].requires_grad_(True)
    with state.device.autocast():
        features = critic.extract_features(batch.values)
        scores = critic.score(features, batch.conditions), critic(made.detach(), batch.conditions)
        loss = F.relu(1 - scores[0].float()).mean() + F.relu(1 + scores[1].float()).mean()
    told = {"critic": float(loss.detach()), "right": float((scores[0] > 0).float().mean() + (scores[1] < 0).float().mean()) / 2}
    if state.step % recipe.lazy == 0:
        loss = loss + recipe.lazy * compute_r1_penalty(lambda x: critic(x, batch.conditions).float(), batch.values, recipe.gamma)
    state.device.backpropagate(state.optimisers["critic"], loss)
    return told, [feature.detach() for feature in features]


def _update_generator(
    recipe: Recipe, state: TrainState, batch: Batch, made: Any, moments: tuple[Any, Any], features: list[Any]
) -> dict[str, float]:
    """L1 and matched features where the latent was read from the skin itself; the critic's score everywhere."""
    import torch.nn.functional as F

    from stages.nets.autoencoder import mean_kl_divergence
    from stages.nets.unet import compute_feature_matching_loss

    critic, half = state.nets["critic"].requires_grad_(False), len(moments[0])
    with state.device.autocast():
        seen = critic.extract_features(made)
        adversarial = -critic.score(seen, batch.conditions).float().mean()
        l1 = F.l1_loss(made[:half], batch.values[:half])
        matched = compute_feature_matching_loss([f[:half] for f in features], [f[:half] for f in seen])
        loss = recipe.l1 * l1 + recipe.adversarial * adversarial + recipe.features * matched + recipe.kl * mean_kl_divergence(*moments)
    state.device.backpropagate(state.optimisers["generator"], loss)
    return {"generator": float(adversarial.detach()), "l1": float(l1.detach()), "matched": float(matched.detach())}
