"""An off-screen OpenGL context and the renderer that draws with it. Its users hold `stages.render.preview.GL_LOCK`."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from assets.artefacts.character import SKIN_MATERIALS
from assets.artefacts.geometry import Floats, Image, Ints, Material, Pixels
from assets.errors import BackendError, Finding
from stages.render import shader
from stages.render.light import MAX_SOFTBOXES, Camera, Lamp, Scenery, compute_irradiance

SHADOW_SIDE = 2048
"""Pixels a side of the shadow map."""
_WET = 0.3
"""Roughness of the smoothest material that may be lit at its vertices; an eye has 0.12."""
_FLOOR_PENUMBRA = 3.0
"""Width of the edges of shadows on the floor, in those on the character."""
NO_EGL = Finding(
    "render/no-egl",
    "there is no EGL device to draw the previews with",
    fix="install Debian's libegl1, libgles2 and libgl1-mesa-dri",
)


@contextmanager
def open_context() -> Iterator[None]:
    """An OpenGL 4.1 core context, current in this thread until the end; raises BackendError if EGL is missing."""
    os.environ["PYOPENGL_PLATFORM"] = "egl"  # PyOpenGL reads it once, at its first import
    if not hasattr(np, "infty"):
        setattr(np, "infty", np.inf)  # noqa: B010  # pyrender 0.1.45 was written for numpy 1
    try:
        from pyrender.platforms.egl import EGLPlatform

        platform = EGLPlatform(1, 1)
        platform.init_context()
    except Exception as error:  # ctypes, PyOpenGL and the driver raise different kinds
        if isinstance(error, ImportError) and error.name:
            # pyrender, or a module that it needs, cannot be imported. A missing libEGL is an ImportError without a module's name.
            raise
        raise BackendError(NO_EGL) from error
    try:
        yield
    finally:
        from OpenGL import EGL, contextdata

        contextdata.cleanupContext()
        EGL.eglMakeCurrent(platform._egl_display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, EGL.EGL_NO_CONTEXT)
        platform.delete_context()


@dataclass(frozen=True)
class RenderMesh:
    """A posed mesh to be drawn."""

    points: Floats
    """(v,3) metres."""
    normals: Floats
    """(v,3)"""
    uv: Floats
    """(v,2)"""
    triangles: Ints
    """(t,3)"""
    sky: Floats
    """(v,) ambient occlusion: 0 enclosed .. 1 under the open sky."""
    material: Material
    shade: Floats | None = None
    """(v,) factor on the linear colour; None for 1."""


@dataclass(frozen=True)
class UploadedMesh:
    """A mesh in video memory."""

    source: RenderMesh
    vao: int
    buffers: tuple[int, int]
    count: int


class Renderer:
    """Programs and textures of one context; draws meshes to pixels."""

    def __init__(self, images: Mapping[str, Image], *, shadow_side: int = SHADOW_SIDE, swift: bool = False) -> None:
        """`swift` is for films: half the time of a picture, softer shadows with more noise, and textures blurred at grazing angles."""
        from OpenGL import GL

        self.gl: Any = GL
        self.images = images
        self.shadow_side = shadow_side
        self.textures: dict[str, int] = {}
        self.swift = swift
        self.scenery: tuple[Scenery, dict[str, Any]] | None = None
        self.locations: dict[tuple[int, str], int] = {}
        self.mesh_program = self._compile_mesh_program(*((shader.SWIFT, shader.SIDE) if swift else ()))
        self.opaque_program = self._compile_mesh_program(shader.SWIFT, shader.SIDE, shader.SOLID) if swift else self.mesh_program
        self.wet_program = self._compile_mesh_program(shader.SWIFT, shader.SOLID) if swift else self.mesh_program
        self.depth_program = self._compile_program(shader.DEPTH_VERTEX, shader.DEPTH_FRAGMENT)
        self.solid_program = self._compile_program(shader.SOLID_VERTEX, shader.SOLID_FRAGMENT)
        self.backdrop_program = self._compile_program(shader.SCREEN_VERTEX, shader.BACKDROP_FRAGMENT)
        self.floor_program = self._compile_program(shader.MESH_VERTEX, shader.FLOOR_FRAGMENT)
        self.empty_vao = int(GL.glGenVertexArrays(1))
        self.shadow_map, self.shadow_frame = self._create_shadow_target()

    def _compile_program(self, vertex: str, fragment: str) -> int:
        gl, program = self.gl, self.gl.glCreateProgram()
        for kind, text in ((gl.GL_VERTEX_SHADER, vertex), (gl.GL_FRAGMENT_SHADER, fragment)):
            unit = gl.glCreateShader(kind)
            gl.glShaderSource(unit, text)
            gl.glCompileShader(unit)
            if not gl.glGetShaderiv(unit, gl.GL_COMPILE_STATUS):
                raise BackendError(Finding("render/shader", f"the OpenGL driver cannot compile a shader: {gl.glGetShaderInfoLog(unit)!r}"))
            gl.glAttachShader(program, unit)
        gl.glLinkProgram(program)
        if not gl.glGetProgramiv(program, gl.GL_LINK_STATUS):
            raise BackendError(Finding("render/shader", f"the OpenGL driver cannot link a shader: {gl.glGetProgramInfoLog(program)!r}"))
        return int(program)

    def _compile_mesh_program(self, *names: str) -> int:
        return self._compile_program(shader.define(shader.MESH_VERTEX, *names), shader.define(shader.MESH_FRAGMENT, *names))

    def _set_uniforms(self, program: int, **values: Any) -> None:
        """Sets uniforms by name: int, float, tuples of 2 to 4, arrays (n,) and (n,3), and matrices (4,4)."""
        gl = self.gl
        for name, value in values.items():
            if (program, name) not in self.locations:
                self.locations[program, name] = gl.glGetUniformLocation(program, name)
            location = self.locations[program, name]
            if isinstance(value, bool | int):
                gl.glUniform1i(location, int(value))
            elif isinstance(value, float):
                gl.glUniform1f(location, value)
            elif isinstance(value, tuple):
                getattr(gl, f"glUniform{len(value)}f")(location, *value)
            elif value.shape == (4, 4):
                # True transposes: numpy's rows are contiguous, OpenGL expects columns.
                gl.glUniformMatrix4fv(location, 1, True, np.ascontiguousarray(value, np.float32))
            elif value.ndim == 2:
                gl.glUniform3fv(location, len(value), np.ascontiguousarray(value, np.float32))
            else:
                gl.glUniform1fv(location, len(value), np.ascontiguousarray(value, np.float32))

    def replace_images(self, images: Mapping[str, Image]) -> None:
        """Replaces the pictures and frees the video memory of the old ones; a picture that stays is not uploaded again."""
        changed = {name for name, image in self.images.items() if images.get(name) is not image}
        unused = [texture for name, texture in self.textures.items() if name in changed]
        self.textures = {name: texture for name, texture in self.textures.items() if name not in changed}
        if unused:
            self.gl.glDeleteTextures(unused)
        self.images = images

    def _load_texture(self, name: str | None, plain: tuple[int, int, int, int]) -> int:
        """The texture of a picture, or of one plain texel if there is none."""
        gl, key = self.gl, name or repr(plain)
        if key in self.textures:
            return self.textures[key]
        if name is not None and name not in self.images:
            raise BackendError(Finding("render/picture", f"a material refers to the picture {name!r}, which does not exist"))
        image = self.images[name] if name else Image(np.array([[plain]], np.uint8), srgb=False)
        pixels = _to_rgba(image.pixels)
        self.textures[key] = int(gl.glGenTextures(1))
        gl.glBindTexture(gl.GL_TEXTURE_2D, self.textures[key])
        # Colours are decoded to linear before filtering; normals and ORM are linear already.
        inner = gl.GL_SRGB8_ALPHA8 if image.srgb else gl.GL_RGBA8
        height, width = pixels.shape[:2]
        gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, inner, width, height, 0, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE, pixels)
        gl.glGenerateMipmap(gl.GL_TEXTURE_2D)
        gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_MIN_FILTER, gl.GL_LINEAR_MIPMAP_LINEAR)
        if not self.swift:
            gl.glTexParameterf(gl.GL_TEXTURE_2D, 0x84FE, 4.0)  # GL_TEXTURE_MAX_ANISOTROPY
        return self.textures[key]

    def _create_shadow_target(self) -> tuple[int, int]:
        gl = self.gl
        texture, frame = int(gl.glGenTextures(1)), int(gl.glGenFramebuffers(1))
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture)
        kind, side = gl.GL_DEPTH_COMPONENT, self.shadow_side
        gl.glTexImage2D(gl.GL_TEXTURE_2D, 0, gl.GL_DEPTH_COMPONENT32F, side, side, 0, kind, gl.GL_FLOAT, None)
        for key in (gl.GL_TEXTURE_MIN_FILTER, gl.GL_TEXTURE_MAG_FILTER):
            # With a comparison mode this filters the results of four comparisons, not the depths.
            gl.glTexParameteri(gl.GL_TEXTURE_2D, key, gl.GL_LINEAR)
        for key in (gl.GL_TEXTURE_WRAP_S, gl.GL_TEXTURE_WRAP_T):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, key, gl.GL_CLAMP_TO_EDGE)
        gl.glTexParameteri(gl.GL_TEXTURE_2D, gl.GL_TEXTURE_COMPARE_MODE, gl.GL_COMPARE_REF_TO_TEXTURE)
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, frame)
        gl.glFramebufferTexture2D(gl.GL_FRAMEBUFFER, gl.GL_DEPTH_ATTACHMENT, gl.GL_TEXTURE_2D, texture, 0)
        gl.glDrawBuffer(gl.GL_NONE)
        gl.glReadBuffer(gl.GL_NONE)
        return texture, frame

    @contextmanager
    def upload_meshes(self, meshes: Sequence[RenderMesh]) -> Iterator[list[UploadedMesh]]:
        """The meshes in video memory, freed at the end."""
        uploaded = [self._upload_mesh(mesh) for mesh in meshes]
        try:
            yield uploaded
        finally:
            for mesh in uploaded:
                self.gl.glDeleteVertexArrays(1, [mesh.vao])
                self.gl.glDeleteBuffers(2, list(mesh.buffers))

    def _upload_mesh(self, source: RenderMesh) -> UploadedMesh:
        gl = self.gl
        shade = np.ones(len(source.points), np.float32) if source.shade is None else source.shade
        columns = (source.points, source.normals, source.uv, source.sky[:, None], shade[:, None])
        data = np.ascontiguousarray(np.concatenate(columns, 1), np.float32)
        index = np.ascontiguousarray(source.triangles, np.uint32).ravel()
        vao, buffers = int(gl.glGenVertexArrays(1)), tuple(int(b) for b in gl.glGenBuffers(2))
        gl.glBindVertexArray(vao)
        gl.glBindBuffer(gl.GL_ARRAY_BUFFER, buffers[0])
        gl.glBufferData(gl.GL_ARRAY_BUFFER, data.nbytes, data, gl.GL_STATIC_DRAW)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, buffers[1])
        gl.glBufferData(gl.GL_ELEMENT_ARRAY_BUFFER, index.nbytes, index, gl.GL_STATIC_DRAW)
        # Offsets in bytes of position, normal, uv, sky and shade in a vertex of ten floats (40 bytes).
        for slot, (width, start) in enumerate(((3, 0), (3, 12), (2, 24), (1, 32), (1, 36))):
            gl.glEnableVertexAttribArray(slot)
            gl.glVertexAttribPointer(slot, width, gl.GL_FLOAT, False, 40, ctypes.c_void_p(start))
        return UploadedMesh(source, vao, (buffers[0], buffers[1]), index.size)

    def draw_depth(self, uploaded: Sequence[UploadedMesh], clip: Floats, side: int = 0) -> None:
        """Draws depth as seen through `clip` into the lower left side x side pixels of the shadow map; 0 means all of it."""
        gl, side = self.gl, side or self.shadow_side
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.shadow_frame)
        gl.glViewport(0, 0, side, side)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glDisable(gl.GL_CULL_FACE)
        gl.glDepthMask(True)
        gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
        gl.glUseProgram(self.solid_program)
        self._set_uniforms(self.solid_program, view_projection=clip)
        for mesh in uploaded:
            if mesh.source.material.alpha == "OPAQUE":
                self._draw_triangles(mesh)
        self._draw_masked_depth([mesh for mesh in uploaded if mesh.source.material.alpha != "OPAQUE"], clip)

    def _draw_masked_depth(self, uploaded: Sequence[UploadedMesh], clip: Floats) -> None:
        """Draws what is transparent in places. It reads a texel for each fragment, which makes software drivers several times slower."""
        gl = self.gl
        gl.glUseProgram(self.depth_program)
        self._set_uniforms(self.depth_program, view_projection=clip, albedo_map=0)
        gl.glActiveTexture(gl.GL_TEXTURE0)
        for mesh in uploaded:
            material = mesh.source.material
            cutoff = material.alpha_cutoff if material.alpha == "MASK" else 0.6
            gl.glBindTexture(gl.GL_TEXTURE_2D, self._load_texture(material.albedo, (255, 255, 255, 255)))
            self._set_uniforms(self.depth_program, colour=tuple(material.colour), cutoff=cutoff)
            self._draw_triangles(mesh)

    def read_depth(self, side: int) -> Floats:
        """(side,side) depth 0..1 of the last `draw_depth`; the first row is at the bottom."""
        gl = self.gl
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, self.shadow_frame)
        # Rows stay in OpenGL's order, from the bottom, as clip coordinates have them.
        raw = gl.glReadPixels(0, 0, side, side, gl.GL_DEPTH_COMPONENT, gl.GL_FLOAT)
        return np.frombuffer(raw, np.float32).reshape(side, side)

    def _draw_triangles(self, mesh: UploadedMesh) -> None:
        self.gl.glBindVertexArray(mesh.vao)
        self.gl.glDrawElements(self.gl.GL_TRIANGLES, mesh.count, self.gl.GL_UNSIGNED_INT, None)

    def render_picture(
        self,
        uploaded: Sequence[UploadedMesh],
        floor: UploadedMesh | None,
        camera: Camera,
        lamps: Sequence[Lamp],
        shadow: Floats,
        spread: float,
        size: tuple[int, int],
        oversampling: float,
        scenery: Scenery = Scenery(),
    ) -> Image:
        """The scene as a picture of `size` (w,h); the shadow map must hold what the key lamp sees through `shadow`.

        Args:
            spread: radius of the soft shadow's edge as a share of the shadow map.
            oversampling: rendered pixels a side for each pixel of the picture.
        """
        gl = self.gl
        width, height = round(size[0] * oversampling), round(size[1] * oversampling)
        with self._open_canvas(width, height) as read:
            gl.glClear(gl.GL_DEPTH_BUFFER_BIT)
            gl.glDisable(gl.GL_DEPTH_TEST)
            gl.glUseProgram(self.backdrop_program)
            self._set_uniforms(
                self.backdrop_program,
                inner=scenery.inner,
                outer=scenery.outer,
                centre=scenery.centre,
                aspect=size[0] / size[1],
                filmic=scenery.is_filmic,
            )
            gl.glBindVertexArray(self.empty_vao)
            gl.glDrawArrays(gl.GL_TRIANGLES, 0, 3)
            gl.glEnable(gl.GL_DEPTH_TEST)
            clip = camera.projection @ camera.view
            common = {
                "view_projection": clip,
                "camera": tuple(map(float, camera.eye)),
                "shadow_matrix": shadow,
                "shadow_spread": spread,
                "shadow_map": 3,
            }
            gl.glActiveTexture(gl.GL_TEXTURE3)
            gl.glBindTexture(gl.GL_TEXTURE_2D, self.shadow_map)
            if floor:
                self._draw_floor(floor, common)
            self._draw_meshes(uploaded, common | self._get_scenery_uniforms(scenery), lamps, camera)
            pixels = read()
        import cv2

        return Image(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8))

    def _get_scenery_uniforms(self, scenery: Scenery) -> dict[str, Any]:
        """Those of the last scenery are kept: a film has one, and integrating its light takes as long as posing a character."""
        if self.scenery is None or self.scenery[0] is not scenery:
            self.scenery = scenery, _list_scenery_uniforms(scenery)
        return self.scenery[1]

    def _draw_floor(self, floor: UploadedMesh, common: dict[str, Any]) -> None:
        gl = self.gl
        gl.glUseProgram(self.floor_program)
        # What casts a shadow on the floor is far above it, which widens the penumbra of a softbox.
        self._set_uniforms(self.floor_program, **common | {"shadow_spread": _FLOOR_PENUMBRA * common["shadow_spread"]})
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFunc(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA)
        gl.glDepthMask(False)
        self._draw_triangles(floor)
        gl.glDepthMask(True)
        gl.glDisable(gl.GL_BLEND)

    def _draw_meshes(self, uploaded: Sequence[UploadedMesh], common: dict[str, Any], lamps: Sequence[Lamp], camera: Camera) -> None:
        gl = self.gl
        scene = common | {
            "albedo_map": 0,
            "normal_map": 1,
            "orm_map": 2,
            "light_direction": np.stack([lamp.direction for lamp in lamps]),
            "light_colour": np.array([lamp.colour for lamp in lamps]),
            "light_size": np.array([lamp.size for lamp in lamps]),
        }
        opaque = [mesh for mesh in uploaded if mesh.source.material.alpha == "OPAQUE"]
        blended = [mesh for mesh in uploaded if mesh.source.material.alpha == "BLEND"]
        if self.swift:
            self._draw_nearest(opaque, common["view_projection"])
        for program, wet in ((self.opaque_program, False), (self.wet_program, True)):
            self._use_mesh_program(program, scene)
            for mesh in opaque:
                if (mesh.source.material.roughness < _WET) == wet:
                    self._draw_mesh(mesh, 0, program)
        gl.glDepthFunc(gl.GL_LESS)
        self._use_mesh_program(self.mesh_program, scene)
        for mesh in uploaded:
            if mesh.source.material.alpha == "MASK":
                self._draw_mesh(mesh, 1, self.mesh_program)
        for mesh in blended:
            self._draw_mesh(mesh, 2, self.mesh_program)
        # Thin hair is drawn last and back to front, so that clear parts of a near sheet do not hide the one behind it.
        gl.glEnable(gl.GL_BLEND)
        gl.glBlendFuncSeparate(gl.GL_SRC_ALPHA, gl.GL_ONE_MINUS_SRC_ALPHA, gl.GL_ONE, gl.GL_ONE)
        gl.glDepthMask(False)
        for mesh in sorted(blended, key=lambda b: -float(np.linalg.norm(b.source.points.mean(0) - camera.eye))):
            self._sort_triangles(mesh, camera.eye)
            self._draw_mesh(mesh, 3, self.mesh_program)
        gl.glDepthMask(True)
        gl.glDisable(gl.GL_BLEND)

    def _use_mesh_program(self, program: int, scene: dict[str, Any]) -> None:
        self.gl.glUseProgram(program)
        self._set_uniforms(program, **scene)

    def _draw_nearest(self, opaque: Sequence[UploadedMesh], clip: Floats) -> None:
        """Draws depth alone: what is hidden is then not shaded, which costs software drivers most of a picture's time."""
        gl = self.gl
        gl.glUseProgram(self.solid_program)
        self._set_uniforms(self.solid_program, view_projection=clip)
        gl.glColorMask(False, False, False, False)
        for mesh in opaque:
            (gl.glDisable if mesh.source.material.double_sided else gl.glEnable)(gl.GL_CULL_FACE)
            self._draw_triangles(mesh)
        gl.glColorMask(True, True, True, True)
        gl.glDepthFunc(gl.GL_LEQUAL)  # until the opaque meshes are shaded

    def _sort_triangles(self, mesh: UploadedMesh, eye: Floats) -> None:
        gl, source = self.gl, mesh.source
        distance = np.linalg.norm(source.points[source.triangles].mean(1) - eye, axis=1)
        index = np.ascontiguousarray(source.triangles[np.argsort(-distance, kind="stable")], np.uint32)
        gl.glBindVertexArray(mesh.vao)
        gl.glBindBuffer(gl.GL_ELEMENT_ARRAY_BUFFER, mesh.buffers[1])
        gl.glBufferSubData(gl.GL_ELEMENT_ARRAY_BUFFER, 0, index.nbytes, index)

    def _draw_mesh(self, mesh: UploadedMesh, alpha_pass: int, program: int) -> None:
        gl, material = self.gl, mesh.source.material
        # Plain texels that change nothing: white, the flat normal, unoccluded and rough without metal.
        names = ((material.albedo, (255, 255, 255, 255)), (material.normal, (128, 128, 255, 255)), (material.orm, (255, 255, 0, 255)))
        for unit, (name, plain) in enumerate(names):
            gl.glActiveTexture(gl.GL_TEXTURE0 + unit)
            gl.glBindTexture(gl.GL_TEXTURE_2D, self._load_texture(name, plain))
        (gl.glDisable if material.double_sided else gl.glEnable)(gl.GL_CULL_FACE)
        self._set_uniforms(
            program,
            colour=tuple(map(float, material.colour)),
            roughness=float(material.roughness),
            specular=float(material.specular),
            cutoff=float(material.alpha_cutoff),
            skin=1.0 if material.name in SKIN_MATERIALS else 0.0,
            bumpy=material.normal is not None,
            two_sided=material.double_sided,
            alpha_pass=alpha_pass,
        )
        self._draw_triangles(mesh)

    @contextmanager
    def _open_canvas(self, width: int, height: int) -> Iterator[Any]:
        """A render target, current until the end; yields a function that reads (h,w,3) uint8.

        Without multisampling: on top of oversampling it makes no visible difference.
        """
        gl = self.gl
        frame, buffers = int(gl.glGenFramebuffers(1)), [int(b) for b in gl.glGenRenderbuffers(2)]
        gl.glBindFramebuffer(gl.GL_FRAMEBUFFER, frame)
        # RGBA8, not sRGB: the shaders encode sRGB themselves.
        kinds = ((gl.GL_COLOR_ATTACHMENT0, gl.GL_RGBA8), (gl.GL_DEPTH_ATTACHMENT, gl.GL_DEPTH_COMPONENT32F))
        for buffer, (attachment, kind) in zip(buffers, kinds, strict=True):
            gl.glBindRenderbuffer(gl.GL_RENDERBUFFER, buffer)
            gl.glRenderbufferStorage(gl.GL_RENDERBUFFER, kind, width, height)
            gl.glFramebufferRenderbuffer(gl.GL_FRAMEBUFFER, attachment, gl.GL_RENDERBUFFER, buffer)

        def read() -> Pixels:
            raw = gl.glReadPixels(0, 0, width, height, gl.GL_RGBA, gl.GL_UNSIGNED_BYTE)
            # Rows are reversed: OpenGL's first one is at the bottom, a picture's at the top.
            return np.ascontiguousarray(np.frombuffer(raw, np.uint8).reshape(height, width, 4)[::-1, :, :3])

        gl.glViewport(0, 0, width, height)
        try:
            yield read
        finally:
            gl.glDeleteFramebuffers(1, [frame])
            gl.glDeleteRenderbuffers(2, buffers)


def _list_scenery_uniforms(scenery: Scenery) -> dict[str, Any]:
    """Uniforms of the mesh program for this scenery."""
    boxes = scenery.softboxes
    assert len(boxes) <= MAX_SOFTBOXES
    found = {
        "sky_colour": scenery.sky, "ground_colour": scenery.ground, "irradiance": compute_irradiance(scenery), "filmic": scenery.is_filmic,
        "box_count": len(boxes),
    }  # fmt: skip
    if boxes:
        found["box_direction"] = np.stack([box.direction for box in boxes])
        found["box_colour"] = np.array([box.colour for box in boxes])
        found["box_sharpness"] = np.array([box.sharpness for box in boxes])
    return found


def _to_rgba(pixels: Pixels) -> Pixels:
    """(h,w,4) contiguous pixels from 1, 3 or 4 channels."""
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, 2)
    if pixels.shape[2] == 3:
        pixels = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 255, np.uint8)], 2)
    return np.ascontiguousarray(pixels)
