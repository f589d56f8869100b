"""A portrait of the person of a spec: one studio, in which what a stage made is used again until its input changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar, cast

from assets.artefacts.geometry import Image
from assets.rest_faces import REST_FACES
from assets.spec.avatar import AvatarSpec
from stages.portrait.subject import build_subject, groom_portrait, make_body, make_identity, make_texture
from stages.render.light import build_studio, build_studio_lamps
from stages.render.portrait import PortraitStudio, PortraitSubject, PortraitView, open_portrait_studio
from stages.render.posing import build_standing_pose, turn_to_camera

T = TypeVar("T")
TURN = 0.38
"""Radians by which the shoulders are turned away, as in a bundle's portrait; the eyes meet the camera."""
_ZOOM, _SHIFT = 1.08, (0.0, -0.045)
"""A square picture has less room under the chin than a bundle's upright one."""


class PortraitMaker:
    """Makes portraits; `open_portrait_maker` creates it and holds the OpenGL context."""

    def __init__(self, studio: PortraitStudio) -> None:
        self._studio = studio
        self._made: dict[str, tuple[str, object]] = {}
        """Stage -> the key of its last result, and the result."""

    def make(self, spec: AvatarSpec, size: int) -> Image:
        """(size,size,3) the person of the spec and its seed; raises as stages.portrait.subject does."""
        key, subject = self._build(spec, size)
        rest = build_standing_pose(subject.skeleton, REST_FACES[spec.performance.expression])
        self._get_or_make("studio", key, lambda: self._studio.set_subject(subject, build_standing_pose(subject.skeleton)))
        pose = turn_to_camera(subject.skeleton, rest, TURN)
        view = PortraitView(pose, build_studio_lamps(TURN), build_studio(TURN), TURN, zoom=_ZOOM, shift=_SHIFT)
        return Image(self._studio.take(view, size))

    def _build(self, spec: AvatarSpec, size: int) -> tuple[str, PortraitSubject]:
        """The subject and a key of all that it depends on."""
        seed = str(spec.seed)
        born = f"{seed} {spec.identity.model_dump_json()}"
        identity = self._get_or_make("identity", born, lambda: make_identity(spec))
        grown = f"{born} {spec.body.model_dump_json()}"
        body = self._get_or_make("body", grown, lambda: make_body(spec, identity))
        painted = f"{born} {spec.texture.model_dump_json()} {size}"
        dressed = f"{grown} {spec.groom.model_dump_json()} {size}"
        with ThreadPoolExecutor(1) as second:  # skin and groom need the body alone: where there are two cores, they are made at once
            skin = second.submit(self._get_or_make, "texture", painted, lambda: make_texture(spec, identity, body, size))
            groom = self._get_or_make("groom", dressed, lambda: groom_portrait(spec, body, size))
            texture = skin.result()
        key = f"{painted} {dressed}"
        return key, self._get_or_make("subject", key, lambda: build_subject(body, texture, groom))

    def _get_or_make(self, stage: str, key: str, make: Callable[[], T]) -> T:
        if stage not in self._made or self._made[stage][0] != key:
            self._made[stage] = (key, make())
        return cast(T, self._made[stage][1])


@contextmanager
def open_portrait_maker() -> Iterator[PortraitMaker]:
    """A maker for this thread; while it is open no other thread draws. Raises BackendError if EGL is missing."""
    with open_portrait_studio() as studio:
        yield PortraitMaker(studio)
