"""Makes assets/presets/kofi_reach.mp4: our own avatar, filmed in a movement that is known to the last joint.

python -m bench.render_reach [OUT.mp4]        builds Kofi from his spec by the stages, then films him; needs ffmpeg
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from assets.artefacts.character import Body, Groom, TextureSet
from assets.artefacts.geometry import Floats, Pixels
from assets.artefacts.motion import Clip, Motion
from assets.conventions import MORPHS_67
from assets.spec.act import RetargetSpec
from assets.spec.read import read_spec
from stages.motion.canonical import canonical
from stages.motion.clips import STANCE, settled, stand
from stages.motion.pose import REST, curl, ease, keyed, pose
from stages.package.scene import Character, character
from stages.render.pose import Pose, posed
from stages.retarget.stage import run as retargeted

PRESETS = Path(__file__).resolve().parent.parent / "assets" / "presets"
SIZE, FPS, SECONDS = (720, 960), 30, 4.5
_EYE, _HEIGHT_ANGLE = (0.0, 1.09, 4.0), np.radians(35.5)
_TEXELS = 1024
_FACE = {"mouthSmileLeft": (0.4, 1.4, 0.6), "mouthSmileRight": (0.4, 1.4, 0.6), "browInnerUp": (1.2, 2.2, 1.0), "jawOpen": (2.4, 3.4, 0.5),
         "eyeBlinkLeft": (3.3, 3.7, 1.0), "eyeBlinkRight": (3.3, 3.7, 1.0)}  # fmt: skip
"""Morph -> when it rises (s), when it has gone (s), how far."""


def reach() -> Clip:
    """The movement on the canonical skeleton: standing, the right hand up for something overhead, then pointing, then down."""
    times = np.linspace(0, SECONDS, round(SECONDS * FPS) + 1).astype(np.float32)
    up = {"Shoulder": "z14", "Arm": "y-14 z58 x-30", "ForeArm": "y-14", "Hand": "z4", **curl(0.12)}
    finger = {"HandIndex1": "z-4", "HandIndex2": "z-4", "HandIndex3": "z-2"}
    show = {"Shoulder": "z2", "Arm": "y-38 z-6 x-20", "ForeArm": "y-14", "Hand": "z0", **curl(0.8), **finger}
    high = pose(right=up, left={"Arm": "z-68 y6 x-8"}, middle={"Spine1": "z-4", "Head": "x-12 y-6", "Neck": "x-5"})
    shown = pose(right=show, middle={"Spine1": "z0 y-6", "Head": "x0 y-14", "Neck": "y-8"})
    rotations = keyed(times, [(0.0, REST), (0.4, REST), (1.5, high), (1.9, high), (2.8, shown), (3.2, shown), (4.2, REST), (4.5, REST)])
    phase = ease((times - 0.4) / 1.1) - ease((times - 1.9) / 0.9)
    root = np.stack([-0.02 * phase, -settled(STANCE) - 0.004 * (1 - phase), 0 * phase], 1).astype(np.float32)
    stand(rotations, root)
    face = np.zeros((len(times), len(MORPHS_67)), np.float32)
    for name, (start, end, most) in _FACE.items():
        inside = np.clip((times - start) / (end - start), 0, 1)
        face[:, MORPHS_67.index(name)] = most * np.sin(np.pi * inside) ** 2
    return Clip("reach", times, rotations, root, face)


def on_body(body: Body) -> Clip:
    """The movement on this body's skeleton."""
    motion = Motion(canonical(), (reach(),))
    return retargeted(motion, body, options=RetargetSpec(), seed=0).clips[0]


def built(spec: Path = PRESETS / "kofi.yaml") -> tuple[Body, TextureSet, Groom]:
    """Body, skin and clothes of a spec, made by the stages."""
    from stages.body.stage import BACKENDS as BODIES
    from stages.body.stage import run as body_of
    from stages.groom.stage import run as groom_of
    from stages.identity.stage import BACKENDS as IDENTITIES
    from stages.identity.stage import run as identity_of
    from stages.texture.stage import run as texture_of

    wanted = read_spec(str(spec)).spec
    identity = identity_of(options=wanted.identity, backend=IDENTITIES.get(wanted.identity.backend), seed=wanted.seed)
    body = body_of(identity, options=wanted.body, backend=BODIES.get(wanted.body.backend), seed=wanted.seed)
    texture = texture_of(identity, body, options=wanted.texture, seed=wanted.seed)
    return body, texture, groom_of(body, options=wanted.groom, seed=wanted.seed)


