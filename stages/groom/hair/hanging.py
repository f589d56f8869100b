"""Which hair hangs, and the chains of joints that move it.

Decided by the strands, not by the style's name: hair hangs where a strand ends well below both its root and the place at which it
leaves the head. Strands that hang together share a chain; a wide sheet of hair gets several, side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Ints, Skin
from assets.artefacts.hair import HairChain, HairRig
from assets.conventions import JOINTS, SKIN_VERTICES
from assets.rotation import normalize_vectors
from assets.skinning import apply_matrices, blend_matrices, limit_influences, weight_by_height
from stages.groom.hair.chart import Bools, Floats
from stages.groom.hair.colliders import build_colliders, choose_hit_radius, fit_colliders
from stages.groom.hair.head import Head, Surface

Rows = NDArray[np.int64]
_MIN_LENGTH_M, _MIN_DROP_M = 0.12, 0.09
"""Of hair that hangs: how far its tip is below its root, and below the place at which it leaves the head."""
_NEAR_M, _LOWEST_M = 0.030, 0.09
"""Hair leaves the head at this distance from the skin, or so far below the chart's centre, on the average adult."""
_MIN_SHARE = 0.05
"""Of the hanging hair: less does not get a chain of its own."""
_MIN_WEIGHT = 12.0
"""Strands that hang, at least: a few stray ones do not need joints."""
_GAP_M = 0.030
"""Strands nearer to one another hang together."""
_WIDTH_M, MAX_CHAINS = 0.09, 6
"""Of the hair on one chain, before there are more chains than that."""
_BONE_M, _MIN_BONES, _MAX_BONES = 0.08, 2, 3
_FADE_M = 0.05
"""Below the place where a strand leaves the head, over which it passes from the head to its chain."""
_FRICTION, _TOUCH_M, _FREE_M = 0.6, 0.012, 0.035
"""Share by which hair that lies on the body stays there, up to a height over clothes and none from another one on."""
_SPREAD_M, _REACH_M = 0.05, 0.12
"""Over which neighbouring chains share hair; and beyond which short hair follows none."""
_PLACES = ("Front", "FrontLeft", "Left", "BackLeft", "Back", "BackRight", "Right", "FrontRight")
"""Every 45 degrees from the front to the character's left."""


@dataclass(frozen=True)
class HangingStrands:
    """How each strand of a head takes part in the chains."""

    points: Floats
    """(n,s,3) from root to tip, in the bind pose, metres."""
    last: NDArray[np.int64]
    """(n,) its last point on the head."""
    sticks: Floats
    """(n,s) share by which each point stays on the body that it lies on."""
    shares: Floats
    """(n,c) of each chain in its movement; a row sums to 1 where it hangs, to less where it is short."""

    def select(self, rows: NDArray[np.integer]) -> HangingStrands:
        """Some of the strands."""
        return HangingStrands(self.points[rows], self.last[rows], self.sticks[rows], self.shares[rows])

    def measure_freedom(self, points: Floats, strand: Ints) -> Floats:
        """(v,) share of points (v,3) of strands in the movement of chains: none on the head, less than all on the body."""
        line, rows = self.points[strand], np.arange(len(points))
        nearest = np.linalg.norm(line - points[:, None], axis=2).argmin(1)
        before, after = line[rows, np.maximum(nearest - 1, 0)], line[rows, np.minimum(nearest + 1, line.shape[1] - 1)]
        tangent = normalize_vectors(after - before, 1e-9)
        # The foot of the perpendicular, not the nearest point of the line: steps of a centimetre would show.
        foot = line[rows, nearest] + np.einsum("va,va->v", points - line[rows, nearest], tangent)[:, None] * tangent
        # Straight, not along the strand: a curl of 5 cm is hardly longer than its own width.
        away = np.linalg.norm(foot - line[rows, self.last[strand]], axis=1)
        fall = np.where(nearest >= self.last[strand], away, 0)
        return np.asarray(_ease(fall / _FADE_M) * (1 - self.sticks[strand, nearest]), np.float32)


@dataclass(frozen=True)
class StrandLock:
    """Strands that are drawn alike."""

    points: Floats
    """(n,s,3) from root to tip, at rest, metres."""
    is_bound: bool
    """A tail or a braid: it does not stick to what it touches."""
    weight: float
    """How many strands each of them stands for."""


def plan_chains(locks: Sequence[StrandLock], head: Head, body: Body) -> tuple[HairRig, HangingStrands] | None:
    """The chains of a head's hair; None where none hangs."""
    points = np.concatenate([_move_to_bind(lock.points, body) for lock in locks])
    weights = np.concatenate([np.full(len(lock.points), lock.weight) for lock in locks])
    fall = _Fall.measure(points, head, body)
    chosen = np.flatnonzero(fall.hangs)
    if weights[chosen].sum() < _MIN_WEIGHT:
        return None
    axis = _find_axis(body)
    members = [chosen[rows] for rows in _divide(fall.centre[chosen], weights[chosen], axis)]
    places = np.array([np.average(fall.centre[rows], axis=0, weights=weights[rows]) for rows in members])
    names = _name_places(places - axis)
    rig = HairRig(tuple(_build_chain(name, fall, rows, weights, body) for name, rows in zip(names, members, strict=True)))
    surface = Surface.from_head(head)
    sticks = np.concatenate([_measure_friction(lock, surface) for lock in locks])
    return rig, HangingStrands(points, fall.last, sticks, _share_chains(fall, rig))


