"""What report.html shows, read from the files of a bundle and its manifest: plain values without markup."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assets.artefacts.verdict import has_run
from assets.formats.glb import unpack_glb

_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif"}
_VIDEOS = {".mp4": "video/mp4", ".webm": "video/webm"}
_DOWNLOADS = ("avatar.glb", "avatar.vrm")
"""Files in the same folder as the page that it links to."""
_PREVIEWS = ("portrait", "speech", "full", "wave", "turntable", "expressions")
"""Faces first, then whole figures."""
_LANGUAGES: dict[str, Literal["en", "zh-CN"]] = {"en": "en", "zh": "zh-CN"}


@dataclass(frozen=True)
class Download:
    """A file that the page links to."""

    path: str
    megabytes: float


@dataclass(frozen=True)
class Preview:
    """A picture or video of the bundle."""

    name: str
    kind: Literal["image", "video"]
    uri: str
    """data: URI."""


@dataclass(frozen=True)
class CheckRow:
    """One gate and what it found."""

    code: str
    result: Literal["passed", "failed", "allowed", "skipped"]
    message: str
    measured: str
    """Value and limit, where the gate gave them."""


@dataclass(frozen=True)
class StageWarning:
    """What a stage warned about."""

    stage: str
    message: str


@dataclass(frozen=True)
class Quality:
    """Every gate, by result, and the warnings of the stages."""

    passed: tuple[CheckRow, ...]
    failed: tuple[CheckRow, ...]
    """With those that the user allowed."""
    skipped: tuple[CheckRow, ...]
    """Gates that could not run on the machine that built the bundle."""
    warnings: tuple[StageWarning, ...]

    @property
    def rows(self) -> tuple[CheckRow, ...]:
        """Every gate."""
        return self.failed + self.skipped + self.passed

    @property
    def ran(self) -> int:
        """How many gates could run."""
        return len(self.passed) + len(self.failed)


@dataclass(frozen=True)
class StageRow:
    """One stage and what it cost."""

    name: str
    backend: str
    seconds: float
    cached: bool
    share: float
    """Of the longest stage, 0..100."""


@dataclass(frozen=True)
class ModelRow:
    """A model that took part in the build."""

    name: str
    licence: str
    source: str
    note: str


@dataclass(frozen=True)
class FileRow:
    """A file of the bundle."""

    path: str
    size: int
    """Bytes."""
    licence: str
    sources: str


@dataclass(frozen=True)
class Contents:
    """Everything that the page shows outside the viewer."""

    name: str
    language: Literal["en", "zh-CN"]
    """BCP 47 tag of the persona's language."""
    greeting: str
    target: str
    seed: str
    created: str
    """UTC, to the minute."""
    generator: str
    triangles: int
    downloads: tuple[Download, ...]
    previews: tuple[Preview, ...]
    quality: Quality
    stages: tuple[StageRow, ...]
    models: tuple[ModelRow, ...]
    files: tuple[FileRow, ...]
    rights: dict[str, Any]

    @property
    def sections(self) -> tuple[str, ...]:
        """Ids of the sections that have something to show, in the order of the page."""
        shown = {"avatar": True, "previews": self.previews, "quality": self.quality.rows, "build": self.stages, "licences": self.files}
        return tuple(name for name, filled in shown.items() if filled)

    @property
    def work_s(self) -> float:
        """Seconds of the stages that ran, without the cached ones."""
        return sum(stage.seconds for stage in self.stages if not stage.cached)


def read_contents(files: Mapping[str, bytes], dialogue: Mapping[str, Any], manifest: Mapping[str, Any]) -> Contents:
    """The contents of the page; what a manifest leaves out is empty."""
    generator = manifest.get("generator", {})
    return Contents(
        name=str(manifest.get("name", "avatar")),
        language=_LANGUAGES.get(dialogue.get("persona", {}).get("language", "en"), "en"),
        greeting=read_greeting(dialogue),
        target=str(manifest.get("target", "")),
        seed=str(manifest.get("seed", "")),
        created=_format_time(str(manifest.get("created", ""))),
        generator=f"{generator.get('name', 'fenshen')} {generator.get('version', '')}".strip(),
        triangles=count_triangles(files["avatar.glb"]),
        downloads=tuple(Download(path, len(files[path]) / 1e6) for path in _DOWNLOADS if path in files),
        previews=tuple(_read_previews(files)),
        quality=read_quality(manifest),
        stages=tuple(_read_stages(manifest.get("stages", ()))),
        models=tuple(_read_model(model) for model in manifest.get("models", ())),
        files=tuple(_read_file(file) for file in manifest.get("files", ())),
        rights=dict(manifest.get("rights", {})),
    )


