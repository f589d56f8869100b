"""Lines that nobody means: numbers without end, powers of nothing, runs of one sign."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.spec.avatar import AvatarSpec
from assets.spec.value_checks import SpecConstraints, find_problems
from stages.voice.reading.english_reader import CLASSES
from stages.voice.text import clean_text
from stages.voice.voice_rules import RULES

LONG = "1" * 4400
POWERS = ("x²³⁴ m⁻⁻²", "2⁻⁰⁻¹", "2⁻", "2^" + "9" * 400, "2" + "⁹" * 1200, "10^--5", f"2^{LONG}")
NUMBERS = (
    LONG, "1" + ",111" * 1500, f"${LONG}", f"{LONG} km", f"{LONG}th", f"1/{LONG}", f"{LONG}/2", f"{LONG}%", f"v{LONG}", f"1.1.{LONG}",
    f"{LONG}h 5 min", f"No. {LONG}", f"{LONG}x5", f"{LONG}-5", f"A{LONG}", f"第{LONG}", f"{LONG}:1", f"{LONG}½", f"{LONG}元", f"{LONG}个",
    f"room {LONG}", f"+{LONG}", f"a{LONG}@b.com", f"3.{LONG}",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("line", [*POWERS, *NUMBERS], ids=lambda line: f"{line[:6]}-{len(line)}")
def test_every_number_is_spoken(line: str, language: str) -> None:
    assert clean_text(line, language).sentences


@pytest.mark.parametrize("kind", ["e-mail", "domain", "model number"])
def test_no_form_looks_through_the_whole_line(kind: str) -> None:
    """A form that looks from each place to the end of a run needs minutes for a line of 10 000 signs."""
    (pattern,) = (found.pattern.pattern for found in CLASSES if found.kind == kind)
    assert "]*(?:" not in pattern
    assert not pattern.startswith(("[\\w.+-]+", "(?:[A-Za-z0-9][\\w-]*"))


@pytest.mark.parametrize(("field", "value"), [("speaker", "ada"), ("style", {2: 0.3})])
def test_a_speaker_and_a_style_without_a_model_are_refused(field: str, value: object, tmp_path: Path) -> None:
    spec = AvatarSpec.model_validate({"name": "A", "voice": {field: value}})
    found = [finding.message for rule in RULES for _, finding in rule.find_violations(spec, tmp_path)]
    assert found == [f"voice.{field} is of a model folder, and voice.model is not given"]


@pytest.mark.parametrize("line", ["<break/>", "<emphasis></emphasis>", "<break/> 😀"])
def test_a_line_of_marks_alone_cannot_be_spoken(line: str, tmp_path: Path) -> None:
    value = {"name": "A", "persona": {"greeting": line}}
    found = find_problems(value, tmp_path, allow_outside=False, constraints=SpecConstraints())
    assert [finding.code for _, finding in found] == ["spec/unspeakable"]
