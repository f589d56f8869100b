"""Who is filmed has agreed: a clip read from a video without a consent record is told, and refused where a bundle shall be sold."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.avatar import AvatarSpec
from assets.spec.read import parse_spec
from flows.pipeline.bundle_writer import collect_bundle_warnings
from flows.pipeline.spec_choices import collect_spec_choices
from stages.motion.consent_rules import list_missing_consents

FILMED = "name: A\nmotion: {clips: [{name: turn, video: me.mp4}]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A spec's folder with a film and three records."""
    (tmp_path / "me.mp4").write_bytes(b"a film")
    (tmp_path / "yes.txt").write_text("I agree to be shown. 2026-05-01, A. Person\n", encoding="utf-8")
    (tmp_path / "empty.txt").write_text(" \n", encoding="utf-8")
    (tmp_path / "long.txt").write_text("yes " * 30_000, encoding="utf-8")
    return tmp_path


def read(text: str, folder: Path) -> AvatarSpec:
    return parse_spec(text.encode(), "a.yaml", folder=folder, constraints=collect_spec_choices())


def told(text: str, folder: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read(text, folder)
    return [str(finding) for finding in caught.value.findings]


def test_a_film_without_a_record_is_built_and_told(folder: Path) -> None:
    from assets.bundle import Package

    spec = read(FILMED, folder)
    assert list_missing_consents(spec) == ["clip turn is read from the video me.mp4 without a consent record"]
    told = [one["message"] for one in collect_bundle_warnings(spec, Package((), "web", 0, ())) if one["stage"] == "motion"]
    assert told == [
        "clip turn is read from the video me.mp4 without a consent record; "
        "set rights.consent to a file that says who agreed to it, or that nobody real is shown"
    ]


def test_a_film_without_a_record_is_refused_where_rights_are_strict(folder: Path) -> None:
    (only,) = told(FILMED + "rights: {strict: true}\n", folder)
    assert only.startswith("a.yaml:3:18: error[rights/consent] clip turn is read from the video me.mp4 without a consent record")


@pytest.mark.parametrize("text", [FILMED + "rights: {strict: true, consent: yes.txt}\n", "name: A\nrights: {strict: true}\n"])
def test_a_record_is_enough_and_who_films_nobody_needs_none(text: str, folder: Path) -> None:
    assert list_missing_consents(read(text, folder)) == []


@pytest.mark.parametrize(("file", "said"), [("empty", "is empty"), ("long", "has more than 100 KB")])
def test_a_record_that_says_nothing_is_none(file: str, said: str, folder: Path) -> None:
    (only,) = told(FILMED + f"rights: {{consent: {file}.txt}}\n", folder)
    assert only.startswith("a.yaml:3:19: error[rights/consent]")
    assert said in only


def test_the_presets_film_nobody_without_a_record() -> None:
    from assets.spec.read import read_spec

    for name in ("kofi", "ada", "lin"):
        assert list_missing_consents(read_spec(name, constraints=collect_spec_choices()).spec) == []
