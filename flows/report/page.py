"""The bundle as one HTML page, from Jinja templates that escape every value: text of the user's is never markup."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from assets.paths import read_baked_script
from flows.report.contents import read_contents
from flows.report.labels import LABELS

_FOLDER = Path(__file__).resolve().parent


def render_report(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> bytes:
    """UTF-8 HTML with the avatar, every voice and viseme track, previews, gates, timings and licences.

    Args:
        files: path in the bundle -> contents.

    Raises:
        BackendError: `fenshen bake` has not bundled the viewer.
    """
    dialogue = json.loads(files["dialogue.json"]) if "dialogue.json" in files else {}
    page = _load_environment().get_template("page.html").render(
        report=read_contents(files, dialogue, manifest),
        payload=build_payload(files, dialogue),
        style=_read_style(),
        viewer=_read_viewer(),
    )  # fmt: skip
    return page.encode()


def build_payload(files: Mapping[str, bytes], dialogue: Mapping[str, Any]) -> dict[str, Any]:
    """What the viewer reads from the page: the GLB and sounds in base64, dialogue, viseme tracks and labels."""
    return {
        "glb": base64.b64encode(files["avatar.glb"]).decode(),
        "dialogue": dialogue,
        "voices": {Path(p).stem: base64.b64encode(data).decode() for p, data in sorted(files.items()) if p.startswith("voice/")},
        "visemes": {Path(p).stem: json.loads(data) for p, data in sorted(files.items()) if p.startswith("visemes/")},
        "labels": LABELS,
    }


@cache
def _load_environment() -> Environment:
    loader = FileSystemLoader(_FOLDER / "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals["labels"] = LABELS
    # Jinja's tojson escapes <, >, & and ', so that no spoken line can close the script element that holds it.
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False}
    return environment


@cache
def _read_style() -> Markup:
    return Markup((_FOLDER / "style.css").read_text("utf-8"))


def _read_viewer() -> Markup:
    return Markup(read_baked_script("viewer.js").replace("</script", "<\\/script"))
