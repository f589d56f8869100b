"""`fenshen new` writes a spec that passes, and overwrites nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from assets.errors import SpecError
from assets.spec.read import PRESETS_FOLDER, list_presets, parse_spec, read_spec
from flows.cli.app import app
from flows.cli.new import format_starter, name_character
from flows.cli.schema import EDITOR_LINES, SCHEMA_FILE, generate_schema
from flows.pipeline.batch import find_specs
from flows.pipeline.bundle_writer import collect_spec_warnings, collect_text_warnings
from flows.pipeline.request import BuildRequest, resolve_request
from flows.pipeline.spec_choices import collect_spec_choices
from tests.flows.cli.command import run_fenshen

LANGUAGES = ("en", "zh")
COMMENTED = r"^( *)#(?=[-\w])"
"""Begin of a field that is commented out."""
HEADER = re.compile(r"^ *#\w+:\s*(#.*)?$")
"""A section that is commented out."""


def run(*words: str, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_written_spec_passes_check_and_is_ready_to_build(tmp_path: Path, language: str) -> None:
    spec = tmp_path / "my_guide.yaml"
    assert run("new", str(spec), "--language", language) == (
        f"{spec}: written, with {SCHEMA_FILE} for your editor\nnext: edit it, then run `fenshen check {spec}` and `fenshen build {spec}`\n"
    )
    assert run("check", str(spec)) == f"{spec}: OK\n"
    request = resolve_request(BuildRequest(str(spec), store=tmp_path / "store"))[0]
    assert (request.spec.name, request.spec.persona.language) == ("My Guide", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_written_spec_warns_of_nothing(language: str, tmp_path: Path) -> None:
    """Its own comments must not look like text that YAML drops."""
    text = format_starter("Ada", language).encode()
    spec = parse_spec(text, "a.yaml", folder=tmp_path, constraints=collect_spec_choices())
    assert collect_text_warnings(text) == []
    assert collect_spec_warnings(spec) == []


def test_the_english_one_may_be_sold(tmp_path: Path) -> None:
    """No Mandarin voice may, so that its starter says why strict is left out."""
    text = format_starter("Ada", "en").replace("  #strict: true ", "  strict: true  ")
    assert parse_spec(text.encode(), "a.yaml", folder=tmp_path, constraints=collect_spec_choices()).rights.strict


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_option_in_a_comment_is_valid_when_the_number_sign_is_removed(language: str, tmp_path: Path) -> None:
    text = re.sub(COMMENTED, r"\1", format_starter("Ada", language), flags=re.MULTILINE)
    # A strict spec needs a consent record for its video, as the starter says.
    assert list_error_codes(text, tmp_path) <= {"spec/no-such-file", "rights/consent"}
    spec = parse_spec(text.encode(), "a.yaml")
    assert [clip.name for clip in spec.motion.clips] == ["stroll", "dance", "reach"]
    assert spec.persona.topics
    assert list(Draft202012Validator(generate_schema()).iter_errors(yaml.safe_load(text))) == []


def list_error_codes(text: str, folder: Path) -> set[str]:
    """Of the findings that `fenshen check` reports."""
    try:
        parse_spec(text.encode(), "a.yaml", folder=folder, constraints=collect_spec_choices())
    except SpecError as error:
        return {finding.code for finding in error.findings}
    return set()


def uncomment_each(text: str) -> Iterator[tuple[str, str]]:
    """(line, the text in which only that line and the commented headers above it are uncommented)."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(COMMENTED, line) and not HEADER.match(line):
            shown, indent = {number}, line.index("#")
            for above in range(number - 1, -1, -1):
                if HEADER.match(lines[above]) and lines[above].index("#") < indent:
                    shown.add(above)
                    indent = lines[above].index("#")
                elif lines[above].strip() and not lines[above].lstrip().startswith("#"):
                    break
            yield line, "\n".join(re.sub(COMMENTED, r"\1", old) if place in shown else old for place, old in enumerate(lines))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_commented_field_is_valid_when_it_alone_is_uncommented(language: str, tmp_path: Path) -> None:
    """An explanation without a # of its own became part of the value, which was no YAML."""
    starter = format_starter("Ada", language)
    assert not re.findall(r"^ +# (?:- |\w+:)", starter, re.MULTILINE), "no space follows the # of a field"
    checked = 0
    for line, text in uncomment_each(starter):
        checked += 1
        assert yaml.safe_load(text) != yaml.safe_load(starter), line
        assert list_error_codes(text, tmp_path) <= {"spec/no-such-file"}, line
        assert collect_text_warnings(text.encode()) == [], line
    assert checked >= 14


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_lines_tie_the_spec_to_the_schema_in_its_folder(language: str, tmp_path: Path) -> None:
    run("new", str(tmp_path / "ada.yaml"), "--language", language)
    assert tuple((tmp_path / "ada.yaml").read_text(encoding="utf-8").splitlines()[:2]) == EDITOR_LINES
    assert json.loads((tmp_path / SCHEMA_FILE).read_text(encoding="utf-8")) == generate_schema()


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("ada", "Ada"), ("my_guide", "My Guide"), ("no", "No"), ("007", "007"), ("McCoy-jr", "McCoy Jr"), ("林老师", "林老师"),
        ("a: b # c", "A: B # C"), ('say "hi"', 'Say "hi"'), ("...", "Ada"), ("x" * 80, "X" + "x" * 59),
    ],
)  # fmt: skip
def test_the_character_is_called_like_the_file(stem: str, name: str) -> None:
    """Whatever it is called: the name is quoted."""
    assert name_character(stem) == name
    assert parse_spec(format_starter(name, "en").encode(), "a.yaml").name == name


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    spec = tmp_path / "ada.yaml"
    spec.write_text("name: Mine\n")
    assert (
        run("new", str(spec), code=2) == f"error[new/exists] {spec} already exists; choose another name, or pass --force to overwrite it\n"
    )
    assert spec.read_text() == "name: Mine\n"
    assert not (tmp_path / SCHEMA_FILE).exists()
    run("new", str(spec), "--force")
    assert read_spec(str(spec)).spec.name == "Ada"


