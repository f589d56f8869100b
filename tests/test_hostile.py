"""Specs, media and model folders of a stranger: one true sentence and an exit code; nothing is run, fetched, or changed elsewhere."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flows.cli.command import invoke
from tests.flows.cli.conftest import empty_home as empty_home

pytestmark = pytest.mark.slow

Make = Callable[[Path], object]
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0isommp42"


@pytest.fixture
def folder(tmp_path: Path, empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stranger's folder, which is also the current one; afterwards no address was looked up and no other file has changed."""
    lookups: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **_: lookups.append(arguments) or [])
    home, mine = tmp_path / "user", tmp_path / "stranger"
    for path in (home, mine):
        path.mkdir()
    (home / "private.txt").write_text("my own")
    (tmp_path / "secret.txt").write_text("a secret")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(mine)
    yield mine
    assert lookups == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "secret.txt", "stranger", "user"]
    assert {path.name for path in home.iterdir()} <= {"private.txt", ".cache", ".config"}  # the last two are of libraries
    assert (home / "private.txt").read_text() == "my own"
    assert not list(tmp_path.rglob("RAN"))
    assert not [path for path in (empty_home / "store").rglob("*.json") if "a secret" in path.read_text()]


def write_spec(folder: Path, **sections: object) -> Path:
    """A spec in JSON, which is YAML too, so that every character can be written."""
    spec = folder / "spec.json"
    spec.write_text(json.dumps({"name": "Tiny", **sections}))
    return spec


def build(spec: Path, only: str, code: int) -> list[str]:
    """The lines that `fenshen build --only` prints."""
    lines = invoke("build", str(spec), "--only", only, "--out", str(spec.parent / "out"), code=code).output.splitlines()
    return [line for line in lines if line.strip()]


def refuse(spec: Path, only: str, sentence: str) -> None:
    """The build ends with exit code 2 and with this one sentence."""
    lines = [line for line in build(spec, only, 2) if not line.startswith(f"{only}: failed after ")]
    assert len(lines) == 1
    assert sentence in lines[0]
    assert all(character.isprintable() for character in lines[0])


# --- names --------------------------------------------------------------------------------------------------------------------------

HIDDEN = [
    "A\u202eda",
    "Ada\u200b",
    "\ufeffAda",
    "A\u2066da\u2069",
    "Ad\u200da",
    "A\u00adda",
    "Ada\U000e0041",
    "A\u2028da",
    "\u3164",
    "A\u0085",
    "\u2800",
    "A\ufe0fda",
    "A\u034fda",
    "Ada\U000e0100",
    "\u17b4",
]


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_with_a_hidden_character_is_refused(folder: Path, name: str) -> None:
    """U+202E turns what follows around: `report[U+202E]lmth.exe` is shown as `reportexe.html`."""
    refuse(write_spec(folder, name=name), "identity", "name: expected text without the invisible character U+")


TEMPLATES = [
    "{job.__init__.__globals__[logging].os.environ}",
    "Ada {the Great}", "{name!r:>2000}", "{", "%s %n %(x)s", "$(touch RAN)", "`touch RAN`",
    "'; touch RAN; '", "[link=file:x]y", "[bold]", "<script>alert(1)", "{{ 7*7 }}", "-rf", "~root", "..Ada",
    "علی\u200cرضا", "👩\u200d💻", "❤\ufe0f Ada", "1\ufe0f\u20e3",
]  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_name_is_only_ever_a_name(folder: Path, name: str) -> None:
    """No template, markup, shell word or option: it is built like any other."""
    assert build(write_spec(folder, name=name), "identity", 0)[-1].endswith("(made)")


# --- paths --------------------------------------------------------------------------------------------------------------------------


def link_to_secret(folder: Path) -> None:
    (folder / "x.mp4").symlink_to(folder.parent / "secret.txt")


PATHS: list[tuple[str, Make, str]] = [
    ("../secret.txt", bool, "../secret.txt is outside the spec's folder"),
    ("/etc/passwd", bool, "/etc/passwd is outside the spec's folder"),
    ("/dev/zero", bool, "/dev/zero is outside the spec's folder"),
    ("~/private.txt", bool, "there is no file ~/private.txt"),
    ("file:///etc/passwd", bool, "there is no file file:///etc/passwd"),
    ("http://a.example/x.mp4", bool, "there is no file http://a.example/x.mp4"),
    ("concat:a.mp4|/etc/passwd", bool, "there is no file concat:a.mp4|/etc/passwd"),
    ("pipe:0", bool, "there is no file pipe:0"),
    ("x.mp4", link_to_secret, "x.mp4 is outside the spec's folder"),
    ("x.mp4", lambda folder: os.mkfifo(folder / "x.mp4"), "there is no file x.mp4"),
    ("x.mp4", lambda folder: (folder / "x.mp4").mkdir(), "there is no file x.mp4"),
    ("x.mp4", lambda folder: (folder / "x.mp4").symlink_to("x.mp4"), "there is no file x.mp4"),
    ("x\0.mp4", bool, "the text contains the character U+0000"),
    ("a/" * 3000, bool, "there is no file a/a/a"),
    ("x\n2026 INFO fine.mp4", bool, "there is no file x"),
]  # fmt: skip


