"""Beards: painted stubble, and tufts that move with the face because they have its morphs at their roots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Ints, Material, Mesh, MorphTarget, Part
from assets.conventions import BASE_VERTICES
from assets.errors import Finding, SpecError
from assets.skinning import interpolate_weights, limit_influences
from assets.spec.wording import suggest_name
from stages.groom.hair.atlas import COLUMNS, Atlas, HairColour
from stages.groom.hair.chart import Bools, Floats, find_beard, load_chart, to_polar
from stages.groom.hair.grow import build_puffs, move_to_bind
from stages.groom.hair.guides import Strands, grow_strands
from stages.groom.hair.head import Head, Surface
from stages.groom.hair.paint import Painter, paint_stubble
from stages.groom.hair.roots import Roots, sample_beard
from stages.groom.hair.strips import build_strips
from stages.groom.hair.style import Comb, Style

MESH = "beard"
BEARD_BUDGETS = (1600, 480, 0)
"""Triangles of a beard at each level; the crowd's is painted alone."""
_BEARD_SHADE, _TUFT_WIDTH = 0.66, 0.0085
_UNDER_TUFTS = 0.75
"""Tint of the skin under tufts: between them it is in their shade."""
_FIRST_COLUMN, _COLUMN_COUNT = 3, 4
"""Columns of the atlas that tufts show."""
_LIP_ELEVATION, _LIP_AZIMUTH, _MIN_MOUSTACHE = -38.0, 20.0, 60


@dataclass(frozen=True)
class BeardStyle:
    """How a beard grows."""

    title: str
    region: str = "full"
    """full, moustache, goatee, chinstrap or sideburns."""
    shadow: float = 0.8
    """Strength of the painted hair."""
    length: float = 0.0
    """Of the tufts, metres; 0 for painted hair alone."""
    strips: int = 0


BEARDS: Mapping[str, BeardStyle] = {
    "shadow": BeardStyle("shaved this morning", shadow=0.35),
    "stubble": BeardStyle("three days", shadow=0.8),
    "short_beard": BeardStyle("short full beard", shadow=0.95, length=0.010, strips=420),
    "full_beard": BeardStyle("full beard", shadow=0.95, length=0.024, strips=420),
    "goatee": BeardStyle("goatee with moustache", region="goatee", shadow=0.95, length=0.013, strips=200),
    "moustache": BeardStyle("moustache", region="moustache", shadow=0.95, length=0.012, strips=120),
}


def list_beards() -> tuple[str, ...]:
    """The names of all beards, sorted."""
    return tuple(sorted(BEARDS))


def get_beard(name: str) -> BeardStyle:
    """The beard of that name; raises SpecError for an unknown one."""
    if name in BEARDS:
        return BEARDS[name]
    fix = suggest_name(name, (*list_beards(), "none"))
    raise SpecError(Finding("groom/unknown-beard", f"groom.beard: unknown beard {name!r}", fix=fix))


def find_region(arm: Floats, region: str) -> Bools:
    """(n,) whether hair of a beard with this region grows at arms (n,3) from the template's centre."""
    inside = find_beard(arm)
    azimuth, elevation, _ = to_polar(arm)
    side = np.abs(azimuth)
    if region == "moustache":
        return np.asarray(inside & (elevation > -42) & (side < 21))
    if region == "goatee":
        return np.asarray(inside & (side < 19) & ((elevation > -66) | (side < 12)))
    return inside


def paint_beard(painter: Painter, beard: BeardStyle, colour: HairColour, seed: int) -> None:
    """The painted hair of a beard."""
    long = min(0.006, 0.0022 + 0.3 * beard.length)
    tint = _UNDER_TUFTS if beard.length > 0 else 0.34 * beard.shadow
    paint_stubble(painter, colour, beard.shadow, seed, partial(find_region, region=beard.region), long, tint)


