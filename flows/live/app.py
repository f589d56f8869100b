"""The web application: the page and its parts, the files of the bundles, the conversation, health and metrics."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import FastAPI, WebSocket
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from assets.paths import read_baked_script
from flows.live.access import COOKIE
from flows.live.connection import TRY_LATER, Connection
from flows.live.metrics import CONTENT_TYPE
from flows.live.page import read_style, render_page
from flows.live.protocol import encode_message
from flows.live.services import Services

if TYPE_CHECKING:
    from flows.live.bundle import LiveBundle

SCRIPTS = ("live.js", "socket.js", "speaker.js", "microphone.js", "fenshen-avatar.js", "fenshen-talkinghead.js")
"""What `fenshen bake` bundles for the page, and for pages of others."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), xr-spatial-tracking=(self), camera=()", "Cross-Origin-Opener-Policy": "same-origin",
}  # fmt: skip
_FREE = ("/health",)
"""Paths that need no token: a supervisor asks them."""


def create_app(services: Services, *, preload: bool = True) -> FastAPI:
    """The application of one server; its models are loaded while it already answers /health."""

    @contextlib.asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.get_running_loop().run_in_executor(None, services.preload) if preload else None
        yield
        if loading:
            loading.cancel()
        services.close()

    app = FastAPI(title="Fenshen live", docs_url=None, redoc_url=None, openapi_url=None, lifespan=run)
    app.middleware("http")(_make_guard(services))
    _add_pages(app, services)
    _add_files(app, services)
    _add_state(app, services)
    _add_conversation(app, services)
    return app


def _make_guard(services: Services) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    access = services.options.access

    async def guard(request: Request, handle: Callable[[Request], Awaitable[Response]]) -> Response:
        given = request.query_params.get("token", "")
        if access.is_open and access.is_token(given):
            return _hand_out_cookie(request, given)
        reason = "" if request.url.path in _FREE else access.refuse_reason(request.headers)
        response = PlainTextResponse(reason + "\n", 403) if reason else await handle(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return guard


def _hand_out_cookie(request: Request, token: str) -> Response:
    """The token moves from the address, which is shown and logged, into a cookie that no script reads."""
    response = RedirectResponse(request.url.path, 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, path="/")
    return response


def _add_pages(app: FastAPI, services: Services) -> None:
    @app.get("/")
    async def home() -> Response:
        return RedirectResponse(f"/talk/{next(iter(services.bundles))}", 307)

    @app.get("/talk/{name}")
    async def talk(name: str) -> Response:
        bundle = services.bundles.get(name)
        if bundle is None:
            return PlainTextResponse("there is no bundle of that name\n", 404)
        page = render_page(bundle, services)
        return Response(page, media_type="text/html", headers={"Cache-Control": "no-store"})

    @app.get("/live.css")
    async def style() -> Response:
        return Response(read_style(), media_type="text/css", headers={"Cache-Control": "no-cache"})

    @app.get("/scripts/{name}")
    async def script(name: str) -> Response:
        if name not in SCRIPTS:
            return PlainTextResponse("there is no script of that name\n", 404)
        return Response(read_baked_script(name), media_type="text/javascript", headers={"Cache-Control": "no-cache"})


def _add_files(app: FastAPI, services: Services) -> None:
    @app.get("/bundles/{name}/{path:path}")
    async def file(name: str, path: str, request: Request) -> Response:
        bundle: LiveBundle | None = services.bundles.get(name)
        if bundle is None or path not in bundle.files or not (bundle.folder / path).is_file():
            return PlainTextResponse("the bundle has no such file\n", 404)
        media_type, digest = bundle.files[path]
        headers = {"ETag": f'"{digest}"', "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return FileResponse(bundle.folder / path, media_type=media_type, headers=headers)


def _add_state(app: FastAPI, services: Services) -> None:
    @app.get("/health")
    async def health() -> Response:
        return PlainTextResponse("ok\n" if services.is_ready else "loading\n")

    @app.get("/metrics")
    async def metrics() -> Response:
        services.metrics.sessions.set(services.clients.count)
        return Response(services.metrics.render(), media_type=CONTENT_TYPE)


def _add_conversation(app: FastAPI, services: Services) -> None:
    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        if services.options.access.refuse_reason(socket.headers):
            services.metrics.connections.labels("refused").inc()
            await socket.close()  # before it is accepted: HTTP 403
            return
        await socket.accept()
        address = socket.client.host if socket.client else ""
        if reason := services.clients.refuse_reason(address):
            services.metrics.connections.labels("full").inc()
            await socket.send_text(encode_message("error", code="full", message=reason))
            await socket.close(TRY_LATER)
            return
        services.metrics.connections.labels("accepted").inc()
        services.clients.open(address)
        try:
            await Connection(socket, services).serve()
        finally:
            services.clients.close(address)
