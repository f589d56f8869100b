"""One WebSocket: frames in with limits, frames out through a bounded queue, so that a broken or slow client harms itself alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from flows.live.protocol import MAX_FRAME, VERSION, Hello, ProtocolError, encode_message, parse_message, read_sound
from flows.live.services import Services
from flows.live.session import Session

_LOG = logging.getLogger("fenshen.live")
QUEUE = 256
"""Frames that wait for a client that reads slowly; more than a minute of talk."""
SEND_S = 10.0
"""Seconds in which a frame must leave: the buffers of the connection are full for so long."""
POLICY, TOO_BIG, TRY_LATER, GOING_AWAY = 1008, 1009, 1013, 1001
"""Codes with which a WebSocket closes (RFC 6455)."""


class Connection:
    """Serves one client from its first frame to its last."""

    def __init__(self, socket: WebSocket, services: Services) -> None:
        self._socket, self._services = socket, services
        self._out: asyncio.Queue[str | bytes] = asyncio.Queue(QUEUE)
        self._session: Session | None = None
        self._main: asyncio.Task[None] | None = None
        self._slow = False

    async def serve(self) -> None:
        """Runs until the client leaves or breaks a rule."""
        self._main = asyncio.current_task()
        writer = asyncio.create_task(self._write())
        code = 1000
        try:
            async with asyncio.timeout(self._services.options.limits.session_s):
                await self._read()
        except ProtocolError as error:
            self._services.metrics.protocol_errors.inc()
            code = await self._refuse("protocol", str(error), POLICY)
        except TimeoutError:
            code = await self._refuse("timeout", "the session took too long or nothing was sent", POLICY)
        except WebSocketDisconnect:
            pass  # the client left: nothing to answer
        except asyncio.CancelledError:
            if not self._slow:
                raise  # the server ends
            self._services.metrics.slow_readers.inc()
            code = TRY_LATER
        finally:
            if self._session:
                self._session.close()
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
        await self._close(code)

    async def _refuse(self, code: str, message: str, close: int) -> int:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._socket.send_text(encode_message("error", code=code, message=message)), SEND_S)
        return close

    async def _close(self, code: int) -> None:
        if self._socket.client_state is WebSocketState.CONNECTED and self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._socket.close(code), SEND_S)

    async def _read(self) -> None:
        limits = self._services.options.limits
        hello = await asyncio.wait_for(self._receive(), limits.hello_s)
        self._open_session(hello)
        while True:
            frame = await asyncio.wait_for(self._receive(), limits.idle_s)
            assert self._session
            if isinstance(frame, bytes):
                self._session.hear(read_sound(frame))
                await asyncio.sleep(0)  # sound of one client must not keep the loop from the others
            else:
                self._session.handle(parse_message(frame))

    async def _receive(self) -> str | bytes:
        message: dict[str, Any] = dict(await self._socket.receive())
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        data = message.get("bytes")
        frame: str | bytes = data if data is not None else message.get("text") or ""
        if len(frame) > MAX_FRAME:
            raise ProtocolError(f"a frame has at most {MAX_FRAME} bytes")
        return frame

    def _open_session(self, frame: str | bytes) -> None:
        message = parse_message(frame) if isinstance(frame, str) else None
        if not isinstance(message, Hello):
            raise ProtocolError("the first message is hello")
        if message.protocol != VERSION:
            raise ProtocolError(f"this server speaks protocol {VERSION}")
        bundles = self._services.bundles
        bundle = bundles.get(message.bundle) if message.bundle else next(iter(bundles.values()))
        if bundle is None:
            raise ProtocolError("the server has no bundle of that name")
        self._session = Session(message, bundle, self._services, self._put)
        self._session.start()

    def _put(self, frame: str | bytes) -> None:
        try:
            self._out.put_nowait(frame)
        except asyncio.QueueFull:
            self._end_slow_reader()

    def _end_slow_reader(self) -> None:
        self._slow = True
        if self._main:
            self._main.cancel()

    async def _write(self) -> None:
        while True:
            frame = await self._out.get()
            try:
                send = self._socket.send_text(frame) if isinstance(frame, str) else self._socket.send_bytes(frame)
                await asyncio.wait_for(send, SEND_S)
            except TimeoutError:
                self._end_slow_reader()
                return
            except (RuntimeError, WebSocketDisconnect):
                return  # the client has left; the reader finds out as well