def grow_beard(
    body: Body, beard: BeardStyle, atlas: Atlas, albedo: str, seed: int, *, curls: bool, budgets: Sequence[int] = BEARD_BUDGETS
) -> tuple[tuple[tuple[Part, ...], ...], Material]:
    """The tufts of a beard with each of these budgets, and their material: a little darker than the hair, with its picture `albedo`."""
    rng = np.random.default_rng([seed, 0xBEA8])
    head = Head.from_body(body)
    roots = _choose_roots(beard)
    comb = Comb(constant=(0, -1, 0.05), strength=60, fade=0.2)
    style = Style("beard", kind="upright" if curls else "lying", thickness=0.007, comb=comb, lift=0.3,
                  stick=3 if curls else 10, gravity=10, noise=10)  # fmt: skip
    azimuth, elevation, _ = head.to_polar(roots.place(head.points))
    short = 0.55 + 0.45 * np.clip((-38 - elevation) / 14, 0, 1) * np.clip(1.25 - np.abs(azimuth) / 60, 0.2, 1)
    lengths = beard.length * short * rng.uniform(0.8, 1.2, len(roots))
    strands = grow_strands(head, Surface.from_head(head), roots, replace(style, face_azimuth=0), rng, lengths)
    parts = tuple(_build_part(body, head, roots, strands, beard, share, seed, curls) for share in budgets)
    red, green, blue = (round(v * _BEARD_SHADE, 5) for v in atlas.factor[:3])
    colour = (red, green, blue, 1.0)
    material = Material(MESH, albedo, colour=colour, roughness=0.75, alpha="MASK", alpha_cutoff=0.35, double_sided=not curls, specular=0.3)
    return tuple((part,) if part else () for part in parts), material


def _choose_roots(beard: BeardStyle) -> Roots:
    """Roots of the region, twice as dense above the lip: a moustache is narrow, and is what one looks at."""
    roots = sample_beard(beard.strips * 4, 4)
    chart = load_chart()
    arm = np.einsum("nk,nkd->nd", roots.shares, chart.arms[roots.corners])
    inside = find_region(arm, beard.region)
    lip = (roots.elevation > _LIP_ELEVATION) & (np.abs(roots.azimuth) < _LIP_AZIMUTH)
    dense = np.flatnonzero(inside & lip)[: max(_MIN_MOUSTACHE, beard.strips // 5)]
    rest = np.flatnonzero(inside & ~lip)[: beard.strips - len(dense)]
    # Interleaved, so that a coarse level has some of both.
    order = np.argsort(
        np.concatenate([np.linspace(0, 1, len(dense), endpoint=False), np.linspace(0, 1, len(rest), endpoint=False)]), kind="stable"
    )
    return roots[np.concatenate([dense, rest])[order]]


def _build_part(
    body: Body, head: Head, roots: Roots, strands: Strands, beard: BeardStyle, budget: int, seed: int, curls: bool
) -> Part | None:
    """The tufts of one level, which follow the skin at their roots: its joints and its morphs."""
    rng = np.random.default_rng([seed, 0xBEA9, budget])
    count = min(len(roots), budget // 4)
    if not count:
        return None
    width = _TUFT_WIDTH * (len(roots) / count) ** 0.45
    chosen = strands.select(slice(count))
    cards = build_puffs(chosen, head, 1.3 * width, rng) if curls else build_strips(chosen, head, 2, width, rng)
    if not curls:
        # Strands of middling density: dense ones are blocks this short, wispy ones thorns.
        column = _FIRST_COLUMN + cards.strand % _COLUMN_COUNT
        cards = replace(cards, uv=np.stack([(column + (cards.uv[:, 0] * COLUMNS) % 1) / COLUMNS, cards.uv[:, 1]], 1).astype(np.float32))
    corners, shares = roots.corners[:count], roots.shares[:count]
    skin = limit_influences(interpolate_weights(body.skin, corners[cards.strand], shares[cards.strand].astype(np.float32)))
    points, normals = move_to_bind(cards, skin, body)
    morphs = transfer_root_morphs(body, corners, shares, cards.strand)
    return Part(Mesh(MESH, points, cards.uv, cards.triangles, skin, morphs, MESH), normals, None, cards.shade)


def transfer_root_morphs(body: Body, corners: NDArray[np.integer], shares: Floats, owner: Ints) -> tuple[MorphTarget, ...]:
    """The face's morphs on vertices whose strand has its root in these triangles: all of a strand moves as its root does."""
    found = []
    dense = np.zeros((BASE_VERTICES, 3), np.float32)
    for target in body.morphs:
        dense[:] = 0
        dense[target.indices] = target.deltas
        deltas = np.einsum("nk,nkd->nd", shares, dense[corners])[owner]
        moved = np.flatnonzero((np.abs(deltas) > 2e-5).any(1)).astype(np.int32)
        if len(moved):
            found.append(MorphTarget(target.name, moved, deltas[moved].astype(np.float32)))
    return tuple(found)
