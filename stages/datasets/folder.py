"""A user's own folder of pictures as a data set, with the licence and the consent under which they may be trained on.

Both travel in dataset.json and from there into every weight. An optional table (CSV) gives attributes, captions and persons.
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
from assets.formats.image import decode_image
from assets.rights import Source
from stages.datasets.shards import DatasetCard, DatasetItem, Shard, compute_split_counts, plan_shards
from stages.datasets.splits import Split

ITEMS_PER_SHARD = 500
MAX_FILE_BYTES = 100_000_000
"""A file beyond this is not read: no portrait has so many."""
_CAPTION_COLUMNS = ("caption_en", "caption_zh")
_TEXT_COLUMNS = ("file", "person", *_CAPTION_COLUMNS)


@dataclass(frozen=True)
class FolderRequest:
    """What the user gives."""

    source: Path
    size: int
    """Pixels a side."""
    licence: str | None
    """SPDX id, or the terms in plain words."""
    consent: Path | None
    """File of the consent record of the people shown."""
    table: Path | None = None
    """CSV with a column `file`; `person`, caption_en, caption_zh and numbers are read where they are there."""
    seed: int = 0


@dataclass(frozen=True)
class TableRow:
    """What the table says of a picture."""

    person: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FolderContents:
    """What of a folder goes into the set."""

    ask: FolderRequest
    files: tuple[str, ...]
    """Paths inside the folder, in the order of the items."""
    rows: tuple[TableRow, ...]
    people: tuple[int, ...]
    """Of each file, ascending: splits are runs of people."""
    columns: tuple[str, ...]
    consent: Mapping[str, str]
    digest: str
    """Of all pictures' names and bytes."""
    skipped: tuple[Finding, ...]
    """One warning for each file that is not used, and why."""


def scan_folder(ask: FolderRequest) -> FolderContents:
    """Reads every file of the folder once; what is no picture, torn, tiny or a bomb is left out by name.

    Raises:
        RightsError: no licence, or no consent record.
        SpecError: no such folder, or a wrong table.
        FormatError: fewer than three pictures can be used.
    """
    consent = require_consent(ask)
    if not ask.source.is_dir():
        raise SpecError(Finding("data/folder", f"there is no folder {ask.source}", fix="give the folder that holds the pictures"))
    known = {p.resolve() for p in (ask.consent, ask.table) if p is not None}
    paths = [p for p in sorted(ask.source.rglob("*")) if p.is_file() and not p.name.startswith(".") and p.resolve() not in known]
    names, digests, left = _find_usable(ask, paths)
    if len(names) < 3:
        why = "".join(f"; {finding.message}" for finding in left[:3])
        raise FormatError(Finding("data/too-few", f"{ask.source} holds {len(names)} usable pictures, three at least are needed{why}"))
    table = read_table(ask.table, names) if ask.table else {}
    return _order_by_person(ask, names, digests, table, consent, left)


def require_consent(ask: FolderRequest) -> Mapping[str, str]:
    """The consent record as it travels: its file name, digest and text; raises RightsError where the licence or the record is missing."""
    missing = [name for name, given in (("licence", ask.licence and ask.licence.strip()), ("consent record", ask.consent)) if not given]
    if missing:
        fix = "give --licence (the terms of the pictures) and --consent (a file that says who agreed to training, and when)"
        raise RightsError(Finding("data/rights", f"the pictures of {ask.source} come without {' and '.join(missing)}", fix=fix))
    assert ask.consent is not None
    return read_consent_record(ask.consent)


def _find_usable(ask: FolderRequest, paths: list[Path]) -> tuple[list[str], list[str], list[Finding]]:
    """Names inside the folder and digests of what can be used, and why the rest cannot."""
    names, digests, left = [], [], []
    first: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(ask.source).as_posix()
        try:
            picture = read_picture(path, ask.size)
        except FenshenError as error:
            left.append(Finding("data/left-out", f"{name} is left out: {error.findings[0].message}", Severity.WARNING))
            continue
        # The same picture twice could stand in two splits.
        digest = hashlib.sha256(picture.tobytes()).hexdigest()
        if digest in first:
            left.append(Finding("data/left-out", f"{name} is left out: it is the same picture as {first[digest]}", Severity.WARNING))
            continue
        first[digest] = name
        names.append(name)
        digests.append(digest)
    return names, digests, left


def read_picture(path: Path, size: int) -> Pixels:
    """(size,size,3) sRGB: the middle square of the picture, alpha on mid-grey.

    Raises:
        FormatError: no picture, a torn one, one too big to open or too small to learn from.
    """
    import cv2

    if path.stat().st_size > MAX_FILE_BYTES:
        raise FormatError(Finding("data/too-big", f"it has more than {MAX_FILE_BYTES // 1_000_000} MB"))
    try:
        pixels = decode_image(path.read_bytes()).pixels
    except OSError as error:
        raise FormatError(Finding("data/unreadable", f"it cannot be read ({error.strerror})")) from error
    height, width = pixels.shape[:2]
    side = min(height, width)
    if side < max(size // 2, 16):
        raise FormatError(Finding("data/too-small", f"it is {width} x {height}, too small for {size} px"))
    top, start = (height - side) // 2, (width - side) // 2
    square = pixels[top : top + side, start : start + side].astype(np.float32)
    if square.shape[2] == 4:
        alpha = square[..., 3:] / 255
        square = np.asarray(square[..., :3] * alpha + 128 * (1 - alpha), np.float32)
    square = np.repeat(square, 3, 2) if square.shape[2] == 1 else square
    small = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA if side > size else cv2.INTER_CUBIC)
    shown: Pixels = np.clip(small + 0.5, 0, 255).astype(np.uint8)
    return shown


