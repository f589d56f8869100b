"""Glasses and earrings: rigid, made to the head, held by the Head joint.

A pair of glasses stands on the nose and on the ears: its plane is as far in front of the eyes as lashes, brows and cheeks want it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.artefacts.character import Body
from assets.artefacts.geometry import Doubles, Ints, Material, Mesh, Skin
from assets.conventions import JOINTS, SKIN_VERTICES
from assets.errors import Finding, SpecError
from assets.rights import Source
from assets.spec.wording import suggest_name

_NONE = (None, "no", "none")
GLASSES, LENSES, EARRINGS = "glasses", "glasses_lenses", "earrings"
"""Names of the meshes and of their materials."""
_RIM_POINTS, _TUBE_POINTS = 26, 4
_PUPILS_M = 0.0625
"""Distance of the pupils for which frames are written."""
_LASH_ROOM_M, _SKIN_ROOM_M, _MAX_VERTEX_M = 0.010, 0.0025, 0.019
"""From the front of the eyeball to the lens, from frame to skin, and the largest distance of a frame from the front of the eyeball."""
_TILT, _WRAP_M = 0.10, 0.006
"""How far the lower rim comes back per metre of height, and how far the outer edge comes back 70 mm from the middle."""
_HOOK_M = (0.030, 0.020)
"""By which a temple goes down and back behind the ear."""
_SWEEP = 8
_LENS_COLOUR = (0.80, 0.86, 0.90, 0.10)
_FRAME_COLOURS: dict[str, tuple[tuple[float, float, float], float]] = {
    "black": ((0.012, 0.012, 0.014), 0.30), "tortoise": ((0.060, 0.024, 0.010), 0.28), "navy": ((0.012, 0.020, 0.055), 0.32),
    "plum": ((0.060, 0.012, 0.022), 0.32), "grey": ((0.14, 0.14, 0.145), 0.28), "gold": ((0.42, 0.29, 0.12), 0.25),
    "steel": ((0.30, 0.30, 0.31), 0.24),
}  # fmt: skip
"""Linear colour and roughness."""


@dataclass(frozen=True)
class Frame:
    """The shape of a lens and of its rim, metres."""

    half_width: float
    half_height: float
    power: float
    """Of the superellipse: 2 an ellipse, 4 nearly a rectangle."""
    drop: float = 0.0
    """How much wider the upper half is than the lower one, as a share."""
    rim: float = 0.0026
    brow: float = 0.0
    """Added to the rim along its upper edge."""
    depth: float = 0.0032
    colours: tuple[str, ...] = ("black", "tortoise", "navy", "plum", "grey")


FRAMES: dict[str, Frame] = {
    "round": Frame(0.0225, 0.0215, 2.0, rim=0.0016, depth=0.0022, colours=("gold", "steel", "black")),
    "panto": Frame(0.0235, 0.0205, 2.3, drop=0.08),
    "square": Frame(0.0260, 0.0185, 3.6, drop=0.03),
    "narrow": Frame(0.0255, 0.0135, 3.0, rim=0.0018, depth=0.0024, colours=("steel", "grey", "black", "gold")),
    "browline": Frame(0.0250, 0.0195, 2.6, drop=0.10, rim=0.0012, brow=0.0042),
    "aviator": Frame(0.0280, 0.0235, 2.5, drop=0.12, rim=0.0013, depth=0.0018, colours=("gold", "steel")),
}
EARRING_KINDS = ("studs", "hoops", "drops")


@dataclass(frozen=True)
class Accessory:
    """A rigid thing on the head."""

    meshes: tuple[Mesh, ...]
    materials: tuple[Material, ...]
    source: Source


@dataclass(frozen=True)
class _Head:
    """What glasses and earrings touch, metres; the left side, which the right one mirrors."""

    skin: Doubles
    """(n,3) of the head."""
    eye: Doubles
    """(3,) centre of the left eye."""
    eye_radius: float
    skull: float
    """Half the width of the skull over the ears."""
    ear: Doubles
    """(m,3) of the left ear."""

    @property
    def scale(self) -> float:
        """Size of a face over that for which frames are written."""
        return float(np.clip(2 * self.eye[0] / _PUPILS_M, 0.75, 1.25))


def list_glasses() -> tuple[str, ...]:
    """Names of all frames, sorted."""
    return tuple(sorted(FRAMES))


def check_choice(field: str, name: str | None, known: Sequence[str]) -> str | None:
    """The name, or None for no such thing; raises SpecError for a name that is not known."""
    if name in _NONE:
        return None
    if name in known:
        return name
    raise SpecError(Finding(f"groom/unknown-{field}", f"groom.{field}: unknown name {name!r}", fix=suggest_name(str(name), list(known))))


def make_glasses(body: Body, name: str, seed: int) -> Accessory:
    """A pair of glasses on this head; `name` is one of FRAMES, or yes for one by the seed."""
    rng = np.random.default_rng([seed, 0x61A5])
    drawn = str(rng.choice(list_glasses()))
    frame = FRAMES[drawn if name == "yes" else name]
    colour, roughness = _FRAME_COLOURS[str(rng.choice(frame.colours))]
    head = _measure_head(body)
    outline = _trace_lens(head, frame)
    parts = [_build_rim(outline, frame, head.scale), *_build_bridge(head, outline, frame), *_build_temple(head, outline, frame)]
    meshes = (
        _make_mesh(GLASSES, [*parts, *map(_mirror, (parts[0], *parts[2:]))]),
        _make_mesh(LENSES, [_build_lens(outline), _mirror(_build_lens(outline))]),
    )
    materials = (
        Material(GLASSES, colour=(*colour, 1.0), roughness=roughness),
        Material(LENSES, colour=_LENS_COLOUR, roughness=0.05, alpha="BLEND", double_sided=True),
    )
    return Accessory(meshes, materials, Source(GLASSES, "Apache-2.0", "made by Fenshen"))


def make_earrings(body: Body, name: str, seed: int) -> Accessory:
    """A pair of earrings; `name` is one of EARRING_KINDS."""
    rng = np.random.default_rng([seed, 0xEA51])
    colour, roughness = _FRAME_COLOURS[("gold", "steel")[int(rng.integers(2))]]
    head = _measure_head(body)
    low = head.ear[:, 1] < np.quantile(head.ear[:, 1], 0.08)
    # Of a head that is as wide above its ears, one point alone is known.
    lobe = head.ear[low] if low.any() else head.ear
    place = np.array([lobe[:, 0].max(), lobe[:, 1].min() + 0.005 * head.scale, lobe[:, 2].mean()])
    parts = _shape_earring(name, place, head.scale)
    mesh = _make_mesh(EARRINGS, [*parts, *map(_mirror, parts)])
    return Accessory(
        (mesh,), (Material(EARRINGS, colour=(*colour, 1.0), roughness=roughness),), Source(EARRINGS, "Apache-2.0", "made by Fenshen")
    )


def _measure_head(body: Body) -> _Head:
    skin = body.positions[:SKIN_VERTICES].astype(np.float64)
    eye = body.eye_centres[0].astype(np.float64)
    eye = eye * np.array([np.sign(eye[0]), 1, 1])
    near = np.abs(skin[:, 1] - eye[1]) < 0.11
    head = skin[near & (np.abs(skin[:, 0]) < 0.12)]
    left = head[head[:, 0] > 0]
    over = (left[:, 1] > eye[1] + 0.02) & (left[:, 1] < eye[1] + 0.06)
    skull = float(left[over, 0].max())
    ear = left[(left[:, 0] > skull + 0.003) & (left[:, 1] < eye[1] + 0.04) & (left[:, 2] < eye[2] - 0.03)]
    return _Head(head, eye, float(body.eye_radius), skull, ear if len(ear) else left[[int(left[:, 0].argmax())]])


def _trace_lens(head: _Head, frame: Frame) -> Doubles:
    """(_RIM_POINTS,3) the outline of the left lens, counter-clockwise from its outer end as seen from in front."""
    scale = head.scale
    angle = np.arange(_RIM_POINTS) / _RIM_POINTS * 2 * np.pi
    cosine, sine = np.cos(angle), np.sin(angle)
    wide = 1 + frame.drop * sine
    x = np.sign(cosine) * np.abs(cosine) ** (2 / frame.power) * frame.half_width * wide * scale
    y = np.sign(sine) * np.abs(sine) ** (2 / frame.power) * frame.half_height * scale
    middle = max(float(head.eye[0]), (frame.half_width + 0.0085) * scale)
    points = np.stack([middle + x, head.eye[1] - 0.002 * scale + y, np.zeros(_RIM_POINTS)], 1)
    points[:, 2] = _bend(points, head)
    points[:, 2] += _find_front(head, points, frame)
    return points


def _bend(points: Doubles, head: _Head) -> Doubles:
    """(n,) Z of the frame's surface relative to its place at the eyes: tilted and wrapped round the face."""
    return np.asarray(_TILT * (points[:, 1] - head.eye[1]) - _WRAP_M * (points[:, 0] / 0.07) ** 2)


