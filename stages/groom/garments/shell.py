"""The shell of a garment on one body: cut out of the body's surface, given ease, and hung so that it falls instead of clinging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from assets.artefacts.geometry import Floats
from assets.conventions import JOINTS
from assets.mesh import compute_vertex_normals
from assets.rotation import dot
from stages.groom.fit import LEG_JOINTS, split_legs
from stages.groom.garments.cloth import COLUMNS, Bools, Cloth, Field, Int64s, Line, cut, order_borders, trim
from stages.groom.garments.figure import Figure, average_over_edges
from stages.groom.garments.panels import Seam
from stages.groom.garments.style import Garment

_SPLIT_ABOVE_CROTCH_M = 0.105
"""Longer garments are cut here, where the seat is widest, and lengthened: below, the surface goes into the gap between the legs."""
_ROW_M = 0.028
_RELAXED_M, _RELAXED_ROUNDS = 0.05, 16
_ROUNDING_M, _ROUNDING_ROUNDS = 0.09, 60
"""Below the cut a skirt becomes round over this length: notches between the legs would be heaps of folds."""
_SMOOTHING_ROUNDS = 8
_BULGE_RAD, _HANG_TORSO, _HANG_LEGS = 0.35, 0.6, 0.8
"""Within this angle about the axis, cloth keeps the distance of the bulges above it, by these shares."""
_LONGEST_CUT = 0.95
"""Trousers that go further down the leg are cut here and lengthened: below, the hem would follow the instep."""
_TUCK_M = 0.045
"""A tucked garment ends this far below the waistband's upper edge."""
_COLLAR_ROOM_M = 0.011
"""By which the neckline of a jacket is wider: below the collar of the shirt under it."""
_EASE_ARM = ((0.0, 0.3, 0.5, 0.8, 1.0), (0.012, 0.022, 0.020, 0.014, 0.006))
_EASE_LEG = ((-0.15, 0.0, 0.5, 0.9, 1.0), (0.003, 0.006, 0.012, 0.020, 0.022))
_LEG_CLEARANCE_M = 0.012
_LEG_BLEND = 0.55
"""Of a skirt's half width: over this distance to each side of the middle it passes from one leg to the other."""
_HAND_GAP_M, _LAYER_ROOM_M = 0.006, 0.018
_FLARE_START = 0.06
"""Along the leg: wider above, a skirt would take in the hands."""
_SEAT_M = 0.10
"""Below the waist, until a top or a skirt spans the seat."""
_FORK_M, _MIN_SIDE_M = 0.10, 0.004
"""Below the crotch the hang begins over this length; and how far the insides of the legs keep from the middle."""


def cut_shell(figure: Figure, garment: Garment, *, is_tucked: bool) -> Cloth:
    """The part of the body's surface that the garment covers, lengthened where it is longer, with its seams cut."""
    cloth = _cut_lower(figure, garment) if garment.kind in ("trousers", "skirt") else _cut_upper(figure, garment, is_tucked=is_tucked)
    for seam in list_seams(figure, garment, cloth):
        cloth = cut(cloth, seam.field, seam.line)
    return cloth


def _cut_upper(figure: Figure, garment: Garment, *, is_tucked: bool) -> Cloth:
    cloth = figure.tights
    if garment.neck == "v" or garment.opens:
        # A narrow wedge has no zero on an edge across the middle.
        cloth = cut(cloth, get_x, Line.CENTRE)
    cloth = trim(cloth, _make_neck_field(figure, garment), Line.NECK)
    if garment.sleeve > 0:
        cloth = trim(cloth, lambda c: garment.sleeve - c.get("sleeve"), Line.CUFF)
    else:
        cloth = trim(cloth, lambda c: figure.armhole - garment.shoulder_inset * figure.scale - np.abs(get_x(c)), Line.CUFF)
    return _cut_hem(figure, garment, cloth, is_tucked=is_tucked)


