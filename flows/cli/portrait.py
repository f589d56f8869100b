"""`fenshen portrait`: pictures of people of a spec or a text, with their seeds, and a contact sheet."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assets.errors import Finding, SpecError
from flows.cli.console import err, out, report_findings
from flows.pipeline.limits import SEED_LIMIT

if TYPE_CHECKING:
    from assets.artefacts.geometry import Image
    from assets.spec.avatar import AvatarSpec

_MAX_COUNT = 400
_SIZES = (128, 256, 512)
_SPEC_SUFFIXES = (".yaml", ".yml", ".json")
_CELL, _COLUMNS = 256, 6
SHEET = "portraits.png"


_NAME = "Portrait"


class Origin(StrEnum):
    """What makes the pictures."""

    RENDER = "render"
    NET = "net"


def portrait(
    who: Annotated[str, typer.Argument(metavar='SPEC|"TEXT"', help="A spec file, a preset, or a description in English or Chinese.")],
    count: Annotated[int, typer.Option(min=1, max=_MAX_COUNT, help="How many people.")] = 1,
    size: Annotated[int, typer.Option(help="Pixels a side: 128, 256 or 512.")] = 512,
    origin: Annotated[Origin, typer.Option("--from", help="render: the bundle's own person; net: our generator.")] = Origin.RENDER,
    seed: Annotated[int | None, typer.Option(min=0, max=SEED_LIMIT - _MAX_COUNT, help="Of the first; the others follow it.")] = None,
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the pictures.")] = Path("portraits"),
) -> None:
    """Make portraits of a spec or of a description, each with another seed, and a sheet of all.

    From `render` a picture shows the person whom `fenshen build` makes of the same spec and seed.

    Example: `fenshen portrait kofi --count 12 --size 256`
    """
    with report_findings():
        _check(size, folder)
        folder.mkdir(parents=True, exist_ok=True)
        from stages.render.contact_sheet import build_contact_sheet

        pictures: dict[str, Image] = {}
        maker = _render(who, count, size, seed) if origin == Origin.RENDER else _generate(who, count, size, seed)
        for own, picture in maker:
            name = f"portrait-{own}.png"
            _write_picture(folder / name, picture, who, own, origin)
            pictures[f"seed {own}"] = picture
            err.print(f"{name}: {len(pictures)} of {count}")
        if count > 1:
            _write_picture(folder / SHEET, build_contact_sheet(pictures, min(count, _COLUMNS), min(size, _CELL)), who, None, origin)
    out.print(f"{folder}/: {count} {'portrait' if count == 1 else 'portraits'}" + (f" and {SHEET}" if count > 1 else ""))


def _check(size: int, folder: Path) -> None:
    if size not in _SIZES:
        raise SpecError(Finding("portrait/size", f"a portrait cannot have {size} pixels a side", fix="use --size 128, 256 or 512"))
    if os.path.lexists(folder) and not folder.is_dir():
        raise SpecError(Finding("portrait/folder", f"{folder} is not a folder", fix="choose another --out"))


def is_spec(who: str) -> bool:
    """Whether the words name a spec file or a preset; everything else is a description."""
    from assets.spec.read import list_presets

    return who.lower().endswith(_SPEC_SUFFIXES) or who in list_presets() or (os.sep in who and " " not in who)


def _render(who: str, count: int, size: int, seed: int | None) -> Iterator[tuple[int, Image]]:
    """Seed and picture of each person; raises what the stages raise."""
    from stages.portrait.picture import open_portrait_maker

    people = list(_find_people(who, count, seed)) if is_spec(who) else _find_people(who, count, seed)
    with open_portrait_maker() as maker:
        for own, spec in people:
            yield own, maker.make(spec, size)


def _find_people(who: str, count: int, seed: int | None) -> Iterator[tuple[int, AvatarSpec]]:
    """Seed and spec of each person; what a text leaves open is drawn for each seed."""
    from assets.spec.avatar import AvatarSpec
    from flows.pipeline.media import resolve_media_paths
    from flows.pipeline.request import BuildRequest, resolve_request
    from flows.pipeline.text_fields import fill_from_text

    if not is_spec(who):
        first = seed or 0
        for own in range(first, first + count):
            text = {"name": _NAME, "seed": own, "identity": {"text": who}}
            yield own, fill_from_text(AvatarSpec.model_validate(text))
        return
    first = resolve_request(BuildRequest(who))[0].spec.seed if seed is None else seed
    for own in range(first, first + count):
        request, _, _ = resolve_request(BuildRequest(who, seed=own))
        sections = {name: resolve_media_paths(getattr(request.spec, name), request.folder) for name in ("identity", "groom")}
        yield own, request.spec.model_copy(update=sections)


def _generate(who: str, count: int, size: int, seed: int | None) -> Iterator[tuple[int, Image]]:
    """Seed and picture of each sample of the generator; raises BackendError where there are no weights."""
    from stages.portrait.generator import generate_portraits

    if is_spec(who):
        raise SpecError(Finding("portrait/net-spec", "the generator of portraits takes a description, not a spec", fix="use --from render"))
    first = seed or 0
    yield from zip(range(first, first + count), generate_portraits(who, range(first, first + count), size), strict=True)


def _write_picture(file: Path, picture: Image, who: str, seed: int | None, origin: Origin) -> None:
    """Writes the PNG with its provenance: that it is synthetic, from which words or spec, and from which seed."""
    from assets.formats.image import encode_png
    from assets.formats.png_text import add_png_text
    from assets.store import write_atomic

    facts = {"generator": f"fenshen {version('fenshen')}", "synthetic": True, "of": who, "from": str(origin)}
    facts |= {} if seed is None else {"seed": seed}
    texts = {"Software": f"fenshen {version('fenshen')}", "fenshen": json.dumps(facts, ensure_ascii=False)}
    write_atomic(file, add_png_text(encode_png(picture), texts))
