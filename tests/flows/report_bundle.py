"""A small bundle with something in every section of the report, its texts chosen by the test."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent.parent / "stages" / "verify"))
import tiny

ENGLISH = "A ticket costs eight pounds."
CHINESE = "学费是每个月六百元，书和茶都是免费的。"
HOSTILE = (
    "{{ 7*7 }}",
    "{% for x in y %}",
    "{# comment",
    "<b>bold</b>",
    "</script><script>document.body.dataset.hacked = 'yes'</script>",
    "<!--<script>",
    '"><img src=x onerror="document.body.dataset.hacked=\'yes\'">',
    "' onload='document.body.dataset.hacked=1' x='",
    "&lt;i&gt; &amp;",
    "{seed} {0} %s",
    "line\u2028separator \\u003c \\",
)
"""What would break the page where a text were taken as a template, as markup, as an attribute or as JSON."""


def draw_picture(form: str, frames: int = 1) -> bytes:
    """A plain picture; with more than one frame it is animated."""
    pictures = [Image.new("RGB", (64, 80), (40 * i, 90, 120)) for i in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, form, save_all=frames > 1, append_images=pictures[1:])
    return out.getvalue()


def build_files(text: str = ENGLISH, language: str = "en", lines: int = 12) -> dict[str, bytes]:
    """The files of the bundle; every line says `text`, and only the first has a sound."""
    names = ["hello", *(f"fact_{i:02}" for i in range(1, lines))]
    dialogue = {
        "persona": {"language": language},
        "lines": [{"id": name, "text": text, "language": language, "seconds": 1.0} for name in names],
        "replies": [{"line": "fact_01", "questions": [text]}, {"line": "fact_02", "questions": ["Who are you?"]}],
        "fallback": "hello",
    }
    files = dict(tiny.bundle(glb=tiny.glb(jaw=0.5)).files) | {"dialogue.json": json.dumps(dialogue).encode()}
    pictures = {f"previews/{name}.jpg": draw_picture("JPEG") for name in ("portrait", "speech", "full", "wave")}
    return files | pictures | {"previews/turntable.webp": draw_picture("WEBP", frames=3)}


def build_manifest(text: str = ENGLISH) -> dict[str, Any]:
    """A manifest with a gate of each result; `text` is in all that a user, a stage or a model may write."""
    results = ({"ok": True}, {"ok": False}, {"ok": False, "allowed": True}, {"ok": True, "ran": False})
    return {
        "name": text,
        "target": "web",
        "seed": 7,
        "created": "2026-11-30T07:55:12+00:00",
        "generator": {"name": "fenshen", "version": "1"},
        "checks": [{"code": f"rig/soles-{i}", "message": text, "value": "0.02", "limit": "0.01"} | r for i, r in enumerate(results)],
        "warnings": [{"stage": "motion", "message": text}],
        "stages": [
            {"name": f"stage{i}", "backend": text, "seconds": 10.25 * i, "cached": i == 0} for i in range(14)
        ],
        "models": [{"name": text, "licence": text, "source": "sha256 " + 64 * "a", "note": text}],
        "rights": {"creator": text, "licence": text, "consent": None, "strict": False},
        "files": [{"path": f"voice/fact_{i:02}.wav", "bytes": 282024, "licence": text, "sources": [text, "coqui-tts"]} for i in range(4)],
    }  # fmt: skip
