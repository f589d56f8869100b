"""What can be measured on a body, and which bodies no person has: stature for age and gender, mass, proportions of limbs.

Limits are wide on purpose: a body inside them may be rare, one outside them is a fault of whoever made it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.artefacts.geometry import Floats, Ints
from assets.base_mesh import load_skin_triangles
from assets.conventions import SKIN_VERTICES
from stages.body.backend import BodyShape
from stages.body.phenotype import compute_stature

BODY_DENSITY = 985.0
"""Kilograms a cubic metre of a living body, lungs half full."""


@dataclass(frozen=True)
class BodyMeasurements:
    """One body; lengths are shares of its stature, so that children and adults compare."""

    height: float
    """Metres from sole to crown."""
    bmi: float
    """Kilograms a square metre."""
    leg: float
    """Hip joint to sole."""
    arm: float
    """Shoulder joint to wrist, along the bones, mean of both sides."""
    head: float
    """First neck joint to crown."""
    shoulders: float
    """Between the shoulder joints."""
    shin: float
    """Knee to ankle over hip to knee."""
    forearm: float
    """Elbow to wrist over shoulder to elbow."""
    asymmetry: float
    """Largest difference of a left bone and its right one, as a share of the bone."""


def measure_body(shape: BodyShape) -> BodyMeasurements:
    """The measures of a body at rest."""
    skin = shape.positions[:SKIN_VERTICES]
    low, high = float(skin[:, 1].min()), float(skin[:, 1].max())
    tall = high - low
    at = dict(zip(shape.names, shape.heads.astype(np.float64), strict=True))

    def bone(start: str, end: str) -> tuple[float, float]:
        left, right = (float(np.linalg.norm(at[f"{side}{end}"] - at[f"{side}{start}"])) for side in ("Left", "Right"))
        return left, right

    bones = {name: bone(*name) for name in (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))}
    upper_arm, forearm, thigh, shin = (float(np.mean(pair)) for pair in bones.values())
    mass = BODY_DENSITY * compute_enclosed_volume(shape.positions, load_skin_triangles())
    return BodyMeasurements(
        height=tall, bmi=mass / tall**2, leg=float((at["LeftUpLeg"][1] + at["RightUpLeg"][1]) / 2 - low) / tall,
        arm=(upper_arm + forearm) / tall, head=float(high - at["Neck"][1]) / tall,
        shoulders=float(np.linalg.norm(at["LeftArm"] - at["RightArm"])) / tall, shin=shin / thigh, forearm=forearm / upper_arm,
        asymmetry=max(abs(left - right) / max(left, right) for left, right in bones.values()),
    )  # fmt: skip


def compute_enclosed_volume(positions: Floats, triangles: Ints) -> float:
    """Cubic metres inside a closed surface, by the divergence theorem; sign follows the winding and is dropped."""
    a, b, c = (positions[triangles[:, k]].astype(np.float64) for k in range(3))
    return abs(float(np.einsum("ij,ij->", np.cross(a, b), c))) / 6


# Adult limits: bone lengths after Drillis and Contini (in Winter, Biomechanics, table 4.1) widened by a quarter, because this
# model's joints do not lie in the anatomical ones; newborn limits after Snyder et al. 1977. Years between are interpolated.
_LIMIT_YEARS = (0.0, 1.0, 6.0, 11.0, 18.0, 90.0)
_LIMITS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # Body mass index: World Health Organization, four deviations either way, and the heaviest adults on record left out.
    "bmi": ((8.0, 10.5, 10.5, 11.0, 12.0, 12.0), (20.0, 24.0, 30.0, 42.0, 55.0, 55.0)),
    "leg": ((0.40, 0.42, 0.44, 0.46, 0.46, 0.45), (0.54, 0.55, 0.58, 0.60, 0.60, 0.60)),
    "arm": ((0.23,) * 6, (0.37,) * 6),
    "head": ((0.16, 0.15, 0.13, 0.12, 0.11, 0.11), (0.28, 0.27, 0.23, 0.20, 0.185, 0.185)),
    "shoulders": ((0.15,) * 6, (0.30,) * 6),
    "shin": ((0.70,) * 6, (1.60,) * 6),
    "forearm": ((0.70,) * 6, (1.25,) * 6),
    "asymmetry": ((0.0,) * 6, (0.05,) * 6),
}
_STATURE_TOLERANCE = 0.20
"""Four and a half standard deviations of stature, which is 4.3 % of the mean at every age (WHO 2007)."""


@dataclass(frozen=True)
class LimitViolation:
    """One measure that no person has."""

    measure: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.measure} {self.value:.2f} lies outside {self.low:.2f} to {self.high:.2f}"


def find_limit_violations(measures: BodyMeasurements, years: float, gender: float) -> tuple[LimitViolation, ...]:
    """What makes this body impossible at that age and gender (0 female .. 1 male); empty where a person could have it."""
    mean = compute_stature(years, gender, 0.5)
    limits = {"height": (mean * (1 - _STATURE_TOLERANCE), mean * (1 + _STATURE_TOLERANCE))}
    limits |= {
        name: (float(np.interp(years, _LIMIT_YEARS, low)), float(np.interp(years, _LIMIT_YEARS, high)))
        for name, (low, high) in _LIMITS.items()
    }
    found = [LimitViolation(name, getattr(measures, name), *span) for name, span in limits.items()]
    return tuple(fault for fault in found if not fault.low <= fault.value <= fault.high)
