"""Renders assets/presets/kofi_reach.mp4: an avatar in a movement whose every joint rotation is known.

python -m bench.render_reach [OUT.mp4]        builds Kofi from his spec by the stages, then renders him; needs ffmpeg
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from assets.artefacts.character import Body, Groom, TextureSet
from assets.artefacts.geometry import Material, Mesh, Pixels, Skeleton, Skin
from assets.artefacts.motion import Clip, Motion
from assets.conventions import MORPHS_67
from assets.rotation import forward_kinematics
from assets.spec.behaviour import RetargetSpec
from assets.spec.read import read_spec
from stages.model.scene import assemble_character
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import STANCE_HALF_WIDTH, compute_hip_drop, solve_standing_legs
from stages.motion.keyed_poses import curl_fingers, ease_in_out, interpolate_keys, parse_pose
from stages.render.posing import Pose, build_pose, pose_mesh
from stages.render.preview import Shot, render_stills
from stages.retarget.stage import run as run_retarget

PRESETS = Path(__file__).resolve().parent.parent / "assets" / "presets"
SIZE, FPS, SECONDS = (480, 640), 30, 4.0
_MARGIN = 0.11
"""Metres from the outermost joints to the edge of the picture: hand and skull extend beyond their last joints."""
_ARM = {"Shoulder": "z-3", "Arm": "z-74 y6 x-8", "ForeArm": "y-17 x6", "Hand": "z-4", **curl_fingers(0.34)}
FILM_REST_POSE = parse_pose(left=_ARM, right=_ARM, middle={"Spine": "x1", "Spine1": "", "Spine2": "x-1", "Neck": "x2", "Head": "x-2"})
"""The rest pose at the time of the committed film: the ground truth must not change with the library."""
_FACE_KEYS = {"mouthSmileLeft": (0.4, 1.4, 0.6), "mouthSmileRight": (0.4, 1.4, 0.6), "browInnerUp": (1.2, 2.2, 1.0),
"jawOpen": (2.4, 3.4, 0.5),
         "eyeBlinkLeft": (3.3, 3.7, 1.0), "eyeBlinkRight": (3.3, 3.7, 1.0)}  # fmt: skip
"""Morph -> start (s), end (s), peak weight."""


def make_reach_clip() -> Clip:
    """The movement on the canonical skeleton: standing, the right hand reaches up, points, and comes down."""
    times = (np.arange(round(SECONDS * FPS)) / FPS).astype(np.float32)
    up = {"Shoulder": "z14", "Arm": "y-14 z58 x-30", "ForeArm": "y-14", "Hand": "z4", **curl_fingers(0.12)}
    finger = {"HandIndex1": "z-4", "HandIndex2": "z-4", "HandIndex3": "z-2"}
    show = {"Shoulder": "z2", "Arm": "y-38 z-6 x-20", "ForeArm": "y-14", "Hand": "z0", **curl_fingers(0.8), **finger}
    high = parse_pose(right=up, left={"Arm": "z-68 y6 x-8"}, middle={"Spine1": "z-4", "Head": "x-12 y-6", "Neck": "x-5"})
    shown = parse_pose(right=show, middle={"Spine1": "z0 y-6", "Head": "x0 y-14", "Neck": "y-8"})
    rotations = interpolate_keys(
        times,
        [
            (0.0, FILM_REST_POSE),
            (0.3, FILM_REST_POSE),
            (1.3, high),
            (1.6, high),
            (2.4, shown),
            (2.7, shown),
            (3.7, FILM_REST_POSE),
            (4.0, FILM_REST_POSE),
        ],
    )
    phase = ease_in_out((times - 0.3) / 1.0) - ease_in_out((times - 1.6) / 0.8)
    root = np.stack([-0.02 * phase, -compute_hip_drop(STANCE_HALF_WIDTH) - 0.004 * (1 - phase), 0 * phase], 1).astype(np.float32)
    solve_standing_legs(rotations, root)
    face = np.zeros((len(times), len(MORPHS_67)), np.float32)
    for name, (start, end, most) in _FACE_KEYS.items():
        inside = np.clip((times - start) / (end - start), 0, 1)
        face[:, MORPHS_67.index(name)] = most * np.sin(np.pi * inside) ** 2
    return Clip("reach", times, rotations, root, face)


def make_body_clip(body: Body) -> Clip:
    """The movement on this body's skeleton."""
    motion = Motion(build_canonical_skeleton(), (make_reach_clip(),))
    return run_retarget(motion, body, options=RetargetSpec(), seed=0).clips[0]


