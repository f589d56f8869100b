"""A user's own pictures: none without rights; what cannot be used is named and left out; the rights travel with the set."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.errors import FormatError, RightsError, SpecError
from stages.datasets.folder import FolderRequest, scan_folder
from stages.datasets.make import make_folder_dataset
from stages.datasets.shards import load_images, read_index
from stages.datasets.splits import SPLITS


@pytest.fixture
def ask(tmp_path: Path) -> FolderRequest:
    """Six pictures, 40 x 48, in a folder and a sub-folder, with a consent record."""
    source = tmp_path / "faces"
    (source / "more").mkdir(parents=True)
    for number in range(6):
        picture = np.random.default_rng(number).integers(0, 256, (48, 40, 3)).astype(np.uint8)
        cv2.imwrite(str(source / ("more" if number > 3 else "") / f"{number}.png"), picture)
    consent = tmp_path / "consent.txt"
    consent.write_text("All six agreed to training, 2026-05-01.\n", encoding="utf-8")
    return FolderRequest(source, 32, "CC-BY-4.0", consent)


def bomb() -> bytes:
    """A PNG of a hundred bytes that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"licence": None}, "come without licence;"),
        ({"licence": "  "}, "come without licence;"),
        ({"consent": None}, "come without consent record;"),
        ({"licence": None, "consent": None}, "come without licence and consent record;"),
    ],
)
def test_no_picture_is_read_without_rights(ask: FolderRequest, change: dict, said: str) -> None:
    with pytest.raises(RightsError) as caught:
        scan_folder(replace(ask, **change))
    assert said in str(caught.value)
    assert len(caught.value.findings) == 1


