"""The live page in a real Chromium: it connects, answers, shows its words, comes back after a loss, and fits a phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.browser import Browser

sys.path.insert(0, str(Path(__file__).parent))
from live_bundle import HOURS, Running, run_live, write_live_bundle

from assets.paths import get_node_modules
from flows.live.services import LiveOptions
from stages.verify.gates.engines import find_chromium

AXE = get_node_modules() / "axe-core" / "axe.min.js"
PHONE = (390, 844)
HOSTILE = "<img src=x onerror=\"document.body.dataset.hacked='yes'\"></script>{{ 7*7 }}"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser(flags=("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with run_live([write_live_bundle(tmp_path_factory.mktemp("live") / "ada")]) as running:
        yield running


def show(browser: Browser, address: str, size: tuple[int, int] = (1280, 800)) -> Browser:
    """Opens the page at that size and waits until it is connected."""
    browser.resize(*size, mobile=size == PHONE)
    browser.open(f"{address}/talk/ada")
    browser.wait_for("document.body.dataset.connected && document.body.dataset.drawn")
    return browser


def ask(browser: Browser, question: str) -> None:
    browser.evaluate(f"document.getElementById('question').value = {question!r}")
    browser.click("#ask .main")


def test_a_typed_question_is_answered_with_sound_words_and_the_lines_clip(browser: Browser, server: Running) -> None:
    show(browser, server.address)
    ask(browser, "When do you open?")
    browser.wait_for("window.fenshenLive.events.some((event) => event.kind === 'ended')")
    kinds = browser.evaluate("window.fenshenLive.events.map((event) => event.kind)")
    assert [kind for kind in kinds if kind in ("answer", "segment", "started", "ended")] in (
        ["answer", "segment", "started", "ended"], ["segment", "answer", "started", "ended"],
    )  # fmt: skip
    assert browser.evaluate("document.querySelector('#log .figure').textContent") == HOURS
    browser.wait_for("document.body.dataset.state === 'idle'")


def test_what_a_person_types_is_no_markup(browser: Browser, server: Running) -> None:
    show(browser, server.address)
    ask(browser, HOSTILE)
    browser.wait_for("document.querySelector('#log .figure')")
    assert browser.evaluate("document.querySelector('#log .person').textContent") == HOSTILE
    assert browser.evaluate("document.body.dataset.hacked ?? null") is None


def test_an_answer_out_of_a_document_names_its_place(browser: Browser, tmp_path: Path) -> None:
    with run_live([write_live_bundle(tmp_path / "ada", quoted=True)]) as running:
        show(browser, running.address)
        ask(browser, "What does a ticket cost?")
        browser.wait_for("document.querySelector('#log .source')")
        assert browser.evaluate("document.querySelector('#log .source .en').textContent") == "From <b>prices</b>.csv, row 4"
        assert browser.evaluate("document.querySelector('#log .source .zh').textContent") == "出自 <b>prices</b>.csv，第 4 条"
        ask(browser, "When do you open?")
        browser.wait_for("document.querySelectorAll('#log .figure').length === 2")
        assert browser.evaluate("document.querySelectorAll('#log .source').length") == 1


def test_the_microphones_sound_reaches_the_server(browser: Browser, server: Running) -> None:
    """Chromium's fake microphone beeps, which is no speech: sound arrives, and nobody is answered."""
    show(browser, server.address)
    browser.click("#microphone")
    browser.wait_for("document.getElementById('microphone').getAttribute('aria-pressed') === 'true'")
    assert browser.evaluate("document.querySelectorAll('#log p').length") == 0
    browser.click("#microphone")
    browser.wait_for("document.getElementById('microphone').getAttribute('aria-pressed') === 'false'")


def test_a_lost_connection_comes_back_with_its_memory(browser: Browser, server: Running) -> None:
    show(browser, server.address)
    ask(browser, "When do you open?")
    browser.wait_for("window.fenshenLive.events.some((event) => event.kind === 'ended')")
    server.cut_connections()
    browser.wait_for("window.fenshenLive.events.filter((event) => event.kind === 'open').length === 2")
    assert browser.evaluate("window.fenshenLive.events.filter((event) => event.kind === 'open')[1].resumed") is True


@pytest.mark.parametrize("size", [(1280, 800), PHONE])
def test_nothing_is_cut_off_and_axe_finds_nothing(browser: Browser, server: Running, size: tuple[int, int]) -> None:
    show(browser, server.address, size)
    width, inner, height, outer = browser.evaluate(
        "[document.documentElement.scrollWidth, innerWidth, document.documentElement.scrollHeight, innerHeight]"
    )
    assert (width, height) == (inner, outer)
    for selector in ("#microphone", "#ask .main", "#question", "[data-language]"):
        box = browser.evaluate(f"document.querySelector({selector!r}).getBoundingClientRect().toJSON()")
        assert box["height"] >= 44, selector
        assert 0 <= box["left"] <= box["right"] <= size[0], selector
        assert 0 <= box["top"] <= box["bottom"] <= size[1], selector
    browser.call("Page.setBypassCSP", enabled=True)
    browser.evaluate(AXE.read_text("utf-8"))
    found = browser.evaluate("axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))")
    assert found == []


def test_where_the_server_records_nothing_is_sent_before_the_person_has_chosen(browser: Browser, tmp_path: Path) -> None:
    with run_live([write_live_bundle(tmp_path / "ada")], LiveOptions(record=tmp_path / "talks")) as running:
        browser.resize(*PHONE, mobile=True)
        browser.open(f"{running.address}/talk/ada")
        browser.wait_for("document.getElementById('consent').open")
        assert running.services.clients.count == 0
        browser.click("#consent [value=decline]")
        browser.wait_for("document.body.dataset.connected")
        ask(browser, "When do you open?")
        browser.wait_for("document.querySelector('#log .figure')")
        assert not (tmp_path / "talks").exists()
