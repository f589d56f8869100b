"""Many small portraits in one OpenGL context: a sitter is prepared once, then posed, lit and taken again and again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assets.artefacts.geometry import Floats, Image, Ints, Material, Mesh, Pixels, Skeleton
from stages.render.light import LENS, Camera, Lamp, Scenery, look_at, parallel, perspective
from stages.render.posing import Joints, Pose, normals, posed, turned, welds

if TYPE_CHECKING:
    from stages.render.gl import Painter, Piece

SHADOW_SIDE = 512
_WAYS, _SIDE = 12, 256
_REACH = 1.9
"""Head heights round the eyes in which creases are measured."""


@dataclass(frozen=True)
class Sitter:
    """All that stays the same from picture to picture."""

    meshes: tuple[Mesh, ...]
    materials: Mapping[str, Material]
    images: Mapping[str, Image]
    skeleton: Skeleton
    shading: Mapping[str, Floats]
    """Bind normals (v,3) by mesh name where the shape's own would show every card, e.g. of hair."""
    top: float
    """Metres from the neck joint to the crown, hair included."""


@dataclass(frozen=True)
class View:
    """How one picture is taken."""

    pose: Pose
    lamps: tuple[Lamp, ...]
    """Four; the first casts the shadow."""
    scenery: Scenery
    turn: float = 0.0
    """Radians that the camera walks round the sitter; positive shows its left side."""
    rise: float = 0.0
    """Radians that the camera looks down."""
    zoom: float = 1.0
    """1 shows head and shoulders; more is nearer."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Share of the picture by which the head is off its place."""


class Portraits:
    """Takes pictures of sitters; made by `portraits()`, which holds the context."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._sitter: Sitter | None = None
        self._group: Ints = np.zeros(0, np.int32)
        self._sky: Floats = np.zeros(0, np.float32)

    def seat(self, sitter: Sitter, rest: Pose) -> None:
        """Makes this sitter the one that is taken; its creases are measured once, in the resting pose."""
        self._painter.repaint(sitter.images)
        self._sitter, self._group = sitter, welds([mesh.positions for mesh in sitter.meshes])
        joints = Joints.of(sitter.skeleton, rest)
        points, shading = self._shape(rest, joints)
        middle = _eyes(sitter.skeleton, joints.places) - np.array([0, 0.25, 0.3], np.float32) * sitter.top
        from stages.render.preview import free_sky

        self._sky = np.ones(len(points), np.float32)
        near = np.flatnonzero(np.linalg.norm(points - middle, axis=1) < _REACH * sitter.top * 0.98)
        with self._painter.uploaded(self._pieces(points, shading)) as held:
            self._sky[near] = free_sky(self._painter, held, points[near], shading[near], middle, _REACH * sitter.top, _WAYS, _SIDE)

    def take(self, view: View, size: int) -> Pixels:
        """(size,size,3) sRGB."""
        assert self._sitter is not None
        sitter, painter = self._sitter, self._painter
        joints = Joints.of(sitter.skeleton, view.pose)
        points, shading = self._shape(view.pose, joints)
        camera, aim, half = _camera(sitter, joints.places, view)
        # Fine hair needs more than a sample a pixel. Shading four is faster here than multisampling, whose cost is threefold.
        fine = 2.0 if size <= 128 else 1.5
        radius = 1.35 * half
        shadow = parallel(view.lamps[0].way, aim, radius, 1.5)
        with painter.uploaded(self._pieces(points, shading)) as held:
            painter.draw_depth(held, shadow)
            picture = painter.picture(held, None, camera, view.lamps, shadow, 0.007 / (2 * radius), (size, size), fine, view.scenery)
        return picture.pixels

    def _shape(self, pose: Pose, joints: Joints) -> tuple[Floats, Floats]:
        """(n,3) points and (n,3) normals of all meshes in a pose."""
        assert self._sitter is not None
        meshes, skeleton = self._sitter.meshes, self._sitter.skeleton
        parts = [posed(mesh, skeleton, pose, joints) for mesh in meshes]
        starts = np.cumsum([0, *(len(part) for part in parts)])
        points = np.concatenate(parts)
        triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts[:-1], strict=True)])
        shading = normals(points, triangles, self._group)
        for mesh, start in zip(meshes, starts[:-1], strict=True):
            if mesh.name in self._sitter.shading:
                shading[start : start + len(mesh.positions)] = turned(mesh.skin, skeleton, pose, self._sitter.shading[mesh.name], joints)
        return points, shading

    def _pieces(self, points: Floats, shading: Floats) -> list[Piece]:
        assert self._sitter is not None
        from stages.render.gl import Piece

        ends = np.cumsum([0, *(len(mesh.positions) for mesh in self._sitter.meshes)])
        sky = self._sky if len(self._sky) == len(points) else np.ones(len(points), np.float32)
        return [
            Piece(points[a:b], shading[a:b], mesh.uv, mesh.triangles, sky[a:b], self._sitter.materials[mesh.material])
            for mesh, a, b in zip(self._sitter.meshes, ends[:-1], ends[1:], strict=True)
        ]


@contextmanager
def portraits() -> Iterator[Portraits]:
    """A studio of this thread; while it is open nobody else draws. Raises BackendError where EGL is missing."""
    from stages.render import gl
    from stages.render.preview import _LOCK

    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's rasteriser: on pictures this small more threads only wait for one another

    with ExitStack() as stack:
        stack.enter_context(_LOCK)
        stack.enter_context(gl.context())
        yield Portraits(gl.Painter({}, shadow_side=SHADOW_SIDE))


def _eyes(skeleton: Skeleton, joints: Floats) -> Floats:
    between: Floats = joints[[skeleton.names.index("LeftEye"), skeleton.names.index("RightEye")]].mean(0)
    return between


def _camera(sitter: Sitter, joints: Floats, view: View) -> tuple[Camera, Floats, float]:
    """The camera on a portrait lens, its aim (3,) and half the height seen, metres."""
    neck, eyes = joints[sitter.skeleton.names.index("Neck")], _eyes(sitter.skeleton, joints)
    half = 0.68 * sitter.top / view.zoom
    aim = np.array([eyes[0], neck[1] + 0.50 * sitter.top, eyes[2] - 0.3 * sitter.top], np.float32)
    way = np.array([-np.sin(view.turn) * np.cos(view.rise), np.sin(view.rise), np.cos(view.turn) * np.cos(view.rise)], np.float32)
    side = np.array([np.cos(view.turn), 0, np.sin(view.turn)], np.float32)
    aim = np.asarray(aim + 2 * half * (side * view.shift[0] + np.array([0, view.shift[1], 0])), np.float32)
    distance = half / np.tan(LENS / 2)
    eye = np.asarray(aim + distance * way, np.float32)
    return Camera(eye, look_at(eye, aim), perspective(float(LENS), 1.0, max(0.05, distance - 1.0), distance + 1.5)), aim, float(half)


def lamps_towards(
    ways: Sequence[tuple[float, float]], colours: Sequence[tuple[float, float, float]], sizes: Sequence[float]
) -> tuple[Lamp, ...]:
    """Lamps by yaw and pitch in degrees, 0,0 being in front of the sitter and positive yaw to its left."""
    lamps = []
    for (yaw, pitch), colour, size in zip(ways, colours, sizes, strict=True):
        y, p = np.radians(yaw), np.radians(pitch)
        way = np.array([np.sin(y) * np.cos(p), np.sin(p), np.cos(y) * np.cos(p)], np.float32)
        lamps.append(Lamp(way, colour, size))
    return tuple(lamps)