def _format_time(created: str) -> str:
    """2026-11-30T07:55:12+00:00 -> 2026-11-30 07:55 UTC."""
    return f"{created[:10]} {created[11:16]} UTC" if created else ""


def read_greeting(dialogue: Mapping[str, Any]) -> str:
    """The line `hello`, else the first line, else empty."""
    lines = dialogue.get("lines", [])
    return str(next((line["text"] for line in lines if line["id"] == "hello"), lines[0]["text"] if lines else ""))


def count_triangles(glb: bytes) -> int:
    """Triangles of every mesh of a GLB."""
    document = unpack_glb(glb)[0]
    primitives = [primitive for mesh in document.get("meshes", []) for primitive in mesh["primitives"]]
    corners = (p["indices"] if "indices" in p else p["attributes"]["POSITION"] for p in primitives)
    return sum(int(document["accessors"][corner]["count"]) // 3 for corner in corners)


def read_quality(manifest: Mapping[str, Any]) -> Quality:
    """The manifest's checks, by result, and its warnings."""
    rows = [_read_check(check) for check in manifest.get("checks", ())]
    return Quality(
        passed=tuple(row for row in rows if row.result == "passed"),
        failed=tuple(row for row in rows if row.result in ("failed", "allowed")),
        skipped=tuple(row for row in rows if row.result == "skipped"),
        warnings=tuple(StageWarning(str(w["stage"]), str(w["message"])) for w in manifest.get("warnings", ())),
    )


def _read_check(check: Mapping[str, Any]) -> CheckRow:
    result: Literal["passed", "failed", "allowed", "skipped"]
    if not has_run(check):
        result = "skipped"
    elif check["ok"]:
        result = "passed"
    else:
        result = "allowed" if check.get("allowed") else "failed"
    measured = " / ".join(str(check[key]) for key in ("value", "limit") if check.get(key))
    return CheckRow(str(check["code"]), result, str(check.get("message") or ""), measured)


def _read_previews(files: Mapping[str, bytes]) -> Iterable[Preview]:
    for path, data in sorted(files.items(), key=lambda file: _place_preview(file[0])):
        ending = Path(path).suffix.lower()
        media = _IMAGES.get(ending) or _VIDEOS.get(ending)
        if path.startswith("previews/") and media:
            uri = f"data:{media};base64,{base64.b64encode(data).decode()}"
            yield Preview(Path(path).stem, "image" if ending in _IMAGES else "video", uri)


def _place_preview(path: str) -> tuple[int, str]:
    """Sorting key: the known previews in the order of the page, then the others by name."""
    name = Path(path).stem
    return (_PREVIEWS.index(name) if name in _PREVIEWS else len(_PREVIEWS), path)


def _read_model(model: Mapping[str, Any]) -> ModelRow:
    return ModelRow(*(str(model.get(key, "")) for key in ("name", "licence", "source", "note")))


def _read_file(file: Mapping[str, Any]) -> FileRow:
    return FileRow(file["path"], file["bytes"], file.get("licence", ""), ", ".join(map(str, file.get("sources", ()))))


def _read_stages(stages: Iterable[Mapping[str, Any]]) -> Iterable[StageRow]:
    rows = [(s, float(s.get("seconds", 0))) for s in stages]
    longest = max((seconds for _, seconds in rows), default=0) or 1.0
    for s, seconds in rows:
        yield StageRow(str(s["name"]), str(s.get("backend") or ""), seconds, bool(s.get("cached")), round(100 * seconds / longest, 1))