@pytest.mark.parametrize("field", ["video", "bvh"])
@pytest.mark.parametrize(("path", "make", "sentence"), PATHS)
def test_a_path_stays_in_the_folder_of_the_spec(folder: Path, field: str, path: str, make: Make, sentence: str) -> None:
    make(folder)
    refuse(write_spec(folder, motion={"clips": [{"name": "a", field: path}]}), "motion", sentence)


@pytest.mark.parametrize(("path", "make", "sentence"), PATHS)
def test_a_consent_record_stays_in_the_folder_of_the_spec(folder: Path, path: str, make: Make, sentence: str) -> None:
    make(folder)
    refuse(write_spec(folder, rights={"consent": path}), "identity", sentence)


# --- media --------------------------------------------------------------------------------------------------------------------------


def write_film(data: bytes) -> Make:
    return lambda folder: (folder / "x.mp4").write_bytes(data)


def write_sparse(folder: Path) -> None:
    """5 GB of zeros that take no room on the disk: the error cost 5.9 GB of memory and 92 s."""
    with (folder / "x.mp4").open("wb") as stream:
        stream.truncate(5_000_000_000)


def write_sparse_box(folder: Path) -> None:
    """5 GB that begin as an mp4 does."""
    with (folder / "x.mp4").open("wb") as stream:
        stream.write(MP4 + struct.pack(">I4sQ", 1, b"mdat", 5_000_000_000 - len(MP4)))
        stream.truncate(5_000_000_000)


