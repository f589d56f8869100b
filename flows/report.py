"""report.html: the whole bundle on one page that opens offline by double click."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parent / "report"
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif"}
_MOVIES = {".mp4": "video/mp4", ".webm": "video/webm"}


def render_report(files: Mapping[str, bytes], manifest: dict[str, Any]) -> bytes:
    """UTF-8 HTML holding avatar.glb, every voice, previews, gates, timings and licences of `files` by path."""
    bundle = {
        "glb": _base64(files["avatar.glb"]),
        "dialogue": json.loads(files["dialogue.json"]) if "dialogue.json" in files else None,
        "voices": {Path(p).stem: _base64(data) for p, data in sorted(files.items()) if p.startswith("voice/")},
    }
    parts = {
        "title": html.escape(str(manifest.get("name", "avatar"))),
        "subtitle": html.escape(_subtitle(manifest)),
        "sections": "".join(
            (_previews(files), _gates(manifest), _stages(manifest), _models(manifest), _licences(manifest), _rights(manifest))
        ),
        # "<" would let a spoken line close the script element.
        "bundle": json.dumps(bundle, ensure_ascii=False).replace("<", "\\u003c"),
        "viewer": (_FOLDER / "viewer.min.js").read_text("utf-8").replace("</script", "<\\/script"),
    }
    pieces = (_FOLDER / "page.html").read_text("utf-8").split("{{")
    page = pieces[0] + "".join(parts[name] + rest for name, _, rest in (piece.partition("}}") for piece in pieces[1:]))
    return page.encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _subtitle(manifest: dict[str, Any]) -> str:
    generator = manifest.get("generator", {})
    made = f"{generator.get('name', 'fenshen')} {generator.get('version', '')}".strip()
    return f"target 目标 {manifest.get('target', '')} · seed 种子 {manifest.get('seed', '')} · {made} · {manifest.get('created', '')}"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>" if body else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table of escaped cells; empty text without rows."""
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>{body}</table>" if body else ""


def _previews(files: Mapping[str, bytes]) -> str:
    tags = []
    for path, data in sorted(files.items()):
        ending = Path(path).suffix.lower()
        if path.startswith("previews/") and ending in _PICTURES:
            tags.append(f'<img alt="{html.escape(Path(path).stem)}" src="data:{_PICTURES[ending]};base64,{_base64(data)}">')
        elif path.startswith("previews/") and ending in _MOVIES:
            tags.append(f'<video height="260" controls loop muted src="data:{_MOVIES[ending]};base64,{_base64(data)}"></video>')
    return _section("Previews 预览", f'<div class="pictures">{"".join(tags)}</div>' if tags else "")


def _gates(manifest: dict[str, Any]) -> str:
    checks = manifest.get("checks", [])
    rows = []
    for c in sorted(checks, key=lambda c: bool(c["ok"])):
        mark = '<td class="good">✓</td>' if c["ok"] else '<td class="bad">✗</td>'
        cells = "".join(f"<td>{html.escape(str(c.get(key) or ''))}</td>" for key in ("code", "message", "value", "limit"))
        rows.append(f"<tr>{mark}{cells}</tr>")
    head = "<tr><th></th><th>Gate 检查</th><th>Says 结论</th><th>Value 值</th><th>Limit 限值</th></tr>"
    failed = sum(not c["ok"] for c in checks)
    return _section(f"Gates 质量检查 · {len(checks) - failed}/{len(checks)}", f"<table>{head}{''.join(rows)}</table>" if rows else "")


def _stages(manifest: dict[str, Any]) -> str:
    rows = [
        (s["name"], s.get("backend") or "", "yes 是" if s.get("cached") else "", f"{float(s.get('seconds', 0)):.2f}")
        for s in manifest.get("stages", [])
    ]
    return _section("Stages 阶段", _table(("Stage 阶段", "Backend 后端", "Cached 缓存", "Seconds 秒"), rows))


def _models(manifest: dict[str, Any]) -> str:
    rows = [
        (m.get("name", ""), m.get("licence", ""), m.get("source", ""), str(m.get("sha256", ""))[:12]) for m in manifest.get("models", [])
    ]
    return _section("Models 模型", _table(("Name 名称", "Licence 许可", "Source 来源", "sha256"), rows))


def _licences(manifest: dict[str, Any]) -> str:
    rows = [(f["path"], f["bytes"], f.get("licence", ""), ", ".join(map(str, f.get("sources", [])))) for f in manifest.get("files", [])]
    return _section("Files and licences 文件与许可", _table(("File 文件", "Bytes 字节", "Licence 许可", "Sources 来源"), rows))


def _rights(manifest: dict[str, Any]) -> str:
    return _section("Rights 权利", _table(("Term 条款", "Value 值"), manifest.get("rights", {}).items()))
