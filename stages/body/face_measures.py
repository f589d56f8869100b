"""Facial anthropometry: distances between landmarks of the base mesh, as Farkas (1994, Anthropometry of the Head and Face)
names them. A named axis of the face changes one of them and leaves the others alone (stages/body/face_axes.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats
from assets.conventions import EYE_VERTICES, LID_EDGES, LIP_VERTICES

_LEFT, _RIGHT = LID_EDGES["Left"], LID_EDGES["Right"]
# Landmark -> its vertex on the left and on the right side, twice the same on the midline.
LANDMARKS: Mapping[str, tuple[int, int]] = {
    "vertex": (881, 881), "trichion": (1015, 1015), "sellion": (132, 132), "rhinion": (131, 131), "pronasale": (5054, 5054),
    "subnasale": (343, 343), "alare": (11673, 5056), "labiale superius": (LIP_VERTICES["top"],) * 2,
    "stomion superius": (LIP_VERTICES["upper"],) * 2, "stomion inferius": (LIP_VERTICES["lower"],) * 2,
    "labiale inferius": (LIP_VERTICES["bottom"],) * 2, "cheilion": (LIP_VERTICES["corner"], 3734), "pogonion": (5162, 5162),
    "gnathion": (5225, 5225), "chin side": (11779, 5166), "gonion": (11849, 5240), "zygion": (11812, 5201),
    "cheek": (11767, 5153), "frontotemporale": (11842, 5233), "endocanthion": (_LEFT[0][0], _RIGHT[0][0]),
    "exocanthion": (_LEFT[0][-1], _RIGHT[0][-1]), "palpebrale superius": (_LEFT[0][5], _RIGHT[0][5]),
    "palpebrale inferius": (_LEFT[1][8], _RIGHT[1][8]), "inner brow": (7006, 233), "brow": (6997, 223), "outer brow": (7005, 232),
    "superaurale": (12002, 5403), "subaurale": (12330, 5733), "postaurale": (12038, 5439), "otobasion": (12165, 5568),
}  # fmt: skip
_MEAN_OPENING = 0.37
"""Height of the average adult's opening of the lids, as a share of its width."""
_MEAN_LIP_SHARE = 0.52
"""Height of the upper lip's red as a share of the lower one's."""
_MIRROR = np.array([-1.0, 1.0, 1.0])
_Points = Mapping[str, NDArray[np.float64]]


def measure_face(positions: Floats) -> dict[str, float]:
    """Measure -> metres, of a body at rest (19158,3): +Y up, facing +Z, with a straight back.

    Both sides are averaged, so asymmetry changes no measure.
    """
    points = {name: (positions[left] + positions[right] * _MIRROR) / 2 for name, (left, right) in LANDMARKS.items()}
    eyes = positions[EYE_VERTICES].astype(np.float64)
    points["eyeball"] = (eyes[eyes[:, 0] > 0].mean(0) + eyes[eyes[:, 0] < 0].mean(0) * _MIRROR) / 2
    points["eye"] = (points["endocanthion"] + points["exocanthion"]) / 2
    return {name: float(measure(points)) for name, measure in MEASURES.items()}


def _across(name: str) -> Callable[[_Points], float]:
    """Between the two landmarks of a pair."""
    return lambda p: 2 * p[name][0]


def _up(upper: str, lower: str) -> Callable[[_Points], float]:
    return lambda p: p[upper][1] - p[lower][1]


def _ahead(front: str, back: str) -> Callable[[_Points], float]:
    return lambda p: p[front][2] - p[back][2]


def _outside(name: str, direction: tuple[float, float, float], *others: str) -> Callable[[_Points], float]:
    """How far a landmark is outside of the middle of others, along a direction."""
    unit = np.array(direction) / np.linalg.norm(direction)
    return lambda p: float((p[name] - sum(p[other] for other in others) / len(others)) @ unit)


def _measure_reds(p: _Points) -> tuple[float, float]:
    """Heights of the red of the upper and the lower lip."""
    return p["labiale superius"][1] - p["stomion superius"][1], p["stomion inferius"][1] - p["labiale inferius"][1]


def _measure_lip_balance(p: _Points) -> float:
    """Height of the upper lip's red beyond its average share of the lower one's."""
    upper, lower = _measure_reds(p)
    return upper - _MEAN_LIP_SHARE * lower


def _measure_fissure(p: _Points) -> tuple[float, float]:
    """Width and height of the opening of the lids."""
    return p["exocanthion"][0] - p["endocanthion"][0], p["palpebrale superius"][1] - p["palpebrale inferius"][1]


def _measure_eye_size(p: _Points) -> float:
    """Width of the lids' opening; its height counts in proportion, so that both grow together."""
    width, height = _measure_fissure(p)
    return (width + height / _MEAN_OPENING) / 2


def _measure_eye_opening(p: _Points) -> float:
    """Height of the lids' opening beyond the average share of its width."""
    width, height = _measure_fissure(p)
    return height - _MEAN_OPENING * width


MEASURES: Mapping[str, Callable[[_Points], float]] = {
    "face_width": _across("zygion"),
    "jaw_width": _across("gonion"),
    "cheeks": _outside("cheek", (0.8, 0.0, 0.6), "zygion", "gonion", "cheilion"),
    "chin": _ahead("pogonion", "subnasale"),
    "chin_height": _up("stomion superius", "gnathion"),
    "chin_width": _across("chin side"),
    "nose_width": _across("alare"),
    "nose_length": _up("sellion", "subnasale"),
    "nose_bridge": lambda p: (p["sellion"][2] + p["rhinion"][2]) / 2 - p["endocanthion"][2],
    "nose_hump": lambda p: p["rhinion"][2] - (p["sellion"][2] + p["pronasale"][2]) / 2,
    "nose_tip": _ahead("pronasale", "subnasale"),
    "nose_upturn": _up("pronasale", "subnasale"),
    "lips": lambda p: sum(_measure_reds(p)),
    "mouth_width": _across("cheilion"),
    "mouth_corners": _up("cheilion", "stomion superius"),
    "upper_lip": _up("subnasale", "stomion superius"),
    "eye_size": _measure_eye_size,
    "eye_opening": _measure_eye_opening,
    "eye_tilt": _up("exocanthion", "endocanthion"),
    "eye_distance": _across("eye"),
    "eye_depth": _ahead("brow", "eye"),
    "brow_height": _up("brow", "eye"),
    "brow_angle": _up("outer brow", "inner brow"),
    "ears": _up("superaurale", "subaurale"),
    "ear_angle": lambda p: p["postaurale"][0] - p["otobasion"][0],
    "forehead": _up("trichion", "sellion"),
    "forehead_width": _across("frontotemporale"),
    "skull": _up("vertex", "sellion"),
    "lip_balance": _measure_lip_balance,
    "mouth_forward": _ahead("labiale superius", "subnasale"),
    "eye_level": _up("sellion", "eye"),
    "eye_centring": lambda p: p["eyeball"][0] - p["eye"][0],
}
"""The last five have no axis: they say that the crown, the lips and the eyes stay where they are while other parts change."""
