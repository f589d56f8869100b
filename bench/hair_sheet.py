"""Every hair style from the front, the side and behind, as it ships.

python -m bench.hair_sheet OUT.jpg [--style NAME ...] [--beard NAME ...] [--target web] [--colour "#2a1a12" ...] [--folder build/hair]

Each style is built on one woman and one man in turn, in a plain garment, up to the model that a bundle ships, and rendered in the
studio of portraits, three pictures a colour. About ten seconds a style and colour.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import yaml

from assets.artefacts.character import Model
from assets.artefacts.geometry import Image, Pixels
from assets.artefacts.motion import Motion
from assets.conventions import MORPHS_67
from assets.formats.image import encode_jpeg
from assets.store import LocalStore, write_atomic
from flows.engine.partial_build import run_partial_build
from flows.pipeline.request import BuildRequest
from stages.groom.hair.choices import STYLES
from stages.groom.hair.style import list_styles
from stages.preview.expressions import make_subject
from stages.render.contact_sheet import build_contact_sheet
from stages.render.key_frames import find_rest_pose
from stages.render.light import build_studio, build_studio_lamps
from stages.render.portrait import PortraitStudio, PortraitView, open_portrait_studio
from stages.render.posing import Pose
from stages.sway.clips import settle_pose

TURNS = {"front": 0.25, "side": 1.35, "back": 2.7}
"""View -> radians by which the camera goes around the head."""
CELL, _COLUMNS = 120, 9
"""Pixels a side of each picture, and pictures in a row: one style in three colours, or three styles in one."""
COLOURS = ("#1c1410", "#6b4428", "#b8925a")
_OUTFITS = {"man": "male_casualsuit02", "woman": "female_casualsuit01"}


def build_spec(style: str, beard: str, colour: str, target: str) -> dict[str, object]:
    """A plain person with that hair, of the sex that it is drawn for more often."""
    drawn = {who: sum(table.get(style, 0) for name, table in STYLES.items() if _is_for(name, who)) for who in _OUTFITS}
    is_man = beard != "none" or drawn["man"] >= drawn["woman"]
    identity = {"age": 32, "gender": float(is_man), "tone": 0.3}
    groom = {"hair": style, "beard": beard, "hair_colour": colour, "outfit": _OUTFITS["man" if is_man else "woman"]}
    return {"name": style, "seed": 4, "identity": identity, "groom": groom, "package": {"target": target, "turntable": False}}


def _is_for(table: str, who: str) -> bool:
    """Whether a table of `choices.py` is for men or women: "old man, coily"."""
    return table.split(",")[0].split()[-1] == who


def render_views(studio: PortraitStudio, spec: Path, store: LocalStore) -> list[Pixels]:
    """(CELL,CELL,3) pictures of the shipped model at rest, one for each turn."""
    build = BuildRequest(str(spec), store=store.root)
    model = store.get(run_partial_build(build, "model").outcome.ref, Model)
    motion = store.get(run_partial_build(build, "presence").outcome.ref, Motion)
    standing = settle_pose(model, find_rest_pose(motion.clips, motion.skeleton))
    pose = Pose(standing.rotations, standing.root, np.zeros(len(MORPHS_67), np.float32))
    studio.set_subject(make_subject(model), pose)
    return [studio.take(PortraitView(pose, build_studio_lamps(turn), build_studio(turn), turn, zoom=1.1), CELL) for turn in TURNS.values()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--style", nargs="*", default=list(list_styles()))
    parser.add_argument("--beard", nargs="*", default=["none"])
    parser.add_argument("--target", default="web")
    parser.add_argument("--colour", nargs="*", default=list(COLOURS))
    parser.add_argument("--folder", type=Path, default=Path("build/hair"))
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    store, file, pictures = LocalStore(chosen.folder / "store"), chosen.folder / "one.yaml", {}
    with open_portrait_studio() as studio:
        for style in chosen.style:
            for beard in chosen.beard:
                title = style if beard == "none" else f"{style}, {beard}"
                for number, colour in enumerate(chosen.colour):
                    file.write_text(yaml.safe_dump(build_spec(style, beard, colour, chosen.target)), encoding="utf-8")
                    for view, pixels in zip(TURNS, render_views(studio, file, store), strict=True):
                        # Names of pictures must differ; what is too long for its cell is cut off.
                        pictures[title if view == "front" and not number else f"{colour} {view}{' ' * len(pictures)}"] = Image(pixels)
    sheet = build_contact_sheet(pictures, _COLUMNS, CELL)
    write_atomic(chosen.out, encode_jpeg(sheet, 88))


if __name__ == "__main__":
    main()