def _cut_hem(figure: Figure, garment: Garment, cloth: Cloth, *, is_tucked: bool) -> Cloth:
    hem = figure.waist - _TUCK_M * figure.scale if is_tucked else get_hem_height(figure, garment)
    split = figure.crotch + _SPLIT_ABOVE_CROTCH_M * figure.scale
    cloth = trim(cloth, lambda c: c.get("bind")[:, 1] - max(hem, split), Line.HEM)
    if hem >= split - 0.004:
        return cloth
    first = len(cloth.values)
    cloth = _weigh_tube(figure, _lengthen(figure, cloth, _list_hems(cloth)[:1], split - hem), first)
    cloth = replace(cloth, values=_relax_seat(figure, cloth, split))
    return replace(cloth, values=_share_between_legs(cloth, first))


def get_hem_height(figure: Figure, garment: Garment) -> float:
    """Height of the lower edge, metres: by the leg for a garment that ends on it, otherwise from the crotch."""
    if garment.leg is not None:
        hip, ankle = (float(figure.heads[name][1]) for name in ("LeftUpLeg", "LeftFoot"))
        return hip - garment.leg * (hip - ankle)
    return figure.crotch + garment.hem * figure.scale


def hangs_below(figure: Figure, garment: Garment) -> bool:
    """Whether it hangs about both legs: coats, long shirts, dresses and skirts."""
    return garment.kind != "trousers" and get_hem_height(figure, garment) < figure.crotch


def _cut_lower(figure: Figure, garment: Garment) -> Cloth:
    waist = figure.waist + garment.rise * figure.scale
    # Arms are above the waist in the T-pose.
    cloth = trim(figure.tights, lambda c: waist - c.get("bind")[:, 1], Line.WAIST)
    if garment.kind == "skirt":
        return _cut_hem(figure, garment, cloth, is_tucked=False)
    leg = garment.leg or 1.0
    cloth = trim(cloth, lambda c: np.float32(min(leg, _LONGEST_CUT)) - c.get("leg"), Line.HEM)
    hip, ankle = (float(figure.heads[name][1]) for name in ("LeftUpLeg", "LeftFoot"))
    if leg <= _LONGEST_CUT:
        return cloth
    # What lies on a shoe moves with the foot.
    return _weigh_tube(figure, _lengthen(figure, cloth, _list_hems(cloth)[:2], (leg - _LONGEST_CUT) * (hip - ankle)), len(cloth.values))


def get_x(cloth: Cloth) -> Floats:
    """(n,) towards the character's left, in the T-pose."""
    return cloth.get("bind")[:, 0]


def get_depth(cloth: Cloth) -> Floats:
    """(n,) in front of the middle between front and back."""
    return cloth.get("depth")


def _make_neck_field(figure: Figure, garment: Garment) -> Field:
    """Distance outside of a ball about the neck, the cut of the neckline."""
    (centre, radius), scale = figure.neck, figure.scale
    reach = {"collar": 0.0, "high": -0.004, "crew": 0.013, "v": 0.013, "scoop": 0.046, "boat": 0.022}[garment.neck] * scale
    reach += _COLLAR_ROOM_M * scale if garment.layer and garment.neck == "v" else 0.0
    ahead = {"scoop": 0.042, "crew": 0.006}.get(garment.neck, 0.0) * scale
    narrow = 0.72 if garment.neck == "boat" else 1.0
    bottom = float(centre[1]) - (radius + garment.neck_depth * scale)

    def field(cloth: Cloth) -> Floats:
        away = cloth.get("bind") - centre - np.array([0, 0, ahead], np.float32)
        found = np.linalg.norm(away * np.array([narrow, 1, 1], np.float32), axis=1) - radius - reach
        if garment.neck == "v" or garment.opens:
            rise = np.clip((cloth.get("bind")[:, 1] - bottom) / max(float(centre[1]) - bottom, 1e-3), -0.5, 1.2)
            half = garment.neck_width * scale * np.sign(rise) * np.abs(rise) ** 0.85
            wedge = np.where(get_depth(cloth) > 0, np.abs(get_x(cloth)) - half, 1.0)
            found = np.minimum(found, wedge)
        return np.asarray(found, np.float32)

    return field


