"""Random people with pictures and labels, to train the reader of renders (bench/describe_reader.py).

python -m bench.describe_people [--count 500] [--first 0] [--folder build/describe_people]

A person is drawn here as a spec, built by the pipeline's own stages (identity, body, texture, groom) at the web level and photographed
without reduction to a budget: 2.7 s of CPU, and 5.7 s more where clothes are draped. The labels are what was drawn and what artefacts
hold; no text is involved, so nothing of stages that turn text into a person can leak into the reader. A second call resumes where the
first stopped.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from assets.artefacts.character import EYES, SKIN_MATERIALS, Body, Identity
from assets.artefacts.geometry import Pixels, Skeleton
from assets.conventions import MORPHS_67
from assets.spec.avatar import AvatarSpec
from assets.store import write_atomic
from stages.body.stage import BACKENDS as BODIES
from stages.body.stage import STAGE as BODY
from stages.groom import stage as groom_stage
from stages.groom.garments.choices import OutfitChoice
from stages.groom.garments.outfit import MadeOutfit, make_outfit
from stages.groom.stage import STAGE as GROOM
from stages.identity.backend import BACKENDS as IDENTITIES
from stages.identity.stage import STAGE as IDENTITY
from stages.model.scene import Character, assemble_character, move_to_floor, unrig_hair
from stages.motion.stage import STAGE as MOTION
from stages.performance.presence import STAGE as PRESENCE
from stages.render.key_frames import find_rest_pose
from stages.render.light import build_studio, build_studio_lamps
from stages.render.portrait import PortraitStudio, PortraitSubject, PortraitView, open_portrait_studio
from stages.render.posing import Pose, build_standing_pose
from stages.retarget.stage import STAGE as RETARGET
from stages.texture.stage import STAGE as TEXTURE

FACE_SIDE, BACK_SIDE, FIGURE_SIZE = 192, 96, (96, 192)
WEB_HAIR = 1
VARIANTS = 2
"""People of one body and outfit, who differ in hair, beard, colours, glasses, hat and freckles."""
_ITEM_SHARE = 0.5
"""Of bodies that wear an item of the wardrobe, which costs no draping, and whose outfit has no label."""
_FACE_ZOOM, _BACK_ZOOM, _BACK_TURN = 1.3, 0.8, 2.5
_TURN = 0.2
"""Radians of a face that nothing else is said of."""
_FIGURE_ZOOM, _FIGURE_SHIFT = 0.19, (0.0, -0.33)
_GREEN = (0.0, 0.8, 0.05)
"""Linear colour of the wall behind back and figure, which no cloth or hair has: a white shirt would melt into the studio's grey."""
Rng = np.random.Generator
Colour = tuple[float, float, float]

