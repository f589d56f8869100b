"""A small complete character for the tests of the formats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from assets.artefacts.geometry import Image, Material, Mesh, MorphTarget, Part, Skeleton, Skin
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS, MORPHS_67, PARENTS
from assets.formats.gltf import EncodedImage, Scene
from assets.formats.image import encode_png
from assets.joint_frames import compute_joint_frames, from_file_rotations
from stages.verify.requirements import list_missing_validator_parts

needs_node = pytest.mark.skipif(bool(list_missing_validator_parts()), reason="Node or gltf-validator is not installed")


def a_skeleton() -> Skeleton:
    heads = np.array([[0.01 * i, 1 + 0.01 * i, 0] for i in range(len(JOINTS))], np.float32)
    return Skeleton(JOINTS, np.array(PARENTS, np.int32), heads)


def a_mesh(name: str = "head", morphs: bool = True) -> Mesh:
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], np.float32)
    joints, weights = np.zeros((4, 4), np.uint16), np.zeros((4, 4), np.float32)
    joints[:, 0], joints[:, 1], weights[:, 0], weights[:, 1] = 5, 4, 0.7, 0.3
    move = MorphTarget("jawOpen", np.array([1, 3], np.int32), np.array([[0, -0.01, 0], [0, -0.02, 0]], np.float32))
    triangles = np.array([[0, 1, 2], [1, 3, 2]], np.int32)
    return Mesh(name, positions, positions[:, :2].copy(), triangles, Skin(joints, weights), (move,) if morphs else (), "skin")


def a_clip(name: str = "idle", frames: int = 31) -> Clip:
    times = np.arange(frames, dtype=np.float32) / 30
    turns = np.zeros((frames, len(JOINTS), 4), np.float32)
    turns[..., 3] = 1
    angle = 0.3 * np.sin(2 * np.pi * times)
    turns[:, 5, 0], turns[:, 5, 3] = np.sin(angle / 2), np.cos(angle / 2)
    face = np.zeros((frames, 67), np.float32)
    face[:, MORPHS_67.index("jawOpen")] = np.abs(np.sin(6 * times))
    return Clip(name, times, turns, np.zeros((frames, 3), np.float32), face)


def align_rotations(joint: str, rotations: Any) -> np.ndarray:
    """(k,4) local rotations of one joint of a file in the frames of `a_clip`, which are aligned with the world."""
    skeleton, index = a_skeleton(), JOINTS.index(joint)
    every = np.tile(np.array([0, 0, 0, 1], np.float32), (len(rotations), len(JOINTS), 1))
    every[:, index] = rotations
    return from_file_rotations(every, skeleton, compute_joint_frames(skeleton))[:, index]


def a_scene(**changed: Any) -> Scene:
    normals = np.tile(np.array([0, 0, 1], np.float32), (4, 1))
    tangents = np.tile(np.array([1, 0, 0, 1], np.float32), (4, 1))
    png = EncodedImage(encode_png(Image(np.full((4, 4, 3), 128, np.uint8))), "image/png")
    parts = (Part(a_mesh(), normals, tangents), Part(a_mesh("hat", morphs=False), normals, tangents))
    materials = (Material("skin", albedo="skin", normal="bumps", orm="skin", alpha="MASK", double_sided=True),)
    scene = Scene("Ada", a_skeleton(), parts, materials, {"skin": png, "bumps": png}, (a_clip(), a_clip("say_hello")))
    return replace(scene, **changed)
