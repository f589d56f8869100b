"""What a person wears: the spec's pieces, otherwise a set by age, sex and seed, with fabrics, patterns and colours that go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assets.artefacts.geometry import Floats
from assets.errors import Finding, SpecError
from assets.spec.appearance import PieceSpec
from assets.spec.wording import suggest_name
from stages.groom.colour import parse_hex_colour
from stages.groom.garments.paint import Colours
from stages.groom.garments.patterns import list_patterns
from stages.groom.garments.prints import ChestPrint, explain_no_chest, load_print
from stages.groom.garments.style import (
    Fabric,
    Garment,
    OutfitSet,
    Palette,
    get_fabric,
    get_garment,
    load_garments,
    load_palettes,
    load_sets,
)

_OLD, _MIDDLE = 58.0, 36.0
"""Years from which the sets of old and of middle-aged people apply."""
_JITTER = (5.0, 3.0)
"""CIE Lab: how far lightness and hue of a drawn colour stray from the palette's."""
_WHITE = "#e6e3dc"
TAILORED = "tailored"
"""The outfit that is drawn among the sets by age, sex and seed."""


@dataclass(frozen=True)
class WornPiece:
    """A garment with its cloth."""

    garment: Garment
    fabric: Fabric
    pattern: str
    colours: Colours
    has_belt: bool = False
    chest_print: ChestPrint | None = None


@dataclass(frozen=True)
class OutfitChoice:
    """Everything that is worn, innermost first."""

    name: str
    """Of the set, or `pieces`."""
    palette: str
    pieces: tuple[WornPiece, ...]
    is_tucked: bool = False

    def leave_out(self, *slots: str) -> OutfitChoice:
        """The choice without shoes, or without all but shoes, where items are worn in these slots."""
        kept = tuple(p for p in self.pieces if ("shoes" if p.garment.kind == "shoes" else "outfit") not in slots)
        return replace(self, pieces=kept)

    def describe(self) -> tuple[str, ...]:
        """What two people would have in common if they were dressed alike: pieces, fabrics, patterns and colours in 4 bits."""
        return tuple(
            f"{p.garment.name}/{p.fabric.name}/{p.pattern}/{''.join(f'{int(k * 15):x}' for k in p.colours.main)}" for p in self.pieces
        )


def describe_person(years: float, gender: float) -> str:
    """The row of the tables for a person; gender 0 female .. 1 male."""
    age = "old " if years >= _OLD else "" if years >= _MIDDLE else "young "
    return age + ("man" if gender >= 0.5 else "woman")


def choose_outfit(
    years: float, gender: float, requested: str | Sequence[PieceSpec] | None, colour: str | None, shoes: str | None, seed: int,
    role: str | None = None,
) -> OutfitChoice:  # fmt: skip
    """The outfit of a person.

    Args:
        requested: a set, a list of pieces, or None to draw a set.
        colour: main colour of the top as "#rrggbb"; None for the palette's.
        shoes: a pair of shoes instead of the set's.
        role: work or occasion for which a set is drawn; None for everyday.

    Raises:
        SpecError: a name is unknown.
    """
    rng = np.random.default_rng([seed, 0x0C17])
    person = describe_person(years, gender)
    if requested is None or isinstance(requested, str):
        chosen = load_sets()[requested] if requested else _draw_set(person, role, rng)
        pieces = [PieceSpec(garment=_pick(one.split("|"), rng)) for one in chosen.pieces]
    else:
        chosen, pieces = OutfitSet("pieces"), list(requested)
    garments = [get_garment(piece.garment) for piece in pieces]
    if any(garment.kind == "tie" for garment in garments) and not any(garment.kind == "top" for garment in garments):
        raise SpecError(Finding("groom/tie-without-shirt", "groom.pieces: a tie needs a top under it", fix="add a shirt"))
    if shoes:
        garments, pieces = _replace_shoes(garments, pieces, shoes)
    if not any(garment.kind == "shoes" for garment in garments):
        worn = _pick(("sneakers", "loafers", "derbies"), rng)
        garments, pieces = [*garments, get_garment(worn)], [*pieces, PieceSpec(garment=worn)]
    palette = load_palettes()[_pick(chosen.palettes or tuple(load_palettes()), rng)]
    has_belt, is_tucked = rng.random() < chosen.belt, rng.random() < chosen.tucked
    worn_pieces = [_dress(g, p, palette, rng, has_belt=has_belt) for g, p in zip(garments, pieces, strict=True)]
    if colour:
        worn_pieces[0] = replace(worn_pieces[0], colours=replace(worn_pieces[0].colours, main=parse_hex_colour(colour)))
    order = sorted(worn_pieces, key=lambda piece: piece.garment.layer)
    can_tuck = is_tucked and any(piece.garment.tuckable for piece in order)
    return OutfitChoice(chosen.name, palette.name, tuple(order), can_tuck)


