"""A head with hair on the back and at the side, on the canonical skeleton."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from assets.artefacts.character import Model
from assets.artefacts.geometry import Floats
from assets.artefacts.hair import Collider, HairChain, HairRig
from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.formats.gltf import Scene
from assets.formats.vrm import VrmMeta, export_vrm
from assets.hair_chains import extend_skeleton
from assets.rotation import IDENTITY, from_axis_angle
from stages.motion.canonical_skeleton import build_canonical_skeleton
from tests.assets.formats.small_scene import a_scene

FPS = 30
BODY = build_canonical_skeleton()
HEAD = JOINTS.index("Head")


def make_rig() -> HairRig:
    """Two chains of different length, behind the head and next to it; the back is a capsule that the first one touches."""
    head, chest = (BODY.heads[JOINTS.index(joint)].astype(float) for joint in ("Head", "Spine2"))
    back = np.array([head + np.array([0, 0.02 - 0.1 * k, -0.10]) for k in range(4)], np.float32)
    side = np.array([head + np.array([0.12, 0.02 - 0.1 * k, 0]) for k in range(3)], np.float32)
    x, y, z = (float(value) for value in (chest[0], chest[1] + 0.05, chest[2]))
    across = Collider("Spine2", (x - 0.1, y, z), (x + 0.1, y, z), 0.05)
    return HairRig((
        HairChain("Back", back, 0.01, 0.08, 0.15, 0.25, (across,)),
        HairChain("Left", side, 0.01, 0.08, 0.15, 0.25, ()),
    ))  # fmt: skip


def make_model(rig: HairRig | None = None) -> Model:
    """Only its skeleton and its hair."""
    rig = rig or make_rig()
    return Model(extend_skeleton(BODY, rig), (), (), {}, hair_rig=rig)


def make_clip(seconds: float = 2.0, name: str = "clip", *, loop: bool = False) -> Clip:
    """A figure that stands still in its bind pose."""
    times = np.arange(round(seconds * FPS) + 1, dtype=np.float32) / FPS
    return Clip(
        name, times, np.tile(IDENTITY, (len(times), len(JOINTS), 1)), np.zeros((len(times), 3), np.float32), times[:, None][:, :0], loop
    )


def turn_head(clip: Clip, axis: str, angles: Floats) -> Clip:
    """The clip with the head turned by (f,) radians."""
    clip.rotations[:, HEAD] = from_axis_angle(np.eye(3)["xyz".index(axis)], angles)
    return clip


def make_scene() -> Scene:
    """A mesh on the skeleton with the chains."""
    return a_scene(skeleton=make_model().skeleton, clips=())


@lru_cache(maxsize=4)
def write_vrm(*, stiffness: float = 0.08, gravity: float = 0.15, drag: float = 0.25, with_springs: bool = True) -> bytes:
    """The scene as a VRM whose hair has these forces, or none that moves it."""
    chains = tuple(replace(chain, stiffness=stiffness, gravity=gravity, drag=drag) for chain in make_rig().chains)
    return export_vrm(replace(make_scene(), hair_rig=HairRig(chains) if with_springs else None), VrmMeta("Ada", "us", "CC-BY-4.0", ""))
