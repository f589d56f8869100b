"""Generator against critic: one family for DCGAN and StyleGAN, with any of the losses of stages.nets.losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from stages.nets import augment
from stages.nets.ranges import Count, Fraction, FractionBelowOne, NonNegativeCount, Weight
from stages.train.evaluation.sliced_wasserstein import compute_sliced_wasserstein
from stages.train.families.conditional_mean import fit_conditional_mean, set_conditional_mean
from stages.train.loop.device import Device
from stages.train.loop.family import Batch, Examples, TrainState, build_shape

MAX_VALIDATED = 256
"""Images of a validation."""


@dataclass(frozen=True)
class Recipe:
    """Settings of adversarial training, apart from the nets' shape."""

    batch: Count = 32
    loss: Literal["bce", "lsgan", "hinge", "wgan"] = "bce"
    generator_lr: Weight = 2e-4
    critic_lr: Weight = 2e-4
    momentum: FractionBelowOne = 0.5
    weight_decay: Weight = 0.0
    """Of the critic, decoupled."""
    critic_steps: Count = 1
    """Critic updates for each update of the generator."""
    smooth: Fraction = 0.0
    """One-sided label smoothing of BCE and LSGAN."""
    noise: Weight = 0.0
    """Standard deviation of noise added to the critic's input at first, fading out over `noise_steps` (Arjovsky and Bottou 2017)."""
    noise_steps: Count = 2000
    real_gamma: Weight = 0.0
    """Weight of R1, which is applied every `lazy` steps."""
    between_gamma: Weight = 0.0
    """Weight of WGAN-GP's penalty, which is applied at every step."""
    lazy: Count = 8
    path_weight: Weight = 0.0
    """Path length regularisation every `lazy` steps; for nets with styles."""
    grow: tuple[NonNegativeCount, ...] = ()
    """Progressive growing: steps at which the resolution doubles until it is the data's; for nets with levels."""
    grow_fade: Count = 150
    """Steps over which a new level fades in."""
    mixing: Fraction = 0.0
    """Share of batches whose images mix two styles; for nets with styles."""
    augment: Literal["none", "portraits", "skins"] = "none"
    adaptive: bool = False
    """The augmentation's probability follows the critic (ADA); otherwise it is `p`."""
    p: Fraction = 1.0
    adapt_target: Fraction = 0.6
    adapt_every: Count = 8
    average: Fraction = 0.999
    frozen: tuple[str, ...] = ()
    """Parameters whose "net/name" starts with one of these are not trained (fine-tuning)."""


@dataclass(frozen=True)
class AdversarialFamily:
    """A family of stages.train.loop.family."""

    name: str
    net: str
    recipe: Recipe = Recipe()
    changes: tuple[tuple[str, Any], ...] = ()
    """Fields of the net's Shape that differ from its defaults."""
    conditions: tuple[str, ...] = ("age_years", "gender", "tone")
    conditional_means: list[Floats] = field(default_factory=list, compare=False)
    """The fit to the examples last given to `shape`, for nets with a conditional mean."""
    metric: str = "distance"
    averaged: tuple[str, ...] = ("generator",)
    monitored_losses: tuple[str, ...] = ("critic", "generator", "penalty")

    def shape(self, examples: Examples) -> Any:
        """The net's Shape for the images' size and channels; raises SpecError if no such net can be built or grown."""
        from stages.nets.weights_io import import_net_module

        kind = import_net_module(self.net).Shape
        size, channels = examples.values.shape[1], examples.values.shape[3]
        shape = build_shape(self, kind, {"size": size, "channels": channels, "conditions": len(examples.names)})
        _refuse_growth(self, shape)
        self.conditional_means[:] = [fit_conditional_mean(examples)] if getattr(shape, "usual", False) else []
        return shape

    def build(self, shape: Any, device: Device) -> TrainState:
        """Generator and critic, each with its own AdamW."""
        import torch

        from stages.nets.weights_io import import_net_module

        module, recipe = import_net_module(self.net), self.recipe
        nets = {"generator": device.place(module.Generator(shape)), "critic": device.place(module.Critic(shape))}
        for images in self.conditional_means:
            set_conditional_mean(nets["generator"], images)
        betas = (recipe.momentum, 0.99)
        rates = {"generator": (recipe.generator_lr, 0.0), "critic": (recipe.critic_lr, recipe.weight_decay)}
        trainable = freeze_layers(nets, recipe.frozen)
        refuse_all_frozen(**trainable)
        optimisers = {
            name: torch.optim.AdamW(parameters, lr=rates[name][0], betas=betas, weight_decay=rates[name][1])
            for name, parameters in trainable.items()
        }
        numbers = {"p": 0.0 if recipe.adaptive else recipe.p, "sign": 0.0, "signs": 0.0, "path": 0.0}
        return TrainState(nets, optimisers, shape, device, numbers)

    def step(self, state: TrainState, batch: Batch) -> Mapping[str, float]:
        """Updates the critic and, every `critic_steps`, the generator."""
        batch = grow_batch(self.recipe, state, batch)
        losses = update_critic(self.recipe, state, batch)
        if state.step % self.recipe.critic_steps == 0:
            losses |= update_generator(self.recipe, state, batch)
        return losses

    def validate(self, state: TrainState, examples: Examples) -> float:
        """Sliced Wasserstein distance of the examples to images generated under their conditions."""
        from stages.train.loop.loop import to_trained_net

        count = min(len(examples), MAX_VALIDATED)
        images = to_trained_net(self, state).sample(examples.conditions[:count], 1)
        return compute_sliced_wasserstein(examples.values[:count], images)


