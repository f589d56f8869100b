"""Every family that can be trained, by name: a net, a loss and a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from assets.errors import Finding, SpecError
from stages.train.loop.family import Family


def _make_dcgan(name: str, **recipe: Any) -> Family:
    from stages.train.families.adversarial import AdversarialFamily, Recipe

    return AdversarialFamily(name, "dcgan", Recipe(augment="portraits", p=0.5, **recipe))


def _make_wgan() -> Family:
    # A second derivative a step is slow: with learning rates of 2e-4 and three critic updates, 12 minutes were too short to learn.
    rates = {"critic_steps": 2, "generator_lr": 5e-4, "critic_lr": 5e-4}
    return _make_dcgan("dcgan-wgan-gp", loss="wgan", between_gamma=10.0, momentum=0.0, **rates)


def _make_unet() -> Family:
    from stages.train.families.unet import UnetFamily

    return UnetFamily()


def _make_diffusion() -> Family:
    from stages.train.families.diffusion import DiffusionFamily

    return DiffusionFamily()


def _make_bodygan() -> Family:
    from stages.train.families.bodies import BodyGanFamily

    return BodyGanFamily()


def _make_classifier() -> Family:
    from stages.train.families.attribute_classifier import ClassifierFamily

    return ClassifierFamily()


def _make_clip() -> Family:
    from stages.train.families.clip import ClipFamily

    return ClipFamily()


def _make_textgan() -> Family:
    from stages.train.families.text_gan import TextGanFamily, TextRecipe

    recipe = TextRecipe(augment="portraits", p=0.5, loss="hinge", real_gamma=0.1)
    return TextGanFamily("textgan", "dcgan", recipe, (("latent", 128),))


def _make_text_stylegan() -> Family:
    from stages.train.families.text_gan import TextGanFamily, TextRecipe

    recipe = TextRecipe(generator_lr=1e-3, critic_lr=1e-3, momentum=0.0, real_gamma=0.05, mixing=0.3, average=0.995, augment="portraits")
    return TextGanFamily("textstylegan", "stylegan", replace(recipe, adaptive=True), (("latent", 128), ("width", 16), ("patch", 1)))


def _make_textdiffusion() -> Family:
    from stages.nets.text_image import TEXT_CONDITIONS
    from stages.train.families.diffusion import DiffusionFamily

    return DiffusionFamily("textdiffusion", conditions=TEXT_CONDITIONS)


def _make_stylegan() -> Family:
    from stages.train.families.adversarial import AdversarialFamily, Recipe

    # Images start at the conditional mean and differ little from real ones: with an R1 weight of 5 the critic learnt nothing (its
    # loss stayed at 2 ln 2 for 2600 steps), and a generator faster than the critic leaves tints that the critic is too slow to see.
    recipe = Recipe(batch=16, generator_lr=5e-4, critic_lr=1e-3, momentum=0.0, real_gamma=0.05, mixing=0.3, average=0.995)
    recipe = replace(recipe, augment="skins", adaptive=True, grow=(600,))
    return AdversarialFamily("stylegan", "stylegan", recipe, (("width", 16), ("usual", True), ("blend", True)))


def _make_vae() -> Family:
    from stages.train.families.autoencoding import AutoencoderFamily, Recipe

    return AutoencoderFamily(recipe=Recipe(batch=16, lr=2e-3, beta_steps=300), changes=(("usual", True), ("width", 32), ("widest", 96)))


def _make_bodyvae() -> Family:
    from stages.train.families.autoencoding import AutoencoderFamily, Recipe

    recipe = Recipe(batch=256, lr=1e-3, norm="l2", beta=3e-3, average=0.998)
    changes, conditions = (("latent", 64), ("width", 192)), ("age_years", "gender")
    return AutoencoderFamily("bodyvae", recipe=recipe, changes=changes, conditions=conditions, vectors=True)


FAMILIES: Mapping[str, Callable[[], Family]] = {
    "dcgan": lambda: _make_dcgan("dcgan", smooth=0.1, noise=0.1),
    "dcgan-lsgan": lambda: _make_dcgan("dcgan-lsgan", loss="lsgan", smooth=0.1, noise=0.1),
    "dcgan-hinge": lambda: _make_dcgan("dcgan-hinge", loss="hinge", real_gamma=0.1),
    "stylegan": _make_stylegan,
    "vae": _make_vae,
    "dcgan-wgan-gp": _make_wgan,
    "unet": _make_unet,
    "diffusion": _make_diffusion,
    "bodygan": _make_bodygan,
    "bodyvae": _make_bodyvae,
    "classifier": _make_classifier,
    "clip": _make_clip,
    "textgan": _make_textgan,
    "textstylegan": _make_text_stylegan,
    "textdiffusion": _make_textdiffusion,
}


def make_family(name: str) -> Family:
    """The family of that name; raises SpecError for an unknown name."""
    if name not in FAMILIES:
        raise SpecError(Finding("train/family", f"unknown net {name!r}", fix=f"the nets are {', '.join(sorted(FAMILIES))}"))
    return FAMILIES[name]()
