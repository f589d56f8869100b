"""The page as a user meets it: the avatar moves and speaks, nothing overlaps, and axe-core finds nothing to object to."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from report_bundle import CHINESE, ENGLISH, HOSTILE, build_files, build_manifest

from assets.paths import get_node_modules
from bench.browser import Browser
from flows.report import render_report
from stages.verify.gates.engines import find_chromium

AXE = get_node_modules() / "axe-core" / "axe.min.js"
DESKTOP, PHONE = (1280, 800), (390, 844)
TEXTS = {"en": ENGLISH, "zh": CHINESE}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as running:
        yield running


def show(
    browser: Browser,
    folder: Path,
    size: tuple[int, int] = DESKTOP,
    *,
    text: str | None = None,
    language: str = "en",
    motion: str = "reduce",
) -> None:
    """Opens the report at that size and waits until the avatar is drawn; without motion the renderer rests, which keeps a CPU free."""
    page = folder / "report.html"
    words = text or TEXTS[language]
    page.write_bytes(render_report(build_files(words, language), build_manifest(words)))
    browser.resize(*size, mobile=size == PHONE)
    browser.prefer(prefers_reduced_motion=motion)
    browser.open(page)
    browser.wait_for("document.body.dataset.drawn")


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Browser:
    """The English report on a desktop."""
    show(browser, tmp_path)
    return browser


def read_pressed(browser: Browser, selector: str) -> str:
    pressed: str = browser.evaluate(f"document.querySelector('{selector}').getAttribute('aria-pressed')")
    return pressed


# The avatar


def test_three_js_loads_every_mesh_morph_and_clip(page: Browser) -> None:
    assert page.evaluate("document.body.dataset.loaded") == "1,67,2"


_RECORD = """new Promise((done) => {
  const rows = [], { voice, morphs } = window.fenshen, jaw = morphs[0].morphTargetDictionary.jawOpen;
  const look = () => {
    rows.push([voice.currentTime, morphs[0].morphTargetInfluences[jaw]]);
    if (voice.ended || window.fenshen.line === null) done(rows); else requestAnimationFrame(look);
  };
  look();
})"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_click_on_a_line_plays_its_sound_and_moves_the_lips_until_it_ends(browser: Browser, tmp_path: Path, motion: str) -> None:
    """The clip once stayed faded out while its sound played: the mixer was given no time, so lips never moved."""
    show(browser, tmp_path, (500, 400), motion=motion)
    # Only the spoken clip opens the mouth: what is seen of it is not idle's.
    browser.evaluate(
        "window.fenshen.mixer.stopAllAction(), window.fenshen.action = null, window.fenshen.morphs[0].morphTargetInfluences.fill(0)"
    )
    browser.click('[data-line="hello"]')
    browser.wait_for("window.fenshen.voice.currentTime > 0")
    assert browser.evaluate("document.getElementById('caption').textContent") == ENGLISH
    assert read_pressed(browser, '[data-line="hello"]') == "true"
    rows = browser.evaluate(_RECORD)
    assert max(at for at, _ in rows) == pytest.approx(1.0, abs=0.05)
    assert max(jaw for _, jaw in rows) == pytest.approx(0.5, abs=0.01)
    browser.wait_for("document.querySelector('[data-line=\"hello\"]').getAttribute('aria-pressed') === 'false'")


def test_a_question_gets_the_nearest_reply_and_an_unknown_one_the_fallback(page: Browser) -> None:
    answers = (("So who are you", "Closest known question: Who are you?"), ("Any dragons", "No known question is close to this one."))
    for question, why in answers:
        page.evaluate(f"document.getElementById('question').value = {question!r}")
        page.click("#ask button")
        assert page.evaluate("document.querySelector('#reply .why').innerText").strip() == why