def test_an_older_schema_of_fenshen_is_renewed_and_a_file_of_someone_else_is_kept(tmp_path: Path) -> None:
    schema = tmp_path / SCHEMA_FILE
    schema.write_text(json.dumps({"$id": generate_schema()["$id"]}))
    run("new", str(tmp_path / "a.yaml"))
    assert json.loads(schema.read_text(encoding="utf-8")) == generate_schema()
    for text in ('{"$id": "another"}', "[]", "no JSON"):
        schema.write_text(text)
        assert run("new", str(tmp_path / "a.yaml"), "--force").startswith(f"{tmp_path}/a.yaml: written\n")
        assert schema.read_text() == text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ada", "error[new/suffix] ada does not end with .yaml; write ada.yaml"),
        ("ada.json", "error[new/suffix] ada.json does not end with .yaml; write ada.yaml"),
        ("con.yaml", "error[new/reserved-name] con.yaml is a device name on Windows; choose another name"),
        ("a?.yaml", "error[new/reserved-name] a?.yaml contains ?, which Windows refuses; choose another name"),
        ("folder.yaml", "error[new/folder] folder.yaml is a folder; choose another name"),
    ],
)
def test_a_name_that_is_no_specs_is_one_sentence(name: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.yaml").mkdir()
    assert run("new", name, "--force", code=2) == f"{sentence}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["folder.yaml"]


def test_an_unknown_language_names_the_known_ones() -> None:
    assert "'en', 'zh'" in run("new", "a.yaml", "--language", "de", code=2)


def test_the_schema_in_a_folder_of_specs_is_not_taken_for_a_spec(tmp_path: Path) -> None:
    run("new", str(tmp_path / "ada.yaml"))
    assert [path.name for path in find_specs(tmp_path)] == ["ada.yaml"]


def test_a_name_that_is_too_long_for_a_file_is_one_sentence(tmp_path: Path) -> None:
    assert run_fenshen("new", str(tmp_path / f"{'x' * 300}.yaml"), code=4).endswith("File name too long; choose another folder")


@pytest.mark.parametrize("preset", list_presets())
def test_a_preset_is_copied_with_the_files_that_it_names(preset: str, tmp_path: Path) -> None:
    spec = tmp_path / "mine.yaml"
    printed = run("new", str(spec), "--from", preset)
    assert spec.read_text(encoding="utf-8") == "\n".join((*EDITOR_LINES, (PRESETS_FOLDER / f"{preset}.yaml").read_text(encoding="utf-8")))
    assert run("check", str(spec)) == f"{spec}: OK\n"
    others = {path.name for path in tmp_path.iterdir()} - {"mine.yaml", SCHEMA_FILE}
    assert others == {"kofi": {"kofi_reach.mp4", "kofi_consent.txt"}, "idol": {"idol_dance.bvh"}}.get(preset, set())
    assert all(f"{tmp_path / name}: written, which the spec names\n" in printed for name in others)


def test_an_unknown_preset_and_a_file_in_the_way_are_one_sentence(tmp_path: Path) -> None:
    spec = tmp_path / "mine.yaml"
    assert run("new", str(spec), "--from", "presentr", code=2) == "error[new/preset] there is no preset presentr; did you mean presenter?\n"
    assert "; choose one of ada, assistant, guide, " in run("new", str(spec), "--from", "../xyz", code=2)
    (tmp_path / "idol_dance.bvh").write_text("mine")
    sentence = "already exists and is not the preset's; choose another folder, or pass --force to overwrite it"
    assert run("new", str(spec), "--from", "idol", code=2) == f"error[new/exists] {tmp_path}/idol_dance.bvh {sentence}\n"
    assert not spec.exists()
    assert (tmp_path / "idol_dance.bvh").read_text() == "mine"
