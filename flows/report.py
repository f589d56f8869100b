"""report.html: the whole bundle on one page that opens offline by double click."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from assets.artefacts.verdict import count_checks, has_run
from assets.formats.glb import unpack_glb
from assets.paths import read_baked_script

_FOLDER = Path(__file__).resolve().parent / "report"
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif"}
_TO_TAKE = ("avatar.glb", "avatar.vrm")
"""Lie beside the page."""
_MOVIES = {".mp4": "video/mp4", ".webm": "video/webm"}


def render_report(files: Mapping[str, bytes], manifest: dict[str, Any]) -> bytes:
    """UTF-8 HTML holding the avatar, every voice and viseme track, previews, gates, timings and licences of `files` by path.

    Raises BackendError where the viewer is not baked.
    """
    bundle: dict[str, Any] = {
        "glb": _base64(files["avatar.glb"]),
        "dialogue": json.loads(files["dialogue.json"]) if "dialogue.json" in files else None,
        "voices": {Path(p).stem: _base64(data) for p, data in sorted(files.items()) if p.startswith("voice/")},
        "visemes": {Path(p).stem: json.loads(data) for p, data in sorted(files.items()) if p.startswith("visemes/")},
    }
    made = (_gates(manifest), _stages(manifest), _models(manifest), _rights(manifest))
    parts = {
        "title": html.escape(str(manifest.get("name", "avatar"))),
        "subtitle": html.escape(_subtitle(bundle["dialogue"])),
        "chips": _chips(files, manifest),
        "files": "".join(f'<a href="{name}" download>{name} · {len(files[name]) / 1e6:.1f} MB</a>' for name in _TO_TAKE if name in files),
        "sections": _previews(files) + f'<div class="pair">{"".join(made)}</div>' + _licences(manifest),
        "footer": html.escape(_footer(manifest)),
        # "<" would let a spoken line close the script element.
        "bundle": json.dumps(bundle, ensure_ascii=False).replace("<", "\\u003c"),
        "viewer": read_baked_script("viewer.js").replace("</script", "<\\/script"),
    }
    pieces = (_FOLDER / "page.html").read_text("utf-8").split("{{")
    page = pieces[0] + "".join(parts[name] + rest for name, _, rest in (piece.partition("}}") for piece in pieces[1:]))
    return page.encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _both(english: str, chinese: str) -> str:
    """A word in both of the page's languages; the page shows one."""
    return f'<span class="en">{english}</span><span class="zh">{chinese}</span>'


def _subtitle(dialogue: dict[str, Any] | None) -> str:
    """The greeting, in the character's own words."""
    lines = (dialogue or {}).get("lines", [])
    return str(next((line["text"] for line in lines if line["id"] == "hello"), lines[0]["text"] if lines else ""))


def _chips(files: Mapping[str, bytes], manifest: dict[str, Any]) -> str:
    checks = manifest.get("checks", [])
    passed, able, _ = count_checks(checks)
    licence = manifest.get("rights", {}).get("licence", "")
    triangles = _triangles(files["avatar.glb"])
    words = [
        (
            "good" if passed == able else "bad",
            _both(f"{passed} of {able} gates passed", f"{able} 项检查通过 {passed} 项"),
        ),
        ("", _both(f"target {manifest.get('target', '')}", f"目标 {manifest.get('target', '')}")),
        ("", _both(f"{triangles:,} triangles", f"{triangles:,} 个三角形")),
        ("", f"{len(files['avatar.glb']) / 1e6:.1f} MB GLB"),
        ("", html.escape(str(licence))),
    ]
    return "".join(f'<span class="chip {kind}">{text}</span>' for kind, text in words if text)


def _triangles(glb: bytes) -> int:
    document = unpack_glb(glb)[0]
    primitives = [primitive for mesh in document.get("meshes", []) for primitive in mesh["primitives"]]
    return sum(
        int(document["accessors"][p["indices"] if "indices" in p else p["attributes"]["POSITION"]]["count"]) // 3 for p in primitives
    )


def _footer(manifest: dict[str, Any]) -> str:
    generator = manifest.get("generator", {})
    made = f"{generator.get('name', 'fenshen')} {generator.get('version', '')}".strip()
    return f"Fenshen 分身 · {made} · seed {manifest.get('seed', '')} · {manifest.get('created', '')}"


def _section(title: str, body: str) -> str:
    return f'<section class="card"><h2>{title}</h2>{body}</section>' if body else ""


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>{body}</details>" if body else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[object]], kind: str = "") -> str:
    """A table of escaped cells; empty text without rows."""
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    titles = "".join(f"<th>{cell}</th>" for cell in head)
    return f'<div class="scroll"><table class="{kind}"><tr>{titles}</tr>{body}</table></div>' if body else ""


