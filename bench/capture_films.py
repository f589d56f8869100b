"""Films with known truth for judging capture: bodies of the pipeline x kinds of movement x cameras, in rooms.

python -m bench.capture_films SET FOLDER     renders what is missing; SET is tuning, judging, faces or faces-tuning (heads and
shoulders), or moving (a panning camera); needs ffmpeg

The sets share no body, movement, camera or room: each draws them from its own seed. Rules and constants of stages.motion are set on
`tuning`; `judging` is measured once and nobody looks at it before.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assets.artefacts.character import Body, Groom, TextureSet
from assets.artefacts.geometry import Floats, Material, Pixels, Skeleton
from assets.artefacts.motion import Clip, Motion
from assets.conventions import JOINTS, MORPHS_67
from assets.rotation import forward_kinematics, from_axis_angle, multiply, rotate
from assets.spec.avatar import AvatarSpec
from assets.spec.behaviour import RetargetSpec
from bench.capture_motions import MOTIONS, make_motion
from bench.capture_room import FilmCamera, Room, build_stool, draw_lamps, shade_floor
from bench.render_reach import encode_film
from stages.model.scene import Piece, assemble_character
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.retarget.stage import run as run_retarget

if TYPE_CHECKING:
    from stages.render.gl import RenderMesh

SEEDS = {"tuning": 20, "judging": 2061, "moving": 77, "faces-tuning": 301, "faces": 4007}
BODIES = {"tuning": 2, "judging": 6, "moving": 1, "faces-tuning": 3, "faces": 6}
CAMERAS = {"tuning": 1, "judging": 3, "moving": 1, "faces-tuning": 1, "faces": 1}
_MOTIONS = {"moving": ("approach", "wave", "talk", "squat"), "faces-tuning": ("talk",), "faces": ("talk",)}
_FACING_SHARE = 0.3
"""Of a camera's yaw for those who walk up to it."""
_PORTRAIT = ("Head", "Neck", "Spine2", "LeftArm", "RightArm", "LeftEye", "RightEye")
_SKULL = 0.2
"""Metres around a joint that must be in the picture."""
_NOISE = 3.0


@dataclass(frozen=True)
class Film:
    """One film of a set."""

    name: str
    body: int
    motion: str
    camera: FilmCamera
    room: int
    """Seed of the room."""
    take: int
    """Seed of the movement."""
    is_portrait: bool
    """Only what is above the hips must be in the picture."""
    turn: int
    """When it is rendered: films of one turn have all bodies and movements, and every camera for a third of them."""


def list_films(kind: str) -> list[Film]:
    """Every film of a set."""
    films = []
    for body in range(BODIES[kind]):
        for number, motion in enumerate(_MOTIONS.get(kind, tuple(MOTIONS))):
            take = 1_000_003 * SEEDS[kind] + 101 * body + number
            cameras = range(CAMERAS[kind]) if CAMERAS[kind] > 1 else ((body + number) % 3,)
            for camera in cameras:
                random = np.random.default_rng([SEEDS[kind], body, number, camera])
                lens = _draw_camera(random, camera, motion, kind)
                turn = (camera + body + number) % 3
                room = int(random.integers(2**31))
                films.append(Film(f"{body}_{motion}_{camera}", body, motion, lens, room, take, kind.startswith("faces"), turn))
    return films


def _draw_camera(random: np.random.Generator, number: int, motion: str, kind: str) -> FilmCamera:
    """Nearly in front, at 15 to 35 degrees, or at three quarters."""
    side = random.choice([-1, 1])
    yaw = np.radians([random.uniform(-15, 15), side * random.uniform(15, 35), side * random.uniform(38, 50)][number])
    if motion in ("approach", "far"):
        yaw *= _FACING_SHARE
    size = ((400, 528), (528, 400), (448, 448))[int(random.integers(3))]
    if motion in ("far", "approach"):
        size = (400, 528)
    pan = np.radians(random.uniform(4, 9)) if kind == "moving" else 0.0
    return FilmCamera(size, int(random.choice([25, 25, 30])), float(yaw), float(random.uniform(0.9, 1.9)), float(random.uniform(26, 50)),
                      float(random.uniform(1.05, 1.25)), float(pan))  # fmt: skip


def build_spec(kind: str, body: int) -> AvatarSpec:
    """A person of a set: build, age, skin, hair and clothes."""
    random = np.random.default_rng([SEEDS[kind], 900 + body])
    gender = float(body % 2)
    tint = "#" + "".join(f"{int(v):02x}" for v in random.uniform(60, 235, 3))
    return AvatarSpec.model_validate({
        "schema": "fenshen/avatar@1", "name": f"{kind} {body}", "seed": SEEDS[kind] * 10 + body,
        "identity": {"age": float(random.uniform(20, 70)), "gender": gender, "tone": float((body + random.random()) / BODIES[kind])},
        "body": {"height": float(random.uniform(0.3, 0.75)),
                 "weight": float(random.uniform(0.3, 0.75)), "muscle": float(random.uniform(0.3, 0.7))},
        "groom": {"outfit_colour": tint}, "texture": {"size": 512},
    })  # fmt: skip


