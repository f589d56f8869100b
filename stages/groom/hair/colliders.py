"""What hanging hair stays out of: capsules for head, neck, chest, back, shoulders and upper arms, as large as this body's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assets.artefacts.character import Body
from assets.artefacts.hair import Collider, Point
from assets.conventions import JOINTS, SKIN_VERTICES
from assets.hair_chains import measure_clearance
from stages.groom.hair.chart import Bools, Floats

_CLOTH_M = 0.008
"""Of clothes over the skin."""
_MAX_HIT_M, _TOUCH_M = 0.01, 0.002
"""Largest sphere at the end of a bone, and the gap that it leaves in the bind pose: a bone that touched would be pushed away at rest."""
_HAIR_M = 0.025
"""Of hair between a bone and the body: colliders are larger than the body by as much where it leaves them the room."""
_MIN_RADIUS_M = 0.015
"""A collider that would have to be smaller is left out."""
_SLAB_M = 0.03


def build_colliders(body: Body) -> tuple[Collider, ...]:
    """The capsules of a body in its T-pose."""
    heads = {name: place.astype(np.float64) for name, place in zip(JOINTS, body.skeleton.heads, strict=True)}
    points = body.positions[:SKIN_VERTICES].astype(np.float64)
    owner = np.array(JOINTS)[body.skin.joints[np.arange(SKIN_VERTICES), body.skin.weights[:SKIN_VERTICES].argmax(1)]]
    found = [_fit_skull(points[owner == "Head"]), _fit_limb("Neck", heads["Neck"], heads["Head"], points[owner == "Neck"])]
    for side in ("Left", "Right"):
        for joint, end in ((f"{side}Shoulder", f"{side}Arm"), (f"{side}Arm", f"{side}ForeArm")):
            found.append(_fit_limb(joint, heads[joint], heads[end], points[owner == joint]))
    # Players push hair out of one after the other: what comes last, the largest, holds.
    trunk = points[np.isin(owner, ("Spine", "Spine1", "Spine2", "LeftShoulder", "RightShoulder", "Neck"))]
    for joint, above in (("Spine", "Spine1"), ("Spine1", "Spine2"), ("Spine2", "Neck")):
        found.append(_fit_trunk(joint, trunk, (heads[joint][1] + heads[above][1]) / 2))
    return tuple(found)


def fit_colliders(colliders: Sequence[Collider], bones: Floats) -> tuple[Collider, ...]:
    """The colliders, larger by the hair around bones whose ends are (n,3), but so that none touches an end in the bind pose."""
    found = []
    for collider in colliders:
        most = collider.radius + float(measure_clearance(bones, collider).min()) - 2 * _TOUCH_M
        if most >= _MIN_RADIUS_M:
            found.append(replace(collider, radius=round(min(collider.radius + _HAIR_M, most), 4)))
    return tuple(found)


def choose_hit_radius(colliders: Sequence[Collider], bones: Floats) -> float:
    """Metres: as large as fits between the ends of bones (n,3) and every collider in the bind pose."""
    free = min((float(measure_clearance(bones, collider).min()) for collider in colliders), default=_MAX_HIT_M)
    return round(float(np.clip(free - _TOUCH_M, 0, _MAX_HIT_M)), 4)


def _fit_skull(points: Floats) -> Collider:
    """A sphere in the upper part of the head, inside its scalp."""
    high = points[points[:, 1] > np.quantile(points[:, 1], 0.5)]
    low, top = high.min(0), high.max(0)
    radius = float(top[0] - low[0]) / 2
    middle = np.array([(low[0] + top[0]) / 2, top[1] - radius, (low[2] + top[2]) / 2])
    return Collider("Head", _to_point(middle), _to_point(middle), round(radius, 4))


def _fit_limb(joint: str, start: Floats, end: Floats, points: Floats) -> Collider:
    """A capsule along a bone, as thick as the skin around it is on average."""
    axis = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
    arm = points - start
    along = arm @ axis
    level: Bools = (along > 0) & (along < np.linalg.norm(end - start))
    away = np.linalg.norm(arm - along[:, None] * axis, axis=1)[level]
    radius = float(np.median(away)) if len(away) else 0.04
    return Collider(joint, _to_point(start), _to_point(end), round(radius + _CLOTH_M, 4))


def _fit_trunk(joint: str, points: Floats, height: float) -> Collider:
    """A capsule across the trunk at a height, as deep and as wide as the trunk is there."""
    slab = points[np.abs(points[:, 1] - height) < _SLAB_M]
    low, high = np.quantile(slab, 0.03, axis=0), np.quantile(slab, 0.97, axis=0)
    radius = float(high[2] - low[2]) / 2
    half = max(float(high[0] - low[0]) / 2 - radius, 0.0)
    middle = np.array([0.0, height, (low[2] + high[2]) / 2])
    side = np.array([half, 0, 0])
    return Collider(joint, _to_point(middle - side), _to_point(middle + side), round(radius + _CLOTH_M, 4))


def _to_point(place: Floats) -> Point:
    x, y, z = (round(float(value), 4) for value in place)
    return x, y, z
