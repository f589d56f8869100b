"""A body's head as hair needs it: the chart's centre on this body, and a surface to stay above."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from assets.artefacts.character import Body
from assets.base_mesh import load_skin_triangles
from assets.conventions import EYE_VERTICES, SKIN_VERTICES
from assets.mesh import compute_vertex_normals
from assets.rotation import normalize_vectors
from stages.groom.hair.chart import Floats, find_ear, load_chart, to_directions, to_polar

_BODY_REACH = 0.5
"""Metres below the centre down to which hair may reach."""
_CLOTH_BELOW, _CLOTH_HEIGHT = 0.19, 0.010
"""Below this distance under the centre, clothes of this thickness are on the skin; metres."""
_NEIGHBOURS = 3


@dataclass(frozen=True)
class Head:
    """The head of one body, at rest (in the A-pose, where the shoulders are down)."""

    points: Floats
    """(13380,3) skin vertices, metres."""
    normals: Floats
    """(13380,3)"""
    centre: Floats
    """(3,) of the chart, on this body."""
    scale: float
    """Size of this cranium, as a share of the template's."""
    eye_height: float
    """Metres above the floor."""

    @classmethod
    def from_body(cls, body: Body) -> Head:
        """The chart's centre keeps its place within the cranium."""
        chart = load_chart()
        points = body.rest[:SKIN_VERTICES]
        normals = compute_vertex_normals(points, load_skin_triangles(), product=np.float64, total=np.float64, floor=1e-12)
        ours, theirs = points[chart.cranium], chart.positions[chart.cranium]
        scale = float(np.sqrt(((ours - ours.mean(0)) ** 2).sum() / ((theirs - theirs.mean(0)) ** 2).sum()))
        centre = ours.mean(0) + scale * (chart.centre - theirs.mean(0))
        eyes = float(body.rest[EYE_VERTICES][:, 1].mean())
        return cls(points, normals, np.asarray(centre, np.float32), scale, eyes)

    def locate(self, azimuth: Floats, elevation: Floats, height: float = 0.0) -> Floats:
        """(n,3) points at a height over the scalp, by chart coordinates in degrees."""
        chart = load_chart()
        directions = np.atleast_2d(to_directions(np.asarray(azimuth), np.asarray(elevation)))
        distance, near = self._chart_tree.query(directions, 4)
        share = 1 / np.maximum(distance, 1e-4)
        share /= share.sum(1, keepdims=True)
        found = np.einsum("nk,nkd->nd", share, self.points[chart.outer[near]])
        normal = np.einsum("nk,nkd->nd", share, self.normals[chart.outer[near]])
        normal = normalize_vectors(normal)
        return np.asarray(found + height * self.scale * normal, np.float32)

    @cached_property
    def _chart_tree(self) -> Any:
        from scipy.spatial import cKDTree

        chart = load_chart()
        arm = chart.arms[chart.outer]
        return cKDTree(normalize_vectors(arm))

    def to_polar(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Azimuth and elevation in degrees, and distance in metres of the average adult, of points (...,3)."""
        azimuth, elevation, radius = to_polar(points - self.centre)
        return azimuth, elevation, radius / np.float32(self.scale)


@dataclass(frozen=True)
class Surface:
    """What hair lies on: skin, and the cloth over it."""

    points: Floats
    normals: Floats

    @classmethod
    def from_head(cls, head: Head, with_ears: bool = True) -> Surface:
        """The skin down to the chest, with room for a collar below the neck."""
        chart = load_chart()
        near = head.points[:, 1] > head.centre[1] - _BODY_REACH
        ear = find_ear(chart.arms)
        # Inside the mouth and the sockets the surface turns inwards.
        inner = np.einsum("ij,ij->i", head.normals, head.points - head.centre) < -0.02
        chosen = np.flatnonzero(near & (with_ears | ~ear) & ~inner)
        lift = np.clip((head.centre[1] - _CLOTH_BELOW * head.scale - head.points[chosen, 1]) / 0.03, 0, 1) * _CLOTH_HEIGHT
        return cls(head.points[chosen] + head.normals[chosen] * lift[:, None].astype(np.float32), head.normals[chosen])

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree

        return cKDTree(self.points)

    def measure(self, points: Floats) -> tuple[Floats, Floats]:
        """(n,) signed height over the nearest planes, and (n,3) their normal."""
        distance, near = self._tree.query(points, _NEIGHBOURS)
        share = 1 / np.maximum(distance, 1e-4)
        share /= share.sum(1, keepdims=True)
        normal = np.einsum("nk,nkd->nd", share, self.normals[near])
        normal = normalize_vectors(normal, 1e-6)
        height = np.einsum("nk,nkd,nkd->n", share, points[:, None] - self.points[near], self.normals[near])
        return np.asarray(height, np.float32), np.asarray(normal, np.float32)
