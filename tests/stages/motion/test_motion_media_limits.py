"""Films and motion captures beyond a limit: small real files whose headers announce more than may be decoded."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.errors import FormatError
from assets.media_limits import MAX_BVH_BYTES
from stages.motion import video_frames
from stages.motion.bvh import read_bvh_clip
from stages.motion.video_frames import read_frames

pytestmark = pytest.mark.slow

FIX = "use an mp4, mov, webm or avi of one person"


def write_avi(path: Path, *, width: int = 64, height: int = 48, fps: float = 25, frames: int = 3) -> Path:
    """An uncompressed avi of three frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for shade in (0, 90, 200)[:frames]:
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    return path


def patch(path: Path, chunk: bytes, offset: int, value: int) -> Path:
    """Another number at that offset in a chunk of the header."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(chunk) + 8 + offset, value)
    path.write_bytes(bytes(data))
    return path


def read_all(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        list(read_frames(path, []))
    return str(caught.value)


def test_frames_of_250_megapixels_are_refused_by_the_header(tmp_path: Path) -> None:
    """A raw film: the header alone decides how much a frame takes."""
    path = write_avi(tmp_path / "x.avi")
    data = path.read_bytes().replace(b"MJPG", b"DIB ")
    path.write_bytes(data)
    # BITMAPINFOHEADER: biWidth and biHeight are 4 and 8 bytes behind its size, biCompression 16.
    place = data.index(b"strf") + 8
    raw = bytearray(data)
    struct.pack_into("<iiHHI", raw, place + 4, 16000, 16000, 1, 24, 0)
    path.write_bytes(bytes(raw))
    sentence = "x.avi: error[motion/too-big] the frames are 16000 x 16000, more than 36 megapixels; save it with smaller frames"
    assert read_all(path) == sentence


def test_frames_of_100000_by_100000_pixels_are_refused(tmp_path: Path) -> None:
    """Beyond what ffmpeg itself accepts."""
    path = write_avi(tmp_path / "x.avi")
    raw = bytearray(path.read_bytes().replace(b"MJPG", b"DIB "))
    struct.pack_into("<iiHHI", raw, raw.index(b"strf") + 12, 100_000, 100_000, 1, 24, 0)
    path.write_bytes(bytes(raw))
    assert read_all(path).startswith("x.avi: error[motion/")


def test_a_film_of_ten_hours_is_refused_by_its_header(tmp_path: Path) -> None:
    """avih holds the frames at 16, the stream's header its length at 32."""
    path = patch(patch(write_avi(tmp_path / "x.avi"), b"avih", 16, 900_000), b"strh", 32, 900_000)
    assert read_all(path) == "x.avi: error[motion/too-long] the video lasts 36000 seconds, more than 600; cut it"


def test_a_film_of_too_many_frames_is_refused(tmp_path: Path) -> None:
    path = write_avi(tmp_path / "x.avi", fps=1000)
    path = patch(patch(path, b"avih", 16, 40_000), b"strh", 32, 40_000)
    assert read_all(path) == "x.avi: error[motion/too-long] the video has 40000 frames, more than 36000; cut it"


def test_a_film_whose_header_hides_its_length_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video_frames, "MAX_FILM_FRAMES", 2)
    assert read_all(write_avi(tmp_path / "x.avi")) == f"x.avi: error[motion/too-long] the video has more than 2 frames; {FIX}"


def test_a_frame_far_in_the_future_is_refused(tmp_path: Path) -> None:
    """One frame every 500 seconds: the clip would be filled up between them."""
    path = write_avi(tmp_path / "x.avi", fps=25)
    data = bytearray(path.read_bytes())
    place = data.index(b"strh") + 8
    struct.pack_into("<II", data, place + 20, 500, 1)  # dwScale, dwRate: seconds per frame
    path.write_bytes(bytes(data))
    assert "error[motion/too-long]" in read_all(path)


def test_a_film_of_5_gb_is_refused_by_its_size(tmp_path: Path) -> None:
    path = write_avi(tmp_path / "x.avi")
    with path.open("r+b") as stream:
        stream.truncate(5_000_000_000)
    assert read_all(path) == f"x.avi: error[motion/too-big] the file has 5.0 GB, more than 4; {FIX}"


@pytest.mark.parametrize(("name", "reason"), [("crash", "media/crash"), ("grow", "media/memory")])
def test_a_film_that_breaks_its_decoder_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str) -> None:
    monkeypatch.setattr(video_frames, "_DECODER", f"tests.hostile_decoders:{name}_as_film")
    assert f"x.avi: error[{reason}]" in read_all(write_avi(tmp_path / "x.avi"))


BVH = b"""HIERARCHY
ROOT Hips
{
 OFFSET 0 0 0
 CHANNELS 3 Zrotation Xrotation Yrotation
%s}
MOTION
Frames: %d
Frame Time: %f
"""


def refuse_bvh(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        read_bvh_clip(path, "x")
    return str(caught.value)


def test_a_bvh_of_5_gb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.bvh"
    path.write_bytes(BVH % (b"", 1, 0.1) + b"0 0 0\n")
    with path.open("r+b") as stream:
        stream.truncate(5_000_000_000)
    sentence = f"x.bvh: error[motion/too-big] the BVH file is larger than {MAX_BVH_BYTES // 1_000_000} MB; export a part of it"
    assert refuse_bvh(path) == sentence


def test_ten_million_announced_frames_take_no_memory(tmp_path: Path) -> None:
    from assets.formats.bvh import load_bvh

    film = load_bvh(BVH % (b"", 10_000_000, 0.0001) + b"0 0 0\n0 0 9\n")
    assert film.warnings == ("the header announces 10000000 frames, but the file has 2; the recording was stopped",)


def test_many_joints_without_channels_cannot_fill_the_memory(tmp_path: Path) -> None:
    """Three values a frame in the file, three thousand in memory."""
    joints = b"".join(b" JOINT j%d\n {\n OFFSET 0 0 0\n CHANNELS 0\n }\n" % number for number in range(990))
    path = tmp_path / "x.bvh"
    path.write_bytes(BVH % (joints, 8000, 0.01) + b"0 0 0\n" * 8000)
    assert "the movement has more than 20,000,000 values; export it as BVH again" in refuse_bvh(path)


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.bvh"
    path.write_bytes(BVH % (b"", 1, 0.1) + b"0 " * 600_000)
    assert refuse_bvh(path) == "x.bvh:10: error[bvh/syntax] a line has more than 1,000,000 characters; export it as BVH again"


def test_a_film_after_a_refused_one_is_read_by_the_same_process(tmp_path: Path) -> None:
    """Found by fuzzing: the end of the refused film was taken for the answer to the next."""
    path = tmp_path / "x.avi"
    with video_frames.open_film_decoder(path) as decoder:
        for data in (b"RIFF", write_avi(tmp_path / "good.avi").read_bytes()):
            path.write_bytes(data)
            try:
                frames = list(video_frames.stream_frames(decoder, path, []))
            except FormatError as error:
                kept = error
    assert "error[motion/not-a-video]" in str(kept)
    assert len(frames) == 3
