"""Strips of cloth that are sewn on: collars and soles, as grids of rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assets.artefacts.geometry import Doubles, Floats
from stages.groom.garments.cloth import COLUMNS, WIDTH, Cloth, Int64s, Line, order_borders
from stages.groom.garments.drape import Collider
from stages.groom.garments.figure import Figure
from stages.groom.garments.panels import Pattern
from stages.groom.garments.style import Garment
from stages.groom.garments.subdivide import refine
from stages.groom.garments.tailor import Draped

_COLLAR_COLUMNS = 33
_ABOVE_M, _LIE_M = 0.004, 0.007
"""Metres above what is under a collar: at least, and at most at its lower edge."""


def build_strip(garment: Garment, points: Doubles, weights: Floats, *, closed: bool, is_oriented: bool = False) -> Draped:
    """A strip as a draped piece.

    Args:
        points: (r,c,3) rows of the grid in the draping pose; the outer side is where columns grow to the right and rows grow up.
        weights: (r*c,j) of its points on JOINTS.
        closed: whether the last column is sewn to the first.
        is_oriented: the outer side is right as given; otherwise it is the one away from the middle of the strip.
    """
    points, weights = (points, weights) if is_oriented else _face_out(points, weights, closed=closed)
    rows, columns = points.shape[:2]
    flat_columns = columns + closed
    index = np.arange(rows * columns).reshape(rows, columns)
    vertex = np.concatenate([index, index[:, :1]], 1) if closed else index
    row = np.arange(rows * flat_columns).reshape(rows, flat_columns)

    def quads(grid: np.ndarray) -> np.ndarray:
        a, b, c, d = grid[:-1, :-1].ravel(), grid[:-1, 1:].ravel(), grid[1:, 1:].ravel(), grid[1:, :-1].ravel()
        return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)

    laid = np.concatenate([points, points[:, :1]], 1) if closed else points
    across = np.concatenate([np.zeros((rows, 1)), np.cumsum(np.linalg.norm(np.diff(laid, axis=1), axis=2), 1)], 1)
    longest = int(across[:, -1].argmax())
    up = np.concatenate([np.zeros((1, flat_columns)), np.cumsum(np.linalg.norm(np.diff(laid, axis=0), axis=2), 0)], 0)
    uv = np.stack([np.broadcast_to(across[longest], across.shape), np.broadcast_to(up.mean(1)[:, None], up.shape)], 2)
    values = np.zeros((rows * columns, WIDTH), np.float32)
    values[:, COLUMNS["bind"]] = values[:, COLUMNS["rest"]] = points.reshape(-1, 3)
    values[:, COLUMNS["weights"]], values[:, COLUMNS["sleeve"]] = weights, -1
    lines = np.zeros((rows, columns), np.int32)
    lines[0] = int(Line.HEM)
    if not closed:
        lines[:, [0, -1]] |= int(Line.HEM)
    cloth = Cloth(values, quads(vertex), lines.ravel())
    pattern = Pattern(uv.reshape(-1, 2).astype(np.float32), quads(row), vertex.ravel().astype(np.int32), np.zeros(row.size, np.int32))
    one = refine(cloth.triangles, pattern.corners, rows * columns, row.size)
    two = refine(one.triangles, one.corners, one.linear.shape[0], one.linear_rows.shape[0])
    low = points.reshape(-1, 3).astype(np.float64)
    middle = one.smooth @ low
    return Draped(garment, cloth, pattern, (), (one, two), low, middle, two.smooth @ middle)


def _face_out(points: Doubles, weights: Floats, *, closed: bool) -> tuple[Doubles, Floats]:
    """The grid with its columns reversed where its first rows would face the middle of the strip."""
    rows, columns = points.shape[:2]
    following = np.roll(points, -1, 1) if closed else np.concatenate([points[:, 1:], points[:, -1:]], 1)
    normal = np.cross((following - points)[:-1], points[1:] - points[:-1])
    away = points[:-1] - points.mean((0, 1))
    away[..., 1] = 0
    upper = slice(0, 2)
    if float((normal[upper] * away[upper]).sum()) >= 0:
        return points, weights
    return points[:, ::-1], weights.reshape(rows, columns, -1)[:, ::-1].reshape(rows * columns, -1)


def find_neckline(draped: Draped) -> Int64s:
    """Vertices of the neckline in order."""
    cloth = draped.cloth
    on_neck = (cloth.lines & Line.NECK) != 0
    loops = [loop for loop in order_borders(cloth.triangles) if on_neck[loop].mean() > 0.3]
    loop = loops[0]
    if on_neck[loop].all():
        return loop
    # An open front: the border continues down the middle.
    start = int(np.flatnonzero(~on_neck[loop])[0])
    turned = np.roll(loop, -start)
    return np.asarray(turned[on_neck[turned]])


def sew_collar(figure: Figure, draped: Draped, kind: str) -> Draped:
    """A collar along the neckline of a draped garment: shirt, polo, hood or lapel."""
    loop = find_neckline(draped)
    points = draped.low[loop]
    # From the middle in front to the wearer's left, round the neck and back: the outer side then faces out.
    start = int(np.where(points[:, 2] > points[:, 2].mean(), -np.abs(points[:, 0]), -9).argmax())
    line = np.roll(points, -start, 0)
    line = np.concatenate([line, line[:1]])
    if line[len(line) // 4, 0] < 0:
        line = line[::-1]
    at = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    gap = {"shirt": 0.008, "polo": 0.012, "hood": 0.008, "lapel": 0.004}[kind] * figure.scale
    steps = np.linspace(gap, at[-1] - gap, _COLLAR_COLUMNS)
    base = np.stack([np.interp(steps, at, line[:, k]) for k in range(3)], 1)
    for _ in range(3):
        base[1:-1] = 0.5 * base[1:-1] + 0.25 * (base[:-2] + base[2:])
    rows = _shape_collar(figure, base, kind, draped.collider)
    weights = borrow_weights(draped.low, draped.cloth.get("weights"), rows.reshape(-1, 3))
    piece = replace(draped.garment, name=f"{draped.garment.name} collar", details=("collar",))
    return build_strip(piece, rows, weights, closed=False)


def _shape_collar(figure: Figure, base: Doubles, kind: str, under: Collider) -> Doubles:
    """(r,c,3) rows from the lower outer edge up over the fold and down to the neckline."""
    scale = figure.scale
    centre = base.mean(0)
    out = base - centre
    out[:, 1] = 0
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    share = np.abs(np.linspace(-1, 1, len(base)))  # 0 at the nape, 1 in front
    tip = np.clip((share - 0.72) / 0.28, 0, 1) ** 1.5
    up = np.array([0.0, 1.0, 0.0])
    if kind == "lapel":
        return _shape_lapel(base, out, share, scale, under)
    stand = {"shirt": 0.022, "polo": 0.016, "hood": 0.030}[kind] * scale
    fall = {"shirt": 0.030, "polo": 0.028, "hood": 0.10}[kind] * scale
    rise = (stand * (1 - 0.25 * tip))[:, None]
    pointed = 1.0 if kind in ("shirt", "polo") else 0.0
    drop = (fall * (1 + 0.75 * pointed * tip))[:, None]
    if kind == "hood":
        drop = np.maximum(fall * (1 - np.clip(share * 1.25, 0, 1) ** 1.5)[:, None] + 0.02 * scale, rise + 0.010 * scale)
    wide = np.full((len(base), 1), {"shirt": 0.010, "polo": 0.010, "hood": 0.030}[kind] * scale)
    if kind == "hood":  # its ends in front would stand off like shelves
        wide *= np.clip(1.15 - share, 0.25, 1)[:, None]
    spread = out + np.array([0, 0, 0.25]) * tip[:, None] * pointed
    side = np.sign(base[:, :1]) * tip[:, None] * 0.010 * scale * np.array([1.0, 0, 0]) * pointed
    inner = [base - out * 0.001, base + up * rise * 0.55 - out * 0.001, base + up * rise]
    outer = []
    for k, bulge in ((0.12, 0.55), (0.45, 0.9), (0.75, 1.0), (1.0, 1.15)):
        outer.append(base + up * (rise * 1.02 - drop * k) + spread * wide * bulge + side * k)
    outer = [lift(row, under) for row in outer]
    limit = _LIE_M * scale * (1 + pointed * tip)
    outer[-1] = lift(lay(outer[-1], under, limit), under)
    outer[-2] = lift(lay(outer[-2], under, 2 * limit), under)
    return np.stack([*outer[::-1], *inner[::-1]])


def _shape_lapel(base: Doubles, out: Doubles, share: Doubles, scale: float, under: Collider) -> Doubles:
    """(r,c,3) rows of a collar that stands at the nape and lies flat down the front, widest on the chest."""
    up = np.array([0.0, 1.0, 0.0])
    front = np.clip(share / 0.45, 0, 1)[:, None]
    stand = 0.022 * scale * (1 - front) + 0.003
    wide = np.interp(share, (0, 0.35, 0.66, 0.70, 1.0), (0.045, 0.05, 0.078, 0.060, 0.004))[:, None] * scale
    aside = np.sign(base[:, :1]) * np.array([1.0, 0.0, 0.0])
    way = (1 - front) * (0.35 * out - up) + front * (aside + 0.25 * up)
    way = way / np.linalg.norm(way, axis=1, keepdims=True)
    fold = base + up * stand * (1 - front) + out * 0.002
    outer = [lift(fold + way * wide * k, under) for k in (0.25, 0.6, 1.0)]
    outer[-1] = lift(lay(outer[-1], under, _LIE_M * scale), under)
    return np.stack([*outer[::-1], fold, base + up * stand * 0.3 * (1 - front)])


def knot_tie(figure: Figure, garment: Garment, shirt: Draped, under: Collider) -> Draped:
    """A tie from the collar of a shirt down to the belt, lying on what is under it."""
    from scipy.spatial import cKDTree

    scale = figure.scale
    neckline = shirt.low[find_neckline(shirt)]
    top = float(neckline[int(neckline[:, 2].argmax()), 1]) + 0.006 * scale
    length = top - figure.waist + 0.035 * scale
    end = length / scale
    down = np.array([0.0, 0.012, 0.028, 0.040, *np.linspace(0.07, end - 0.045, 8), end - 0.0004]) * scale
    half = np.interp(down / scale, (0, 0.04, 0.041, 0.16, end - 0.045, end), (0.019, 0.013, 0.015, 0.024, 0.041, 0.001))
    heights, shares = top - down, np.linspace(-1, 1, 5)
    near = under.points[(np.abs(under.points[:, 0]) < 0.06) & (under.points[:, 2] > figure.neck[0][2])]
    tree = cKDTree(near[:, :2])
    front = np.array([near[tree.query_ball_point((0.0, y), 0.022 * scale), 2].max(initial=-9.0) for y in heights]) + 0.006
    for k in range(1, len(front)):
        # It hangs straight down from the chest.
        front[k] = max(front[k], front[k - 1] - 0.30 * (down[k] - down[k - 1]))
    bulge = np.where(down < 0.041 * scale, 0.008, 0.0015) * scale
    points = np.stack([
        np.stack([np.full(5, 0.0) + shares * wide * scale, np.full(5, y), z + rise * (1 - shares**2)], 1)
        for wide, y, z, rise in zip(half, heights, front, bulge, strict=True)
    ])[::-1]  # fmt: skip
    weights = borrow_weights(shirt.low, shirt.cloth.get("weights"), points.reshape(-1, 3))
    return build_strip(garment, points, weights, closed=False, is_oriented=True)


def lift(points: Doubles, under: Collider, least: float = _ABOVE_M) -> Doubles:
    """(n,3) points moved so many metres above what is under them."""
    from scipy.spatial import cKDTree

    for _ in range(3):
        distance, nearest = cKDTree(under.points).query(points)
        height = np.einsum("na,na->n", points - under.points[nearest], under.normals[nearest])
        need = np.where((height < least) & (distance < 0.05), least - height, 0)
        points = points + under.normals[nearest] * need[:, None]
    return points


def lay(points: Doubles, under: Collider, limit: Doubles | float) -> Doubles:
    """(n,3) points moved down to what is under them where they are further above it than the limit, metres."""
    from scipy.spatial import cKDTree

    _, nearest = cKDTree(under.points).query(points)
    height = np.einsum("na,na->n", points - under.points[nearest], under.normals[nearest])
    return np.asarray(points - under.normals[nearest] * np.clip(height - limit, 0, None)[:, None])


def borrow_weights(points: Doubles, weights: Floats, places: Doubles) -> Floats:
    """(n,j) weights at places (n,3), from those (m,j) of the nearest points (m,3)."""
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(points).query(places, 4)
    share = 1 / np.maximum(distance, 1e-4)
    share /= share.sum(1, keepdims=True)
    return np.asarray(np.einsum("nk,nkj->nj", share, weights[nearest]), np.float32)
