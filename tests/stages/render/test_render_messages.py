"""Every message of the renderer, as a whole sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from assets.artefacts.geometry import Image, Material, Mesh, Skeleton, Skin
from assets.conventions import JOINTS, PARENTS
from assets.errors import BackendError, FenshenError
from stages.render import gl
from stages.render.contact_sheet import build_contact_sheet
from stages.render.posing import build_pose
from stages.render.preview import Shot, encode_turntable, render_stills

NO_EGL = "error[render/no-egl] there is no EGL device to draw the previews with; install Debian's libegl1, libgles2 and libgl1-mesa-dri"


def render(meshes: list[Mesh], materials: dict[str, Material]) -> None:
    skeleton = Skeleton(JOINTS, np.array(PARENTS, np.int32), np.zeros((len(JOINTS), 3), np.float32))
    render_stills(meshes, materials, {}, skeleton, [Shot("one", build_pose(skeleton, {}), size=(8, 8))])


def triangle(name: str) -> Mesh:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    skin = Skin(np.zeros((3, 4), np.uint16), np.tile(np.array([1, 0, 0, 0], np.float32), (3, 1)))
    return Mesh(name, points, points[:, :2], np.array([[0, 1, 2]], np.int32), skin, (), name)


def encode_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    encode_turntable([Image(noise), Image(noise[::-1].copy())], limit=100)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: render([], {}), "error[render/empty] there are no meshes to draw"),
        (lambda: render([triangle("hand")], {}), "error[render/material] the mesh 'hand' has no material 'hand'"),
        (
            lambda: render([triangle("face")], {"face": Material("face", albedo="lost")}),
            "error[render/picture] a material refers to the picture 'lost', which does not exist",
        ),
        (lambda: build_contact_sheet({}), "error[sheet/empty] the contact sheet has no pictures"),
    ],
)
def test_what_is_missing_is_named(make: Callable[[], None], expected: str) -> None:
    with pytest.raises(FenshenError) as caught:
        make()
    assert str(caught.value) == expected


def test_a_turntable_above_the_limit_gives_its_size() -> None:
    with pytest.raises(BackendError) as caught:
        encode_noise()
    [finding] = caught.value.findings
    assert str(finding) == (
        f"error[render/turntable] a turntable of 2 pictures of 16 x 16 pixels takes {finding.value} bytes at the lowest quality, "
        "more than 100; set package.turntable to false"
    )
    assert finding.limit == 100


class BrokenDriver(SimpleNamespace):
    """An OpenGL module whose compiler or linker fails."""

    def __init__(self, compiles: bool) -> None:
        super().__init__(GL_VERTEX_SHADER=0, GL_FRAGMENT_SHADER=1, GL_COMPILE_STATUS=2, GL_LINK_STATUS=3)
        for name in ("glCreateProgram", "glCreateShader", "glShaderSource", "glCompileShader", "glAttachShader", "glLinkProgram"):
            setattr(self, name, lambda *_: 0)
        self.glGetShaderiv, self.glGetProgramiv = (lambda *_: int(compiles)), lambda *_: 0
        self.glGetShaderInfoLog = self.glGetProgramInfoLog = lambda _: b"0:1: syntax error"


@pytest.mark.parametrize(("compiles", "verb"), [(False, "compile"), (True, "link")])
def test_a_shader_that_the_driver_rejects_comes_with_its_log(compiles: bool, verb: str) -> None:
    renderer = gl.Renderer.__new__(gl.Renderer)
    renderer.gl = BrokenDriver(compiles)
    with pytest.raises(BackendError) as caught:
        renderer._compile_program("void", "void")
    assert str(caught.value) == f"error[render/shader] the OpenGL driver cannot {verb} a shader: b'0:1: syntax error'"


def test_a_machine_without_egl_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyrender.platforms.egl as egl

    def fail(*_: object) -> None:
        raise ImportError("libEGL.so.1")

    monkeypatch.setattr(egl.EGLPlatform, "init_context", fail)
    with pytest.raises(BackendError) as caught, gl.open_context():
        pytest.fail("there is no context")
    assert str(caught.value) == NO_EGL


@pytest.mark.parametrize(("name", "raised"), [(None, BackendError), ("trimesh", ImportError)])
def test_only_a_missing_egl_library_is_reported_as_missing_egl(
    name: str | None, raised: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyOpenGL reports a missing EGL by an ImportError without a module's name; a broken trimesh or PIL was reported as missing EGL."""

    def fail(_: str) -> object:
        raise ImportError("cannot open", name=name)

    platform = ModuleType("pyrender.platforms.egl")
    platform.__getattr__ = fail  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "pyrender.platforms.egl", platform)
    with pytest.raises(raised), gl.open_context():
        pass
