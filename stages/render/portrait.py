"""Many small portraits in one OpenGL context: a sitter is prepared once, then posed, lit and taken again and again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Image, Material, Mesh, Pixels, Skeleton
from assets.mesh import weld_points
from stages.render.light import LENS_ANGLE, Camera, Lamp, Scenery, look_at, orthographic, perspective
from stages.render.posing import Pose, PosedJoints, compute_smooth_normals, pose_mesh, rotate_directions

if TYPE_CHECKING:
    from stages.render.gl import Renderer, RenderMesh

PORTRAIT_SHADOW_SIDE = 512
_OCCLUSION_DIRECTIONS, _OCCLUSION_SIDE = 12, 256
_OCCLUSION_REACH = 1.9
"""Head heights round the eyes in which creases are measured."""


@dataclass(frozen=True)
class PortraitSubject:
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
class PortraitView:
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


class PortraitStudio:
    """Takes pictures of sitters; made by `portraits()`, which holds the context."""

    def __init__(self, painter: Renderer) -> None:
        self._painter = painter
        self._sitter: PortraitSubject | None = None
        self._places: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sky: Floats = np.zeros(0, np.float32)

    def set_subject(self, sitter: PortraitSubject, rest: Pose) -> None:
        """Makes this sitter the one that is taken; its creases are measured once, in the resting pose."""
        self._painter.replace_images(sitter.images)
        self._sitter, self._places = sitter, weld_points(np.concatenate([mesh.positions for mesh in sitter.meshes]))
        joints = PosedJoints.of(sitter.skeleton, rest)
        points, shading = self._pose_subject(rest, joints)
        middle = _find_eye_centre(sitter.skeleton, joints.places) - np.array([0, 0.25, 0.3], np.float32) * sitter.top
        from stages.render.preview import measure_free_sky

        self._sky = np.ones(len(points), np.float32)
        near = np.flatnonzero(np.linalg.norm(points - middle, axis=1) < _OCCLUSION_REACH * sitter.top * 0.98)
        with self._painter.upload_meshes(self._build_meshes(points, shading)) as held:
            self._sky[near] = measure_free_sky(
                self._painter,
                held,
                points[near],
                shading[near],
                middle,
                _OCCLUSION_REACH * sitter.top,
                _OCCLUSION_DIRECTIONS,
                _OCCLUSION_SIDE,
            )

    def take(self, view: PortraitView, size: int) -> Pixels:
        """(size,size,3) sRGB."""
        assert self._sitter is not None
        sitter, painter = self._sitter, self._painter
        joints = PosedJoints.of(sitter.skeleton, view.pose)
        points, shading = self._pose_subject(view.pose, joints)
        camera, aim, half = _place_camera(sitter, joints.places, view)
        # Fine hair needs more than a sample a pixel. Shading four is faster here than multisampling, whose cost is threefold.
        fine = 2.0 if size <= 128 else 1.5
        radius = 1.35 * half
        shadow = orthographic(view.lamps[0].direction, aim, radius, 1.5)
        with painter.upload_meshes(self._build_meshes(points, shading)) as held:
            painter.draw_depth(held, shadow)
            picture = painter.picture(held, None, camera, view.lamps, shadow, 0.007 / (2 * radius), (size, size), fine, view.scenery)
        return picture.pixels

    def _pose_subject(self, pose: Pose, joints: PosedJoints) -> tuple[Floats, Floats]:
        """(n,3) points and (n,3) normals of all meshes in a pose."""
        assert self._sitter is not None
        meshes, skeleton = self._sitter.meshes, self._sitter.skeleton
        parts = [pose_mesh(mesh, skeleton, pose, joints) for mesh in meshes]
        starts = np.cumsum([0, *(len(part) for part in parts)])
        points = np.concatenate(parts)
        triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts[:-1], strict=True)])
        shading = compute_smooth_normals(points, triangles, self._places)
        for mesh, start in zip(meshes, starts[:-1], strict=True):
            if mesh.name in self._sitter.shading:
                shading[start : start + len(mesh.positions)] = rotate_directions(
                    mesh.skin, skeleton, pose, self._sitter.shading[mesh.name], joints
                )
        return points, shading

    def _build_meshes(self, points: Floats, shading: Floats) -> list[RenderMesh]:
        assert self._sitter is not None
        from stages.render.gl import RenderMesh

        ends = np.cumsum([0, *(len(mesh.positions) for mesh in self._sitter.meshes)])
        sky = self._sky if len(self._sky) == len(points) else np.ones(len(points), np.float32)
        return [
            RenderMesh(points[a:b], shading[a:b], mesh.uv, mesh.triangles, sky[a:b], self._sitter.materials[mesh.material])
            for mesh, a, b in zip(self._sitter.meshes, ends[:-1], ends[1:], strict=True)
        ]


@contextmanager
def open_portrait_studio() -> Iterator[PortraitStudio]:
    """A studio of this thread; while it is open nobody else draws. Raises BackendError where EGL is missing."""
    from stages.render import gl
    from stages.render.preview import GL_LOCK

    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's rasteriser: on pictures this small more threads only wait for one another

    with ExitStack() as stack:
        stack.enter_context(GL_LOCK)
        stack.enter_context(gl.open_context())
        yield PortraitStudio(gl.Renderer({}, shadow_side=PORTRAIT_SHADOW_SIDE))


def _find_eye_centre(skeleton: Skeleton, joints: Floats) -> Floats:
    between: Floats = joints[[skeleton.names.index("LeftEye"), skeleton.names.index("RightEye")]].mean(0)
    return between


def _place_camera(sitter: PortraitSubject, joints: Floats, view: PortraitView) -> tuple[Camera, Floats, float]:
    """The camera on a portrait lens, its aim (3,) and half the height seen, metres."""
    neck, eyes = joints[sitter.skeleton.names.index("Neck")], _find_eye_centre(sitter.skeleton, joints)
    half = 0.68 * sitter.top / view.zoom
    aim = np.array([eyes[0], neck[1] + 0.50 * sitter.top, eyes[2] - 0.3 * sitter.top], np.float32)
    way = np.array([-np.sin(view.turn) * np.cos(view.rise), np.sin(view.rise), np.cos(view.turn) * np.cos(view.rise)], np.float32)
    side = np.array([np.cos(view.turn), 0, np.sin(view.turn)], np.float32)
    aim = np.asarray(aim + 2 * half * (side * view.shift[0] + np.array([0, view.shift[1], 0])), np.float32)
    distance = half / np.tan(LENS_ANGLE / 2)
    eye = np.asarray(aim + distance * way, np.float32)
    return Camera(eye, look_at(eye, aim), perspective(float(LENS_ANGLE), 1.0, max(0.05, distance - 1.0), distance + 1.5)), aim, float(half)


def place_lamps(
    ways: Sequence[tuple[float, float]], colours: Sequence[tuple[float, float, float]], sizes: Sequence[float]
) -> tuple[Lamp, ...]:
    """Lamps by yaw and pitch in degrees, 0,0 being in front of the sitter and positive yaw to its left."""
    lamps = []
    for (yaw, pitch), colour, size in zip(ways, colours, sizes, strict=True):
        y, p = np.radians(yaw), np.radians(pitch)
        way = np.array([np.sin(y) * np.cos(p), np.sin(p), np.cos(y) * np.cos(p)], np.float32)
        lamps.append(Lamp(way, colour, size))
    return tuple(lamps)
