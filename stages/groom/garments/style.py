"""Garments, fabrics, palettes and sets: numbers in small files, read once and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from assets.digest import sha256_file
from assets.errors import Finding, SpecError
from assets.spec.wording import suggest_name

_FOLDER = Path(__file__).parent
Kind = Literal["top", "trousers", "skirt", "shoes", "tie"]
Neck = Literal["crew", "v", "scoop", "boat", "collar", "high"]
T = TypeVar("T")


@dataclass(frozen=True)
class Garment:
    """How a garment is cut, worn and finished. Lengths in metres on a person of 1.72 m."""

    name: str
    title: str = ""
    """A few words for the docs."""
    kind: Kind = "top"
    layer: int = 0
    """0 next to the skin, 1 over it, 2 outermost."""
    sleeve: float = 0.0
    """Where sleeves end: 0 none, 1 at the wrist."""
    shoulder_inset: float = 0.0
    """How far the edge of a sleeveless garment is inside of the armhole's seam."""
    neck: Neck = "crew"
    neck_depth: float = 0.10
    """Of a V, below the neck's lower edge."""
    neck_width: float = 0.075
    """Half width of a V at the top."""
    hem: float = 0.01
    """Lower edge above the crotch."""
    leg: float | None = None
    """Lower edge along the leg: 0 hip, 1 ankle; instead of `hem`."""
    rise: float = 0.0
    """Upper edge of trousers and skirts above the usual waist."""
    fit: float = 1.1
    """Factor of the ease: 0.9 slim, 1.1 regular, 1.7 wide."""
    taper: float = 0.08
    """Metres per metre by which hanging cloth comes back towards the body."""
    flare: float = 0.0
    """Metres by which the distance grows from hip to ankle."""
    opens: bool = False
    """Whether the front is a V down to `neck_depth`, with lapels or a zip below."""
    stiffness: float = 1.0
    """Against bending: knit 0.2, jersey 0.5, shirting 1, coat 3."""
    fullness: float = 1.0
    """Factor of the extra length that makes folds."""
    tuckable: bool = False
    """Whether it may be worn inside trousers or skirt."""
    parts: tuple[str, ...] = ()
    """Pieces of their own: collar, lapel, hood, stand."""
    details: tuple[str, ...] = ()
    """What is drawn: see details.py."""
    fabrics: Mapping[str, float] = field(default_factory=dict)
    """Fabric -> how often it is drawn."""
    patterns: Mapping[str, float] = field(default_factory=lambda: {"plain": 1.0})
    """Pattern -> how often it is drawn."""
    role: Literal["top", "bottom", "second", "leather", "accent"] = "top"
    """Colour of the palette that it takes."""
    height: float = 0.0
    """Of a shoe's opening above the ground at the back."""
    dip: float = 0.0
    """By which the opening is lower at the instep."""
    reach: float = 0.5
    """Of a shoe's opening: where along the foot it ends in front, 0 heel .. 1 toes."""
    sole: float = 0.02
    """Thickness of the sole."""
    heel: float = 0.0
    """Added to the sole under the heel."""
    toe_room: float = 0.012
    straps: tuple[tuple[float, float], ...] = ()
    """Of sandals: bands over the foot instead of an upper, each from where to where along the foot; 0 heel .. 1 toes."""


@dataclass(frozen=True)
class Fabric:
    """How cloth looks. Lengths in metres."""

    name: str
    title: str = ""
    kind: Literal["plain", "knit", "rib", "cable", "twill", "weave", "denim", "slub", "fleece", "leather", "quilt"] = "plain"
    scale: float = 0.0012
    """Of its threads, stitches or ribs."""
    relief: float = 0.0001
    """Depth of the weave."""
    contrast: float = 0.05
    """Of light and dark threads."""
    mottle: float = 0.03
    """Of uneven dye."""
    roughness: float = 0.85
    sheen: float = 0.0
    """How much crests are worn paler, as denim is."""
    folds: float = 1.0
    """Factor of the folds' relief in the normal map."""


@dataclass(frozen=True)
class Palette:
    """Colours that go together, as "#rrggbb"."""

    name: str
    top: str = "#7a8590"
    bottom: str = "#2c3442"
    leather: str = "#4a3222"
    accent: str = "#d8d2c4"
    second: str = "#a8523f"


@dataclass(frozen=True)
class OutfitSet:
    """Pieces that are worn together."""

    name: str
    title: str = ""
    pieces: tuple[str, ...] = ()
    """Garments; alternatives are separated by |."""
    tucked: float = 0.0
    """Share of people who tuck the top in."""
    belt: float = 0.0
    """Share of people with a belt."""
    palettes: tuple[str, ...] = ()
    """Left out: any."""
    wearers: Mapping[str, float] = field(default_factory=dict)
    """Person (young man, man, old man, and so of women) -> how often it is drawn; none for a set that is only worn by name or role."""
    roles: tuple[str, ...] = ()
    """Work and occasions for which it is drawn: values of groom.role."""


def parse_record(kind: type[T], name: str, rows: dict[str, Any]) -> T:
    """The record of a file's fields; raises ValueError for a field that it does not have."""
    known = {entry.name for entry in fields(kind)} - {"name"}  # type: ignore[arg-type]
    if unknown := set(rows) - known:
        raise ValueError(f"{kind.__name__.lower()} {name} has unknown fields: {', '.join(sorted(unknown))}")
    return kind(name, **{key: _freeze(value) for key, value in rows.items()})  # type: ignore[call-arg]


def _freeze(value: Any) -> Any:
    return tuple(map(_freeze, value)) if isinstance(value, list) else value


@lru_cache(maxsize=4)  # the four tables, a few kB each
def _load_table(folder: str, kind: type[T]) -> dict[str, T]:
    import yaml

    paths = sorted((_FOLDER / folder).glob("*.yaml"))
    return {path.stem: parse_record(kind, path.stem, yaml.safe_load(path.read_text(encoding="utf-8")) or {}) for path in paths}


def load_garments() -> dict[str, Garment]:
    """Every garment by name."""
    return _load_table("pieces", Garment)


def load_fabrics() -> dict[str, Fabric]:
    """Every fabric by name."""
    return _load_table("fabrics", Fabric)


def load_palettes() -> dict[str, Palette]:
    """Every palette by name."""
    return _load_table("palettes", Palette)


def load_sets() -> dict[str, OutfitSet]:
    """Every set by name."""
    return _load_table("sets", OutfitSet)


def get_garment(name: str, field_name: str = "groom.outfit") -> Garment:
    """The garment of that name; raises SpecError for an unknown one."""
    return _get(load_garments(), name, "garment", field_name)


def get_fabric(name: str, field_name: str = "groom.outfit") -> Fabric:
    """The fabric of that name; raises SpecError for an unknown one."""
    return _get(load_fabrics(), name, "fabric", field_name)


def _get(table: Mapping[str, T], name: str, noun: str, field_name: str) -> T:
    if name in table:
        return table[name]
    raise SpecError(Finding(f"groom/unknown-{noun}", f"{field_name}: unknown {noun} {name!r}", fix=suggest_name(name, list(table))))


def digest_garments() -> dict[str, str]:
    """File -> sha256 of every record: who changes one gets new clothes in the next build."""
    paths = sorted(path for folder in ("pieces", "fabrics", "palettes", "sets") for path in (_FOLDER / folder).glob("*.yaml"))
    return {f"{path.parent.name}/{path.name}": sha256_file(path) for path in paths}
