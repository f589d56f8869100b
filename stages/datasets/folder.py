"""A user's own folder of pictures as a data set, with the licence and the consent record under which a net may be trained on them.

Both are stored in dataset.json and, from there, in the header of every weights file. An optional CSV table gives attributes,
captions and persons.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from assets.artefacts.geometry import Pixels
from assets.consent import read_consent_record
from assets.digest import sha256_json
from assets.errors import FenshenError, Finding, FormatError, Location, RightsError, Severity, SpecError
from assets.media_limits import MAX_PICTURE_BYTES
from assets.rights import Source
from assets.untrusted_media import load_untrusted_image
from stages.datasets.shards import DatasetCard, DatasetItem, Shard, compute_split_counts, plan_shards
from stages.datasets.splits import SPLITS, Split

ITEMS_PER_SHARD = 500
MIN_IN_SPLIT = 4
"""Pictures of each split: `fenshen evaluate` measures distances to the third-nearest neighbour within a split."""
MIN_PICTURES = MIN_IN_SPLIT * len(SPLITS)
MAX_SHOWN_FINDINGS = 20
"""Of a wrong table."""
_CAPTION_COLUMNS = ("caption_en", "caption_zh")
_TEXT_COLUMNS = ("file", "person", *_CAPTION_COLUMNS)


@dataclass(frozen=True)
class FolderRequest:
    """The arguments of `fenshen data folder`."""

    source: Path
    size: int
    """Pixels a side."""
    licence: str | None
    """SPDX id, or the terms in plain words."""
    consent: Path | None
    """File of the consent record of the people shown."""
    table: Path | None = None
    """CSV with a column `file` and, optionally, `person`, `caption_en`, `caption_zh` and columns of numbers."""
    seed: int = 0


@dataclass(frozen=True)
class TableRow:
    """What the table says about a picture."""

    person: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FolderContents:
    """The usable pictures of a folder."""

    request: FolderRequest
    files: tuple[str, ...]
    """Paths inside the folder, in the order of the items."""
    rows: tuple[TableRow, ...]
    """Of each file."""
    people: tuple[int, ...]
    """Of each file, ascending: a split is a range of people."""
    columns: tuple[str, ...]
    consent: Mapping[str, str]
    digest: str
    """Of the names and pixels of all pictures."""
    skipped: tuple[Finding, ...]
    """One warning for each file that cannot be used, with the reason."""


def scan_folder(request: FolderRequest) -> FolderContents:
    """Reads every file of the folder once; each file that is not a usable picture is reported and left out.

    Raises:
        RightsError: the licence or the consent record is missing.
        SpecError: the folder does not exist, or the table is wrong.
        FormatError: fewer than twelve pictures are usable.
    """
    consent = require_consent(request)
    if not request.source.is_dir():
        raise SpecError(Finding("data/folder", f"there is no folder {request.source}", fix="give the folder that holds the pictures"))
    records = {p.resolve() for p in (request.consent, request.table) if p is not None}
    paths = [p for p in sorted(request.source.rglob("*")) if p.is_file() and not p.name.startswith(".") and p.resolve() not in records]
    names, digests, skipped = _find_usable(request, paths)
    if len(names) < MIN_PICTURES:
        reasons = "".join(f"; {finding.message}" for finding in skipped[:3])
        message = f"{request.source} holds {len(names)} usable pictures, at least {MIN_PICTURES} are needed{reasons}"
        raise FormatError(Finding("data/too-few", message))
    table = read_table(request.table, names) if request.table else {}
    return _order_by_person(request, names, digests, table, consent, skipped)


def require_consent(request: FolderRequest) -> Mapping[str, str]:
    """The consent record's file name, digest and text; raises RightsError if the licence or the record is missing."""
    given = {"licence": request.licence and request.licence.strip(), "consent record": request.consent}
    if missing := [name for name, value in given.items() if not value]:
        fix = "give --licence (the terms of the pictures) and --consent (a file that says who agreed to training, and when)"
        raise RightsError(Finding("data/rights", f"the pictures of {request.source} come without a {' and a '.join(missing)}", fix=fix))
    assert request.consent is not None
    return read_consent_record(request.consent)