def _previews(files: Mapping[str, bytes]) -> str:
    figures = []
    for path, data in sorted(files.items()):
        ending, name = Path(path).suffix.lower(), html.escape(Path(path).stem)
        if path.startswith("previews/") and ending in _PICTURES:
            figures.append((name, f'<img alt="{name}" loading="lazy" src="data:{_PICTURES[ending]};base64,{_base64(data)}">'))
        elif path.startswith("previews/") and ending in _MOVIES:
            figures.append((name, f'<video controls loop muted src="data:{_MOVIES[ending]};base64,{_base64(data)}"></video>'))
    tags = "".join(f"<figure>{tag}<figcaption>{name}</figcaption></figure>" for name, tag in figures)
    return _section(_both("Previews", "预览"), f'<div class="pictures">{tags}</div>' if tags else "")


def _gates(manifest: dict[str, Any]) -> str:
    """What failed, what could not run and what stages warn of in the open, what passed folded away."""
    checks = manifest.get("checks", [])
    idle = [c for c in checks if c["ok"] and not has_run(c)]
    failed = [c for c in checks if not c["ok"]]
    passed = [c for c in checks if c["ok"] and c not in idle]
    able = len(passed) + len(failed)
    title = _both(f"Quality gates · {len(passed)} of {able}", f"质量检查 · {len(passed)}/{able}")
    good = _folded(_both(f"{len(passed)} passed", f"通过 {len(passed)} 项"), _checks(passed)) if passed else ""
    warned = "".join(f"<p>⚠ {html.escape(w['stage'])}: {html.escape(w['message'])}</p>" for w in manifest.get("warnings", ()))
    return _section(title, _checks(failed) + _checks(idle) + warned + good)


def _checks(checks: Iterable[dict[str, Any]]) -> str:
    rows = []
    for c in checks:
        mark = '<td class="mark good">✓</td>' if c["ok"] else '<td class="mark bad">✗</td>'
        mark = mark if has_run(c) else '<td class="mark">–</td>'
        numbers = " / ".join(str(c[key]) for key in ("value", "limit") if c.get(key))
        cells = "".join(f"<td>{html.escape(text)}</td>" for text in (str(c["code"]), str(c.get("message") or ""), numbers))
        rows.append(f"<tr>{mark}{cells}</tr>")
    return f'<div class="scroll"><table>{"".join(rows)}</table></div>' if rows else ""


def _stages(manifest: dict[str, Any]) -> str:
    """Seconds of every stage as bars."""
    stages = manifest.get("stages", [])
    longest = max((float(s.get("seconds", 0)) for s in stages), default=0) or 1.0
    rows = []
    for s in stages:
        seconds = float(s.get("seconds", 0))
        kept = " kept" if s.get("cached") else ""
        name = html.escape(str(s["name"])) + (f" · {html.escape(str(s['backend']))}" if s.get("backend") else "")
        bar = f'<span class="time{kept}" style="width:{100 * seconds / longest:.1f}%"></span>'
        said = _both("kept", "已有") if s.get("cached") else f"{seconds:.2f} s"
        rows.append(f'<tr><td>{name}</td><td style="width:45%">{bar}</td><td>{said}</td></tr>')
    total = sum(float(s.get("seconds", 0)) for s in stages if not s.get("cached"))
    title = _both(f"Stages · {total:.1f} s of work", f"阶段 · 共 {total:.1f} 秒")
    return _section(title, f"<table>{''.join(rows)}</table>" if rows else "")


def _models(manifest: dict[str, Any]) -> str:
    keys = ("name", "licence", "source", "note")
    rows = [[m.get(key, "") for key in keys] for m in manifest.get("models", [])]
    head = (_both("Name", "名称"), _both("Licence", "许可"), _both("From", "来源"), _both("Note", "备注"))
    return _section(_both("Models", "模型"), _table(head, rows, "wide"))


def _licences(manifest: dict[str, Any]) -> str:
    files = manifest.get("files", [])
    rows = [(f["path"], f"{f['bytes']:,}", f.get("licence", ""), ", ".join(map(str, f.get("sources", [])))) for f in files]
    head = (_both("File", "文件"), _both("Bytes", "字节"), _both("Licence", "许可"), _both("Rests on", "来源"))
    title = _both("Files and their licences", "文件与许可")
    return _section(title, _folded(_both(f"{len(files)} files", f"{len(files)} 个文件"), _table(head, rows)))


def _rights(manifest: dict[str, Any]) -> str:
    words = {"creator": _both("Creator", "作者"), "licence": _both("Licence", "许可"), "consent": _both("Consent record", "同意书"),
             "strict": _both("Only parts that may be sold", "仅含可商用素材")}  # fmt: skip
    said = {True: _both("yes", "是"), False: _both("no", "否"), None: _both("none", "无"), "": _both("none", "无")}
    rights = manifest.get("rights", {})
    rows = [
        f"<tr><td>{words.get(key, html.escape(key))}</td><td>{said[value] if value in said else html.escape(str(value))}</td></tr>"
        for key, value in rights.items()
    ]
    return _section(_both("Rights", "权利"), f"<table>{''.join(rows)}</table>" if rows else "")
