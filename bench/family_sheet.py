"""A picture of two people, what is between them, and their children: python -m bench.family_sheet [SHEET.jpg] [--parents ada kofi]

Writes docs/family.jpg by default: the first row goes from one to the other by a quarter, the second shows children of eight seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.artefacts.geometry import Image
from assets.formats.image import encode_jpeg
from assets.paths import PROJECT_ROOT
from assets.spec.avatar import AvatarSpec
from assets.store import write_atomic
from flows.explore.portrait import open_portrait_maker
from stages.identity.people import fill_traits
from stages.render.contact_sheet import build_contact_sheet

CHILDREN = 5
_CELL, _COLUMNS, _QUALITY = 240, 5, 86


def list_people(first: str, second: str) -> Iterator[tuple[str, dict[str, Any], int]]:
    """(caption, identity, seed)."""
    for share in (0, 25, 50, 75, 100):
        people = [{"preset": name, "weight": weight} for name, weight in ((first, 100 - share), (second, share)) if weight]
        yield f"{100 - share} % {first}" if share < 100 else second, {"mix": people}, 3
    for seed in range(1, CHILDREN + 1):
        yield f"child of both, seed {seed}", {"child_of": [first, second], "age": 25}, seed


def main() -> None:
    """Writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=PROJECT_ROOT / "docs" / "family.jpg")
    parser.add_argument("--parents", nargs=2, default=["ada", "kofi"])
    chosen = parser.parse_args()
    pictures: dict[str, Image] = {}
    with open_portrait_maker() as maker:
        for caption, identity, seed in list_people(*chosen.parents):
            values = {"name": "Sheet", "seed": seed, "identity": identity, "groom": {"beard": "none"}}
            spec = fill_traits(AvatarSpec.model_validate(values), Path())
            pictures[caption] = Image(maker.draw(spec, exact=True, size=2 * _CELL).pixels)
    write_atomic(chosen.file, encode_jpeg(build_contact_sheet(pictures, _COLUMNS, _CELL), _QUALITY))


if __name__ == "__main__":
    main()