def pictures(body: Body, texture: TextureSet, groom: Groom, clip: Clip, eye: tuple[float, float, float] = _EYE) -> Iterator[Pixels]:
    """(h,w,3) RGB of every frame, drawn by pyrender on EGL."""
    os.environ["PYOPENGL_PLATFORM"] = "egl"
    if not hasattr(np, "infty"):
        setattr(np, "infty", np.inf)  # noqa: B010  # pyrender 0.1.45 was written for numpy 1
    import pyrender

    whole = character(body, texture, groom)
    materials = _materials(whole)
    scene = pyrender.Scene(bg_color=(0.62, 0.64, 0.66, 1.0), ambient_light=(0.5, 0.5, 0.5))
    place = np.eye(4)
    place[:3, 3] = eye
    scene.add(pyrender.PerspectiveCamera(yfov=float(_HEIGHT_ANGLE)), pose=place)
    for yaw, pitch, strength in ((-35, 35, 4.6), (40, 15, 2.6)):
        scene.add(pyrender.DirectionalLight(color=np.ones(3), intensity=strength), pose=_lamp(yaw, pitch))
    drawer = pyrender.OffscreenRenderer(*SIZE)
    node = None
    try:
        for frame in range(len(clip.times)):
            if node is not None:
                scene.remove_node(node)
            node = scene.add(pyrender.Mesh(_primitives(whole, materials, body, clip, frame)))
            yield drawer.render(scene, flags=pyrender.RenderFlags.SKIP_CULL_FACES)[0]
    finally:
        drawer.delete()


def _lamp(yaw: float, pitch: float) -> Floats:
    from scipy.spatial.transform import Rotation

    turned = np.eye(4, dtype=np.float32)
    turned[:3, :3] = Rotation.from_euler("YX", [yaw, -pitch], degrees=True).as_matrix()
    return turned


def _materials(whole: Character) -> dict[str, Any]:
    import cv2
    import pyrender

    made = {}
    for material in whole.materials:
        texture = None
        if material.albedo:
            pixels = whole.images[material.albedo].pixels
            shrink = min(1.0, _TEXELS / max(pixels.shape[:2]))
            pixels = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            texture = pyrender.Texture(source=np.ascontiguousarray(pixels), source_channels="RGBA" if pixels.shape[2] == 4 else "RGB")
        made[material.name] = pyrender.MetallicRoughnessMaterial(
            baseColorTexture=texture, baseColorFactor=material.colour, roughnessFactor=max(material.roughness, 0.5), metallicFactor=0.0,
            alphaMode="OPAQUE" if material.alpha == "OPAQUE" else "BLEND", alphaCutoff=material.alpha_cutoff, doubleSided=True,
        )  # fmt: skip
    return made


def _primitives(whole: Character, materials: dict[str, Any], body: Body, clip: Clip, frame: int) -> list[Any]:
    import pyrender

    moment = Pose(clip.rotations[frame], clip.root[frame], clip.face[frame] if clip.face.shape[1] else np.zeros(67, np.float32))
    parts = []
    for piece in sorted(whole.pieces, key=lambda p: materials[p.mesh.material].alphaMode != "OPAQUE"):
        mesh = piece.mesh
        points = posed(mesh, body.skeleton, moment)
        parts.append(pyrender.Primitive(
            positions=points, normals=_normals(points, mesh.triangles, piece.places), indices=mesh.triangles, mode=4,
            texcoord_0=mesh.uv * (1, -1) + (0, 1), material=materials[mesh.material]))  # fmt: skip
    return parts


def _normals(points: Floats, triangles: Any, places: Any) -> Floats:
    corners = points[triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    group = np.unique(places, return_inverse=True)[1]
    where = np.repeat(group[triangles].ravel()[:, None], 1, 1).ravel()
    total = np.stack([np.bincount(where, np.repeat(face[:, axis], 3), group.max() + 1) for axis in range(3)], 1)[group]
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12), np.float32)


def encode(frames: Iterator[Pixels], out: Path) -> None:
    """Writes H.264 in mp4, playable from its first byte; equal frames give equal bytes."""
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", str(FPS),
               "-i", "-", "-c:v", "libx264", "-threads", "1", "-crf", "22", "-preset", "slow", "-pix_fmt", "yuv420p", "-bitexact",
               "-movflags", "+faststart", str(out)]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin
        for pixels in frames:
            process.stdin.write(np.ascontiguousarray(pixels).tobytes())
        process.stdin.close()
        if process.wait():
            raise SystemExit("ffmpeg failed")


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else PRESETS / "kofi_reach.mp4"
    body, texture, groom = built()
    encode(pictures(body, texture, groom, on_body(body)), out)


if __name__ == "__main__":
    main()
