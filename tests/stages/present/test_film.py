"""A film of two seconds: what ffmpeg wrote, decoded again."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.geometry import Image
from assets.conventions import JOINTS, MORPHS_67
from assets.errors import BackendError, FormatError
from assets.formats.gltf_reader import load_avatar
from assets.formats.wav import export_wav
from assets.spec.film import FPS, FilmSpec
from stages.present import h264
from stages.present.artefacts import AvatarFile, Caption, FilmPart
from stages.present.stage import film_part, prepare_figure
from stages.render.posing import Pose, pose_mesh
from tests.stages.present.avatar import DROP_M, make_avatar
from tests.stages.small_character import SKELETON

OPTIONS = FilmSpec(height=180)
FRAMES = 2 * FPS
OPEN = slice(18, 33)
"""Frames in which the mouth is open and a tone is heard."""


def make_part() -> FilmPart:
    turns = np.tile(np.array([0, 0, 0, 1], np.float32), (FRAMES, len(JOINTS), 1))
    face = np.zeros((FRAMES, 67), np.float32)
    face[OPEN, MORPHS_67.index("jawOpen")] = 1
    slide = Image(np.full((OPTIONS.slide_size[1], OPTIONS.slide_size[0], 3), (40, 120, 200), np.uint8))
    return FilmPart(turns, np.zeros((FRAMES, 3), np.float32), face, slide, (Caption(10, 30, ("Hello", "你好")),))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The part as an mp4, with a tone while the mouth is open."""
    folder = tmp_path_factory.mktemp("film")
    figure = prepare_figure(AvatarFile(make_avatar("idle")), options=OPTIONS, seed=0)
    footage = film_part(figure, make_part(), options=OPTIONS, seed=0)
    assert footage.frames == FRAMES
    sound = np.zeros(2 * 48_000, np.float32)
    tone = slice(OPEN.start * 1920, OPEN.stop * 1920)
    sound[tone] = 0.5 * np.sin(np.arange(tone.stop - tone.start) / 15)
    (folder / "film.h264").write_bytes(footage.stream)
    (folder / "film.wav").write_bytes(export_wav(sound, 48_000))
    h264.write_mp4(folder / "film.h264", folder / "film.wav", folder / "film.mp4")
    return folder / "film.mp4"


@pytest.fixture(scope="module")
def frames(film: Path) -> np.ndarray:
    """(f,h,w,3) as a player shows them."""
    import av

    with av.open(str(film)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def read_loudness(film: Path, count: int) -> np.ndarray:
    """(f,) root mean square of the sound while each frame is shown."""
    import av

    with av.open(str(film)) as container:
        stream = container.streams.audio[0]
        pieces = [(float(frame.pts * stream.time_base), frame.to_ndarray().mean(0)) for frame in container.decode(audio=0)]
        rate = stream.rate
    samples = np.zeros(count * rate // FPS + rate)
    for at, piece in pieces:
        begin = max(0, round(at * rate))
        samples[begin : begin + len(piece)] = piece[: len(samples) - begin]
    return np.sqrt(np.square(samples[: count * rate // FPS].reshape(count, -1)).mean(1))


def test_the_film_has_the_size_the_rate_and_the_codecs_that_it_should(film: Path, frames: np.ndarray) -> None:
    import av

    with av.open(str(film)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.average_rate == Fraction(FPS)
        assert container.duration / 1e6 == pytest.approx(2.0, abs=0.03)
    assert frames.shape == (FRAMES, 180, 320, 3)


def test_slide_figure_and_caption_have_their_places(frames: np.ndarray) -> None:
    width, height = OPTIONS.slide_size
    slide = frames[:, 5 : height - 5, 5 : width - 5].reshape(FRAMES, -1, 3).astype(int)
    assert np.abs(slide - (40, 120, 200)).max() < 12
    strip = frames[:, height + 2 :].max((1, 2, 3))
    assert (strip[10:30] > 180).all()
    assert (strip[:9] < 80).all()
    assert (strip[31:] < 80).all()
    assert (frames[0, :height, width:].max(2) > 150).mean() > 0.05, "the ball is lit"


def test_lips_and_sound_are_within_one_frame_in_the_file(film: Path, frames: np.ndarray) -> None:
    """Measured on what was decoded: the encoders' delays and the container's times are in it."""
    figure = frames[:, : OPTIONS.figure_size[1], OPTIONS.slide_size[0] :].astype(float)
    # The ball is brighter than the backdrop: the mean row of what changes follows it.
    bright = np.clip(figure.max(3) - figure[0].max(2).mean() - 20, 0, None)
    centre = (bright.sum(2) * np.arange(figure.shape[1])).sum(1) / bright.sum((1, 2))
    is_open = centre - centre[0] > 0.5 * (centre.max() - centre[0])
    heard = read_loudness(film, FRAMES)
    is_loud = heard > 0.5 * heard.max()
    assert centre.max() - centre[0] > 10, "the mouth visibly opens"
    assert np.flatnonzero(is_open).tolist() == list(range(OPEN.start, OPEN.stop))
    assert abs(np.flatnonzero(is_loud)[0] - OPEN.start) <= 1
    assert abs(np.flatnonzero(is_loud)[-1] + 1 - OPEN.stop) <= 1


def test_a_pose_that_stays_is_drawn_once() -> None:
    from stages.present.frames import iterate_frames

    drawn = []

    def draw(pose: Pose, size: tuple[int, int]) -> np.ndarray:
        drawn.append(pose)
        return np.zeros((size[1], size[0], 3), np.uint8)

    assert len(list(iterate_frames(make_part(), draw, OPTIONS))) == FRAMES
    assert len(drawn) == 3


def test_an_avatar_without_an_idle_is_refused() -> None:
    with pytest.raises(FormatError, match="no clip idle"):
        prepare_figure(AvatarFile(make_avatar("wave")), options=OPTIONS, seed=0)


def test_what_ffmpeg_cannot_do_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(b"no film")
    with pytest.raises(BackendError, match=r"error\[present/ffmpeg\] ffmpeg cannot write the film: "):
        h264.write_mp4(tmp_path / "x", tmp_path / "x", tmp_path / "film.mp4")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendError, match="ffmpeg is not installed"):
        h264.Encoder((320, 180), 20)


def test_the_reader_gives_back_what_was_written() -> None:
    model, motion = load_avatar(make_avatar("idle", "wave"))
    assert [clip.name for clip in motion.clips] == ["idle", "wave"]
    assert np.allclose(model.skeleton.heads, SKELETON.heads, atol=1e-5)
    (part,) = model.parts
    rest = Pose(motion.clips[0].rotations[0], np.zeros(3, np.float32), np.zeros(67, np.float32))
    assert np.allclose(pose_mesh(part.mesh, model.skeleton, rest), part.mesh.positions, atol=1e-5)
    assert [(m.name, round(float(m.deltas[0, 1]), 3)) for m in part.mesh.morphs] == [("jawOpen", -DROP_M)]


@pytest.mark.parametrize("damage", ["skins", "accessors", "materials"])
def test_a_damaged_avatar_is_one_sentence(damage: str) -> None:
    from assets.formats.glb import pack_glb, unpack_glb

    document, binary = unpack_glb(make_avatar("idle"))
    with pytest.raises(FormatError, match=r"error\[glb/avatar\]"):
        load_avatar(pack_glb({**document, damage: []}, binary))
