"""Every family that can be trained, by name: a net, a game, a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assets.errors import Finding, SpecError
from stages.train.loop.family import Family


def _dcgan(name: str, **recipe: Any) -> Family:
    from stages.train.families.adversarial import Adversarial, Recipe

    return Adversarial(name, "dcgan", Recipe(augment="portraits", p=0.5, **recipe))


def _wgan() -> Family:
    # With a second derivative a step, time is short: at 2e-4 and three updates of the critic for one, 12 minutes taught nothing.
    rates = {"critic_steps": 2, "generator_lr": 5e-4, "critic_lr": 5e-4}
    return _dcgan("dcgan-wgan-gp", loss="wgan", between_gamma=10.0, momentum=0.0, **rates)


def _unet() -> Family:
    from stages.train.families.unet import Translation

    return Translation()


def _diffusion() -> Family:
    from stages.train.families.diffusion import LatentDiffusion

    return LatentDiffusion()


def _bodygan() -> Family:
    from stages.train.families.bodies import Bodies

    return Bodies()


def _classifier() -> Family:
    from stages.train.families.attribute_classifier import Reading

    return Reading()


def _stylegan() -> Family:
    from stages.train.families.adversarial import Adversarial, Recipe

    # Pictures begin at the usual one and differ from real ones by little: an R1 weight of 5 left the critic blind (its loss at
    # 2 ln 2 for 2600 steps), and a generator faster than the critic leaves tints that the critic is too slow to see.
    recipe = Recipe(batch=16, generator_lr=5e-4, critic_lr=1e-3, momentum=0.0, real_gamma=0.05, mixing=0.3, average=0.995)
    recipe = replace(recipe, augment="skins", adaptive=True, grow=(600,))
    return Adversarial("stylegan", "stylegan", recipe, (("width", 16), ("usual", True), ("blend", True)))


def _vae() -> Family:
    from stages.train.families.autoencoding import Autoencoding, Recipe

    return Autoencoding(recipe=Recipe(batch=16, lr=2e-3, beta_steps=300), changes=(("usual", True), ("width", 32), ("widest", 96)))


def _bodyvae() -> Family:
    from stages.train.families.autoencoding import Autoencoding, Recipe

    recipe = Recipe(batch=256, lr=1e-3, norm="l2", beta=3e-3, average=0.998)
    changes, conditions = (("latent", 64), ("width", 192)), ("age_years", "gender")
    return Autoencoding("bodyvae", recipe=recipe, changes=changes, conditions=conditions, vectors=True)


FAMILIES: Mapping[str, Callable[[], Family]] = {
    "dcgan": lambda: _dcgan("dcgan", smooth=0.1, noise=0.1),
    "dcgan-lsgan": lambda: _dcgan("dcgan-lsgan", loss="lsgan", smooth=0.1, noise=0.1),
    "dcgan-hinge": lambda: _dcgan("dcgan-hinge", loss="hinge", real_gamma=0.1),
    "stylegan": _stylegan,
    "vae": _vae,
    "dcgan-wgan-gp": _wgan,
    "unet": _unet,
    "diffusion": _diffusion,
    "bodygan": _bodygan,
    "bodyvae": _bodyvae,
    "classifier": _classifier,
}


def family_of(name: str) -> Family:
    """The family of that name; raises SpecError where there is none."""
    if name not in FAMILIES:
        raise SpecError(Finding("train/family", f"there is no net {name!r}", fix=f"take one of {', '.join(sorted(FAMILIES))}"))
    return FAMILIES[name]()
