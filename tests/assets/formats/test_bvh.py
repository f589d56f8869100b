"""BVH files: round trips, other channel orders, and errors with the line of a bad file."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip
from assets.errors import FormatError
from assets.formats.bvh import export_bvh, load_bvh

SMALL = """HIERARCHY
ROOT Hips
{
  OFFSET 0 90 0
  CHANNELS 6 Xposition Yposition Zposition Xrotation Yrotation Zrotation
  JOINT Chest
  {
    OFFSET 0 20 0
    CHANNELS 3 Yrotation Xrotation Zrotation
    End Site
    {
      OFFSET 0 30 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 91 2 90 0 0 0 0 0
0 90 0 0 0 90 90 90 0
"""

HUGE = b"HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n}\nMOTION\nFrames: 9999999\n"


def make_clip(frames: int, joints: int) -> tuple[Clip, Skeleton]:
    """A random movement on a branching skeleton whose joints are not listed depth first."""
    rng = np.random.default_rng(3)
    turns = rng.normal(size=(frames, joints, 4)).astype(np.float32)
    turns /= np.linalg.norm(turns, axis=-1, keepdims=True)
    parents = np.array([-1, *(rng.integers(0, i) for i in range(1, joints))], np.int32)
    skeleton = Skeleton(tuple(f"joint{i}" for i in range(joints)), parents, rng.normal(size=(joints, 3)).astype(np.float32))
    times = np.asarray(np.arange(frames) / 24, np.float32)
    return Clip("any", times, turns, rng.normal(size=(frames, 3)).astype(np.float32), np.zeros((frames, 0), np.float32)), skeleton


def test_a_clip_survives_to_a_tenth_of_a_millimetre() -> None:
    clip, skeleton = make_clip(12, 9)
    film = load_bvh(export_bvh(clip, skeleton))
    order = [film.names.index(name) for name in skeleton.names]
    assert [-1 if p < 0 else film.names[p] for p in film.parents[order]] == [-1 if p < 0 else skeleton.names[p] for p in skeleton.parents]
    np.testing.assert_allclose(film.heads[order] / 100, skeleton.heads - skeleton.heads[0], atol=1e-4)
    np.testing.assert_allclose(film.times, clip.times, atol=1e-4)
    np.testing.assert_allclose(film.positions[:, 0] / 100, clip.root + skeleton.heads[0], atol=1e-4)
    same = np.abs((film.rotations[:, order].astype(float) * clip.rotations).sum(-1))
    assert (1 - same).max() < 1e-6
    apart = np.minimum(np.abs(film.rotations[:, order] - clip.rotations), np.abs(film.rotations[:, order] + clip.rotations))
    assert apart.max() < 1e-4


def test_channels_are_applied_in_the_order_of_the_file() -> None:
    film = load_bvh(SMALL.encode())
    half = np.sqrt(0.5)
    np.testing.assert_allclose(film.positions[0], [[1, 91, 2], [0, 20, 0]])
    np.testing.assert_allclose(film.times, [0, 0.04], atol=1e-6)
    np.testing.assert_allclose(film.rotations[0, 0], [half, 0, 0, half], atol=1e-6)
    np.testing.assert_allclose(np.abs(film.rotations[1, 0]), [0, 0, half, half], atol=1e-6)
    # Y outermost, then X: (0,0,1,1)y * (1,0,0,1)x.
    np.testing.assert_allclose(np.abs(film.rotations[1, 1]), [0.5, 0.5, 0.5, 0.5], atol=1e-6)
    assert np.sign(film.rotations[1, 1, 2]) == -np.sign(film.rotations[1, 1, 3])


def test_crlf_tabs_capitals_and_a_byte_order_mark_are_accepted() -> None:
    other = "\ufeff" + SMALL.replace("\n", "\r\n").replace("  ", "\t").replace("Xrotation", "XROTATION")
    np.testing.assert_array_equal(load_bvh(other.encode()).rotations, load_bvh(SMALL.encode()).rotations)


CHANNELS = "expected CHANNELS with a count and that many position and rotation channels, found"
ENDLESS = "9" * 60
BAD: list[tuple[str, str, int, str]] = [
    ("HIERARCHY", "HIERARCHIE", 1, "expected HIERARCHY, found 'HIERARCHIE'"),
    ("OFFSET 0 90 0", "OFFSET 0 90", 4, "expected OFFSET with 3 values, found 'OFFSET 0 90'"),
    ("OFFSET 0 90 0", "OFFSET 0 ninety 0", 4, "expected numbers, found '0 ninety 0'"),
    ("OFFSET 0 90 0", "OFFSET 0 9_0 0", 4, "expected numbers, found '0 9_0 0'"),
    ("OFFSET 0 90 0", "OFFSET 0 \uff19\uff10 0", 4, "expected numbers, found '0 \uff19\uff10 0'"),
    ("OFFSET 0 90 0", "OFFSET 0 nan 0", 4, "a number is not finite"),
    ("OFFSET 0 90 0", "OFFSET 0 9e30 0", 4, "a number is larger than 1,000,000"),
    ("CHANNELS 3 Y", "CHANNELS 4 Y", 9, f"{CHANNELS} '4 Yrotation Xrotation Zrotation'"),
    ("Yrotation Xrotation Zrotation", "Yrotation Yrotation Zrotation", 9, f"{CHANNELS} '3 Yrotation Yrotation Zrotation'"),
    ("JOINT Chest", "JOINT", 6, "a joint has no name"),
    ("JOINT Chest", "BONE Chest", 6, "expected JOINT, End Site or }, found 'BONE Chest'"),
    ("Frames: 2", "Frames: two", 17, "expected a positive number of frames, found 'two'"),
    ("Frames: 2", "Frames: \u00b2", 17, "expected a positive number of frames, found '\u00b2'"),
    ("Frames: 2", f"Frames: {'9' * 5000}", 17, f"expected a positive number of frames, found '{ENDLESS}'"),
    ("Frames: 2", "Frames: 100000", 18, "100000 frames of 0.04 seconds last longer than 3600 seconds"),
    ("Frame Time: 0.04", "Frame: 0.04", 18, "expected Frame Time: and seconds, found 'Frame: 0.04'"),
    ("Frame Time: 0.04", "Frame Time: 0", 18, "expected a frame time of 0.0001 to 1 seconds, found 0"),
    ("Frame Time: 0.04", "Frame Time: 1e6", 18, "expected a frame time of 0.0001 to 1 seconds, found 1e+06"),
    ("1 91 2 90 0 0 0 0 0", "1 91 2 90 0 0 0 0", 19, "frame 1 has 8 values for 9 channels"),
    ("1 91 2 90 0 0 0 0 0\n0 90 0 0 0 90 90 90 0\n", "", 18, "the file ends where frame 1 of 2 is expected"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), BAD)
def test_a_bad_file_is_one_sentence_with_its_line(old: str, new: str, line: int, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        load_bvh(SMALL.replace(old, new, 1).encode(), "walk.bvh")
    assert str(caught.value) == f"walk.bvh:{line}: error[bvh/syntax] {message}; export it as BVH again"


def test_decimal_commas_are_called_by_their_name() -> None:
    with pytest.raises(FormatError) as caught:
        load_bvh(SMALL.replace("Frame Time: 0.04", "Frame Time: 0,04").encode(), "walk.bvh")
    assert str(caught.value) == "walk.bvh:18: error[bvh/syntax] expected numbers, found '0,04'; write numbers with a decimal point"


def test_a_second_skeleton_is_one_sentence() -> None:
    hierarchy, motion = SMALL.split("MOTION")
    with pytest.raises(FormatError) as caught:
        load_bvh(f"{hierarchy}{hierarchy.removeprefix('HIERARCHY')}MOTION{motion}".encode(), "two.bvh")
    assert str(caught.value) == (
        "two.bvh:17: error[bvh/syntax] a second skeleton begins here, and only files with one can be read; export one character alone"
    )


ACCEPTED: list[tuple[str, str, int, str]] = [
    ("0 90 0 0 0 90 90 90 0\n", "", 1, "the header announces 2 frames, but the file has 1; the recording was stopped"),
    ("0 90 0 0 0 90 90 90 0\n", "0 90 0 0", 1, "the header announces 2 frames, but the file has 1; the recording was stopped"),
    ("Frames: 2", "Frames: 1", 1, "the header announces 1 frames, but the file has 2; the rest is left out"),
    ("JOINT Chest", "JOINT Hips", 2, "several joints are named 'Hips'"),
]


@pytest.mark.parametrize(("old", "new", "frames", "warning"), ACCEPTED)
def test_a_small_fault_is_accepted_with_a_warning(old: str, new: str, frames: int, warning: str) -> None:
    film = load_bvh(SMALL.replace(old, new, 1).encode())
    assert (len(film.times), film.warnings) == (frames, (warning,))
    assert load_bvh(SMALL.encode()).warnings == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1"])
def test_text_encodings_are_recognised(encoding: str) -> None:
    film = load_bvh(SMALL.encode(encoding))
    assert film.names == ("Hips", "Chest")
    np.testing.assert_array_equal(film.rotations, load_bvh(SMALL.encode()).rotations)


def test_a_file_of_too_many_joints_is_refused() -> None:
    joints = "".join(f"JOINT j{i}\n{{\nOFFSET 0 0 0\nCHANNELS 0\n" for i in range(1000))
    with pytest.raises(FormatError) as caught:
        load_bvh(f"HIERARCHY\nROOT a\n{{\nOFFSET 0 0 0\nCHANNELS 0\n{joints}".encode(), "deep.bvh")
    assert str(caught.value) == "deep.bvh:4002: error[bvh/syntax] the file has more than 1000 joints; export it as BVH again"


@pytest.mark.parametrize("data", [b"", b"\n\n", b"RIFF\0\0", SMALL[:140].encode(), HUGE])
def test_garbage_is_one_finding(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        load_bvh(data)
    assert len(caught.value.findings) == 1


def test_angles_that_may_be_radians_are_reported() -> None:
    text = SMALL.replace("1 91 2 90 0 0 0 0 0", "1 91 2 1.57 0 0 0 0 0").replace("0 90 0 0 0 90 90 90 0", "0 90 0 0 0 3.1 1.2 0 0")
    assert load_bvh(text.encode()).warnings == ("no angle is larger than 3.1, as if they were radians; they are read as degrees",)
    assert load_bvh(SMALL.encode()).warnings == ()
