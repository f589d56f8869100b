"""The spec that `fenshen new --text` writes: the person in words, and what was understood as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stages.describe.resolve import Description

_REPLACED = ("identity:", "body:", "groom:")
"""Sections of the starter that the text fills."""
_HEADINGS = {
    "en": ("what each word did", "these did nothing", "the fields that it fills with seed 1; remove the # before one to fix it"),
    "zh": ("每个词的作用", "没有用到的词", "种子为 1 时填写的字段；去掉字段前面的 # 就会固定下来"),
}


def detect_language(text: str) -> str:
    """zh where the text has Chinese characters, otherwise en."""
    return "zh" if re.search(r"[\u4e00-\u9fff]", text) else "en"


def format_text_starter(starter: str, description: Description, language: str) -> str:
    """The starter with the text in place of its looks."""
    blocks = starter.split("\n\n")
    kept = [block for block in blocks if not block.startswith(_REPLACED)]
    return "\n\n".join([kept[0], _format_identity(description, language), *kept[1:]])


def _format_identity(description: Description, language: str) -> str:
    deeds, nothing, fields = _HEADINGS[language]
    lines = ["identity:", f"  text: {json.dumps(description.text, ensure_ascii=False)}", "", f"# {deeds} (docs/describe.md):"]
    lines += [f"#   {_flatten(word.text)} -> {_join({**word.attributes, **word.fields})}" for word in description.words]
    if description.ignored:
        lines.append(f"# {nothing}: {_flatten(', '.join(description.ignored))}")
    lines += [f"# {_flatten(note)}" for note in description.notes]
    return "\n".join([*lines, f"# {fields}:", *_format_fields(description.fields)])


def _format_fields(fields: Mapping[str, Any]) -> list[str]:
    sections: dict[str, dict[str, Any]] = {}
    for name, value in fields.items():
        section, _, leaf = name.partition(".")
        sections.setdefault(section, {})[leaf] = value
    lines = []
    for section, values in sections.items():
        lines.append(f"#   {section}:")
        lines += [f"#     {leaf}: {json.dumps(value, ensure_ascii=False)}" for leaf, value in values.items()]
    return lines


def _join(deeds: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in deeds.items())


def _flatten(text: str) -> str:
    """The text on one line: a line break would end the comment."""
    return " ".join(text.split())
