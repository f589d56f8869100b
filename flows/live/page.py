"""The live page, from a Jinja template that escapes every value; what it does is in client/live.js."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.live.labels import LABELS

if TYPE_CHECKING:
    from flows.live.bundle import LiveBundle
    from flows.live.services import Services

_FOLDER = Path(__file__).resolve().parent
_REPORT = _FOLDER.parent / "report"


def render_page(bundle: LiveBundle, services: Services) -> str:
    """HTML of the page that talks with one bundle; it names the others."""
    payload = {
        "bundle": bundle.name, "labels": LABELS, "record": services.options.record is not None,
        "dialogue": {"lines": [{"id": str(line["id"]), "text": str(line["text"])} for line in bundle.dialogue["lines"]]},
    }  # fmt: skip
    page = _load_environment().get_template("live.html").render(
        bundle=bundle, bundles=list(services.bundles.values()), language={"zh": "zh-CN"}.get(bundle.language, bundle.language),
        payload=payload, record=services.options.record is not None,
    )  # fmt: skip
    return str(page)


@cache
def _load_environment() -> Environment:
    folders = [_FOLDER / "templates", _REPORT / "templates"]
    environment = Environment(
        loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["labels"] = LABELS
    # Jinja's tojson escapes <, >, & and ', so that no spoken line can close the script element that holds it.
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "allow_nan": False}
    return environment


@cache
def read_style() -> str:
    """The report's style, and what this page adds."""
    return (_REPORT / "style.css").read_text("utf-8") + (_FOLDER / "live.css").read_text("utf-8")
