"""Specs are read from files, presets and text."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.read import MAX_BYTES, PRESETS_FOLDER, list_presets, parse_spec, read_spec


def read_error(name: str, **options: bool) -> str:
    """What the reader says about a wrong spec file."""
    with pytest.raises(SpecError) as caught:
        read_spec(name, **options)
    return str(caught.value)


def test_a_name_alone_is_a_spec() -> None:
    spec = parse_spec(b"name: Ada", "ada.yaml")
    assert spec.name == "Ada"
    assert spec.package.target == "web"


def test_json_is_a_spec_too() -> None:
    spec = {"name": "Ada 😀", "seed": 7, "persona": {"who": "C:\\new / old"}}
    for text in (json.dumps(spec), json.dumps(spec, ensure_ascii=False, indent="\t"), json.dumps(spec, indent=2)):
        read = parse_spec(text.encode(), "ada.json")
        assert (read.name, read.seed, read.persona.who) == ("Ada 😀", 7, "C:\\new / old")


@pytest.mark.parametrize("text", ["2024-01-01", "1e3", "=", "<<", "o'clock", "08:75", "v1.0", "No way", "nope"])
def test_text_that_only_looks_like_something_else_is_text(text: str) -> None:
    assert parse_spec(f"name: {text}".encode(), "a.yaml").name == text


def test_numbers_in_hexadecimal_and_in_quotes_are_numbers() -> None:
    assert parse_spec(b"name: A\nseed: 0x10", "a.yaml").seed == 16
    assert parse_spec(b"name: A\nseed: 1_000", "a.yaml").seed == 1000
    assert parse_spec(b"name: A\nseed: 007", "a.yaml").seed == 7
    assert parse_spec(b'name: A\nseed: "7"', "a.yaml").seed == 7


def test_document_markers_and_the_end_mark_are_allowed() -> None:
    assert parse_spec(b"%YAML 1.2\n---\nname: Ada\n...\n", "a.yaml").name == "Ada"


@pytest.mark.parametrize("name", list_presets())
def test_every_preset_is_valid(name: str) -> None:
    assert read_spec(name).path == PRESETS_FOLDER / f"{name}.yaml"


def test_a_file_of_sixty_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(60_000_000)
    message = f"the spec has 60000000 bytes, more than {MAX_BYTES}; move media and long texts out of it"
    assert read_error(str(path)) == f"{path}: error[spec/too-large] {message}"


def test_a_missing_file_names_the_presets(tmp_path: Path) -> None:
    assert read_error("koffi") == "error[spec/missing] there is no file koffi; did you mean the preset kofi?"
    assert read_error("zzz") == f"error[spec/missing] there is no file zzz; give a file, or a preset: {', '.join(list_presets())}"


def test_a_folder_does_not_hide_the_preset_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`build kofi --out kofi` worked once; then `kofi is not a file`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kofi").mkdir()
    (tmp_path / "mine").mkdir()
    assert read_spec("kofi").path == PRESETS_FOLDER / "kofi.yaml"
    assert read_error("mine") == "error[spec/not-a-file] mine is not a file; give a .yaml or .json file"


def test_a_file_without_a_suffix_goes_before_the_preset_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kofi").write_text("name: Mine")
    assert read_spec("kofi").spec.name == "Mine"


def test_a_name_too_long_for_a_file_is_no_file(tmp_path: Path) -> None:
    long = "x" * 300
    assert read_error(long) == f"error[spec/missing] there is no file {'x' * 252}...; give a file, or a preset: {', '.join(list_presets())}"
    path = tmp_path / "a.yaml"
    path.write_text(f"name: A\nrights: {{consent: {long}}}\nvoice: {{model: {long}}}\npersona: {{model: {long}}}\n")
    shown = f"{'x' * 57}...; paths are relative to the spec's folder"
    assert read_error(str(path)).splitlines() == [
        f"{path}:2:19: error[spec/no-such-file] rights.consent: there is no file {shown}",
        f"{path}:3:16: error[spec/no-such-folder] voice.model: there is no folder {shown}",
    ]


def test_media_may_not_leave_the_folder_unless_allowed(tmp_path: Path) -> None:
    (tmp_path / "secret.bvh").write_text("x")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.yaml"
    path.write_text("name: A\nmotion:\n  clips:\n    - {name: x, bvh: ../secret.bvh}\n")
    message = "motion.clips.0.bvh: ../secret.bvh is outside the spec's folder; move the file into it, or pass --allow-outside"
    assert read_error(str(path)) == f"{path}:4:22: error[spec/path-escape] {message}"
    assert read_spec(str(path), allow_outside=True).spec.motion.clips[0].bvh == "../secret.bvh"


def test_a_model_folder_exists_and_may_not_leave_the_specs_folder_unless_allowed(tmp_path: Path) -> None:
    (tmp_path / "voice").mkdir()
    (tmp_path / "in" / "mine").mkdir(parents=True)
    path = tmp_path / "in" / "a.yaml"
    path.write_text("name: A\nvoice: {model: ../voice}\npersona: {model: ../voice}\n")
    outside = "../voice is outside the spec's folder; move the folder into it, or pass --allow-outside"
    assert read_error(str(path)).splitlines() == [
        f"{path}:2:16: error[spec/path-escape] voice.model: {outside}",
        f"{path}:3:18: error[spec/path-escape] persona.model: {outside}",
    ]
    assert read_spec(str(path), allow_outside=True).spec.voice.model == "../voice"
    path.write_text("name: A\nvoice: {model: mine}\npersona: {model: some/id}\n")
    assert read_spec(str(path)).spec.persona.model == "some/id"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_spec_and_its_files_are_found_in_either_unicode_form(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS writes é of a file's name as two characters, an editor writes one: the file was there and not found."""
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    on_disk, written = (unicodedata.normalize(which, "café") for which in (form, other))
    (tmp_path / on_disk / on_disk).mkdir(parents=True)
    for name in ("a.mp4", "b.bvh"):
        (tmp_path / on_disk / f"{on_disk}{name}").write_text("media")
    (tmp_path / on_disk / f"{on_disk}.txt").write_text("I agree.")
    clips = f"[{{name: a, video: {written}a.mp4}}, {{name: b, bvh: {written}b.bvh}}]"
    text = f"name: A\nmotion: {{clips: {clips}}}\nrights: {{consent: {written}.txt}}\nvoice: {{model: {written}}}\n"
    (tmp_path / on_disk / f"{on_disk}.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in (f"{written}/{written}.yaml", str(tmp_path / written / f"{written}.yaml")):
        assert read_spec(name).spec.rights.consent == f"{written}.txt"


def test_a_spec_that_may_not_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: A\n")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert read_error(str(path)) == f"{path}: error[spec/unreadable] the spec cannot be read: Permission denied; check its permissions"


def test_a_spec_that_is_nested_without_end_is_refused_at_once() -> None:
    """The parser's time grows with the square of the depth: 200 KB of brackets took 100 s."""
    with pytest.raises(SpecError, match=r"deep\.json:1:.*more than 50 levels are nested here"):
        parse_spec(b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep.json", folder=Path())


def test_thousands_of_wrong_fields_are_counted_and_a_hundred_are_explained() -> None:
    """20,000 of them took minutes."""
    with pytest.raises(SpecError) as caught:
        parse_spec("\n".join(["name: A", *(f"k{number}: 1" for number in range(300))]).encode(), "a.yaml")
    assert len(caught.value.findings) == 101
    assert [str(finding) for finding in caught.value.findings if finding.code == "spec/more-errors"] == [
        "a.yaml:1:1: error[spec/more-errors] 200 more fields are wrong; correct those that are named, then check again"
    ]
