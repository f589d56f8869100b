"""The committed bill of materials lists what the set-up installs, with a digest of everything."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from assets.paths import PROJECT_ROOT

BILL: dict[str, Any] = json.loads((PROJECT_ROOT / "docs" / "sbom.cdx.json").read_text(encoding="utf-8"))
COMPONENTS: list[dict[str, Any]] = BILL["components"]
MAKE = "run `make sbom`"


def find_purls(kind: str) -> set[str]:
    return {component["purl"] for component in COMPONENTS if component.get("purl", "").startswith(f"pkg:{kind}/")}


def test_the_bill_is_cyclonedx() -> None:
    assert (BILL["bomFormat"], BILL["specVersion"]) == ("CycloneDX", "1.6")


def test_every_pinned_python_package_is_in_the_bill_and_no_other() -> None:
    pins = (PROJECT_ROOT / "constraints.txt").read_text() + "\n" + (PROJECT_ROOT / "docker" / "venv.sh").read_text()
    pinned = {f"pkg:pypi/{name.lower()}@{version}" for name, version in re.findall(r"([A-Za-z0-9][\w.-]*)==(\d[A-Za-z0-9.]*)", pins)}
    listed = {purl.replace("_", "-") for purl in find_purls("pypi")}
    assert listed == {purl.replace("_", "-") for purl in pinned}, MAKE


def test_every_node_package_is_in_the_bill_with_the_digest_of_the_lock_file() -> None:
    lock = json.loads((PROJECT_ROOT / "assets" / "node" / "package-lock.json").read_text(encoding="utf-8"))
    assert {component["bom-ref"] for component in COMPONENTS if component["bom-ref"].startswith("npm/")} == {
        f"npm/{path}" for path in lock["packages"] if path
    }, MAKE


def test_every_weight_is_in_the_bill_with_its_digest() -> None:
    index = json.loads((PROJECT_ROOT / "assets" / "weights" / "weights.json").read_text(encoding="utf-8"))
    listed = {c["bom-ref"].removeprefix("weights/"): c["hashes"][0]["content"] for c in COMPONENTS if c["bom-ref"].startswith("weights/")}
    assert listed == {name: entry["sha256"] for name, entry in index.items()}, MAKE


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component["bom-ref"])
def test_everything_has_a_digest(component: dict[str, Any]) -> None:
    digests = component.get("hashes") or [digest for file in component["externalReferences"] for digest in file["hashes"]]
    assert digests
    assert all(re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{128}", digest["content"]) for digest in digests)
