"""Age, gender and build to Anny's phenotype axes; the mixture of origins follows the skin tone and the latent."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

import numpy as np

from assets.artefacts.character import FACE_AXIS, FACE_ORIGIN, Identity
from assets.errors import Finding, SpecError
from assets.spec.appearance import BodySpec
from stages.origins import ORIGINS, derive_origins, share_origins, smoothstep

# MakeHuman's anchors: baby 1, child 11, young 25, old 90 years; at 18, in between, growth is almost complete.
_AXIS_YEARS = (0.0, 1.0, 11.0, 14.0, 18.0, 25.0, 90.0)
_AXIS_AGES = (-1 / 3, 0.0, 1 / 3, 0.45, 0.62, 2 / 3, 1.0)


def to_age_axis(years: float) -> float:
    """Anny's age, -1/3 newborn .. 2/3 adult .. 1 old."""
    return float(np.interp(years, _AXIS_YEARS, _AXIS_AGES))


def to_years(axis: float) -> float:
    """Years of a value of Anny's age axis."""
    return float(np.interp(axis, _AXIS_AGES, _AXIS_YEARS))


def resolve_origins(identity: Identity, given: Mapping[str, float]) -> dict[str, float]:
    """Shares of african, asian and caucasian shape, summing to 1; if any are `given`, these alone count, then the identity's own."""
    own = {name: identity.face[FACE_ORIGIN + name] for name in ORIGINS if FACE_ORIGIN + name in identity.face}
    return share_origins(given) or share_origins(own) or derive_origins(identity.tone, identity.latent)


# Mean statures in metres by age, female and male: WHO growth references up to 19; four centimetres are lost between 50 and 90.
_STATURE_YEARS = (0.0, 1.0, 5.0, 11.0, 14.0, 18.0, 50.0, 90.0)
_STATURES = ((0.49, 0.74, 1.09, 1.45, 1.60, 1.63, 1.63, 1.59), (0.50, 0.76, 1.10, 1.43, 1.63, 1.76, 1.76, 1.72))
_STATURE_SPREAD = 0.13
"""The shortest and the tallest differ from the mean by this share: about three standard deviations."""


def compute_stature(years: float, gender: float, height: float) -> float:
    """Metres from sole to crown of `height` 0..1 at that age and gender (0 female .. 1 male)."""
    female, male = (float(np.interp(years, _STATURE_YEARS, row)) for row in _STATURES)
    return (female + gender * (male - female)) * (1 + _STATURE_SPREAD * (2 * height - 1))


def resolve_phenotype(identity: Identity, options: BodySpec) -> tuple[dict[str, float], float]:
    """Anny's eleven axes, and the age in years that they describe."""
    gender = identity.gender if options.gender is None else options.gender
    age = to_age_axis(identity.age) if options.age is None else options.age
    axes = {
        # Anny's axes run from male to female and from ideal to uncommon proportions.
        "gender": 1 - gender, "age": age, "muscle": options.muscle, "weight": options.weight, "height": options.height,
        "proportions": 1 - options.proportions, "cupsize": 0.5, "firmness": 0.6 if age < 0.75 else 0.4,
    }  # fmt: skip
    years = identity.age if options.age is None else to_years(options.age)
    return axes | resolve_origins(identity, options.local), years


def apply_proposed_axes(axes: Mapping[str, float], default_axes: Mapping[str, float], proposed: Mapping[str, float]) -> dict[str, float]:
    """The axes with the proposed values, each shifted by how far the spec's value is from its default."""
    return {**axes, **{name: float(np.clip(value + axes[name] - default_axes[name], 0, 1)) for name, value in proposed.items()}}


