"""The explore page in a real Chromium: sliders, undo, mixing, neighbours, writing, both languages, and a phone's screen."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assets.paths import get_baked_path
from assets.spec.read import read_spec
from bench.browser import Browser
from flows.explore.app import create_app
from flows.explore.document import Document
from flows.live.access import Access
from flows.live.server import make_server, open_listener
from flows.pipeline.spec_choices import collect_spec_choices
from stages.verify.gates.engines import find_chromium

PHONE = (390, 844)
HOSTILE = '<img src=x onerror="document.body.dataset.bad=1">{{ 7*7 }}'
BALD = {"hair": "none", "beard": "none", "outfit": "female_casualsuit01", "shoes": "shoes03"}
"""Dressing takes most of an exact portrait."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed"),
    pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first"),
]


@dataclass(frozen=True)
class Running:
    address: str
    folder: Path

    def post(self, path: str, body: object, **headers: str) -> tuple[int, bytes]:
        """Status and body of a request from outside of the page."""
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json", **headers})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("explore")
    document = Document(folder, {"name": HOSTILE, "seed": 3, "groom": BALD})
    served = make_server(create_app(document, Access()))
    listener = open_listener("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: asyncio.run(served.serve(sockets=[listener])), daemon=True)
    thread.start()
    listener.listen()
    yield Running(f"http://127.0.0.1:{listener.getsockname()[1]}", folder)
    served.should_exit = True
    thread.join(60)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as running:
        yield running


def show(browser: Browser, server: Running, size: tuple[int, int] = (1280, 900)) -> None:
    browser.resize(*size, mobile=size == PHONE)
    browser.open(server.address)
    wait_for(browser, "document.body.dataset.drawn && document.body.dataset.resolved")


def wait_for(browser: Browser, condition: str, attempts: int = 5) -> None:
    """A first portrait takes five seconds of a free core, and minutes on a busy machine; the browser answers within two minutes."""
    for left in reversed(range(attempts)):
        try:
            browser.wait_for(condition, seconds=80)
            return
        except AssertionError:
            if not left:
                raise


def move_slider(browser: Browser, field: str, value: float) -> None:
    browser.evaluate(f"""(() => {{
      const input = document.querySelector('[data-field="{field}"]');
      input.value = {value};
      for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind, {{bubbles: true}}));
    }})()""")


def count_drawn(browser: Browser) -> int:
    return int(browser.evaluate("Number(document.body.dataset.drawn)"))


def test_a_slider_draws_another_portrait_and_can_be_undone_and_redone(browser: Browser, server: Running) -> None:
    show(browser, server)
    before = count_drawn(browser)
    move_slider(browser, "identity.axes.nose_width", 0.8)
    wait_for(browser, f"Number(document.body.dataset.drawn) > {before}")
    assert browser.evaluate("window.fenshenExplore.fields") == {"identity.axes.nose_width": 0.8}
    browser.click("#undo")
    assert browser.evaluate("window.fenshenExplore.fields") == {}
    wait_for(browser, "document.querySelector('[data-field=\"identity.axes.nose_width\"]').value === '0'")
    browser.click("#redo")
    assert browser.evaluate("window.fenshenExplore.fields") == {"identity.axes.nose_width": 0.8}
    assert browser.evaluate("document.getElementById('redo').disabled")


def test_the_exact_portrait_and_the_neighbours_follow(browser: Browser, server: Running) -> None:
    show(browser, server)
    wait_for(browser, "document.body.dataset.exact === 'yes' && document.querySelectorAll('#neighbours img').length === 6")
    browser.click("#neighbours button:nth-child(2)")
    people = browser.evaluate("window.fenshenExplore.fields['identity.mix']")
    assert next(person.get("seed") for person in people) == 3
    assert len(people) == 2
    wait_for(browser, "document.querySelectorAll('#mix li').length === 2")


def test_people_are_mixed_and_taken_out_again(browser: Browser, server: Running) -> None:
    show(browser, server)
    browser.evaluate("document.querySelector('#mix').closest('details').open = true")
    browser.evaluate("document.getElementById('mix-person').value = 'kofi'")
    browser.click("#mix-add")
    wait_for(browser, "document.querySelectorAll('#mix li').length === 2")
    assert browser.evaluate("window.fenshenExplore.fields['identity.mix']") == [{"seed": 3, "weight": 1}, {"preset": "kofi", "weight": 1}]
    wait_for(browser, "Number(document.querySelector('[data-field=\"identity.age\"]').value) === 45")
    browser.click("#mix li:first-child button")
    wait_for(browser, "document.querySelectorAll('#mix li').length === 1")


def test_the_spec_is_written_once_and_overwritten_only_on_demand(browser: Browser, server: Running) -> None:
    show(browser, server)
    move_slider(browser, "identity.axes.lips", 0.5)
    browser.evaluate("document.getElementById('file').value = 'found.yaml'")
    browser.click("#write")
    wait_for(browser, "document.getElementById('written').textContent.includes('fenshen build found.yaml')")
    assert read_spec(str(server.folder / "found.yaml"), constraints=collect_spec_choices()).spec.identity.axes == {"lips": 0.5}
    browser.click("#write")
    wait_for(browser, "document.getElementById('problem').textContent.includes('found.yaml already exists')")
    browser.click("#overwrite")
    browser.click("#write")
    wait_for(browser, "document.getElementById('written').textContent.includes('found.yaml')")


def test_the_page_speaks_both_languages(browser: Browser, server: Running) -> None:
    show(browser, server)
    name = "getComputedStyle(document.querySelector('#neighbours-name .{}')).display"
    browser.click("[data-language='zh-CN']")
    assert browser.evaluate("document.documentElement.lang") == "zh-CN"
    assert (browser.evaluate(name.format("en")), browser.evaluate(name.format("zh"))) == ("none", "inline")
    browser.click("[data-language='en']")
    assert browser.evaluate(name.format("zh")) == "none"


def test_a_phones_screen_is_wide_enough_and_its_buttons_large_enough(browser: Browser, server: Running) -> None:
    show(browser, server, PHONE)
    browser.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert browser.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    small = browser.evaluate("""[...document.querySelectorAll('button, input:not([type=range]):not([type=checkbox]), select')]
      .filter((one) => one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 40).map((one) => one.id)""")
    assert small == []


def test_a_hostile_name_is_only_text(browser: Browser, server: Running) -> None:
    show(browser, server)
    assert browser.evaluate("document.body.dataset.bad") is None
    assert "{{ 7*7 }}" in browser.evaluate("document.querySelector('h1').textContent")


def test_other_sites_forms_and_machines_are_refused(server: Running) -> None:
    assert server.post("/write", {"fields": {}, "file": "x.yaml"}, Origin="https://evil.example")[0] == 403
    assert server.post("/write", {"fields": {}, "file": "x.yaml"}, Host="evil.example")[0] == 403
    assert server.post("/write", {"fields": {}, "file": "x.yaml"}, **{"Content-Type": "text/plain"})[0] == 403
    assert not (server.folder / "x.yaml").exists()


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"fields": {"identity.axes.nose": 1}}, 422, "unknown axis 'nose'; did you mean nose_"),
        ({"fields": []}, 422, "the request is not an object with fields"),
        ({"fields": {"name": "x" * 200_000}}, 422, "the request has more than 100000 bytes"),
        ({"fields": {"persona.model": "/etc"}}, 422, "persona.model is not a field of the page"),
    ],
)
def test_a_wrong_request_is_one_sentence(server: Running, body: object, status: int, sentence: str) -> None:
    found, text = server.post("/portrait", body)
    assert found == status
    assert sentence in json.loads(text)["findings"][0]["message"]
