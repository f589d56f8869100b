"""The web page of docs/tutorial.md, as a reader saves it: it loads a bundle and speaks with lips and sound."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assets.conventions import MORPHS_67
from assets.formats.glb import unpack_glb
from assets.paths import PROJECT_ROOT, get_node_modules
from bench.browser import Browser
from stages.verify.gates.engines import find_chromium
from tests.docs.pages import read_blocks
from tests.stages.verify import tiny

LOADER = "GLTFLoader.js"
HOOK = """
const load = GLTFLoader.prototype.loadAsync;
GLTFLoader.prototype.loadAsync = async function (...values) { return (globalThis.loaded = await load.apply(this, values)); };
"""
"""Appended to three's loader: the page keeps the avatar to itself, and the test has to look at its morphs."""
RECORD_SOUNDS = """
globalThis.played = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { played.push(new URL(this.src).pathname); return play.call(this); };
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")]


class Handler(SimpleHTTPRequestHandler):
    """Serves the site as `python3 -m http.server` does, and the loader with the hook."""

    def do_GET(self) -> None:
        if not self.path.endswith(LOADER):
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes() + HOOK.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *values: object) -> None:
        """Nothing is printed."""


def make_avatar() -> bytes:
    """The tiny avatar, whose mouth opens in say_hello only."""
    document, data = unpack_glb(tiny.glb(jaw=0.5))
    for clip in document["animations"]:
        if clip["name"] == "idle":
            clip["channels"] = [channel for channel in clip["channels"] if channel["target"]["path"] != "weights"]
    return tiny.pack(document, data)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The site of the tutorial, served on the loopback interface."""
    [page] = read_blocks(PROJECT_ROOT / "docs" / "tutorial.md", "html")
    (tmp_path / "index.html").write_text(page.text, "utf-8")
    (tmp_path / "avatar.glb").write_bytes(make_avatar())
    (tmp_path / "dialogue.json").write_bytes(tiny.dialogue())
    (tmp_path / "voice").mkdir()
    (tmp_path / "voice" / "hello.wav").write_bytes(tiny.wav())
    (tmp_path / "node_modules").symlink_to(get_node_modules().resolve())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_the_page_speaks_the_greeting_with_lips_and_sound(address: str) -> None:
    jaw = f"loaded.scene.getObjectByName('Head_Mesh').morphTargetInfluences[{MORPHS_67.index('jawOpen')}]"
    with Browser(640, 480) as browser:
        browser.call("Page.enable")
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=RECORD_SOUNDS)
        browser.call("Page.navigate", url=address)
        assert browser.wait_for("document.querySelector('#line').selectedOptions[0].text") == "Hello <there>"
        assert browser.evaluate(jaw) == 0
        browser.click("#say")
        assert browser.wait_for(f"{jaw} > 0.2 && played", 30) == ["/voice/hello.wav"]
        browser.wait_for(f"{jaw} < 0.01", 30)  # the line is over: back to idle


def test_the_names_that_the_page_looks_up_are_those_of_a_bundle() -> None:
    [page] = read_blocks(PROJECT_ROOT / "docs" / "tutorial.md", "html")
    names = {clip["name"] for clip in unpack_glb(tiny.glb())[0]["animations"]}
    assert {"idle", f"say_{json.loads(tiny.dialogue())['lines'][0]['id']}"} <= names
    assert all(name in page.text for name in ('"idle"', "`say_${id}`", "`voice/${id}.wav`", '"dialogue.json"', '"avatar.glb"'))
