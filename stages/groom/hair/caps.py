"""The mass of hair under the cards: closed sheets of neighbouring strands, from the hairline to a tie or the crown, and down."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from assets.rotation import normalize_vectors
from stages.groom.hair.chart import Bools, Floats, evaluate_hairline, find_ear, load_chart, to_directions, to_polar
from stages.groom.hair.guides import Strands, choose_lengths, grow_strands, trim
from stages.groom.hair.head import Head, Surface
from stages.groom.hair.roots import Roots
from stages.groom.hair.style import Style, Tie
from stages.groom.hair.ties import choose_ties, comb_to_tie

_RAYS, _RAY_STEPS, _RAY_REACH = 48, 160, 2.7
"""Around a tie; and points on each, up to this angle (radians) from it."""
_SKIRT_STRANDS, _SKIRT_TOP, _OVERLAP = 44, 34.0, 12.0
"""Around the back of the head, from this elevation down; degrees by which a tied crown reaches below its own hair."""
_FRINGE_MARGIN = 18.0
"""Degrees from the side of a fringe at which hair falls as one mass."""
_MIN_LENGTH_M = 0.20
"""Of hair on top that falls over the sides; shorter hair is cards on painted scalp."""
_RANK = 0.55
"""Layer of the sheet: the lower half of the cards is beneath it. Ropes are all above theirs."""
_BEHIND_LINE = 1.5
"""Degrees behind the hairline, whose soft row of cards is in front of it."""
_ROOT_DEPTH_M, _MAX_RADIUS_M = 0.05, 0.135
"""Depth behind the hairline for which a sheet has its full height; and the largest distance of scalp from the chart's centre."""
_BACK = (180.0, 5.0)
"""Where hair that is combed back converges."""


@dataclass(frozen=True)
class Sheet:
    """Strands in the order in which they are joined."""

    strands: Strands
    is_closed: bool
    """Whether the last strand is joined to the first."""
    first_level: int = 1
    """The finest level of detail that has it."""


def plan_caps(head: Head, surface: Surface, style: Style) -> list[Sheet]:
    """The sheets of a style, none for short or curly hair: a cap for each tie or about the crown, and a skirt where loose hair is long."""
    if style.kind not in ("lying", "rope"):
        return []
    capped = style
    if not style.ties and not style.part_lines and (is_long(style) or is_combed_back(style)):
        capped = replace(style, ties=(_crown_tie(head, style),))
    if style.ties and style.tied_above > -90:
        # Over the skirt's upper end.
        capped = replace(style, tied_above=style.tied_above - _OVERLAP)
    sheets = [Sheet(_comb_to(head, surface, capped, k), True) for k in range(len(capped.ties))]
    if is_long(style):
        # Between ropes the neck shows, except from afar, where too few are left.
        sheets.append(Sheet(_fall(head, surface, style), False, 1 if style.kind == "lying" else 2))
    return sheets


def is_combed_back(style: Style) -> bool:
    """Whether loose hair lies towards the nape, on sides that are not shaved."""
    return not style.ties and style.comb.sink is not None and style.kind == "lying" and style.undercut <= -90


def is_long(style: Style) -> bool:
    """Whether loose hair hangs, as one mass or in ropes."""
    return style.length_top >= _MIN_LENGTH_M and (not style.ties or style.tied_above > -90)


def _crown_tie(head: Head, style: Style) -> Tie:
    """Where the cap of loose hair converges: at the end of the part, or low behind where hair is combed back."""
    at = style.comb.source[-1] if style.comb.source else _BACK
    top = head.locate(np.array([at[0]]), np.array([at[1]]), 0.5 * style.thickness)[0]
    return Tie(at, float(np.linalg.norm(top - head.centre)) / head.scale, radius=0.001)