def weight_to_chains(points: Floats, strand: Ints, hanging: HangingStrands, rig: HairRig, body: Body) -> Skin:
    """Influences of points (v,3) of these strands (v,): the body's above the place where they leave the head, their chains' below it."""
    base = weight_by_height(points, body.skeleton)
    shares = hanging.shares[strand] * hanging.measure_freedom(points, strand)[:, None]
    parts = [base * (1 - shares.sum(1, keepdims=True))]
    for chain, share in zip(rig.chains, shares.T, strict=True):
        parts.append(share[:, None] * _weigh_bones(points[:, 1], chain.heads[:, 1]))
    return limit_influences(np.concatenate(parts, 1).astype(np.float32))


def _weigh_bones(heights: Floats, joints: Floats) -> Floats:
    """(v,n) weights of the joints at these heights (n,): one bone in its middle, two between; the tip moves nothing."""
    bones = len(joints) - 1
    at = np.clip((joints[0] - heights) / max(float(joints[0] - joints[-1]), 1e-6) * bones - 0.5, 0, bones - 1)
    low = np.minimum(at.astype(int), bones - 1)
    share = _ease(at - low)
    found = np.zeros((len(heights), len(joints)), np.float32)
    rows = np.arange(len(heights))
    found[rows, low] = 1 - share
    found[rows, np.minimum(low + 1, bones - 1)] += share
    return found


