"""Hair for one head: strands are grown once, then drawn at three levels of detail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Image, Material, Mesh, Part, Skin
from assets.artefacts.hair import HairRig
from assets.rotation import normalize_vectors
from assets.skinning import apply_matrices, blend_matrices, limit_influences, weight_by_height
from stages.groom.detail import BUNDLE, GroomDetail
from stages.groom.hair.atlas import Atlas, HairColour, curl_uv, paint_atlas
from stages.groom.hair.caps import is_combed_back, is_long, plan_caps
from stages.groom.hair.chart import Bools, Floats, load_chart
from stages.groom.hair.guides import (
    FaceGuard,
    Strands,
    add_waves,
    choose_lengths,
    grow_strands,
    join_clumps,
    join_strands,
    trim,
)
from stages.groom.hair.hanging import HangingStrands, StrandLock, plan_chains, weight_to_chains
from stages.groom.hair.head import Head, Surface
from stages.groom.hair.roots import Roots, sample_fringe, sample_scalp
from stages.groom.hair.strips import Cards, build_ropes, build_sheet, build_strips, join_cards
from stages.groom.hair.style import Fringe, Style, is_cropped
from stages.groom.hair.ties import choose_ties, comb_to_tie, grow_tail, round_puff, wind_bun

LEVELS = (4000, 1500, 400)
"""Triangles of the hair of a head, at most: desktop, web, crowd."""
HAIR, EDGE, ALBEDO = "hair", "hair_edge", "hair_albedo"
_EDGE_DEPTH_M = 0.009
_EDGE_LENGTH_M, _EDGE_WIDTH = 0.030, 0.5
_FRINGE_STRIPS, _FRINGE_LENGTH_M = 60, 0.14
_SEGMENT_SHARES = {"scalp": (1.0, 0.72, 0.5), "cap": (1.0, 1.0, 0.5), "skirt": (1.0, 0.85, 0.72)}
"""On a sheet, chords of long segments would dive into it and stand off it."""
_EDGE_SHARES = (0.16, 0.16, 0.0)
"""Of a level's triangles, for the row along the hairline."""
_CROWD_FRINGE = 3.0
"""Factor on the weight of a fringe in crowds, where nothing is under it but the forehead."""
_SHEETS = ("sheet", "ring")
_SHEET_COLUMNS, _SHEET_SEGMENTS, _MIN_COLUMNS = (0, 32, 22), (0, 6, 5), 10
"""Strands and segments of the sheets of a head at each level, and the fewest strands of one of several sheets.

None at the finest level: there cards alone close the crown, and the part stays open.
"""
_WISPS = (1.0, 0.6, 0.3)
"""Share of the atlas's columns that a level uses: few wide cards of wisps are strings."""
_WIDEN, _WIDEN_PUFFS, _MAX_WIDEN = 0.62, 0.5, 2.4
_MAX_WIDENS = {"scalp": _MAX_WIDEN, "cap": 1.5, "skirt": 1.8}
"""Cards that lie on a sheet need not close the crown, and wide ones stand off like tiles."""
"""Exponents by which fewer strips, and fewer quads of curls, are wider; and the limit of the former."""

_BRAID_WEIGHT = 40.0
"""Strands of loose hair that one of a braid stands for."""


@dataclass(frozen=True)
class GrownHair:
    """Hair as the groom takes it."""

    levels: tuple[tuple[Part, ...], ...]
    materials: tuple[Material, ...]
    images: dict[str, Image]
    atlas: Atlas | None = None
    rig: HairRig | None = None
    """Chains of the hair that hangs."""


Rows = NDArray[np.int64]
Fit = Callable[[Floats], tuple[Floats, Bools]]
"""Moves points (n,3) in the T-pose off the clothes and into the hat; (n,) which of them nobody can see."""


