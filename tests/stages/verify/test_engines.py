"""What three.js says of files, asked through one start of the browser."""

import threading

import pytest

from stages.verify.bundle_view import BundleView
from stages.verify.gate import load_gates
from stages.verify.gates.engines import find_chromium


@pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium on this machine")
def test_a_file_that_three_js_cannot_load_is_one_finding_with_its_reason() -> None:
    reading = BundleView("web", {"avatar.glb": b"no glTF"})
    (finding,) = load_gates()["engine/three"].claim(reading)
    assert finding.code == "engine/three"
    assert "three.js could not load it: SyntaxError" in finding.message
    assert list(load_gates()["engine/three-vrm"].claim(reading)) == []


def test_what_two_gates_ask_for_at_once_is_made_once() -> None:
    reading, asked, begun = BundleView("web", {}), [], threading.Event()

    def make() -> str:
        asked.append(threading.current_thread().name)
        begun.wait(1)
        return "made"

    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.append(reading.compute_once("key", make))) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.set()
    for thread in threads:
        thread.join()
    assert told == ["made", "made"]
    assert len(asked) == 1