def _ease(share: Floats) -> Floats:
    t = np.clip(share, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _measure_friction(lock: StrandLock, surface: Surface) -> Floats:
    """(n,s) share by which loose hair stays on the skin and the clothes that it lies on."""
    if lock.is_bound:
        return np.zeros(lock.points.shape[:2], np.float32)
    heights, _ = surface.measure(lock.points.reshape(-1, 3))
    return np.asarray(_FRICTION * _ease((_FREE_M - heights) / (_FREE_M - _TOUCH_M)), np.float32).reshape(lock.points.shape[:2])


def _move_to_bind(points: Floats, body: Body) -> Floats:
    """(n,s,3) in the T-pose."""
    flat = points.reshape(-1, 3)
    skin = limit_influences(weight_by_height(flat, body.skeleton))
    return apply_matrices(blend_matrices(skin, body.rest_to_bind), flat).reshape(points.shape).astype(np.float32)


def _find_axis(body: Body) -> Floats:
    """(3,) a point of the vertical axis around which hair hangs."""
    heads = dict(zip(JOINTS, body.skeleton.heads, strict=True))
    return np.asarray((heads["Neck"] + heads["Head"]) / 2, np.float32)


@dataclass(frozen=True)
class _Fall:
    """The part of each strand that is off the head."""

    release: Floats
    """(n,) height, metres."""
    last: NDArray[np.int64]
    """(n,) the last point on the head."""
    tip: Floats
    """(n,) the lowest height, metres."""
    centre: Floats
    """(n,3) mean of what is off the head, weighted by how far it hangs down."""
    hangs: Bools
    """(n,)"""

    @classmethod
    def measure(cls, points: Floats, head: Head, body: Body) -> _Fall:
        """Of strands (n,s,3) in the bind pose."""
        from scipy.spatial import cKDTree

        skin = Skin(body.skin.joints[:SKIN_VERTICES], body.skin.weights[:SKIN_VERTICES])
        on_head = skin.joints[np.arange(SKIN_VERTICES), skin.weights.argmax(1)] == JOINTS.index("Head")
        centre = apply_matrices(body.rest_to_bind[[JOINTS.index("Head")]], head.centre[None].astype(np.float64))[0]
        distance, _ = cKDTree(body.positions[:SKIN_VERTICES][on_head]).query(points.reshape(-1, 3))
        near = distance.reshape(points.shape[:2]) < _NEAR_M * head.scale
        near &= points[..., 1] > centre[1] - _LOWEST_M * head.scale
        near[:, 0] = True
        last = points.shape[1] - 1 - near[:, ::-1].argmax(1)
        free = np.arange(points.shape[1])[None] >= last[:, None]
        release = np.take_along_axis(points[..., 1], last[:, None], 1)[:, 0]
        tip = np.where(free, points[..., 1], np.inf).min(1)
        # By depth: where hair hangs is where its lower part is, on the back or on the chest.
        depth = np.where(free, np.clip(release[:, None] - points[..., 1], 1e-4, None), 0)
        middle = (points * depth[..., None]).sum(1) / depth.sum(1)[:, None]
        scale = head.scale
        hangs = (points[:, 0, 1] - tip > _MIN_LENGTH_M * scale) & (release - tip > _MIN_DROP_M * scale)
        return cls(release.astype(np.float32), last, tip.astype(np.float32), middle.astype(np.float32), hangs)


def _divide(centres: Floats, weights: Floats, axis: Floats) -> list[Rows]:
    """Rows of the hair of each chain: what hangs together, wide sheets in equal parts around the neck."""
    width = _WIDTH_M
    while True:
        parts = [part for rows in _connect(centres, weights) for part in _cut_sheet(rows, centres, axis, width)]
        if len(parts) <= MAX_CHAINS:
            return parts
        width *= 1.2


def _connect(centres: Floats, weights: Floats) -> list[Rows]:
    """Rows of hair that hangs together; a little hair by itself goes to its nearest neighbours."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    level = centres[:, [0, 2]]
    pairs = cKDTree(level).query_pairs(_GAP_M, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(level), len(level)))
    count, label = connected_components(graph, directed=False)
    total = np.bincount(label, weights, count)
    large = np.flatnonzero(total >= _MIN_SHARE * total.sum())
    # Everywhere thin: then all of it is one.
    large = large if len(large) else np.array([int(total.argmax())])
    kept = np.flatnonzero(np.isin(label, large))
    _, near = cKDTree(level[kept]).query(level)
    owner = label[kept[near]]
    return [np.flatnonzero(owner == k) for k in large]


def _cut_sheet(rows: Rows, centres: Floats, axis: Floats, width: float) -> list[Rows]:
    """The rows in parts of at most about that width."""
    arm = (centres[rows] - axis)[:, [0, 2]]
    # From the back, so that no sheet is cut where the angle wraps: hair keeps off the face.
    angle = np.arctan2(arm[:, 0], -arm[:, 1])
    low, high = np.quantile(angle, (0.02, 0.98))
    radius = float(np.median(np.hypot(arm[:, 0], arm[:, 1])))
    count = max(1, round(float(high - low) * radius / width))
    part = np.clip(((angle - low) / max(float(high - low), 1e-6) * count).astype(int), 0, count - 1)
    return [rows[part == k] for k in range(count) if (part == k).any()]


def _build_chain(name: str, fall: _Fall, rows: Rows, weights: Floats, body: Body) -> HairChain:
    """A chain of these strands."""
    weight = weights[rows] / weights[rows].sum()
    middle = weight @ fall.centre[rows]
    top, tip = float(weight @ fall.release[rows]), float(np.quantile(fall.tip[rows], 0.25))
    bones = int(np.clip(round((top - tip) / _BONE_M), _MIN_BONES, _MAX_BONES))
    heads = np.tile(middle, (bones + 1, 1))
    heads[:, 1] = np.linspace(top, tip, bones + 1)
    colliders = fit_colliders(build_colliders(body), heads[1:])
    length = top - tip
    # Long hair is heavier: it swings lower and longer. A step of the players' simulation is 1/60 s, in which gravity moves by 0.16 m/s.
    stiffness, gravity, drag = (float(np.interp(length, (0.10, 0.40), ends)) for ends in ((0.05, 0.02), (0.15, 0.17), (0.25, 0.20)))
    hit_radius = choose_hit_radius(colliders, heads[1:])
    return HairChain(name, heads.astype(np.float32), hit_radius, round(stiffness, 4), round(gravity, 4), round(drag, 4), colliders)


def _name_places(arms: Floats) -> list[str]:
    """A name for each chain by its direction (c,3) from the neck, no name twice."""
    from scipy.optimize import linear_sum_assignment

    angle = np.arctan2(arms[:, 0], arms[:, 2])
    places = np.arange(len(_PLACES)) * 2 * np.pi / len(_PLACES)
    away = 1 - np.cos(angle[:, None] - places[None])
    rows, columns = linear_sum_assignment(away)
    return [_PLACES[columns[list(rows).index(k)]] for k in range(len(arms))]


def _share_chains(fall: _Fall, rig: HairRig) -> Floats:
    """(n,c) neighbouring chains share the strands between them; what hangs apart has its own chain alone."""
    places = np.array([chain.heads[0] for chain in rig.chains])[:, [0, 2]]
    distance = np.linalg.norm(fall.centre[:, None, [0, 2]] - places[None], axis=2)
    near = np.exp(-((distance / _SPREAD_M) ** 2)) + 1e-12
    # The third nearest would be a fifth influence of many vertices.
    near = np.where(near >= np.sort(near, 1)[:, -min(2, near.shape[1])][:, None], near, 0)
    shares = near / near.sum(1, keepdims=True)
    reach = np.clip((_REACH_M - distance.min(1)) / (0.4 * _REACH_M), 0, 1)
    return np.asarray(shares * np.where(fall.hangs, 1, reach)[:, None], np.float32)
