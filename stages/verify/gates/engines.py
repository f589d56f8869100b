"""Gates of the engines' own loaders: three.js and three-vrm in a headless Chromium; they run where Chromium is installed."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, Location, Severity
from assets.paths import find_program, read_baked_script
from stages.verify.bundle_view import BundleView
from stages.verify.gate import gate

# No network (all hosts unresolved), no sandbox (containers lack its namespaces), no /dev/shm (64 MB in Docker by default).
_CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
    "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", "--dump-dom",
)  # fmt: skip
_TIMEOUT_S = 120


def find_chromium() -> str | None:
    """Chromium or Chrome on PATH, or None."""
    return find_program("chromium") or find_program("chromium-browser") or find_program("google-chrome")


def load_in_three(avatars: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Name -> counts of meshes, morphs (the most on one mesh), clips, VRM bones and expressions in three.js, or `failed`: why.

    One browser loads them all.

    Raises:
        BackendError: there is no browser, or it reports nothing in time.
    """
    browser = find_chromium()
    if browser is None:
        raise BackendError(Finding("engine/three", "Chromium is not installed"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "load.html"
        encoded = json.dumps({name: base64.b64encode(data).decode() for name, data in avatars.items()})
        # createImageBitmap resolves outside the page's virtual time, which then ends at random; three.js works without it.
        # The script removes itself, so that --dump-dom does not print the avatars.
        first = f"window.createImageBitmap=undefined;window.AVATARS={encoded};document.currentScript.remove()"
        page.write_text(f"<body><script>{first}</script><script type=module>{read_baked_script('load_engine.js')}</script></body>", "utf-8")
        command = [browser, *_CHROMIUM_FLAGS, f"--user-data-dir={folder}/profile", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, cwd=folder)
        except subprocess.TimeoutExpired as cause:
            raise BackendError(Finding("engine/three", f"Chromium did not finish within {_TIMEOUT_S} s")) from cause
    # --dump-dom prints the attribute escaped.
    if found := re.search(r'data-loaded="([^"]*)"', done.stdout):
        counts: dict[str, dict[str, Any]] = json.loads(html.unescape(found[1]))
        return counts
    raise BackendError(Finding("engine/three", f"the page that loads the avatar reported nothing: {done.stderr[-200:].strip()}"))


def _check_loads(bundle: BundleView, path: str, code: str, minimum: dict[str, int]) -> Iterator[Finding]:
    if path not in bundle.files:
        return
    if find_chromium() is None:
        yield Finding(code, "not checked: Chromium is not installed", Severity.INFO, Location(path))
        return
    avatars = {name: bundle.files[name] for name in ("avatar.glb", "avatar.vrm") if name in bundle.files}
    counts = bundle.compute_once("engine/three", lambda: load_in_three(avatars))[path]
    if "failed" in counts:
        yield Finding(code, f"three.js cannot load the file: {counts['failed']}", location=Location(path))
        return
    for key, limit in minimum.items():
        if counts[key] < limit:
            yield Finding(
                code,
                f"three.js finds {counts[key]} {key}, expected at least {limit}",
                location=Location(path),
                value=counts[key],
                limit=limit,
            )


@gate("engine/three", claim="avatar.glb loads in three.js with its meshes and 67 morphs", source="three GLTFLoader")
def three_loads_the_glb(bundle: BundleView) -> Iterator[Finding]:
    yield from _check_loads(bundle, "avatar.glb", "engine/three", {"meshes": 1, "morphs": 67})


@gate("engine/three-vrm", claim="avatar.vrm loads in three-vrm with its bones and expressions", source="@pixiv/three-vrm VRMLoaderPlugin")
def three_vrm_loads_the_vrm(bundle: BundleView) -> Iterator[Finding]:
    # 15 are the humanoid bones that VRM 1.0 requires.
    yield from _check_loads(bundle, "avatar.vrm", "engine/three-vrm", {"bones": 15, "expressions": 1})
