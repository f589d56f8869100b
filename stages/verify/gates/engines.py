"""Gates of other people's loaders: three.js and three-vrm in a headless Chromium, where there is one."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, Location, Severity
from assets.paths import read_baked_script
from stages.verify.bundle_view import BundleView
from stages.verify.gate import gate

_CHROMIUM_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
    "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", "--dump-dom",
)  # fmt: skip


def find_chromium() -> str | None:
    """The browser of this machine, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def load_in_three(avatars: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Name -> counts of meshes, morphs (most on one mesh), clips, VRM bones and expressions as three.js sees them, or `failed`: why.

    One start of the browser for all. Raises BackendError where there is none or it does not answer.
    """
    browser = find_chromium()
    if browser is None:
        raise BackendError(Finding("engine/three", "there is no Chromium on this machine"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "load.html"
        given = json.dumps({name: base64.b64encode(data).decode() for name, data in avatars.items()})
        # createImageBitmap answers from outside the page's virtual time, which then runs out at random; three.js does without it.
        # What Chromium dumps at the end shall not hold the avatars: the script that brings them takes itself away.
        first = f"window.createImageBitmap=undefined;window.AVATARS={given};document.currentScript.remove()"
        page.write_text(f"<body><script>{first}</script><script type=module>{read_baked_script('load_engine.js')}</script></body>", "utf-8")
        command = [browser, *_CHROMIUM_FLAGS, f"--user-data-dir={folder}/profile", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        except subprocess.TimeoutExpired as cause:
            raise BackendError(Finding("engine/three", "Chromium did not answer within 120 s")) from cause
    if found := re.search(r'data-loaded="([^"]*)"', done.stdout):
        counts: dict[str, dict[str, Any]] = json.loads(html.unescape(found[1]))
        return counts
    raise BackendError(Finding("engine/three", f"no answer from the page: {done.stderr[-200:].strip()}"))


def _check_loads(reading: BundleView, path: str, code: str, least: dict[str, int]) -> Iterator[Finding]:
    if path not in reading.files:
        return
    if find_chromium() is None:
        yield Finding(code, "not checked: there is no Chromium on this machine", Severity.INFO, Location(path))
        return
    avatars = {name: reading.files[name] for name in ("avatar.glb", "avatar.vrm") if name in reading.files}
    try:
        counts = reading.compute_once("engine/three", lambda: load_in_three(avatars))[path]
    except BackendError as error:
        yield from (Finding(code, f.message, where=Location(path)) for f in error.findings)
        return
    if "failed" in counts:
        yield Finding(code, f"three.js could not load it: {counts['failed']}", where=Location(path))
        return
    for key, limit in least.items():
        if counts[key] < limit:
            yield Finding(code, f"the engine sees {counts[key]} {key}", where=Location(path), value=counts[key], limit=limit)


@gate("engine/three", why="avatar.glb loads in three.js with its meshes and 67 morphs", source="three GLTFLoader")
def three_loads_the_glb(reading: BundleView) -> Iterator[Finding]:
    yield from _check_loads(reading, "avatar.glb", "engine/three", {"meshes": 1, "morphs": 67})


@gate("engine/three-vrm", why="avatar.vrm loads in three-vrm with its bones and expressions", source="@pixiv/three-vrm VRMLoaderPlugin")
def three_vrm_loads_the_vrm(reading: BundleView) -> Iterator[Finding]:
    yield from _check_loads(reading, "avatar.vrm", "engine/three-vrm", {"bones": 15, "expressions": 1})