def test_a_passage_is_spoken_with_its_file_and_page(browser: Browser, tmp_path: Path) -> None:
    """The name of a file is text: neither markup nor a template."""
    name = "<b>{number}</b> rules.pdf"
    files = build_files()
    dialogue = json.loads(files["dialogue.json"])
    passage = {"id": "passage_001", "text": "The lamp room closes in storms.", "language": "en", "source": {"file": name, "page": 3}}
    dialogue["lines"].append(passage)
    files["dialogue.json"] = json.dumps(dialogue).encode()
    page = tmp_path / "report.html"
    page.write_bytes(render_report(files, build_manifest()))
    browser.resize(*DESKTOP, mobile=False)
    browser.prefer(prefers_reduced_motion="reduce")
    browser.open(page)
    browser.wait_for("document.body.dataset.drawn")
    browser.evaluate("document.getElementById('question').value = 'The lamp room closes in storms?'")
    browser.click("#ask button")
    shown = "document.querySelector('{} .source .en').textContent"
    assert browser.evaluate("document.querySelector('#reply p').textContent") == passage["text"]
    assert browser.evaluate(shown.format("#reply")) == f"{name}, page 3"
    assert browser.evaluate(shown.format('[data-line="passage_001"]')) == f"{name}, page 3"


def test_hostile_text_is_shown_and_never_run(browser: Browser, tmp_path: Path) -> None:
    text = " ".join(HOSTILE)
    show(browser, tmp_path, text=text)
    browser.click('[data-line="hello"]')
    browser.click("#examples button")
    assert browser.evaluate("document.body.dataset.hacked ?? null") is None
    for selector in ("h1", ".greeting", "#caption", "#reply p", ".line .text", "#examples button", ".warnings li span"):
        assert text in browser.evaluate(f"document.querySelector('{selector}').textContent"), selector


# Its controls


def test_the_keyboard_turns_and_zooms_the_view(page: Browser) -> None:
    position = "window.fenshen.scene.camera.position.toArray()"
    page.evaluate("document.querySelector('#view canvas').focus()")
    for key in ("ArrowLeft", "ArrowUp", "+"):
        last = page.evaluate(position)
        page.press_key(key)
        page.wait_for(f"{position}.some((value, i) => Math.abs(value - {last}[i]) > 0.01)")


def test_less_motion_means_a_still_avatar_and_still_pictures_until_the_user_plays_them(page: Browser) -> None:
    assert read_pressed(page, "#pause") == "true"
    assert page.evaluate("document.querySelector('.pictures figure:last-child img').src.startsWith('data:image/png')")
    page.click(".pictures button")
    assert page.evaluate("document.querySelector('.pictures figure:last-child img').src.startsWith('data:image/webp')")
    page.click("#pause")
    page.wait_for("window.fenshen.action.time > 0")
    assert read_pressed(page, "#pause") == "false"


def test_the_avatar_moves_at_once_where_the_user_does_not_mind(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, (500, 400), motion="no-preference")
    assert read_pressed(browser, "#pause") == "false"
    browser.wait_for("window.fenshen.action.time > 0")
    browser.click("#pause")
    stopped = browser.evaluate("window.fenshen.action.time")
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert browser.evaluate("window.fenshen.action.time") == stopped


def test_buttons_say_whether_they_are_pressed(page: Browser) -> None:
    for group, value in (("data-view", "body"), ("data-mood", "happy"), ("data-clip", "idle")):
        page.click(f'[{group}="{value}"]')
        assert read_pressed(page, f'[{group}="{value}"]') == "true"
        assert page.evaluate(f"document.querySelectorAll('[{group}][aria-pressed=true]').length") == 1


def test_a_switch_of_the_language_changes_labels_and_tag_but_not_the_lines(page: Browser) -> None:
    assert page.evaluate("document.getElementById('quality-title').innerText") == "Quality gates"
    page.click('[data-language="zh-CN"]')
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.evaluate("document.getElementById('quality-title').innerText") == "质量检查"
    assert page.evaluate("document.querySelector('.line .text').lang") == "en"
    assert read_pressed(page, '[data-language="en"]') == "false"


# Its layout

_OPEN_ALL = """(() => {
  for (const details of document.querySelectorAll('details')) details.open = true;
  window.fenshen.voice.loop = true; // the caption stays
  document.querySelector('#examples button').click();
})()"""