def _draw_set(person: str, role: str | None, rng: np.random.Generator) -> OutfitSet:
    sets = load_sets()
    table = {name: one.wearers.get(person, 0.0) for name, one in sets.items()}
    if role:
        # Work wear is drawn for anybody; what others wear as well, for those who wear it.
        fitting = {name: one for name, one in sets.items() if role in one.roles}
        table = {name: table[name] if one.wearers else 1.0 for name, one in fitting.items()}
        table = table if any(table.values()) else dict.fromkeys(fitting, 1.0)
    weights = np.array(list(table.values()))
    return sets[str(rng.choice(list(table), p=weights / weights.sum()))]


def _pick(names: Sequence[str], rng: np.random.Generator) -> str:
    return names[int(rng.integers(len(names)))].strip()


def _replace_shoes(garments: list[Garment], pieces: list[PieceSpec], shoes: str) -> tuple[list[Garment], list[PieceSpec]]:
    kept = [k for k, garment in enumerate(garments) if garment.kind != "shoes"]
    return [*(garments[k] for k in kept), get_garment(shoes, "groom.shoes")], [*(pieces[k] for k in kept), PieceSpec(garment=shoes)]


def _dress(garment: Garment, spec: PieceSpec, palette: Palette, rng: np.random.Generator, *, has_belt: bool) -> WornPiece:
    """The garment with cloth; what the spec leaves out is drawn."""
    fabric_name, pattern = _draw(garment.fabrics or {"jersey": 1}, rng), _draw(garment.patterns, rng)
    base = jitter(parse_hex_colour(getattr(palette, garment.role)), rng)
    second = _contrast(base, [parse_hex_colour(c) for c in (palette.accent, palette.second, palette.bottom)])
    if garment.kind == "shoes":
        second = parse_hex_colour(palette.accent)
    pattern = check_pattern(spec.pattern) if spec.pattern else pattern
    main = parse_hex_colour(spec.colour) if spec.colour else base
    second = parse_hex_colour(spec.second) if spec.second else second
    accent = parse_hex_colour(palette.accent if garment.kind != "shoes" else _WHITE)
    colours = Colours(main, second, accent, parse_hex_colour(palette.leather))
    fabric = get_fabric(spec.fabric) if spec.fabric else get_fabric(fabric_name)
    fit = garment if spec.fit is None else replace(garment, fit=spec.fit)
    chest_print = _load_print(garment, spec)
    pattern = "plain" if chest_print and not spec.pattern else pattern
    return WornPiece(fit, fabric, pattern, colours, has_belt and garment.kind == "trousers", chest_print)


def _load_print(garment: Garment, spec: PieceSpec) -> ChestPrint | None:
    """What the spec prints on it; raises SpecError for a garment without a chest."""
    if spec.print is None:
        return None
    if finding := explain_no_chest(garment):
        raise SpecError(finding)
    return load_print(spec.print, f"print of {garment.name}")


def check_pattern(name: str) -> str:
    """The name, if there is such a pattern; raises SpecError with a suggestion otherwise."""
    if name in list_patterns():
        return name
    raise SpecError(
        Finding("groom/unknown-pattern", f"groom.outfit: unknown pattern {name!r}", fix=suggest_name(name, list(list_patterns())))
    )


def _draw(table: Mapping[str, float], rng: np.random.Generator) -> str:
    weights = np.array(list(table.values()), float)
    return str(rng.choice(list(table), p=weights / weights.sum()))


def jitter(colour: Floats, rng: np.random.Generator) -> Floats:
    """(3,) sRGB near the colour, so that two people with one palette still differ."""
    import cv2

    lab = cv2.cvtColor(np.asarray(colour, np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0]
    light, hue = _JITTER
    lab = lab + rng.uniform(-1, 1, 3).astype(np.float32) * np.array([light, hue, hue], np.float32)
    lab[0] = np.clip(lab[0], 8, 90)
    return np.asarray(np.clip(cv2.cvtColor(lab[None, None].astype(np.float32), cv2.COLOR_LAB2RGB)[0, 0], 0, 1), np.float32)


def _contrast(base: Floats, others: Sequence[Floats]) -> Floats:
    """The first colour that is clearly lighter or darker than the base; the last one otherwise."""
    light = np.array([0.3, 0.6, 0.1], np.float32)
    return next((other for other in others if abs(float((other - base) @ light)) > 0.18), others[-1])


def list_outfit_names() -> tuple[str, ...]:
    """Names of all sets, sorted."""
    return tuple(sorted(load_sets()))


def list_shoe_names() -> tuple[str, ...]:
    """Names of all made shoes, sorted."""
    return tuple(sorted(name for name, garment in load_garments().items() if garment.kind == "shoes"))
