"""Body measurements, and the limits outside which no person's body is: stature, mass and limb proportions by age and gender.

The limits are wide on purpose: a body within them may be rare, a body outside them is an error of its generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints
from assets.base_mesh import load_skin_triangles
from assets.conventions import SKIN_VERTICES
from stages.body.backend import BodyShape
from stages.body.phenotype import compute_stature

BODY_DENSITY = 985.0
"""kg/m3 of a living body with half-filled lungs."""


@dataclass(frozen=True)
class BodyMeasurements:
    """Measurements of one body; lengths are shares of its stature, so that children and adults can be compared."""

    height: float
    """Metres from sole to crown."""
    bmi: float
    """kg/m2."""
    leg: float
    """Hip joint to sole."""
    arm: float
    """Shoulder joint to wrist along the bones, mean of both sides."""
    head: float
    """First neck joint to crown."""
    shoulders: float
    """Distance between the shoulder joints."""
    shin: float
    """Knee to ankle over hip to knee."""
    forearm: float
    """Elbow to wrist over shoulder to elbow."""
    asymmetry: float
    """Largest difference between a left bone and its right one, as a share of the longer."""


def measure_body(shape: BodyShape) -> BodyMeasurements:
    """The measurements of a body at rest."""
    skin = shape.positions[:SKIN_VERTICES]
    low, high = float(skin[:, 1].min()), float(skin[:, 1].max())
    stature = high - low
    joints = dict(zip(shape.names, shape.heads.astype(np.float64), strict=True))

    def measure_bone(start: str, end: str) -> tuple[float, float]:
        left, right = (float(np.linalg.norm(joints[f"{side}{end}"] - joints[f"{side}{start}"])) for side in ("Left", "Right"))
        return left, right

    bones = {name: measure_bone(*name) for name in (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("UpLeg", "Leg"), ("Leg", "Foot"))}
    upper_arm, forearm, thigh, shin = (float(np.mean(pair)) for pair in bones.values())
    mass = BODY_DENSITY * compute_enclosed_volume(shape.positions, load_skin_triangles())
    return BodyMeasurements(
        height=stature, bmi=mass / stature**2, leg=float((joints["LeftUpLeg"][1] + joints["RightUpLeg"][1]) / 2 - low) / stature,
        arm=(upper_arm + forearm) / stature, head=float(high - joints["Neck"][1]) / stature,
        shoulders=float(np.linalg.norm(joints["LeftArm"] - joints["RightArm"])) / stature, shin=shin / thigh, forearm=forearm / upper_arm,
        asymmetry=max(abs(left - right) / max(left, right) for left, right in bones.values()),
    )  # fmt: skip


@dataclass(frozen=True)
class Girths:
    """Circumferences of the trunk as a tape measures them, metres."""

    waist: float
    """At the height of the navel."""
    hips: float
    """The largest around the buttocks."""
    chest: float
    """The largest around the breast."""


_WAIST_HEIGHT, _HIP_HEIGHTS, _CHEST_HEIGHTS = 0.605, (0.46, 0.56), (0.70, 0.76)
"""As shares of the stature. ANSUR II: omphalion 0.60, buttock 0.50, chest 0.73."""


def measure_girths(shape: BodyShape) -> Girths:
    """The girths of a body at rest."""
    skin = shape.positions[:SKIN_VERTICES].astype(np.float64)
    low, stature = skin[:, 1].min(), np.ptp(skin[:, 1])
    is_arm = np.array([any(part in name for part in ("Arm", "Hand", "Shoulder")) for name in shape.names])
    arm = (shape.skin.weights * is_arm[shape.skin.joints]).sum(1)[:SKIN_VERTICES]
    triangles = load_skin_triangles()
    corners = skin[triangles[(arm[triangles] < 0.5).all(1)]]

    def find_largest(span: tuple[float, float]) -> float:
        return max(_measure_girth(corners, low + share * stature) for share in np.linspace(*span, 11))

    return Girths(_measure_girth(corners, low + _WAIST_HEIGHT * stature), find_largest(_HIP_HEIGHTS), find_largest(_CHEST_HEIGHTS))


def _measure_girth(corners: NDArray[np.float64], height: float) -> float:
    """Length of the convex outline of triangles (t,3,3) at a height: a tape bridges hollows."""
    from scipy.spatial import ConvexHull

    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    start, end = edges[(edges[:, 0, 1] - height) * (edges[:, 1, 1] - height) < 0].transpose(1, 0, 2)
    share = (height - start[:, 1]) / (end[:, 1] - start[:, 1])
    points = start + share[:, None] * (end - start)
    return float(ConvexHull(points[:, [0, 2]]).area)  # of a polygon: its perimeter


def compute_enclosed_volume(positions: Floats, triangles: Ints) -> float:
    """m3 inside a closed surface, by the divergence theorem, whichever way its triangles wind."""
    a, b, c = (positions[triangles[:, k]].astype(np.float64) for k in range(3))
    return abs(float(np.einsum("ij,ij->", np.cross(a, b), c))) / 6


# Adult limits: bone lengths after Drillis and Contini (in Winter, Biomechanics, table 4.1) widened by a quarter, because the
# model's joints are not at the anatomical ones; newborn limits after Snyder et al. 1977. Ages in between are interpolated.
_LIMIT_YEARS = (0.0, 1.0, 6.0, 11.0, 18.0, 90.0)
_LIMITS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    # Body mass index: World Health Organization, four standard deviations in both directions, without the heaviest adults on record.
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
    """One measurement that no person has."""

    measure: str
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.measure} {self.value:.2f} is outside {self.low:.2f} to {self.high:.2f}"


def find_limit_violations(measures: BodyMeasurements, years: float, gender: float) -> tuple[LimitViolation, ...]:
    """What makes this body impossible at that age and gender (0 female .. 1 male); empty if a person could have it."""
    mean = compute_stature(years, gender, 0.5)
    limits = {"height": (mean * (1 - _STATURE_TOLERANCE), mean * (1 + _STATURE_TOLERANCE))}
    limits |= {
        name: (float(np.interp(years, _LIMIT_YEARS, low)), float(np.interp(years, _LIMIT_YEARS, high)))
        for name, (low, high) in _LIMITS.items()
    }
    checked = [LimitViolation(name, getattr(measures, name), *span) for name, span in limits.items()]
    return tuple(one for one in checked if not one.low <= one.value <= one.high)
