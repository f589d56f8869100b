"""A headless Chromium driven through the DevTools protocol: open a page, click, evaluate, take a screenshot. For bench.live and tests."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import ClientConnection, connect

from stages.verify.gates.engines import find_chromium

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-quic", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--mute-audio", "--remote-debugging-port=0", "--remote-allow-origins=*", "--hide-scrollbars",
)  # fmt: skip


class Browser:
    """One page of one browser; close it, or use it in a `with`."""

    def __init__(self, width: int = 1280, height: int = 800, flags: Sequence[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [
            str(find_chromium()),
            *_FLAGS,
            *flags,
            f"--window-size={width},{height}",
            f"--user-data-dir={self._folder.name}",
            "about:blank",
        ]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._socket = self._connect()
        self._calls = 0
        pages = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        self._session = self.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        self.resize(width, height)

    def _connect(self) -> ClientConnection:
        assert self._process.stderr
        for line in self._process.stderr:
            if found := re.search(r"listening on (ws://\S+)", line):
                return connect(found[1], max_size=None, proxy=None)
        raise RuntimeError("Chromium exited before it opened its debugging port")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a method of the DevTools protocol."""
        self._calls += 1
        session = {"sessionId": self._session} if hasattr(self, "_session") else {}
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": params} | session))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            if answer.get("id") == self._calls:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def resize(self, width: int, height: int, *, mobile: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def prefer(self, **features: str) -> None:
        """Emulates media features, e.g. prefers_color_scheme="dark"; those left out are the browser's own."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=named)

    def open(self, page: Path | str) -> None:
        """Loads a file or an address; to wait until it is complete is the caller's part."""
        self.call("Page.navigate", url=page if isinstance(page, str) else page.as_uri())

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, of a promise once it is resolved."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, condition: str, seconds: float = 90) -> Any:
        """The first true value of the expression, evaluated every 30 ms."""
        poll = f"""new Promise((done, fail) => {{
          const end = Date.now() + {seconds * 1000};
          const look = () => {{
            let value = null;
            try {{ value = {condition}; }} catch (error) {{ value = null; }}
            if (value) done(value);
            else if (Date.now() > end) fail(new Error('still false: ' + {json.dumps(condition)}));
            else setTimeout(look, 30);
          }};
          look();
        }})"""
        return self.evaluate(poll)

    def click(self, selector: str) -> None:
        """Presses the mouse in the middle of the element, a user's gesture, which lets the page play sound."""
        x, y = self.evaluate(f"""(() => {{
          const element = document.querySelector({json.dumps(selector)});
          element.scrollIntoView({{block: 'center', behavior: 'instant'}});
          const box = element.getBoundingClientRect();
          return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press_key(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key)

    def take_screenshot(self, out: Path) -> None:
        out.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(20)
        self._folder.cleanup()

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
