"""What a print must name, checked when the spec is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assets.errors import Finding
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from stages.groom.garments.prints import explain_no_chest, find_lacking_letters
from stages.groom.garments.style import load_garments


def _check_prints(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """A print is text that can be drawn or a picture with a licence, on a garment with a chest."""
    for number, piece in enumerate(spec.groom.pieces):
        if (one := piece.print) is None:
            continue
        loc, name = ("groom", "pieces", number, "print"), f"groom.pieces.{number}.print"
        if (one.text is None) == (one.picture is None):
            found = "both text and picture" if one.text is not None else "neither text nor picture"
            yield loc, Finding("groom/print-content", f"{name} has {found}", fix="write one of the two")
        elif one.picture is not None and one.licence is None:
            yield loc, Finding("groom/print-licence", f"{name}: the picture has no licence", fix="add licence, such as CC-BY-4.0")
        elif one.text is not None and (finding := find_lacking_letters(one.text, f"{name}.text")):
            yield (*loc, "text"), finding
        garment = load_garments().get(piece.garment)
        if garment and (finding := explain_no_chest(garment)):
            yield loc, finding


RULES = (CrossFieldRule(("groom.pieces",), _check_prints),)
