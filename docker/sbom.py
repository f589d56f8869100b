"""The software bill of materials (CycloneDX 1.6): every Python and node package and every committed weight with its SHA digests.

`make sbom` writes docs/sbom.cdx.json; it asks the package index for the digests of the files that the set-up may download. Packages are
those of constraints.txt and of docker/venv.sh, package-lock.json and weights.json; tests/docker/test_sbom.py compares the lists.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from pypi_simple import DistributionPackage, PyPISimple

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "sbom.cdx.json"
PYTHONS = ("cp311", "cp312", "cp313", "abi3", "py3", "py2.py3")
UNSUPPORTED = re.compile(r"win32|win_|musllinux|i686|ppc64|s390x|armv7|riscv|pypy|pp3\d+-|cp31\dt|universal2_ios")
"""Parts of wheel names of the systems and interpreters that Fenshen does not run on."""


def list_python_packages() -> dict[str, str]:
    """Name -> version of every Python package that the set-up installs."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8") + "\n" + (ROOT / "docker" / "venv.sh").read_text(encoding="utf-8")
    # The `+cpu` build of torch comes from another index; its version without the mark is the same release.
    return dict(re.findall(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.]*)", pins))


def select_files(files: list[DistributionPackage], version: str) -> list[DistributionPackage]:
    """The wheels for our Pythons and systems, or the source archive of a package that has none."""
    released = [file for file in files if file.version == version and file.digests.get("sha256")]
    wheels = [file for file in released if file.package_type == "wheel" and not UNSUPPORTED.search(file.filename)]
    chosen = [file for file in wheels if any(f"-{python}" in file.filename or f".{python}" in file.filename for python in PYTHONS)]
    return chosen or [file for file in released if file.package_type == "sdist"]


def make_python_components() -> Iterator[Component]:
    """A component per Python package; each file that may be downloaded is an external reference with its SHA-256."""
    site = sorted((ROOT / ".venv" / "lib").glob("python3*/site-packages"))
    licences = {found.metadata["Name"].lower().replace("_", "-"): found.metadata for found in distributions(path=[str(p) for p in site])}
    with PyPISimple() as index:
        for name, version in sorted(list_python_packages().items(), key=lambda item: item[0].lower()):
            files = select_files(index.get_project_page(name).packages, version)
            if not files:
                raise SystemExit(f"docker/sbom.py: the package index has no file of {name} {version}; correct its pin")
            references = [
                ExternalReference(
                    type=ExternalReferenceType.DISTRIBUTION,
                    url=XsUri(str(PackageURL("pypi", None, name.lower(), version, {"file_name": file.filename}))),
                    hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file.digests["sha256"])],
                )
                for file in files
            ]
            metadata = licences.get(name.lower().replace("_", "-"))
            text = str(metadata.get("License-Expression") or metadata.get("License") or "") if metadata else ""
            yield Component(
                name=name, version=version, type=ComponentType.LIBRARY, bom_ref=f"pypi/{name}",
                purl=PackageURL("pypi", None, name.lower(), version), external_references=references,
                licenses=[DisjunctiveLicense(name=text)] if text and len(text) < 80 else [],
            )  # fmt: skip


def make_node_components() -> Iterator[Component]:
    """A component per node package, with the SHA-512 of package-lock.json."""
    lock = json.loads((ROOT / "assets" / "node" / "package-lock.json").read_text(encoding="utf-8"))
    for path, entry in sorted(lock["packages"].items()):
        if not path:
            continue
        algorithm, _, digest = entry["integrity"].partition("-")
        assert algorithm == "sha512", path
        # Two places may hold two versions of one package; their paths differ.
        scope, _, name = path.rpartition("node_modules/")[2].rpartition("/")
        yield Component(
            name=name, group=scope or None, version=entry["version"], type=ComponentType.LIBRARY, bom_ref=f"npm/{path}",
            purl=PackageURL("npm", scope or None, name, entry["version"]),
            hashes=[HashType(alg=HashAlgorithm.SHA_512, content=base64.b64decode(digest).hex())],
            licenses=[DisjunctiveLicense(name=entry["license"])] if entry.get("license") else [],
        )  # fmt: skip


def make_model_components() -> Iterator[Component]:
    """A component per committed weight, with the SHA-256 of weights.json."""
    index = json.loads((ROOT / "assets" / "weights" / "weights.json").read_text(encoding="utf-8"))
    for name, entry in sorted(index.items()):
        yield Component(
            name=entry["file"], type=ComponentType.MACHINE_LEARNING_MODEL, bom_ref=f"weights/{name}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=entry["sha256"])], licenses=[DisjunctiveLicense(name=entry["licence"])],
        )  # fmt: skip


def build_bom() -> str:
    """The bill as JSON, checked against the CycloneDX schema; without a serial number or a time, so that equal inputs give equal bytes."""
    project = Component(name="fenshen", type=ComponentType.APPLICATION, bom_ref="fenshen", licenses=[DisjunctiveLicense(name="Apache-2.0")])
    bom = Bom(components=[*make_python_components(), *make_node_components(), *make_model_components()])
    bom.metadata.component = project
    with warnings.catch_warnings():
        # The graph of dependencies is left out: the pins are a closed list, and every one of them is installed.
        warnings.simplefilter("ignore", UserWarning)
        document = json.loads(JsonV1Dot6(bom).output_as_string())
    for volatile in ("serialNumber", "dependencies"):
        document.pop(volatile, None)
    document["metadata"].pop("timestamp", None)
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"docker/sbom.py: the bill breaks the CycloneDX schema: {problem}")
    return text


if __name__ == "__main__":
    TARGET.write_text(build_bom(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)} written\n")