def _comb_to(head: Head, surface: Surface, style: Style, k: int) -> Strands:
    """Strands from all around the region of a tie to it."""
    roots = _root_at(_trace_region(style, k), _ROOT_DEPTH_M)
    return comb_to_tie(
        head, surface, roots, style.ties[k], style, np.random.default_rng(0), is_edge=False, rank=0.0 if style.kind == "rope" else _RANK
    )


def _trace_region(style: Style, k: int) -> Floats:
    """(n,3) directions around the hair of a tie: on rays from it, the last points before its hair ends."""
    pole = to_directions(np.array(style.ties[k].at[0]), np.array(style.ties[k].at[1])).astype(np.float64)
    one = normalize_vectors(np.cross(pole, [0.3, 0.2, 1.0]))
    two = np.cross(pole, one)
    angle = np.arange(_RAYS) * 2 * np.pi / _RAYS
    away = np.cos(angle)[:, None] * one + np.sin(angle)[:, None] * two
    far = np.linspace(0.02, _RAY_REACH, _RAY_STEPS)[None, :, None]
    rays = np.cos(far) * pole + np.sin(far) * away[:, None]
    inside = _is_tied_to(rays.reshape(-1, 3), style, k).reshape(rays.shape[:2])
    # A tie may be outside of its own region: below a crown that is tied alone.
    left = np.maximum.accumulate(inside, 1) & ~inside
    last = np.where(left.any(1), left.argmax(1) - 1, np.where(inside.any(1), _RAY_STEPS - 1, 0))
    return np.asarray(rays[np.arange(_RAYS), last], np.float32)


def _is_tied_to(directions: Floats, style: Style, k: int) -> Bools:
    azimuth, elevation, _ = to_polar(directions)
    inside = elevation > np.maximum(evaluate_hairline(azimuth, style.hairline), style.undercut) + _BEHIND_LINE
    roots = _root_at(directions.astype(np.float32), 0.0)
    inside &= ~find_ear(roots.place(load_chart().positions) - load_chart().centre)
    return np.asarray(inside & (choose_ties(roots, style) == k))


def _line_skirt(style: Style) -> Roots:
    """Roots from the left temple around the back to the right one, below the tied crown or the cap."""
    azimuth = np.linspace(-180, 180, 721)
    # Outside of a fringe: under it the sheet would hang before the eyes.
    front = style.fringe.azimuth + _FRINGE_MARGIN if style.fringe else 20.0
    top = (style.tied_above if style.ties else _SKIRT_TOP) - _BEHIND_LINE
    free = azimuth[(evaluate_hairline(azimuth, style.hairline) < top - _BEHIND_LINE) & (np.abs(azimuth) > front)] % 360
    around = np.linspace(free.min(), free.max(), _SKIRT_STRANDS)
    return _root_at(to_directions(around, np.full(len(around), top)), _ROOT_DEPTH_M)


def _root_at(directions: Floats, depth: float) -> Roots:
    """Roots in directions (n,3) of the chart."""
    chart = load_chart()
    arms = chart.arms[chart.outer].astype(np.float64)
    # Shoulders are in the same directions as the nape.
    skull = np.linalg.norm(arms, axis=1) < _MAX_RADIUS_M
    distance, near = cKDTree(normalize_vectors(arms[skull])).query(directions.astype(np.float64), 3)
    share = 1 / np.maximum(distance, 1e-4)
    share /= share.sum(1, keepdims=True)
    azimuth, elevation, _ = to_polar(directions)
    return Roots(chart.outer[skull][near], share.astype(np.float32), azimuth, elevation, np.full(len(directions), depth, np.float32))


def _fall(head: Head, surface: Surface, style: Style) -> Strands:
    """Strands without noise, from around the head to the length of the style."""
    roots, rng = _line_skirt(style), np.random.default_rng(0)
    calm = replace(style, noise=0.0, length_variation=0.0, kind="lying")
    strands = grow_strands(head, surface, roots, calm, rng, choose_lengths(roots, calm, rng), rank=_RANK)
    return trim(strands, head, calm, np.zeros(len(roots), bool), rng)
