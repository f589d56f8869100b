"""`fenshen describe` prints the person, its fields and what each word did; `fenshen new --text` writes a spec of it."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.text_starter import detect_language
from stages.describe.resolve import describe, edit

TEXT = "a tall woman with short red hair, purple socks and zzyqx"


def run(*words: str, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.output


def test_the_tables_show_the_person_the_fields_and_the_words() -> None:
    printed = run("describe", TEXT)
    rows = {tuple(line.split()) for line in printed.splitlines()}
    assert {("hair_colour", "red"), ("groom.glasses", "no"), ("tall", "height:", "tall")} <= rows
    assert "did nothing: zzyqx" in printed
    assert "note: socks: the wardrobe has no such thing yet; it is left out" in printed


def test_json_is_the_description() -> None:
    printed = json.loads(run("describe", TEXT, "--json", "--seed", "4"))
    assert printed == json.loads(json.dumps(describe(TEXT, seed=4).to_json()))
    assert set(printed) == {"fields", "attributes", "words", "ignored", "notes"}


def test_edits_are_applied_in_order() -> None:
    printed = json.loads(run("describe", TEXT, "--json", "--edit", "ten years older", "--edit", "with glasses"))
    expected = edit(edit(describe(TEXT, seed=1), "ten years older", seed=1), "with glasses", seed=1)
    assert printed["attributes"] == expected.attributes
    assert (printed["attributes"]["age"], printed["attributes"]["glasses"]) == (40, "yes")


def test_a_refused_text_is_one_sentence_and_exit_code_two() -> None:
    assert run("describe", "   ", code=2) == (
        'error[describe/empty] the description is empty; write one such as "a tall woman with short red hair"\n'
    )
    assert json.loads(run("describe", "a naked man", "--json", code=2))["findings"][0]["code"] == "describe/nudity"


def test_a_new_spec_holds_the_text_and_what_was_understood(tmp_path: Path) -> None:
    spec = tmp_path / "guide.yaml"
    run("new", str(spec), "--text", TEXT)
    text = spec.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["identity"] == {"text": TEXT}
    assert "#   tall -> height tall" in text
    assert "# these did nothing: zzyqx" in text
    assert not {"body", "groom"} & set(yaml.safe_load(text))


def test_a_chinese_text_gets_the_chinese_starter(tmp_path: Path) -> None:
    spec = tmp_path / "guide.yaml"
    run("new", str(spec), "--text", "短发的年轻女老师\n戴眼镜")
    found = yaml.safe_load(spec.read_text(encoding="utf-8"))
    assert (found["persona"]["language"], found["identity"]["text"]) == ("zh", "短发的年轻女老师\n戴眼镜")
    assert [detect_language(text) for text in ("a man", "一个 man")] == ["en", "zh"]


def test_a_text_and_a_preset_exclude_each_other(tmp_path: Path) -> None:
    printed = run("new", str(tmp_path / "a.yaml"), "--text", "a man", "--from", "kofi", code=2)
    assert printed == "error[new/text-and-preset] --text and --from exclude each other; give one of the two\n"