def resolve_local_changes(
    identity: Identity, options: BodySpec, known: Iterable[str], proposed: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Local changes -1..1: the proposed build's, overridden by the identity's face, with age and weight, overridden by the spec.

    Raises SpecError with a suggestion for each name that is not among the `known` ones.
    """
    names = set(known)
    requested = {name: value for name, value in options.local.items() if name not in ORIGINS}
    shape = {name: value for name, value in identity.face.items() if not name.startswith((FACE_AXIS, FACE_ORIGIN))}
    changes = {**(proposed or {}), **shape}
    years = identity.age if options.age is None else to_years(options.age)
    gender = identity.gender if options.gender is None else options.gender
    for name, amount in compute_soft_tissue(years, options.weight, gender).items():
        if name in names:
            changes[name] = changes.get(name, 0.0) + amount
    changes |= requested
    findings = [_report_unknown_change(name, names) for name in changes if name not in names]
    if findings:
        raise SpecError(*findings)
    return {name: float(np.clip(changes[name], -1, 1)) for name in sorted(changes) if changes[name] != 0}


# What the model's axes of age and weight leave out: at 90 years or at weight 1, added to the identity's face. Fat pads of cheeks and lips
# shrink, bags and folds grow, ears and noses get longer (Farkas et al. 2013, Aging changes in the face).
_OLD_AGE = {
    "l-cheek-volume-incr": -0.55, "r-cheek-volume-incr": -0.55, "l-cheek-inner-incr": -0.35, "r-cheek-inner-incr": -0.35,
    "l-eye-bag-incr": 0.6, "r-eye-bag-incr": 0.6, "l-eye-eyefold-up": -0.35, "r-eye-eyefold-up": -0.35,
    "mouth-upperlip-volume-incr": -0.5, "mouth-lowerlip-volume-incr": -0.35, "mouth-angles-up": -0.25, "mouth-laugh-lines-out": 0.5,
    "l-ear-scale-incr": 0.3, "r-ear-scale-incr": 0.3, "l-ear-lobe-incr": 0.4, "r-ear-lobe-incr": 0.4, "nose-point-up": -0.2,
    "forehead-temple-incr": -0.35,
}  # fmt: skip
_HEAVY = {
    "neck-double-incr": 0.75, "head-fat-incr": 0.25, "l-cheek-volume-incr": 0.3, "r-cheek-volume-incr": 0.3, "measure-neck-circ-incr": 0.3,
    "torso-scale-depth-incr": 0.5, "hip-scale-depth-incr": 0.12, "measure-waist-circ-incr": 0.25, "measure-underbust-circ-incr": 0.3,
    "measure-thigh-circ-incr": 0.12, "measure-upperarm-circ-incr": 0.4, "measure-calf-circ-incr": 0.3, "l-upperleg-fat-incr": 0.6,
    "r-upperleg-fat-incr": 0.6, "l-upperarm-fat-incr": 0.6, "r-upperarm-fat-incr": 0.6, "l-lowerarm-fat-incr": 0.4,
    "r-lowerarm-fat-incr": 0.4, "l-lowerleg-fat-incr": 0.4, "r-lowerleg-fat-incr": 0.4,
}  # fmt: skip
"""For both sexes. At weight 1 the model's own axis reaches a body mass index of 24 in men and 21 in women, with a waist of 92 and 83 cm."""
# Men gain at the belly, women at hips, buttocks and breast as well: with these, waist and hips grow with the body mass index as those of
# the adults of ANSUR II do (docs/face.md has the table).
_HEAVY_MAN = {"stomach-pregnant-incr": 0.45, "measure-bust-circ-incr": 0.1}
_HEAVY_WOMAN = {"stomach-pregnant-incr": 0.32, "stomach-tone-incr": -0.4, "buttocks-volume-incr": 0.4, "measure-bust-circ-incr": 0.35}
_AGEING_YEARS = 45.0, 90.0


def compute_soft_tissue(years: float, weight: float, gender: float) -> dict[str, float]:
    """Local change -> what age and a weight 0..1 add to it at this gender (0 female .. 1 male); nothing for the average adult."""
    age = smoothstep((years - _AGEING_YEARS[0]) / (_AGEING_YEARS[1] - _AGEING_YEARS[0]))
    heavy = smoothstep((weight - 0.55) / 0.45)
    found = {name: age * value for name, value in _OLD_AGE.items()}
    for table, share in ((_HEAVY, 1.0), (_HEAVY_MAN, gender), (_HEAVY_WOMAN, 1 - gender)):
        for name, value in table.items():
            found[name] = found.get(name, 0.0) + heavy * share * value
    return {name: value for name, value in found.items() if value}


def _report_unknown_change(name: str, names: set[str]) -> Finding:
    near = difflib.get_close_matches(name, sorted(names | set(ORIGINS)), n=1, cutoff=0.0)
    return Finding("body/local-unknown", f"body.local: unknown change {name!r}", fix=f"did you mean {near[0]!r}?" if near else "")