def read_table(path: Path, names: list[str]) -> dict[str, TableRow]:
    """File -> row; raises SpecError with every mistake of the table at once."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns, lines = list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpecError(Finding("data/table", f"{path} is no table that can be read", fix="write UTF-8 CSV with a header line")) from error
    if "file" not in columns:
        raise SpecError(Finding("data/table", f"{path} has no column named file", fix="add it: the path of each picture inside the folder"))
    numbers = [name for name in columns if name and name not in _TEXT_COLUMNS]
    wrong: list[Finding] = []
    rows: dict[str, TableRow] = {}
    signed = {name for name in numbers if lines and {(line[name] or "").strip() for line in lines} <= {"-1", "1"}}
    for number, line in enumerate(lines, 2):
        values = {name: _parse_number(line[name], name, Location(path.name, number), wrong, signed=name in signed) for name in numbers}
        captions = {name[-2:]: line[name] for name in _CAPTION_COLUMNS if line.get(name)}
        rows[(line["file"] or "").strip()] = TableRow((line.get("person") or "").strip(), values, captions)
    wrong += [
        Finding("data/no-row", f"{path.name} has no row for {name}", fix="add one, or remove the picture")
        for name in names
        if name not in rows
    ]
    if wrong:
        raise SpecError(*wrong[:20])
    return rows


def _parse_number(text: str | None, column: str, where: Location, wrong: list[Finding], *, signed: bool) -> float:
    """The value 0..1 (years in a column whose name ends so); CelebA's -1 and 1 become 0 and 1."""
    try:
        value = float(text or "")
    except ValueError:
        wrong.append(Finding("data/number", f"{column} is {text!r}, not a number", where=where))
        return 0.0
    value = (value + 1) / 2 if signed else value
    high = 130.0 if column.endswith("_years") else 1.0
    if not 0 <= value <= high:
        wrong.append(Finding("data/range", f"{column} is {value:g}, not within 0..{high:g}", where=where, value=value, limit=high))
    return value


def _order_by_person(
    ask: FolderRequest, names: list[str], digests: list[str], table: Mapping[str, TableRow], consent: Mapping[str, str], left: list[Finding]
) -> FolderContents:
    """Pictures person by person, the people in an order that the seed draws."""
    rows = {name: table.get(name, TableRow()) for name in names}
    people = sorted({rows[name].person or f"file {name}" for name in names})
    order = {people[k]: place for place, k in enumerate(np.random.default_rng([ask.seed, 8]).permutation(len(people)))}
    keyed = sorted(names, key=lambda name: (order[rows[name].person or f"file {name}"], name))
    numbers = tuple(order[rows[name].person or f"file {name}"] for name in keyed)
    columns = tuple(next(iter(table.values())).numbers) if table else ()
    digest = sha256_json(sorted(zip(names, digests, strict=True)))
    return FolderContents(ask, tuple(keyed), tuple(rows[n] for n in keyed), numbers, columns, consent, digest, tuple(left))


def plan(gathered: FolderContents, command: str) -> tuple[DatasetCard, tuple[Shard, ...]]:
    """What `fenshen data folder` will write; raises FormatError where there are too few people for three splits."""
    ask, many = gathered.ask, len(set(gathered.people))
    if many < 3:
        fix = "add people; pictures of one person all go to one split"
        raise FormatError(Finding("data/too-few-people", f"{ask.source} shows {many} people, three at least are needed", fix=fix))
    items: dict[Split, list[int]] = {}
    start = 0
    for split, some in compute_split_counts(many).items():
        items[split] = [i for i, person in enumerate(gathered.people) if start <= person < start + some]
        start += some
    source = Source(ask.source.name, ask.licence or "", "a user's folder", note="consent record in dataset.json", sha256=gathered.digest)
    told = any(row.person for row in gathered.rows)
    notes: tuple[str, ...] = ("split by the table's persons" if told else "no persons were named: every picture counts as somebody else",)
    notes += tuple(finding.message for finding in gathered.skipped)
    card = DatasetCard(
        ask.source.name, "folder", ask.size, len(gathered.files), gathered.columns, ask.seed, ask.licence or "", (source,), command,
        consent=gathered.consent, notes=notes,
    )  # fmt: skip
    return card, plan_shards(items, ITEMS_PER_SHARD)


class FolderReader:
    """Makes the items of a plan."""

    def __init__(self, gathered: FolderContents) -> None:
        self._gathered = gathered

    def __call__(self, index: int) -> DatasetItem:
        """The picture of that index."""
        told = self._gathered
        row, name = told.rows[index], told.files[index]
        picture = read_picture(told.ask.source / name, told.ask.size)
        return DatasetItem(index, told.people[index], row.numbers, picture, captions=row.captions, labels={"file": name})
