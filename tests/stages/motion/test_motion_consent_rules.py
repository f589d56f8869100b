"""Consent of people who are filmed: a clip from a video without a consent record is a warning, and with rights.strict an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.bundle import Package
from assets.errors import SpecError
from assets.spec.avatar import AvatarSpec
from assets.spec.read import parse_spec, read_spec
from flows.pipeline.bundle_writer import collect_bundle_warnings
from flows.pipeline.spec_choices import collect_spec_choices
from stages.motion.consent_rules import list_missing_consents

FILMED = "name: A\nmotion: {clips: [{name: turn, video: me.mp4}]}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A spec's folder with a video and three consent records."""
    (tmp_path / "me.mp4").write_bytes(b"\0\0\0\x18ftypisom")
    (tmp_path / "yes.txt").write_text("I agree to be shown. 2026-05-01, A. Person\n", encoding="utf-8")
    (tmp_path / "empty.txt").write_text(" \n", encoding="utf-8")
    (tmp_path / "long.txt").write_text("yes " * 30_000, encoding="utf-8")
    return tmp_path


def read(text: str, folder: Path) -> AvatarSpec:
    return parse_spec(text.encode(), "a.yaml", folder=folder, constraints=collect_spec_choices())


def list_errors(text: str, folder: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read(text, folder)
    return [str(finding) for finding in caught.value.findings]


def test_a_video_without_a_record_is_a_warning(folder: Path) -> None:
    spec = read(FILMED, folder)
    assert list_missing_consents(spec) == ["clip turn is read from the video me.mp4 without a consent record"]
    warnings = collect_bundle_warnings(spec, Package((), "web", 0, ()))
    assert [warning["message"] for warning in warnings if warning["stage"] == "motion"] == [
        "clip turn is read from the video me.mp4 without a consent record; "
        "set rights.consent to a file that states who consented, or that no real person is shown"
    ]


def test_a_video_without_a_record_is_refused_with_strict_rights(folder: Path) -> None:
    assert list_errors(FILMED + "rights: {strict: true}\n", folder) == [
        "a.yaml:3:18: error[rights/consent] clip turn is read from the video me.mp4 without a consent record; "
        "set rights.consent to a file that states who consented, or that no real person is shown"
    ]


@pytest.mark.parametrize("text", [FILMED + "rights: {strict: true, consent: yes.txt}\n", "name: A\nrights: {strict: true}\n"])
def test_a_record_is_enough_and_a_spec_without_videos_needs_none(text: str, folder: Path) -> None:
    assert list_missing_consents(read(text, folder)) == []


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("empty", "is empty; write who agreed to what, and when"),
        ("long", "has more than 100 KB; keep what people agreed to, and when"),
    ],
)
def test_an_empty_or_huge_record_is_refused(file: str, problem: str, folder: Path) -> None:
    path = folder / f"{file}.txt"
    assert list_errors(FILMED + f"rights: {{consent: {file}.txt}}\n", folder) == [
        f"a.yaml:3:19: error[rights/consent] the consent record {path} {problem}"
    ]


def test_the_presets_have_the_consent_that_they_need() -> None:
    for name in ("kofi", "ada", "lin"):
        assert list_missing_consents(read_spec(name, constraints=collect_spec_choices()).spec) == []


def test_a_person_is_picked_from_videos_only(folder: Path) -> None:
    assert read(FILMED.replace("me.mp4", "me.mp4, person: left"), folder).motion.clips[0].person == "left"
    (error,) = list_errors("name: A\nmotion: {clips: [{name: turn, library: walk, person: left}]}\n", folder)
    sentence = "motion.clips: clip turn has person: left, but no video; remove person, or name a video"
    assert f"error[motion/person-without-video] {sentence}" in error


def test_a_clip_that_ends_before_it_starts_is_refused_before_any_work(folder: Path) -> None:
    """A film was captured for minutes first."""
    for end in (2, 5):
        (error,) = list_errors(FILMED.replace("me.mp4", f"me.mp4, from: 5, to: {end}"), folder)
        assert error.endswith(f"error[motion/clip-range] motion.clips: clip turn starts at 5 s and ends at {end} s; choose a larger to")
    assert read(FILMED.replace("me.mp4", "me.mp4, from: 5, to: 5.5"), folder).motion.clips[0].to == 5.5
