"""Who may talk to the server: this machine alone by default; with a token, from a page of this server, where it is opened.

A web page of another site can reach a server on this machine through the user's own browser. The names in the Host and Origin headers
give it away: they are checked always, on loopback too.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

COOKIE = "fenshen_token"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Access:
    """The rules of one server."""

    token: str = ""
    """Empty: no token is needed, which is so on loopback only."""
    origins: tuple[str, ...] = ()
    """Other sites whose pages may connect, such as https://museum.example."""

    @property
    def is_open(self) -> bool:
        """Whether other machines may connect."""
        return bool(self.token)

    def refuse_reason(self, headers: Mapping[str, str]) -> str:
        """Why a request with these headers is refused; empty where it is not."""
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if not self.is_open and read_host(f"//{host}") not in LOOPBACK_NAMES:
            return "this server answers on this machine only"
        if origin and origin not in self.origins and urlsplit(origin).netloc.lower() != host.lower():
            return "pages of this origin may not connect; start the server with --origin"
        if self.is_open and not self.has_token(headers):
            return "the token is missing or wrong; open the address that the server printed"
        return ""

    def has_token(self, headers: Mapping[str, str]) -> bool:
        """Whether the cookie or the Authorization header carries the token."""
        given = headers.get("authorization", "").removeprefix("Bearer ").strip()
        return self.is_token(given) or self.is_token(_read_cookie(headers.get("cookie", "")))

    def is_token(self, given: str) -> bool:
        """Whether this is the token, compared in constant time."""
        return bool(given) and hmac.compare_digest(given.encode(), self.token.encode())


def _read_cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def read_host(url: str) -> str:
    """The host of an address in lower case, without its port; empty where it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a server that binds to this name or address can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def make_token() -> str:
    """A new token of 192 bits."""
    return secrets.token_urlsafe(24)
