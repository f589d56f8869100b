"""Which licences permit sale, and which licence covers a combination."""

from __future__ import annotations

import pytest

from assets.rights import find_strictest_licence, is_sellable


@pytest.mark.parametrize(("licence", "sellable"), [
    ("CC0-1.0", True), ("cc-by-4.0", True), ("CC-BY-SA-4.0", True), ("MIT", True), ("Apache-2.0", True),
    ("CC-BY-NC-4.0", False), ("CC-BY-NC-SA-4.0", False), ("our studio's own pictures", False), ("unknown", False), ("", False),
    ("MIT AND CC-BY-4.0", True), ("CC-BY-SA-4.0 AND CC-BY-NC-4.0", False),
])  # fmt: skip
def test_only_a_known_licence_without_nc_permits_sale(licence: str, sellable: bool) -> None:
    assert is_sellable(licence) is sellable


@pytest.mark.parametrize(("licences", "strictest"), [
    (["CC0-1.0"], "CC0-1.0"),
    (["CC0-1.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0"),
    (["CC-BY-4.0", "CC0-1.0", "CC-BY-NC-SA-4.0"], "CC-BY-NC-SA-4.0"),
    (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 AND CC-BY-SA-4.0"),
    (["CC-BY-SA-4.0 AND CC-BY-NC-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0 AND CC-BY-SA-4.0"),
    (["CC0-1.0", "ask Ada"], "ask Ada"),
    (["CC-BY-4.0", "ask Ada"], "CC-BY-4.0 AND ask Ada"),
    (["CC0-1.0", ""], "unknown"),
])  # fmt: skip
def test_the_strictest_licence_applies_or_all_that_no_other_covers(licences: list[str], strictest: str) -> None:
    assert find_strictest_licence(licences) == strictest
    assert find_strictest_licence(reversed(licences)) == strictest
