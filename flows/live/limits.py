"""How much one client may ask of the server: rates, sessions, lengths. Generous on this machine, tight once strangers can connect."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """The limits of a server."""

    sessions: int = 16
    """At once, of all clients together."""
    sessions_per_client: int = 16
    connections_per_minute: float = float("inf")
    """New connections of one address."""
    questions_per_minute: float = 60
    """Of one session, typed or spoken."""
    sound_factor: float = 1.5
    """Sound of a microphone that is accepted in a second, in seconds: more is no microphone."""
    session_s: float = 4 * 3600
    idle_s: float = 1800
    """A session that sends nothing, not even sound, ends."""
    hello_s: float = 10
    """A connection that does not say hello ends."""


OPEN_LIMITS = Limits(sessions=8, sessions_per_client=2, connections_per_minute=30, questions_per_minute=20, session_s=1800, idle_s=180)
"""For a server that other machines reach."""


@dataclass
class Bucket:
    """A token bucket: `rate` per second on average, `burst` at once."""

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _level: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._level, self._at = self.burst, self.clock()

    def take(self, amount: float = 1.0) -> bool:
        """Takes so many tokens; False, and takes none, where there are too few."""
        now = self.clock()
        self._level, self._at = min(self.burst, self._level + (now - self._at) * self.rate), now
        if amount > self._level:
            return False
        self._level -= amount
        return True

    @property
    def is_full(self) -> bool:
        """Whether nothing was taken for long."""
        return self._level + (self.clock() - self._at) * self.rate >= self.burst


class Clients:
    """Connections and sessions by the address of the client."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._clock = limits, clock
        self._open: dict[str, int] = {}
        self._buckets: dict[str, Bucket] = {}

    @property
    def count(self) -> int:
        """Open sessions."""
        return sum(self._open.values())

    def refuse_reason(self, address: str) -> str:
        """Why a new connection is refused, in one sentence; empty where it is welcome."""
        if not self._take_connection(address):
            return "too many connections in a minute; wait a little"
        if self.count >= self._limits.sessions:
            return f"all {self._limits.sessions} sessions are in use; try again later"
        if self._open.get(address, 0) >= self._limits.sessions_per_client:
            return f"{self._limits.sessions_per_client} sessions are open from this address already"
        return ""

    def _take_connection(self, address: str) -> bool:
        rate = self._limits.connections_per_minute
        if rate == float("inf"):
            return True
        if len(self._buckets) > 10_000:  # addresses that stayed away for long
            self._buckets = {name: bucket for name, bucket in self._buckets.items() if not bucket.is_full}
        return self._buckets.setdefault(address, Bucket(rate / 60, rate, self._clock)).take()

    def open(self, address: str) -> None:
        """Counts a session."""
        self._open[address] = self._open.get(address, 0) + 1

    def close(self, address: str) -> None:
        """Counts it no more."""
        left = self._open.get(address, 1) - 1
        if left > 0:
            self._open[address] = left
        else:
            self._open.pop(address, None)
