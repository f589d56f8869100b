"""Hair that is tied: strands to the tie, and the tail, bun, braid or puff that begins there."""

from __future__ import annotations

import numpy as np

from assets.rotation import normalize_vectors
from stages.groom.hair.chart import Floats, to_directions
from stages.groom.hair.guides import STEPS, Strands, shorten
from stages.groom.hair.head import Head, Surface
from stages.groom.hair.roots import Roots
from stages.groom.hair.style import Style, Tie

_TAIL_DROP = 0.032
"""Metres of tail over which it turns from its tie downwards."""


def choose_ties(roots: Roots, style: Style) -> np.ndarray:
    """(n,) the tie of each root: the one on its side; -1 where the root is not tied."""
    directions = to_directions(roots.azimuth, roots.elevation)
    ties = np.stack([to_directions(np.array(tie.at[0]), np.array(tie.at[1])) for tie in style.ties])
    nearest = (directions @ ties.T).argmax(1)
    return np.where(roots.elevation >= style.tied_above, nearest, -1)


def locate_tie(head: Head, tie: Tie) -> Floats:
    """(3,) metres."""
    return np.asarray(head.centre + head.scale * tie.distance * to_directions(np.array(tie.at[0]), np.array(tie.at[1])), np.float32)


def comb_to_tie(
    head: Head,
    surface: Surface,
    roots: Roots,
    tie: Tie,
    style: Style,
    rng: np.random.Generator,
    *,
    is_edge: bool,
    rank: float | None = None,
) -> Strands:
    """Strands along the scalp from roots to their tie, bulging a little between; those of one `rank` make a smooth sheet."""
    count = len(roots)
    is_smooth = rank is not None
    ranks = np.full(count, rank, np.float32) if is_smooth else rng.random(count).astype(np.float32) * (0.35 if is_edge else 1)
    start = roots.place(head.points) - 0.0015 * roots.place(head.normals)
    end = locate_tie(head, tie) + (0 if is_smooth else 1) * rng.normal(0, 0.3 * min(tie.radius, 0.012), (count, 3))
    at: Floats = np.linspace(0, 1, STEPS + 1, dtype=np.float32)[None, :, None]
    points: Floats = _follow_great_circles(start - head.centre, end - head.centre, at) + head.centre
    layer = style.thickness * head.scale * (0.12 + 0.88 * ranks) * np.clip(0.2 + roots.depth / 0.03, 0, 1)
    # Great circles: pushed out of the skull, then smoothed along each strand.
    for sweep in range(4):
        for k in range(1, STEPS):
            height, normal = surface.measure(points[:, k])
            rise = layer * min(1.0, k / 14)
            points[:, k] += normal * np.clip(rise - height, 0, 0.06)[:, None]
        if sweep < 3:
            points[:, 1:-1] = (points[:, :-2] + 2 * points[:, 1:-1] + points[:, 2:]) / 4
    stray = rng.normal(0, 0.0012, (count, 1, 3)) * np.sin(np.pi * at)
    points = points if is_smooth else points + stray
    if is_edge:
        length = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
        points = shorten(points, np.clip(STEPS * 0.032 * rng.uniform(0.7, 1.2, count) / np.maximum(length, 1e-3), 3, STEPS))
    return Strands(points, ranks, roots.depth, np.full(count, is_edge))


def _follow_great_circles(start: Floats, end: Floats, at: Floats) -> Floats:
    """(n,s,3) arcs around the centre between arms (n,3): straight lines would lead through the skull and come out of the face."""
    low, high = (np.linalg.norm(arm, axis=1)[:, None, None] for arm in (start, end))
    one, two = start / low[:, 0], end / high[:, 0]
    angle = np.arccos(np.clip(np.einsum("ij,ij->i", one, two), -0.999, 0.999))[:, None, None]
    arc = (np.sin((1 - at) * angle) * one[:, None] + np.sin(at * angle) * two[:, None]) / np.sin(angle)
    return np.asarray(arc * (low * (1 - at) + high * at))