def _refuse_growth(family: AdversarialFamily, shape: Any) -> None:
    times, levels = len(family.recipe.grow), len(shape.levels()) if hasattr(shape, "levels") else 1
    if times >= levels > 1:
        message = f"{family.name} cannot grow {times} times: images of {shape.size} px have {levels} levels"
        raise SpecError(Finding("train/grow", message, fix="give fewer steps: --set grow=[600]"))
    if times and levels == 1:
        raise SpecError(Finding("train/grow", f"{family.name} cannot grow: its nets have a single resolution", fix="remove --set grow"))


def freeze_layers(nets: Mapping[str, Any], frozen: tuple[str, ...]) -> dict[str, list[Any]]:
    """Freezes layers and returns each net's trainable parameters.

    Raises:
        SpecError: a prefix in `frozen` matches no parameter.
    """
    keys = [f"{name}/{key}" for name, net in nets.items() for key, _ in net.named_parameters()]
    for prefix in frozen:
        if not any(key.startswith(prefix) for key in keys):
            layers = dict.fromkeys(key.partition(".")[0] for key in keys)
            message = f"frozen: no layer's name starts with {prefix}"
            raise SpecError(Finding("train/frozen", message, fix=f"the layers are {', '.join(layers)}"))
    for name, net in nets.items():
        _set_trainable(name, net, frozen)
    return {name: [parameter for parameter in net.parameters() if parameter.requires_grad] for name, net in nets.items()}


def _set_trainable(name: str, net: Any, frozen: tuple[str, ...]) -> None:
    """Turns gradients on for every parameter of the net that is not frozen, and off for the others."""
    for key, parameter in net.named_parameters():
        parameter.requires_grad_(not f"{name}/{key}".startswith(frozen))


def refuse_all_frozen(**trainable: list[Any]) -> None:
    """Raises SpecError if one of the named nets has no trainable parameter left."""
    for name, parameters in trainable.items():
        if not parameters:
            raise SpecError(Finding("train/frozen", f"frozen: no layer of the {name} is left to train", fix="freeze fewer layers"))


def grow_batch(recipe: Recipe, state: TrainState, batch: Batch) -> Batch:
    """The batch at this step's resolution; also sets how far the nets have grown."""
    import torch.nn.functional as F

    if not recipe.grow:
        return batch
    passed = sum(state.step >= step for step in recipe.grow)
    missing, since = len(recipe.grow) - passed, state.step - (recipe.grow[passed - 1] if passed else 0)
    newest = min(1.0, (since + 1) / recipe.grow_fade) if passed else 1.0
    for net in (state.nets["generator"], state.averaged.get("generator")):
        if net is not None:
            net.grown[0], net.grown[1] = len(net.first) - missing, newest
    state.numbers["newest"] = newest
    return replace(batch, values=F.avg_pool2d(batch.values, 2**missing)) if missing else batch


def _score_images(state: TrainState, x: Any, conditions: Any) -> Any:
    """(b,) float32 scores of the critic."""
    newest = state.numbers.get("newest", 1.0)
    critic = state.nets["critic"]
    return (critic(x, conditions) if newest == 1 else critic(x, conditions, newest)).float()


def _augment_input(recipe: Recipe, state: TrainState, x: Any) -> Any:
    """The critic's input of images: augmented and, in early steps, noisy."""
    import torch

    if recipe.augment != "none":
        x = {"portraits": augment.PORTRAITS, "skins": augment.SKINS}[recipe.augment](x, state.numbers["p"])
    left = max(0.0, 1 - state.step / recipe.noise_steps) if recipe.noise else 0.0
    return x + recipe.noise * left * torch.randn_like(x) if left else x


def generate_images(recipe: Recipe, state: TrainState, conditions: Any) -> tuple[Any, Any]:
    """Images and their styles, or None for nets without styles."""
    import torch

    net, shape, count = state.nets["generator"], state.shape, len(conditions)
    z = torch.randn(count, shape.latent, device=conditions.device)
    if not hasattr(net, "map_styles"):
        return net(z, conditions), None
    styles = net.map_styles(z, conditions)
    if recipe.mixing and float(torch.rand(())) < recipe.mixing:
        other = net.map_styles(torch.randn_like(z), conditions)
        cut = int(torch.randint(1, styles.shape[1], ()))
        styles = torch.cat([styles[:, :cut], other[:, cut:]], 1)
    return net.synthesise(styles, conditions, noise=True), styles


