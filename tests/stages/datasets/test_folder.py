"""A user's own pictures: none is read without rights, files that cannot be used are named, the rights are stored with the set."""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.errors import FenshenError, FormatError, RightsError, SpecError
from stages.datasets import folder as folder_module
from stages.datasets.folder import FolderRequest, read_picture, scan_folder
from stages.datasets.make import make_folder_dataset
from stages.datasets.shards import load_images, read_index
from stages.datasets.splits import SPLITS
from stages.train.evaluation.metrics import NEIGHBOURS


@pytest.fixture
def folder(tmp_path: Path) -> FolderRequest:
    """Twelve pictures, 40 x 48, in a folder and a sub-folder, with a consent record."""
    source = tmp_path / "faces"
    (source / "more").mkdir(parents=True)
    for number in range(12):
        picture = np.random.default_rng(number).integers(0, 256, (48, 40, 3)).astype(np.uint8)
        cv2.imwrite(str(source / ("more" if number > 3 else "") / f"{number}.png"), picture)
    consent = tmp_path / "consent.txt"
    consent.write_text("All twelve agreed to training, 2026-05-01.\n", encoding="utf-8")
    return FolderRequest(source, 32, "CC-BY-4.0", consent)


def make_decompression_bomb() -> bytes:
    """A PNG of a hundred bytes that claims 60,000 x 60,000 pixels."""

    def make_chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + make_chunk(b"IHDR", header) + make_chunk(b"IDAT", zlib.compress(b"")) + make_chunk(b"IEND", b"")


def catch_message(kind: type[FenshenError], call: Callable[[], object]) -> str:
    """The whole text of the error that the call raises."""
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"licence": None}, "a licence"),
        ({"licence": "  "}, "a licence"),
        ({"consent": None}, "a consent record"),
        ({"licence": None, "consent": None}, "a licence and a consent record"),
    ],
)
def test_no_picture_is_read_without_rights(folder: FolderRequest, change: dict, missing: str) -> None:
    fix = "give --licence (the terms of the pictures) and --consent (a file that says who agreed to training, and when)"
    message = f"error[data/rights] the pictures of {folder.source} come without {missing}; {fix}"
    assert catch_message(RightsError, lambda: scan_folder(replace(folder, **change))) == message


