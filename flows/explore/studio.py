"""Draws the page's portraits: one thread has the OpenGL context, another one makes hair and clothes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeVar

from assets.errors import BackendError, Finding
from assets.spec.avatar import AvatarSpec
from flows.explore.portrait import Bare, LivePortraits, Portrait, open_portrait_maker

R = TypeVar("R")
THUMBNAIL = 160
"""Pixels a side of a neighbour's picture."""


class Studio:
    """Quick portraits while an exact one is in the making."""

    def __init__(self) -> None:
        self._drawing = ThreadPoolExecutor(1, "explore-draw")
        self._dressing = ThreadPoolExecutor(1, "explore-dress")
        self._stack = ExitStack()
        self._maker: LivePortraits | None = None
        self._stopping = asyncio.Event()

    def open(self) -> None:
        """Opens the context; raises BackendError if EGL is missing."""
        self._maker = self._drawing.submit(lambda: self._stack.enter_context(open_portrait_maker())).result()

    def stop(self) -> None:
        """Ends what waits for a portrait; called on the event loop."""
        self._stopping.set()

    def close(self) -> None:
        """Ends both threads."""
        self._dressing.shutdown(cancel_futures=True)
        self._drawing.submit(self._stack.close)
        self._drawing.shutdown()

    async def draw(self, spec: AvatarSpec, *, exact: bool, size: int) -> Portrait:
        """The portrait of a resolved spec; raises what its stages raise."""
        assert self._maker is not None
        maker = self._maker
        if not exact:
            return await self._run(self._drawing, lambda: maker.draw(spec, size=size))
        bare: Bare = await self._run(self._drawing, lambda: maker.undress(spec, exact=True))
        dressed = await self._run(self._dressing, lambda: maker.dress(bare))

        def finish() -> Portrait:
            maker.wear(dressed)
            return maker.draw_dressed(bare, size=size)

        return await self._run(self._drawing, finish)

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], R]) -> R:
        """The work's result; raises BackendError where the server ends before."""
        working = asyncio.get_running_loop().run_in_executor(pool, work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        both: set[asyncio.Future[Any]] = {working, stopping}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            raise BackendError(Finding("explore/stopped", "the server ends before the portrait is drawn", fix="start it again"))
        return working.result()
