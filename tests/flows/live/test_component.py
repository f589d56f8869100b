"""<fenshen-avatar> on a static host: it loads, speaks a line with its body on the sound's clock, answers, and reports errors."""

from __future__ import annotations

import functools
import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.browser import Browser

sys.path.insert(0, str(Path(__file__).parent))
from live_bundle import HOURS, LOST, write_live_bundle

from assets.paths import get_baked_path
from stages.verify.gates.engines import find_chromium

pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")]
PAGE = """<!doctype html><html lang="en"><title>t</title><script src="fenshen-avatar.js"></script><button data-view="x">own</button>
<fenshen-avatar id="ada" src="ada" controls></fenshen-avatar><fenshen-avatar id="none" src="nothing/"></fenshen-avatar></html>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("static")
    write_live_bundle(folder / "ada")
    shutil.copy(get_baked_path("fenshen-avatar.js"), folder)
    (folder / "index.html").write_text(PAGE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Browser(600, 500) as browser:
            browser.open(f"http://127.0.0.1:{server.server_port}/")
            browser.wait_for("Boolean(document.getElementById('none')?.ready)")
            browser.evaluate("document.getElementById('ada').ready.then(() => null)")
            yield browser
        server.shutdown()


def test_a_line_is_spoken_with_its_body_on_the_sounds_clock(page: Browser) -> None:
    page.evaluate("(() => { window.log = []; for (const kind of ['began', 'ended']) ada.addEventListener(kind, () => log.push(kind)); })()")
    page.evaluate("ada.say('hours', 'price')")
    page.wait_for("ada.pose.heard > 0.05")
    assert page.evaluate("ada.shadowRoot.getElementById('caption').textContent") == HOURS
    page.wait_for("window.log.length === 2")
    assert page.evaluate("window.log") == ["began", "ended"]


def test_a_question_is_answered_by_words_and_an_unknown_one_by_the_fallback(page: Browser) -> None:
    assert page.evaluate("ada.ask('When do you open?')") == {"lines": ["hours"], "question": "When do you open?", "text": HOURS}
    assert page.evaluate("ada.ask('Any dragons')") == {"lines": ["lost"], "question": "", "text": LOST}
    page.evaluate("ada.stop()")
    assert page.evaluate("ada.pose.heard") == -1


def test_a_missing_bundle_is_reported_and_the_pages_own_buttons_are_left_alone(page: Browser) -> None:
    message = page.evaluate("none.ready.catch((error) => error.message)")
    assert message.startswith("dialogue.json: 404") or message.startswith("avatar.glb: 404")
    assert page.evaluate("document.querySelector('[data-view]').getAttribute('aria-pressed')") is None
