"""Makes a data set of one of our own kinds: the plan, the maker of its items, the shards."""

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
"""People of a set: no split may be empty, and nobody is in two."""


@dataclass(frozen=True)
class DatasetRequest:
    """What was asked for on the command line."""

    kind: str
    """skins, faces or bodies."""
    out: Path
    count: int
    size: int = 0
    """Pixels a side; 0 for bodies."""
    seed: int = 0
    style: str = "realistic"

    @property
    def command(self) -> str:
        """The line that makes this set again."""
        size = f" --size {self.size}" if self.size else ""
        style = f" --style {self.style}" if self.style != "realistic" else ""
        return f"fenshen data {self.kind} --out {self.out.name} --count {self.count}{size} --seed {self.seed}{style}"


def make_dataset(order: DatasetRequest, progress: Progress | None = None) -> Path:
    """dataset.json of the finished set; raises SpecError for too few people or a folder in use, BackendError for what is not baked."""
    if order.style not in STYLES:
        fix = f"take {', '.join(STYLES)}"
        raise SpecError(Finding("data/style", f"there is no style {order.style!r} to make {order.kind} in", fix=fix))
    _require_enough_people(order)
    return _MAKERS[order.kind](order, progress)


def _require_enough_people(order: DatasetRequest) -> None:
    from stages.datasets.faces import PICTURES_PER_PERSON

    each = PICTURES_PER_PERSON if order.kind == "faces" else 1
    if -(-order.count // each) < MIN_PEOPLE:
        people = f"{order.count} {order.kind} are of fewer than {MIN_PEOPLE} people, one for each split"
        raise SpecError(Finding("data/too-few", people, fix=f"give --count {(MIN_PEOPLE - 1) * each + 1} or more"))


def _make_skins(order: DatasetRequest, progress: Progress | None) -> Path:
    from stages.datasets.skins import SkinGenerator, plan
    from stages.texture.tiles import load_skin_library

    skins = load_skin_library()
    card, shards = plan(skins, count=order.count, size=order.size, seed=order.seed, command=order.command)
    return write_dataset(order.out, card, shards, SkinGenerator(skins, count=order.count, size=order.size, seed=order.seed), progress)


def _make_faces(order: DatasetRequest, progress: Progress | None) -> Path:
    from stages.datasets.faces import FaceGenerator, plan
    from stages.render.portrait import open_portrait_studio
    from stages.texture.tiles import load_skin_library

    skins = load_skin_library()
    card, shards = plan(skins, count=order.count, size=order.size, seed=order.seed, command=order.command)
    claim_folder(order.out, card, shards)  # before the studio opens: a folder in use is refused at once
    with open_portrait_studio() as studio:
        return write_dataset(
            order.out, card, shards, FaceGenerator(skins, studio, count=order.count, size=order.size, seed=order.seed), progress
        )


def _make_bodies(order: DatasetRequest, progress: Progress | None) -> Path:
    from stages.datasets.bodies import BodyGenerator, plan

    card, shards, sizes = plan(count=order.count, seed=order.seed, command=order.command)
    claim_folder(order.out, card, shards)
    return write_dataset(order.out, card, shards, BodyGenerator(shards, sizes, seed=order.seed), progress, sizes)


_MAKERS = {"skins": _make_skins, "faces": _make_faces, "bodies": _make_bodies}


def make_folder_dataset(ask: FolderRequest, out: Path, progress: Progress | None = None) -> tuple[Path, tuple[Finding, ...]]:
    """dataset.json of a user's pictures, and a warning for each file that was left out; raises as stages.datasets.folder.scan_folder."""
    from stages.datasets.folder import FolderReader, plan, scan_folder

    gathered = scan_folder(ask)
    card, shards = plan(gathered, _compose_folder_command(ask, out))
    return write_dataset(out, card, shards, FolderReader(gathered), progress), gathered.skipped


def _compose_folder_command(ask: FolderRequest, out: Path) -> str:
    """The line that makes this set again, by files' names alone: it is published with weights, whose readers have no business in a home."""
    given = {"--licence": ask.licence, "--consent": ask.consent and ask.consent.name, "--attributes": ask.table and ask.table.name}
    words = ["fenshen", "data", "folder", ask.source.name, "--out", out.name, "--size", str(ask.size), "--seed", str(ask.seed)]
    return shlex.join([*words, *(word for name, value in given.items() if value for word in (name, value))])
