"""The smallest avatar.glb that can be filmed."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Material, Mesh, MorphTarget, Part
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.formats.gltf import Scene, export_gltf
from tests.stages.small_character import SKELETON, ball, bind_to_joint

DROP_M = 0.15


def make_avatar(*names: str) -> bytes:
    """avatar.glb of a white ball for a head, which drops where its mouth opens."""
    points, uv, triangles = ball(12, 16, 0.15)
    points = points + np.array([0, 0.92, 0], np.float32)
    every = np.arange(len(points), dtype=np.int32)
    mouth = MorphTarget("jawOpen", every, np.tile(np.array([0, -DROP_M, 0], np.float32), (len(points), 1)))
    mesh = Mesh("head", points, uv, triangles, bind_to_joint("Head", len(points)), (mouth,), "ball")
    normals = (points - points.mean(0)) / 0.15
    times = np.arange(31, dtype=np.float32) / 30
    turns = np.tile(np.array([0, 0, 0, 1], np.float32), (31, len(JOINTS), 1))
    clips = tuple(Clip(name, times, turns, np.zeros((31, 3), np.float32), np.zeros((31, 67), np.float32), True) for name in names)
    material = Material("ball", colour=(0.9, 0.9, 0.9, 1.0), roughness=0.9)
    return export_gltf(Scene("Ada", SKELETON, (Part(mesh, normals.astype(np.float32)),), (material,), {}, clips))
