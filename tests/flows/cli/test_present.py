"""`fenshen present`: a film from a bundle and a script, and one sentence where there can be none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assets.formats.wav import export_wav
from tests.flows.cli.command import invoke, run_fenshen
from tests.flows.talk_bundle import write_talk_bundle


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle; its own store."""
    monkeypatch.setattr("flows.pipeline.request.get_home", lambda: tmp_path / "home")
    write_talk_bundle(tmp_path / "ada")
    return tmp_path


def count_frames(film: Path) -> int:
    import av

    with av.open(str(film)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.slow
def test_a_film_of_a_bundle_with_captions_and_again_from_the_store(home: Path) -> None:
    (home / "talk.md").write_text("# Thank you\n<!-- Goodbye. -->\n\n---\n\n# 再见\n<!-- seconds: 0.4 -->\n", encoding="utf-8")
    words = ("present", str(home / "ada"), str(home / "talk.md"), "-o", str(home / "talk.mp4"), "--height", "90", "--json")
    made = json.loads(invoke(*words).output)
    # Lead 0.6 s, line 0.5 s, tail 0.9 s; then 0.4 s of silence.
    assert (made["ok"], made["slides"], made["new_lines"], made["bundle_lines"], made["seconds"]) == (True, 2, 0, 1, 2.4)
    assert count_frames(home / "talk.mp4") == 60
    assert (home / "talk.srt").read_text("utf-8") == "1\n00:00:00,650 --> 00:00:01,350\nGoodbye.\n"
    first = (home / "talk.mp4").read_bytes()
    assert sorted(path.name for path in home.iterdir()) == ["ada", "home", "talk.md", "talk.mp4", "talk.srt"]
    invoke(*words)
    assert (home / "talk.mp4").read_bytes() == first, "the parts were found, not drawn again"


@pytest.mark.slow
def test_a_recording_without_words_moves_the_mouth_by_loudness(home: Path) -> None:
    (home / "talk.md").write_text("# Hum\n<!-- Humming. -->", encoding="utf-8")
    (home / "hum.wav").write_bytes(export_wav(0.3 * np.sin(np.arange(24_000) / 20), 24_000))
    words = ("present", str(home / "ada"), str(home / "talk.md"), "-o", str(home / "talk.mp4"), "--height", "90")
    text = run_fenshen(*words, "--audio", str(home / "hum.wav"))
    assert "no words that can be read were recognised in hum.wav: the mouth follows its loudness alone" in text
    assert count_frames(home / "talk.mp4") == 25


@pytest.mark.parametrize(("script", "sentence"), [
    ("# 🎉", "talk.md:1: error[script/letter] no font here can draw 🎉 (U+1F389)"),
    ("<!-- open", "talk.md:1: error[script/open-comment] the comment <!-- has no end"),
])  # fmt: skip
def test_a_bad_script_is_one_sentence_and_exit_code_2(script: str, sentence: str, home: Path) -> None:
    (home / "talk.md").write_text(script, encoding="utf-8")
    assert sentence in run_fenshen("present", str(home / "ada"), str(home / "talk.md"), "-o", str(home / "talk.mp4"), code=2)
    assert not (home / "talk.mp4").exists()


@pytest.mark.parametrize(("changed", "sentence"), [
    ({"bundle": "nothing"}, "cannot read manifest.json"), ({"script": "nothing.md"}, "there is no such script"),
    ({"audio": "nothing.wav"}, "there is no such recording"), ({"height": "100"}, "the film cannot have 100 rows"),
])  # fmt: skip
def test_what_is_missing_is_one_sentence(changed: dict[str, str], sentence: str, home: Path) -> None:
    (home / "talk.md").write_text("# A", encoding="utf-8")
    words = ["present", str(home / changed.get("bundle", "ada")), str(home / changed.get("script", "talk.md"))]
    words += ["-o", str(home / "talk.mp4"), "--height", changed.get("height", "90")]
    words += ["--audio", str(home / changed["audio"])] if "audio" in changed else []
    assert sentence in run_fenshen(*words, code=2)


def test_a_machine_without_ffmpeg_is_one_sentence_and_exit_code_4(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "talk.md").write_text("# A", encoding="utf-8")
    monkeypatch.setenv("PATH", str(home))
    text = run_fenshen("present", str(home / "ada"), str(home / "talk.md"), "-o", str(home / "talk.mp4"), code=4)
    assert "film cannot run: the program ffmpeg is not installed" in text
