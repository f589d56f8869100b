"""A headless Chromium driven through its debugging socket: open a page, click, ask it for values, take its picture."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import ClientConnection, connect

from stages.verify.gates.engines import find_chromium

_FLAGS = (
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", "--mute-audio",
    "--remote-debugging-port=0", "--remote-allow-origins=*", "--hide-scrollbars",
)  # fmt: skip


class Browser:
    """One page of one browser; close it, or use it in a `with`."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [str(find_chromium()), *_FLAGS, f"--window-size={width},{height}", f"--user-data-dir={self._folder.name}", "about:blank"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._socket = self._connected()
        self._asked = 0
        pages = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        self._session = self.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        self.size(width, height)

    def _connected(self) -> ClientConnection:
        assert self._process.stderr
        for line in self._process.stderr:
            if found := re.search(r"listening on (ws://\S+)", line):
                return connect(found[1], max_size=None, proxy=None)
        raise RuntimeError("Chromium ended before it listened")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a method of the DevTools protocol."""
        self._asked += 1
        session = {"sessionId": self._session} if hasattr(self, "_session") else {}
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": params} | session))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            if answer.get("id") == self._asked:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def size(self, width: int, height: int, mobile: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def open(self, page: Path) -> None:
        self.call("Page.navigate", url=page.as_uri())

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        found = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, condition: str, seconds: float = 90) -> Any:
        """The first true value of the expression, asked at every frame of the page."""
        watch = f"""new Promise((done, fail) => {{
          const end = Date.now() + {seconds * 1000};
          const look = () => {{
            let value = null;
            try {{ value = {condition}; }} catch (error) {{ value = null; }}
            if (value) done(value);
            else if (Date.now() > end) fail(new Error('never: ' + {json.dumps(condition)}));
            else setTimeout(look, 30);
          }};
          look();
        }})"""
        return self.ask(watch)

    def click(self, selector: str) -> None:
        """A real press of the mouse in the middle of the element: what lets a page make sounds."""
        x, y = self.ask(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
                        "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()")  # fmt: skip
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, out: Path) -> None:
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
