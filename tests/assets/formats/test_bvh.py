"""BVH files: what is written is read back, other channel orders mean what they say, and bad files name their line."""

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

HUGE = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n}\nMOTION\nFrames: 9999999\n"


def moving(frames: int, joints: int) -> tuple[Clip, Skeleton]:
    """Any movement on a branching skeleton whose joints are not listed depth first."""
    rng = np.random.default_rng(3)
    turns = rng.normal(size=(frames, joints, 4)).astype(np.float32)
    turns /= np.linalg.norm(turns, axis=-1, keepdims=True)
    parents = np.array([-1, *(rng.integers(0, i) for i in range(1, joints))], np.int32)
    skeleton = Skeleton(tuple(f"joint{i}" for i in range(joints)), parents, rng.normal(size=(joints, 3)).astype(np.float32))
    times = np.asarray(np.arange(frames) / 24, np.float32)
    return Clip("any", times, turns, rng.normal(size=(frames, 3)).astype(np.float32), np.zeros((frames, 0), np.float32)), skeleton


def test_what_is_written_is_read_back_to_a_tenth_of_a_millimetre() -> None:
    clip, skeleton = moving(12, 9)
    film = load_bvh(export_bvh(clip, skeleton))
    order = [film.names.index(name) for name in skeleton.names]
    assert [-1 if p < 0 else film.names[p] for p in film.parents[order]] == [-1 if p < 0 else skeleton.names[p] for p in skeleton.parents]
    np.testing.assert_allclose(film.heads[order] / 100, skeleton.heads, atol=1e-4)
    np.testing.assert_allclose(film.times, clip.times, atol=1e-4)
    np.testing.assert_allclose(film.positions[:, 0] / 100, clip.root + skeleton.heads[0], atol=1e-4)
    same = np.abs((film.rotations[:, order].astype(float) * clip.rotations).sum(-1))
    assert (1 - same).max() < 1e-6
    apart = np.minimum(np.abs(film.rotations[:, order] - clip.rotations), np.abs(film.rotations[:, order] + clip.rotations))
    assert apart.max() < 1e-4


def test_channels_turn_in_the_order_in_which_they_stand() -> None:
    film = load_bvh(SMALL)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(film.positions[0], [[1, 91, 2], [0, 20, 0]])
    np.testing.assert_allclose(film.times, [0, 0.04], atol=1e-6)
    np.testing.assert_allclose(film.rotations[0, 0], [half, 0, 0, half], atol=1e-6)
    np.testing.assert_allclose(np.abs(film.rotations[1, 0]), [0, 0, half, half], atol=1e-6)
    # Y outermost, then X: (0,0,1,1)y * (1,0,0,1)x.
    np.testing.assert_allclose(np.abs(film.rotations[1, 1]), [0.5, 0.5, 0.5, 0.5], atol=1e-6)
    assert np.sign(film.rotations[1, 1, 2]) == -np.sign(film.rotations[1, 1, 3])


def test_windows_lines_tabs_capitals_and_a_byte_order_mark_are_read_too() -> None:
    other = "\ufeff" + SMALL.replace("\n", "\r\n").replace("  ", "\t").replace("Xrotation", "XROTATION")
    np.testing.assert_array_equal(load_bvh(other).rotations, load_bvh(SMALL).rotations)


@pytest.mark.parametrize(
    ("wrong", "instead", "line"),
    [
        ("HIERARCHY", "HIERARCHIE", 1),
        ("OFFSET 0 90 0", "OFFSET 0 ninety 0", 4),
        ("OFFSET 0 90 0", "OFFSET 0 nan 0", 4),
        ("CHANNELS 3 Y", "CHANNELS 4 Y", 9),
        ("Yrotation Xrotation Zrotation", "Yrotation Yrotation Zrotation", 9),
        ("JOINT Chest", "JOINT Hips", 6),
        ("JOINT Chest", "BONE Chest", 6),
        ("Frames: 2", "Frames: two", 17),
        ("Frames: 2", "Frames: \u00b2", 17),
        ("Frames: 2", f"Frames: {'9' * 5000}", 17),
        ("Frames: 2", "Frames: 100000", 18),
        ("Frame Time: 0.04", "Frame Time: 0", 18),
        ("Frame Time: 0.04", "Frame Time: 1e6", 18),
        ("OFFSET 0 90 0", "OFFSET 0 9e30 0", 4),
        ("1 91 2 90 0 0 0 0 0", "1 91 2 90 0 0 0 0", 19),
        ("0 90 0 0 0 90 90 90 0\n", "", 19),
    ],
)
def test_a_bad_file_names_its_line(wrong: str, instead: str, line: int) -> None:
    with pytest.raises(FormatError) as caught:
        load_bvh(SMALL.replace(wrong, instead, 1), "walk.bvh")
    [finding] = caught.value.findings
    assert (finding.where.file, finding.where.line) == ("walk.bvh", line)
    assert finding.message
    assert finding.fix == "export it as BVH once more"


@pytest.mark.parametrize("text", ["", "\n\n", "RIFF\0\0", SMALL[:140], HUGE])
def test_rubbish_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        load_bvh(text)
    assert len(caught.value.findings) == 1