def list_seams(figure: Figure, garment: Garment, cloth: Cloth) -> list[Seam]:
    """Where a tailor sews: armholes and side seams, one seam under a sleeve; both sides and the middle of trousers."""
    if garment.kind == "trousers":
        return [Seam(Line.CENTRE, get_x), Seam(Line.SIDE, get_depth)]
    seams = [Seam(Line.SIDE, get_depth, _find_side_seam(figure, cloth))]
    if garment.kind != "skirt" and garment.sleeve > 0.12:
        seams.append(Seam(Line.ARMHOLE, lambda c: np.abs(get_x(c)) - np.float32(figure.armhole)))
    return seams


def _find_side_seam(figure: Figure, cloth: Cloth) -> Bools:
    """(n,) vertices of the torso, and those below the axis of an arm."""
    bind = cloth.get("bind")
    is_torso = np.abs(bind[:, 0]) < figure.armhole + 1e-4
    return np.asarray(is_torso | (bind[:, 1] < float(figure.heads["LeftForeArm"][1])))


def _list_hems(cloth: Cloth) -> list[Int64s]:
    """The border loops, the lowest first."""
    bind = cloth.get("bind")
    return sorted(order_borders(cloth.triangles), key=lambda vertices: float(bind[vertices, 1].mean()))


def _lengthen(figure: Figure, cloth: Cloth, loops: Sequence[Int64s], length: float) -> Cloth:
    """The cloth with rows added below these border loops, so long in metres: straight down, about both legs ever rounder."""
    rows = max(2, round(length / _ROW_M))
    drop = (np.arange(1, rows + 1) / rows * length)[:, None].astype(np.float32)
    hip, ankle = (float(figure.heads[name][1]) for name in ("LeftUpLeg", "LeftFoot"))
    for loop in loops:
        count, first = len(loop), len(cloth.values)
        added = np.repeat(cloth.values[loop][None], rows, 0)
        for name in ("bind", "rest"):
            if len(loops) == 1:
                places = added[0, :, COLUMNS[name]]
                added[:, :, COLUMNS[name]] += np.minimum(drop / _ROUNDING_M, 1)[:, :, None] * (_round_off(places) - places)
            added[:, :, COLUMNS[name].start + 1] -= drop
        added[:, :, COLUMNS["leg"]] += (drop / (hip - ankle))[:, :, None]
        index = np.concatenate([loop[None], first + np.arange(rows * count).reshape(rows, count)])
        after = np.roll(index, -1, 1)
        upper = np.stack([after[:-1], index[:-1], index[1:]], -1).reshape(-1, 3)
        lower = np.stack([after[:-1], index[1:], after[1:]], -1).reshape(-1, 3)
        lines = cloth.lines.copy()
        below = np.tile(lines[loop] & int(Line.SIDE | Line.CENTRE), (rows, 1))
        below[-1] |= Line.HEM
        lines[loop] &= ~int(Line.HEM)
        cloth = Cloth(
            np.concatenate([cloth.values, added.reshape(-1, cloth.values.shape[1])]),
            np.concatenate([cloth.triangles, upper, lower]).astype(np.int32),
            np.concatenate([lines, below.ravel()]).astype(np.int32),
        )
    return cloth


def _round_off(loop: Floats) -> Floats:
    """(k,3) a closed line about both legs without its notches between them, its points spread evenly; as wide and as deep as before."""
    found = loop.astype(np.float64)
    for _ in range(_ROUNDING_ROUNDS):
        found = 0.5 * found + 0.25 * (np.roll(found, 1, 0) + np.roll(found, -1, 0))
    low, high = loop.min(0), loop.max(0)
    share = (found - found.min(0)) / np.maximum(np.ptp(found, axis=0), 1e-6)
    rounded = low + share * (high - low)
    rounded[:, 0] *= np.abs(loop[:, 0]) > 1e-6  # a front that is cut open stays on its line
    return np.asarray(np.stack([rounded[:, 0], loop[:, 1], rounded[:, 2]], 1), np.float32)


def _weigh_tube(figure: Figure, cloth: Cloth, first: int) -> Cloth:
    """The cloth with weights of its vertices from `first` on taken from the nearest legs."""
    from scipy.spatial import cKDTree

    source = figure.tights
    distance, nearest = cKDTree(source.get("bind")).query(cloth.get("bind")[first:], 6)
    share = 1 / np.maximum(distance, 1e-4)
    share /= share.sum(1, keepdims=True)
    weights = cloth.get("weights").copy()
    weights[first:] = np.einsum("nk,nkj->nj", share, source.get("weights")[nearest])
    smooth = average_over_edges(weights, cloth.triangles, 6)
    weights[first:] = smooth[first:]
    values = cloth.values.copy()
    values[:, COLUMNS["weights"]] = split_legs(weights)
    return replace(cloth, values=values)


