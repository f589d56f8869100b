"""One adversarial training loop: seeded, resumable, with averaged weights."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats

Draw = Callable[[np.random.Generator, int], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Recipe:
    """The options of one training run."""

    steps: int = 2000
    batch: int = 16
    seed: int = 0
    generator_lr: float = 3e-4
    """Low: the generator starts near the data, and a faster one leaves blotches that the critic is too slow to see."""
    critic_lr: float = 1.5e-3
    basis_lr: float = 2e-5
    penalty: float = 1.0
    penalty_every: int = 8
    average: float = 0.99
    small: int = 64
    grow_at: int = 1500
    """Step at which the critic starts to see full size."""
    fade_steps: int = 150
    tone_weight: float = 2.0


@dataclass
class Run:
    """Everything that a training run needs to go on."""

    recipe: Recipe
    generator: Any
    critic: Any
    averaged: Any
    generator_optimiser: Any
    critic_optimiser: Any
    noise: Any
    rng: np.random.Generator
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def begin(recipe: Recipe, generator: Any, critic: Any) -> Run:
    """A fresh run; the nets are taken as they are."""
    import torch

    basis = list(generator.linear.parameters())
    own = {id(p) for p in basis}
    rest = [p for p in generator.parameters() if id(p) not in own]
    groups = [{"params": rest, "lr": recipe.generator_lr}, {"params": basis, "lr": recipe.basis_lr}]
    g_optimiser = torch.optim.Adam(groups, betas=(0.0, 0.99))
    d_optimiser = torch.optim.Adam(critic.parameters(), lr=recipe.critic_lr, betas=(0.0, 0.99))
    noise = torch.Generator().manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    return Run(recipe, generator, critic, copy.deepcopy(generator), g_optimiser, d_optimiser, noise, rng)


def save(run: Run, path: Path) -> None:
    """The whole run in one file, written whole or not at all."""
    import torch

    parts = ("generator", "critic", "averaged", "generator_optimiser", "critic_optimiser")
    state: dict[str, Any] = {name: getattr(run, name).state_dict() for name in parts}
    state |= {"noise": run.noise.get_state(), "rng": run.rng.bit_generator.state, "recipe": asdict(run.recipe)}
    state |= {"step": run.step, "seconds": run.seconds, "history": run.history}
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    partial.replace(path)


def restore(run: Run, path: Path) -> None:
    """Puts a saved state into a run of the same shape."""
    import torch

    state = torch.load(path, weights_only=False)
    for name in ("generator", "critic", "averaged", "generator_optimiser", "critic_optimiser"):
        getattr(run, name).load_state_dict(state[name])
    run.noise.set_state(state["noise"])
    run.rng.bit_generator.state = state["rng"]
    run.step, run.seconds, run.history = state["step"], state["seconds"], state["history"]


def _shrink(x: Any, size: int) -> Any:
    """Pictures averaged down to `size`."""
    import torch.nn.functional as F

    return x if x.shape[-1] == size else F.adaptive_avg_pool2d(x, size)


def _critic_step(run: Run, real: Any, condition: Any, made: Any, fade: float) -> float:
    """One update of the critic; returns its loss."""
    from stages.nets import losses

    recipe = run.recipe
    run.critic_optimiser.zero_grad(set_to_none=True)
    seen = losses.shift(real, run.noise)
    scored = run.critic(seen, condition, fade), run.critic(losses.shift(made.detach(), run.noise), condition, fade)
    loss = losses.critic_loss(*scored)
    if run.step % recipe.penalty_every == 0:
        # The penalty stands for the steps that skip it, hence the factor.
        penalty = losses.gradient_penalty(lambda x: run.critic(x, condition, fade), seen, recipe.penalty)
        loss = loss + penalty * recipe.penalty_every
    loss.backward()
    run.critic_optimiser.step()
    return float(loss.detach())


def _generator_step(run: Run, condition: Any, made: Any, shown: Any, colour: Any, fade: float) -> tuple[float, float]:
    """One update of the generator; returns its adversarial loss and its tone error."""
    from stages.nets import losses

    run.generator_optimiser.zero_grad(set_to_none=True)
    loss = losses.generator_loss(run.critic(losses.shift(shown, run.noise), condition, fade))
    # Conditions must hold on their own sample: the face's mean colour is pulled to that of the real one with the same tone.
    size = made.shape[-1]
    face = made[:, :3, int(0.3 * size) : int(0.8 * size), int(0.28 * size) : int(0.72 * size)].mean((2, 3))
    tone = (face.mean(1) - colour.mean(1)).square().mean()
    (loss + run.recipe.tone_weight * tone).backward()
    run.generator_optimiser.step()
    losses.update_average(run.averaged, run.generator, run.recipe.average)
    return float(loss.detach()), float(tone.detach())


def step(run: Run, draw: Draw) -> dict[str, float]:
    """One batch through critic and generator; returns the losses."""
    import torch

    recipe, started = run.recipe, time.monotonic()
    tiles, told = draw(run.rng, recipe.batch)
    full, condition = torch.from_numpy(tiles), torch.from_numpy(told)
    size = recipe.small if run.step < recipe.grow_at else full.shape[-1]
    fade = 1.0 if run.step < recipe.grow_at else min(1.0, (run.step - recipe.grow_at + 1) / recipe.fade_steps)
    z = torch.randn(recipe.batch, run.generator.latent, generator=run.noise)
    made = run.generator(z, condition, run.noise)
    shown = _shrink(made, size)
    critic = _critic_step(run, _shrink(full, size), condition, shown, fade)
    edge = full.shape[-1]
    colour = full[:, :3, int(0.3 * edge) : int(0.8 * edge), int(0.28 * edge) : int(0.72 * edge)].mean((2, 3))
    generator, tone = _generator_step(run, condition, made, shown, colour, fade)
    run.step += 1
    run.seconds += time.monotonic() - started
    return {"step": run.step, "critic": critic, "generator": generator, "tone": tone, "size": size}


def train(run: Run, draw: Draw, *, seconds: float, checkpoint: Callable[[Run], None], every: float = 120.0) -> Run:
    """Steps until recipe.steps or the seconds of this call are spent; `checkpoint` is called every `every` seconds and at the end."""
    begun = last = time.monotonic()
    while run.step < run.recipe.steps and time.monotonic() - begun < seconds:
        losses = step(run, draw)
        if run.step % 25 == 0:
            run.history.append(losses)
        if time.monotonic() - last >= every:
            checkpoint(run)
            last = time.monotonic()
    checkpoint(run)
    return run
