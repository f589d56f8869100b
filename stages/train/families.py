"""Every family that can be trained, by name: a net, a game, a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assets.errors import Finding, SpecError
from stages.train.family import Family


def _dcgan(name: str, **recipe: Any) -> Family:
    from stages.train.adversarial import Adversarial, Recipe

    return Adversarial(name, "dcgan", Recipe(augment="portraits", p=0.5, **recipe))


def _unet() -> Family:
    from stages.train.translation import Translation

    return Translation()


def _diffusion() -> Family:
    from stages.train.latent import LatentDiffusion

    return LatentDiffusion()


def _bodygan() -> Family:
    from stages.train.bodies import Bodies

    return Bodies()


def _classifier() -> Family:
    from stages.train.reading import Reading

    return Reading()


def _stylegan() -> Family:
    from stages.train.adversarial import Adversarial, Recipe

    # 2e-3 for both diverged in 300 steps; a critic slower than the generator, held by R1, did not.
    recipe = Recipe(batch=16, generator_lr=1e-3, critic_lr=4e-4, momentum=0.0, real_gamma=5.0, mixing=0.3, average=0.995)
    recipe = replace(recipe, augment="skins", adaptive=True, grow=(600,))
    return Adversarial("stylegan", "stylegan", recipe, (("width", 16), ("usual", True)))


def _vae() -> Family:
    from stages.train.autoencoding import Autoencoding

    return Autoencoding(changes=(("usual", True),))


FAMILIES: Mapping[str, Callable[[], Family]] = {
    "dcgan": lambda: _dcgan("dcgan", smooth=0.1, noise=0.1),
    "dcgan-lsgan": lambda: _dcgan("dcgan-lsgan", loss="lsgan", smooth=0.1, noise=0.1),
    "dcgan-hinge": lambda: _dcgan("dcgan-hinge", loss="hinge", real_gamma=0.1),
    "stylegan": _stylegan,
    "vae": _vae,
    "dcgan-wgan-gp": lambda: _dcgan("dcgan-wgan-gp", loss="wgan", between_gamma=10.0, critic_steps=3, momentum=0.0),
    "unet": _unet,
    "diffusion": _diffusion,
    "bodygan": _bodygan,
    "classifier": _classifier,
}


def family_of(name: str) -> Family:
    """The family of that name; raises SpecError where there is none."""
    if name not in FAMILIES:
        raise SpecError(Finding("train/family", f"there is no net {name!r}", fix=f"take one of {', '.join(sorted(FAMILIES))}"))
    return FAMILIES[name]()