def _relax_seat(figure: Figure, cloth: Cloth, height: float) -> Floats:
    """(n,WIDTH) the cloth's values with vertices around a height spread evenly: those of a notch between the legs are crowded there."""
    from assets.mesh import find_boundary_edges

    values, bind = cloth.values.copy(), cloth.get("bind")
    near = np.exp(-(((bind[:, 1] - height) / (_RELAXED_M * figure.scale)) ** 2))
    near[find_boundary_edges(cloth.triangles).ravel()] = 0
    middle = np.abs(bind[:, 0]) < 1e-6
    for name in ("bind", "rest"):
        columns = COLUMNS[name]
        places = values[:, columns].copy()
        for _ in range(_RELAXED_ROUNDS):
            moved = average_over_edges(places, cloth.triangles, 1)
            moved[:, 1] = places[:, 1]
            places += near[:, None].astype(np.float32) * (moved - places)
        places[middle, 0] = 0
        values[:, columns] = places
    return values


def _share_between_legs(cloth: Cloth, first: int) -> Floats:
    """(n,WIDTH) the cloth's values; from vertex `first` on it passes evenly from one leg to the other: it is one piece, not two tubes."""
    values = cloth.values.copy()
    weights, x = values[first:, COLUMNS["weights"]], get_x(cloth)[first:]
    left, right = (np.isin(JOINTS, [side + name for name in LEG_JOINTS]) for side in ("Left", "Right"))
    left_sum, right_sum = weights[:, left].sum(1), weights[:, right].sum(1)
    both = left_sum + right_sum
    share = np.clip(0.5 + 0.5 * x / (_LEG_BLEND * float(np.abs(x).max())), 0, 1)
    # Joints along a leg by the mean of both legs, where the other one has none.
    along = (weights[:, left] + weights[:, right]) / np.maximum(both, 1e-6)[:, None]
    weights[:, left], weights[:, right] = along * (share * both)[:, None], along * ((1 - share) * both)[:, None]
    values[first:, COLUMNS["weights"]] = weights
    return values


def add_ease(figure: Figure, garment: Garment, cloth: Cloth, *, is_tucked: bool, base: float = 0.0) -> Floats:
    """(n,3) the shell in the A-pose, smoothed and moved off the body by the ease of its cut, plus `base` metres."""
    points = _smooth_along_normals(cloth.get("rest"), cloth.triangles)
    bind, arm = cloth.get("bind"), cloth.get("arm")
    chest = float(figure.heads["Spine2"][1])
    torso = 0.010 + 0.012 * np.clip((chest - bind[:, 1]) / (chest - figure.crotch), 0, 1)
    # Nothing stands off at the neck and on the shoulder.
    torso *= np.clip((float(figure.neck[0][1]) - figure.neck[1] * 0.3 - bind[:, 1]) / (0.12 * figure.scale), 0.12, 1)
    if garment.kind in ("trousers", "skirt"):
        torso = np.interp(cloth.get("leg"), *_EASE_LEG)
    sleeve = np.interp(cloth.get("sleeve"), *_EASE_ARM)
    ease = (torso * (1 - arm) + sleeve * arm) * garment.fit
    if is_tucked:
        ease = np.minimum(ease, 0.004 + 0.08 * np.maximum(bind[:, 1] - figure.waist, 0))
    return np.asarray(points + _normals(points, cloth) * (ease * figure.scale + base)[:, None], np.float32)


def _normals(points: Floats, cloth: Cloth) -> Floats:
    return compute_vertex_normals(points, cloth.triangles, product=np.float64, total=np.float64, floor=1e-12)


