"""report.html is one page, closed in itself, that three.js can open."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "stages" / "verify"))
import tiny

from flows.report import render_report
from stages.verify.gates.engines import _FLAGS, chromium

MANIFEST = {"name": "Kofi <b>", "target": "web", "seed": 1, "checks": [{"code": "rig/soles", "ok": False, "message": "floats"}]}


def test_the_page_escapes_what_users_wrote_and_loads_nothing() -> None:
    page = render_report(dict(tiny.bundle().files), MANIFEST).decode()
    assert "Kofi &lt;b&gt;" in page
    assert "Hello <there>" not in page
    assert not re.search(r'(src|href)="https?:', page)


@pytest.mark.skipif(chromium() is None, reason="no Chromium")
def test_the_page_opens_in_chromium_from_a_file(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_bytes(render_report(dict(tiny.bundle().files), MANIFEST))
    command = [str(chromium()), *_FLAGS, f"--user-data-dir={tmp_path}/profile", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert 'data-loaded="1,67,2"' in done.stdout
