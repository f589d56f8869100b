"""A data set on disk: tar shards in webdataset's layout, and dataset.json with their contents and terms.

An item is NNNNNN.png (.jpg, .npz) and NNNNNN.json. A shard holds items of one split and is written atomically, so that a
killed run resumes at the next shard. A skin of six channels is stored as one picture: head left, body right.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Pixels
from assets.digest import sha256_file
from assets.errors import Finding, FormatError, Location, SpecError
from assets.rights import Source
from assets.store import PART_PREFIX, write_atomic
from assets.strict_json import parse_json
from stages.datasets.splits import SPLITS, ImageSplit, Split, VectorSplit

SCHEMA = "fenshen/dataset@1"
INDEX, PLAN = "dataset.json", "plan.json"
JPEG_MIN_SIZE = 192
"""Pictures of this size and larger are JPEG (quality 95, no chroma subsampling): as PNG they take too much disk space."""
_OTHER_FOLDER_FIX = "give another --out, or remove the folder"
_REMAKE_FIX = "run the same `fenshen data` command again"


@dataclass(frozen=True)
class DatasetItem:
    """One example."""

    index: int
    person: int
    """The person shown; nobody is in two splits."""
    attributes: Mapping[str, float]
    """Column -> value; every item of a set has the same columns."""
    picture: Pixels | None = None
    """(h,w,3) or (h,w,6) sRGB."""
    arrays: Mapping[str, NDArray[Any]] | None = None
    """Instead of a picture: named arrays of many bodies."""
    captions: Mapping[str, str] = field(default_factory=dict)
    """Language -> sentence."""
    labels: Mapping[str, Any] = field(default_factory=dict)
    """Everything that is not a number in 0..1, such as names of hair styles, the source skins, the Monk class."""


@dataclass(frozen=True)
class DatasetCard:
    """What dataset.json records apart from its shards."""

    name: str
    kind: str
    """skins, faces, bodies or folder."""
    size: int
    """Pixels a side; 0 for bodies."""
    count: int
    columns: tuple[str, ...]
    seed: int
    licence: str
    sources: tuple[Source, ...]
    command: str
    style: str = "realistic"
    names: tuple[str, ...] = ()
    """Names of a body vector's components."""
    consent: Mapping[str, str] | None = None
    """The consent record of the people shown; None if no real person is shown."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Generator -> its version: a set is not resumed by another version."""
    notes: tuple[str, ...] = ()
    """For readers; another wording is still the same set."""


@dataclass(frozen=True)
class Shard:
    """One tar file of the plan."""

    split: Split
    number: int
    items: tuple[int, ...]
    """Indices of its items."""

    @property
    def file(self) -> str:
        return f"{self.split}-{self.number:06d}.tar"


Progress = Callable[[int, int], None]
"""Called with the number of finished items and the total."""


