"""Makes a data set: plans it, opens its generator of items, and writes the shards."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import Finding, SpecError
from stages.datasets.shards import Progress, claim_folder, write_dataset

if TYPE_CHECKING:
    from stages.datasets.folder import FolderRequest

STYLES = ("realistic",)
MIN_PEOPLE = 3
"""One for each split: no split may be empty, and nobody is in two."""


@dataclass(frozen=True)
class DatasetRequest:
    """The arguments of `fenshen data skins|faces|portraits|bodies`."""

    kind: str
    """skins, faces, portraits or bodies."""
    out: Path
    count: int
    size: int = 0
    """Pixels a side; 0 for bodies."""
    seed: int = 0
    style: str = "realistic"

    @property
    def command(self) -> str:
        """The command line that makes this set again."""
        size = f" --size {self.size}" if self.size else ""
        style = f" --style {self.style}" if self.style != "realistic" else ""
        return f"fenshen data {self.kind} --out {self.out.name} --count {self.count}{size} --seed {self.seed}{style}"


def make_dataset(request: DatasetRequest, progress: Progress | None = None) -> Path:
    """dataset.json of the finished set; raises SpecError for a wrong request or a folder in use, BackendError for missing baked files."""
    if request.style not in STYLES:
        fix = f"use one of {', '.join(STYLES)}"
        raise SpecError(Finding("data/style", f"unknown style {request.style!r} for {request.kind}", fix=fix))
    _require_enough_people(request)
    return _MAKERS[request.kind](request, progress)


def _require_enough_people(request: DatasetRequest) -> None:
    from stages.datasets import faces, portraits

    each = {"faces": faces.PICTURES_PER_PERSON, "portraits": portraits.PICTURES_PER_PERSON}.get(request.kind, 1)
    people = -(-request.count // each)
    if people < MIN_PEOPLE:
        message = f"{request.count} {request.kind} show only {people} people, fewer than one for each of the {MIN_PEOPLE} splits"
        raise SpecError(Finding("data/too-few", message, fix=f"give --count {(MIN_PEOPLE - 1) * each + 1} or more"))


def _make_skins(request: DatasetRequest, progress: Progress | None) -> Path:
    from stages.datasets.skins import SkinGenerator, plan
    from stages.texture.tiles import load_skin_library

    skins = load_skin_library()
    card, shards = plan(skins, count=request.count, size=request.size, seed=request.seed, command=request.command)
    return write_dataset(
        request.out, card, shards, SkinGenerator(skins, count=request.count, size=request.size, seed=request.seed), progress
    )


def _make_faces(request: DatasetRequest, progress: Progress | None) -> Path:
    from stages.datasets.faces import FaceGenerator, plan
    from stages.render.portrait import open_portrait_studio
    from stages.texture.tiles import load_skin_library

    skins = load_skin_library()
    card, shards = plan(skins, count=request.count, size=request.size, seed=request.seed, command=request.command)
    claim_folder(request.out, card, shards)  # before the studio opens: a folder in use is refused at once
    with open_portrait_studio() as studio:
        return write_dataset(
            request.out, card, shards, FaceGenerator(skins, studio, count=request.count, size=request.size, seed=request.seed), progress
        )


def _make_portraits(request: DatasetRequest, progress: Progress | None) -> Path:
    from stages.datasets.portraits import PortraitGenerator, plan
    from stages.render.portrait import open_portrait_studio
    from stages.texture.tiles import load_skin_library

    card, shards = plan(load_skin_library(), count=request.count, size=request.size, seed=request.seed, command=request.command)
    claim_folder(request.out, card, shards)
    with open_portrait_studio() as studio:
        generator = PortraitGenerator(studio, size=request.size, seed=request.seed)
        return write_dataset(request.out, card, shards, generator, progress)


def _make_bodies(request: DatasetRequest, progress: Progress | None) -> Path:
    from stages.datasets.bodies import BodyGenerator, plan

    card, shards, sizes = plan(count=request.count, seed=request.seed, command=request.command)
    claim_folder(request.out, card, shards)
    return write_dataset(request.out, card, shards, BodyGenerator(shards, sizes, seed=request.seed), progress, sizes)


_MAKERS = {"skins": _make_skins, "faces": _make_faces, "portraits": _make_portraits, "bodies": _make_bodies}


def make_folder_dataset(request: FolderRequest, out: Path, progress: Progress | None = None) -> tuple[Path, tuple[Finding, ...]]:
    """dataset.json of a user's pictures, and a warning for each file that was left out; raises as stages.datasets.folder.scan_folder."""
    from stages.datasets.folder import FolderReader, plan, scan_folder

    contents = scan_folder(request)
    card, shards = plan(contents, _compose_folder_command(request, out))
    return write_dataset(out, card, shards, FolderReader(contents), progress), contents.skipped


def _compose_folder_command(request: FolderRequest, out: Path) -> str:
    """The command line that makes this set again, without folders: it is published with weights, and paths are private."""
    options = {
        "--licence": request.licence, "--consent": request.consent and request.consent.name,
        "--attributes": request.table and request.table.name,
    }  # fmt: skip
    words = ["fenshen", "data", "folder", request.source.name, "--out", out.name, "--size", str(request.size), "--seed", str(request.seed)]
    return shlex.join([*words, *(word for name, value in options.items() if value for word in (name, value))])
