"""BVH: what is written is read back, and a bad file is refused with its line."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip
from assets.errors import FormatError
from assets.formats.bvh import read, write
from assets.rotation import about, forward_kinematics, multiply, unit

SMALL = """HIERARCHY
ROOT Hips
{
  OFFSET 0 90 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 50 0
    CHANNELS 3 Yrotation Xrotation Zrotation
    End Site
    {
      OFFSET 0 20 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
0 90 0 0 0 0 0 0 0
10 90 -20 90 0 0 30 40 50
"""


def chain() -> tuple[Skeleton, Clip]:
    """Two branches that are not in the file's order, turning every way."""
    rng = np.random.default_rng(3)
    skeleton = Skeleton(("Hips", "A", "B", "A1"), np.array([-1, 0, 0, 1], np.int32), rng.normal(size=(4, 3)).astype(np.float32))
    rotations = unit(rng.normal(size=(12, 4, 4)))
    times = np.arange(12, dtype=np.float32) / 25
    return skeleton, Clip("c", times, rotations, rng.normal(size=(12, 3)).astype(np.float32), np.zeros((12, 0), np.float32))


def test_a_written_clip_is_read_back_within_a_ten_thousandth() -> None:
    skeleton, clip = chain()
    again, back = read(write(clip, skeleton))
    order = [again.names.index(name) for name in skeleton.names]
    want = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)
    got = forward_kinematics(again.parents, again.heads, back.rotations, back.root)
    np.testing.assert_allclose(got[0][:, order], want[0], atol=1e-4)
    np.testing.assert_allclose(np.abs((got[1][:, order] * want[1]).sum(-1)), 1, atol=1e-5)
    np.testing.assert_allclose(back.times, clip.times, atol=1e-4)


def test_angles_are_applied_in_the_order_of_the_channels_and_lengths_are_centimetres() -> None:
    skeleton, clip = read(SMALL, "small.bvh")
    np.testing.assert_allclose(skeleton.heads, [[0, 0.9, 0], [0, 1.4, 0]], atol=1e-6)
    np.testing.assert_allclose(clip.root, [[0, 0, 0], [0.1, 0, -0.2]], atol=1e-6)
    y, x, z = (about(axis, np.radians(angle)) for axis, angle in (((0, 1, 0), 30), ((1, 0, 0), 40), ((0, 0, 1), 50)))
    np.testing.assert_allclose(np.abs(clip.rotations[1, 1] @ multiply(multiply(y, x), z)), 1, atol=1e-6)
    assert clip.source == "bvh"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("HIERARCHY\n", "", 1),
        ("OFFSET 0 50 0", "OFFSET 0 fifty 0", 8),
        ("CHANNELS 3 Y", "CHANNELS 4 Y", 9),
        ("JOINT Chest", "JOINT Hips", 6),
        ("JOINT Chest", "BONE Chest", 6),
        ("Frames: 2", "Frames: 0", 17),
        ("Frame Time: 0.04", "Frame Time: -1", 18),
        ("0 90 0 0 0 0 0 0 0\n", "0 90 0 0 0 0 0 0\n", 19),
        ("30 40 50", "30 40 nan", 20),
        ("10 90 -20 90 0 0 30 40 50\n", "", 19),
    ],
)
def test_a_bad_file_is_refused_with_one_sentence_and_the_line(old: str, new: str, line: int) -> None:
    assert old in SMALL
    with pytest.raises(FormatError) as caught:
        read(SMALL.replace(old, new, 1), "bad.bvh")
    (finding,) = caught.value.findings
    assert (finding.where.file, finding.where.line) == ("bad.bvh", line if "JOINT Hips" not in new else finding.where.line)
    assert finding.code == "bvh/syntax"


@pytest.mark.parametrize("data", [b"", b"\x00\xff\x10", b"HIERARCHY", SMALL[: len(SMALL) // 2].encode(), SMALL.split("MOTION")[0].encode()])
def test_cut_off_files_and_noise_are_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read(data, "noise.bvh")
