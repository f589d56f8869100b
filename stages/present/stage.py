"""Two stages: a bundle's avatar -> the figure that a film's camera sees; figure and part of a film -> its encoded pictures."""

from __future__ import annotations

import numpy as np

from assets.conventions import MORPHS_67
from assets.errors import Finding, FormatError
from assets.formats.gltf_reader import load_avatar
from assets.paths import find_program
from assets.spec.film import FilmSpec
from stages.present.artefacts import AvatarFile, Figure, FilmPart, Footage
from stages.present.frames import iterate_frames
from stages.present.h264 import Encoder
from stages.render.figure_studio import drop_hidden_parts, frame_figure, open_figure_studio
from stages.render.key_frames import extract_pose
from stages.render.posing import Pose
from stages.stage import Stage

NO_FFMPEG = "the program ffmpeg is not installed: apt install ffmpeg, or see `fenshen doctor`"


def prepare_figure(avatar: AvatarFile, *, options: FilmSpec, seed: int) -> Figure:
    """The figure, framed from the waist up, with the light that gets to each vertex while it stands still.

    Raises:
        FormatError: the file is not an avatar.glb with an idle clip.
        BackendError: this machine cannot render.
    """
    model, motion = load_avatar(avatar.data)
    idle = next((clip for clip in motion.clips if clip.name == "idle"), None)
    if idle is None:
        raise FormatError(Finding("present/no-idle", "avatar.glb has no clip idle", fix="build the bundle again"))
    rest = extract_pose(idle, 0)
    width, height = options.figure_size
    framing = frame_figure(model, rest, width / height)
    visible = drop_hidden_parts(model, rest, framing)
    # With the mouth half open, or teeth would be black in every picture.
    open_mouth = np.array([0.5 if name == "viseme_aa" else 0.0 for name in MORPHS_67], np.float32)
    with open_figure_studio(visible, framing) as studio:
        return Figure(visible, framing, studio.measure_sky(Pose(rest.rotations, rest.root, open_mouth)))


def film_part(figure: Figure, part: FilmPart, *, options: FilmSpec, seed: int) -> Footage:
    """The part's frames, drawn one after the other and encoded while the next is drawn.

    Raises:
        BackendError: this machine cannot render, or ffmpeg cannot encode.
    """
    with open_figure_studio(figure.model, figure.framing, figure.sky) as studio, Encoder(options.size, options.quality) as encoder:
        for frame in iterate_frames(part, studio.draw, options):
            encoder.write(frame)
        return Footage(encoder.finish(), part.frames)


def _report_missing_ffmpeg() -> str:
    return "" if find_program("ffmpeg") else NO_FFMPEG


FIGURE = Stage("figure", 2, prepare_figure, makes=Figure, memory_gb=1.5, imports=("pyrender",))
FILM = Stage("film", 1, film_part, makes=Footage, memory_gb=1, imports=("pyrender",), missing_requirements=_report_missing_ffmpeg)