_OVERLAPS = """((top) => new Promise((done) => {
  scrollTo({ top: top * document.documentElement.scrollHeight, behavior: 'instant' });
  requestAnimationFrame(() => {
    const boxes = [...document.querySelectorAll('header, footer, main section, main .card, main figure, main dl, main table')]
      .filter((element) => element.checkVisibility()).map((element) => [element, element.getBoundingClientRect()])
      .filter(([, box]) => box.width > 1 && box.height > 1);
    const name = (element) => element.id || element.className || element.tagName;
    const found = [];
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left), tall = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (!a.contains(b) && !b.contains(a) && wide > 1 && tall > 1) found.push(`${name(a)} / ${name(b)}`);
    }));
    done(found);
  });
}))"""

_OVERFLOWS = """[...document.querySelectorAll('body *:not(.visually-hidden, .visually-hidden *)')].filter((element) => {
  const box = element.getBoundingClientRect();
  return box.width > 1 && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map((element) => element.outerHTML.slice(0, 120))"""

_NARROW = """[...document.querySelectorAll('#stages .number')].filter((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return range.getBoundingClientRect().height > 1.8 * parseFloat(getComputedStyle(cell).fontSize);
}).map((cell) => cell.innerText)"""

_SMALL = """[...document.querySelectorAll('a, button, summary, input')].filter((element) => {
  const box = element.getBoundingClientRect();
  return element.checkVisibility() && (box.width < 44 || box.height < 44);
}).map((element) => element.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_nothing_overlaps_or_runs_off_the_page_and_every_control_is_large_enough(
    browser: Browser, tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    """At 1280 x 800 the sticky viewer covered gates and licences; at 390 seconds of a stage wrapped after each digit."""
    show(browser, tmp_path, size, language=language)
    for state in ("closed", "open"):
        if state == "open":
            browser.evaluate(_OPEN_ALL)
        for top in (0, 0.15, 0.3, 0.5, 0.75, 1):
            assert browser.evaluate(f"{_OVERLAPS}({top})") == [], (state, top)
        assert browser.evaluate("document.documentElement.scrollWidth") == size[0]
        assert browser.evaluate(_OVERFLOWS) == []
        assert browser.evaluate(_NARROW) == []
        assert browser.evaluate(_SMALL) == []


def test_text_without_a_space_wraps_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, PHONE, text=80 * "W")
    browser.evaluate(_OPEN_ALL)
    assert browser.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert browser.evaluate(_OVERFLOWS) == []


# Its accessibility

_VIOLATIONS = """axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map((rule) => [rule.id, rule.help, ...rule.nodes.map((node) => `${node.target}: ${node.failureSummary}`)]))"""


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: run `fenshen bake`")
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_no_violation_in_light_and_dark(browser: Browser, tmp_path: Path, language: str, size: tuple[int, int]) -> None:
    show(browser, tmp_path, size, language=language)
    browser.evaluate(AXE.read_text("utf-8") + "; null")
    found: dict[str, Any] = {}
    for scheme in ("light", "dark"):
        browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        found[scheme] = browser.evaluate(_VIOLATIONS)
    browser.evaluate(_OPEN_ALL)
    found["dark, all open"] = browser.evaluate(_VIOLATIONS)
    browser.prefer(prefers_color_scheme="light", prefers_reduced_motion="reduce")
    found["light, all open"] = browser.evaluate(_VIOLATIONS)
    assert [rule for rules in found.values() for rule in rules] == []


_HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4')].filter((h) => h.offsetParent).map((h) => +h.tagName[1])"


def test_headings_descend_one_level_at_a_time(page: Browser) -> None:
    levels = page.evaluate(_HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_focus_is_seen(page: Browser) -> None:
    page.press_key("Tab")
    for selector in (".skip", ".top nav a", "button", "#view canvas", "#question", "summary"):
        page.evaluate(f"document.querySelector('{selector}').focus({{ focusVisible: true }})")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px", selector
