"""What three.js reports about files, loaded by one start of the browser; and what happens where no browser is installed."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from assets.errors import BackendError
from stages.verify.bundle_view import BundleView
from stages.verify.gate import load_gates
from stages.verify.gates import engines
from stages.verify.stage import run_gate
from tests.stages.verify import tiny

pytestmark = pytest.mark.slow

GATES = load_gates()
needs_chromium = pytest.mark.skipif(engines.find_chromium() is None, reason="Chromium is not installed")


@needs_chromium
def test_a_file_that_three_js_cannot_load_is_one_finding_with_its_reason() -> None:
    bundle = BundleView("web", {"avatar.glb": b"no glTF"})
    (finding,) = GATES["engine/three"].check(bundle)
    reason = "SyntaxError: Unexpected token 'o', \"no glTF\" is not valid JSON"
    assert str(finding) == f"avatar.glb: error[engine/three] three.js cannot load the file: {reason}"
    assert list(GATES["engine/three-vrm"].check(bundle)) == []


@needs_chromium
def test_an_avatar_without_its_morphs_is_reported_with_both_numbers() -> None:
    (finding,) = GATES["engine/three"].check(tiny.bundle(glb=tiny.glb(names=("jawOpen",))))
    assert str(finding) == "avatar.glb: error[engine/three] three.js finds 1 morphs, expected at least 67"


@pytest.mark.parametrize(("code", "file"), [("engine/three", "avatar.glb"), ("engine/three-vrm", "avatar.vrm")])
def test_without_a_browser_the_gate_says_that_it_did_not_run(code: str, file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [str(f) for f in GATES[code].check(tiny.bundle())] == [f"{file}: info[{code}] not checked: Chromium is not installed"]
    with pytest.raises(BackendError) as caught:
        engines.load_in_three({})
    assert str(caught.value) == "error[engine/three] Chromium is not installed"


def test_a_browser_that_hangs_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 120)

    monkeypatch.setattr(engines, "find_chromium", lambda: "chromium")
    monkeypatch.setattr(engines.subprocess, "run", hang)
    (check,) = run_gate(GATES["engine/three"], tiny.bundle())
    assert (check.message, check.ok, check.ran) == ("not run: Chromium did not finish within 120 s", False, False)


def test_a_browser_that_shows_no_result_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "out of memory\n")

    monkeypatch.setattr(engines, "find_chromium", lambda: "chromium")
    monkeypatch.setattr(engines.subprocess, "run", crash)
    (check,) = run_gate(GATES["engine/three"], tiny.bundle())
    assert check.message == "not run: the page that loads the avatar reported nothing: out of memory"
    assert (check.ok, check.ran) == (False, False)


def test_two_gates_that_need_the_same_result_compute_it_once() -> None:
    bundle, calls, started = BundleView("web", {}), [], threading.Event()

    def compute() -> str:
        calls.append(threading.current_thread().name)
        started.wait(1)
        return "result"

    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(bundle.compute_once("key", compute))) for _ in range(2)]
    for thread in threads:
        thread.start()
    started.set()
    for thread in threads:
        thread.join()
    assert results == ["result", "result"]
    assert len(calls) == 1
