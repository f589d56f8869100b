"""A small whole character: a ball of skin in two tiles, two eyes, a hat, two clips, one line."""

from __future__ import annotations

import numpy as np

from assets.artefacts.character import Body, Groom, TextureSet
from assets.artefacts.geometry import Image, Material, Mesh, MorphTarget, Skeleton, Skin, Surface
from assets.artefacts.motion import Clip, Motion
from assets.artefacts.talk import Cue, Dialogue, Line, LineCues, Performance, Phoneme, Reply, Speech, SpokenLine
from assets.conventions import JOINTS, MORPHS_67, PARENTS
from assets.rights import Source

OURS = Source("Ours", "CC0-1.0", "tests")
HEADS = np.array([[0, 1 + 0.01 * i, 0] for i in range(len(JOINTS))], np.float32)
SKELETON = Skeleton(JOINTS, np.array(PARENTS, np.int32), HEADS)


def ball(rings: int = 24, sides: int = 32, radius: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(v,3) points standing on the floor, (v,2) UVs and (t,3) triangles of a closed ball without seams."""
    polar, turn = np.linspace(0, np.pi, rings + 1)[1:-1], np.linspace(0, 2 * np.pi, sides, endpoint=False)
    a, b = np.meshgrid(polar, turn, indexing="ij")
    points = np.stack([np.sin(a) * np.sin(b), np.cos(a), np.sin(a) * np.cos(b)], -1).reshape(-1, 3)
    points = np.concatenate([points, [[0, 1, 0], [0, -1, 0]]]) * radius + [0, radius, 0]
    grid = np.arange((rings - 1) * sides).reshape(rings - 1, sides)
    low, high = grid[:-1], grid[1:]
    right, across = np.roll(low, -1, 1), np.roll(high, -1, 1)
    quads = [np.stack([low, high, right], -1), np.stack([right, high, across], -1)]
    top, bottom = len(points) - 2, len(points) - 1
    caps = [np.stack([np.full(sides, top), grid[0], np.roll(grid[0], -1)], -1),
            np.stack([np.full(sides, bottom), np.roll(grid[-1], -1), grid[-1]], -1)]  # fmt: skip
    triangles = np.concatenate([q.reshape(-1, 3) for q in quads] + caps)
    uv = np.stack([points[:, 0] / radius / 2 + 0.5, 1 - points[:, 1] / radius / 2], 1)
    return points.astype(np.float32), np.clip(uv, 0, 1).astype(np.float32), triangles.astype(np.int32)


def bind_to_joint(joint: str, count: int) -> Skin:
    joints, weights = np.zeros((count, 4), np.uint16), np.zeros((count, 4), np.float32)
    joints[:, 0], weights[:, 0] = JOINTS.index(joint), 1
    return Skin(joints, weights)


def body() -> Body:
    points, _, _ = ball()
    front = np.flatnonzero((points[:, 2] > 0.3) & (points[:, 1] > 0.5)).astype(np.int32)
    morphs = tuple(MorphTarget(name, front, np.full((len(front), 3), 0.003, np.float32)) for name in MORPHS_67)
    eye = np.tile(np.eye(4, dtype=np.float32), (len(JOINTS), 1, 1))
    return Body(SKELETON, points, points, eye, bind_to_joint("Head", len(points)), morphs, np.zeros((2, 3), np.float32), 0.016, {}, (OURS,))


def texture() -> TextureSet:
    points, uv, triangles = ball()
    high = points[triangles][:, :, 1].mean(1) > 0.5
    surfaces = []
    for name, chosen in (("head", high), ("body", ~high)):
        base = np.unique(triangles[chosen]).astype(np.int32)
        place = np.zeros(len(points), np.int32)
        place[base] = np.arange(len(base))
        surfaces.append(Surface(name, base, uv[base], place[triangles[chosen]]))
    images, materials = {}, []
    for name in ("head", "body"):
        images[f"{name}_albedo"] = Image(np.full((64, 64, 3), 150, np.uint8))
        images[f"{name}_normal"] = Image(np.full((64, 64, 3), (128, 128, 255), np.uint8), srgb=False)
        images[f"{name}_orm"] = Image(np.full((64, 64, 3), (255, 128, 0), np.uint8), srgb=False)
        materials.append(Material(name, f"{name}_albedo", f"{name}_normal", f"{name}_orm"))
    return TextureSet(tuple(surfaces), images, tuple(materials), (OURS,))


def groom(hidden: bool = False) -> Groom:
    points, uv, triangles = ball(6, 8, 0.05)
    high, higher = np.array([0, 1, 0], np.float32), np.array([0, 1.2, 0], np.float32)
    eyes = [Mesh("eyes", points + high, uv, triangles, bind_to_joint(f"{s}Eye", len(points)), (), "eyes") for s in ("Left", "Right")]
    hat = Mesh("hat", points + higher, uv, triangles, bind_to_joint("Head", len(points)), (), "hat")
    pixels = np.full((32, 32, 4), 200, np.uint8)
    pixels[:16, :, 3] = 0
    materials = (Material("eyes", colour=(0.9, 0.9, 0.9, 1)), Material("hat", "hat", alpha="MASK", double_sided=True))
    covered = ball()[0][:, 1] < 0.3 if hidden else np.zeros(len(ball()[0]), bool)
    return Groom((*eyes, hat), materials, {"hat": Image(pixels)}, covered, (OURS,))


def performance() -> Performance:
    clips = []
    for name in ("idle", "say_hello"):
        times = np.arange(31, dtype=np.float32) / 30
        turns = np.zeros((31, len(JOINTS), 4), np.float32)
        turns[..., 3] = 1
        face = np.zeros((31, 67), np.float32)
        face[:, MORPHS_67.index("jawOpen")] = 0.2 * np.sin(np.pi * times)
        clips.append(Clip(name, times, turns, np.zeros((31, 3), np.float32), face, name == "idle"))
    cues = (Cue(0, 0.4, "m", "viseme_PP", 1), Cue(0.4, 1.0, "a", "viseme_aa", 1))
    return Performance(SKELETON, tuple(clips), (LineCues("hello", cues),), (), (OURS,))


def dialogue() -> Dialogue:
    line = Line("hello", "Hello | there", "en")
    return Dialogue("Ada", "en", (line,), (Reply("hello", ("who are you",)),), "hello", "tests", {}, (OURS,))


def speech(sellable: bool = True) -> Speech:
    sound = (0.2 * np.sin(np.arange(16000) / 16)).astype(np.float32)
    said = SpokenLine("hello", "Hello | there", sound, 16000, (Phoneme(0, 1, "a", "viseme_aa"),))
    voice = Source("A voice", "CC-BY-NC-4.0", "tests", note="recorded for research", sellable=sellable)
    return Speech((said,), "coqui", True, (), (voice,))


def motion() -> Motion:
    """The idle clip alone."""
    return Motion(SKELETON, performance().clips[:1])
