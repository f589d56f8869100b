"""One picture of close portraits: the face at rest, eight visemes and a blink."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assets.artefacts.character import Model
from assets.artefacts.geometry import Image
from assets.conventions import MORPHS_67
from stages.render.contact_sheet import build_contact_sheet
from stages.render.light import build_studio, build_studio_lamps
from stages.render.portrait import PortraitSubject, PortraitView, open_portrait_studio
from stages.render.posing import Pose

CELL, COLUMNS = 240, 5
"""Pixels a side of each portrait, and portraits in a row."""
VISEMES = ("aa", "E", "I", "O", "U", "PP", "FF", "TH")
EXPRESSIONS: Mapping[str, Mapping[str, float]] = {
    "rest": {}, **{name: {f"viseme_{name}": 1.0} for name in VISEMES}, "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
}  # fmt: skip
_TURN = 0.3
"""Radians: a mouth is judged from a little aside, where the corners and the depth of it show."""
_ZOOM = 1.5
_FACE_HEIGHT = 2.0
"""From the neck joint to the crown, over the height of the eyes above that joint."""


def render_expressions(model: Model, rest: Pose) -> Image:
    """(h,w,3) two rows, with the name of each expression below it; raises BackendError where this machine cannot render."""
    subject = make_subject(model)
    calm = Pose(rest.rotations, rest.root, np.zeros(len(MORPHS_67), np.float32))
    with open_portrait_studio() as studio:
        # Occlusion is measured once: with the mouth half open, or its teeth would be black in every picture.
        studio.set_subject(subject, _make_pose(calm, {"viseme_aa": 0.5}))
        lamps, studio_scenery = build_studio_lamps(_TURN), build_studio(_TURN)
        pictures = {
            name: Image(studio.take(PortraitView(_make_pose(calm, face), lamps, studio_scenery, _TURN, zoom=_ZOOM), CELL))
            for name, face in EXPRESSIONS.items()
        }
    return build_contact_sheet(pictures, COLUMNS, CELL)


def make_subject(model: Model) -> PortraitSubject:
    meshes = tuple(part.mesh for part in model.parts)
    heads = dict(zip(model.skeleton.names, model.skeleton.heads, strict=True))
    # By the eyes, not by the crown, which tall hair would lift out of a picture of the face.
    top = _FACE_HEIGHT * float(heads["LeftEye"][1] - heads["Neck"][1])
    materials = {material.name: material for material in model.materials}
    return PortraitSubject(meshes, materials, model.images, model.skeleton, model.shading, top, model.shades)


def _make_pose(rest: Pose, face: Mapping[str, float]) -> Pose:
    return Pose(rest.rotations, rest.root, np.array([face.get(name, 0.0) for name in MORPHS_67], np.float32))
