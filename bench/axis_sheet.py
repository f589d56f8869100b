"""A picture sheet of the axes of identity.axes: python -m bench.axis_sheet [SHEET.jpg] [--seed 7] [--gender 0]

A row for each axis: one person with it at -1, 0 and 1, in one light; profiles for what shows in profile. Writes docs/axes.jpg by default.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assets.artefacts.geometry import Image
from assets.formats.image import encode_jpeg
from assets.paths import PROJECT_ROOT
from assets.spec.appearance import GroomSpec, IdentitySpec
from assets.spec.avatar import AvatarSpec
from assets.store import write_atomic
from flows.explore.portrait import open_portrait_maker
from flows.pipeline.spec_choices import list_identity_axes
from stages.render.contact_sheet import build_contact_sheet

AMOUNTS = (-1.0, 0.0, 1.0)
IN_PROFILE = ("chin", "nose_bridge", "nose_hump", "nose_tip", "nose_upturn", "eye_depth", "cheeks")
_CELL, _COLUMNS, _QUALITY = 200, 12, 84
_ZOOM, _TURN, _PROFILE = 1.45, 0.0, 1.3


def main() -> None:
    """Writes the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=PROJECT_ROOT / "docs" / "axes.jpg")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--gender", type=float, default=0.0)
    chosen = parser.parse_args()
    spec = AvatarSpec(name="Axes", seed=chosen.seed, groom=GroomSpec(hair="crew", beard="none", outfit="tee_jeans"))
    pictures: dict[str, Image] = {}
    with open_portrait_maker() as maker:
        for name in list_identity_axes():
            for amount in AMOUNTS:
                identity = IdentitySpec(gender=chosen.gender, age=30, axes={name: amount})
                turn = _PROFILE if name in IN_PROFILE else _TURN
                portrait = maker.draw(spec.model_copy(update={"identity": identity}), size=2 * _CELL, turn=turn, zoom=_ZOOM)
                pictures[f"{name} {amount:+g}" if amount else name] = Image(portrait.pixels)
    write_atomic(chosen.file, encode_jpeg(build_contact_sheet(pictures, _COLUMNS, _CELL), _QUALITY))


if __name__ == "__main__":
    main()
