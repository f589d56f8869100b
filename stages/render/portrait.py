"""Many small portraits in one OpenGL context: a subject is prepared once, then posed, lit and rendered many times."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Image, Material, Mesh, Pixels, Skeleton
from assets.mesh import weld_points
from stages.render.light import LENS_ANGLE, Camera, Lamp, Scenery, compute_direction, look_at, orthographic, perspective
from stages.render.posing import Pose, PosedJoints, compute_smooth_normals, pose_mesh, rotate_directions

if TYPE_CHECKING:
    from stages.render.gl import Renderer, RenderMesh

PORTRAIT_SHADOW_SIDE = 512
_OCCLUSION_DIRECTIONS, _OCCLUSION_SIDE = 12, 256
_OCCLUSION_REACH = 1.9
"""Head heights around the face within which occlusion is measured."""


@dataclass(frozen=True)
class PortraitSubject:
    """Everything that stays the same from picture to picture."""

    meshes: tuple[Mesh, ...]
    materials: Mapping[str, Material]
    images: Mapping[str, Image]
    skeleton: Skeleton
    shading: Mapping[str, Floats]
    """Bind normals (v,3) by mesh name, for meshes whose own normals would show every card, such as hair."""
    top: float
    """Metres from the neck joint to the crown, hair included."""
    shades: Mapping[str, Floats] = field(default_factory=dict)
    """Vertex shades (v,) by mesh name, as in Part."""


@dataclass(frozen=True)
class PortraitView:
    """Pose, camera and light of one picture."""

    pose: Pose
    lamps: tuple[Lamp, ...]
    """Four lamps; the first one casts the shadow."""
    scenery: Scenery
    turn: float = 0.0
    """Radians by which the camera moves around the subject; positive shows its left side."""
    rise: float = 0.0
    """Radians by which the camera looks down."""
    zoom: float = 1.0
    """1 shows head and shoulders, more is nearer."""
    shift: tuple[float, float] = (0.0, 0.0)
    """Offset of the head as a share of the picture."""


class PortraitStudio:
    """Renders portraits of one subject at a time; `open_portrait_studio` creates it and holds the context."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._subject: PortraitSubject | None = None
        self._places: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sky: Floats = np.zeros(0, np.float32)

    def set_subject(self, subject: PortraitSubject, rest: Pose) -> None:
        """Replaces the subject; its occlusion is measured once, in the resting pose."""
        self._renderer.replace_images(subject.images)
        self._subject, self._places = subject, weld_points(np.concatenate([mesh.positions for mesh in subject.meshes]))
        joints = PosedJoints.from_pose(subject.skeleton, rest)
        points, shading = self._pose_subject(rest, joints)
        middle = _find_eye_centre(subject.skeleton, joints.positions) - np.array([0, 0.25, 0.3], np.float32) * subject.top
        reach = _OCCLUSION_REACH * subject.top
        from stages.render.preview import measure_free_sky

        self._sky = np.ones(len(points), np.float32)
        # A little less than the reach, so that all of these are inside the depth maps.
        near = np.flatnonzero(np.linalg.norm(points - middle, axis=1) < reach * 0.98)
        with self._renderer.upload_meshes(self._build_meshes(points, shading)) as uploaded:
            self._sky[near] = measure_free_sky(
                self._renderer, uploaded, points[near], shading[near], middle, reach, _OCCLUSION_DIRECTIONS, _OCCLUSION_SIDE
            )

    def take(self, view: PortraitView, size: int) -> Pixels:
        """(size,size,3) sRGB picture of the subject."""
        assert self._subject is not None
        subject, renderer = self._subject, self._renderer
        joints = PosedJoints.from_pose(subject.skeleton, view.pose)
        points, shading = self._pose_subject(view.pose, joints)
        camera, aim, half = _place_camera(subject, joints.positions, view)
        # Fine hair needs several samples a pixel. Shading four is faster here than multisampling, which costs three times as much.
        oversampling = 2.0 if size <= 128 else 1.5
        radius = 1.35 * half
        shadow = orthographic(view.lamps[0].direction, aim, radius, 1.5)
        # A penumbra of 7 mm; the shadow map spans two radii.
        spread, pixels = 0.007 / (2 * radius), (size, size)
        with renderer.upload_meshes(self._build_meshes(points, shading)) as uploaded:
            renderer.draw_depth(uploaded, shadow)
            picture = renderer.render_picture(uploaded, None, camera, view.lamps, shadow, spread, pixels, oversampling, view.scenery)
        return picture.pixels

    def _pose_subject(self, pose: Pose, joints: PosedJoints) -> tuple[Floats, Floats]:
        """(n,3) points and (n,3) normals of all meshes in a pose."""
        assert self._subject is not None
        meshes, skeleton = self._subject.meshes, self._subject.skeleton
        parts = [pose_mesh(mesh, skeleton, pose, joints) for mesh in meshes]
        starts = np.cumsum([0, *(len(part) for part in parts)])
        points = np.concatenate(parts)
        triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts[:-1], strict=True)])
        shading = compute_smooth_normals(points, triangles, self._places)
        for mesh, start in zip(meshes, starts[:-1], strict=True):
            if mesh.name in self._subject.shading:
                shading[start : start + len(mesh.positions)] = rotate_directions(
                    mesh.skin, skeleton, pose, self._subject.shading[mesh.name], joints
                )
        return points, shading

    def _build_meshes(self, points: Floats, shading: Floats) -> list[RenderMesh]:
        subject = self._subject
        assert subject is not None
        from stages.render.gl import RenderMesh

        ends = np.cumsum([0, *(len(mesh.positions) for mesh in subject.meshes)])
        # While set_subject measures occlusion there is none yet.
        sky = self._sky if len(self._sky) == len(points) else np.ones(len(points), np.float32)
        return [
            RenderMesh(
                points[a:b],
                shading[a:b],
                mesh.uv,
                mesh.triangles,
                sky[a:b],
                subject.materials[mesh.material],
                subject.shades.get(mesh.name),
            )
            for mesh, a, b in zip(subject.meshes, ends[:-1], ends[1:], strict=True)
        ]


