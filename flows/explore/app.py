"""The web application of `fenshen explore`: the page, portraits, neighbours, text, and the spec as a file."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from assets.artefacts.geometry import Image
from assets.errors import FenshenError, Finding, SpecError
from assets.formats.image import encode_jpeg
from assets.strict_json import parse_json
from flows.explore.document import Document, list_neighbours, may_set
from flows.explore.page import read_script, read_style, render_page
from flows.explore.portrait import SIZE
from flows.explore.studio import THUMBNAIL, Studio
from flows.live.access import Access
from flows.live.app import HEADERS

MAX_BYTES = 100_000
"""Of a request: fields and a text."""
NEIGHBOURS = 6
_QUALITY = 88
DESCRIBE = "stages.describe.resolve"
"""The module that turns a text into fields, where it is installed."""


def create_app(document: Document, access: Access, studio: Studio | None = None) -> FastAPI:
    """The application of one document."""
    camera = studio or Studio()

    @contextlib.asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        camera.open()
        yield
        camera.close()

    app = FastAPI(title="Fenshen explore", docs_url=None, redoc_url=None, openapi_url=None, lifespan=run)
    app.middleware("http")(_make_guard(access))
    _add_pages(app, document)
    _add_portraits(app, document, camera)
    _add_spec(app, document)
    return app


def _make_guard(access: Access) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    async def guard(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
        reason = access.refuse_reason(request.headers)
        if not reason and request.method == "POST" and request.headers.get("content-type", "").split(";")[0] != "application/json":
            reason = "requests are JSON"  # a form of another site cannot send it
        try:
            response = PlainTextResponse(reason + "\n", 403) if reason else await handle(request)
        except FenshenError as error:
            response = _report(error)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guard


def _report(error: FenshenError) -> Response:
    findings = [{"code": one.code, "message": one.message + (f"; {one.fix}" if one.fix else "")} for one in error.findings]
    return JSONResponse({"findings": findings}, 422 if isinstance(error, SpecError) else 409)


async def _read_request(request: Request) -> dict[str, Any]:
    """The JSON object of a request; raises SpecError where it is none, or too large."""
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > MAX_BYTES:
            raise SpecError(Finding("explore/request", f"the request has more than {MAX_BYTES} bytes", fix="send less"))
    try:
        found = parse_json(data)
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text: a ValueError
    except ValueError as error:
        raise SpecError(Finding("explore/request", "the request is not JSON", fix="send a JSON object")) from error
    if not isinstance(found, dict) or not isinstance(found.get("fields", {}), dict):
        raise SpecError(Finding("explore/request", "the request is not an object with fields", fix='send {"fields": {...}}'))
    return found


def _add_pages(app: FastAPI, document: Document) -> None:
    @app.get("/")
    async def home() -> Response:
        return Response(render_page(document, has_text=has_describe()), media_type="text/html")

    @app.get("/explore.css")
    async def style() -> Response:
        return Response(read_style(), media_type="text/css")

    @app.get("/explore.js")
    async def script() -> Response:
        return Response(read_script(), media_type="text/javascript")

    @app.get("/health")
    async def health() -> Response:
        return PlainTextResponse("ok\n")


def _add_portraits(app: FastAPI, document: Document, studio: Studio) -> None:
    @app.post("/portrait")
    async def portrait(request: Request) -> Response:
        requested = await _read_request(request)
        size = THUMBNAIL if requested.get("thumbnail") is True else SIZE
        spec = document.resolve(requested.get("fields", {}))
        made = await studio.draw(spec, exact=requested.get("exact") is True, size=size)
        headers = {"X-Exact": "yes" if made.exact else "no", "X-Seconds": f"{made.seconds:.3f}"}
        return Response(encode_jpeg(Image(made.pixels), _QUALITY), media_type="image/jpeg", headers=headers)

    @app.post("/neighbours")
    async def neighbours(request: Request) -> Response:
        requested = await _read_request(request)
        fields, salt = requested.get("fields", {}), requested.get("salt", 0)
        spec = document.parse(document.lay_over(fields))
        return JSONResponse(list_neighbours(spec, fields, salt if isinstance(salt, int) else 0, NEIGHBOURS))


def _add_spec(app: FastAPI, document: Document) -> None:
    @app.post("/resolved")
    async def resolve(request: Request) -> Response:
        """What the sliders show: the fields as the spec and its people have them."""
        spec = document.resolve((await _read_request(request)).get("fields", {}))
        return JSONResponse(json.loads(spec.model_dump_json(include={"seed", "name", "identity", "body", "groom", "texture"})))

    @app.post("/describe")
    async def describe(request: Request) -> Response:
        requested = await _read_request(request)
        if not has_describe():
            raise SpecError(Finding("explore/text", "this installation does not read texts", fix="use the sliders"))
        seed = requested.get("fields", {}).get("seed", 1)
        found = importlib.import_module(DESCRIBE).describe(
            str(requested.get("text", "")), seed=seed if isinstance(seed, int) and 0 <= seed < 2**32 else 1
        )
        return JSONResponse(
            {"fields": {name: value for name, value in found.fields.items() if may_set(name)}, "ignored": list(found.ignored)}
        )

    @app.post("/write")
    async def write(request: Request) -> Response:
        requested = await _read_request(request)
        path = document.write(requested.get("fields", {}), str(requested.get("file", "")), overwrite=requested.get("overwrite") is True)
        return JSONResponse({"file": path.name, "folder": str(path.parent)})


@cache
def has_describe() -> bool:
    """Whether texts can be turned into fields."""
    try:
        return importlib.util.find_spec(DESCRIBE) is not None
    except ModuleNotFoundError:
        return False
