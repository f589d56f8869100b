"""What a print must name, checked when the spec is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from assets.errors import Finding, FormatError, Location
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from assets.untrusted_media import load_untrusted_image
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
        elif one.picture is not None and (finding := _find_unreadable(folder / one.picture, f"{name}.picture")):
            yield (*loc, "picture"), finding
        elif one.text is not None and (extra := [key for key in ("licence", "author") if getattr(one, key) is not None]):
            fix = "leave it out; the words of a text are your own"
            yield (
                (*loc, extra[0]),
                Finding("groom/print-licence", f"{name}.{extra[0]} belongs to a picture, and the print is a text", fix=fix),
            )
        elif one.text is not None and (finding := find_lacking_letters(one.text, f"{name}.text")):
            yield (*loc, "text"), finding
        garment = load_garments().get(piece.garment)
        if garment and (finding := explain_no_chest(garment)):
            yield loc, finding


def _find_unreadable(picture: Path, field_name: str) -> Finding | None:
    """The finding for a file that is not a picture, or is beyond a limit; None where it can be printed, or is no file at all."""
    if not picture.is_file():  # its own finding; a pipe would be waited for for ever
        return None
    try:
        load_untrusted_image(picture)
    except FormatError as error:
        found = error.findings[0]
        return replace(found, message=f"{field_name}: {found.message}", location=Location())
    return None


RULES = (CrossFieldRule(("groom.pieces",), _check_prints),)
