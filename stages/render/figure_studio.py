"""A film of one figure: prepared once, then posed and drawn 25 times a second, fast enough for a software driver.

Normals of skin follow the posed shape, those of hair, cloth and eyes their joints, as in previews. Light comes from the preview's studio.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Model
from assets.artefacts.geometry import Floats, Ints, Mesh, Part, Pixels, Skeleton
from assets.conventions import JOINTS, MORPHS_67
from assets.mesh import weld_points
from stages.render.light import (
    LENS_ANGLE,
    Camera,
    build_studio,
    build_studio_lamps,
    frame_camera,
    look_at,
    orthographic,
    perspective,
)
from stages.render.posing import Pose, PosedJoints, turn_to_camera

if TYPE_CHECKING:
    from stages.render.gl import Renderer, RenderMesh

SHADOW_SIDE = 512
TURN = -0.16
"""Radians by which the shoulders turn to the viewer's left, where the slide is; face and eyes stay with the viewer."""
_DISTANCE = 1.15
"""Of the camera, in those of a portrait from the waist up: hands that explain stay in the picture."""
_PENUMBRA_M = 0.007
_MARGIN_M = 0.12
"""Below the picture: what is lower than that, on a leg, never shows."""
_LEGS = frozenset(i for i, name in enumerate(JOINTS) if name.endswith(("UpLeg", "Leg", "Foot", "ToeBase")))


@dataclass(frozen=True)
class Framing:
    """The camera of a film, which stands still, and what it sees."""

    camera: Camera
    aim: Floats
    """(3,) metres."""
    half: float
    """Half the visible height, metres."""

    @property
    def bottom(self) -> float:
        """Height of the lower edge at the figure, metres."""
        return float(self.aim[1]) - self.half


def frame_figure(model: Model, rest: Pose, aspect: float) -> Framing:
    """A camera that shows the figure from the waist up in this pose; `aspect` is width over height."""
    joints = PosedJoints.from_pose(model.skeleton, rest)
    posed = _FigurePose(model.skeleton, model.parts)
    points, _ = posed.compute(rest)
    positions = dict(zip(model.skeleton.names, joints.positions, strict=True))
    eyes = ((positions["LeftEye"] + positions["RightEye"]) / 2).astype(np.float32)
    camera, aim, half = frame_camera("half", points, eyes, positions["Neck"], TURN, aspect)
    eye = np.asarray(aim + _DISTANCE * (camera.eye - aim), np.float32)
    distance = float(np.linalg.norm(eye - aim))
    projection = perspective(float(LENS_ANGLE), aspect, max(0.05, distance - 2.0), distance + 4.0)
    return Framing(Camera(eye, look_at(eye, aim), projection), aim, _DISTANCE * half)


def drop_hidden_parts(model: Model, rest: Pose, framing: Framing) -> Model:
    """The model without the triangles of legs and shoes that are below the picture."""
    kept = []
    for part in model.parts:
        points, _ = _FigurePose(model.skeleton, (part,)).compute(rest)
        leg = np.isin(part.mesh.skin.joints[np.arange(len(points)), part.mesh.skin.weights.argmax(1)], list(_LEGS))
        low = leg & (points[:, 1] < framing.bottom - _MARGIN_M)
        if not low.all():
            kept.append(_select_vertices(part, ~low))
    return replace(model, parts=tuple(kept))


def _select_vertices(part: Part, chosen: NDArray[np.bool_]) -> Part:
    """The part with the triangles that have a chosen vertex."""
    mesh = part.mesh
    triangles = mesh.triangles[chosen[mesh.triangles].any(1)]
    used = np.unique(triangles)
    place = np.full(len(mesh.positions), -1, np.int32)
    place[used] = np.arange(len(used))
    morphs = []
    for morph in mesh.morphs:
        stays = place[morph.indices] >= 0
        morphs.append(replace(morph, indices=place[morph.indices[stays]], deltas=morph.deltas[stays]))
    skin = replace(mesh.skin, joints=mesh.skin.joints[used], weights=mesh.skin.weights[used])
    small = Mesh(mesh.name, mesh.positions[used], mesh.uv[used], place[triangles], skin, tuple(morphs), mesh.material)
    shade = None if part.shade is None else part.shade[used]
    return Part(small, part.normals[used], None if part.tangents is None else part.tangents[used], shade)


