"""Named axes of the face: each changes one measure of stages/body/face_measures.py and leaves the others alone.

An axis is a fixed field of displacements, a sum of the model's local changes that `python -m bench.fit_axes` solves for and writes to
face_axes.json. Unlike a local change it is added to the finished shape, so that neither the limits nor the two halves of the
local changes bend it: what it does to a measure is the same for everybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from assets.artefacts.character import FACE_AXIS
from assets.artefacts.geometry import Floats
from assets.conventions import BASE_VERTICES
from stages.body.anny import BakedModel, load_baked_model
from stages.body.backend import BodyShape
from stages.body.face_measures import LANDMARKS, measure_face

AXES_FILE = Path(__file__).with_name("face_axes.json")
DEVIATIONS_AT_ONE = 2.0
"""Standard deviations of the population by which an axis at 1 changes its measure."""
FURTHEST = 3.25
"""Standard deviations from the average face of the same age, gender, build and origin beyond which no axis pushes a measure."""
CONTROLS = ("skull", "lip_balance", "mouth_forward", "eye_level", "eye_centring")
"""Measures without an axis of their own."""


@dataclass(frozen=True)
class Window:
    """A local change that is let through in one region of the head only; the model has none that widens the jaw alone."""

    change: str
    centre: float
    """Height of the region's middle above the root of the nose, metres."""
    spread: float
    """Standard deviation of its height."""
    aside: tuple[float, float]
    """Distances from the midline from which it begins, and from which on it is whole."""
    behind: tuple[float, float]
    """Distances behind the root of the nose up to which it is whole, and at which it ends."""

    def weigh(self, positions: Floats) -> Floats:
        """(v,) 0..1 of base vertices (v,3)."""
        across, up, back = (positions - positions[LANDMARKS["sellion"][0]]).T * np.array([[1], [1], [-1]], np.float32)
        height = np.exp(-(((up - self.centre) / self.spread) ** 2) / 2)
        found: Floats = height * _ramp(np.abs(across), *self.aside) * (1 - _ramp(back, *self.behind))
        return found


WINDOWS: Mapping[str, Window] = {
    "face-width": Window("head-scale-horiz-incr", -0.022, 0.021, (0.020, 0.060), (0.120, 0.170)),
    "jaw-width": Window("head-scale-horiz-incr", -0.074, 0.018, (0.015, 0.050), (0.074, 0.114)),
    "forehead-height": Window("forehead-scale-vert-incr", 0.080, 0.014, (-1.0, 0.0), (0.044, 0.094)),
}


def _ramp(value: Floats, start: float, end: float) -> Floats:
    share = np.clip((value - start) / (end - start), 0, 1)
    found: Floats = share * share * (3 - 2 * share)
    return found


@dataclass(frozen=True)
class FaceAxes:
    """The solved axes."""

    fields: Mapping[str, Floats]
    """Axis -> (19158,3) displacement at 1, metres."""
    deviations: Mapping[str, float]
    """Measure -> its standard deviation between people of one sex and build."""


def list_axes() -> tuple[str, ...]:
    """Names of the axes."""
    return tuple(_read_file()["axes"])


@lru_cache(maxsize=1)  # a file of this package
def _read_file() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    data: Mapping[str, Mapping[str, Mapping[str, float]]] = json.loads(AXES_FILE.read_text(encoding="utf-8"))
    return data


def load_axes() -> FaceAxes:
    """The axes on the baked model; raises BackendError if it is not baked."""
    return _build_axes(load_baked_model())


@lru_cache(maxsize=1)  # 6 MB; of the model that the process uses
def _build_axes(model: BakedModel) -> FaceAxes:
    data = _read_file()
    fields = {name: build_field(model, changes) for name, changes in data["axes"].items()}
    return FaceAxes(fields, data["measures"]["deviation"])


def build_field(model: BakedModel, changes: Mapping[str, float]) -> Floats:
    """(19158,3) metres: the sum of changes, each half the way from its negative shape to its positive one at 1; `l-` and `r-` together."""
    total = np.zeros((BASE_VERTICES, 3), np.float32)
    for name, amount in changes.items():
        window = WINDOWS.get(name)
        field = _build_change(model, window.change if window else name)
        if window:
            field *= window.weigh(model.arrays["template"])[:, None]
        total += np.float32(amount) * field
    return total


def _build_change(model: BakedModel, name: str) -> Floats:
    known = model.names["locals"]
    field = np.zeros((BASE_VERTICES, 3), np.float32)
    for change in (name,) if name in known else (f"l-{name}", f"r-{name}"):
        for sign in (0, 1):
            vertices, deltas = model.locals[2 * known.index(change) + sign]
            field[vertices] += deltas * (0.5 - sign)
    return field


def get_axis_values(face: Mapping[str, float]) -> dict[str, float]:
    """Axis -> -1..1 of Identity.face."""
    return {name.removeprefix(FACE_AXIS): value for name, value in face.items() if name.startswith(FACE_AXIS) and value}


def limit_axes(values: Mapping[str, float], face: Floats, average: Floats) -> dict[str, float]:
    """The values, smaller where a measure of this face (19158,3) is already far from that of the average one (19158,3)."""
    axes = load_axes()
    here, there = measure_face(face), measure_face(average)
    found = {}
    for name, value in values.items():
        distance = (here[name] - there[name]) / axes.deviations[name]
        low, high = min(-FURTHEST, distance), max(FURTHEST, distance)
        found[name] = float(np.clip(value, (low - distance) / DEVIATIONS_AT_ONE, (high - distance) / DEVIATIONS_AT_ONE))
    return found


def apply_axes(shape: BodyShape, values: Mapping[str, float]) -> BodyShape:
    """The body at rest with its face moved along the axes; the skeleton stays."""
    if not values:
        return shape
    fields = load_axes().fields
    return replace(shape, positions=shape.positions + sum(np.float32(value) * fields[name] for name, value in values.items()))
