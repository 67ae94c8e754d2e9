"""A headless Chromium, driven through its DevTools protocol. Runs in the venv: it needs websocket-client."""

import base64
import contextlib
import json
import shutil
import subprocess
import time
from pathlib import Path

import websocket

START_TIMEOUT = 30
ANSWER_TIMEOUT = 60
SWITCHES = (
    "--headless=new",
    # Only pages of our own server are shown, and in containers there is no sandbox to be had.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-default-apps",
    "--disable-renderer-backgrounding",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--remote-debugging-port=0",
    # The protocol refuses other origins; ours is a program, not a page.
    "--remote-allow-origins=*",
)


class BrowserError(Exception):
    """The browser does not do what it was told."""


class Browser:
    """A Chromium with a profile of its own, ended with the ``with`` block."""

    def __init__(self, program, profile):
        self.program = program
        self.profile = Path(profile)

    def __enter__(self):
        shutil.rmtree(self.profile, ignore_errors=True)
        self.profile.mkdir(parents=True)
        self._log = (self.profile / "browser.log").open("wb")
        self._process = subprocess.Popen(
            [self.program, *SWITCHES, f"--user-data-dir={self.profile}", "about:blank"],
            stdout=self._log,
            stderr=self._log,
        )
        port_file = self.profile / "DevToolsActivePort"
        deadline = time.monotonic() + START_TIMEOUT
        while not (port_file.is_file() and port_file.read_text().count("\n")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                log = (self.profile / "browser.log").read_text(errors="replace")
                raise BrowserError(f"{self.program} does not start:\n{log[-2000:]}")
            time.sleep(0.1)
        port, path = port_file.read_text().splitlines()[:2]
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{port}{path}", timeout=ANSWER_TIMEOUT)
        self._number = 0
        self.pages = {}
        return self

    def __exit__(self, *_error):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def send(self, method, session=None, **parameters):
        """Call a method of the protocol and give its result; events that come meanwhile go to their page."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        self.socket.send(json.dumps({**message, "sessionId": session} if session else message))
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while time.monotonic() < deadline:
            answer = self.receive(ANSWER_TIMEOUT)
            if answer and answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
        raise BrowserError(f"{method}: no answer")

    def receive(self, timeout):
        """Read one message, passing an event on to its page; nothing when none comes in time."""
        self.socket.settimeout(timeout)
        try:
            message = json.loads(self.socket.recv())
        except websocket.WebSocketTimeoutException:
            return None
        page = self.pages.get(message.get("sessionId"))
        if page and "method" in message:
            page.handle(message["method"], message["params"])
        return message

    @contextlib.contextmanager
    def page(self, width, height, time_zone):
        """A page that shares no cookie with another."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        try:
            page.prepare(width, height, time_zone)
            yield page
        finally:
            del self.pages[session]
            self.send("Target.disposeBrowserContext", browserContextId=context)


class Page:
    """One tab: where it goes, whether it has come to rest, and what errors it logged."""

    # Narrower than this is a phone with a touch screen.
    PHONE_WIDTH = 768
    QUIET = 0.7

    def __init__(self, browser, session):
        self.browser = browser
        self.session = session
        self.errors = []
        self._open_requests = set()
        self._last_event = time.monotonic()

    def send(self, method, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def prepare(self, width, height, time_zone):
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        phone = width < self.PHONE_WIDTH
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.send("Emulation.setTimezoneOverride", timezoneId=time_zone)

    def handle(self, method, parameters):
        """Keep account of what the page does."""
        if method == "Network.requestWillBeSent":
            # The worker's own connection: its end is told to the worker, not to this page.
            if "/bus/websocket" not in parameters["request"]["url"]:
                self._open_requests.add(parameters["requestId"])
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self._open_requests.discard(parameters["requestId"])
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
            texts = (str(part.get("value") or part.get("description") or "") for part in parameters["args"])
            self.errors.append(" ".join(texts))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.errors.append(f"{entry['text']} {entry.get('url', '')}".strip())
        if method.startswith("Network.") and not method.startswith("Network.webSocket"):
            self._last_event = time.monotonic()

    def set_cookie(self, url, name, value):
        self.send("Network.setCookie", url=url, name=name, value=value)

    def go(self, url):
        error = self.send("Page.navigate", url=url).get("errorText")
        if error:
            raise BrowserError(f"{url}: {error}")

    def evaluate(self, expression):
        """The value of a JavaScript expression, awaited when it is a promise."""
        result = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise BrowserError(f"{expression}: {result['exceptionDetails']['text']}")
        return result["result"].get("value")

    def settle(self, selector="", timeout=60):
        """Wait until the page is loaded, asks for nothing more and shows the selector; false when it never does."""
        condition = (
            "document.readyState === 'complete' && document.fonts.status === 'loaded'"
            " && !document.querySelector('.o_blockUI, .o_loading_indicator')"
            " && (!document.body.classList.contains('o_web_client')"
            "     || !!document.querySelector('.o_action_manager > *, .o_app, .o_home_menu'))"
            f" && (!{json.dumps(selector)} || !!document.querySelector({json.dumps(selector)}))"
        )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.browser.receive(0.1)
            quiet = not self._open_requests and time.monotonic() - self._last_event > self.QUIET
            if quiet and self.evaluate(condition):
                return True
        return False

    def save_picture(self, path):
        data = self.send("Page.captureScreenshot", format="png")["data"]
        Path(path).write_bytes(base64.b64decode(data))