class _FigurePose:
    """Skinning, morphs and normals of all parts at once, as products of matrices that are set up before the first frame."""

    def __init__(self, skeleton: Skeleton, parts: tuple[Part, ...]) -> None:
        from scipy.sparse import csr_matrix

        self._skeleton = skeleton
        meshes = [part.mesh for part in parts]
        self._points = np.concatenate([mesh.positions for mesh in meshes]).astype(np.float32)
        self._normals = np.concatenate([part.normals for part in parts]).astype(np.float32)
        self._starts = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)])
        joints = np.concatenate([mesh.skin.joints for mesh in meshes]).astype(np.int64)
        weights = np.concatenate([mesh.skin.weights for mesh in meshes])
        rows = np.repeat(np.arange(len(joints)), joints.shape[1])
        self._weights = csr_matrix((weights.ravel(), (rows, joints.ravel())), (len(joints), len(skeleton.names)), dtype=np.float32)
        self._moved, self._morphs = self._gather_morphs(meshes)
        self._soft, self._soft_triangles, self._spread = self._gather_soft(skeleton, parts)

    def _gather_morphs(self, meshes: list[Mesh]) -> tuple[NDArray[np.int64], Floats]:
        """Vertices (m,) that any morph moves, and the deltas (3m,67) of all morphs there."""
        moved = [
            start + np.unique(np.concatenate([morph.indices for morph in mesh.morphs]))
            for mesh, start in zip(meshes, self._starts, strict=False) if mesh.morphs
        ]  # fmt: skip
        vertices = np.concatenate(moved).astype(np.int64) if moved else np.zeros(0, np.int64)
        deltas = np.zeros((len(vertices), 3, len(MORPHS_67)), np.float32)
        for mesh, start in zip(meshes, self._starts, strict=False):
            for morph in mesh.morphs:
                deltas[np.searchsorted(vertices, start + morph.indices), :, MORPHS_67.index(morph.name)] = morph.deltas
        return vertices, deltas.reshape(-1, len(MORPHS_67))

    def _gather_soft(self, skeleton: Skeleton, parts: tuple[Part, ...]) -> tuple[NDArray[np.int64], Ints, Any]:
        """Vertices (s,) shaded by their posed shape, their triangles (t,3), and the sum (s,t) of triangles around the place of each."""
        from scipy.sparse import csr_matrix

        shaded = Model(skeleton, parts, (), {}).shading
        soft = [(part.mesh, start) for part, start in zip(parts, self._starts, strict=False) if part.mesh.name not in shaded]
        if not soft:
            return np.zeros(0, np.int64), np.zeros((0, 3), np.int32), csr_matrix((0, 0), dtype=np.float32)
        vertices = np.concatenate([start + np.arange(len(mesh.positions)) for mesh, start in soft])
        triangles = np.concatenate([mesh.triangles + start for mesh, start in soft]).astype(np.int32)
        # Vertices of one place share their normal, as at UV seams and at the neck.
        places = weld_points(self._points)
        numbers = np.repeat(np.arange(len(triangles)), 3)
        around = csr_matrix((np.ones(len(numbers), np.float32), (places[triangles.ravel()], numbers)), (len(places), len(triangles)))
        return vertices, triangles, around[places[vertices]]

    def compute(self, pose: Pose) -> tuple[Floats, Floats]:
        """(v,3) points and (v,3) unit normals of all parts."""
        joints = PosedJoints.from_pose(self._skeleton, pose)
        blended = self._weights @ np.concatenate([joints.rotations.reshape(-1, 9), joints.offsets], 1).astype(np.float32)
        turns, points = blended[:, :9].reshape(-1, 3, 3), self._points
        if len(pose.face) and len(self._moved):
            points = points.copy()
            points[self._moved] += (self._morphs @ pose.face.astype(np.float32)).reshape(-1, 3)
        points = np.einsum("vab,vb->va", turns, points) + blended[:, 9:]
        normals = np.einsum("vab,vb->va", turns, self._normals)
        if len(self._soft):
            a, b, c = (points[self._soft_triangles[:, k]] for k in range(3))
            normals[self._soft] = self._spread @ np.cross(b - a, c - a)
        length = np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
        return points.astype(np.float32), (normals / length).astype(np.float32)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last vertex of each part."""
        return list(zip(self._starts[:-1].tolist(), self._starts[1:].tolist(), strict=True))


class FigureStudio:
    """Draws one figure; `open_figure_studio` creates it and holds the context."""

    def __init__(self, renderer: Renderer, model: Model, framing: Framing, sky: Floats) -> None:
        self._renderer, self._model, self._framing, self._sky = renderer, model, framing, sky
        self._pose = _FigurePose(model.skeleton, model.parts)
        self._materials = {material.name: material for material in model.materials}
        self._lamps, self._scenery = build_studio_lamps(TURN), build_studio(TURN)

    def draw(self, pose: Pose, size: tuple[int, int]) -> Pixels:
        """(h,w,3) sRGB picture of `size` (w,h)."""
        points, normals = self._pose.compute(turn_to_camera(self._model.skeleton, pose, TURN))
        radius = 1.5 * self._framing.half
        shadow = orthographic(self._lamps[0].direction, self._framing.aim, radius, 2.5)
        with self._renderer.upload_meshes(self._build_meshes(points, normals)) as uploaded:
            self._renderer.draw_depth(uploaded, shadow)
            picture = self._renderer.render_picture(
                uploaded, None, self._framing.camera, self._lamps, shadow, _PENUMBRA_M / (2 * radius), size, 1.0, self._scenery
            )
        return picture.pixels

    def measure_sky(self, rest: Pose) -> Floats:
        """(v,) the free part of the hemisphere over each vertex in this pose, 0..1."""
        from stages.render.preview import measure_open_sky

        points, normals = self._pose.compute(rest)
        joints = PosedJoints.from_pose(self._model.skeleton, rest).positions
        eyes = (joints[JOINTS.index("LeftEye")] + joints[JOINTS.index("RightEye")]) / 2
        return measure_open_sky(self._renderer, self._build_meshes(points, normals), points, normals, eyes)

    def _build_meshes(self, points: Floats, normals: Floats) -> list[RenderMesh]:
        from stages.render.gl import RenderMesh

        sky = self._sky if len(self._sky) == len(points) else np.ones(len(points), np.float32)
        return [
            RenderMesh(
                points[a:b], normals[a:b], part.mesh.uv, part.mesh.triangles, sky[a:b], self._materials[part.mesh.material], part.shade
            )
            for part, (a, b) in zip(self._model.parts, self._pose.spans, strict=True)
        ]


@contextmanager
def open_figure_studio(model: Model, framing: Framing, sky: Floats | None = None) -> Iterator[FigureStudio]:
    """A studio for this thread; while it is open no other thread draws.

    Args:
        sky: what `measure_sky` gave for the model; without it nothing is occluded.

    Raises:
        BackendError: EGL is missing.
    """
    os.environ.setdefault("LP_NUM_THREADS", "1")  # a film is drawn in two processes: Mesa's threads would only wait for each other
    from stages.render import gl
    from stages.render.preview import GL_LOCK

    with ExitStack() as stack:
        stack.enter_context(GL_LOCK)
        stack.enter_context(gl.open_context())
        renderer = gl.Renderer(model.images, shadow_side=SHADOW_SIDE, swift=True)
        yield FigureStudio(renderer, model, framing, np.zeros(0, np.float32) if sky is None else sky)