STYLES: Mapping[str, tuple[str, str, str]] = {
    "none": ("bald", "", ""), "buzz": ("buzz", "", ""), "shaved": ("buzz", "", ""), "crew": ("short", "straight", ""),
    "side_part": ("short", "straight", "parting"), "slick": ("short", "straight", ""), "quiff": ("short", "straight", ""),
    "pixie": ("short", "straight", ""), "messy": ("short", "", ""), "curly": ("short", "curly", ""), "crown": ("short", "straight", ""),
    "receding": ("short", "straight", ""), "afro_short": ("short", "coily", ""), "twists": ("short", "coily", ""),
    "bob": ("medium", "straight", "loose"), "fringe": ("medium", "straight", "fringe"), "fringe_long": ("long", "straight", "fringe"),
    "fringe_wavy": ("long", "wavy", "fringe"), "lob": ("medium", "straight", "loose"),
    "afro": ("medium", "coily", "loose"), "coils": ("", "coily", "loose"), "long_straight": ("long", "straight", "loose"),
    "long_wavy": ("long", "wavy", "loose"), "curly_long": ("long", "curly", "loose"), "half_up": ("long", "straight", ""),
    "ponytail": ("", "straight", "tail"), "pigtails": ("", "straight", "tail"), "bun": ("", "straight", "bun"),
    "top_knot": ("", "straight", "bun"), "space_buns": ("", "straight", "bun"), "braid": ("", "straight", "braids"),
    "braids": ("", "", "braids"), "cornrows": ("", "", "braids"), "locs": ("", "", ""), "fade": ("short", "", ""),
}  # fmt: skip
"""groom.hair -> length, texture and style; empty where a careful viewer could not say."""
BEARDS = {"none": "none", "stubble": "stubble", "moustache": "moustache", "short_beard": "beard", "full_beard": "beard", "goatee": "beard"}
SETS: Mapping[str, str] = {
    "tee_jeans": "t-shirt", "tee_chinos": "t-shirt", "tee_shorts": "t-shirt", "shirt_jeans": "shirt", "shirt_tucked": "shirt",
    "summer_shirt": "shirt", "business": "suit", "business_woman": "suit", "day_dress": "dress", "summer_dress": "dress",
    "qipao": "dress", "blouse_skirt": "skirt", "knit_skirt": "skirt", "tee_skirt": "skirt", "nurse": "uniform", "lab": "uniform",
    "site_worker": "uniform", "sweater_jeans": "casual", "cardigan": "casual", "jacket": "casual", "sweater_trousers": "casual",
}  # fmt: skip
_SPORT = [["tank", "tshirt", "raglan_tee"], ["sport_shorts", "joggers"], ["running_shoes"]]
_ITEMS = {
    "female": ("female_casualsuit01", "female_casualsuit02", "female_elegantsuit01", "female_sportsuit01"),
    "male": (*(f"male_casualsuit0{k}" for k in range(1, 7)), "male_elegantsuit01"),
}
HAIR_RGB = {
    "black": ("#0d0b0a", "#241b17"), "brown": ("#3b2619", "#7a5233"), "blond": ("#a3845c", "#dcc08c"), "red": ("#6b2a14", "#a04a26"),
    "grey": ("#7d7a78", "#a5a3a0"), "white": ("#d8d5d0", "#efeeea"),
}  # fmt: skip
_DYES = ("#2f4f9e", "#8a3f8f", "#d4568a", "#2f8a5a", "#3fa9b5", "#6a3fae", "#c02030")
EYE_RGB = {
    "brown": ("#2e1a10", "#6b4a22"), "blue": ("#3f6f9c", "#7cabd8"), "green": ("#4d6b35", "#7d9a58"), "grey": ("#737d84", "#9aa2a6"),
    "hazel": ("#7a5a2e", "#8d6f3a"),
}  # fmt: skip
_FACES: Mapping[str, Mapping[str, float]] = {
    "neutral": {}, "smile": {"mouthSmile": 0.5, "cheekSquint": 0.4, "eyeSquint": 0.15},
    "serious": {"browDown": 0.6, "mouthFrown": 0.35, "mouthPress": 0.5, "eyeSquint": 0.2},
}  # fmt: skip
_AT_REST = {"mouthSmileLeft": 0.16, "mouthSmileRight": 0.16, "browInnerUp": 0.2, "cheekSquintLeft": 0.06, "cheekSquintRight": 0.06}
"""Of the idle clip, which previews show: a face at rest smiles a little, and is neutral all the same."""
EXPRESSIONS = tuple(_FACES)
_BUILDS = {
    "thin": (0.0, 0.25, 0.2, 0.5),
    "average": (0.4, 0.6, 0.35, 0.6),
    "heavy": (0.78, 1.0, 0.2, 0.6),
    "muscular": (0.45, 0.65, 0.85, 1.0),
}
"""Build -> ranges of body.weight and body.muscle."""
_TONES = {"light": (0.0, 0.3), "medium": (0.4, 0.58), "dark": (0.7, 1.0)}


