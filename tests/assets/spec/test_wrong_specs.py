"""What the reader says about wrong specs, whole sentence by whole sentence: tests/data/wrong_specs.md is the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.read import parse_spec
from assets.spec.value_checks import SpecConstraints

TABLE = Path(__file__).parents[2] / "data" / "wrong_specs.md"
CASE = re.compile(r"```yaml\n(.*?)\n```\n\n((?:> [^\n]*\n?)+)", re.DOTALL)
CASES = [(text, [line[2:].rstrip() for line in quoted.splitlines()]) for text, quoted in CASE.findall(TABLE.read_text(encoding="utf-8"))]
KNOWN = SpecConstraints(
    {
        "groom.hair": lambda: ("afro01", "bob01", "none", "ponytail01"),
        "motion.clips.*.library": lambda: ("nod", "wave"),
        "voice.backend": lambda: ("coqui", "hibari"),
        "body.local.*": lambda: ("african", "nose-base-up"),
    }
)


def read_findings(text: str, folder: Path) -> list[str]:
    """Every finding of the spec as the user reads it."""
    with pytest.raises(SpecError) as caught:
        parse_spec(text.encode(), "a.yaml", folder=folder, constraints=KNOWN)
    return [str(finding) for finding in caught.value.findings]


def test_the_table_is_read_whole() -> None:
    assert len(CASES) == TABLE.read_text(encoding="utf-8").count("```yaml\n") > 140


@pytest.mark.parametrize(("text", "sentences"), CASES, ids=[text.replace("\n", " | ")[:50] for text, _ in CASES])
def test_each_wrong_spec_gets_its_sentences(text: str, sentences: list[str], tmp_path: Path) -> None:
    (tmp_path / "Me.mp4").write_text("a video")
    assert read_findings(text, tmp_path) == sentences


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a.yaml: error[spec/empty] the spec is empty; write at least `name: Ada`"),
        ("name: A\n\nx: a\0b", "a.yaml:3:5: error[spec/syntax] invalid YAML: the character U+0000 is not allowed; remove it"),
        (
            f"name: A\nseed: {'9' * 5000}",
            f"a.yaml:2:7: error[spec/value] {'9' * 57}... cannot be read as an integer; write a shorter number, or put text in quotes",
        ),
        (
            "[" * 5000,
            "a.yaml:1:51: error[spec/too-deep] more than 50 levels are nested here; a spec has three or four levels",
        ),
        (
            f"name: A\npersona: {{lines: [{', '.join('a' for _ in range(60_000))}]}}",
            "a.yaml: error[spec/too-large] the spec has more than 50000 parts; a spec has three or four levels",
        ),
    ],
    ids=["empty", "null character", "long number", "deep", "large"],
)
def test_what_a_table_cannot_hold_gets_its_sentence_too(text: str, sentence: str, tmp_path: Path) -> None:
    assert read_findings(text, tmp_path) == [sentence]


def test_bytes_that_are_not_text_are_one_sentence() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec("name: Ada\n".encode("utf-16"), "a.yaml")
    assert str(caught.value) == "a.yaml: error[spec/not-text] byte 1 is not valid UTF-8; save the file as UTF-8"


def test_lines_and_columns_are_those_of_an_editor_after_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    text = "\ufeffname: Ada\r\ngroom:\r\n  hair_colour: #5a2e1a\r\n  hiar: bob01\r\n"
    assert [finding.split(" ")[0] for finding in read_findings(text, tmp_path)] == ["a.yaml:3:15:", "a.yaml:4:3:"]
    assert parse_spec("\ufeffname: Ada\r\nseed: 3\r\n".encode(), "a.yaml").seed == 3