def _smooth_along_normals(points: Floats, triangles: np.ndarray) -> Floats:
    """(n,3) smoothed, moving along normals alone: a drift along the surface would bend what is drawn by distances."""
    normals = compute_vertex_normals(points, triangles, product=np.float64, total=np.float64, floor=1e-12)
    move = average_over_edges(points, triangles, _SMOOTHING_ROUNDS) - points
    from assets.mesh import find_boundary_edges

    inner = np.ones(len(points), np.float32)
    inner[find_boundary_edges(triangles).ravel()] = 0
    along = dot(move, normals) * np.minimum(average_over_edges(inner[:, None], triangles, 2)[:, 0] * 1.3, 1) * inner
    return np.asarray(points + normals * along[:, None], np.float32)


def hang(figure: Figure, garment: Garment, cloth: Cloth, points: Floats) -> Floats:
    """(n,3) the shell in the A-pose, with no point nearer to the axis of its torso or leg than the bulges above it, less a taper.

    This is what makes it cloth and not a second skin; with flare, the distance grows towards the hem.
    """
    found = points.copy()
    free = 1 - np.clip((cloth.get("arm") - 0.05) / 0.3, 0, 1)
    is_leg = (garment.kind == "trousers") & (cloth.get("bind")[:, 1] < figure.crotch)
    found = _hang_about(figure, garment, cloth, found, np.where(is_leg, 0, free), 0)
    for side in (-1, 1) if garment.kind == "trousers" else ():
        # Between the thighs there is no room to hang in.
        below = np.clip((figure.crotch - cloth.get("bind")[:, 1]) / (_FORK_M * figure.scale), 0, 1)
        chosen = is_leg & (np.sign(get_x(cloth)) == side)
        found = _hang_about(figure, garment, cloth, found, chosen * below, side)
    return _keep_sides(cloth, found) if garment.kind == "trousers" else _keep_off_hands(figure, garment, cloth, found)


def _keep_off_hands(figure: Figure, garment: Garment, cloth: Cloth, points: Floats) -> Floats:
    """(n,3) the points, those next to the hands nearer to the middle than these, but with room for the hips and what is worn there."""
    low, high, inside = figure.hands
    heights = points[:, 1]
    off = np.maximum(np.maximum(low - heights, heights - high), 0)
    bodily = cloth.get("arm") < 0.02
    legs = figure.tights.get("rest")[(figure.tights.get("arm") < 0.02)]
    outer = np.interp(heights, *_find_half_widths(legs))
    limit = np.maximum(inside - _HAND_GAP_M + off, outer + _LEG_CLEARANCE_M + _LAYER_ROOM_M * garment.layer * figure.scale)
    found = points.copy()
    found[:, 0] = np.where(bodily, np.clip(points[:, 0], -limit, limit), points[:, 0])
    return found