def grow_hair(body: Body, style: Style, colour: HairColour, seed: int, fit: Fit | None = None, detail: GroomDetail = BUNDLE) -> GrownHair:
    """The hair of a style on this body, fitted to what is worn, within the LEVELS of triangles."""
    if style.kind == "none":
        return GrownHair((), (), {})
    rng = np.random.default_rng([seed, 0x6A12])
    head = Head.from_body(body)
    groups = _grow_groups(head, style, rng)
    atlas = paint_atlas(
        colour, np.random.default_rng([seed, 0xA71A]), curls=style.curl_texture, side=detail.hair_side, steps=detail.strand_steps
    )
    rigging = _plan_rigging(groups, head, body) if detail.hair_level is None else None
    chosen = range(len(LEVELS)) if detail.hair_level is None else (detail.hair_level,)
    levels = tuple(
        # Few cards of cropped hair are studs; on these levels it is paint and relief.
        () if level and is_cropped(style) else _build_level(body, head, groups, rigging, level, LEVELS[level], seed, fit)
        for level in chosen
    )
    base = Material(HAIR, ALBEDO, colour=atlas.factor, roughness=style.roughness, alpha="MASK", alpha_cutoff=0.35,
                    double_sided=style.kind == "lying" and not is_cropped(style), specular=style.gloss)  # fmt: skip
    # Blended: MASK breaks the thin row along the hairline into dashes.
    edge = replace(base, name=EDGE, alpha="BLEND", double_sided=True)
    return GrownHair(levels, (base, edge), {ALBEDO: atlas.image}, atlas, rigging.rig if rigging else None)


Support = Literal["scalp", "cap", "skirt"]


@dataclass(frozen=True)
class _Group:
    """Strands that are drawn alike, in an order in which any first few cover the whole evenly."""

    strands: Strands
    kind: str
    """lying, upright, puff, rope, braid, sheet (open) or ring (a closed sheet)."""
    width: float
    segments: int
    weight: float = 1.0
    """Share of the triangles of its level, relative to the other groups."""
    support: Support = "scalp"
    """What it lies on: painted scalp, a cap that closes the crown, or cap and skirt."""
    first_level: int = 0
    """The finest level of detail that has it."""
    is_bound: bool = False
    """A tail or a braid, which swings as one."""


def _grow_groups(head: Head, style: Style, rng: np.random.Generator) -> list[_Group]:
    surface = Surface.from_head(head, with_ears=not style.keep_ears_free)
    # Roots are drawn by a fixed seed: they are the same on every body, and are cached.
    roots = sample_scalp(style.hairline, style.strips, 1, (0.004, 1.0))
    roots = roots[_find_uncut(roots, style)]
    groups: list[_Group] = []
    free = roots
    if style.ties:
        tie = choose_ties(roots, style)
        free = roots[tie < 0]
        groups += _grow_tied(head, surface, roots, tie, style, rng)
    if len(free):
        groups.append(_grow_free(head, surface, free, style, rng))
    if style.fringe:
        groups.append(_grow_fringe(head, surface, style, style.fringe, rng))
    if style.edge_strips:
        groups.append(_grow_edge(head, surface, style, rng))
    for sheet in plan_caps(head, surface, style):
        groups.append(_Group(sheet.strands, "ring" if sheet.is_closed else "sheet", 0.0, style.segments, first_level=sheet.first_level))
    return groups


def _find_uncut(roots: Roots, style: Style) -> Bools:
    """(n,) roots of hair that is not shaved to the skin."""
    across = np.abs(roots.place(load_chart().arms)[:, 0])
    return np.asarray((roots.elevation >= style.undercut) & (across < style.crest))


def _grow_free(head: Head, surface: Surface, roots: Roots, style: Style, rng: np.random.Generator) -> _Group:
    strands = grow_strands(head, surface, roots, style, rng, choose_lengths(roots, style, rng))
    strands = join_clumps(strands, style.clump, rng)
    strands = add_waves(strands, style, head, rng)
    strands = trim(strands, head, style, FaceGuard(head, roots, style).is_fringe, rng)
    return _Group(strands, style.kind, style.width, style.segments, support=_find_support(style))


def _find_support(style: Style) -> Support:
    if is_long(style) and style.kind in ("lying", "rope"):
        return "skirt"
    return "cap" if is_combed_back(style) else "scalp"