def build_from_spec(spec: Path = PRESETS / "kofi.yaml") -> tuple[Body, TextureSet, Groom]:
    """Body, skin and clothes of a spec, made by the stages."""
    from stages.body.stage import BACKENDS as BODIES
    from stages.body.stage import run as run_body
    from stages.groom.stage import run as run_groom
    from stages.identity.backend import BACKENDS as IDENTITIES
    from stages.identity.stage import run as run_identity
    from stages.texture.stage import run as run_texture

    avatar = read_spec(str(spec)).spec
    identity = run_identity(options=avatar.identity, backend=IDENTITIES.get(avatar.identity.backend), seed=avatar.seed)
    body = run_body(identity, options=avatar.body, backend=BODIES.get(avatar.body.backend), seed=avatar.seed)
    texture = run_texture(identity, body, options=avatar.texture, seed=avatar.seed)
    return body, texture, run_groom(body, options=avatar.groom, seed=avatar.seed)


def render_frames(body: Body, texture: TextureSet, groom: Groom, clip: Clip) -> Iterator[Pixels]:
    """(h,w,3) RGB of every frame by stages.render.preview, from a static camera."""
    character = assemble_character(body, texture, groom)
    materials = {material.name: material for material in character.materials}
    meshes = [piece.mesh for piece in character.pieces]
    skeleton, still = body.skeleton, build_pose(body.skeleton, {})
    corners = _make_framing_mesh(clip, skeleton, materials[meshes[0].material])
    for frame in range(len(clip.times)):
        pose = Pose(clip.rotations[frame], clip.root[frame], clip.face[frame] if clip.face.shape[1] else np.zeros(67, np.float32))
        # The preview's framing depends on the meshes and on the eyes of the bind pose: meshes posed here and fixed corners keep it static.
        frozen = [replace(mesh, positions=pose_mesh(mesh, skeleton, pose), morphs=()) for mesh in meshes]
        yield render_stills([*frozen, corners], materials, character.images, skeleton, [Shot("frame", still, "full", 0.0, SIZE)])[
            "frame"
        ].pixels


def _make_framing_mesh(clip: Clip, skeleton: Skeleton, material: Material) -> Mesh:
    """A triangle without area that spans all positions of the clip: it counts for the framing and is invisible."""
    joints = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0].reshape(-1, 3)
    low, high = joints.min(0) - _MARGIN, joints.max(0) + _MARGIN
    # The lower corner is above the floor, or the floor's shadow would treat it as a foot.
    corners = np.array([(low[0], 1.0, 0), (high[0], high[1], 0), (high[0], high[1], 0)], np.float32)
    skin = Skin(np.zeros((3, 4), np.uint16), np.tile(np.array([1, 0, 0, 0], np.float32), (3, 1)))
    return Mesh("corners", corners, np.zeros((3, 2), np.float32), np.array([[0, 1, 2]], np.int32), skin, (), material.name)


def encode_film(
    frames: Iterator[Pixels], out: Path, size: tuple[int, int] = SIZE, fps: int = FPS, *, crf: int = 22, preset: str = "slow"
) -> None:
    """Writes H.264 in mp4 with the index first, whole or not at all; equal frames give equal bytes.

    Args:
        size: width and height of the frames, px.
        crf, preset: x264's quality and effort.
    """
    part = Path(f"{out}.part")
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(fps),
               "-i", "-", "-c:v", "libx264", "-threads", "1", "-crf", str(crf), "-preset", preset, "-pix_fmt", "yuv420p", "-bitexact",
               "-movflags", "+faststart", "-f", "mp4", str(part)]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin
        for pixels in frames:
            process.stdin.write(np.ascontiguousarray(pixels).tobytes())
        process.stdin.close()
        if process.wait():
            raise SystemExit("ffmpeg failed")
    part.replace(out)


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else PRESETS / "kofi_reach.mp4"
    body, texture, groom = build_from_spec()
    encode_film(render_frames(body, texture, groom, make_body_clip(body)), out)


if __name__ == "__main__":
    main()