def _find_half_widths(points: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Heights (k,) and the largest |x| (k,) of the points (n,3) around each."""
    bins = np.arange(float(points[:, 1].min()), float(points[:, 1].max()), 0.02)
    index = np.clip(np.digitize(points[:, 1], bins) - 1, 0, len(bins) - 1)
    widest = np.zeros(len(bins))
    np.maximum.at(widest, index, np.abs(points[:, 0]))
    return bins + 0.01, widest


def _keep_sides(cloth: Cloth, points: Floats) -> Floats:
    """(n,3) the points, with each leg on its own side of the body."""
    side, before = np.sign(get_x(cloth)), np.abs(cloth.get("rest")[:, 0])
    found = points.copy()
    found[:, 0] = side * np.maximum(side * points[:, 0], np.minimum(before, _MIN_SIDE_M))
    return found


def _hang_about(figure: Figure, garment: Garment, cloth: Cloth, points: Floats, share: Floats, side: int) -> Floats:
    chosen = np.flatnonzero(share > 0)
    at = points[chosen].astype(np.float64)
    axis = _find_axis(figure, at, side)
    away = at - axis
    radius, angle = np.hypot(away[:, 0], away[:, 2]), np.arctan2(away[:, 0], away[:, 2])
    bulge_r, bulge_a, bulge_y = radius, angle, at[:, 1]
    if side == 0 and garment.kind != "trousers":
        legs = _list_legs(figure, float(at[:, 1].min()))
        bulge_r = np.concatenate([bulge_r, np.hypot(legs[:, 0], legs[:, 2]) + _LEG_CLEARANCE_M])
        bulge_a = np.concatenate([bulge_a, np.arctan2(legs[:, 0], legs[:, 2])])
        bulge_y = np.concatenate([bulge_y, legs[:, 1]])
    turn = np.abs((angle[:, None] - bulge_a[None] + np.pi) % (2 * np.pi) - np.pi)
    rise = bulge_y[None] - at[:, 1:2]
    reach = np.where((turn < _BULGE_RAD) & (rise >= -0.004), bulge_r[None] - garment.taper * rise, 0).max(1)
    low = np.clip((figure.waist - cloth.get("bind")[chosen, 1]) / (_SEAT_M * figure.scale), 0, 1) * (garment.kind != "trousers")
    # Over the seat it spans from side to side.
    mix = (_HANG_LEGS if side else _HANG_TORSO + (1 - _HANG_TORSO) * low) * share[chosen]
    wide = radius + mix * np.maximum(reach - radius, 0)
    leg = np.clip(cloth.get("leg")[chosen], -0.2, 1)
    start = _FLARE_START if garment.kind != "trousers" else 0.35
    wide = wide + garment.flare * figure.scale * np.clip(leg - start, 0, None) * share[chosen]
    found = points.copy()
    found[chosen] = axis + away * np.stack([wide / np.maximum(radius, 1e-6), np.ones(len(at)), wide / np.maximum(radius, 1e-6)], 1)
    return np.asarray(found, np.float32)


def _find_axis(figure: Figure, points: np.ndarray, side: int) -> np.ndarray:
    """(n,3) for each point the place of the axis at its height: the torso's, or a leg's from hip to ankle."""
    axis = np.zeros_like(points)
    axis[:, 1] = points[:, 1]
    rest = figure.tights.get("rest")
    # Feet would bend the axis forwards.
    chosen = (figure.tights.get("arm") < 0.02) & (figure.tights.get("leg") < _LONGEST_CUT)
    if side:
        chosen &= (np.sign(get_x(figure.tights)) == side) & (figure.tights.get("bind")[:, 1] < figure.crotch)
    order = np.argsort(rest[chosen, 1])
    heights, places = rest[chosen][order, 1], rest[chosen][order]
    step = np.linspace(heights[0], heights[-1], 40)
    index = np.searchsorted(heights, step)
    window = max(8, len(heights) // 20)
    for k in (0, 2):
        if k == 0 and not side:
            continue
        middle = [np.ptp(part) / 2 + part.min() for part in (places[max(i - window, 0) : i + window, k] for i in index)]
        axis[:, k] = np.interp(points[:, 1], step, np.convolve(np.pad(middle, 2, mode="edge"), np.ones(5) / 5, mode="valid"))
    return axis


def _list_legs(figure: Figure, lowest: float) -> np.ndarray:
    """(m,3) points of the legs about the torso's axis, down to this height."""
    rest = figure.tights.get("rest").astype(np.float64)
    chosen = (figure.tights.get("arm") < 0.02) & (figure.tights.get("leg") > 0) & (rest[:, 1] > lowest)
    legs = rest[chosen]
    return np.asarray(legs - np.stack([np.zeros(len(legs)), np.zeros(len(legs)), _find_axis(figure, legs, 0)[:, 2]], 1))


def list_pins(figure: Figure, garment: Garment, cloth: Cloth, *, is_tucked: bool) -> Bools:
    """(n,) vertices that are held: the waistband; neckline and shoulder seam; a tucked hem."""
    lines, bind = cloth.lines, cloth.get("bind")
    if garment.kind in ("trousers", "skirt"):
        return np.asarray((lines & Line.WAIST) != 0)
    shoulder = ((lines & Line.SIDE) != 0) & (bind[:, 1] > float(figure.heads["LeftArm"][1])) & (np.abs(bind[:, 0]) < figure.armhole)
    pinned = ((lines & Line.NECK) != 0) | shoulder
    if garment.opens:
        pinned = (pinned & (bind[:, 1] > float(figure.heads["Spine2"][1]))) | shoulder
    if is_tucked:
        pinned |= (lines & Line.HEM) != 0
    return np.asarray(pinned)