def _grow_tied(head: Head, surface: Surface, roots: Roots, tie: np.ndarray, style: Style, rng: np.random.Generator) -> list[_Group]:
    groups = []
    for k, where in enumerate(style.ties):
        chosen = roots[tie == k]
        lying = comb_to_tie(head, surface, chosen, where, style, rng, is_edge=False)
        groups.append(_Group(lying, "lying", style.width, style.segments, support="cap"))
        if where.kind == "tail":
            tail = grow_tail(head, surface, where, 46, rng)
            tail = add_waves(tail, style, head, rng)
            groups.append(_Group(tail, "lying", style.width * 1.1, max(style.segments + 2, 7), 0.8, is_bound=True))
        elif where.kind == "bun":
            groups.append(_Group(wind_bun(head, where, 80, rng), "lying", where.radius * 0.62, 4, 1.2))
        elif where.kind == "braid":
            braid = grow_tail(head, surface, replace(where, radius=0.001), 1, rng)
            groups.append(_Group(braid, "braid", where.radius, max(10, round(where.length / where.radius / 0.9)), 0.5, is_bound=True))
        elif where.kind == "puff":
            groups.append(_Group(round_puff(head, where, 150, rng), "puff", where.radius * 0.62, 1, 1.2))
    return groups


def _grow_fringe(head: Head, surface: Surface, style: Style, fringe: Fringe, rng: np.random.Generator) -> _Group:
    roots = sample_fringe(style.hairline, fringe.azimuth, _FRINGE_STRIPS, 3, (0.004, fringe.depth))
    strands = grow_strands(head, surface, roots, style, rng, np.full(len(roots), _FRINGE_LENGTH_M, np.float32))
    strands = trim(strands, head, style, np.ones(len(roots), bool), rng)
    return _Group(strands, "fringe", style.width, 4, 1.3)


def _grow_edge(head: Head, surface: Surface, style: Style, rng: np.random.Generator) -> _Group:
    roots = sample_scalp(style.hairline, style.edge_strips, 2, (0.0005, _EDGE_DEPTH_M))
    roots = roots[_find_uncut(roots, style)]
    if style.ties:
        tie = choose_ties(roots, replace(style, tied_above=-90))
        parts = [comb_to_tie(head, surface, roots[tie == k], where, style, rng, is_edge=True) for k, where in enumerate(style.ties)]
        return _Group(join_strands(parts), "edge", style.width * _EDGE_WIDTH, 2)
    shortest = min(style.length_top, style.length_side, style.length_back)
    lengths = np.full(len(roots), min(_EDGE_LENGTH_M, 0.9 * shortest), np.float32) * rng.uniform(0.6, 1.1, len(roots)).astype(np.float32)
    strands = grow_strands(head, surface, roots, replace(style, thickness=style.thickness * 0.4), rng, lengths, is_edge=True)
    return _Group(
        trim(strands, head, replace(style, cut=None, fringe=None), np.zeros(len(roots), bool), rng), "edge", style.width * _EDGE_WIDTH, 2
    )


@dataclass(frozen=True)
class _Rigging:
    """The chains of a head, and how the strands of its groups follow them."""

    rig: HairRig
    hanging: HangingStrands
    firsts: tuple[int, ...]
    """Of each group that is not the row along the hairline, the number of its first strand."""

    def weight(self, points: Floats, cards: Cards, drawn: list[Rows], body: Body) -> Skin:
        """Influences of points (v,3) of the cards of the strands drawn of each group, in the bind pose."""
        rows = np.concatenate([first + chosen for first, chosen in zip(self.firsts, drawn, strict=True)])
        return weight_to_chains(points, cards.strand, self.hanging.select(rows), self.rig, body)


def _plan_rigging(groups: list[_Group], head: Head, body: Body) -> _Rigging | None:
    inner = _list_inner(groups)
    if not inner:
        return None
    locks = [StrandLock(g.strands.points, g.is_bound, _BRAID_WEIGHT if g.kind == "braid" else 1.0) for g in inner]
    planned = plan_chains(locks, head, body)
    firsts = np.cumsum([0, *(len(group.strands) for group in inner)])[:-1]
    return _Rigging(*planned, tuple(int(first) for first in firsts)) if planned else None


def _list_inner(groups: list[_Group]) -> list[_Group]:
    """All but the row along the hairline."""
    return [group for group in groups if group.kind != "edge" and len(group.strands)]


