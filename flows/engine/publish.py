"""Prefect artifacts of a finished build: summary, timings, gates, previews."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

from assets.artefacts.verdict import count_checks, has_run
from assets.digest import sha256
from assets.markdown import escape_markdown, quote_code
from flows.pipeline.bundle_writer import BuiltBundle

MAX_PICTURE_BYTES = 400_000
"""Of a picture in an artifact: data URLs are stored in Prefect's database."""


def slugify(name: str) -> str:
    """The name in the letters that Prefect allows in keys; where letters are lost, a short hash keeps it unique."""
    name = unicodedata.normalize("NFC", name)  # some file systems decompose é
    slug_text = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    if slug_text and not any(letter.isalnum() and not letter.isascii() for letter in name):
        return slug_text
    digest = sha256(name.encode(errors="surrogatepass"))  # a file's name need not be Unicode
    return f"{slug_text or 'avatar'}-{digest[:8]}"


def escape_run_name(name: str) -> str:
    """The name for Prefect's task_run_name, which is a template: `{job.__init__.__globals__}` would be looked up, `{x` would fail."""
    return name.replace("{", "{{").replace("}", "}}")


def make_plain_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a table artifact whose texts hold no link: the page makes one of `[text](address)` in a cell."""
    return [{key: value.replace("](", "] (") if isinstance(value, str) else value for key, value in row.items()} for row in rows]


def to_data_url(data: bytes, media_type: str) -> str:
    """The picture as a URL that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def publish_bundle(built: BuiltBundle, key: str) -> None:
    """Creates the artifacts of the current flow run; each key starts with `key`."""
    manifest = built.manifest
    create_table_artifact(table=list_timings(manifest), key=f"{key}-timings", description="Seconds per stage")
    create_table_artifact(table=make_plain_rows(list_gate_results(manifest)), key=f"{key}-gates", description="Gates and their results")
    create_markdown_artifact(markdown=_format_summary(built), key=f"{key}-summary", description="What was built")
    for file in manifest["files"]:
        path = built.folder / file["path"]
        if file["role"] == "preview" and file["media_type"] in ("image/png", "image/jpeg") and file["bytes"] < MAX_PICTURE_BYTES:
            url = to_data_url(path.read_bytes(), file["media_type"])
            create_image_artifact(image_url=url, key=f"{key}-{path.stem}", description=path.stem)


def list_timings(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per stage, the most useful columns first: the page shows four."""
    return [
        {"stage": stage["name"], "seconds": stage["seconds"], "from": "the store" if stage["cached"] else "this run",
         "backend": stage["backend"], "version": stage["version"], "key": stage["key"][:12]}
        for stage in manifest["stages"]
    ]  # fmt: skip


def list_gate_results(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """A row per gate, failed ones first."""
    rows = [{"gate": check["code"], "passed": _describe_result(check), "what": check["message"]} for check in manifest["checks"]]
    return sorted(rows, key=lambda row: ("NO", "not run", "yes").index(row["passed"]))


def _describe_result(check: dict[str, Any]) -> str:
    return "not run" if not has_run(check) else "yes" if check["ok"] else "NO"


def _format_summary(built: BuiltBundle) -> str:
    manifest = built.manifest
    passed, able, _ = count_checks(manifest["checks"])
    size = sum(file["bytes"] for file in manifest["files"]) / 1e6
    return (
        f"# {escape_markdown(manifest['name'])}\n\n{len(manifest['files'])} files, {size:.1f} MB, target {manifest['target']}, "
        f"{passed} of {able} gates passed.\n\n{quote_code(str(built.folder))}\n"
    )