@dataclass(frozen=True)
class Pictures:
    """What a reader sees of a person."""

    faces: tuple[Pixels, ...]
    """(192,192,3) sRGB each."""
    back: Pixels
    """(96,96,3) from behind and aside."""
    figure: Pixels
    """(192,96,3)"""
    height_m: float
    """Of the model, soles to crown without hair: a picture that is framed to the figure cannot show it."""


class Photographer:
    """Builds and photographs people; what the last one wore is kept for the next one of the same body and clothes."""

    def __init__(self, studio: PortraitStudio) -> None:
        self._studio = studio
        self._body: tuple[str, Body, Identity] | None = None
        self._outfits: dict[str, MadeOutfit] = {}

    def take(self, spec: AvatarSpec, faces: Sequence[tuple[float, Mapping[str, float]]] = (), turn: float = 0.3) -> Pictures:
        """The pictures of a spec's person, whose figure is turned by `turn` (radians).

        Args:
            faces: turn and morph weights of each picture of the face; left out, one of the face of the spec's idle clip.
        """
        body, identity = self._make_body(spec)
        texture = TEXTURE.run(identity, body, options=spec.texture, seed=spec.seed)
        with patch.object(groom_stage, "make_outfit", self._make_outfit):
            groom = GROOM.run(body, options=spec.groom, seed=spec.seed)
        groom = unrig_hair(groom, body.skeleton)
        character, skeleton = move_to_floor(assemble_character(body, texture, groom, WEB_HAIR), body.skeleton)
        calm = build_standing_pose(skeleton)
        self._studio.set_subject(_make_subject(character, skeleton), calm)
        figure = self._studio.take(_frame(calm, turn, _FIGURE_ZOOM, _FIGURE_SHIFT, _GREEN), FIGURE_SIZE[1])
        margin = (FIGURE_SIZE[1] - FIGURE_SIZE[0]) // 2
        poses = [(angle, build_standing_pose(skeleton, dict(face))) for angle, face in faces or [(_TURN, _find_rest_face(spec, body))]]
        return Pictures(
            tuple(self._studio.take(_frame(pose, angle, _FACE_ZOOM), FACE_SIDE) for angle, pose in poses),
            self._studio.take(_frame(calm, _BACK_TURN, _BACK_ZOOM, wall=_GREEN), BACK_SIDE),
            np.ascontiguousarray(figure[:, margin : margin + FIGURE_SIZE[0]]),
            float(body.phenotype["height_m"]),
        )

    def _make_body(self, spec: AvatarSpec) -> tuple[Body, Identity]:
        key = f"{spec.seed} {spec.identity!r} {spec.body!r}"
        if self._body is None or self._body[0] != key:
            identity = IDENTITY.run(options=spec.identity, backend=IDENTITIES.get(spec.identity.backend), seed=spec.seed)
            body = BODY.run(identity, options=spec.body, backend=BODIES.get(spec.body.backend), seed=spec.seed)
            self._body, self._outfits = (key, body, identity), {}
        return self._body[1:]

    def _make_outfit(self, body: Body, choice: OutfitChoice, seed: int) -> MadeOutfit:
        """Draping takes a third of a person's time, and is the same for all who differ in hair alone."""
        key = f"{seed} {choice!r}"
        if key not in self._outfits:
            self._outfits[key] = make_outfit(body, choice, seed)
        return self._outfits[key]


def _frame(pose: Pose, turn: float, zoom: float, shift: tuple[float, float] = (0.0, 0.0), wall: Colour | None = None) -> PortraitView:
    """The studio of previews, in front of its own wall or of one in this colour."""
    studio = build_studio(turn)
    studio = replace(studio, inner=wall, outer=wall) if wall else studio
    return PortraitView(pose, build_studio_lamps(turn), studio, turn, zoom=zoom, shift=shift)