def _build_level(
    body: Body, head: Head, groups: list[_Group], rigging: _Rigging | None, level: int, budget: int, seed: int, fit: Fit | None
) -> tuple[Part, ...]:
    """The parts of one level: the hair, and the row along its line."""
    rng = np.random.default_rng([seed, 0x5721, level])
    edges = [g for g in groups if g.kind == "edge" and len(g.strands)]
    inner = _list_inner(groups)
    edge_budget = int(budget * _EDGE_SHARES[level]) if edges else 0
    drawn = _choose_strands(inner, budget - edge_budget, level)
    cards = [_draw(group, head, rows, level, rng) for group, rows in zip(inner, drawn, strict=True) if len(rows)]
    whole = join_cards(cards)
    parts = [_skin(whole, HAIR, body, fit, partial(rigging.weight, cards=whole, drawn=drawn, body=body) if rigging else None)]
    if edge_budget:
        segments = 2 if level == 0 else 1
        count = min(len(edges[0].strands), edge_budget // (2 * segments))
        parts.append(_skin(_draw_strips(edges[0], head, count, segments, rng, level), EDGE, body, fit))
    return tuple(part for part in parts if len(part.mesh.triangles))


def _segments_at(group: _Group, level: int) -> int:
    if group.kind in _SHEETS:
        return min(group.segments + 1, _SHEET_SEGMENTS[level])
    return max(1, round(group.segments * _SEGMENT_SHARES["scalp" if group.kind == "rope" else group.support][level]))


def _triangles_each(group: _Group, level: int) -> int:
    segments = _segments_at(group, level)
    return {"lying": 2, "fringe": 2, "upright": 4, "puff": 4, "rope": 6, "braid": 6}[group.kind] * segments


def _choose_strands(groups: list[_Group], budget: int, level: int) -> list[Rows]:
    """Of each group the numbers of the strands that are drawn: caps first, and cards of what is left."""
    sheets = [k for k, group in enumerate(groups) if group.kind in _SHEETS and level >= group.first_level]
    rows: list[Rows] = [np.zeros(0, np.int64) for _ in groups]
    for k in sheets:
        columns = max(_MIN_COLUMNS, _SHEET_COLUMNS[level] // len(sheets))
        is_ring = groups[k].kind == "ring"
        last = len(groups[k].strands) - (not is_ring)
        rows[k] = np.round(np.linspace(0, last, columns, endpoint=not is_ring)).astype(np.int64)
        budget -= 2 * _segments_at(groups[k], level) * (columns if is_ring else columns - 1)
    # From afar a cap looks like combed hair, and few cards on it like tiles.
    others = [k for k, group in enumerate(groups) if group.kind not in _SHEETS and not (group.support == "cap" and level == 2)]
    counts = _share([groups[k] for k in others], budget, level)
    for k, count in zip(others, counts, strict=True):
        rows[k] = np.arange(count)
    return rows


def _share(groups: list[_Group], budget: int, level: int) -> list[int]:
    """Strands of each group that fit into the budget of triangles together; every group has at least one."""
    each = [_triangles_each(group, level) for group in groups]
    counts = [0] * len(groups)
    weights = [g.weight * (_CROWD_FRINGE if g.kind == "fringe" and level == 2 else 1) for g in groups]
    left, weight = float(budget), sum(len(g.strands) * e * w for g, e, w in zip(groups, each, weights, strict=True))
    # The groups that need least first: what they leave goes to the others.
    for k in sorted(range(len(groups)), key=lambda k: len(groups[k].strands) * each[k]):
        share = len(groups[k].strands) * each[k] * weights[k]
        counts[k] = min(len(groups[k].strands), max(1, int(left * share / weight // each[k])))
        left, weight = left - counts[k] * each[k], weight - share
    return counts


def _draw(group: _Group, head: Head, rows: Rows, level: int, rng: np.random.Generator) -> Cards:
    segments, count = _segments_at(group, level), len(rows)
    if group.kind in _SHEETS:
        return build_sheet(
            group.strands.select(rows), head, segments, Surface.from_head(head, with_ears=False), is_closed=group.kind == "ring"
        )
    if group.kind in ("rope", "braid"):
        widen = (len(group.strands) / count) ** 0.5
        widen = min(widen, _MAX_WIDENS["skirt"]) if group.support == "skirt" and level == 2 else widen
        return build_ropes(group.strands.select(slice(count)), head, segments, group.width * widen, rng, braided=group.kind == "braid")
    if group.kind == "puff":
        return _draw_puffs(group, head, count, rng)
    return _draw_strips(group, head, count, segments, rng, level)


def _draw_strips(group: _Group, head: Head, count: int, segments: int, rng: np.random.Generator, level: int) -> Cards:
    widen = min((len(group.strands) / count) ** _WIDEN, _MAX_WIDEN if level == 0 else _MAX_WIDENS[group.support])
    strands = group.strands.select(slice(count))
    return build_strips(
        strands,
        head,
        segments,
        group.width * widen,
        rng,
        both_sides=group.kind == "upright",
        level_tips=group.kind == "fringe",
        wisps=_WISPS[level] if group.support != "scalp" else 1.0,
    )


def _draw_puffs(group: _Group, head: Head, count: int, rng: np.random.Generator) -> Cards:
    strands = group.strands.select(slice(count))
    return build_puffs(strands, head, group.width * (len(group.strands) / count) ** _WIDEN_PUFFS, rng)


def build_puffs(strands: Strands, head: Head, width: float, rng: np.random.Generator) -> Cards:
    """Quads of curls, standing across the direction of growth at different heights."""
    count = len(strands)
    size = width * head.scale * rng.uniform(0.8, 1.25, count)
    height = 0.45 + 0.5 * strands.rank
    index = np.clip((height * (strands.points.shape[1] - 1)).astype(int), 1, strands.points.shape[1] - 1)
    rows = np.arange(count)
    middle = strands.points[rows, index]
    outward = normalize_vectors(strands.points[rows, index] - strands.points[rows, 0], 1e-6)
    spin = rng.standard_normal((count, 3))
    # Mostly facing outwards: what stands on edge shows as a line.
    facing = normalize_vectors(outward + 0.55 * spin, 1e-6)
    one = normalize_vectors(np.cross(facing, rng.standard_normal((count, 3))), 1e-6)
    two = np.cross(facing, one)
    half = 0.5 * size[:, None]
    corners = np.stack([middle - one * half - two * half, middle + one * half - two * half, middle + one * half + two * half,
                        middle - one * half + two * half], 1)  # fmt: skip
    normals = normalize_vectors(0.8 * outward[:, None] + 0.2 * normalize_vectors(corners - head.centre, 1e-6), 1e-6)
    shade = np.clip(0.42 + 0.58 * strands.rank, 0, 1)[:, None] * np.ones(4) * (1 - 0.1 * rng.random((count, 1)))
    quad = np.array([[0, 1, 2], [0, 2, 3], [2, 1, 0], [3, 2, 0]])
    triangles = (quad[None] + 4 * rows[:, None, None]).reshape(-1, 3).astype(np.int32)
    return Cards(corners.reshape(-1, 3).astype(np.float32), normals.reshape(-1, 3).astype(np.float32), curl_uv(count, rng).reshape(-1, 2),
                 shade.reshape(-1).astype(np.float32), triangles, np.repeat(rows, 4).astype(np.int32))  # fmt: skip


def _skin(cards: Cards, name: str, body: Body, fit: Fit | None, weight: Callable[[Floats], Skin] | None = None) -> Part:
    """The cards as a part in the T-pose: on the head's joint, below it on those of the neck and the chest or, where it hangs, on chains."""
    skin = limit_influences(weight_by_height(cards.positions, body.skeleton))
    points, normals = move_to_bind(cards, skin, body)
    triangles = cards.triangles
    if fit is not None:
        points, unseen = fit(points)
        triangles = triangles[~unseen[triangles].all(1)]
    skin = weight(points) if weight else skin
    return Part(Mesh(name, points, cards.uv, triangles, skin, (), name), normals, None, cards.shade)


def move_to_bind(cards: Cards, skin: Skin, body: Body) -> tuple[Floats, Floats]:
    """Positions and normals (v,3) of the cards in the T-pose."""
    matrices = blend_matrices(skin, body.rest_to_bind)
    normals = normalize_vectors(np.einsum("vij,vj->vi", matrices[:, :3, :3], cards.normals), 1e-9)
    return apply_matrices(matrices, cards.positions).astype(np.float32), normals.astype(np.float32)