def update_critic(recipe: Recipe, state: TrainState, batch: Batch) -> dict[str, float]:
    """Updates the critic and the strength of the augmentation."""
    import torch

    from stages.nets.losses import ADVERSARIAL_LOSSES

    critic, adversarial = state.nets["critic"], ADVERSARIAL_LOSSES[recipe.loss]
    critic.train()
    _set_trainable("critic", critic, recipe.frozen)
    with state.device.autocast():
        with torch.no_grad():
            generated, _ = generate_images(recipe, state, batch.conditions)
        real, fake = _augment_input(recipe, state, batch.values), _augment_input(recipe, state, generated)
        scores = _score_images(state, real, batch.conditions), _score_images(state, fake, batch.conditions)
        loss = adversarial.critic(*scores, recipe.smooth)
    losses = {"critic": float(loss.detach())}
    penalty = _compute_penalty(recipe, state, batch, real, fake)
    if penalty is not None:
        losses["penalty"] = float(penalty.detach())
        loss = loss + penalty
    state.device.backpropagate(state.optimisers["critic"], loss)
    if adversarial.centred:
        losses["right"] = float(0.5 * ((scores[0] > 0).float().mean() + (scores[1] < 0).float().mean()))
    _adapt_augmentation(recipe, state, float(scores[0].detach().sign().mean()))
    return losses | {"p": state.numbers["p"]}


def _compute_penalty(recipe: Recipe, state: TrainState, batch: Batch, real: Any, fake: Any) -> Any:
    """The critic's gradient penalty of this step; None if there is none."""
    from stages.nets.losses import compute_gradient_penalty, compute_r1_penalty

    def score(x: Any) -> Any:
        return _score_images(state, x, batch.conditions)

    penalty = None
    if recipe.between_gamma:
        penalty = compute_gradient_penalty(score, real.float(), fake.float(), recipe.between_gamma)
    if recipe.real_gamma and state.step % recipe.lazy == 0:
        # The factor `lazy` makes up for the steps without penalty; a small image has a steeper slope per pixel.
        gamma = recipe.real_gamma * (real.shape[-1] / state.shape.size) ** 2
        penalty = recipe.lazy * compute_r1_penalty(score, real.float(), gamma)
    return penalty


def _adapt_augmentation(recipe: Recipe, state: TrainState, sign: float) -> None:
    """Moves the augmentation's probability by the mean sign of the critic's last scores of real images."""
    if not recipe.adaptive:
        return
    numbers = state.numbers
    numbers["sign"] += state.device.reduce_mean(sign)
    numbers["signs"] += 1
    if numbers["signs"] >= recipe.adapt_every:
        numbers["p"] = augment.adapt_probability(numbers["p"], numbers["sign"] / numbers["signs"], recipe.adapt_target)
        numbers["sign"] = numbers["signs"] = 0.0


WeightedLosses = Mapping[str, tuple[float, Any]]
"""Name -> the weight and the value of a loss."""


def update_generator(
    recipe: Recipe, state: TrainState, batch: Batch, measure: Callable[[Any], WeightedLosses] | None = None
) -> dict[str, float]:
    """Updates the generator; `measure` adds losses of the generated images (b,c,h,w)."""
    from stages.nets.losses import ADVERSARIAL_LOSSES, compute_path_lengths

    state.nets["critic"].requires_grad_(False)
    state.nets["generator"].train()
    with state.device.autocast():
        images, styles = generate_images(recipe, state, batch.conditions)
        loss = ADVERSARIAL_LOSSES[recipe.loss].generator(_score_images(state, _augment_input(recipe, state, images), batch.conditions))
    losses = {"generator": float(loss.detach())}
    for name, (weight, value) in (measure(images) if measure else {}).items():
        losses[name] = float(value.detach())
        loss = loss + weight * value
    if recipe.path_weight and styles is not None and state.step % recipe.lazy == 0:
        half = max(len(batch.conditions) // 2, 1)
        images, styles = generate_images(recipe, state, batch.conditions[:half])
        lengths = compute_path_lengths(images.float(), styles)
        mean = state.numbers["path"] or float(lengths.mean().detach())
        state.numbers["path"] = state.device.reduce_mean(mean + 0.01 * recipe.lazy * (float(lengths.mean().detach()) - mean))
        loss = loss + recipe.lazy * recipe.path_weight * (lengths - mean).square().mean()
        losses["path"] = state.numbers["path"]
    state.device.backpropagate(state.optimisers["generator"], loss)
    return losses