def test_an_empty_or_missing_consent_record_is_none(ask: FolderRequest, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text(" \n")
    for record, said in ((empty, "is empty"), (tmp_path / "gone.txt", "cannot be read: No such file or directory")):
        with pytest.raises(RightsError, match=said):
            scan_folder(replace(ask, consent=record))


def test_rights_travel_in_the_index(ask: FolderRequest, tmp_path: Path) -> None:
    make_folder_dataset(ask, tmp_path / "out")
    index = read_index(tmp_path / "out")
    assert index["licence"] == "CC-BY-4.0" == index["sources"][0]["licence"]
    assert index["consent"]["text"] == "All six agreed to training, 2026-05-01."
    assert index["consent"]["file"] == "consent.txt"
    assert len(index["consent"]["sha256"]) == len(index["sources"][0]["sha256"]) == 64


def test_the_command_of_a_set_names_licence_consent_and_table(ask: FolderRequest, tmp_path: Path) -> None:
    """Without them it was refused, and who read a model card could not see that anybody had agreed."""
    make_folder_dataset(ask, tmp_path / "out")
    said = "fenshen data folder faces --out out --size 32 --seed 0 --licence CC-BY-4.0 --consent consent.txt"
    assert read_index(tmp_path / "out")["command"] == said
    table = tmp_path / "who is who.csv"
    rows = [f"{path.relative_to(ask.source).as_posix()},{path.stem}" for path in ask.source.rglob("*.png")]
    table.write_text("\n".join(["file,person", *rows]))
    make_folder_dataset(replace(ask, table=table, licence="for tests only"), tmp_path / "other")
    assert read_index(tmp_path / "other")["command"].endswith(
        "--licence 'for tests only' --consent consent.txt --attributes 'who is who.csv'"
    )


def test_pictures_are_cut_to_their_middle_square(ask: FolderRequest, tmp_path: Path) -> None:
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = (0, 0, 255)  # OpenCV: red
    cv2.imwrite(str(ask.source / "wide.png"), wide)
    make_folder_dataset(ask, tmp_path / "out")
    everything = np.concatenate([load_images(tmp_path / "out", split).images for split in SPLITS])
    assert everything.shape == (7, 32, 32, 3)
    assert any((picture == (255, 0, 0)).all() for picture in everything)


def test_what_cannot_be_used_is_named_and_left_out(ask: FolderRequest) -> None:
    (ask.source / "letter.txt").write_text("dear diary")
    (ask.source / "torn.png").write_bytes((ask.source / "0.png").read_bytes()[:200])
    (ask.source / "bomb.png").write_bytes(bomb())
    (ask.source / "twin.png").write_bytes((ask.source / "1.png").read_bytes())
    cv2.imwrite(str(ask.source / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    (ask.source / ".DS_Store").write_bytes(b"x")
    gathered = scan_folder(ask)
    said = {finding.message.split(" is left out: ")[0]: finding.message.split(": ", 1)[1] for finding in gathered.skipped}
    assert set(said) == {"letter.txt", "torn.png", "bomb.png", "twin.png", "dot.png"}
    assert "not a picture" in said["letter.txt"]
    assert "not a picture" in said["torn.png"]
    assert "64 megapixels" in said["bomb.png"]
    assert said["twin.png"] == "it is the same picture as 1.png"
    assert said["dot.png"] == "it is 1 x 1, too small for 32 px"
    assert len(gathered.files) == 6


def test_a_folder_without_pictures_is_refused(ask: FolderRequest, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FormatError, match="holds 0 usable pictures, three at least are needed"):
        scan_folder(replace(ask, source=empty))
    with pytest.raises(SpecError, match="there is no folder"):
        scan_folder(replace(ask, source=tmp_path / "gone"))


def table(ask: FolderRequest, text: str) -> FolderRequest:
    file = ask.source / "table.csv"
    file.write_text(text, encoding="utf-8")
    return replace(ask, table=file)


NAMES = ("0.png", "1.png", "2.png", "3.png", "more/4.png", "more/5.png")


def test_a_table_gives_persons_numbers_and_captions(ask: FolderRequest, tmp_path: Path) -> None:
    lines = [f"{name},p{k // 2},{20 + k},{1 if k % 2 else -1},face {k},面孔{k}" for k, name in enumerate(NAMES)]
    asked = table(ask, "\n".join(["file,person,age_years,Smiling,caption_en,caption_zh", *lines]))
    make_folder_dataset(asked, tmp_path / "out")
    parts = [load_images(tmp_path / "out", split) for split in SPLITS]
    assert [len(part) for part in parts] == [2, 2, 2]
    assert [len(set(part.people.tolist())) for part in parts] == [1, 1, 1]
    assert parts[0].columns == ("age_years", "Smiling")
    assert sorted(v for part in parts for v in part.column("Smiling")) == [0, 0, 0, 1, 1, 1]
    assert all(part.captions["zh"][0].startswith("面孔") for part in parts)


def test_a_caption_that_some_pictures_come_without_is_empty_for_them(ask: FolderRequest, tmp_path: Path) -> None:
    lines = [f"{name},{'' if k % 2 else f'face {k}'}" for k, name in enumerate(NAMES)]
    make_folder_dataset(table(ask, "\n".join(["file,caption_en", *lines])), tmp_path / "out")
    parts = [load_images(tmp_path / "out", split) for split in SPLITS]
    told = [text for part in parts for text in part.captions.get("en", ("",) * len(part))]
    assert sorted(told) == ["", "", "", "face 0", "face 2", "face 4"]
    assert all(len(texts) == len(part) for part in parts for texts in part.captions.values())


def test_every_mistake_of_a_table_is_told_at_once(ask: FolderRequest) -> None:
    asked = table(ask, "file,age_years,tone\n0.png,old,0.5\n1.png,30,7\n2.png,30,0.1\n3.png,30,0.1\nmore/4.png,30,0.1\n")
    with pytest.raises(SpecError) as caught:
        scan_folder(asked)
    assert [str(finding) for finding in caught.value.findings] == [
        "table.csv:2: error[data/number] age_years is 'old', not a number",
        "table.csv:3: error[data/range] tone is 7, not within 0..1",
        "error[data/no-row] table.csv has no row for more/5.png; add one, or remove the picture",
    ]


def test_a_table_without_files_or_with_two_people_is_refused(ask: FolderRequest, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="has no column named file"):
        scan_folder(table(ask, "name\n0.png\n"))
    two = table(ask, "\n".join(["file,person", *(f"{name},p{k % 2}" for k, name in enumerate(NAMES))]))
    with pytest.raises(FormatError, match="shows 2 people, three at least are needed"):
        make_folder_dataset(two, tmp_path / "out")


def test_a_changed_folder_is_another_set(ask: FolderRequest, tmp_path: Path) -> None:
    make_folder_dataset(ask, tmp_path / "out")
    make_folder_dataset(ask, tmp_path / "out")
    cv2.imwrite(str(ask.source / "0.png"), np.full((48, 48, 3), 9, np.uint8))
    with pytest.raises(SpecError, match="holds a data set of another kind, count, size, seed or version"):
        make_folder_dataset(ask, tmp_path / "out")
