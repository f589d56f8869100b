"""The project speaks the language of its field: private words and participle function names are banned, each with the word to use."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BANNED: dict[str, str] = {
    r"told|tells?|telling": "report, message, print, say; known (values); emit (events)",
    r"asked|wanted": "requested",
    r"beside|besides": "next to, with; a process of its own is a worker process",
    r"undrawn": "skip_init",
    r"hush\w*": "silence",
    r"unusable": "unavailable, with unavailable_reason()",
    r"mend(?:s|ed|ing)?": "fix",
    r"anew": "again, recompute, from scratch",
    r"from nothing": "from scratch",
    r"of ours|is ours|are ours": "our, or drop it",
    r"hangs? on|hanging on|hung on": "depends on",
    r"(?:lies?|lying|lay|lain) (?:in|beside|there|under|over)": "is in, is under, overlaps",
    r"(?:stands?|stood|standing) (?:in|there|here|beside|under|between)": "is in, is there",
    r"goes on|going on|go on|went on": "continues, resumes",
    r"lays? out|laid out|laying out|lay_out": "write (a bundle), arrange",
    r"sound spec": "`NAME.yaml: OK`",
    r"dawn|calmer": "started_at, lr_backoff",
    r"gutters?": "texture padding",
    r"ledger": "score cache",
    r"sitters?": "subjects",
    r"ladder": "champion registry; for levels: steps",
    r"farewell|curtain": "notify the server; close the display",
    r"drawn small|drawn bod(?:y|ies)": "initialised small; generated body",
    r"at the border": "where the exception is mapped",
    r"makes? the best of": "works around",
    r"by what it is called": "by name",
    r"whoever|whosoever": "the caller, the user",
}
"""Regular expression of whole words -> what to write instead."""

ALLOWED: dict[tuple[str, str], str] = {
    ("tests/test_vocabulary.py", "*"): "the list itself",
    ("stages/nets/blocks.py", r"told|tells?|telling"): "`tell` is a state-dict key of the committed weights",
    ("stages/nets/diffusion.py", r"told|tells?|telling"): "`told` is a state-dict key of the committed weights",
    ("stages/nets/stylegan.py", r"told|tells?|telling"): "`told` is a state-dict key of the committed weights",
    ("stages/nets/unet.py", r"told|tells?|telling"): "`told` and `tell` are state-dict keys of the committed weights",
    ("tests/stages/nets/test_unet.py", r"told|tells?|telling"): "sets a buffer by its state-dict key",
    ("bench/speech.py", r"told|tells?|telling"): "a sentence that the voices speak",
    ("stages/dialogue/phrases.py", "*"): "questions and phrases that visitors use",
    ("tests/stages/dialogue/test_dialogue_answerer.py", "*"): "questions that visitors ask",
    ("stages/dialogue/canonical.py", "*"): "words that visitors and personas use",
    ("tests/stages/dialogue/test_dialogue_passages.py", r"told|tells?|telling"): "a question of visitors",
    ("stages/dialogue/score_cache.py", r"told|tells?|telling"): "names in stored data",
    ("bench/tag_rules.py", r"beside|besides"): "a word that personas use",
    ("stages/dialogue/tfidf.py", r"told|tells?|telling"): "a stop word",
    ("stages/dialogue/transformers.py", r"told|tells?|telling"): "the neutral question, on which fitted weights depend",
    ("tests/stages/dialogue/test_dialogue_score_cache.py", r"told|tells?|telling"): "a name in stored data",
    ("tests/stages/dialogue/test_dialogue_topic_lines.py", r"told|tells?|telling"): "questions of visitors",
    ("tests/stages/dialogue/test_dialogue_transformers.py", r"told|tells?|telling"): "a question of visitors",
    ("stages/train/loop/loop.py", r"dawn|calmer"): "a key in older checkpoints",
    ("stages/train/tune.py", r"told|tells?|telling"): "optuna's Study.tell",
}
"""(file, pattern as a key of BANNED or *) -> why the word is right there, e.g. because a persona says it."""

IRREGULAR = {
    "begun", "bent", "bound", "broken", "brought", "built", "bought", "caught", "chosen", "cut", "done", "drawn", "driven", "fallen",
    "felt", "found", "given", "gone", "grown", "heard", "held", "hidden", "kept", "known", "laid", "left", "lent", "lost", "made",
    "meant", "met", "paid", "proven", "said", "seen", "sent", "shown", "shut", "sold", "spelt", "spent", "spoken", "spread", "stolen",
    "stood", "struck", "stuck", "sunk", "sworn", "taken", "taught", "thought", "told", "torn", "understood", "woken", "won", "worn",
    "wound", "written",
}  # fmt: skip
VERBS_IN_ED = {"embed", "exceed", "feed", "need", "proceed", "seed", "shed", "speed", "bleed", "read", "spread", "cut", "shut"}
"""Verbs that look like participles."""
TEXT = {".py", ".md", ".js", ".mjs", ".html", ".j2", ".sh", ".toml", ".yaml", ".yml", ".css"}
DATA = ("tests/data/", "assets/presets/", "node_modules/")


def list_files() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [
        ROOT / name
        for name in names
        if name and (Path(name).suffix in TEXT or Path(name).name in ("Makefile", "Dockerfile"))
        if not name.startswith(DATA) and "zh-CN" not in name and (ROOT / name).is_file()
    ]


def find_words(path: Path) -> Iterator[str]:
    name = path.relative_to(ROOT).as_posix()
    text = path.read_text(encoding="utf-8")
    for pattern, instead in BANNED.items():
        if (name, pattern) in ALLOWED or (name, "*") in ALLOWED:
            continue
        # An underscore parts the words of a name.
        for match in re.finditer(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", text, re.IGNORECASE):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: '{match.group()}': say {instead}"


def is_participle(name: str) -> bool:
    first = name.strip("_").split("_")[0]
    return first in IRREGULAR - VERBS_IN_ED or (first.endswith("ed") and first not in VERBS_IN_ED)


def is_called(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Properties and fixtures are read like values, gates are claims: they may begin with a participle."""
    marks = {ast.unparse(mark).split("(")[0].split(".")[-1] for mark in node.decorator_list}
    return not marks & {"property", "cached_property", "fixture", "overload", "gate", "override"}


def find_participles(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_called(node) and is_participle(node.name):
            yield f"{path.relative_to(ROOT).as_posix()}:{node.lineno}: def {node.name}: a function is a verb"


@pytest.mark.parametrize("folder", ["assets", "stages", "flows", "tests", "bench", "docs", "examples", "docker", ""])
def test_prose_and_names_use_the_fields_words(folder: str) -> None:
    paths = [p for p in list_files() if (p.relative_to(ROOT).parts[0] if len(p.relative_to(ROOT).parts) > 1 else "") == folder]
    assert [finding for path in paths for finding in find_words(path)] == []


def test_functions_are_verbs() -> None:
    paths = [path for path in list_files() if path.suffix == ".py"]
    assert [finding for path in paths for finding in find_participles(path)] == []


@pytest.mark.parametrize(("name", "expected"), [("placed", True), ("_told", True), ("seed_torch", False), ("place_garment", False)])
def test_a_participle_is_recognised(name: str, expected: bool) -> None:
    assert is_participle(name) is expected


def test_a_private_word_is_found_inside_names_too(tmp_path: Path) -> None:
    pattern = next(iter(BANNED))
    assert re.search(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", "what_is_told = 1", re.IGNORECASE)
    assert not re.search(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", "untold", re.IGNORECASE)