def compute_split_counts(count: int) -> dict[Split, int]:
    """How many of `count` people or pictures each split gets: 10/12 train, 1/12 validation and test each, at least one from three on."""
    held_out = max(count // 12, 1 if count >= 3 else 0)
    return {"train": count - 2 * held_out, "validation": held_out, "test": held_out}


def plan_shards(items: Mapping[Split, Sequence[int]], each: int) -> tuple[Shard, ...]:
    """Shards of at most `each` items, split by split, in the items' order."""
    return tuple(
        Shard(split, number, tuple(items[split][start : start + each]))
        for split in SPLITS
        for number, start in enumerate(range(0, len(items[split]), each))
    )


def write_dataset(
    folder: Path,
    card: DatasetCard,
    shards: Sequence[Shard],
    make: Callable[[int], DatasetItem],
    progress: Progress | None = None,
    sizes: Mapping[Split, int] | None = None,
) -> Path:
    """Writes every shard that does not exist yet, then dataset.json, and returns its path.

    Args:
        folder: where; a folder with the same plan is resumed.
        card: what the set is.
        shards: the plan, from plan_shards.
        make: makes the item of an index.
        progress: called after every item.
        sizes: examples of each split, if an item holds several.

    Raises:
        SpecError: the folder contains another data set, or other files.
    """
    claim_folder(folder, card, shards)
    done, total = 0, sum(len(shard.items) for shard in shards)
    for shard in shards:
        path = folder / shard.file
        if not path.exists():
            write_atomic(path, _pack_shard(shard, make, done, total, progress))
        done += len(shard.items)
        if progress:
            progress(done, total)
    rows = [_describe_shard(folder, shard) for shard in shards]
    splits = sizes or {split: sum(len(s.items) for s in shards if s.split == split) for split in SPLITS}
    index = {"schema": SCHEMA, **asdict(card), "splits": dict(splits), "shards": rows}
    write_atomic(folder / INDEX, (json.dumps(index, indent=1, ensure_ascii=False) + "\n").encode())
    return folder / INDEX


def _describe_shard(folder: Path, shard: Shard) -> dict[str, Any]:
    path = folder / shard.file
    return {"file": shard.file, "split": shard.split, "items": len(shard.items), "sha256": sha256_file(path), "bytes": path.stat().st_size}


def claim_folder(folder: Path, card: DatasetCard, shards: Sequence[Shard]) -> None:
    """Writes plan.json, or checks that an existing one plans the same set; raises SpecError if the folder cannot be used."""
    plan = {"card": {k: v for k, v in asdict(card).items() if k != "command"}, "shards": [asdict(shard) for shard in shards]}
    text = json.dumps(plan, ensure_ascii=False).encode()
    file = folder / PLAN
    if file.exists():
        if _drop_notes(_read_plan(file)) != _drop_notes(json.loads(text)):
            message = f"{folder} holds a data set of another kind, count, size, seed or version"
            raise SpecError(Finding("data/other-set", message, fix=_OTHER_FOLDER_FIX))
    elif folder.exists() and not folder.is_dir():
        raise SpecError(Finding("data/not-a-folder", f"{folder} is not a folder", fix="give another --out"))
    elif folder.exists() and any(not path.name.startswith(PART_PREFIX) for path in folder.iterdir()):
        raise SpecError(Finding("data/not-empty", f"{folder} contains files of something else", fix="give an empty folder as --out"))
    else:
        write_atomic(file, text)


def _read_plan(file: Path) -> Any:
    """A plan.json; raises FormatError if it is damaged."""
    try:
        return parse_json(file.read_bytes())
    except ValueError as error:
        raise FormatError(
            Finding("data/damaged", f"the plan is damaged: {error}", location=Location(str(file)), fix=_OTHER_FOLDER_FIX)
        ) from error


def _drop_notes(plan: Any) -> Any:
    """The plan without the card's notes: another wording does not make another set."""
    if not isinstance(plan, dict) or not isinstance(plan.get("card"), dict):
        return plan
    return {**plan, "card": {name: value for name, value in plan["card"].items() if name != "notes"}}


def _pack_shard(shard: Shard, make: Callable[[int], DatasetItem], done: int, total: int, progress: Progress | None) -> bytes:
    """The shard's bytes; the same items give the same bytes, so no owner and no time is stored."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for position, index in enumerate(shard.items):
            for name, data in _encode_item(make(index)):
                header = tarfile.TarInfo(name)
                header.size, header.mode = len(data), 0o644
                tar.addfile(header, io.BytesIO(data))
            if progress:
                progress(done + position + 1, total)
    return stream.getvalue()


def _encode_item(item: DatasetItem) -> Iterator[tuple[str, bytes]]:
    key = f"{item.index:06d}"
    if item.picture is not None:
        extension, data = _encode_picture(item.picture)
        yield f"{key}.{extension}", data
    if item.arrays is not None:
        yield f"{key}.npz", _encode_npz(item.arrays)
    attributes = {name: round(float(value), 5) for name, value in item.attributes.items()}
    record = {"index": item.index, "person": item.person, "attributes": attributes, "captions": dict(item.captions), **item.labels}
    yield f"{key}.json", json.dumps(record, ensure_ascii=False).encode()


def _encode_picture(picture: Pixels) -> tuple[str, bytes]:
    import cv2

    flat = np.hstack([picture[..., :3], picture[..., 3:]]) if picture.shape[2] == 6 else picture
    extension, options = ("png", [cv2.IMWRITE_PNG_COMPRESSION, 6])
    if len(picture) >= JPEG_MIN_SIZE:
        extension, options = "jpg", [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, data = cv2.imencode(f".{extension}", flat[..., ::-1], options)
    return extension, data.tobytes()


def _encode_npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **dict(arrays))  # type: ignore[arg-type]
    return stream.getvalue()


_INDEX_FIELDS = {"kind": str, "licence": str, "splits": dict, "shards": list, "columns": list}
"""Fields of dataset.json that every reader needs, with their types."""


def read_index(folder: Path) -> dict[str, Any]:
    """dataset.json of a finished set; raises FormatError if there is none or it is not one."""
    file = folder / INDEX
    if file.exists() and not file.is_file():  # a pipe would be waited for for ever
        raise FormatError(Finding("data/unreadable", f"{file} is not a file", fix="give the folder of a data set"))
    try:
        index: dict[str, Any] = parse_json(file.read_bytes())
    except FileNotFoundError as error:
        fix = f"{_REMAKE_FIX}: it resumes where it stopped" if (folder / PLAN).exists() else "make one with `fenshen data`"
        raise FormatError(Finding("data/unfinished", f"{folder} holds no finished data set", fix=fix)) from error
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise FormatError(Finding("data/unreadable", message, fix="give the folder of a data set")) from error
    except ValueError as error:
        raise FormatError(Finding("data/index", f"{file} is not valid JSON: {error}", fix="make the data set again")) from error
    schema = index.get("schema") if isinstance(index, dict) else None
    if schema != SCHEMA:
        raise FormatError(Finding("data/schema", f"{file} has schema {schema!r}, expected {SCHEMA!r}", fix="make the data set again"))
    if wrong := [key for key, kind in _INDEX_FIELDS.items() if not isinstance(index.get(key), kind)]:
        raise FormatError(Finding("data/index", f"{file} has no valid {wrong[0]}", fix="make the data set again"))
    return index


def find_shard_files(folder: Path, split: str) -> list[Path]:
    """The split's shards in order, each checked against its digest.

    Raises:
        SpecError: there is no split of that name.
        FormatError: a shard is missing or damaged.
    """
    if split not in SPLITS:
        raise SpecError(Finding("data/split", f"unknown split {split!r}", fix=f"use one of {', '.join(SPLITS)}"))
    files, findings = [], []
    for row in read_index(folder)["shards"]:
        path = folder / row["file"]
        if row["split"] != split:
            continue
        if not path.is_file() or sha256_file(path) != row["sha256"]:
            problem, fix = ("damaged", f"{_REMAKE_FIX} after removing it") if path.exists() else ("missing", _REMAKE_FIX)
            findings.append(Finding("data/shard", f"{path} is {problem}", fix=fix))
        files.append(path)
    if findings:
        raise FormatError(*findings)
    return files


def iterate_entries(shard: Path) -> Iterator[tuple[dict[str, Any], str, bytes]]:
    """The JSON of each item, the extension of its data, and the data."""
    with tarfile.open(shard, "r:") as tar:
        key, data = "", ("", b"")
        for member in tar:
            stem, extension = member.name.split(".", 1)
            stream = tar.extractfile(member)
            assert stream is not None
            if extension != "json":
                key, data = stem, (extension, stream.read())
            else:
                assert stem == key, "an item's JSON follows its data"
                yield json.loads(stream.read()), *data


def load_images(folder: Path, split: Split) -> ImageSplit:
    """All pictures of a split in memory.

    Raises:
        FormatError: the set is unfinished or damaged, or holds no pictures.
        SpecError: there is no split of that name.
    """
    index = read_index(folder)
    _require_kind(folder, index, pictures=True)
    channels, columns, size = 6 if index["kind"] == "skins" else 3, tuple(index["columns"]), index["size"]
    count = index["splits"][split] if split in SPLITS else 0
    images = np.empty((count, size, size, channels), np.uint8)
    attributes, people = np.empty((count, len(columns)), np.float32), np.empty(count, np.int64)
    captions: list[dict[str, str]] = []
    labels: list[dict[str, str]] = []
    row = 0
    for shard in find_shard_files(folder, split):
        for record, _, data in iterate_entries(shard):
            images[row] = decode_picture(data, channels)
            attributes[row] = [record["attributes"][name] for name in columns]
            people[row] = record["person"]
            captions.append(record["captions"])
            labels.append({name: str(value) for name, value in record.items() if name not in _RECORD_FIELDS})
            row += 1
    languages = dict.fromkeys(language for each in captions for language in each)
    sentences = {k: tuple(each.get(k, "") for each in captions) for k in languages}
    return ImageSplit(images, attributes, columns, people, sentences, tuple(labels) if any(labels) else ())


_RECORD_FIELDS = ("index", "person", "attributes", "captions")
"""Of an item's JSON; all others are labels."""


def decode_picture(data: bytes, channels: int) -> Pixels:
    """(h,w,channels) sRGB of an item's picture; of six channels, head and body are side by side in the file."""
    import cv2

    flat = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    picture: Pixels = np.concatenate(np.split(flat, 2, axis=1), 2) if channels == 6 else flat
    return picture


def load_people(folder: Path, split: Split) -> NDArray[np.int64]:
    """(n,) the person of each example of the split, without decoding pictures; raises as find_shard_files does."""
    people: list[Any] = []
    for shard in find_shard_files(folder, split):
        for record, extension, data in iterate_entries(shard):
            if extension != "npz":
                people.append(record["person"])
                continue
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                people.extend(arrays["people"])
    return np.array(people, np.int64)


def load_vectors(folder: Path, split: Split) -> VectorSplit:
    """All body vectors of a split in memory; raises as load_images does."""
    index = read_index(folder)
    _require_kind(folder, index, pictures=False)
    parts: dict[str, list[NDArray[Any]]] = {"vectors": [], "attributes": [], "people": []}
    for shard in find_shard_files(folder, split):
        for _, _, data in iterate_entries(shard):
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                for name, rows in parts.items():
                    rows.append(arrays[name])
    vectors, attributes, people = (np.concatenate(rows) for rows in parts.values())
    return VectorSplit(_to_floats(vectors), tuple(index["names"]), _to_floats(attributes), tuple(index["columns"]), people.astype(np.int64))


def _to_floats(values: NDArray[Any]) -> Floats:
    return values.astype(np.float32)


def _require_kind(folder: Path, index: Mapping[str, Any], *, pictures: bool) -> None:
    if (index["kind"] != "bodies") != pictures:
        found, expected = ("body vectors", "pictures") if pictures else ("pictures", "body vectors")
        raise FormatError(Finding("data/kind", f"{folder} holds {found}, not {expected}", fix=f"give a data set of {expected}"))
