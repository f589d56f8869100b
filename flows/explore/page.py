"""The page of `fenshen explore`, from a Jinja template that escapes every value; what it does is in explore.js."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assets.spec.read import list_presets
from flows.explore.document import Document
from flows.explore.labels import AXIS_LABELS, FIELD_LABELS, GROUPS, LABELS

_FOLDER = Path(__file__).resolve().parent
_REPORT = _FOLDER.parent / "report"
RANGES = {"identity.age": (18, 90, 1), "identity.gender": (0, 1, 0.05)}
"""Field -> least, most and step; others are from 0 to 1."""


def render_page(document: Document, *, has_text: bool) -> str:
    """HTML of the page for a document."""
    sliders = [
        {"field": name, "label": label, "least": least, "most": most, "step": step}
        for name, label in FIELD_LABELS.items()
        for least, most, step in (RANGES.get(name, (0, 1, 0.01)),)
    ]
    groups = [(title, {f"identity.axes.{name}": AXIS_LABELS[name] for name in names}) for title, names in GROUPS]
    payload: dict[str, Any] = {
        "name": str(document.base.get("name", "")), "labels": LABELS, "presets": list_presets(),
    }  # fmt: skip
    page = _load_environment().get_template("explore.html").render(
        title=payload["name"], sliders=sliders, groups=groups, labels=LABELS, payload=payload, has_text=has_text,
        presets=payload["presets"],
    )  # fmt: skip
    return str(page)


@cache
def _load_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    # Jinja's tojson escapes <, >, & and ', so that no value can close the script element that holds it.
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False}
    return environment


@cache
def read_style() -> str:
    """The report's style, and what this page adds."""
    return (_REPORT / "style.css").read_text("utf-8") + (_FOLDER / "explore.css").read_text("utf-8")


@cache
def read_script() -> str:
    """The page's script."""
    return (_FOLDER / "explore.js").read_text("utf-8")