def _find_front(head: _Head, outline: Doubles, frame: Frame) -> float:
    """Where the frame is at the eyes: clear of lashes, and of the skin behind lens and rim."""
    low, high = outline[:, :2].min(0) - frame.rim * head.scale, outline[:, :2].max(0) + frame.rim * head.scale
    flat = np.abs(head.skin[:, :2])
    behind = head.skin[(flat[:, 0] > low[0]) & (flat[:, 0] < high[0]) & (flat[:, 1] > low[1]) & (flat[:, 1] < high[1])]
    behind = behind[behind[:, 2] > head.eye[2] - 0.03]
    front = float(head.eye[2]) + head.eye_radius
    need = (behind[:, 2] - _bend(np.abs(behind), head)).max(initial=-9.0)
    return float(np.clip(need + _SKIN_ROOM_M, front + _LASH_ROOM_M, front + _MAX_VERTEX_M))


def _sweep(path: Doubles, across: Doubles, wide: Doubles, depth: float, towards: Sequence[float], *, closed: bool) -> tuple[Doubles, Ints]:
    """A bar along a path: (n*4,3) points and triangles.

    Args:
        path: (n,3) one of its edges.
        across: (n,3) unit vectors in which its width `wide` (n,) goes; its depth goes along the remaining direction.
        towards: (3,) on which side of the path its depth is.
    """
    following = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    along = following / np.maximum(np.linalg.norm(following, axis=1, keepdims=True), 1e-9)
    back = np.cross(along, across)
    back /= np.maximum(np.linalg.norm(back, axis=1, keepdims=True), 1e-9)
    back = np.where((back @ np.asarray(towards, float))[:, None] < 0, -back, back)
    out = across * np.asarray(wide)[:, None]
    ring = np.stack([path, path + out, path + out + back * depth, path + back * depth], 1)
    count = len(path)
    index = np.arange(count * 4).reshape(count, 4)
    after = np.roll(index, -1, 0)
    last = count if closed else count - 1
    faces = []
    for k in range(4):
        a, b = index[:last, k], index[:last, (k + 1) % 4]
        c, d = after[:last, (k + 1) % 4], after[:last, k]
        faces += [np.stack([a, b, c], 1), np.stack([a, c, d], 1)]
    if not closed:
        faces += [np.array([[0, 3, 2], [0, 2, 1]]), index[-1, [[0, 1, 2], [0, 2, 3]]]]
    points = ring.reshape(-1, 3)
    return points, _face_out(points, np.concatenate(faces).astype(np.int32))


