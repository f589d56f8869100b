"""Requests that need no portrait: the page itself, texts, and who may ask."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from starlette.testclient import TestClient

from flows.explore import app as explore
from flows.explore.document import Document
from flows.explore.labels import LABELS
from flows.live.access import Access


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A client of the application, whose studio stays closed."""
    explore.has_describe.cache_clear()
    yield TestClient(explore.create_app(Document(tmp_path), Access()), base_url="http://127.0.0.1:8770")
    explore.has_describe.cache_clear()


def install_describe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that reads texts as that of the describe stage does."""
    module = ModuleType("text_reader_of_this_test")
    module.describe = lambda text, *, seed: SimpleNamespace(  # type: ignore[attr-defined]
        fields={"identity.age": 60 + seed, "persona.manner": "warm", "voice.model": "/etc"}, ignored=(text.split()[-1],)
    )
    module.__spec__ = SimpleNamespace(name=module.__name__)  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(explore, "DESCRIBE", module.__name__)


def test_a_text_becomes_the_fields_that_the_page_may_set(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    install_describe(monkeypatch)
    answer = client.post("/describe", json={"text": "an old guide, wibbly", "fields": {"seed": 2}})
    assert answer.json() == {"fields": {"identity.age": 62, "persona.manner": "warm"}, "ignored": ["wibbly"]}
    assert 'id="text"' in client.get("/").text


def test_without_a_reader_of_texts_the_page_has_no_box_for_them(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "DESCRIBE", "no_such_module_here.resolve")
    assert 'id="text"' not in client.get("/").text
    answer = client.post("/describe", json={"text": "an old guide"})
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["message"] == "this installation does not read texts; use the sliders"


def test_the_page_loads_nothing_from_elsewhere_and_has_every_word_twice(client: TestClient) -> None:
    answer = client.get("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert "https://" not in answer.text
    for name in ("undo", "neighbours", "write"):
        assert all(word in answer.text for word in LABELS[name])


def test_what_is_no_json_is_one_sentence(client: TestClient) -> None:
    answer = client.post("/resolved", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.json()["findings"] == [{"code": "explore/request", "message": "the request is not JSON; send a JSON object"}]


def test_half_a_surrogate_pair_is_no_json(client: TestClient) -> None:
    half = rb'{"fields": {"name": "\ud800"}, "file": "half.yaml"}'
    answer = client.post("/write", content=half, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


@pytest.mark.parametrize("seed", [-1, 2**32, "x"])
def test_a_text_with_an_impossible_seed_is_read_with_the_first_one(client: TestClient, seed: object) -> None:
    first = client.post("/describe", json={"text": "a man", "fields": {"seed": 1}})
    assert client.post("/describe", json={"text": "a man", "fields": {"seed": seed}}).json() == first.json()


def test_other_names_of_this_machine_are_refused(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
    assert client.get("/", headers={"Origin": "https://evil.example"}).status_code == 403
