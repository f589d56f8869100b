"""The poses that try a dressed character are those of today's library of movement."""

from __future__ import annotations

import json

import numpy as np

from assets.conventions import JOINTS
from stages.motion.clearance_test_poses import FILE, stances


def test_the_file_holds_what_the_library_gives() -> None:
    told = json.loads(FILE.read_text("utf-8"))
    assert tuple(told["joints"]) == JOINTS
    assert np.abs(np.array(told["rotations"]) - stances()).max() < 1e-3


def test_the_poses_lie_far_apart() -> None:
    turns = stances().reshape(len(stances()), -1)
    apart = np.linalg.norm(turns[:, None] - turns[None], axis=2)
    assert apart[~np.eye(len(turns), dtype=bool)].min() > 0.5
