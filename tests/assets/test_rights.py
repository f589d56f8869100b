"""What may be sold, and which of two licences holds where things of both went in."""

from __future__ import annotations

import pytest

from assets.rights import find_strictest_licence, is_sellable


@pytest.mark.parametrize(("licence", "sold"), [
    ("CC0-1.0", True), ("cc-by-4.0", True), ("CC-BY-SA-4.0", True), ("MIT", True), ("Apache-2.0", True),
    ("CC-BY-NC-4.0", False), ("CC-BY-NC-SA-4.0", False), ("our studio's own pictures", False), ("unknown", False), ("", False),
    ("MIT AND CC-BY-4.0", True), ("CC-BY-SA-4.0 AND CC-BY-NC-4.0", False),
])  # fmt: skip
def test_only_a_known_licence_without_nc_lets_sell(licence: str, sold: bool) -> None:
    assert is_sellable(licence) is sold


@pytest.mark.parametrize(("given", "holds"), [
    (["CC0-1.0"], "CC0-1.0"),
    (["CC0-1.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0"),
    (["CC-BY-4.0", "CC0-1.0", "CC-BY-NC-SA-4.0"], "CC-BY-NC-SA-4.0"),
    (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 AND CC-BY-SA-4.0"),
    (["CC-BY-SA-4.0 AND CC-BY-NC-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 AND CC-BY-SA-4.0"),
    (["CC0-1.0", "ask Ada"], "ask Ada"),
    (["CC-BY-4.0", "ask Ada"], "CC-BY-4.0 AND ask Ada"),
    (["CC0-1.0", ""], "unknown"),
])  # fmt: skip
def test_the_stricter_licence_holds_and_both_where_neither_asks_for_all(given: list[str], holds: str) -> None:
    assert find_strictest_licence(given) == holds
    assert find_strictest_licence(reversed(given)) == holds
