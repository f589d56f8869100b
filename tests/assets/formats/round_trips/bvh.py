"""A clip as BVH: joints, times and rotations survive."""

from __future__ import annotations

import numpy as np

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip
from assets.formats.bvh import Bvh
from tests.assets.formats.small_scene import a_clip, a_skeleton


def make_arguments() -> tuple[Clip, Skeleton]:
    return a_clip(), a_skeleton()


def check(loaded: Bvh) -> None:
    order = [loaded.names.index(name) for name in a_skeleton().names]
    np.testing.assert_allclose(loaded.times, a_clip().times, atol=1e-4)
    np.testing.assert_allclose(np.abs((loaded.rotations[:, order] * a_clip().rotations).sum(-1)), 1, atol=1e-6)
