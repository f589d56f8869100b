"""report.html is one self-contained page, and no text of a user's, a stage's or a model's is ever markup."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from report_bundle import CHINESE, HOSTILE, build_files, build_manifest

from assets.conventions import MORPHS_67
from flows.report import render_report
from flows.report.contents import count_triangles, read_contents, read_quality
from flows.report.labels import LABELS

FOLDER = Path(__file__).parents[2] / "flows" / "report"


class Outline(HTMLParser):
    """The structure of a page (tags with the names of their attributes), its texts and attribute values."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.structure: list[tuple[str, ...]] = []
        self.values: list[str] = []
        self.attributes: dict[str, list[dict[str, str | None]]] = {}
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, *(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]
        self.attributes.setdefault(tag, []).append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self.structure.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.values.append(data)


def read_payload(page: bytes) -> dict[str, Any]:
    """What the viewer reads."""
    found = re.search(r'<script type="application/json" id="payload">(.*?)</script>', page.decode(), re.DOTALL)
    assert found
    payload: dict[str, Any] = json.loads(found[1])
    return payload


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_no_tag_and_is_shown_as_written(text: str) -> None:
    page, plain = (render_report(build_files(t), build_manifest(t)) for t in (text, "plain"))
    outline = Outline(page)
    assert outline.structure == Outline(plain).structure
    # Title, heading, greeting, alternative text of a picture, gate, warning, stage, model, licence.
    assert sum(text in value for value in outline.values) >= 20
    assert [line["text"] for line in read_payload(page)["dialogue"]["lines"]] == [text] * 12


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_file_name_stays_in_its_attribute(text: str) -> None:
    name = text.replace("/", "∕")
    files = build_files() | {f"previews/{name}.jpg": b"", f"previews/{name}.mp4": b""}
    outline = Outline(render_report(files, build_manifest()))
    assert any(str(image["alt"]).endswith(name) for image in outline.attributes["img"])
    assert any(str(video["aria-label"]).endswith(name) for video in outline.attributes["video"])


def test_templates_switch_escaping_off_nowhere() -> None:
    text = "".join(path.read_text("utf-8") for path in (FOLDER / "templates").iterdir())
    assert not re.search(r"\|\s*safe|autoescape|Markup", text)


def test_the_page_loads_nothing() -> None:
    page = render_report(build_files(), build_manifest()).decode()
    assert not re.search(r'(src|href|srcset|url)\s*[=(]\s*["\']?(https?:)?//', page.partition('<script type="application/json"')[0])


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh", "zh-CN")])
def test_the_language_of_the_page_is_the_persona_s(language: str, tag: str) -> None:
    outline = Outline(render_report(build_files(CHINESE, language), build_manifest(CHINESE)))
    assert outline.attributes["html"] == [{"lang": tag}]
    pressed = {button["data-language"]: button["aria-pressed"] for button in outline.attributes["button"] if "data-language" in button}
    assert pressed == {"en": str(tag == "en").lower(), "zh-CN": str(tag != "en").lower()}


def test_pictures_have_alternative_texts_in_the_language_of_the_page_and_faces_come_first() -> None:
    pages = (render_report(build_files(language=language), build_manifest("Lin")) for language in ("en", "zh"))
    english, chinese = ([image["alt"] for image in Outline(page).attributes["img"]] for page in pages)
    assert english == ["Lin: Portrait", "Lin: Speaking", "Lin: Full figure", "Lin: Waving", "Lin: Turntable"]
    assert chinese == ["Lin: 肖像", "Lin: 说话", "Lin: 全身", "Lin: 挥手", "Lin: 环绕展示"]


def test_a_bundle_without_dialogue_previews_and_rights_leaves_their_sections_out() -> None:
    files = {"avatar.glb": build_files()["avatar.glb"]}
    contents = read_contents(files, {}, {"name": "Kofi"})
    assert contents.sections == ("avatar",)
    assert b"Kofi" in render_report(files, {"name": "Kofi"})


def test_gates_are_grouped_by_result_and_those_that_did_not_run_count_for_nothing() -> None:
    quality = read_quality(build_manifest())
    assert [row.result for row in quality.rows] == ["failed", "allowed", "skipped", "passed"]
    assert quality.ran == 3
    assert quality.failed[0].measured == "0.02 / 0.01"


def test_failed_and_skipped_gates_and_warnings_are_shown_and_passed_ones_folded() -> None:
    page = render_report(build_files(), build_manifest()).decode()
    section = page[page.index('<section class="block" id="quality"') : page.index('<section class="block" id="build"')]
    shown, _, folded = section.partition("<details")
    assert re.findall(r"rig/soles-\d", shown) == ["rig/soles-1", "rig/soles-2", "rig/soles-3"]
    assert re.findall(r"rig/soles-\d", folded) == ["rig/soles-0"]
    assert "<code>motion</code>" in shown
    assert "2 of 3 gates that ran failed." in shown


def test_cached_stages_cost_nothing() -> None:
    contents = read_contents(build_files(), {}, build_manifest())
    assert contents.work_s == pytest.approx(10.25 * sum(range(1, 14)))
    assert contents.stages[-1].share == 100


def test_triangles_are_counted_over_all_meshes() -> None:
    assert count_triangles(build_files()["avatar.glb"]) == 1


def test_the_sliders_of_the_page_cover_every_morph_once() -> None:
    patterns = re.findall(r"/(\^[^/]+)/\]", (FOLDER / "faces.js").read_text("utf-8"))
    assert [name for name in MORPHS_67 if sum(bool(re.search(p, name)) for p in patterns) != 1] == []


def test_every_label_is_in_both_languages_with_the_same_fields() -> None:
    for key, label in LABELS.items():
        assert label.en, key
        assert sorted(re.findall(r"\{\w+\}", label.en)) == sorted(re.findall(r"\{\w+\}", label.zh)), key
        assert re.search("[\u4e00-\u9fff]", label.zh), key


def test_every_label_that_the_viewer_uses_exists() -> None:
    scripts = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.js"))
    used = set(re.findall(r"label\('(\w+)'", scripts)) | set(re.findall(r"'(\w+_nearest|nearest)'", scripts))
    used |= {f"group_{name}" for name in re.findall(r"\['(\w+)', /\^", scripts)}
    used |= {f"mood_{name}" for name in re.findall(r"^  (\w+): [{p]", scripts, re.MULTILINE) if f"mood_{name}" in LABELS}
    assert used >= {"nearest", "no_nearest", "seconds", "group_brows", "mood_happy", "pause_picture"}
    assert used <= set(LABELS)
