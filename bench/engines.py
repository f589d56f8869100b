"""Pictures of a bundle in other people's engines: python -m bench.engines build/kofi docs/engines.jpg

TalkingHead (Chromium) as it stands, in its gesture handup and its pose hand on hip; and, where Blender is there, a clip in Blender.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image

from stages.verify.bundle_view import Glb
from stages.verify.gates.blender import choose_moment, find_blender, load_in_blender
from stages.verify.gates.talkinghead import act_in_talkinghead, build_line, find_pose_errors, measure_bind_leans

SIZE = (480, 640)


def draw_talkinghead(glb: bytes, tracks: dict[str, dict[str, object]]) -> list[Image.Image]:
    """One picture per pose; prints what the gate would say."""
    found = act_in_talkinghead(glb, build_line(tracks), pictures=True)
    print(
        "TalkingHead:",
        list(find_pose_errors(found["acted"], measure_bind_leans(Glb.parse("avatar.glb", glb)))) or "every pose is as it means",
    )
    return [Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) for url in found["pictures"].values()]


def draw_blender(glb: bytes, program: str) -> list[Image.Image]:
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "blender.png"
        load_in_blender(glb, program, choose_moment(Glb.parse("avatar.glb", glb)), picture)
        return [Image.open(io.BytesIO(picture.read_bytes()))]


def main(bundle: Path, target: Path) -> None:
    glb = (bundle / "avatar.glb").read_bytes()
    tracks = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((bundle / "visemes").glob("*.json"))}
    program = find_blender()
    pictures = [*draw_talkinghead(glb, tracks), *(draw_blender(glb, program) if program else [])]
    sheet = Image.new("RGB", (SIZE[0] * len(pictures), SIZE[1]), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(picture.convert("RGB").resize(SIZE), (SIZE[0] * i, 0))
    sheet.save(target, quality=88)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
