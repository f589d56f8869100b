"""Gates of the engines' own loaders: three.js and three-vrm in a headless Chromium; they run where Chromium is installed."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assets.errors import BackendError, Finding, Location, Severity
from assets.paths import find_program, read_baked_script
from assets.temporary_folder import open_temporary_folder
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
    """Name -> counts of meshes, morphs (the most on one mesh), clips, VRM bones and expressions in three.js, and how the spring bones of a
    VRM move (`hair`), or `failed`: why.

    One browser loads them all.

    Raises:
        BackendError: there is no browser, or it reports nothing in time.
    """
    encoded = {name: encode_base64(data) for name, data in avatars.items()}
    counts: dict[str, dict[str, Any]] = run_page("engine/three", "load_engine.js", "AVATARS", encoded)["loaded"]
    return counts


def count_in_three(bundle: BundleView) -> dict[str, dict[str, Any]]:
    """`load_in_three` of every GLB and VRM of the bundle, once for all gates; raises BackendError as it does."""
    avatars = {path: data for path, data in sorted(bundle.files.items()) if path.endswith((".glb", ".vrm"))}
    return bundle.compute_once("engine/three", lambda: load_in_three(avatars))


def encode_base64(data: bytes) -> str:
    """As a script in a page takes a file."""
    return base64.b64encode(data).decode()


def run_page(code: str, script: str, variable: str, value: Mapping[str, Any], flags: Sequence[str] = ()) -> dict[str, Any]:
    """What a baked script writes as JSON into the data attributes of its page, which has `value` in window[variable].

    Raises:
        BackendError: there is no browser, or it reports nothing in time.
    """
    browser = find_chromium()
    if browser is None:
        raise BackendError(Finding(code, "Chromium is not installed"))
    with open_temporary_folder() as folder:
        page = Path(folder) / "load.html"
        # createImageBitmap resolves outside the page's virtual time, which then ends at random; three.js works without it.
        # The script removes itself, so that --dump-dom does not print the avatars. JSON may hold "</script>", but never unescaped.
        encoded = json.dumps(value).replace("</", "<\\/")
        first = f"window.createImageBitmap=undefined;window.{variable}={encoded};document.currentScript.remove()"
        page.write_text(f"<body><script>{first}</script><script type=module>{read_baked_script(script)}</script></body>", "utf-8")
        command = [browser, *_CHROMIUM_FLAGS, *flags, f"--user-data-dir={folder}/profile", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, cwd=folder)
        except subprocess.TimeoutExpired as cause:
            raise BackendError(Finding(code, f"Chromium did not finish within {_TIMEOUT_S} s")) from cause
    # --dump-dom prints the attributes escaped.
    body = re.search(r'<body((?:\s+[\w-]+="[^"]*")+)', done.stdout)
    if found := dict(re.findall(r'data-(\w+)="([^"]*)"', body[1] if body else "")):
        return {name: json.loads(html.unescape(text)) for name, text in found.items()}
    raise BackendError(Finding(code, f"the page that loads the avatar reported nothing: {done.stderr[-200:].strip()}"))


def _check_loads(bundle: BundleView, path: str, code: str, minimum: dict[str, int]) -> Iterator[Finding]:
    if path not in bundle.files:
        return
    if find_chromium() is None:
        yield Finding(code, "not checked: Chromium is not installed", Severity.INFO, Location(path))
        return
    counts = count_in_three(bundle)[path]
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
