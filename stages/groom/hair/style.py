"""A hair style: some forty numbers in a file of `styles/`, read once and checked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from assets.digest import sha256_file
from assets.errors import Finding, SpecError
from assets.spec.wording import suggest_name
from stages.groom.hair.chart import Hairline

_FOLDER = Path(__file__).parent / "styles"
_CROPPED_M, _SHORT_M = 0.041, 0.09
Kind = Literal["lying", "upright", "puff", "rope", "none"]
TieKind = Literal["tail", "bun", "braid", "puff"]
Vector = tuple[float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Comb:
    """The direction in which hair lies: away from a line, along a constant, and towards a sink."""

    source: tuple[Point, ...] = ()
    """Azimuth and elevation of the points of a part line; one point is a whorl."""
    constant: Vector = (0.0, 0.0, 0.0)
    """Added to the direction; X is the character's left, Y up, Z forward."""
    sink: Point | None = None
    """Azimuth and elevation of the point to which hair is combed."""
    strength: float = 30.0
    """Radians per metre by which strands turn into this direction."""
    fade: float = 0.08
    """Metres of strand over which it fades."""


@dataclass(frozen=True)
class Tie:
    """Where hair is held together, and what becomes of it there."""

    at: Point
    """Azimuth and elevation, degrees."""
    distance: float
    """Metres from the chart's centre, on the average adult."""
    kind: TieKind = "tail"
    length: float = 0.30
    """Of the tail or braid, metres."""
    radius: float = 0.02
    """Of the bun, the braid, or the tail at the tie, metres."""


@dataclass(frozen=True)
class Fringe:
    """Hair in front that falls over the forehead."""

    azimuth: float = 36.0
    """Half width, degrees."""
    depth: float = 0.055
    """Metres behind the hairline from which it comes."""
    cut: float = 0.020
    """Metres above the eyes."""
    sweep: float = 0.0
    """Sideways share of its direction."""


@dataclass(frozen=True)
class Style:
    """How hair grows, lies and is drawn. Lengths in metres on the average adult, angles in degrees."""

    name: str
    title: str = ""
    """A few words for the docs."""
    kind: Kind = "lying"
    strips: int = 420
    """Strands that are grown; the budget of triangles decides how many are drawn."""
    edge_strips: int = 110
    """Strands of the thin row along the hairline."""
    segments: int = 5
    """Of a strip at the finest level."""
    width: float = 0.016
    """Of a strip; the radius of a rope."""
    length_top: float = 0.05
    length_side: float = 0.04
    length_back: float = 0.04
    length_variation: float = 0.12
    """Share by which lengths differ."""
    thickness: float = 0.011
    """Of the layer of hair on the scalp."""
    comb: Comb = Comb()
    gravity: float = 6.0
    """Radians per metre by which strands turn down."""
    lift: float = 0.25
    """Share of the scalp's normal in the direction at the root."""
    stick: float = 26.0
    """How strongly hair is pulled to its layer, per metre."""
    noise: float = 6.0
    """Radians per metre by which a strand strays."""
    clump: float = 0.3
    """Share by which strands join their clump towards the tips."""
    wave: float = 0.0
    """Amplitude of waves, metres."""
    wave_length: float = 0.06
    """Of a wave, metres."""
    coil: float = 0.0
    """How much of a wave is a helix, 0..1."""
    cut: float | None = None
    """Height at which hair is cut level, metres from the eyes (negative is below)."""
    hairline: Hairline = field(default_factory=Hairline)
    fringe: Fringe | None = None
    ties: tuple[Tie, ...] = ()
    tied_above: float = -90.0
    """Elevation from which roots are tied; the others hang."""
    undercut: float = -90.0
    """Elevation below which hair at sides and back is only painted."""
    crest: float = 1.0
    """Half width of the strip of scalp, from forehead to nape, outside of which hair is only painted, metres."""
    keep_ears_free: bool = True
    """Whether hair ends where it would lie on an ear."""
    face_azimuth: float = 56.0
    """Hair below the hairline keeps this far from the middle of the face, degrees."""
    hang: float = 0.075
    """Metres below the chart's centre at which hair leaves the head and falls."""
    drape: bool = False
    """Hair falls on the body: in front of the shoulders or behind them."""
    drape_azimuth: float = 68.0
    """Roots nearer to the front than this fall in front of the shoulders."""
    show_part: bool = True
    """Whether the scalp shows along the comb's line."""
    part_lines: tuple[tuple[Point, ...], ...] = ()
    """Lines on which the scalp shows, such as between rows of braids."""
    part_width: float = 0.0015
    scalp: float = 1.0
    """Strength of the painted scalp, 0..1."""
    scalp_hair: float = 0.008
    """Length of the hairs painted on it."""
    curl_texture: bool = False
    """Use the atlas of curls instead of the one of straight strands."""
    gloss: float = 0.6
    """Specular factor of the material."""
    roughness: float = 0.5


def is_cropped(style: Style) -> bool:
    """Whether hair is so short that it is painted on raised skin, and drawn as cards at the finest level alone."""
    return style.kind == "lying" and not style.ties and max(style.length_top, style.length_side, style.length_back) < _CROPPED_M


def is_short(style: Style) -> bool:
    """Whether its cards are too short to close the head: the painted scalp under them is raised."""
    return style.kind == "lying" and not style.ties and max(style.length_top, style.length_side, style.length_back) < _SHORT_M


def list_styles() -> tuple[str, ...]:
    """The names of all styles, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@lru_cache(maxsize=64)  # every style: a few kB each
def load_style(name: str) -> Style:
    """The style of that name; raises SpecError for an unknown one."""
    if name not in list_styles():
        raise SpecError(Finding("groom/unknown-style", f"groom.hair: unknown style {name!r}", fix=suggest_name(name, list_styles())))
    import yaml

    rows = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return parse_style(name, rows)


def parse_style(name: str, rows: dict[str, Any]) -> Style:
    """The style of a file's fields; raises ValueError for a field that styles do not have."""
    known = {entry.name for entry in fields(Style)} - {"name"}
    if unknown := set(rows) - known:
        raise ValueError(f"the style {name} has unknown fields: {', '.join(sorted(unknown))}")
    values = {key: _freeze(value) for key, value in rows.items()}
    nested: dict[str, type[Any]] = {"comb": Comb, "hairline": Hairline, "fringe": Fringe}
    for key, kind in nested.items():
        if rows.get(key):
            values[key] = kind(**{k: _freeze(v) for k, v in rows[key].items()})
    if "ties" in rows:
        values["ties"] = tuple(Tie(**{k: _freeze(v) for k, v in row.items()}) for row in rows["ties"])
    return Style(name, **values)


def _freeze(value: Any) -> Any:
    return tuple(_freeze(part) for part in value) if isinstance(value, list) else value


def digest_styles() -> dict[str, str]:
    """File -> sha256 of every style: who changes one gets new hair in the next build."""
    return {f"styles/{path.name}": sha256_file(path) for path in sorted(_FOLDER.glob("*.yaml"))}