def build_person(avatar: AvatarSpec) -> tuple[Body, TextureSet, Groom]:
    """Body, skin and clothes, made by the stages."""
    from stages.body.stage import BACKENDS as BODY_BACKENDS
    from stages.body.stage import run as run_body
    from stages.groom.stage import run as run_groom
    from stages.identity.backend import BACKENDS as IDENTITY_BACKENDS
    from stages.identity.stage import run as run_identity
    from stages.texture.stage import run as run_texture

    identity = run_identity(options=avatar.identity, backend=IDENTITY_BACKENDS.get(avatar.identity.backend), seed=avatar.seed)
    body = run_body(identity, options=avatar.body, backend=BODY_BACKENDS.get(avatar.body.backend), seed=avatar.seed)
    texture = run_texture(identity, body, options=avatar.texture, seed=avatar.seed)
    return body, texture, run_groom(body, options=avatar.groom, seed=avatar.seed)


def make_truth(film: Film, body: Body) -> Clip:
    """The movement on the body's own skeleton, in the film's axes: +Z to where the camera is, seen from above."""
    clip = make_motion(film.motion, film.camera.fps, np.random.default_rng(film.take))
    clip = run_retarget(Motion(build_canonical_skeleton(), (clip,)), body, options=RetargetSpec(), seed=0).clips[0]
    turn = from_axis_angle((0, 1, 0), -film.camera.yaw)
    rotations = clip.rotations.copy()
    rotations[:, 0] = multiply(turn, rotations[:, 0])
    head = body.skeleton.heads[0]
    return replace(clip, rotations=rotations, root=(rotate(turn, clip.root + head) - head).astype(np.float32))


def aim_camera(camera: FilmCamera, joints: Floats) -> tuple[Floats, Floats]:
    """Eye and aim (3,) from which all joints (n,3) are in the picture."""
    low, high = joints.min(0), joints.max(0)
    aim = (low + high) / 2
    spread = np.concatenate([joints + offset for offset in _SKULL * np.array([(1, 0.6, 0), (-1, 0.6, 0), (0, -0.5, 0)])])
    half = np.array(camera.size) / 2 / camera.focal
    near, far = 0.5, 40.0
    for _ in range(30):
        distance = (near + far) / 2
        eye = np.array([aim[0], camera.height, aim[2] + distance])
        back = (eye - aim) / np.linalg.norm(eye - aim)
        right = np.cross((0, 1, 0), back)
        right /= np.linalg.norm(right)
        seen = (spread - eye) @ np.stack([right, np.cross(back, right), back], 1)
        fits = bool((seen[:, 2] < -0.3).all()) and bool((np.abs(seen[:, :2]) <= -seen[:, 2:] * half).all())
        near, far = (near, distance) if fits else (distance, far)
    return np.array([aim[0], camera.height, aim[2] + far * camera.slack]), aim