def _find_usable(request: FolderRequest, paths: list[Path]) -> tuple[list[str], list[str], list[Finding]]:
    """Names and digests of the usable pictures, and a warning for each of the others."""
    names, digests, skipped = [], [], []
    first: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(request.source).as_posix()
        try:
            picture = read_picture(path, request.size)
        except FenshenError as error:
            skipped.append(Finding("data/left-out", f"{name} is left out: {error.findings[0].message}", Severity.WARNING))
            continue
        # A picture that occurs twice could get into two splits.
        digest = hashlib.sha256(picture.tobytes()).hexdigest()
        if digest in first:
            skipped.append(Finding("data/left-out", f"{name} is left out: it is the same picture as {first[digest]}", Severity.WARNING))
            continue
        first[digest] = name
        names.append(name)
        digests.append(digest)
    return names, digests, skipped


def read_picture(path: Path, size: int) -> Pixels:
    """(size,size,3) sRGB: the central square of the picture, transparency on mid-grey.

    Raises:
        FormatError: the file is not a picture, is damaged, too large to open or too small to learn from.
    """
    import cv2

    if path.stat().st_size > MAX_PICTURE_BYTES:
        raise FormatError(Finding("data/too-big", f"it is larger than {MAX_PICTURE_BYTES // 1_000_000} MB"))
    try:
        pixels = load_untrusted_image(path).pixels
    except OSError as error:
        raise FormatError(Finding("data/unreadable", f"it cannot be read ({error.strerror})")) from error
    height, width = pixels.shape[:2]
    side = min(height, width)
    if side < max(size // 2, 16):
        raise FormatError(Finding("data/too-small", f"it is {width} x {height}, too small for {size} px"))
    top, left = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, left : left + side].astype(np.float32)
    if square.shape[2] == 4:
        alpha = square[..., 3:] / 255
        square = np.asarray(square[..., :3] * alpha + 128 * (1 - alpha), np.float32)
    square = np.repeat(square, 3, 2) if square.shape[2] == 1 else square
    small = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    picture: Pixels = np.clip(small + 0.5, 0, 255).astype(np.uint8)
    return picture


def read_table(path: Path, names: list[str]) -> dict[str, TableRow]:
    """File -> row; raises SpecError with the first twenty errors of the table."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns, lines = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpecError(Finding("data/table", f"the table {path} cannot be read", fix="write UTF-8 CSV with a header line")) from error
    if "file" not in columns:
        fix = "add it: the path of each picture inside the folder"
        raise SpecError(Finding("data/table", f"the table {path} has no column `file`", fix=fix))
    numbers = [name for name in columns if name and name not in _TEXT_COLUMNS]
    findings: list[Finding] = []
    rows: dict[str, TableRow] = {}
    # CelebA's attributes are -1 and 1.
    signed = {name for name in numbers if lines and {(line[name] or "").strip() for line in lines} <= {"-1", "1"}}
    for number, line in enumerate(lines, 2):
        values = {name: _parse_number(line[name], name, Location(path.name, number), findings, signed=name in signed) for name in numbers}
        captions = {name[-2:]: line[name] for name in _CAPTION_COLUMNS if line.get(name)}
        rows[(line["file"] or "").strip()] = TableRow((line.get("person") or "").strip(), values, captions)
    findings += [
        Finding("data/no-row", f"{path.name} has no row for {name}", fix="add one, or remove the picture")
        for name in names
        if name not in rows
    ]
    if findings:
        raise SpecError(*findings[:MAX_SHOWN_FINDINGS])
    return rows


def _parse_number(text: str | None, column: str, location: Location, findings: list[Finding], *, signed: bool) -> float:
    """A value 0..1, or years 0..130 if the column's name ends in _years; `signed` maps -1 and 1 to 0 and 1."""
    try:
        value = float(text or "")
    except ValueError:
        findings.append(Finding("data/number", f"{column} is {text!r}, not a number", location=location))
        return 0.0
    value = (value + 1) / 2 if signed else value
    high = 130.0 if column.endswith("_years") else 1.0
    if not 0 <= value <= high:
        message = f"{column} is {value:g}, expected a number from 0 to {high:g}"
        findings.append(Finding("data/range", message, location=location, value=value, limit=high))
    return value


