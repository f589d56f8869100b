"""Every wrong spec in tests/data/spec_bad says, in a comment on the wrong line, what must be found there."""

import json
import re
from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.read import MAX_BYTES, PRESETS_FOLDER, list_presets, parse_spec, read_spec

BAD = sorted((Path(__file__).parents[2] / "data" / "spec_bad").glob("*.yaml"))


def test_a_name_alone_is_a_spec():
    spec = parse_spec(b"name: Ada", "ada.yaml")
    assert spec.name == "Ada"
    assert spec.package.target == "web"


def test_json_is_a_spec_too():
    assert parse_spec(json.dumps({"name": "Ada", "seed": 7}).encode(), "ada.json").seed == 7


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_mistake_is_found_at_its_line(path):
    text = path.read_bytes()
    expected = {
        (number, code) for number, line in enumerate(text.decode().splitlines(), 1) for code in re.findall(r"# expect: (\S+)", line)
    }
    with pytest.raises(SpecError) as caught:
        parse_spec(text, path.name)
    assert {(finding.where.line, finding.code) for finding in caught.value.findings} == expected


def test_the_nearest_field_is_named():
    with pytest.raises(SpecError) as caught:
        parse_spec(b"name: Ada\nvoice:\n  ratte: 1.2\n", "avatar.yaml")
    assert str(caught.value) == "avatar.yaml:3:3: error[spec/unknown-field] voice.ratte is not a field; did you mean rate?"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "spec/empty"),
        (b"\xff\xfe\x00\x01", "spec/not-text"),
        (b"a: [1, 2", "spec/syntax"),
        (b"- a\n- b", "spec/not-a-mapping"),
        (b"name: !!python/object/apply:os.system [ls]", "spec/tag"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nname: *b", "spec/alias"),
        (b"[" * 5000, "spec/too-deep"),
    ],
)
def test_what_is_no_spec_at_all_is_one_sentence(data, code):
    with pytest.raises(SpecError) as caught:
        parse_spec(data, "x.yaml")
    assert code in {finding.code for finding in caught.value.findings}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: 5", 'a.yaml:1:7: error[spec/invalid-value] name: text should stand here, got 5; put it in quotes: "5"'),
        ("name: A\nbody:", "a.yaml:2:6: error[spec/invalid-value] body: fields of its own should stand here, got nothing; "
         "leave the line out to take the default"),
        ("name: A\nvoice: {rate: .nan}", "a.yaml:2:15: error[spec/invalid-value] voice.rate: a number that is not nan or infinite "
         "should stand here, got nan; expected: from 0.5 to 2 (Speaking rate, 1 is the voice's own)"),
        ("name: ..", "a.yaml:1:7: error[spec/invalid-value] name: it may not be written so, got '..'; "
         "expected: The character's name; no slashes or control characters, and more than dots and spaces."),
        ("name: !!binary aGk=", "a.yaml:1:7: error[spec/tag] the tag tag:yaml.org,2002:binary is not allowed; "
         "write plain text or a number"),
        ("name: A\n? [a, b]\n: c", "a.yaml:2:3: error[spec/key] a list or mapping stands where a field's name should; write a name"),
        ("name: A\n---\nname: B", "a.yaml:2:1: error[spec/syntax] this is neither YAML nor JSON: "
         "a second document begins here (---); mend the syntax"),
        ("name: A\n\nx: a\0b", "a.yaml:3:5: error[spec/syntax] this is neither YAML nor JSON: "
         "the character U+0000 may not stand in it; mend the syntax"),
        (f"name: A\nseed: {'9' * 5000}", f"a.yaml:2:7: error[spec/value] {'9' * 57}... cannot be read: Exceeds the limit (4300 digits) "
         "for integer string conversion: value has 5000 digits; write a smaller one"),
        ("name:", "a.yaml:1:6: error[spec/invalid-value] name: text should stand here, got nothing; "
         "expected: The character's name; no slashes or control characters, and more than dots and spaces."),
        ("name: A\nidentity: {tone: yes}", "a.yaml:2:18: error[spec/invalid-value] identity.tone: a number should stand here, got True; "
         "expected: from 0 to 1 (0 lightest .. 1 darkest skin)"),
        ("name: A\nretarget: {window: 8}", "a.yaml:2:20: error[spec/invalid-value] retarget.window: an odd number should stand here, "
         "got 8; expected: from 3 to 31 (Savitzky-Golay window in frames, odd)"),
        ("name: A\nseed: -1", "a.yaml:2:7: error[spec/invalid-value] seed: input should be greater than or equal to 0, got -1; "
         "expected: from 0 to 4294967295 (Everything random hangs on this)"),
        ("name: A\nidentity: {age: 17}", "a.yaml:2:17: error[spec/invalid-value] identity.age: input should be greater than or equal to "
         "18, got 17; expected: from 18 to 90 (Years)"),
        ("name: A\nbody: {gender: 2}", "a.yaml:2:16: error[spec/invalid-value] body.gender: input should be less than or equal to 1, "
         "got 2; expected: from 0 to 1 (0 female .. 1 male; left out: follows identity.gender)"),
        ('name: A\nrights: {licence: ""}', "a.yaml:2:19: error[spec/invalid-value] rights.licence: it may not be written so, got ''; "
         "expected: SPDX id of the finished avatar."),
        ("name: A\npersona: {topics: [' ']}", "a.yaml:2:20: error[spec/invalid-value] persona.topics.0: it may not be written so, got ' '; "
         "expected: Subjects to speak about, at most 20: each becomes one line made of the facts that are about it, "
         "or a warning where none is."),
        (f"name: A\npersona: {{topics: [{', '.join('t' * 21)}]}}", "a.yaml:2:19: error[spec/invalid-value] persona.topics: "
         f"the list is too long, got {str(['t'] * 21)[:57]}...; "
         "expected: Subjects to speak about, at most 20: each becomes one line made of the facts that are about it, "
         "or a warning where none is."),
        ('name: A\npersona: {who: "a\\0b"}', "a.yaml:2:16: error[spec/character] the text holds the character U+0000; leave it out"),
        ('name: A\n"gro\\0om": {hair: x}', "a.yaml:2:1: error[spec/character] the field's name holds the character U+0000; leave it out"),
        ("!!python/object:os.system {}", "a.yaml:1:1: error[spec/tag] the tag tag:yaml.org,2002:python/object:os.system is not allowed; "
         "write plain text or a number"),
        ('name: A\npersona: {who: "a\\uD83Db"}', "a.yaml:2:16: error[spec/character] the text holds the character U+D83D; leave it out"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_sentence_that_says_what_to_write(text, sentence):
    with pytest.raises(SpecError) as caught:
        parse_spec(text.encode(), "a.yaml")
    assert str(caught.value) == sentence


def test_a_file_of_sixty_megabytes_is_not_read(tmp_path):
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(60_000_000)
    with pytest.raises(SpecError, match=f"has 60000000 bytes, more than {MAX_BYTES}"):
        read_spec(str(path))


def test_a_missing_file_names_the_presets(tmp_path):
    with pytest.raises(SpecError, match="did you mean the preset kofi"):
        read_spec("koffi")


def test_a_folder_does_not_hide_the_preset_of_its_name(tmp_path, monkeypatch):
    """`build kofi --out kofi` worked once; then `kofi is not a file`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kofi").mkdir()
    (tmp_path / "mine").mkdir()
    assert read_spec("kofi").path == PRESETS_FOLDER / "kofi.yaml"
    with pytest.raises(SpecError, match="mine is not a file"):
        read_spec("mine")


def test_a_file_without_a_suffix_goes_before_the_preset_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kofi").write_text("name: Mine")
    assert read_spec("kofi").spec.name == "Mine"


def test_a_name_too_long_for_a_file_is_of_no_file(tmp_path):
    long = "x" * 300
    with pytest.raises(SpecError, match="there is no file xxx"):
        read_spec(long)
    path = tmp_path / "a.yaml"
    path.write_text(f"name: A\nrights: {{consent: {long}}}\nvoice: {{model: {long}}}\npersona: {{model: {long}}}\n")
    with pytest.raises(SpecError) as caught:
        read_spec(str(path))
    assert [finding.code for finding in caught.value.findings] == ["spec/no-such-file", "spec/no-such-folder"]


def test_media_may_not_leave_the_folder_unless_allowed(tmp_path):
    (tmp_path / "secret.bvh").write_text("x")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.yaml"
    path.write_text("name: A\nmotion:\n  clips:\n    - {name: x, bvh: ../secret.bvh}\n")
    with pytest.raises(SpecError, match="spec/path-escape"):
        read_spec(str(path))
    assert read_spec(str(path), allow_outside=True).spec.motion.clips[0].bvh == "../secret.bvh"


def test_a_model_folder_is_there_and_may_not_leave_the_specs_folder_unless_allowed(tmp_path):
    (tmp_path / "voice").mkdir()
    (tmp_path / "in" / "mine").mkdir(parents=True)
    path = tmp_path / "in" / "a.yaml"
    path.write_text("name: A\nvoice: {model: ../voice}\npersona: {model: ../voice}\n")
    with pytest.raises(SpecError, match="spec/path-escape") as caught:
        read_spec(str(path))
    assert [finding.where.line for finding in caught.value.findings] == [2, 3]
    assert read_spec(str(path), allow_outside=True).spec.voice.model == "../voice"
    path.write_text("name: A\nvoice: {model: gone}\n")
    with pytest.raises(SpecError, match="there is no folder gone"):
        read_spec(str(path))
    path.write_text("name: A\nvoice: {model: mine}\npersona: {model: some/id}\n")
    assert read_spec(str(path)).spec.persona.model == "some/id"


def test_a_clip_names_one_source(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("name: A\nmotion:\n  clips:\n    - {name: x}\n")
    with pytest.raises(SpecError, match="spec/clip-source"):
        read_spec(str(path))


@pytest.mark.parametrize("name", list_presets())
def test_every_preset_is_sound(name):
    assert read_spec(name).path == PRESETS_FOLDER / f"{name}.yaml"


def test_a_spec_that_is_nested_without_end_is_refused_at_once() -> None:
    """The parser takes the square of the depth: 200 KB of brackets took it 100 s."""
    with pytest.raises(SpecError, match=r"deep.json:1:.*more than 50 levels are nested here"):
        parse_spec(b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep.json", folder=Path())
