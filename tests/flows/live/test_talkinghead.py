"""The TalkingHead adapter on a page with the real TalkingHead: lips, words and gestures of a line, answers, a stop, and what is missing."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.paths import get_baked_path, get_node_modules
from bench.browser import Browser
from stages.verify.gates.engines import find_chromium

sys.path.insert(0, str(Path(__file__).parent))
from live_bundle import HOURS, make_wav, tiny, write_live_bundle
from test_component import Quiet

BUNDLER = get_node_modules() / ".bin" / "esbuild"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None or not BUNDLER.exists(), reason="Chromium or the node packages are missing"),
]
PAGE = """<!doctype html><html lang="en"><title>t</title><div id="head" style="width: 400px; height: 400px"></div>
<script>
  const report = (event) => { window.failed = String(event.message ?? event.reason); };
  for (const kind of ['error', 'unhandledrejection']) addEventListener(kind, report);
</script>
<script type="module" src="page.js"></script>
<script type="module">
  import { makeSpeech, openBundle } from './fenshen-talkinghead.js';
  Object.assign(window, { openBundle, makeSpeech, words: [], most: {}, gestures: [] });
  const head = window.head = new TalkingHead(document.getElementById('head'), { ttsEndpoint: 'N/A', lipsyncModules: [] });
  await head.showAvatar({ url: 'ada/avatar.glb', body: 'F', avatarMood: 'neutral', lipsyncLang: 'en' });
  const play = head.playGesture.bind(head);
  head.playGesture = (...of) => { window.gestures.push(of[0]); play(...of); };
  const look = () => {
    for (const mesh of head.morphs) for (const [name, index] of Object.entries(mesh.morphTargetDictionary))
      if (name.startsWith('viseme_')) window.most[name] = Math.max(window.most[name] ?? 0, mesh.morphTargetInfluences[index]);
    requestAnimationFrame(look);
  };
  look();
  window.bundle = await openBundle('ada', head, { onWord: (word, id) => window.words.push(`${id}:${word}`) });
</script></html>"""


def write_page(folder: Path) -> None:
    """A static host's files: the bundle, the baked adapter, TalkingHead, and the page."""
    bundle = write_live_bundle(folder / "ada")
    (bundle / "avatar.glb").write_bytes(tiny.glb(along_bones=True))
    dialogue = json.loads((bundle / "dialogue.json").read_text())
    dialogue["lines"][0] |= {"emotion": "happy", "gesture": "wave"}
    (bundle / "dialogue.json").write_text(json.dumps(dialogue))
    (bundle / "voice" / "hours.wav").write_bytes(make_wav(1.0))
    (bundle / "visemes" / "hours.json").write_bytes(tiny.cues(words=((0.0, 0.4, "We"), (0.4, 1.0, "open"))))
    shutil.copy(get_baked_path("fenshen-talkinghead.js"), folder)
    source = Path(__file__).with_name("talkinghead_page.js")
    command = [str(BUNDLER), str(source), "--bundle", "--format=esm", "--log-level=error", f"--outfile={folder / 'page.js'}"]
    subprocess.run(command, check=True, env={"NODE_PATH": str(get_node_modules()), "PATH": "/usr/local/bin:/usr/bin:/bin"})
    (folder / "index.html").write_text(PAGE)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("talkinghead")
    write_page(folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Browser(500, 500, flags=("--autoplay-policy=no-user-gesture-required",)) as browser:
            browser.open(f"http://127.0.0.1:{server.server_port}/")
            browser.wait_for("Boolean(window.bundle || window.failed)")
            assert browser.evaluate("window.failed ?? null") is None
            yield browser
        server.shutdown()


def test_a_line_is_spoken_with_its_lips_words_mood_and_gesture(page: Browser) -> None:
    page.evaluate(
        "(() => { most = {}; words.length = 0; gestures.length = 0; window.said = bundle.say('hours', 'price').then(() => 'heard'); })()"
    )
    page.wait_for("words.length > 0")
    assert page.evaluate("head.moodName") == "happy"
    assert page.evaluate("said") == "heard"
    assert page.evaluate("words") == ["hours:We", "hours:open", "price:We"]
    assert page.evaluate("gestures") == ["handup"]
    assert page.evaluate("head.moodName") == "neutral"
    most = page.evaluate("most")
    assert (most["viseme_PP"] > 0.5, most["viseme_aa"] > 0.3, most["viseme_O"] < 0.1) == (True, True, True)


def test_a_question_is_answered_and_a_stop_ends_the_line(page: Browser) -> None:
    page.evaluate("(() => { words.length = 0; window.answered = bundle.ask('When do you open?'); })()")
    page.wait_for("words.length > 0")
    page.evaluate("bundle.stop()")
    assert page.evaluate("answered") == {"lines": ["hours"], "question": "When do you open?", "text": HOURS}
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 1200))")
    assert page.evaluate("words") == ["hours:We"]
    assert page.evaluate("head.isSpeaking") is False


def test_the_tracks_are_speak_audios_and_silence_is_left_out(page: Browser) -> None:
    track = '{cues: [{start: 0, end: 0.1, viseme: "viseme_sil"}, {start: 0.1, end: 0.25, viseme: "viseme_O"}]}'
    assert page.evaluate(f"makeSpeech(null, {track})") == {
        "audio": None, "visemes": ["O"], "vtimes": [100], "vdurations": [150], "words": [], "wtimes": [], "wdurations": [],
    }  # fmt: skip


def test_a_missing_bundle_and_an_unknown_line_are_errors_that_say_so(page: Browser) -> None:
    assert page.evaluate("openBundle('none/', head).catch((error) => error.message)") == "dialogue.json: 404"
    assert page.evaluate("bundle.say('fact_99').catch((error) => error.message)") == "the bundle has no line fact_99"
