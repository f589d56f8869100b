"""Writes the seeds of the corpus, small valid files of every kind that a reader knows: `python -m tests.fuzz.make_corpus`.

Files whose names begin with `found_` are not seeds: fuzzing found them, and they broke a reader once.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Picture

from assets.artefacts.motion import Clip
from assets.conventions import JOINTS
from assets.formats.bvh import export_bvh
from assets.formats.gltf import export_gltf
from assets.formats.vrm import VrmMeta, export_vrm, export_vrma
from assets.formats.wav import export_wav
from assets.paths import PROJECT_ROOT
from tests.assets.formats.small_scene import a_clip, a_scene, a_skeleton

CORPUS = Path(__file__).parent / "corpus"
TONE = np.sin(np.arange(160) / 5)
GRADIENT = np.stack(np.broadcast_arrays(*np.mgrid[0:12, 0:16] * 15, 90), -1).astype(np.uint8)

SPECS = {
    "tiny.yaml": b"name: Ada\n",
    "full.yaml": b"""name: "Ada"
seed: 7
identity: {age: 30, gender: 0, tone: 0.3}
body: {height: 0.6, weight: 0.45}
groom: {hair: ponytail01, hair_colour: "#5a2e1a", eye_colour: "#3d6b4f"}
motion:
  fps: 30
  clips:
    - {name: stroll, library: walk}
    - {name: reach, video: x.mp4}   # a film
persona:
  who: I am Ada.
  facts:
    - say: Our largest mirror is four metres wide.
      ask: ["How big is your mirror?"]
  lines: [Welcome!]
voice: {backend: hibari, rate: 1.1}
rights: {creator: You, licence: CC-BY-4.0, strict: true}
package: {target: web}
""",
    "json.json": b'{"name": "\\u6797", "seed": 1,\n\t"persona": {"language": "zh", "lines": ["\\u4f60\\u597d"]}}\n',
}


def make_bvhs() -> dict[str, bytes]:
    clip = a_clip(frames=3)
    stretch = (PROJECT_ROOT / "examples" / "stretch.bvh").read_bytes().splitlines(keepends=True)
    start = next(i for i, line in enumerate(stretch) if line.startswith(b"MOTION"))
    own = export_bvh(Clip("a", clip.times, clip.rotations[:, : len(JOINTS)], clip.root, clip.face), a_skeleton())
    small = (
        b"HIERARCHY\nROOT Hips\n{\n OFFSET 0 0 0\n CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
        b" JOINT Spine\n {\n  OFFSET 0 10 0\n  CHANNELS 3 Zrotation Xrotation Yrotation\n"
        b"  End Site\n  {\n   OFFSET 0 5 0\n  }\n }\n}\nMOTION\nFrames: 2\n"
        b"Frame Time: 0.0333\n0 90 0 1 2 3 4 5 6\n0 91 0 1 2 3 4 5 7\n"
    )
    return {
        "own.bvh": own, "stretch.bvh": b"".join(stretch[: start + 5]), "small.bvh": small,
        "utf16.bvh": small.decode().encode("utf-16"), "crlf.bvh": small.replace(b"\n", b"\r\n"),
    }  # fmt: skip


def make_wavs() -> dict[str, bytes]:
    mono = export_wav(TONE, 8000)
    stereo = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 4 + 26 + 16 + 648, b"WAVE", b"fmt ", 18, 1, 2, 22050, 88200, 4, 16) + b"\0\0"
    stereo += struct.pack("<4sI", b"LIST", 5) + b"INFOx\0" + struct.pack("<4sI", b"data", 640) + mono[44:] * 2
    extensible = struct.pack("<4sI4s4sIHHIIHHHHI16s", b"RIFF", 60 + 64, b"WAVE", b"fmt ", 40, 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4,
                             b"\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71")  # fmt: skip
    extensible += struct.pack("<4sI", b"data", 64) + mono[44:108]
    return {"mono.wav": mono, "stereo.wav": stereo, "extensible.wav": extensible}


def make_glbs() -> dict[str, bytes]:
    scene = a_scene(clips=(a_clip(frames=3),))
    return {
        "scene.glb": export_gltf(scene), "scene.vrm": export_vrm(scene, VrmMeta("Ada", "You", "CC0-1.0", "")),
        "clip.vrma": export_vrma(a_clip(frames=3), a_skeleton()),
    }  # fmt: skip


def make_images() -> dict[str, bytes]:
    colour = Picture.fromarray(GRADIENT)
    exif = Picture.Exif()
    exif[0x0112] = 6  # turned by a quarter
    made = {
        "colour.png": (colour, {}), "grey.png": (colour.convert("L"), {}), "palette.png": (colour.quantize(8), {}),
        "alpha.png": (colour.convert("RGBA"), {}), "grey16.png": (Picture.fromarray(GRADIENT[..., 0].astype(np.uint16) * 257), {}),
        "turned.jpg": (colour, {"exif": exif}), "cmyk.jpg": (colour.convert("CMYK"), {}), "colour.webp": (colour, {}),
        "lossless.webp": (colour.convert("RGBA"), {"lossless": True}), "colour.tif": (colour, {"exif": exif}),
        "lzw.tif": (colour, {"compression": "tiff_lzw"}), "float.tif": (Picture.fromarray(GRADIENT[..., 0].astype(np.float32)), {}),
        "colour.gif": (colour.quantize(8), {}), "colour.bmp": (colour, {}), "colour.ppm": (colour, {}), "colour.tga": (colour, {}),
        "colour.jp2": (colour, {}), "colour.avif": (colour, {}), "colour.ico": (colour, {"sizes": [(16, 12)]}), "colour.pcx": (colour, {}),
        "colour.sgi": (colour, {}), "colour.dds": (colour, {}), "colour.qoi": (colour, {}),
    }  # fmt: skip
    found = {}
    for name, (picture, options) in made.items():
        stream = io.BytesIO()
        picture.save(stream, Picture.registered_extensions()[Path(name).suffix], **options)
        found[name] = stream.getvalue()
    found["wide.tif"] = cv2.imencode(".tif", (GRADIENT / 255).astype(np.float32))[1].tobytes()
    return found


def make_films(folder: Path) -> dict[str, bytes]:
    found = {}
    for name, codec in (("mpeg4.mp4", "mp4v"), ("mjpeg.avi", "MJPG"), ("vp8.webm", "VP80"), ("ffv1.mkv", "FFV1"), ("mpeg1.mpg", "PIM1")):
        path = folder / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25, (48, 32))
        for shift in range(3):
            writer.write(np.ascontiguousarray(np.roll(cv2.resize(GRADIENT, (48, 32)), shift, 1)))
        writer.release()
        found[name] = path.read_bytes()
        path.unlink()
    return found


def main() -> None:
    """Writes every seed."""
    Picture.init()
    kinds = {"spec": SPECS, "bvh": make_bvhs(), "wav": make_wavs(), "glb": make_glbs(), "image": make_images(), "film": make_films(CORPUS)}
    for kind, files in kinds.items():
        (CORPUS / kind).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (CORPUS / kind / name).write_bytes(data)


if __name__ == "__main__":
    main()
