"""`fenshen lineup`: a contact sheet of random people."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assets.errors import Finding, SpecError
from flows.cli.choices import check_target, complete_targets
from flows.cli.console import err, out, report_findings
from flows.pipeline.limits import SEED_LIMIT

if TYPE_CHECKING:
    from assets.artefacts.geometry import Image

_SUFFIXES = (".jpg", ".jpeg", ".png")
_JPEG_QUALITY = 88
_MAX_PEOPLE = 400
_CELL, _COLUMNS = 320, 8


class View(StrEnum):
    """Which of the previews is shown."""

    PORTRAIT = "portrait"
    FULL = "full"
    EXPRESSIONS = "expressions"


def lineup(
    number: Annotated[int, typer.Argument(metavar="N", min=1, max=_MAX_PEOPLE, help="How many people.")] = 16,
    first: Annotated[int, typer.Option(min=0, max=SEED_LIMIT - _MAX_PEOPLE, help="Seed of the first; the others follow it.")] = 1,
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="The picture to write: .jpg or .png.")] = Path("lineup.jpg"),
    view: Annotated[View, typer.Option(help="What to show of each.")] = View.PORTRAIT,
    target: Annotated[str, typer.Option(help="web, desktop or crowd.", autocompletion=complete_targets)] = "web",
) -> None:
    """Make N random people, each from a seed alone, and show them on one contact sheet.

    A person takes about half a minute. Everybody made is in the store: a run that was stopped continues, and another view or a longer
    line of the same seeds takes seconds for them.

    Example: `fenshen lineup 16`
    """
    with report_findings():
        _check_file(file)
        # Inside: with numpy and pydantic they would slow down every command.
        from assets.formats.image import encode_jpeg, encode_png
        from assets.store import write_atomic
        from stages.render.contact_sheet import build_contact_sheet

        pictures = _make_people(range(first, first + number), view, target)
        sheet = build_contact_sheet(pictures, _choose_columns(number, view), 2 * _CELL if view == View.EXPRESSIONS else _CELL)
        png = file.suffix.lower() == ".png"
        write_atomic(file, encode_png(sheet) if png else encode_jpeg(sheet, _JPEG_QUALITY))
    out.print(f"{file}: {number} {'person' if number == 1 else 'people'}, seeds {first} to {first + number - 1}")


def _choose_columns(number: int, view: View) -> int:
    """Rows and columns alike for a few, at most _COLUMNS for many."""
    most = _COLUMNS // 2 if view == View.EXPRESSIONS else _COLUMNS
    return min(most, max(1, round(math.sqrt(1.3 * number))))


def _check_file(file: Path) -> None:
    """Raises SpecError where the picture could not be written; nobody waits minutes to learn it."""
    if file.suffix.lower() not in _SUFFIXES:
        raise SpecError(Finding("lineup/suffix", f"{file} does not end with .jpg or .png", fix="write --out lineup.jpg"))
    if file.is_dir():
        raise SpecError(Finding("lineup/folder", f"{file} is a folder", fix="choose another name"))
    if not file.parent.is_dir():
        raise SpecError(Finding("lineup/no-folder", f"{file.parent} is no folder", fix="make it, or choose another one"))


def _make_people(seeds: range, view: View, target: str) -> Mapping[str, Image]:
    """Caption -> picture, in the order of the seeds; raises what a build raises."""
    from assets.artefacts.character import Previews
    from assets.formats.image import decode_image
    from flows.engine.partial_build import run_partial_build
    from flows.pipeline.request import BuildRequest, open_store

    pictures: dict[str, Image] = {}
    store = open_store(None)
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "anybody.yaml"
        spec.write_text("name: Anybody\npackage:\n  turntable: false\n", encoding="utf-8")
        for seed in seeds:
            made = run_partial_build(BuildRequest(str(spec), seed=seed, target=check_target(target)), "preview")
            err.print(f"seed {seed}: {len(pictures) + 1} of {len(seeds)}")
            pictures[f"seed {seed}"] = decode_image(store.get(made.outcome.ref, Previews).pictures[f"{view}.jpg"])
    return pictures
