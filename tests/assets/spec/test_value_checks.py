"""What the types of the fields do not say: files, names, words; all told with the rest, each at its place."""

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec, TextureSpec
from assets.spec.behaviour import ClipSpec, MotionSpec, PerformanceSpec, PersonaSpec, RetargetSpec, VoiceSpec
from assets.spec.packaging import PackageSpec, RightsSpec
from assets.spec.read import parse_spec, read_spec
from assets.spec.value_checks import SpecConstraints
from flows.pipeline.spec_choices import collect_spec_choices

SECTIONS = (
    IdentitySpec, BodySpec, GroomSpec, TextureSpec, MotionSpec, ClipSpec, RetargetSpec, PersonaSpec, VoiceSpec, PerformanceSpec,
    PackageSpec, RightsSpec,
)  # fmt: skip
KNOWN = SpecConstraints(
    {"groom.hair": lambda: ("afro01", "bob01"), "body.local.*": lambda: ("chin-width-incr",), "voice.backend": lambda: None}
)


def told(text: str, folder: Path, **options: bool) -> list[str]:
    """Every finding of the spec as the user reads it."""
    with pytest.raises(SpecError) as caught:
        parse_spec(text.encode(), "a.yaml", folder=folder, constraints=KNOWN, **options)
    return [str(finding) for finding in caught.value.findings]


def test_an_unknown_name_is_told_at_its_line_with_the_nearest(tmp_path):
    assert told("name: A\ngroom: {hair: affro01}\n", tmp_path) == [
        "a.yaml:2:15: error[spec/unknown-name] groom.hair knows no 'affro01'; did you mean afro01?"
    ]


def test_an_unknown_key_of_a_free_mapping_is_told(tmp_path):
    assert told("name: A\nbody: {local: {chin-with-incr: 0.5}}\n", tmp_path) == [
        "a.yaml:2:32: error[spec/unknown-name] body.local knows no 'chin-with-incr'; did you mean chin-width-incr?"
    ]


def test_an_unknown_key_whose_value_is_wrong_too_is_told_once(tmp_path):
    found = told("name: A\nbody: {local: {nose: 2, chin-width-incr: 3}}\n", tmp_path)
    assert [line.split(" ")[1] for line in found] == ["error[spec/unknown-name]", "error[spec/invalid-value]"]


def test_names_that_cannot_be_told_here_are_let_through(tmp_path):
    assert parse_spec(b"name: A\nvoice: {backend: other}\n", "a.yaml", folder=tmp_path, constraints=KNOWN).voice.backend == "other"


def test_a_wrong_type_hides_no_wrong_name_and_no_missing_file(tmp_path):
    text = "name: A\nseed: many\ngroom: {hair: affro01}\nmotion: {clips: [{name: a, video: no.mp4}]}\n"
    assert [line.split("]")[0].split("[")[1] for line in told(text, tmp_path)] == [
        "spec/invalid-value", "spec/unknown-name", "spec/no-such-file",
    ]  # fmt: skip


def test_two_clips_of_one_name_and_a_clip_of_nothing_are_told(tmp_path):
    text = "name: A\nmotion:\n  clips:\n    - {name: a, library: wave}\n    - {name: a}\n"
    assert told(text, tmp_path) == [
        "a.yaml:5:7: error[spec/clip-source] motion.clips.1 names 0 of library, video, bvh; name exactly one",
        "a.yaml:5:14: error[spec/clip-twice] two clips are called a; give each a name of its own",
    ]


@pytest.mark.parametrize("refused", ['"a\\0b"', "!!binary aGk="])
@pytest.mark.parametrize(
    "text",
    [
        "motion: {clips: [{name: a, video: HERE}]}",
        "motion: {clips: [{name: a, bvh: HERE}]}",
        "motion: {clips: [{name: a, library: HERE}]}",
        "motion: {clips: [{name: a, video: a.mp4}]}\nrights: {strict: true, consent: HERE}",
        "voice: {model: HERE}",
        "persona: {model: HERE}",
        "persona: {backend: writer, model: HERE}",
    ],
)
def test_what_may_not_stand_in_a_text_is_not_taken_for_nothing(text, refused, tmp_path):
    """A second error said that the clip names no source, the film no consent, the writer no model."""
    (tmp_path / "a.mp4").write_text("a film")
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\n{text.replace('HERE', refused)}\n".encode(), "a.yaml", folder=tmp_path, constraints=collect_spec_choices())
    assert [finding.code for finding in caught.value.findings] == ["spec/character" if "0" in refused else "spec/tag"]