def _order_by_person(
    request: FolderRequest,
    names: list[str],
    digests: list[str],
    table: Mapping[str, TableRow],
    consent: Mapping[str, str],
    skipped: list[Finding],
) -> FolderContents:
    """The pictures, person by person; the seed draws the order of the people."""
    rows = {name: table.get(name, TableRow()) for name in names}
    people = sorted({rows[name].person or f"file {name}" for name in names})
    order = {people[k]: number for number, k in enumerate(np.random.default_rng([request.seed, 8]).permutation(len(people)))}
    ordered = sorted(names, key=lambda name: (order[rows[name].person or f"file {name}"], name))
    numbers = tuple(order[rows[name].person or f"file {name}"] for name in ordered)
    columns = tuple(next(iter(table.values())).numbers) if table else ()
    digest = sha256_json(sorted(zip(names, digests, strict=True)))
    return FolderContents(request, tuple(ordered), tuple(rows[n] for n in ordered), numbers, columns, consent, digest, tuple(skipped))


def plan(contents: FolderContents, command: str) -> tuple[DatasetCard, tuple[Shard, ...]]:
    """The data set that `fenshen data folder` writes; raises FormatError if a split would be too small."""
    request, items = contents.request, _split_items(contents)
    licence = request.licence or ""
    source = Source(request.source.name, licence, "a user's folder", note="consent record in dataset.json", sha256=contents.digest)
    has_people = any(row.person for row in contents.rows)
    notes = ["split by the persons of the table" if has_people else "no persons were named: each picture counts as another person"]
    notes += [finding.message for finding in contents.skipped]
    card = DatasetCard(
        request.source.name, "folder", request.size, len(contents.files), contents.columns, request.seed, licence, (source,), command,
        consent=contents.consent, notes=tuple(notes),
    )  # fmt: skip
    return card, plan_shards(items, ITEMS_PER_SHARD)


def _split_items(contents: FolderContents) -> dict[Split, list[int]]:
    """The pictures of each split, all of a person in one of them; raises FormatError for fewer than four pictures in a split."""
    count = len(set(contents.people))
    items: dict[Split, list[int]] = {}
    start = 0
    for split, size in _count_people(count).items():
        items[split] = [i for i, person in enumerate(contents.people) if start <= person < start + size]
        start += size
    if min(len(places) for places in items.values()) < MIN_IN_SPLIT:
        shown = f"{len(contents.files)} pictures of {count} {'person' if count == 1 else 'people'}"
        needed = f"{MIN_IN_SPLIT} pictures of other people in each of {len(SPLITS)} splits"
        fix = f"add pictures: {MIN_PICTURES} of {MIN_PICTURES} different people are enough"
        raise FormatError(Finding("data/too-few-people", f"{contents.request.source} holds {shown}, too few for {needed}", fix=fix))
    return items


def _count_people(count: int) -> dict[Split, int]:
    """People of each split: a twelfth is held out for validation and for test, but at least four people where there are twelve."""
    held_out = max(compute_split_counts(count)["test"], min(MIN_IN_SPLIT, count // len(SPLITS)))
    return {"train": count - 2 * held_out, "validation": held_out, "test": held_out}


class FolderReader:
    """Makes the items of a plan."""

    def __init__(self, contents: FolderContents) -> None:
        self._contents = contents

    def __call__(self, index: int) -> DatasetItem:
        """The picture of that index."""
        contents = self._contents
        row, name = contents.rows[index], contents.files[index]
        picture = read_picture(contents.request.source / name, contents.request.size)
        return DatasetItem(index, contents.people[index], row.numbers, picture, captions=row.captions, labels={"file": name})
