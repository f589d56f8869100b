"""Collars on real bodies: close to the neck, on the garment all around, and still so when the head turns."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from assets.artefacts.character import Body
from assets.artefacts.geometry import Doubles
from assets.base_mesh import load_skin_triangles
from assets.conventions import JOINTS, SKIN_VERTICES
from assets.mesh import compute_vertex_normals
from assets.paths import get_baked_path
from assets.rotation import IDENTITY, forward_kinematics
from assets.skinning import apply_matrices, blend_matrices, limit_influences
from stages.groom.garments.figure import Figure, measure_figure
from stages.groom.garments.sheet import Sheet, make_sheet
from stages.groom.garments.standing import _PROFILE, sew_band, sew_rollneck
from stages.groom.garments.strips import sew_collar
from stages.groom.garments.style import get_garment
from stages.groom.garments.tailor import Draped, sew
from tests.stages.groom.people import build_person

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("helpers.safetensors").exists(), reason="`fenshen bake` makes it")]

PEOPLE = {"girl": (18, 0.0, {"height": 0.1}), "heavy": (45, 1.0, {"weight": 0.95}), "old": (82, 1.0, {})}
SEWN = {"turtleneck": sew_rollneck, "qipao": sew_band, "kurta": sew_band, "jacket": sew_band}
OPEN_COLUMNS = 2
"""At each end of an open collar: what is beneath it there is the opening of the garment."""


def build_body(name: str) -> Body:
    years, gender, build = PEOPLE[name]
    return build_person(years, gender, **build)


@lru_cache(maxsize=3)
def measure(name: str) -> Figure:
    return measure_figure(build_body(name))


@lru_cache(maxsize=16)
def sew_cached(person: str, garment: str) -> Draped:
    return sew(measure(person), get_garment(garment), [], 5)


def sample_surface(points: Doubles, triangles: np.ndarray) -> Doubles:
    """(n,3) points all over the triangles, about 1.5 mm apart on those of a finest level."""
    steps = np.array([(i, j, 5 - i - j) for i in range(6) for j in range(6 - i)]) / 5
    return np.asarray(np.einsum("sk,tka->tsa", steps, points[triangles]).reshape(-1, 3))


def sample_garment(draped: Draped) -> Doubles:
    return sample_surface(draped.high, draped.levels[1].triangles)


@pytest.mark.parametrize("garment", SEWN)
@pytest.mark.parametrize("person", PEOPLE)
def test_lower_edges_lie_on_the_garment(person: str, garment: str) -> None:
    """A turtleneck's edge stood off its sweater, and a stand collar's left skin to be seen."""
    draped = sew_cached(person, garment)
    collar = SEWN[garment](measure(person), draped)
    count = len(np.unique(collar.pattern.uv[:, 1].round(6)))
    edge = collar.low.reshape(count, -1, 3)[0]
    edge = edge if garment == "turtleneck" else edge[OPEN_COLUMNS:-OPEN_COLUMNS]
    distance = cKDTree(sample_garment(draped)).query(edge)[0]
    assert distance.max() < 0.005


@pytest.mark.parametrize("turn", [(0.0, 0.0), (0.6, 0.0), (0.0, 0.3)], ids=["ahead", "turned", "nodding"])
@pytest.mark.parametrize("person", PEOPLE)
def test_a_turtleneck_is_close_around_the_neck(person: str, turn: tuple[float, float]) -> None:
    figure, draped = measure(person), sew_cached(person, "turtleneck")
    points, skin, normals = pose_collar(figure, make_sheet(figure, sew_rollneck(figure, draped)), turn)
    fold = points.reshape(len(_PROFILE), -1, 3)[[share for share, _ in _PROFILE].index(1.0)]
    _, nearest = cKDTree(skin).query(fold)
    height = np.einsum("na,na->n", fold - skin[nearest], normals[nearest])
    assert height.max() < 0.015
    assert height.min() > -0.002
    assert np.median(height) > 0.002


def pose_collar(figure: Figure, sheet: Sheet, turn: tuple[float, float]) -> tuple[Doubles, Doubles, Doubles]:
    """The collar, and the skin with its normals, with the head turned and nodding by so many radians."""
    body = figure.body
    turns = np.tile(IDENTITY, (len(JOINTS), 1)).astype(np.float32)
    for joint in ("Neck", "Head"):
        half = np.array(turn) / 4
        turns[JOINTS.index(joint)] = (np.sin(half[1]), np.sin(half[0]), 0, np.sqrt(1 - (np.sin(half) ** 2).sum()))
    from scipy.spatial.transform import Rotation

    places, rotations = forward_kinematics(body.skeleton.parents, body.skeleton.heads, turns[None], np.zeros((1, 3)))
    matrices = np.tile(np.eye(4), (len(JOINTS), 1, 1))
    matrices[:, :3, :3] = Rotation.from_quat(rotations[0]).as_matrix()
    matrices[:, :3, 3] = places[0] - np.einsum("jab,jb->ja", matrices[:, :3, :3], body.skeleton.heads)
    posed = apply_matrices(blend_matrices(body.skin, matrices), body.positions)
    normals = compute_vertex_normals(posed, load_skin_triangles(), product=np.float64, total=np.float64, floor=1e-12)
    points = apply_matrices(blend_matrices(limit_influences(sheet.weights), matrices), sheet.positions)
    return points, posed[:SKIN_VERTICES], normals[:SKIN_VERTICES]


@pytest.mark.parametrize("garment", ["shirt", "hoodie", "polo"])
def test_turned_down_collars_cover_the_neckline(garment: str) -> None:
    """Their lower edge is below the neckline all around, and lies on the garment except for the tips."""
    draped = sew_cached("girl", garment)
    part = get_garment(garment).parts[0]
    collar = sew_collar(measure("girl"), draped, part)
    rows = collar.low.reshape(7, -1, 3)
    below = rows[-1, :, 1] - rows[0, :, 1]
    distance = cKDTree(sample_garment(draped)).query(rows[0])[0]
    assert below.min() > 0.001
    assert distance.max() < 0.013
