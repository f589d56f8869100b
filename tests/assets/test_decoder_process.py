"""A decoder that a file has broken or taken over: one sentence, nothing left running, nothing reached."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from assets import decoder_process
from assets.child_process import make_python_environment
from assets.decoder_process import DecoderProcess
from assets.errors import BackendError, FormatError
from assets.media_limits import DECODER_CPU_S
from assets.paths import PROJECT_ROOT

pytestmark = pytest.mark.slow

AGAIN = "export it again, for example with another program"


def list_own_children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "assets.decoder_child" in " ".join(child.cmdline())}


@pytest.fixture(autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """Another test's decoder may end meanwhile: only new ones count."""
    before = list_own_children()
    yield
    assert not list_own_children() - before


def open_hostile(name: str, wait_s: float = 120.0, readable: tuple[Path, ...] = ()) -> DecoderProcess:
    return DecoderProcess(f"tests.hostile_decoders:{name}", readable, wait_s=wait_s)


@pytest.mark.parametrize(("name", "wait_s", "sentence"), [
    ("crash", 120, f"error[media/crash] its decoder was ended by SIGSEGV: the file is damaged or hostile; {AGAIN}"),
    ("wait", 3, f"error[media/hang] its decoder has not answered for 3 seconds; {AGAIN}"),
    ("grow", 120, "error[media/memory] decoding it needs more than 4 GB of memory; make it smaller"),
    ("flood", 120, f"error[media/decoder] its decoder sent 1125899906842634 bytes that were not requested; {AGAIN}"),
    ("babble", 120, f"error[media/decoder] its decoder sent no valid reply; {AGAIN}"),
])  # fmt: skip
def test_what_a_file_does_to_its_decoder_is_one_sentence(name: str, wait_s: float, sentence: str) -> None:
    with open_hostile(name, wait_s) as decoder, pytest.raises(FormatError) as caught:
        list(decoder.decode("x.mp4", {}))
    assert str(caught.value) == f"x.mp4: {sentence}"


def test_a_decoder_that_computes_for_ever_is_ended_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the limit of our code; a second instead of a minute of computing is granted here."""
    command = (
        "import resource, signal, sys; from assets import decoder_child; decoder_child.DECODER_CPU_S = 1; sys.argv = ['x', *sys.argv[1:]]; "
        "decoder_child.main()"
    )
    run = subprocess.Popen

    def start(arguments: list[str], **options: object) -> subprocess.Popen[bytes]:
        return run([sys.executable, "-P", "-c", command, *arguments[4:]], **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(decoder_process.subprocess, "Popen", start)
    with open_hostile("compute") as decoder, pytest.raises(FormatError) as caught:
        list(decoder.decode("x.mp4", {}))
    reason = f"decoding a part of it takes more than {DECODER_CPU_S} seconds of computing"
    assert str(caught.value) == f"x.mp4: error[media/cpu] {reason}; {AGAIN}"


def test_a_decoder_that_something_else_kills_is_the_machines_failure() -> None:
    with open_hostile("wait") as decoder:
        decoder._start("x.mp4")
        assert decoder._process
        decoder._process.send_signal(signal.SIGKILL)
        with pytest.raises(BackendError) as caught:
            decoder._read("x.mp4", 1)
    assert str(caught.value) == ("error[media/killed] the decoder of x.mp4 was killed from outside; free memory, then run it again")


def test_after_a_crash_the_next_file_gets_a_new_process() -> None:
    import numpy as np

    from assets.artefacts.geometry import Image
    from assets.formats.image import encode_png
    from assets.untrusted_media import _PICTURES, decode_untrusted_image

    png = encode_png(Image(np.full((4, 4, 3), 9, np.uint8)))
    assert decode_untrusted_image(png, "a.png").pixels.mean() == 9
    assert _PICTURES._process
    os.kill(_PICTURES._process.pid, signal.SIGSEGV)
    _PICTURES._process.wait()
    assert decode_untrusted_image(png, "b.png").pixels.mean() == 9
    _PICTURES.close()


def test_a_decoder_reaches_nothing_but_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_TEST_SECRET", "key")
    film, other = tmp_path / "film.mp4", tmp_path / "private.txt"
    film.write_text("frames")
    other.write_text("private")
    with socket.create_server(("127.0.0.1", 0)) as server, open_hostile("explore", readable=(film,)) as decoder:
        request = {
            "port": server.getsockname()[1], "allowed": str(film), "other": str(other), "new": str(tmp_path / "new"), "pid": os.getpid(),
        }  # fmt: skip
        ((found, _),) = decoder.decode("film.mp4", request)
        isolation = decoder.isolation
    assert found["allowed"] == "frames"
    assert "secret" not in found["done"]
    if not isolation["offline"] and not isolation["confined"]:
        pytest.skip("this kernel or container allows neither network namespaces nor Landlock")
    if isolation["offline"]:
        assert "connect" not in found["done"]
    if isolation["confined"]:
        assert set(found["done"]) <= {"connect", "signal", "run"}
        assert not (tmp_path / "new").exists()


OWNER = """
import sys, time
from assets.decoder_process import DecoderProcess
decoder = DecoderProcess("tests.hostile_decoders:wait")
parts = decoder.decode("x", {})
decoder._start("x")
print(decoder._process.pid, flush=True)
next(parts)
"""


def test_a_decoder_ends_with_an_owner_that_was_killed() -> None:
    owner = subprocess.Popen([sys.executable, "-P", "-c", OWNER], env=make_python_environment(), cwd=PROJECT_ROOT, stdout=subprocess.PIPE)
    assert owner.stdout
    child = psutil.Process(int(owner.stdout.readline()))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    child.wait(timeout=60)


def test_a_decoder_whose_module_is_missing_is_the_machines_failure() -> None:
    with DecoderProcess("assets.no_such_module:decode") as decoder, pytest.raises(BackendError) as caught:
        list(decoder.decode("x.mp4", {}))
    reason = "ModuleNotFoundError: No module named 'assets.no_such_module'"
    assert str(caught.value) == f"error[media/decoder] the decoder does not start: {reason}; run `fenshen doctor`"


def test_a_bug_of_a_decoder_is_a_traceback_and_no_sentence_about_the_file() -> None:
    with open_hostile("explore") as decoder, pytest.raises(RuntimeError, match=r"KeyError: '(port|allowed)'"):
        list(decoder.decode("x.mp4", {}))


def test_the_kernel_reports_what_it_grants() -> None:
    """Only for this page: a kernel with Landlock has it in the child as well."""
    version = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)
    with DecoderProcess("assets.untrusted_media:serve_picture") as decoder:
        decoder._start("x")
        assert decoder.isolation["confined"] == (version >= 1)
