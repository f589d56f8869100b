"""Model, Motion -> Previews: portrait, full figure, expressions, wave and turntable, rendered from the meshes that ship."""

from __future__ import annotations

from assets.artefacts.character import Model, Previews
from assets.artefacts.geometry import Mesh
from assets.artefacts.motion import Motion
from assets.formats.image import encode_jpeg
from assets.spec.packaging import PackageSpec
from stages.preview.expressions import render_expressions
from stages.render.key_frames import extract_pose, find_highest_hand, find_rest_pose
from stages.render.posing import turn_to_camera
from stages.render.preview import Shot, encode_turntable, plan_turntable, render_stills
from stages.stage import Stage
from stages.sway.clips import settle_pose

JPEG_QUALITY = 90
_PORTRAIT_TURN = 0.38
"""Radians by which the shoulders are turned away in the portrait, in which the eyes meet the camera."""


def run(model: Model, motion: Motion, *, options: PackageSpec, seed: int) -> Previews:
    """The pictures that do not depend on speech, in poses of the clips.

    Raises:
        BackendError: this machine cannot render.
    """
    meshes: list[Mesh] = [part.mesh for part in model.parts]
    materials = {material.name: material for material in model.materials}
    standing = find_rest_pose(motion.clips, motion.skeleton)
    rest = settle_pose(model, standing)
    shots = [
        Shot("portrait", settle_pose(model, turn_to_camera(model.skeleton, standing, _PORTRAIT_TURN)), "portrait", _PORTRAIT_TURN),
        Shot("full", rest, "full", 0.3, (640, 960)),
    ]
    turntable = plan_turntable(rest) if options.turntable else []
    shots += turntable
    wave = next((clip for clip in motion.clips if clip.name == "wave"), None)
    if wave:
        waving = settle_pose(model, extract_pose(wave, find_highest_hand(wave, motion.skeleton)))
        shots.append(Shot("wave", waving, "full", 0.0, (640, 960)))
    images = render_stills(meshes, materials, model.images, model.skeleton, shots, model.shading, model.shades)
    frames = [images.pop(shot.name) for shot in turntable]
    images["expressions"] = render_expressions(model, rest)
    pictures = {f"{name}.jpg": encode_jpeg(image, JPEG_QUALITY) for name, image in images.items()}
    if frames:
        pictures["turntable.webp"] = encode_turntable(frames)
    return Previews(pictures)


STAGE = Stage("preview", 6, run, makes=Previews, memory_gb=2, timeout_s=900, imports=("pyrender",))
