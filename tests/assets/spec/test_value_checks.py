"""What the types of the fields do not say: files, names, words; and the rules of the stages."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from assets.errors import SpecError
from assets.portable_names import WINDOWS_DEVICES
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec, TextureSpec
from assets.spec.behaviour import ClipSpec, MotionSpec, PerformanceSpec, PersonaSpec, RetargetSpec, VoiceSpec
from assets.spec.packaging import PackageSpec, RightsSpec
from assets.spec.read import parse_spec
from assets.spec.value_checks import SpecConstraints
from flows.pipeline.spec_choices import collect_spec_choices

SECTIONS = (
    IdentitySpec, BodySpec, GroomSpec, TextureSpec, MotionSpec, ClipSpec, RetargetSpec, PersonaSpec, VoiceSpec, PerformanceSpec,
    PackageSpec, RightsSpec,
)  # fmt: skip


def test_names_that_are_not_known_here_are_accepted(tmp_path: Path) -> None:
    """Where the body is not baked, nobody knows its changes; the preflight says so."""
    unknown = SpecConstraints({"voice.backend": lambda: None})
    assert parse_spec(b"name: A\nvoice: {backend: other}\n", "a.yaml", folder=tmp_path, constraints=unknown).voice.backend == "other"


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
def test_a_refused_value_is_not_taken_for_a_missing_one(text: str, refused: str, tmp_path: Path) -> None:
    """A second error said that the clip names no source, the film no consent, the writer no model."""
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    written = f"name: A\n{text.replace('HERE', refused)}\n".encode()
    with pytest.raises(SpecError) as caught:
        parse_spec(written, "a.yaml", folder=tmp_path, constraints=collect_spec_choices())
    assert [finding.code for finding in caught.value.findings] == ["spec/character" if "0" in refused else "spec/tag"]


@pytest.mark.parametrize("name", WINDOWS_DEVICES)
def test_a_clip_may_not_be_called_like_a_device_of_windows(name: str, tmp_path: Path) -> None:
    """The bundle could be unpacked everywhere but there."""
    text = f"name: A\nmotion: {{clips: [{{name: {name}, library: nod}}]}}\n"
    with pytest.raises(SpecError) as caught:
        parse_spec(text.encode(), "a.yaml", folder=tmp_path)
    assert caught.value.findings[0].code == ("spec/invalid-value" if name.endswith("$") else "spec/reserved-name")


@pytest.mark.parametrize("name", ["icon", "com", "com10", "con_clip", "auxiliary", "saying"])
def test_a_clip_may_be_called_nearly_so(name: str, tmp_path: Path) -> None:
    text = f"name: A\nmotion: {{clips: [{{name: {name}, library: nod}}]}}\n"
    assert parse_spec(text.encode(), "a.yaml", folder=tmp_path).motion.clips[0].name == name


@pytest.mark.parametrize(
    ("text", "code", "fix"),
    [
        ("groom: {hair: None}", "spec/unknown-name", "leave the line out to take the default, or write none for no item"),
        ("persona: {fallback: '~'}", "spec/unspeakable", "leave the line out to take the default"),
        ("groom: {hair_colour: None}", "spec/invalid-value", "leave the line out to take the default"),
        ("texture: {wrinkles: None}", "spec/invalid-value", "leave the line out to take the default"),
        ("rights: {consent: None}", "spec/no-such-file", "leave the line out to take the default"),
        ("motion: {clips: [{name: a, library: nod, video: None}]}", "spec/clip-source", "keep exactly one"),
    ],
)
def test_another_languages_word_for_nothing_is_to_be_left_out(text: str, code: str, fix: str, tmp_path: Path) -> None:
    """The pages said "None picks", and `hair: None` was answered with "did you mean none?": a bald head."""
    none = SpecConstraints({"groom.hair": lambda: ("afro01", "none")})
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\n{text}\n".encode(), "a.yaml", folder=tmp_path, constraints=none)
    first = caught.value.findings[0]
    assert (first.code, first.fix) == (code, fix)


@pytest.mark.parametrize("field", [f for m in SECTIONS for f in m.model_fields.values()], ids=lambda field: field.description[:30])
def test_no_field_speaks_python(field: FieldInfo) -> None:
    assert "None" not in (field.description or "")


@pytest.mark.parametrize(
    ("language", "line", "voice"),
    [("en", "你好", "an English"), ("en", "😀", "an English"), ("en", "...", "an English"), ("zh", "Hello", "a Mandarin")],
)
def test_a_line_without_a_word_of_its_language_is_an_error(language: str, line: str, voice: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(f"name: A\npersona:\n  language: {language}\n  lines: ['{line}']\n".encode(), "a.yaml", folder=tmp_path)
    other = {"en": "zh", "zh": "en"}[language]
    assert str(caught.value) == (
        f"a.yaml:4:11: error[spec/unspeakable] persona.lines.0: {voice} voice cannot speak any word of '{line}'; "
        f"write words of that language, or set persona.language to {other}"
    )


@pytest.mark.parametrize(("language", "line"), [("en", "Hello 😀 你好"), ("en", "1968"), ("zh", "你好 AI"), ("en", "Žižek")])
def test_a_line_with_one_word_passes(language: str, line: str, tmp_path: Path) -> None:
    spec = parse_spec(f"name: A\npersona:\n  language: {language}\n  lines: ['{line}']\n".encode(), "a.yaml", folder=tmp_path)
    assert spec.persona.lines == (line,)