def grow_tail(head: Head, surface: Surface, tie: Tie, count: int, rng: np.random.Generator, *, spread: float = 1.0) -> Strands:
    """The tail that hangs from a tie: strands that leave it outwards, turn down, and lie on the back."""
    anchor, outward = locate_tie(head, tie), to_directions(np.array(tie.at[0]), np.array(tie.at[1]))
    rank = np.linspace(0, 1, count).astype(np.float32)
    angle, radius = rng.uniform(0, 2 * np.pi, count), tie.radius * np.sqrt(rank)
    side = np.cross(outward, [0.0, 1, 0]) if abs(outward[1]) < 0.95 else np.array([1.0, 0, 0])
    side = normalize_vectors(side)
    up = np.cross(side, outward)
    ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * up
    points = np.zeros((count, STEPS + 1, 3), np.float32)
    points[:, 0] = anchor + ring * (radius * 0.45)[:, None]
    direction = np.tile(outward * 0.6 + np.array([0, 0.1, 0]), (count, 1)) + ring * 0.2
    step = tie.length * head.scale * rng.uniform(0.86, 1.0, count) / STEPS
    drop = _TAIL_DROP if tie.kind == "tail" else 0.5 * _TAIL_DROP
    for k in range(STEPS):
        direction = direction + np.array([0, -1, 0]) * (step / drop)[:, None] * (0.9 if k < 18 else 1.2)
        # Held together near the tie, then a little apart, and together again at the tip.
        middle = points[:, k].mean(0)
        apart = (points[:, k] - middle) * np.array([1, 0.2, 1])
        width = tie.radius * spread * (0.55 + 0.9 * np.sin(np.pi * min(k / STEPS * 0.9 + 0.1, 1)))
        want = ring * (width * np.sqrt(rank))[:, None]
        want[:, 1] *= 0.2
        direction += (want - apart) * 3.0
        direction = normalize_vectors(direction)
        moved = points[:, k] + direction * step[:, None]
        height, normal = surface.measure(moved)
        points[:, k + 1] = moved + normal * np.clip(0.006 + 0.012 * rank - height, 0, 0.05)[:, None]
    return Strands(points, rank, np.full(count, 0.05, np.float32), np.zeros(count, bool))


def wind_bun(head: Head, tie: Tie, count: int, rng: np.random.Generator) -> Strands:
    """The bun on a tie: strands wound around it like wool around a ball, most of them about the tie's own axis."""
    outward = to_directions(np.array(tie.at[0]), np.array(tie.at[1]))
    centre = locate_tie(head, tie) + outward * tie.radius * 0.6 * head.scale
    rank = ((np.arange(count) + rng.uniform(0, 1, count)) / count).astype(np.float32)
    # Turns about one axis alone would be the slats of a basket, with gaps seen from the side.
    axis = outward + np.where(rng.random((count, 1)) < 0.5, 0.25, 1.1) * rng.standard_normal((count, 3))
    axis = normalize_vectors(axis)
    side = np.cross(axis, rng.standard_normal((count, 3)))
    side = normalize_vectors(side)
    up = np.cross(axis, side)
    at = np.linspace(0, 1, STEPS + 1)[None]
    turn = at * rng.uniform(1.8, 3.0, (count, 1))
    latitude = rng.uniform(-0.5, 1.2, (count, 1)) + 0.25 * (at - 0.3)
    ring = np.cos(turn)[..., None] * side[:, None] + np.sin(turn)[..., None] * up[:, None]
    arm = ring * np.cos(latitude)[..., None] + axis[:, None] * np.sin(latitude)[..., None]
    # A little flatter along the tie's axis than a ball.
    arm = arm - 0.12 * (arm @ outward)[..., None] * outward
    points = centre + tie.radius * head.scale * (0.93 + 0.1 * rank[:, None, None]) * arm
    return Strands(points.astype(np.float32), rank, np.full(count, 0.05, np.float32), np.zeros(count, bool))


def round_puff(head: Head, tie: Tie, count: int, rng: np.random.Generator) -> Strands:
    """A ball of curls on a tie: strands from its middle outwards."""
    directions = rng.standard_normal((count, 3))
    directions = normalize_vectors(directions)
    centre = locate_tie(head, tie) + to_directions(np.array(tie.at[0]), np.array(tie.at[1])) * tie.radius * 0.7 * head.scale
    at = np.linspace(0, 1, STEPS + 1)[None, :, None]
    size = tie.radius * head.scale * rng.uniform(0.85, 1.08, (count, 1, 1))
    points = centre + directions[:, None] * at * size
    rank = rng.random(count)
    return Strands(points.astype(np.float32), rank.astype(np.float32), np.full(count, 0.05, np.float32), np.zeros(count, bool))
