"""report.html is one page, closed in itself, that three.js can open."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "stages" / "verify"))
sys.path.insert(0, str(Path(__file__).parent))
import tiny
from browser import Browser

from assets.conventions import MORPHS_67
from flows.report import _gates, render_report
from stages.verify.gates.engines import _CHROMIUM_FLAGS, find_chromium

MANIFEST = {"name": "Kofi <b>", "target": "web", "seed": 1, "checks": [{"code": "rig/soles", "ok": False, "message": "floats"}]}


def test_the_page_escapes_what_users_wrote_and_loads_nothing() -> None:
    page = render_report(dict(tiny.bundle().files), MANIFEST).decode()
    assert "Kofi &lt;b&gt;" in page
    assert "Hello <there>" not in page
    assert not re.search(r'(src|href)="https?:', page)


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium")
def test_the_page_opens_in_chromium_from_a_file(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(render_report(dict(tiny.bundle().files), MANIFEST))
    command = [str(find_chromium()), *_CHROMIUM_FLAGS, f"--user-data-dir={tmp_path}/profile", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert 'data-loaded="1,67,2"' in done.stdout


def speaking() -> bytes:
    """The tiny bundle's page, its jaw half open all through both clips."""
    return render_report(dict(tiny.bundle(glb=tiny.glb(jaw=0.5)).files), MANIFEST)


_RECORD = """new Promise((done) => {
  const rows = [], { voice, morphs } = window.fenshen, jaw = morphs[0].morphTargetDictionary.jawOpen;
  const look = () => {
    rows.push([voice.currentTime, morphs[0].morphTargetInfluences[jaw]]);
    if (voice.ended || window.fenshen.line === null) done(rows); else requestAnimationFrame(look);
  };
  look();
})"""


@contextmanager
def shown(folder: Path, width: int, height: int, *, mobile: bool = False) -> Iterator[Browser]:
    """The speaking page in a browser, drawn."""
    page = folder / "report.html"
    page.write_bytes(speaking())
    with Browser(width, height) as browser:
        if mobile:
            browser.size(width, height, mobile=True)
        browser.open(page)
        browser.until("document.body.dataset.drawn")
        yield browser


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium")
def test_a_click_on_a_line_plays_its_sound_and_moves_the_lips_until_it_ends(tmp_path: Path) -> None:
    """The clip once stayed faded out while its sound played: the mixer was given no time, so lips never moved."""
    with shown(tmp_path, 500, 400) as browser:
        # Only the spoken clip opens the mouth: what is seen of it is not idle's.
        browser.ask(
            "window.fenshen.mixer.stopAllAction(), window.fenshen.action = null, window.fenshen.morphs[0].morphTargetInfluences.fill(0)"
        )
        browser.click('[data-line="hello"]')
        browser.until("window.fenshen.voice.currentTime > 0")
        assert browser.ask("document.getElementById('caption').textContent") == "Hello <there>"
        rows = browser.ask(_RECORD)
    assert max(at for at, _ in rows) == pytest.approx(1.0, abs=0.05)
    assert max(jaw for _, jaw in rows) == pytest.approx(0.5, abs=0.01)


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium")
def test_a_question_gets_the_nearest_reply_and_a_stranger_the_fallback(tmp_path: Path) -> None:
    with shown(tmp_path, 500, 400) as browser:
        for question, why in (("So who are you", "closest known question: who are you"), ("Any dragons", "no known question is near")):
            browser.ask(f"document.getElementById('question').value = {question!r}")
            browser.click("#ask button")
            assert browser.ask("document.querySelector('#reply small').innerText").strip() == why


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium")
def test_the_page_is_no_wider_than_a_phone(tmp_path: Path) -> None:
    with shown(tmp_path, 390, 844, mobile=True) as browser:
        assert browser.ask("document.documentElement.scrollWidth") == 390


def test_the_sliders_of_the_page_cover_every_morph() -> None:
    groups = (Path(__file__).parents[2] / "flows" / "report" / "faces.js").read_text("utf-8")
    patterns = re.findall(r"/(\^[^/]+)/\]", groups)
    assert [name for name in MORPHS_67 if sum(bool(re.search(p, name)) for p in patterns) != 1] == []


def test_what_stages_warn_of_and_what_did_not_run_is_in_the_open():
    told = {
        **MANIFEST,
        "checks": [
            {"code": "rig/soles", "ok": True, "message": "stands"},
            {"code": "engine/blender", "ok": True, "message": "not run: no Blender", "ran": False},
        ],
        "warnings": [{"stage": "motion", "message": "reach.mp4: the video is cut off <"}],
    }
    page = _gates(told)
    assert "Quality gates · 1 of 1" in page
    shown, _, folded = page.partition("<details")
    assert "not run: no Blender" in shown
    assert "motion: reach.mp4: the video is cut off &lt;" in shown
    assert "stands" in folded