def test_a_clip_that_is_named_like_a_spoken_lines_is_told(tmp_path):
    """It passed, and ended in a traceback when the bundle was packed."""
    text = "name: A\nmotion: {clips: [{name: say_hello, library: nod}, {name: saying, library: nod}]}\n"
    assert told(text, tmp_path) == [
        "a.yaml:2:25: error[spec/clip-of-line] say_hello begins like the clips of spoken lines (say_ID); give it another name"
    ]


@pytest.mark.parametrize(
    ("text", "told_first", "fix"),
    [
        ("groom: {hair: None}", "spec/unknown-name", "leave the line out to take the default, or write none where there shall be none"),
        ("persona: {fallback: '~'}", "spec/unspeakable", "leave the line out to take the default"),
        ("groom: {hair_colour: None}", "spec/invalid-value", "leave the line out to take the default"),
        ("texture: {wrinkles: None}", "spec/invalid-value", "leave the line out to take the default"),
        ("rights: {consent: None}", "spec/no-such-file", "leave the line out to take the default"),
        ("motion: {clips: [{name: a, library: nod, video: None}]}", "spec/clip-source", "name exactly one"),
    ],
)
def test_another_languages_word_for_nothing_is_told_to_be_left_out(text, told_first, fix, tmp_path):
    """The pages said "None picks", and `hair: None` was answered with "did you mean none?": a bald head."""
    none = SpecConstraints({"groom.hair": lambda: ("afro01", "none")})
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\n{text}\n".encode(), "a.yaml", folder=tmp_path, constraints=none)
    first = caught.value.findings[0]
    assert (first.code, first.fix) == (told_first, fix)


@pytest.mark.parametrize("field", [f for m in SECTIONS for f in m.model_fields.values()], ids=lambda field: field.description[:30])
def test_no_field_speaks_python(field):
    assert "None" not in field.description


@pytest.mark.parametrize(
    ("language", "line", "voice"),
    [("en", "你好", "an English"), ("en", "😀", "an English"), ("en", "...", "an English"), ("zh", "Hello", "a Mandarin")],
)
def test_a_line_without_a_word_of_its_language_is_told(language, line, voice, tmp_path):
    found = told(f"name: A\npersona:\n  language: {language}\n  lines: ['{line}']\n", tmp_path)
    assert len(found) == 1
    assert f"a.yaml:4:11: error[spec/unspeakable] persona.lines.0 holds no word that {voice} voice can speak" in found[0]


@pytest.mark.parametrize(("language", "line"), [("en", "Hello 😀 你好"), ("en", "1968"), ("zh", "你好 AI"), ("en", "Žižek")])
def test_a_line_with_one_word_passes(language, line, tmp_path):
    spec = parse_spec(f"name: A\npersona:\n  language: {language}\n  lines: ['{line}']\n".encode(), "a.yaml", folder=tmp_path)
    assert spec.persona.lines == (line,)


def test_a_model_folder_may_not_lie_elsewhere_unless_allowed(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "mine").mkdir()
    text = "name: A\nvoice: {model: ../mine}\n"
    assert "spec/path-escape" in told(text, tmp_path / "in")[0]
    assert parse_spec(text.encode(), "a.yaml", folder=tmp_path / "in", allow_outside=True).voice.model == "../mine"
    assert "spec/no-such-folder" in told("name: A\nvoice: {model: gone}\n", tmp_path / "in")[0]


def test_a_spec_that_may_not_be_read_is_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    path.write_text("name: A\n")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SpecError, match=r"a\.yaml: error\[spec/unreadable\] the spec cannot be read: Permission denied"):
        read_spec(str(path))