def _find_rest_face(spec: AvatarSpec, body: Body) -> dict[str, float]:
    """Morph weights of the face at rest, as previews show it."""
    motion = RETARGET.run(MOTION.run(options=spec.motion, seed=spec.seed), body, options=spec.retarget, seed=spec.seed)
    clips = PRESENCE.run(motion, options=spec.performance, seed=spec.seed).clips
    return dict(zip(MORPHS_67, map(float, find_rest_pose(clips, body.skeleton).face), strict=True))


def _make_subject(character: Character, skeleton: Skeleton) -> PortraitSubject:
    shading = {
        piece.mesh.name: piece.normals
        for piece in character.pieces
        if piece.shade is not None or piece.mesh.name == EYES or (not piece.mesh.morphs and piece.mesh.material not in SKIN_MATERIALS)
    }
    shades = {piece.mesh.name: piece.shade for piece in character.pieces if piece.shade is not None}
    heads = dict(zip(skeleton.names, skeleton.heads, strict=True))
    # By the eyes, not by the crown, which tall hair would lift out of the picture.
    top = 2.0 * float(heads["LeftEye"][1] - heads["Neck"][1])
    materials = {material.name: material for material in character.materials}
    return PortraitSubject(tuple(piece.mesh for piece in character.pieces), materials, character.images, skeleton, shading, top, shades)