def test_an_empty_or_missing_consent_record_does_not_count(folder: FolderRequest, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text(" \n")
    for record, reason in ((empty, "is empty"), (tmp_path / "gone.txt", "cannot be read: No such file or directory")):
        with pytest.raises(RightsError, match=reason):
            scan_folder(replace(folder, consent=record))


def test_rights_are_stored_in_the_index(folder: FolderRequest, tmp_path: Path) -> None:
    make_folder_dataset(folder, tmp_path / "out")
    index = read_index(tmp_path / "out")
    assert index["licence"] == "CC-BY-4.0" == index["sources"][0]["licence"]
    assert index["consent"]["text"] == "All twelve agreed to training, 2026-05-01."
    assert index["consent"]["file"] == "consent.txt"
    assert len(index["consent"]["sha256"]) == len(index["sources"][0]["sha256"]) == 64


def test_the_command_of_a_set_names_licence_consent_and_table(folder: FolderRequest, tmp_path: Path) -> None:
    """Without them the command was refused, and the reader of a model card could not see that anybody had agreed."""
    make_folder_dataset(folder, tmp_path / "out")
    command = "fenshen data folder faces --out out --size 32 --seed 0 --licence CC-BY-4.0 --consent consent.txt"
    assert read_index(tmp_path / "out")["command"] == command
    table = tmp_path / "who is who.csv"
    rows = [f"{path.relative_to(folder.source).as_posix()},{path.stem}" for path in folder.source.rglob("*.png")]
    table.write_text("\n".join(["file,person", *rows]))
    make_folder_dataset(replace(folder, table=table, licence="for tests only"), tmp_path / "other")
    assert read_index(tmp_path / "other")["command"].endswith(
        "--licence 'for tests only' --consent consent.txt --attributes 'who is who.csv'"
    )


def test_pictures_are_cropped_to_their_central_square(folder: FolderRequest, tmp_path: Path) -> None:
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = (0, 0, 255)  # OpenCV: red
    cv2.imwrite(str(folder.source / "wide.png"), wide)
    make_folder_dataset(folder, tmp_path / "out")
    everything = np.concatenate([load_images(tmp_path / "out", split).images for split in SPLITS])
    assert everything.shape == (13, 32, 32, 3)
    assert any((picture == (255, 0, 0)).all() for picture in everything)


def test_files_that_cannot_be_used_are_named_and_left_out(folder: FolderRequest) -> None:
    (folder.source / "letter.txt").write_text("dear diary")
    (folder.source / "torn.png").write_bytes((folder.source / "0.png").read_bytes()[:200])
    (folder.source / "bomb.png").write_bytes(make_decompression_bomb())
    (folder.source / "twin.png").write_bytes((folder.source / "1.png").read_bytes())
    cv2.imwrite(str(folder.source / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    (folder.source / ".DS_Store").write_bytes(b"x")
    contents = scan_folder(folder)
    messages = {str(finding).removeprefix("warning[data/left-out] ").split(" ")[0]: str(finding) for finding in contents.skipped}
    assert set(messages) == {"letter.txt", "torn.png", "bomb.png", "twin.png", "dot.png"}
    assert messages["twin.png"] == "warning[data/left-out] twin.png is left out: it is the same picture as 1.png"
    assert messages["dot.png"] == "warning[data/left-out] dot.png is left out: it is 1 x 1, too small for 32 px"
    # The other reasons are those of assets.formats.image.
    assert all(messages[name].startswith(f"warning[data/left-out] {name} is left out: ") for name in messages)
    assert len(contents.files) == 12


def test_files_that_are_too_large_or_cannot_be_read_say_so(folder: FolderRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = folder.source / "0.png"
    monkeypatch.setattr(folder_module, "MAX_PICTURE_BYTES", 1)
    assert catch_message(FormatError, lambda: read_picture(picture, 32)) == "error[data/too-big] it is larger than 0 MB"
    monkeypatch.undo()

    def fail(path: Path, mode: str) -> object:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    message = "error[data/unreadable] it cannot be read (Input/output error)"
    assert catch_message(FormatError, lambda: read_picture(picture, 32)) == message


def test_a_missing_folder_and_one_with_too_few_pictures_are_refused(folder: FolderRequest, tmp_path: Path) -> None:
    gone = replace(folder, source=tmp_path / "gone")
    message = f"error[data/folder] there is no folder {tmp_path}/gone; give the folder that holds the pictures"
    assert catch_message(SpecError, lambda: scan_folder(gone)) == message
    few = tmp_path / "few"
    few.mkdir()
    cv2.imwrite(str(few / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    reason = "dot.png is left out: it is 1 x 1, too small for 32 px"
    message = f"error[data/too-few] {few} holds 0 usable pictures, at least 12 are needed; {reason}"
    assert catch_message(FormatError, lambda: scan_folder(replace(folder, source=few))) == message


def write_table(folder: FolderRequest, text: str) -> FolderRequest:
    file = folder.source / "table.csv"
    file.write_text(text, encoding="utf-8")
    return replace(folder, table=file)


NAMES = ("0.png", "1.png", "2.png", "3.png", *(f"more/{number}.png" for number in range(4, 12)))


def test_a_table_gives_persons_numbers_and_captions(folder: FolderRequest, tmp_path: Path) -> None:
    lines = [f"{name},p{k // 4},{20 + k},{1 if k % 2 else -1},face {k},面孔{k}" for k, name in enumerate(NAMES)]
    make_folder_dataset(write_table(folder, "\n".join(["file,person,age_years,Smiling,caption_en,caption_zh", *lines])), tmp_path / "out")
    parts = [load_images(tmp_path / "out", split) for split in SPLITS]
    assert [len(part) for part in parts] == [4, 4, 4]
    assert [len(set(part.people.tolist())) for part in parts] == [1, 1, 1]
    assert parts[0].columns == ("age_years", "Smiling")
    assert sorted(v for part in parts for v in part.column("Smiling")) == [0] * 6 + [1] * 6
    assert all(part.captions["zh"][0].startswith("面孔") for part in parts)


def test_a_missing_caption_is_empty(folder: FolderRequest, tmp_path: Path) -> None:
    lines = [f"{name},{'' if k % 2 else f'face {k}'}" for k, name in enumerate(NAMES)]
    make_folder_dataset(write_table(folder, "\n".join(["file,caption_en", *lines])), tmp_path / "out")
    parts = [load_images(tmp_path / "out", split) for split in SPLITS]
    captions = [text for part in parts for text in part.captions.get("en", ("",) * len(part))]
    assert sorted(captions) == [""] * 6 + ["face 0", "face 10", "face 2", "face 4", "face 6", "face 8"]
    assert all(len(texts) == len(part) for part in parts for texts in part.captions.values())


def test_all_errors_of_a_table_are_reported_in_one_pass(folder: FolderRequest) -> None:
    lines = ["0.png,old,0.5", "1.png,30,7", "2.png,140,0.1", "3.png,30,0.1", *(f"{name},30,0.1" for name in NAMES[4:-1])]
    wrong = write_table(folder, "\n".join(["file,age_years,tone", *lines]))
    assert catch_message(SpecError, lambda: scan_folder(wrong)).splitlines() == [
        "table.csv:2: error[data/number] age_years is 'old', not a number",
        "table.csv:3: error[data/range] tone is 7, expected a number from 0 to 1",
        "table.csv:4: error[data/range] age_years is 140, expected a number from 0 to 130",
        "error[data/no-row] table.csv has no row for more/11.png; add one, or remove the picture",
    ]


def test_of_many_errors_twenty_are_reported(folder: FolderRequest) -> None:
    wrong = write_table(folder, "\n".join(["file,tone", *(f"{number}.png,no" for number in range(30))]))
    assert len(catch_message(SpecError, lambda: scan_folder(wrong)).splitlines()) == 20


def test_a_table_that_cannot_be_read_or_has_no_files_is_refused(folder: FolderRequest) -> None:
    table = folder.source / "table.csv"
    gone = replace(folder, table=table)
    message = f"error[data/table] the table {table} cannot be read; write UTF-8 CSV with a header line"
    assert catch_message(SpecError, lambda: scan_folder(gone)) == message
    fix = "add it: the path of each picture inside the folder"
    message = f"error[data/table] the table {table} has no column `file`; {fix}"
    assert catch_message(SpecError, lambda: scan_folder(write_table(folder, "name\n0.png\n"))) == message


def test_two_people_are_too_few_for_three_splits(folder: FolderRequest, tmp_path: Path) -> None:
    two = write_table(folder, "\n".join(["file,person", *(f"{name},p{k % 2}" for k, name in enumerate(NAMES))]))
    reason = "12 pictures of 2 people, too few for 4 pictures of other people in each of 3 splits"
    message = f"error[data/too-few-people] {folder.source} holds {reason}; add pictures: 12 of 12 different people are enough"
    assert catch_message(FormatError, lambda: make_folder_dataset(two, tmp_path / "out")) == message
    assert not (tmp_path / "out").exists()


def test_a_split_of_fewer_than_four_pictures_is_refused(folder: FolderRequest, tmp_path: Path) -> None:
    """`fenshen evaluate` refused the set later, after hours of training."""
    uneven = write_table(folder, "\n".join(["file,person", *(f"{name},p{min(k, 2)}" for k, name in enumerate(NAMES))]))
    assert catch_message(FormatError, lambda: make_folder_dataset(uneven, tmp_path / "out")).startswith("error[data/too-few-people]")


@pytest.mark.parametrize(
    ("people", "counts"), [(3, [1, 1, 1]), (7, [3, 2, 2]), (12, [4, 4, 4]), (24, [16, 4, 4]), (48, [40, 4, 4]), (120, [100, 10, 10])]
)
def test_four_people_are_held_out_where_there_are_twelve(people: int, counts: list[int]) -> None:
    """A twelfth of 48 people is four: larger sets are split as those of the generators."""
    assert list(folder_module._count_people(people).values()) == counts


def test_twelve_pictures_are_enough_to_evaluate_a_net(folder: FolderRequest, tmp_path: Path) -> None:
    make_folder_dataset(folder, tmp_path / "out")
    assert [len(load_images(tmp_path / "out", split)) for split in SPLITS] == [4, 4, 4]
    assert folder_module.MIN_IN_SPLIT == NEIGHBOURS + 1


def test_the_notes_say_how_the_set_was_split_and_what_was_left_out(folder: FolderRequest, tmp_path: Path) -> None:
    cv2.imwrite(str(folder.source / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    make_folder_dataset(folder, tmp_path / "out")
    assert read_index(tmp_path / "out")["notes"] == [
        "no persons were named: each picture counts as another person",
        "dot.png is left out: it is 1 x 1, too small for 32 px",
    ]
    make_folder_dataset(write_table(folder, "\n".join(["file,person", *(f"{n},{n}" for n in NAMES)])), tmp_path / "other")
    assert read_index(tmp_path / "other")["notes"][0] == "split by the persons of the table"


def test_a_changed_folder_is_another_set(folder: FolderRequest, tmp_path: Path) -> None:
    make_folder_dataset(folder, tmp_path / "out")
    make_folder_dataset(folder, tmp_path / "out")
    cv2.imwrite(str(folder.source / "0.png"), np.full((48, 48, 3), 9, np.uint8))
    reason = f"{tmp_path}/out holds a data set of another kind, count, size, seed or version"
    message = f"error[data/other-set] {reason}; give another --out, or remove the folder"
    assert catch_message(SpecError, lambda: make_folder_dataset(folder, tmp_path / "out")) == message
