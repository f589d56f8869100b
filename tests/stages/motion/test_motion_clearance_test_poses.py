"""The committed test poses are those of the current library of clips."""

from __future__ import annotations

import json

import numpy as np

from assets.conventions import JOINTS
from stages.motion.clearance_test_poses import POSES_FILE, choose_test_poses


def test_the_file_is_up_to_date() -> None:
    table = json.loads(POSES_FILE.read_text("utf-8"))
    assert tuple(table["joints"]) == JOINTS
    assert np.abs(np.array(table["rotations"]) - choose_test_poses()).max() < 1e-3


def test_the_poses_are_far_apart() -> None:
    turns = choose_test_poses().reshape(len(choose_test_poses()), -1)
    apart = np.linalg.norm(turns[:, None] - turns[None], axis=2)
    assert apart[~np.eye(len(turns), dtype=bool)].min() > 0.5
