"""Makes a data set of one of our own kinds: the plan, the maker of its items, the shards."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import Finding, SpecError
from stages.datasets.shards import Progress, claim, write

if TYPE_CHECKING:
    from stages.datasets.folder import Ask

STYLES = ("realistic",)

LEAST = 3
"""People of a set: no split may be empty, and nobody is in two."""


@dataclass(frozen=True)
class Order:
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


def make(order: Order, progress: Progress | None = None) -> Path:
    """dataset.json of the finished set; raises SpecError for too few people or a folder in use, BackendError for what is not baked."""
    if order.style not in STYLES:
        fix = f"take {', '.join(STYLES)}"
        raise SpecError(Finding("data/style", f"there is no style {order.style!r} to make {order.kind} in", fix=fix))
    _refuse_few(order)
    return _MAKERS[order.kind](order, progress)


def _refuse_few(order: Order) -> None:
    from stages.datasets.faces import EACH

    each = EACH if order.kind == "faces" else 1
    if -(-order.count // each) < LEAST:
        people = f"{order.count} {order.kind} are of fewer than {LEAST} people, one for each split"
        raise SpecError(Finding("data/too-few", people, fix=f"give --count {(LEAST - 1) * each + 1} or more"))


def _skins(order: Order, progress: Progress | None) -> Path:
    from stages.datasets.skins import Skins, plan
    from stages.texture.tiles import library

    skins = library()
    card, shards = plan(skins, count=order.count, size=order.size, seed=order.seed, command=order.command)
    return write(order.out, card, shards, Skins(skins, count=order.count, size=order.size, seed=order.seed), progress)


def _faces(order: Order, progress: Progress | None) -> Path:
    from stages.datasets.faces import Faces, plan
    from stages.render.portrait import portraits
    from stages.texture.tiles import library

    skins = library()
    card, shards = plan(skins, count=order.count, size=order.size, seed=order.seed, command=order.command)
    claim(order.out, card, shards)  # before the studio opens: a folder in use is refused at once
    with portraits() as studio:
        return write(order.out, card, shards, Faces(skins, studio, count=order.count, size=order.size, seed=order.seed), progress)


def _bodies(order: Order, progress: Progress | None) -> Path:
    from stages.datasets.bodies import Vectors, plan

    card, shards, sizes = plan(count=order.count, seed=order.seed, command=order.command)
    claim(order.out, card, shards)
    return write(order.out, card, shards, Vectors(shards, sizes, seed=order.seed), progress, sizes)


_MAKERS = {"skins": _skins, "faces": _faces, "bodies": _bodies}


def make_folder(ask: Ask, out: Path, progress: Progress | None = None) -> tuple[Path, tuple[Finding, ...]]:
    """dataset.json of a user's pictures, and a warning for each file that was left out; raises as stages.datasets.folder.gather."""
    from stages.datasets.folder import Pictured, gather, plan

    gathered = gather(ask)
    card, shards = plan(gathered, _folder_command(ask, out))
    return write(out, card, shards, Pictured(gathered), progress), gathered.left_out


def _folder_command(ask: Ask, out: Path) -> str:
    """The line that makes this set again, by files' names alone: it is published with weights, whose readers have no business in a home."""
    given = {"--licence": ask.licence, "--consent": ask.consent and ask.consent.name, "--attributes": ask.table and ask.table.name}
    words = ["fenshen", "data", "folder", ask.source.name, "--out", out.name, "--size", str(ask.size), "--seed", str(ask.seed)]
    return shlex.join([*words, *(word for name, value in given.items() if value for word in (name, value))])
