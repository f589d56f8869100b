"""How much of the sky each point of an outfit sees, as it is baked: by limbs, since arms and legs move, and their shade would stay behind.

A sleeve takes light from the other sleeve's cloth and from its own folds, not from the torso next to which it was draped; below the
crotch a leg takes none from the other one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.artefacts.geometry import Doubles, Floats
from stages.groom.garments.atlas import measure_sky
from stages.groom.garments.cloth import Bools
from stages.groom.garments.figure import Figure
from stages.groom.garments.sheet import Fine
from stages.groom.garments.tailor import Draped

_ARM_SHARE, _SIDE_M, _FORK_M = 0.3, 0.01, 0.12
"""Weight of the arm from which a triangle is one of an arm; how far a leg reaches over the middle; and below the crotch, over which
length the other leg loses its effect."""


def measure_outfit_sky(figure: Figure, sheets: Sequence[Fine], draped: Sequence[Draped], directions: int = 40) -> list[Floats]:
    """For each sheet (k,) the free part of the hemisphere over the rows of its first level, 0..1, from so many directions."""
    corners, arms = _list_blockers(figure, draped)
    middle = corners.mean(1)[:, 0]
    points = np.concatenate([fine.points[: fine.coarse_count] for fine in sheets])
    normals = np.concatenate([fine.normals[: fine.coarse_count] for fine in sheets]).astype(np.float64)
    arm = np.clip(np.concatenate([_get_channel(fine, "arm") for fine in sheets]), 0, 1)
    x = np.concatenate([_get_channel(fine, "x") for fine in sheets])
    leg = np.clip((figure.crotch - points[:, 1]) / (_FORK_M * figure.scale), 0, 1) * (arm < 1)

    def measure(chosen: Bools, blocking: Bools, others: Floats) -> Floats:
        found = others.copy()
        if chosen.any():
            found[chosen] = measure_sky(points[chosen], normals[chosen], corners[blocking], directions)
        return found

    core = measure(arm < 1, ~arms, np.ones(len(points), np.float32))
    legs = core
    for side in (-1, 1):
        legs = measure((leg > 0) & (np.sign(x) == side), ~arms & (side * middle > -_SIDE_M), legs)
    core = core * (1 - leg) + legs * leg
    sky = core * (1 - arm) + measure(arm > 0, arms, core) * arm
    return np.split(np.asarray(sky, np.float32), np.cumsum([fine.coarse_count for fine in sheets])[:-1])


def _get_channel(fine: Fine, name: str) -> Floats:
    """(k,) of a sheet's first rows; 0 on strips, which have none."""
    found = fine.channels.get(name)
    return np.zeros(fine.coarse_count, np.float32) if found is None else found[: fine.coarse_count]


def _list_blockers(figure: Figure, draped: Sequence[Draped]) -> tuple[Doubles, Bools]:
    """(t,3,3) triangles that take light away, of body and cloth in the draping pose, and (t,) which are of an arm."""
    parts = [(figure.collider.points[figure.collider_triangles], figure.collider_arms[figure.collider_triangles])]
    for one in draped:
        level = one.levels[0]
        arm = level.linear @ one.cloth.get("arm")
        parts.append((one.middle[level.triangles], arm[level.triangles]))
    corners, arm = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return corners, np.asarray(arm.mean(1) > _ARM_SHARE)
