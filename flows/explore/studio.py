"""Draws the page's portraits: one thread has the OpenGL context, another one makes hair and clothes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

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

    def open(self) -> None:
        """Opens the context; raises BackendError if EGL is missing."""
        self._maker = self._drawing.submit(lambda: self._stack.enter_context(open_portrait_maker())).result()

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

    @staticmethod
    async def _run(pool: ThreadPoolExecutor, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
