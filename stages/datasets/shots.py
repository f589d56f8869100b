"""How a portrait is taken: expression, head pose, gaze, camera, light and background, random in every picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from assets import rotation
from assets.artefacts.geometry import Floats, Skeleton
from stages.render.light import Lamp, Scenery
from stages.render.portrait import PortraitView, place_lamps
from stages.render.posing import build_standing_pose, turn_about_axis

Colour = tuple[float, float, float]


def _mirror_weights(**weights: float) -> dict[str, float]:
    """Morph weights, the same left and right for every morph that has sides."""
    mirrored: dict[str, float] = {}
    for name, weight in weights.items():
        has_sides = not name.startswith(("jaw", "viseme", "browInner", "mouthPucker"))
        mirrored |= {f"{name}Left": weight, f"{name}Right": weight} if has_sides else {name: weight}
    return mirrored


EXPRESSIONS: dict[str, Mapping[str, float]] = {
    "neutral": {},
    "smile": _mirror_weights(mouthSmile=0.65, cheekSquint=0.5, eyeSquint=0.2),
    "laugh": _mirror_weights(mouthSmile=0.85, jawOpen=0.28, cheekSquint=0.8, eyeSquint=0.35, mouthUpperUp=0.35),
    "surprise": _mirror_weights(browInnerUp=0.8, browOuterUp=0.7, eyeWide=0.7, jawOpen=0.32),
    "sad": _mirror_weights(browInnerUp=0.75, mouthFrown=0.6, eyeLookDown=0.2),
    "angry": _mirror_weights(browDown=0.85, eyeSquint=0.35, mouthPress=0.5, noseSneer=0.4),
    "talk": _mirror_weights(viseme_aa=0.5, jawOpen=0.08),
    "eyes_closed": _mirror_weights(eyeBlink=1.0),
}
"""Expression -> morph weights at full strength; a data set of faces shows each of a person once."""
SERIOUS: Mapping[str, float] = _mirror_weights(browDown=0.4, mouthFrown=0.35, mouthPress=0.3)
_EVERY_EXPRESSION = EXPRESSIONS | {"serious": SERIOUS}


@dataclass(frozen=True)
class PortraitShot:
    """The random settings of one picture."""

    expression: str
    strength: float
    """Of the expression, 0..1."""
    yaw: float
    """Degrees of the head relative to the camera; positive shows its left side."""
    pitch: float
    """Degrees; positive looks down."""
    roll: float
    light_yaw: float
    """Degrees from the camera's axis to the key light; positive is to the subject's left."""
    light_pitch: float
    contrast: float
    """0 flat .. 1 hard."""
    warmth: float
    """0 cool .. 1 warm."""
    bright: float
    """0 dark .. 1 light background."""
    view: PortraitView


def sample_shot(skeleton: Skeleton, expression: str, rng: np.random.Generator) -> PortraitShot:
    """A random shot of a person with this skeleton."""
    strength = float(rng.uniform(0.6, 1.0))
    yaw, pitch, roll = (float(np.clip(rng.normal(0, s), -2.4 * s, 2.4 * s)) for s in (16, 5, 4))
    share = float(rng.uniform(0, 1))  # of the yaw that the neck turns; the camera moves by the rest
    face = {name: weight * strength for name, weight in _EVERY_EXPRESSION[expression].items()}
    face |= _sample_gaze(yaw * share, pitch, rng) if expression != "eyes_closed" else {}
    pose = build_standing_pose(skeleton, face, **_turn_head(yaw * share, pitch, roll))
    lamps, light = _sample_lamps(yaw * (1 - share), rng)
    scenery, bright = _sample_scenery(light["warmth"], rng)
    zoom, shift = float(rng.uniform(0.95, 1.25)), (float(rng.normal(0, 0.015)), float(rng.normal(0, 0.012)))
    view = PortraitView(pose, lamps, scenery, float(np.radians(yaw * (1 - share))), float(np.radians(rng.normal(2, 3))), zoom, shift)
    return PortraitShot(
        expression, strength, yaw, pitch, roll, light["yaw"], light["pitch"], light["contrast"], light["warmth"], bright, view
    )


def _turn_head(yaw: float, pitch: float, roll: float) -> dict[str, Floats]:
    """Rotation quaternions (xyzw): the neck turns by 40 % of the angles (degrees), the head by the rest."""
    return {
        joint: rotation.multiply(
            rotation.multiply(turn_about_axis("y", yaw * part), turn_about_axis("x", pitch * part)), turn_about_axis("z", roll * part)
        )
        for joint, part in (("Neck", 0.4), ("Head", 0.6))
    }


def _sample_gaze(yaw: float, pitch: float, rng: np.random.Generator) -> dict[str, float]:
    """Morph weights of the gaze: at the camera three times out of four, else near it."""
    offset = (0.0, 0.0) if rng.random() < 0.75 else (float(rng.normal(0, 12)), float(rng.normal(0, 6)))
    # The eyes turn against the head to stay on the camera, hence the minus signs; 30 and 28 degrees are a full weight.
    side, down = np.clip((-yaw + offset[0]) / 30, -0.9, 0.9), np.clip((-pitch + offset[1]) / 28, -0.7, 0.7)
    # When a person looks to the left, the left eye turns outwards and the right eye inwards.
    outer, inner = ("Left", "Right") if side > 0 else ("Right", "Left")
    horizontal = {f"eyeLookOut{outer}": abs(side), f"eyeLookIn{inner}": abs(side)}
    direction = "Down" if down > 0 else "Up"
    vertical = {f"eyeLook{direction}{eye}": abs(down) for eye in ("Left", "Right")}
    return {name: float(value) for name, value in (horizontal | vertical).items()}


def _sample_lamps(camera_yaw: float, rng: np.random.Generator) -> tuple[tuple[Lamp, ...], dict[str, float]]:
    """Key, fill and two rim lights, and the settings of the key; all rotate with the camera, which is at minus `camera_yaw` degrees."""
    yaw, pitch = float(rng.uniform(-75, 75)), float(rng.uniform(5, 60))
    contrast, warmth = float(rng.beta(2, 2.2)), float(rng.uniform(0, 1))
    key = _tint(2.4 + 1.5 * contrast, warmth)
    fill = _tint(1.5 * (1 - contrast) + 0.25, float(rng.uniform(0.25, 0.75)))
    rims = [_tint(float(rng.choice([0.0, rng.uniform(0.4, 2.2)])), float(rng.uniform(0, 1))) for _ in range(2)]
    directions = [(yaw, pitch), (-np.sign(yaw) * rng.uniform(30, 60), rng.uniform(0, 20))]
    directions += [(rng.uniform(125, 160), 30), (-rng.uniform(125, 160), 25)]
    rotated = [(float(a) - camera_yaw, float(b)) for a, b in directions]
    sizes = [float(rng.uniform(0.2, 0.8)), 0.8, 0.5, 0.5]
    return place_lamps(rotated, [key, fill, *rims], sizes), {"yaw": yaw, "pitch": pitch, "contrast": contrast, "warmth": warmth}


def _tint(strength: float, warmth: float) -> Colour:
    """Linear RGB of a light; `warmth` 0 cool .. 1 warm."""
    shift = 0.13 * (warmth - 0.5) * 2
    return strength * (1 + shift), strength, strength * (1 - shift)


def _sample_scenery(warmth: float, rng: np.random.Generator) -> tuple[Scenery, float]:
    """A plain background, light or dark, grey or coloured, with ambient light that matches it; and its brightness 0..1."""
    import cv2

    bright = float(rng.uniform(0, 1))
    light = 0.02 + 0.75 * bright**1.8
    hue, saturation = float(rng.uniform(0, 360)), float(rng.beta(1.2, 3)) * 0.75
    inner = cv2.cvtColor(np.array([[[hue, saturation, 1.0]]], np.float32), cv2.COLOR_HSV2RGB)[0, 0] * light
    outer = inner * float(rng.uniform(0.3, 1.0))
    ambient = 0.25 + 0.35 * float(rng.random())
    tint = 0.75 + 0.25 * inner / max(float(inner.max()), 1e-6)
    sky, ground = ambient * tint * np.array(_tint(1.0, warmth)), 0.5 * ambient * tint
    centre = (float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.4, 0.7)))
    return Scenery(_to_colour(inner), _to_colour(outer), centre, _to_colour(sky), _to_colour(ground)), bright


def _to_colour(colour: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Colour:
    return float(colour[0]), float(colour[1]), float(colour[2])


COLUMNS = ("smile", "surprise", "sad", "angry", "mouth_open", "eyes_closed", "yaw", "pitch", "roll", "light_yaw", "light_pitch",
           "light_contrast", "light_warmth", "background")  # fmt: skip


def describe_shot(shot: PortraitShot) -> dict[str, float]:
    """COLUMNS of a picture, each 0..1; angles are 0.5 for straight ahead."""
    amounts = {"smile": {"smile": 0.7, "laugh": 1.0}, "mouth_open": {"laugh": 0.8, "surprise": 1.0, "talk": 0.7}}
    values = {name: shot.strength * table.get(shot.expression, 0.0) for name, table in amounts.items()}
    values |= {name: shot.strength * (shot.expression == name) for name in ("surprise", "sad", "angry", "eyes_closed")}
    # Full ranges in degrees (yaw -40 to 40); they hold every angle that sample_shot can draw, so the clip cuts none.
    angles = {"yaw": shot.yaw / 80, "pitch": shot.pitch / 40, "roll": shot.roll / 40, "light_yaw": shot.light_yaw / 160}
    values |= {name: float(np.clip(0.5 + value, 0, 1)) for name, value in angles.items()}
    values |= {
        "light_pitch": shot.light_pitch / 90, "light_contrast": shot.contrast, "light_warmth": shot.warmth, "background": shot.bright,
    }  # fmt: skip
    return {name: float(values[name]) for name in COLUMNS}