PLAYLIST, OTHER = "is a playlist, which names other files, and not a video", "is not a video, or its codec is not supported"
FILMS: list[tuple[Make, str]] = [
    (write_film(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"), PLAYLIST),
    (write_film(b"\xef\xbb\xbf#EXTM3U\nhttp://a.example/1.ts\n"), PLAYLIST),
    (write_film(b"\n\n#EXTM3U\n../secret.txt\n"), PLAYLIST),
    (write_film(b"ffconcat version 1.0\nfile '/etc/passwd'\n"), PLAYLIST),
    (write_film(b"<?xml version='1.0'?><MPD><BaseURL>http://a.example/</BaseURL></MPD>"), PLAYLIST),
    (write_film(b"[playlist]\nFile1=http://a.example/x.mp4\n"), PLAYLIST),
    (write_film(b"v=0\no=- 0 0 IN IP4 192.0.2.1\nc=IN IP4 192.0.2.1\nm=video 5004 RTP/AVP 96\n"), OTHER),
    (write_film(b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"), OTHER),
    (write_film(b"<html><script src=http://a.example/x.js></script>"), OTHER),
    (write_film(b"#!/bin/sh\ntouch RAN\n"), OTHER),
    (write_film(b"\x7fELF" + bytes(100)), OTHER), (write_film(b"PK\x03\x04" + bytes(100)), OTHER), (write_film(bytes(4096)), OTHER),
    (write_film(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\xff" * 8), OTHER), (write_film(b"GIF89a\xff\xff\xff\xff"), OTHER),
    (write_film(b""), "is empty"), (write_sparse, OTHER), (write_film(b"RIFF\xff\xff\xff\xffWAVEfmt "), "has sound but no picture"),
    (write_film(b"RIFF\xff\xff\xff\xffAVI LIST" + b"\xff" * 64), OTHER), (write_film(b"\x1a\x45\xdf\xa3" + b"\xff" * 64), OTHER),
    (write_film(MP4), "the video is truncated"),
    (write_film(MP4 + struct.pack(">I4s", 8, b"moov")), OTHER),
    (write_film(MP4 + struct.pack(">I4sQ", 1, b"moov", 2**62)), OTHER),
    (write_film(struct.pack(">I4s", 0, b"moov") + b"\xff" * 999), OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("make", "sentence"), FILMS)
def test_a_file_that_is_no_film_is_one_sentence(folder: Path, make: Make, sentence: str) -> None:
    make(folder)
    refuse(write_spec(folder, motion={"clips": [{"name": "a", "video": "x.mp4"}]}), "motion", sentence)


def test_the_reason_for_a_film_of_5_gb_is_found_in_its_first_bytes(tmp_path: Path) -> None:
    import tracemalloc

    from stages.motion.video_frames import _diagnose_unopened

    write_sparse_box(tmp_path)
    tracemalloc.start()
    assert "truncated" in str(_diagnose_unopened(tmp_path / "x.mp4"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


BVHS: list[tuple[bytes, str]] = [
    (b"HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n}\nMOTION\nFrames: 100000000\nFrame Time: 0.00001\n", "error[bvh/syntax]"),
    (b"\0" * 1000, "error[bvh/"), (b"#EXTM3U\nfile:///etc/passwd\n", "error[bvh/syntax] expected HIERARCHY"), (b"", "error[bvh/"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "sentence"), BVHS)
def test_a_file_that_is_no_bvh_is_one_sentence(folder: Path, data: bytes, sentence: str) -> None:
    (folder / "x.bvh").write_bytes(data)
    refuse(write_spec(folder, motion={"clips": [{"name": "a", "bvh": "x.bvh"}]}), "motion", sentence)


@pytest.mark.parametrize(("data", "sentence"), [
    (b"\xff\xfe\0\0", "is not UTF-8 text"), (b"", "is empty"), (b" \n", "is empty"), (b"a" * 200_000, "has more than 100 KB"),
])  # fmt: skip
def test_a_record_that_says_nothing_is_one_sentence(folder: Path, data: bytes, sentence: str) -> None:
    (folder / "x.txt").write_bytes(data)
    refuse(write_spec(folder, rights={"consent": "x.txt"}), "identity", sentence)


# --- model folders ------------------------------------------------------------------------------------------------------------------

COQUI: list[tuple[object, str]] = [
    ({"model": "vits", "model_args": {"speaker_encoder_model_path": "https://a.example/x.pth"}}, "names the address 'https://a.example/x.pth'"),
    ({"model": "vits", "speakers_file": "s3://bucket/x.json"}, "names the address 's3://bucket/x.json' in speakers_file"),
    ({"model": "vits", "d_vector_file": ["filecache::ftp:x"]}, "names the address 'filecache::ftp:x' in d_vector_file"),
    ({"model": "vits", "characters": {"characters_class": "os.system"}}, "names the class 'os.system' in characters_class"),
    ({"model": "vits", "characters": {"characters_class": "payload.Run"}}, "names the class 'payload.Run' in characters_class"),
    ({"model": "../../payload"}, "names the module '../../payload' in model"),
    ({"model": "vits", "base_model": "os.path"}, "names the module 'os.path' in base_model"),
    ({"model": "vits", "speakers_file": "/etc/passwd"}, "names the file '/etc/passwd' in speakers_file, which is not in"),
    ({"model": "vits", "d_vector_file": ["../../secret.txt"]}, "names the file '../../secret.txt' in d_vector_file"),
    ({"model": "vits", "model_args": {"speaker_encoder_model_path": "~/private.txt"}}, "names the file '~/private.txt'"),
    ({"model": "vits", "audio": {"stats_path": "payload.py"}}, "names the file 'payload.py' in stats_path"),
    ({"model": "vits", "unknown": "C:\\\\Users\\\\me\\\\x.pth"}, "names the file 'C:"),
    ({"model": "bark"}, "names the model bark, for which coqui-tts downloads further files"),
    ([], "is not a JSON object"), ("{", "is not JSON"), ("[" * 100_000, "is not JSON"), ("{}" + " " * 5_000_000, "is larger than 4 MB"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "sentence"), COQUI)
def test_a_coqui_model_that_fetches_or_imports_is_refused(folder: Path, config: object, sentence: str) -> None:
    """coqui-tts opens every address of config.json and imports every class that it names."""
    (folder / "mine").mkdir()
    (folder / "mine" / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    (folder / "mine" / "model.pth").write_bytes(b"weights")
    (folder / "payload.py").write_text("open('RAN', 'w')")
    refuse(write_spec(folder, voice={"backend": "coqui", "model": "mine"}), "voice", f"config.json {sentence}")


def link_to_nowhere(folder: Path) -> None:
    (folder / "mine" / "x.pth").symlink_to("gone.pth")


def link_outside(folder: Path) -> None:
    (folder / "mine" / "x.pth").symlink_to(folder.parent / "secret.txt")


STRAY: list[tuple[Make, str]] = [
    (lambda folder: os.mkfifo(folder / "mine" / "config.json"), "config.json is not a file; remove it from the model's folder"),
    (lambda folder: os.mkfifo(folder / "mine" / "speaker.wav"), "speaker.wav is not a file; remove it from the model's folder"),
    (link_to_nowhere, "x.pth is not a file; remove it from the model's folder"),
    (link_outside, "x.pth is a link to a place outside the spec's folder; copy the file into the model's folder, or pass --allow-outside"),
]  # fmt: skip


@pytest.mark.parametrize("section", ["voice", "persona"])
@pytest.mark.parametrize(("make", "sentence"), STRAY)
def test_a_model_folder_holds_files_only(folder: Path, section: str, make: Make, sentence: str) -> None:
    """A pipe in the place of config.json was waited for for ever."""
    (folder / "mine").mkdir()
    make(folder)
    refuse(write_spec(folder, **{section: {"model": "./mine"}}), "identity", f"{section}.model: {sentence}")


def test_free_text_of_a_coqui_config_may_hold_an_address(tmp_path: Path) -> None:
    from stages.voice.coqui_config import explain_unsafe_config

    config = {
        "model": "vits",
        "run_description": "see https://a.example",
        "characters": {"characters_class": "TTS.tts.utils.text.characters.IPA"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert explain_unsafe_config(tmp_path / "config.json") == ""


def test_files_of_a_coqui_config_are_those_of_its_folder(tmp_path: Path) -> None:
    """A folder that was moved names places of the machine that trained it; coqui-tts itself opens them where the program runs."""
    from stages.voice.coqui_config import read_safe_config

    (tmp_path / "speakers.pth").write_bytes(b"names")
    config = {
        "model": "vits", "speakers_file": "/home/me/run/speakers.pth", "output_path": "/home/me/run", "datasets": [{"path": "/data"}],
        "phoneme_cache_path": "/home/me/cache", "characters": {"phonemes": "a/b", "punctuations": "~/"},
        "model_args": {"d_vector_file": ["speakers.pth"], "speaker_encoder_model_path": ""},
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = str(tmp_path / "speakers.pth")
    assert read_safe_config(tmp_path / "config.json") == {
        "model": "vits", "speakers_file": found, "characters": config["characters"],
        "model_args": {"d_vector_file": [found], "speaker_encoder_model_path": ""},
    }  # fmt: skip


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "processor_config.json"])
def test_a_language_model_with_code_of_its_own_is_refused(folder: Path, file: str) -> None:
    """transformers lookups on the terminal whether to run it."""
    (folder / "mine").mkdir()
    (folder / "mine" / "config.json").write_text("{}")
    (folder / "mine" / file).write_text(json.dumps({"auto_map": {"AutoConfig": "payload.Config"}}))
    (folder / "mine" / "payload.py").write_text("open('RAN', 'w')")
    spec = write_spec(folder, persona={"backend": "writer", "model": "./mine"})
    refuse(spec, "dialogue", f"the model mine brings Python code of its own (auto_map in {file}), which is never run")


# --- places to write to -------------------------------------------------------------------------------------------------------------


def test_a_home_in_out_is_the_users(folder: Path) -> None:
    """`--out '~/x'` made a folder of the name ~."""
    from flows.pipeline.request import BuildRequest, resolve_request

    spec = str(write_spec(folder))
    assert resolve_request(BuildRequest(spec, Path("~/x")))[2] == Path.home() / "x"
    lines = invoke("build", spec, "--out", "~nobody-of-this-name/x", code=2).output.splitlines()
    assert lines == [
        "error[build/home] ~nobody-of-this-name/x begins with a ~ that stands for no home; "
        "write the whole path, or ./~ for a folder of that name"
    ]


def test_a_link_in_place_of_the_lock_is_not_followed(folder: Path) -> None:
    from assets.bundle import write_bundle
    from assets.errors import StoreError

    (folder / ".out.lock").symlink_to(folder.parent / "user" / "made")
    with pytest.raises(StoreError) as caught:
        write_bundle(folder / "out", [], {}, lambda written: None)
    reason = "Too many levels of symbolic links"
    assert str(caught.value) == f"error[bundle/write] cannot write {folder}/out: {reason}; choose another folder"


def test_the_manifest_names_the_consent_record_and_not_its_folder() -> None:
    from assets.spec.packaging import RightsSpec
    from flows.pipeline.bundle_writer import _describe_rights

    assert _describe_rights(RightsSpec(consent="/home/me/private/consent.txt"))["consent"] == "consent.txt"
    assert _describe_rights(RightsSpec())["consent"] is None
