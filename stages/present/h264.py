"""Frames -> H.264 by the program ffmpeg, and streams and sound -> one mp4."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

from assets.artefacts.geometry import Pixels
from assets.child_process import make_child_environment
from assets.errors import BackendError, Finding
from assets.paths import find_program
from assets.spec.film import FPS

_COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
_SOUND = ("-c:a", "aac", "-b:a", "128k")


def _find_ffmpeg() -> str:
    program = find_program("ffmpeg")
    if program is None:
        raise BackendError(Finding("present/no-ffmpeg", "the program ffmpeg is not installed", fix="apt install ffmpeg"))
    return program


def _make_error(action: str, stderr: bytes) -> BackendError:
    last = (stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1][:300]
    return BackendError(Finding("present/ffmpeg", f"ffmpeg cannot {action}: {last}", fix="see `fenshen doctor`"))


class Encoder:
    """A running ffmpeg that takes frames; without B-frames, so that the stream's order is that of the film."""

    def __init__(self, size: tuple[int, int], quality: int) -> None:
        self._files = contextlib.ExitStack()
        self._target: IO[bytes] = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # closed with the encoder
        self._errors: IO[bytes] = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # closed with the encoder
        raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{size[0]}x{size[1]}", "-framerate", str(FPS), "-i", "pipe:0")
        # Two threads would wait for each other: the other core draws another part.
        coding = ("-c:v", "libx264", "-preset", "veryfast", "-crf", str(quality), "-bf", "0", "-g", str(2 * FPS), "-threads", "1")
        filters = ("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p")
        self._process = subprocess.Popen(
            [_find_ffmpeg(), "-nostdin", "-v", "error", *raw, *filters, *coding, *_COLOURS, "-f", "h264", "pipe:1"],
            stdin=subprocess.PIPE, stdout=self._target, stderr=self._errors, env=make_child_environment(),
        )  # fmt: skip

    def write(self, frame: Pixels) -> None:
        """Encodes one frame (h,w,3); raises BackendError where ffmpeg has ended."""
        assert self._process.stdin
        try:
            self._process.stdin.write(frame.data)
        except BrokenPipeError as error:
            self._process.wait()
            raise self._read_error() from error

    def finish(self) -> bytes:
        """The stream; raises BackendError where ffmpeg failed."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        if self._process.wait():
            raise self._read_error()
        self._target.seek(0)
        return self._target.read()

    def _read_error(self) -> BackendError:
        self._errors.seek(0)
        return _make_error("encode the film", self._errors.read())

    def __enter__(self) -> Encoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        assert self._process.stdin
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._files.close()


def write_mp4(video: Path, sound: Path, target: Path) -> None:
    """Writes an mp4 of a raw H.264 stream at FPS and a WAV file; the picture is not encoded again.

    Raises:
        BackendError: ffmpeg failed.
    """
    inputs = ("-r", str(FPS), "-f", "h264", "-i", f"file:{video}", "-f", "wav", "-i", f"file:{sound}")
    # faststart: a browser plays it while it loads.
    command = [_find_ffmpeg(), "-nostdin", "-v", "error", "-y", *inputs, "-c:v", "copy", *_SOUND, "-movflags", "+faststart", "-f", "mp4"]
    done = subprocess.run([*command, f"file:{target}"], stderr=subprocess.PIPE, env=make_child_environment(), check=False)
    if done.returncode:
        raise _make_error("write the film", done.stderr)