def draw_spec(number: int) -> tuple[AvatarSpec, dict[str, str]]:
    """A random spec, and what was drawn for each attribute."""
    # People come in groups of VARIANTS, who share body and clothes.
    shared = np.random.default_rng([number // VARIANTS, 0xB0D1])
    rng = np.random.default_rng([number, 0xDE5C])
    gender = _pick(("female", "male"), shared)
    build, tone = _pick(tuple(_BUILDS), shared), _pick(tuple(_TONES), shared)
    low, high, soft, strong = _BUILDS[build]
    outfit, pieces = _draw_outfit(gender, shared)
    groom, drawn = _draw_groom(gender, rng)
    freckles = "yes" if tone != "dark" and rng.random() < 0.45 else "no"
    gender_value = float(shared.uniform(0, 0.1) if gender == "female" else shared.uniform(0.9, 1))
    body = {"weight": float(shared.uniform(low, high)), "muscle": float(shared.uniform(soft, strong)), "height": float(shared.uniform())}
    document: dict[str, Any] = {
        "name": f"Person {number}", "seed": number // VARIANTS,
        "identity": {"age": _draw_age(shared), "gender": gender_value, "tone": float(shared.uniform(*_TONES[tone]))},
        "body": body,
        "groom": groom | pieces,
        "texture": {"size": 512, "freckles": float(rng.uniform(0.6, 1)) if freckles == "yes" else 0.0},
    }  # fmt: skip
    drawn |= {"outfit": outfit, "gender": gender, "build": build, "tone": tone, "freckles": freckles}
    return AvatarSpec.model_validate(document), drawn


def draw_face(expression: str, rng: Rng) -> dict[str, float]:
    """Morph weights of an expression, over a face that is at rest."""
    strength, rest = float(rng.uniform(0.6, 1.2)), 0.0 if expression == "serious" else float(rng.uniform(0, 1.2))
    face = {morph: weight * strength for name, weight in _FACES[expression].items() for morph in (f"{name}Left", f"{name}Right")}
    return face | {morph: face.get(morph, 0.0) + rest * weight for morph, weight in _AT_REST.items()}


def _draw_age(rng: Rng) -> float:
    low, high = _pick(((18, 30), (30, 45), (45, 60), (60, 75), (75, 90)), rng)
    return float(rng.uniform(low, high))


def _draw_groom(gender: str, rng: Rng) -> tuple[dict[str, Any], dict[str, str]]:
    names = [name for name in STYLES if name not in (("crown", "receding") if gender == "female" else ("pigtails",))]
    # Lengths first, so that the rare ones (bald, buzz) are as frequent as the common ones.
    length = _pick(("bald", "buzz", "short", "medium", "long", ""), rng)
    hair = _pick([name for name in names if STYLES[name][0] == length], rng)
    colour = _pick(("black", "brown", "blond", "red", "grey", "white", "dyed"), rng)
    eyes = _pick(tuple(EYE_RGB), rng)
    beard = _pick(tuple(BEARDS), rng) if gender == "male" and rng.random() < 0.7 else "none"
    hat = "yes" if rng.random() < 0.2 else "no"
    glasses = _pick(("yes", "no"), rng)
    dye = _pick(_DYES, rng)
    shade = dye if colour == "dyed" else _mix(HAIR_RGB[colour], rng)
    groom = {"hair": hair, "beard": beard, "hair_colour": shade, "eye_colour": _mix(EYE_RGB[eyes], rng), "glasses": glasses}
    if hat == "yes":
        groom["hat"] = _pick(("fedora", "fedora_cocked"), rng)
    kinds = STYLES[hair] if hat == "no" else ("", "", "")
    unseen = hat == "yes" or kinds[0] in ("bald", "buzz")
    drawn = {"hair_length": kinds[0], "hair_texture": kinds[1], "hair_style": kinds[2], "hair_colour": "" if unseen else colour}
    return groom, drawn | {"eye_colour": eyes, "beard": BEARDS[beard], "hat": hat, "glasses": glasses}


def _draw_outfit(gender: str, rng: Rng) -> tuple[str, dict[str, Any]]:
    if rng.random() < _ITEM_SHARE:
        return "", {"outfit": _pick(_ITEMS[gender], rng)}
    kinds = [kind for kind in dict.fromkeys((*SETS.values(), "sport")) if gender == "female" or kind not in ("dress", "skirt")]
    kind = _pick(kinds, rng)
    if kind == "sport":
        return kind, {"pieces": [{"garment": _pick(choice, rng)} for choice in _SPORT]}
    sets = [name for name, value in SETS.items() if value == kind and (gender == "female") >= (name == "business_woman")]
    return kind, {"outfit": _pick(sets, rng)}


def _mix(ends: tuple[str, str], rng: Rng) -> str:
    share = rng.random()
    low, high = (np.array([int(end[k : k + 2], 16) for k in (1, 3, 5)]) for end in ends)
    return "#" + "".join(f"{int(value):02x}" for value in low + share * (high - low))


def _pick(names: Sequence[Any], rng: Rng) -> Any:
    return names[int(rng.integers(len(names)))]


def make_person(number: int, photographer: Photographer) -> tuple[Pictures, dict[str, Any]]:
    """The pictures of the person of that number, one face in each expression, and the labels; an empty label is not known."""
    spec, drawn = draw_spec(number)
    rng = np.random.default_rng([number, 0x7074])
    faces = [(float(rng.uniform(-0.1, 0.45)), draw_face(expression, rng)) for expression in EXPRESSIONS]
    pictures = photographer.take(spec, faces, float(rng.uniform(-0.1, 0.4)))
    height = "short" if spec.body.height < 0.25 else "tall" if spec.body.height > 0.75 else "average"
    labels = {"body": number // VARIANTS, "age": float(spec.identity.age), "height": height, "height_m": pictures.height_m}
    return pictures, {**drawn, **labels, "expression": list(EXPRESSIONS)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("build/describe_people"))
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with open_portrait_studio() as studio:
        photographer = Photographer(studio)
        for number in range(chosen.first, chosen.first + chosen.count):
            file = chosen.folder / f"{number:05d}.npz"
            if not file.exists():
                pictures, labels = make_person(number, photographer)
                stream = io.BytesIO()
                np.savez(
                    stream, faces=np.stack(pictures.faces), back=pictures.back, figure=pictures.figure, labels=np.array(json.dumps(labels))
                )
                write_atomic(file, stream.getvalue())
                sys.stdout.write(f"{number} {labels['outfit']} {labels['hair_length']}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