class Studio:
    """Renders one person's films; keeps the OpenGL context open between frames.

    A plain shader of its own and a room painted once: a tenth of the time of stages.render, whose soft light no landmark model needs.
    """

    def __init__(self, body: Body, texture: TextureSet, groom: Groom) -> None:
        from stages.render import gl, shader

        character = assemble_character(body, texture, groom)
        self.pieces: Sequence[Piece] = character.pieces
        self.materials = {material.name: material for material in character.materials}
        self._merge()
        self.skeleton: Skeleton = body.skeleton
        # Mesa's software driver in this thread: its workers only wait for each other on a busy machine.
        os.environ.setdefault("LP_NUM_THREADS", "0")
        self.context = gl.open_context()
        self.context.__enter__()
        self.renderer = gl.Renderer(character.images, shadow_side=16)
        self.program = self.renderer._compile_program(shader.MESH_VERTEX, _FILM_FRAGMENT)

    def _merge(self) -> None:
        """All pieces as one vertex buffer."""
        from scipy.sparse import csr_matrix

        meshes = [piece.mesh for piece in self.pieces]
        counts = [len(mesh.positions) for mesh in meshes]
        self.firsts = np.cumsum([0, *counts[:-1]])
        self.starts = np.cumsum([0, *(len(mesh.triangles) for mesh in meshes[:-1])])
        self.positions = np.concatenate([mesh.positions for mesh in meshes]).astype(np.float32)
        self.normals = np.concatenate([piece.normals for piece in self.pieces]).astype(np.float32)
        self.uv = np.concatenate([mesh.uv for mesh in meshes])
        self.triangles = np.concatenate([mesh.triangles + first for mesh, first in zip(meshes, self.firsts, strict=True)])
        joints = np.concatenate([mesh.skin.joints for mesh in meshes]).astype(np.int64)
        weights = np.concatenate([mesh.skin.weights for mesh in meshes]).astype(np.float32)
        rows = np.repeat(np.arange(len(joints)), joints.shape[1])
        self.weights = csr_matrix((weights.ravel(), (rows, joints.ravel())), shape=(len(joints), len(JOINTS)))

    def close(self) -> None:
        """Frees the OpenGL context."""
        self.context.__exit__(None, None, None)

    def render(self, film: Film, clip: Clip) -> Iterator[Pixels]:
        """(h,w,3) RGB of every frame."""
        import cv2

        joints = forward_kinematics(self.skeleton.parents, self.skeleton.heads, clip.rotations, clip.root)[0]
        random = np.random.default_rng(film.room)
        shown = [i for i, name in enumerate(self.skeleton.names) if not film.is_portrait or name in _PORTRAIT]
        eye, aim = aim_camera(film.camera, joints[:, shown].reshape(-1, 3))
        room = Room(random, joints.reshape(-1, 3))
        stool = build_stool(random, joints) if film.motion == "sit" else None
        lamps = draw_lamps(random)
        feet = [self.skeleton.names.index(f"{side}{part}") for side in ("Left", "Right") for part in ("Foot", "ToeBase")]
        grain = random.normal(0, _NOISE, (8, film.camera.size[1], film.camera.size[0], 1)).round().astype(np.int16).repeat(3, 3)
        for frame, time in enumerate(clip.times):
            view = _look(film.camera, eye, aim, float(time))
            if frame == 0 or film.camera.pan:
                background, ground = room.paint(film.camera, eye, view)
            picture = cv2.multiply(background, shade_floor(ground, joints[frame, feet], film.camera.size), dtype=cv2.CV_8U)
            colour = self._draw(self._pose(clip, frame), film.camera, eye, view, lamps, stool)
            cv2.copyTo(colour[..., :3], colour[..., 3], picture)
            yield cv2.add(cv2.GaussianBlur(picture, (3, 3), 0.6), grain[frame % len(grain)], dtype=cv2.CV_8U)

    def _pose(self, clip: Clip, frame: int) -> tuple[Floats, Floats]:
        """(v,3) points and (v,3) normals of all pieces."""
        from stages.render.posing import Pose, PosedJoints

        joints = PosedJoints.from_pose(self.skeleton, Pose(clip.rotations[frame], clip.root[frame], np.zeros(0, np.float32)))
        # One sparse product blends the joints' matrices for all vertices: a fifth of the time of skinning mesh by mesh.
        affine = np.concatenate([joints.rotations, joints.offsets[:, :, None]], 2).reshape(-1, 12)
        blended = np.asarray(self.weights @ affine.astype(np.float32)).reshape(-1, 3, 4)
        points = self.positions.copy()
        face = clip.face[frame] if clip.face.shape[1] else np.zeros(len(MORPHS_67), np.float32)
        for first, piece in zip(self.firsts, self.pieces, strict=True):
            for morph in piece.mesh.morphs:
                if (weight := float(face[MORPHS_67.index(morph.name)])) > 1e-3:
                    points[first + morph.indices] += np.float32(weight) * morph.deltas
        turned = blended[:, :, :3]
        return np.einsum("vab,vb->va", turned, points) + blended[:, :, 3], np.einsum("vab,vb->va", turned, self.normals)

    def _draw(self, posed: tuple[Floats, Floats], camera: FilmCamera, eye: Floats, view: Floats, lamps: tuple[Floats, Floats],
              stool: RenderMesh | None) -> Pixels:  # fmt: skip
        """(h,w,4) RGBA, alpha 0 where there is nothing."""
        import ctypes

        from stages.render.gl import RenderMesh
        from stages.render.light import look_at, perspective

        renderer, gl, (width, height) = self.renderer, self.renderer.gl, camera.size
        person = RenderMesh(*posed, self.uv, self.triangles, np.ones(len(self.uv), np.float32), Material("person"))
        with renderer._open_canvas(width, height), renderer.upload_meshes([person, *([stool] if stool else [])]) as uploaded:
            gl.glClearColor(0, 0, 0, 0)
            gl.glClear(gl.GL_DEPTH_BUFFER_BIT | gl.GL_COLOR_BUFFER_BIT)
            gl.glEnable(gl.GL_DEPTH_TEST)
            gl.glUseProgram(self.program)
            projection = perspective(2 * np.arctan(height / 2 / camera.focal), width / height, 0.2, 60.0)
            matrix = projection @ look_at(eye.astype(np.float32), (eye + view).astype(np.float32))
            renderer._set_uniforms(self.program, view_projection=matrix, light_direction=lamps[0], light_colour=lamps[1], albedo_map=0)
            gl.glActiveTexture(gl.GL_TEXTURE0)
            gl.glBindVertexArray(uploaded[0].vao)
            for piece, start in zip(self.pieces, self.starts, strict=True):
                self._bind(self.materials[piece.mesh.material])
                gl.glDrawElements(gl.GL_TRIANGLES, 3 * len(piece.mesh.triangles), gl.GL_UNSIGNED_INT, ctypes.c_void_p(12 * int(start)))
            for mesh in uploaded[1:]:
                self._bind(mesh.source.material)
                renderer._draw_triangles(mesh)
            raw = gl.glReadPixels(0, 0, width, height, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
        return np.ascontiguousarray(np.frombuffer(raw, np.uint8).reshape(height, width, 4)[::-1])

    def _bind(self, material: Material) -> None:
        gl, renderer = self.renderer.gl, self.renderer
        gl.glBindTexture(gl.GL_TEXTURE_2D, renderer._load_texture(material.albedo, (255, 255, 255, 255)))
        gl.glTexParameterf(gl.GL_TEXTURE_2D, 0x84FE, 1.0)  # anisotropic filtering costs software drivers more than all else
        (gl.glDisable if material.double_sided else gl.glEnable)(gl.GL_CULL_FACE)
        cutoff = 0.0 if material.alpha == "OPAQUE" else 0.35
        renderer._set_uniforms(self.program, colour=tuple(map(float, material.colour)), cutoff=cutoff)


_FILM_FRAGMENT = """#version 410 core
in vec3 world; in vec3 facing; in vec2 tex; in float sky;
out vec4 result;
uniform sampler2D albedo_map;
uniform vec4 colour; uniform float cutoff;
uniform vec3 light_direction[3]; uniform vec3 light_colour[3];
void main() {
    vec4 base = texture(albedo_map, tex) * colour;
    if (base.a < cutoff) discard;
    vec3 n = normalize(gl_FrontFacing ? facing : -facing);
    vec3 light = vec3(0.22 + 0.10 * n.y);
    for (int i = 0; i < 3; i++) light += light_colour[i] * max(dot(n, light_direction[i]), 0.0);
    vec3 c = clamp(base.rgb * light, 0.0, 1.0);
    result = vec4(mix(c * 12.92, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c)), 1.0);
}
"""


def _look(camera: FilmCamera, eye: Floats, aim: Floats, time: float) -> Floats:
    """(3,) unit vector of the view."""
    sway = camera.pan * np.array([np.sin(1.9 * time), 0.3 * np.sin(2.7 * time), 0])
    view = aim - eye + np.linalg.norm(aim - eye) * sway
    return np.asarray(view / np.linalg.norm(view), np.float64)


def save_truth(path: Path, clip: Clip, skeleton: Skeleton, film: Film) -> None:
    """The clip, the body's joints and the camera."""
    np.savez_compressed(path, times=clip.times, rotations=clip.rotations, root=clip.root, face=clip.face, heads=skeleton.heads,
                        focal=film.camera.focal, yaw=film.camera.yaw, height=film.camera.height)  # fmt: skip


def load_truth(path: Path) -> tuple[Clip, Skeleton]:
    """The true clip and the skeleton that it moves."""
    canonical = build_canonical_skeleton()
    with np.load(path) as data:
        clip = Clip("truth", data["times"], data["rotations"], data["root"], data["face"])
        return clip, Skeleton(canonical.names, canonical.parents, data["heads"])


def render_set(kind: str, folder: Path) -> None:
    """Renders the films of a set that are missing in the folder, camera by camera, so that a part of the set is as varied as the whole."""
    folder.mkdir(parents=True, exist_ok=True)
    people: dict[int, tuple[Body, TextureSet, Groom]] = {}
    missing = [film for film in list_films(kind) if not (folder / f"{film.name}.mp4").exists()]
    for _, films in groupby(sorted(missing, key=lambda film: (film.turn, film.body)), key=lambda film: (film.turn, film.body)):
        chosen = list(films)
        body = chosen[0].body
        person = people.setdefault(body, people.get(body) or build_person(build_spec(kind, body)))
        studio = Studio(*person)
        for film in chosen:
            truth = make_truth(film, person[0])
            save_truth(folder / f"{film.name}.npz", truth, person[0].skeleton, film)
            frames, camera = studio.render(film, truth), film.camera
            encode_film(frames, folder / f"{film.name}.mp4", camera.size, camera.fps, crf=24, preset="ultrafast")
            sys.stderr.write(json.dumps({"film": film.name, "frames": len(truth.times)}) + "\n")
        studio.close()


def main() -> None:
    render_set(sys.argv[1], Path(sys.argv[2]))


if __name__ == "__main__":
    main()