def _face_out(points: Doubles, triangles: Ints) -> Ints:
    """The triangles of a closed surface with their outer sides out: those of a positive volume."""
    a, b, c = (points[triangles[:, k]] - points.mean(0) for k in range(3))
    return triangles if float((a * np.cross(b, c)).sum()) > 0 else triangles[:, ::-1]


def _build_rim(outline: Doubles, frame: Frame, scale: float) -> tuple[Doubles, Ints]:
    middle = outline.mean(0)
    following = np.roll(outline, -1, 0) - np.roll(outline, 1, 0)
    across = np.stack([following[:, 1], -following[:, 0], np.zeros(len(outline))], 1)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    upper = np.clip((outline[:, 1] - middle[1]) / np.ptp(outline[:, 1]) * 3, 0, 1)
    return _sweep(outline, across, (frame.rim + frame.brow * upper) * scale, frame.depth * scale, (0, 0, -1), closed=True)


def _build_bridge(head: _Head, outline: Doubles, frame: Frame) -> list[tuple[Doubles, Ints]]:
    scale, middle = head.scale, outline.mean(0)
    height = middle[1] + 0.30 * frame.half_height * scale
    inner = outline[outline[:, 0] < middle[0]]
    start = inner[int(np.abs(inner[:, 1] - height).argmin())]
    share = np.linspace(-1, 1, _SWEEP + 1)
    path = np.stack([share * start[0], start[1] + 0.003 * scale * (1 - share**2), np.full(len(share), start[2])], 1)
    nose = head.skin[(np.abs(head.skin[:, 0]) < 0.006) & (np.abs(head.skin[:, 1] - path[:, 1].max()) < 0.008)]
    rise = max(0.0, float(nose[:, 2].max(initial=-9.0)) + _SKIN_ROOM_M + frame.depth * scale - float(start[2]))
    path[:, 2] += (0.002 * scale + rise) * (1 - share**2)
    across = np.tile([0.0, 1.0, 0.0], (len(path), 1))
    return [_sweep(path, across, np.full(len(path), max(frame.rim, 0.0018) * scale), frame.depth * scale, (0, 0, -1), closed=False)]


