"""Scripts: what is read of them, and one true sentence with its line for each thing that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.geometry import Image
from assets.errors import SpecError
from stages.present.script import SILENT_S, Script, read_script
from stages.present.slide import draw_slides


def write(folder: Path, text: str) -> Path:
    path = folder / "talk.md"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> Script:
    return read_script(write(folder, text))


def draw(script: Script) -> list[Image]:
    return draw_slides(script, (400, 300), 0.5, lambda path: Image(np.full((40, 80, 3), (255, 0, 0), np.uint8)))


def test_slides_blocks_and_both_kinds_of_notes(tmp_path: Path) -> None:
    script = read(tmp_path, "# One\n\n- a *b* [c](http://d)\n  1. e\n\n<!-- First.\n\nSecond\nrow. -->\n\n---\n\n## Two\n\nNote: Third.\n")
    first, second = script.slides
    assert [(b.kind, b.text, b.level, b.marker) for b in first.blocks] == [
        ("heading", "One", 1, ""), ("item", "a b c", 1, "•"), ("item", "e", 2, "1."),
    ]  # fmt: skip
    assert [(s.text, s.line) for s in first.said] == [("First.", 6), ("Second row.", 8)]
    assert [(b.text, b.line) for b in second.blocks] == [("Two", 13)]
    assert [(s.text, s.line) for s in second.said] == [("Third.", 15)]


def test_front_matter_and_comments_set_how_long_a_silent_slide_stays(tmp_path: Path) -> None:
    script = read(tmp_path, "---\nmarp: true\nseconds: 2\n---\n# A\n\n---\n\n# B\n<!-- seconds: 7.5 -->\n")
    assert [slide.seconds for slide in script.slides] == [2, 7.5]
    assert read(tmp_path, "# A").slides[0].seconds == SILENT_S


def test_settings_of_marp_are_not_said(tmp_path: Path) -> None:
    (slide,) = read(tmp_path, "# A\n<!-- _class: lead\npaginate: true -->\n<!-- Said. -->").slides
    assert [said.text for said in slide.said] == ["Said."]


def test_code_separates_and_says_nothing(tmp_path: Path) -> None:
    (slide,) = read(tmp_path, "```\n---\n<!-- x -->\nNote: y\n```\n").slides
    assert [block.text for block in slide.blocks] == ["---", "<!-- x -->", "Note: y"]
    assert slide.said == ()


def test_markup_of_the_author_is_text(tmp_path: Path) -> None:
    """Nothing of a script runs."""
    (slide,) = read(tmp_path, "<script>alert(1)</script>\n\n{{ 7 * 7 }}").slides
    assert [block.text for block in slide.blocks] == ["<script>alert(1)</script>", "{{ 7 * 7 }}"]


def test_chinese_rows_are_joined_without_a_space(tmp_path: Path) -> None:
    (slide,) = read(tmp_path, "# 一\n<!-- 你好，\n世界。 -->").slides
    assert slide.said[0].text == "你好，世界。"


WRONG = {
    "": "talk.md: error[script/empty] the script has no slide; write a heading, or what is to be said in a comment <!-- ... -->",
    "# A\n\n<!-- never closed\n": "talk.md:3: error[script/open-comment] the comment <!-- has no end; end it with -->",
    "# A\n<!-- seconds: long -->": "talk.md:2: error[script/seconds] seconds is 'long'; write a number from 0.2 to 600",
    "---\nseconds: -1\n---\n# A": "talk.md:2: error[script/seconds] seconds is '-1'; write a number from 0.2 to 600",
    "# A 🎉": "talk.md:1: error[script/letter] no font here can draw 🎉 (U+1F389); write it in another way",
    "# A\n\nNote: ไทย": "talk.md:3: error[script/letter] no font here can draw ไ (U+0E44); write it in another way",
    "# A\n\n![](b.png)": "talk.md:3: error[script/no-picture] b.png: there is no such picture; write its path relative to the script",
    "# A\n\n![](ftp://x)": "talk.md:3: error[script/picture] ftp://x: a picture on the network is not fetched; save it next to the script",
    "# A\n\n![](../b.png)": "talk.md:3: error[script/outside] ../b.png: the picture is outside the script's folder; copy it there",
    "# A\n\n---\n" + "word " * 2000: "talk.md:4: error[script/too-full] the slide has more text than fits; split the slide with ---",
}
"""Script -> the whole sentence."""


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_script_is_one_sentence(text: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        draw(read(tmp_path, text))
    assert str(caught.value).replace(f"{tmp_path}/", "") == WRONG[text]


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, "# 🎉\n\n---\n\n<!-- seconds: x -->\n\n---\n\n<!-- open")
    assert [finding.location.line for finding in caught.value.findings] == [1, 5, 9]


def test_other_files_than_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "talk.md").write_bytes(b"# A\n\xff")
    with pytest.raises(SpecError, match=r"talk.md:2: error\[script/not-utf8\]"):
        read_script(tmp_path / "talk.md")
    with pytest.raises(SpecError, match="there is no such script"):
        read_script(tmp_path)


def test_a_slide_shows_its_text_and_its_picture(tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"read by the loader")
    empty, words, picture = draw(read(tmp_path, "<!-- said -->\n\n---\n\n# 你好 Hello\n\n---\n\n![](b.png)\n"))
    assert np.unique(empty.pixels.reshape(-1, 3), axis=0).shape == (1, 3)
    assert 0.005 < (words.pixels.min(2) < 128).mean() < 0.2
    red = (picture.pixels == (255, 0, 0)).all(2)
    # As wide as the margins leave it, in its own proportions.
    assert red.any(0).sum() == pytest.approx(400 - 44, abs=2)
    assert red.any(1).sum() == pytest.approx((400 - 44) / 2, abs=2)