@contextmanager
def open_portrait_studio() -> Iterator[PortraitStudio]:
    """A studio for this thread; while it is open no other thread draws. Raises BackendError if EGL is missing."""
    from stages.render import gl
    from stages.render.preview import GL_LOCK

    os.environ.setdefault("LP_NUM_THREADS", "1")  # Mesa's rasteriser: on pictures this small, more threads only wait for each other

    with ExitStack() as stack:
        stack.enter_context(GL_LOCK)
        stack.enter_context(gl.open_context())
        yield PortraitStudio(gl.Renderer({}, shadow_side=PORTRAIT_SHADOW_SIDE))


def _find_eye_centre(skeleton: Skeleton, joints: Floats) -> Floats:
    between: Floats = joints[[skeleton.names.index("LeftEye"), skeleton.names.index("RightEye")]].mean(0)
    return between


def _place_camera(subject: PortraitSubject, joints: Floats, view: PortraitView) -> tuple[Camera, Floats, float]:
    """The camera with a portrait lens, its aim (3,), and half the visible height, metres."""
    neck, eyes = joints[subject.skeleton.names.index("Neck")], _find_eye_centre(subject.skeleton, joints)
    half = 0.68 * subject.top / view.zoom
    aim = np.array([eyes[0], neck[1] + 0.50 * subject.top, eyes[2] - 0.3 * subject.top], np.float32)
    # As in light.frame_camera, a positive turn moves the camera to -X, the subject's right.
    direction = np.array([-np.sin(view.turn) * np.cos(view.rise), np.sin(view.rise), np.cos(view.turn) * np.cos(view.rise)], np.float32)
    side = np.array([np.cos(view.turn), 0, np.sin(view.turn)], np.float32)
    aim = np.asarray(aim + 2 * half * (side * view.shift[0] + np.array([0, view.shift[1], 0])), np.float32)
    distance = half / np.tan(LENS_ANGLE / 2)
    eye = np.asarray(aim + distance * direction, np.float32)
    return Camera(eye, look_at(eye, aim), perspective(float(LENS_ANGLE), 1.0, max(0.05, distance - 1.0), distance + 1.5)), aim, float(half)


def place_lamps(
    angles: Sequence[tuple[float, float]], colours: Sequence[tuple[float, float, float]], sizes: Sequence[float]
) -> tuple[Lamp, ...]:
    """Lamps at these (yaw, pitch) in degrees: 0, 0 is in front of the subject, positive yaw on its left."""
    return tuple(
        Lamp(compute_direction(np.radians(yaw), np.radians(pitch)), colour, size)
        for (yaw, pitch), colour, size in zip(angles, colours, sizes, strict=True)
    )