def _build_temple(head: _Head, outline: Doubles, frame: Frame) -> list[tuple[Doubles, Ints]]:
    """The left temple: from the frame's outer end over the ear and down behind it."""
    scale, middle = head.scale, outline.mean(0)
    outer = outline[outline[:, 0] > middle[0]]
    start = outer[int(np.abs(outer[:, 1] - middle[1] - 0.35 * frame.half_height * scale).argmin())]
    top = float(head.ear[:, 1].max())
    rear = float(head.ear[head.ear[:, 1] > top - 0.012, 2].mean())
    hinge = start + np.array([frame.rim * 1.4 * scale, 0, -0.001])
    over = np.array([head.skull + 0.0035, top - 0.001, rear])
    path = [start + np.array([0.0006, 0, 0.0]), hinge]
    for share in np.linspace(0.12, 1, _SWEEP):
        point = hinge + (over - hinge) * share
        side = head.skin[
            (np.abs(head.skin[:, 1] - point[1]) < 0.007) & (np.abs(head.skin[:, 2] - point[2]) < 0.007) & (head.skin[:, 0] > 0)
        ]
        bare = side[side[:, 0] < head.skull + 0.004]
        point[0] = max(point[0], float(bare[:, 0].max(initial=0.0)) + _SKIN_ROOM_M)
        path.append(point)
    down, back = (length * scale for length in _HOOK_M)
    for share in (0.35, 0.7, 1.0):
        path.append(path[_SWEEP + 1] + np.array([-0.004 * share, -down * share**1.6, -back * share]))
    line = np.array(path)
    # From the frame, back: the bar is upright and thin.
    across = np.tile([0.0, 1.0, 0.0], (len(line), 1))
    wide = np.interp(np.arange(len(line)), (0, 2, len(line) - 1), (1.5, 1.3, 1.1)) * max(frame.rim, 0.0016) * scale
    return [_sweep(line - across * wide[:, None] / 2, across, wide, 0.0016 * scale, (1, 0, 0), closed=False)]


def _build_lens(outline: Doubles) -> tuple[Doubles, Ints]:
    inner = outline + (outline.mean(0) - outline) * 0.01 - np.array([0, 0, 0.0008])
    points = np.concatenate([inner, inner.mean(0, keepdims=True)])
    count = len(outline)
    index = np.arange(count)
    return points, np.stack([index, (index + 1) % count, np.full(count, count)], 1).astype(np.int32)


def _shape_earring(name: str, place: Doubles, scale: float) -> list[tuple[Doubles, Ints]]:
    stud = _build_ball(place + np.array([0.0006, 0, 0]), 0.0024 * scale)
    if name == "studs":
        return [stud]
    if name == "drops":
        wire = _build_ball(place + np.array([0.001, -0.0065 * scale, 0]), 0.0008 * scale, 5.0)
        return [stud, wire, _build_ball(place + np.array([0.0015, -0.016 * scale, 0]), 0.0042 * scale, 2.2)]
    angle = np.arange(20) / 20 * 2 * np.pi
    radius = 0.0115 * scale
    ring = np.stack([np.zeros(20), np.cos(angle) * radius, np.sin(angle) * radius], 1)
    path = place + np.array([0.0005, -radius + 0.001, 0]) + ring
    return [_sweep(path, ring / radius, np.full(20, 0.0016 * scale), 0.0016 * scale, (1, 0, 0), closed=True)]


def _build_ball(centre: Doubles, radius: float, tall: float = 1.0) -> tuple[Doubles, Ints]:
    """A ball of 8 by 4 cells."""
    turn, rise = np.meshgrid(np.arange(8) / 8 * 2 * np.pi, np.linspace(-np.pi / 2, np.pi / 2, 5))
    points = np.stack([np.cos(turn) * np.cos(rise), tall * np.sin(rise), np.sin(turn) * np.cos(rise)], 2).reshape(-1, 3)
    index = np.arange(40).reshape(5, 8)
    after = np.roll(index, -1, 1)
    a, b, c, d = index[:-1], after[:-1], after[1:], index[1:]
    # At a pole the points coincide: there each cell is one triangle.
    upper, lower = np.stack([a, b, c], 2)[1:], np.stack([a, c, d], 2)[:-1]
    found = np.concatenate([upper.reshape(-1, 3), lower.reshape(-1, 3)]).astype(np.int32)
    place = centre + points * radius
    return place, _face_out(place, found)


def _mirror(part: tuple[Doubles, Ints]) -> tuple[Doubles, Ints]:
    points, triangles = part
    return points * np.array([-1.0, 1.0, 1.0]), triangles[:, ::-1]


def _make_mesh(name: str, parts: Sequence[tuple[Doubles, Ints]]) -> Mesh:
    """One mesh of all parts, on the Head joint."""
    firsts = np.cumsum([0, *(len(points) for points, _ in parts)])
    triangles = np.concatenate([faces + first for (_, faces), first in zip(parts, firsts[:-1], strict=True)])
    positions = np.concatenate([points for points, _ in parts]).astype(np.float32)
    joints = np.zeros((len(positions), 4), np.uint16)
    joints[:, 0] = JOINTS.index("Head")
    weights = np.tile(np.array([1, 0, 0, 0], np.float32), (len(positions), 1))
    uv = np.full((len(positions), 2), 0.5, np.float32)
    return Mesh(name, positions, uv, triangles.astype(np.int32), Skin(joints, weights), (), name)
