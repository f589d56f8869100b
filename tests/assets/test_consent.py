"""A consent record is a text that says something."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from assets.consent import MAX_RECORD_BYTES, read_consent_record
from assets.digest import sha256
from assets.errors import RightsError

SENTENCE = "I agree to be shown. 2026-05-01, A. Person\n"


def test_a_record_has_its_name_digest_and_text(tmp_path: Path) -> None:
    path = tmp_path / "consent.txt"
    path.write_text(SENTENCE)
    assert read_consent_record(path) == {"file": "consent.txt", "sha256": sha256(SENTENCE.encode()), "text": SENTENCE.strip()}


def test_a_record_is_found_in_either_unicode_form(tmp_path: Path) -> None:
    nfc, nfd = (unicodedata.normalize(form, "accord_signé.txt") for form in ("NFC", "NFD"))
    (tmp_path / nfd).write_text(SENTENCE)
    assert read_consent_record(tmp_path / nfc)["text"] == SENTENCE.strip()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty; write who agreed to what, and when"),
        (b" \n\t", "is empty; write who agreed to what, and when"),
        (b"\xff\xd8\xff\xe0", "is not UTF-8 text; save it as UTF-8 text"),
        (b"yes " * 30_000, "has more than 100 KB; keep what people agreed to, and when"),
        ("同意".encode() * 20_000, "has more than 100 KB; keep what people agreed to, and when"),
    ],
)
def test_what_is_no_record_is_one_sentence(data: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "consent.txt"
    path.write_bytes(data)
    with pytest.raises(RightsError) as caught:
        read_consent_record(path)
    assert str(caught.value) == f"error[rights/consent] the consent record {path} {problem}"


def test_a_missing_record_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RightsError) as caught:
        read_consent_record(tmp_path / "gone.txt")
    reason = "cannot be read: No such file or directory; check its path and permissions"
    assert str(caught.value) == f"error[rights/consent] the consent record {tmp_path}/gone.txt {reason}"


def test_a_record_of_exactly_the_limit_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "consent.txt"
    path.write_bytes(b"y" * MAX_RECORD_BYTES)
    assert len(read_consent_record(path)["text"]) == MAX_RECORD_BYTES


def test_a_pipe_in_the_place_of_a_record_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "consent.txt")
    with pytest.raises(RightsError, match=r"consent\.txt is not a file; give a text file"):
        read_consent_record(tmp_path / "consent.txt")
